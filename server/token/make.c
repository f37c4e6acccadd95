/* Making tokens: of logins, of other tokens, and the first one of all. */
#include <string.h>

#include "server/identity/identity.h"
#include "server/lease/after.h"
#include "server/lease/lease.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

void token_reply(struct request *r, const struct token *t, const struct entity *entity, uint64_t ttl)
{
	struct names all = { NULL, 0 };
	struct json_writer w;

	for (size_t i = 0; i < t->policies.count; i++)
		names_add(&r->pool, &all, t->policies.at[i]);
	for (size_t i = 0; entity && i < entity->policies.count; i++)
		names_add(&r->pool, &all, entity->policies.at[i]);
	names_sort(&all);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "client_token", t->id ? t->id : "");
	json_put_string(&w, "accessor", t->accessor ? t->accessor : "");
	names_put(&w, "policies", &all);
	names_put(&w, "token_policies", &t->policies);
	if (entity && entity->policies.count)
		names_put(&w, "identity_policies", &entity->policies);
	if (t->metadata.size)
		json_put_raw(&w, "metadata", (const char *)t->metadata.at, t->metadata.size);
	else
		json_put_null(&w, "metadata");
	json_put_u64(&w, "lease_duration", ttl);
	json_put_bool(&w, "renewable", t->renewable);
	json_put_string(&w, "entity_id", t->entity_id ? t->entity_id : "");
	json_put_string(&w, "token_type", t->type == TOKEN_BATCH ? "batch" : "service");
	json_put_bool(&w, "orphan", !t->parent);
	json_put_null(&w, "mfa_requirement");
	json_put_u64(&w, "num_uses", t->num_uses);
	json_close(&w);
	r->reply.auth_text = pool_json_end(&w);
}

/* Its entry, and what leads to it: the accessor, and its parent's list of children. */
static void token_store(struct request *r, struct token *t)
{
	struct json_writer *w;

	token_put(r, t);
	w = entry_write(r);
	json_put_string(w, "token", t->hash);
	json_put_string(w, "accessor", t->accessor);
	entry_written(r, &tokens_view, pool_printf(&r->pool, "accessor/%s", token_hash(r, t->accessor)), w);
	if (t->parent) {
		entry_put(r, &tokens_view, pool_printf(&r->pool, "parent/%s/%s", t->parent, t->hash), "", 0);
		after_add(r, AFTER_CHILD_MADE, t->hash, t->parent, 0);
	}
	if (t->num_uses)
		uses_put(r, t);
}

/* A token of somebody's choice must not look like one of ours. */
static int token_name(struct request *r, struct token *t)
{
	if (!t->id) {
		t->id = pool_printf(&r->pool, TOKEN_SERVICE_PREFIX "%s", pool_base62(&r->pool, TOKEN_RANDOM));
		t->hash = token_hash(r, t->id);
		return 0;
	}
	if (!strncmp(t->id, TOKEN_SERVICE_PREFIX, 4) || !strncmp(t->id, TOKEN_BATCH_PREFIX, 4) ||
	    !strncmp(t->id, "s.", 2))
		return refuse(r, 400, "custom token ID cannot have the 's.' prefix");
	if (strchr(t->id, '.') || strlen(t->id) > TOKEN_TEXT_MAX)
		return refuse(r, 400, "custom token ID cannot have the '.' character");
	t->hash = token_hash(r, t->id);
	entry_lock(r, LOCK_TOKEN, &tokens_view, t->hash);
	return token_load(r, t->hash) ? refuse(r, 400, "cannot create a token with a duplicate ID") : 0;
}

