/* More time for what a lease gave. */
#include <string.h>

#include "server/lease/leases.h"
#include "server/token/tokens.h"

static bool renew_ask(struct request *r, struct mount *m, const struct lease *l, struct ttl_question *q)
{
	const struct json *internal = pool_read_json(&r->pool, l->internal.size ? (const char *)l->internal.at : "{}",
						     l->internal.size ? l->internal.size : 2,
						     &(struct text_error){ 0 });

	if (!m->backend->renew)
		return true;
	q->ttl = q->increment;
	if (m->backend->renew(r, m, internal, &q->ttl, &q->max_ttl)) {
		/* It may have shortened what was asked for. */
		q->increment = q->ttl;
		return true;
	}
	if (!r->reply.errors.count)
		refuse(r, 400, "lease is not renewable");
	return false;
}

/* What a holder that must end leaves of the time: batch tokens, and tokens whose evidence ends. */
static void renew_bound(struct request *r, const struct lease *l, int64_t *expires)
{
	const struct token *holder = l->token_hash ? token_load(r, l->token_hash) : NULL;

	if (holder && holder->not_after && holder->not_after < *expires)
		*expires = holder->not_after;
	if (r->token && r->token->type == TOKEN_BATCH && r->token->expires < *expires)
		*expires = r->token->expires;
}

int lease_renew(struct request *r, const char *id, uint64_t increment)
{
	struct ttl_question question = { .increment = increment };
	struct lease *l;
	struct mount *m;
	uint64_t ttl;
	int64_t now = request_seconds(r), before;

	entry_lock(r, LOCK_LEASE, &leases_view, id);
	l = lease_find(r, id);
	if (!l || (l->expires && l->expires <= now))
		return refuse(r, 400, l ? "lease expired" : "lease not found");
	if (!l->renewable)
		return refuse(r, 400, "lease is not renewable");
	if (l->is_token)
		return refuse(r, 400, "tokens cannot be renewed through this endpoint");
	m = l->mount_accessor ? mount_of_accessor(r->core, l->mount_accessor) : NULL;
	if (!m)
		return refuse(r, 400, "no mount has the accessor of this lease");
	question.default_ttl = mount_default_ttl(r->core, m);
	question.limit = mount_max_ttl(r->core, m);
	question.max_ttl = l->max_ttl;
	question.issued = l->issued;
	if (!renew_ask(r, m, l, &question))
		return 400;
	if (!ttl_decide(r, &question, &ttl))
		return refuse(r, 400, "past the max TTL, cannot renew");
	before = l->expires;
	l->expires = now + (int64_t)ttl;
	renew_bound(r, l, &l->expires);
	l->renewed = now;
	lease_put(r, l);
	if (l->expires < before)
		after_add(r, AFTER_LEASE_DUE, l->id, NULL, l->expires);
	r->reply.lease_id = l->id;
	r->reply.lease_duration = (uint64_t)(l->expires - now);
	r->reply.lease_renewable = l->renewable;
	return 200;
}
