/* More time for a token, as far as its role, its mount and what vouches for it allow. */
#include <string.h>

#include "server/identity/identity.h"
#include "server/lease/lease.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

/* Made by another token: as it was made, or as its role says now. False: refused. */
static bool renew_own(struct request *r, const struct token *t, struct ttl_question *q)
{
	const struct token_role *role;

	q->period = t->period;
	q->explicit_max_ttl = t->explicit_max_ttl;
	if (!t->role)
		return true;
	role = role_load(r, t->role);
	if (!role) {
		refuse(r, 400, "original token role \"%s\" could not be found, not renewing", t->role);
		return false;
	}
	q->period = role->period ? role->period : t->period;
	if (t->period && role->period && t->period < role->period)
		q->period = t->period;
	if (role->explicit_max_ttl && (!q->explicit_max_ttl || role->explicit_max_ttl < q->explicit_max_ttl))
		q->explicit_max_ttl = role->explicit_max_ttl;
	return true;
}

static bool same_names(struct pool *p, const struct names *a, const struct names *b)
{
	struct names x = policies_clean(p, a, false), y = policies_clean(p, b, false);

	if (x.count != y.count)
		return false;
	for (size_t i = 0; i < x.count; i++)
		if (strcmp(x.at[i], y.at[i]) != 0)
			return false;
	return true;
}

static struct names without_default(struct pool *p, const struct names *names)
{
	struct names kept = { NULL, 0 };

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], "default") != 0)
			names_add(p, &kept, names->at[i]);
	return kept;
}

/* Made by a login: the method is asked, and a token whose policies would no longer be given is not renewed. */
static bool renew_login(struct request *r, struct token *t, struct mount *m, struct ttl_question *q)
{
	struct login login = { .policies = t->policies, .period = t->period, .bound_cidrs = t->bound_cidrs,
			       .explicit_max_ttl = t->explicit_max_ttl, .metadata = t->metadata,
			       .internal = t->internal, .display_name = t->display_name, .not_after = t->not_after };
	const struct json *internal;
	struct names had, gives;

	q->period = t->period;
	q->explicit_max_ttl = t->explicit_max_ttl;
	if (!m->backend->renew_login)
		return true;
	internal = pool_read_json(&r->pool, t->internal.size ? (const char *)t->internal.at : "{}",
				  t->internal.size ? t->internal.size : 2, &(struct text_error){ 0 });
	if (!m->backend->renew_login(r, m, internal, &login)) {
		if (!r->reply.errors.count)
			refuse(r, 400, "permission denied");
		return false;
	}
	had = without_default(&r->pool, &t->policies);
	gives = without_default(&r->pool, &login.policies);
	if (!same_names(&r->pool, &had, &gives)) {
		refuse(r, 400, "policies have changed, not renewing");
		return false;
	}
	*q = (struct ttl_question){ .increment = q->increment, .ttl = login.ttl, .period = login.period,
				    .max_ttl = login.max_ttl, .explicit_max_ttl = login.explicit_max_ttl,
				    .default_ttl = q->default_ttl, .limit = q->limit, .issued = q->issued };
	t->not_after = login.not_after;
	return true;
}

static void renew_to(struct request *r, struct token *t, struct mount *m, uint64_t ttl)
{
	int64_t now = request_seconds(r);

	t->expires = now + (int64_t)ttl;
	if (t->not_after && t->expires > t->not_after)
		t->expires = t->not_after;
	t->renewed = now;
	token_put(r, t);
	lease_of_token(r, t, m);
}

int token_renew(struct request *r, struct token *given, uint64_t increment)
{
	struct mount *m;
	struct token *t;
	struct ttl_question question = { .increment = increment };
	uint64_t ttl;

	if (given->type == TOKEN_BATCH)
		return refuse(r, 400, "batch tokens cannot be renewed");
	entry_lock(r, LOCK_TOKEN, &tokens_view, given->hash);
	t = token_load(r, given->hash);
	if (!t || r->failed)
		return refuse(r, 400, "token not found");
	t->id = given->id;
	t->num_uses = given->num_uses;
	if (!t->expires)
		return refuse(r, 400, "invalid lease ID");
	if (!t->renewable)
		return refuse(r, 400, "lease is not renewable");
	m = t->mount_accessor ? mount_of_accessor(r->core, t->mount_accessor) : NULL;
	if (!m)
		return refuse(r, 400, "the mount that this token is from is gone");
	question.default_ttl = mount_default_ttl(r->core, m);
	question.limit = mount_max_ttl(r->core, m);
	question.issued = t->created;
	if (m->backend == &token_backend ? !renew_own(r, t, &question) : !renew_login(r, t, m, &question))
		return 400;
	if (!ttl_decide(r, &question, &ttl))
		return refuse(r, 400, "past the max TTL, cannot renew");
	renew_to(r, t, m, ttl);
	if (t->expires <= request_seconds(r))
		return refuse(r, 400, "what vouches for this token has ended");
	token_reply(r, t, t->entity_id ? entity_find(r, t->entity_id) : NULL,
		    (uint64_t)(t->expires - request_seconds(r)));
	return 200;
}