int token_make(struct request *r, struct token *t, struct mount *m, uint64_t ttl)
{
	int64_t now = request_seconds(r);
	int status;

	t->created = now;
	t->expires = ttl ? now + (int64_t)ttl : 0;
	if (t->not_after && (!t->expires || t->expires > t->not_after))
		t->expires = t->not_after;
	if (t->expires && t->expires <= now)
		return refuse(r, 400, "what vouches for this token has ended");
	t->creation_ttl = t->expires ? (uint64_t)(t->expires - now) : 0;
	t->mount_accessor = m ? m->accessor : NULL;
	if (t->type == TOKEN_BATCH) {
		t->renewable = false;
		t->id = batch_seal(r, t);
		return 200;
	}
	status = token_name(r, t);
	if (status)
		return status;
	t->accessor = pool_base62(&r->pool, TOKEN_RANDOM);
	t->cubbyhole = pool_printf(&r->pool, "cubbyhole/%s/", t->hash);
	token_store(r, t);
	if (t->expires)
		lease_of_token(r, t, m);
	return 200;
}

const char *token_make_root(struct request *r, const char *id)
{
	struct token *t = pool_take(&r->pool, sizeof(*t));

	*t = (struct token){ .id = id, .path = "auth/token/root", .display_name = "root" };
	names_add(&r->pool, &t->policies, "root");
	return token_make(r, t, NULL, 0) == 200 ? t->id : NULL;
}

/* -- of logins -- */

/* "userpass-ada": the mount's path without "auth/", its slashes as dashes. */
static const char *login_display_name(struct request *r, const char *name)
{
	const char *path = r->mount->path;
	char *full = pool_printf(&r->pool, "%s%s", !strncmp(path, "auth/", 5) ? path + 5 : path, name ? name : "");
	size_t size = strlen(full), source = size - (name ? strlen(name) : 0);

	for (size_t i = 0; i < source; i++)
		full[i] = full[i] == '/' ? '-' : full[i];
	if (size && full[size - 1] == '-')
		full[size - 1] = '\0';
	return full;
}

/* The mount may insist; else the role decides, else the mount's default. */
static enum token_type login_type(const struct request *r, const struct login *login)
{
	const char *tuned = r->mount->token_type ? r->mount->token_type : "default-service";
	const char *type = login->type ? login->type : "default";

	if (!strcmp(tuned, "service") || !strcmp(tuned, "batch"))
		type = tuned;
	else if (!strcmp(type, "default"))
		type = tuned;
	return strstr(type, "batch") ? TOKEN_BATCH : TOKEN_SERVICE;
}

static struct token *login_token(struct request *r, const struct login *login, const struct entity *entity)
{
	struct token *t = pool_take(&r->pool, sizeof(*t));

	*t = (struct token){
		.type = login_type(r, login), .path = r->path, .role = login->role, .renewable = login->renewable,
		.display_name = login_display_name(r, login->display_name), .entity_id = entity ? entity->id : NULL,
		.bound_key = login->bound_key, .policies = policies_clean(&r->pool, &login->policies,
									   !login->no_default_policy),
		.bound_cidrs = login->bound_cidrs, .metadata = login->metadata, .internal = login->internal,
		.explicit_max_ttl = login->explicit_max_ttl, .period = login->period,
		.not_after = login->not_after, .num_uses = login->num_uses,
	};
	return t;
}

int token_grant(struct request *r)
{
	const struct login *login = r->reply.login;
	const struct entity *entity = login->alias ? entity_of_login(r, r->mount, login) : NULL;
	struct ttl_question question = {
		.ttl = login->ttl, .period = login->period, .max_ttl = login->max_ttl,
		.explicit_max_ttl = login->explicit_max_ttl, .default_ttl = mount_default_ttl(r->core, r->mount),
		.limit = mount_max_ttl(r->core, r->mount), .issued = request_seconds(r),
	};
	struct token *t;
	uint64_t ttl;
	int status;

	if (r->failed || (login->alias && !entity))
		return refuse(r, 500, "internal error");
	if (entity && entity->disabled)
		return refuse(r, 403, "permission denied");
	t = login_token(r, login, entity);
	if (token_is_root(t))
		return refuse(r, 400, "auth methods cannot create root tokens");
	if (!ttl_decide(r, &question, &ttl))
		return refuse(r, 400, "past the max TTL, cannot renew");
	status = token_make(r, t, r->mount, ttl);
	if (status == 200)
		token_reply(r, t, entity, t->creation_ttl);
	return status;
}
