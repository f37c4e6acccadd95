/* Logging in by a token, and what the token's claims become. */
#include <string.h>

#include "server/auth/jwt_auth.h"
#include "server/core/core.h"

static int user_claim(struct request *r, const struct jwt_role *role, const struct json *claims, const char **user)
{
	const struct json *value = role->user_claim_json_pointer ? claim_find(&r->pool, claims, role->user_claim)
								 : json_member(claims, role->user_claim);

	if (!value || value->kind == JSON_NULL)
		return refuse(r, 400, "claim \"%s\" not found in token", role->user_claim);
	*user = pool_json_text(&r->pool, value);
	if (!*user || !**user)
		return refuse(r, 400, "claim \"%s\" could not be converted to string", role->user_claim);
	return 0;
}

/* The mapped claims, and the role. */
static int metadata_make(struct request *r, const struct jwt_role *role, const struct json *claims, struct blob *out)
{
	const struct json *mappings = NULL;
	struct text_error error;
	struct json_writer w;

	if (role->claim_mappings.size)
		mappings = pool_read_json(&r->pool, (const char *)role->claim_mappings.at, role->claim_mappings.size,
					  &error);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (const struct json *m = mappings ? mappings->first : NULL; m; m = m->next) {
		char *source = pool_take(&r->pool, m->name.size + 1);
		const char *target = pool_json_text(&r->pool, m), *text;
		const struct json *value;

		if (json_decode(m->name, source, m->name.size + 1) < 0 || !target)
			continue;
		value = claim_find(&r->pool, claims, source);
		if (!value)
			continue;
		text = pool_json_text(&r->pool, value);
		if (!text)
			return refuse(r, 400, "error converting claim '%s' to string", source);
		json_put_string(&w, target, text);
	}
	json_put_string(&w, "role", role->name);
	json_close(&w);
	*out = pool_json_end(&w);
	return 0;
}

static int groups_take(struct request *r, const struct jwt_role *role, const struct json *claims, struct names *groups)
{
	const struct json *value;
	const char *one;

	if (!*role->groups_claim)
		return 0;
	value = claim_find(&r->pool, claims, role->groups_claim);
	if (!value)
		return refuse(r, 400, "failed to fetch groups: \"%s\" claim not found in token", role->groups_claim);
	one = pool_json_text(&r->pool, value);
	if (one && *one)
		names_add(&r->pool, groups, one);
	if (!one && value->kind != JSON_ARRAY)
		return refuse(r, 400, "\"%s\" claim could not be converted to string list", role->groups_claim);
	for (const struct json *v = one ? NULL : value->first; v; v = v->next) {
		const char *text = pool_json_text(&r->pool, v);

		if (!text)
			return refuse(r, 400, "value %.*s in groups claim could not be parsed as string",
				      v->span.size > 40 ? 40 : (int)v->span.size, v->span.at);
		if (*text)
			names_add(&r->pool, groups, text);
	}
	names_sort(groups);
	return 0;
}

int jwt_login_grant(struct request *r, const struct jwt_role *role, const struct json *claims)
{
	struct names groups = { NULL, 0 };
	struct blob metadata;
	const char *user = "", *why;
	struct json_writer w;
	struct login *login;
	int status = user_claim(r, role, claims, &user);

	if (!status)
		status = metadata_make(r, role, claims, &metadata);
	if (!status)
		status = groups_take(r, role, claims, &groups);
	if (status)
		return status;
	why = claims_bound(r, role, claims);
	if (why)
		return refuse(r, 400, "error validating claims: %s", why);
	login = reply_login(r);
	token_params_login(&role->token, login);
	login->display_name = login->alias = user;
	login->metadata = login->alias_metadata = metadata;
	login->group_aliases = groups;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "role", role->name);
	json_close(&w);
	login->internal = pool_json_end(&w);
	return 200;
}

static int role_ask(struct request *r, const struct jwt_config *c, struct jwt_role *role)
{
	const char *name = ask_text_or(r, "role", "");

	if (!*name)
		name = c->default_role;
	if (!*name)
		return refuse(r, 400, "missing role");
	if (!jwt_role_load(r, r->mount, name, role))
		return refuse(r, 400, "role \"%s\" could not be found", name);
	return 0;
}

/* Which algorithms may have signed: those of the configuration, or all that we know. */
static bool alg_allowed(const struct jwt_config *c, const char *alg)
{
	return !c->jwt_supported_algs.count || names_have(&c->jwt_supported_algs, alg);
}

int jwt_login(struct request *r)
{
	const char *text = ask_text_or(r, "jwt", ""), *why;
	struct jwt_config c;
	struct jwt_role role;
	struct jwt t;
	int status;

	if (!jwt_config_load(r, &c))
		return refuse(r, 400, "could not load configuration");
	status = role_ask(r, &c, &role);
	if (status)
		return status;
	if (!strcmp(role.role_type, "oidc"))
		return refuse(r, 400, "role with oidc role_type is not allowed");
	if (!*text)
		return refuse(r, 400, "missing token");
	if (!token_params_allow(r, &role.token))
		return refuse(r, 403, "permission denied");
	why = jwt_read(&r->pool, text, &t);
	if (!why && !alg_allowed(&c, t.alg))
		why = "token signed with unexpected algorithm";
	if (!why)
		why = keyset_verify(r, jwt_keyset(r->mount), &c, &t);
	if (!why)
		why = claims_check(r, &c, &role, t.claims, &role.bound_audiences);
	if (why)
		return refuse(r, 400, "error validating token: %s", why);
	return jwt_login_grant(r, &role, t.claims);
}

bool jwt_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login)
{
	const char *name = pool_json_member(&r->pool, internal, "role");
	struct jwt_role role;

	if (!name || !jwt_role_load(r, m, name, &role)) {
		refuse(r, 500, "role %s does not exist during renewal", name ? name : "");
		return false;
	}
	token_params_renew(&role.token, login);
	return true;
}
