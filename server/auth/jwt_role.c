/* Roles of jwt: which tokens log in, and as what. */
#include <string.h>

#include "server/auth/jwt_auth.h"
#include "server/core/core.h"

#define OLD_NAMES (TOKEN_OLD_POLICIES | TOKEN_OLD_TTL | TOKEN_OLD_MAX_TTL | TOKEN_OLD_PERIOD | \
		   TOKEN_OLD_BOUND_CIDRS | TOKEN_OLD_NUM_USES)

static const struct record_row rows[] = {
	RECORD(jwt_role, role_type, RECORD_TEXT, 0),
	RECORD(jwt_role, expiration_leeway, RECORD_COUNT, RECORD_OWN),
	RECORD(jwt_role, not_before_leeway, RECORD_COUNT, RECORD_OWN),
	RECORD(jwt_role, clock_skew_leeway, RECORD_COUNT, RECORD_OWN),
	RECORD(jwt_role, bound_audiences, RECORD_LIST, RECORD_NULL),
	RECORD(jwt_role, bound_subject, RECORD_TEXT, 0),
	RECORD(jwt_role, bound_claims_type, RECORD_TEXT, 0),
	RECORD(jwt_role, bound_claims, RECORD_MAP, RECORD_NULL),
	RECORD(jwt_role, claim_mappings, RECORD_MAP, RECORD_NULL | RECORD_OWN),
	RECORD(jwt_role, user_claim, RECORD_TEXT, 0),
	RECORD(jwt_role, user_claim_json_pointer, RECORD_BOOL, 0),
	RECORD(jwt_role, groups_claim, RECORD_TEXT, 0),
	RECORD(jwt_role, allowed_redirect_uris, RECORD_LIST, RECORD_NULL),
	RECORD(jwt_role, oidc_scopes, RECORD_LIST, RECORD_NULL),
	RECORD(jwt_role, verbose_oidc_logging, RECORD_BOOL, 0),
	RECORD(jwt_role, max_age, RECORD_SECONDS, 0),
	RECORD_END,
};

bool jwt_role_load(struct request *r, const struct mount *m, const char *name, struct jwt_role *role)
{
	const struct json *stored;

	record_init(rows, role);
	token_params_init(&role->token);
	role->name = lower_text(&r->pool, name);
	role->key = pool_printf(&r->pool, "role/%s", role->name);
	role->role_type = "oidc";
	role->bound_claims_type = "string";
	stored = entry_read(r, &m->view, role->key);
	if (!stored)
		return false;
	record_load(&r->pool, rows, stored, role);
	token_params_load(&r->pool, &role->token, stored);
	return true;
}

bool jwt_role_exists(struct request *r)
{
	struct jwt_role role;

	return jwt_role_load(r, r->mount, ask_text_or(r, "name", ""), &role);
}

int jwt_roles_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "role/");

	return reply_keys(r, &names);
}

int jwt_role_read(struct request *r)
{
	struct jwt_role role;
	struct json_writer *w;

	if (!jwt_role_load(r, r->mount, ask_text_or(r, "name", ""), &role))
		return 404;
	w = reply_data(r);
	record_show(w, rows, &role);
	token_params_show(w, &role.token);
	return 200;
}

int jwt_role_delete(struct request *r)
{
	struct jwt_role role;

	if (jwt_role_load(r, r->mount, ask_text_or(r, "name", ""), &role))
		entry_delete(r, &r->mount->view, role.key);
	return 204;
}

/* A leeway may be negative: then there is none. */
static int leeway_ask(struct request *r, const char *name, int64_t *to)
{
	const char *text = ask_text(r, name);
	int64_t nanoseconds;

	if (!asked(r, name))
		return 0;
	if (!text || !duration_read(text, &nanoseconds))
		return refuse(r, 400, "Field validation failed: field \"%s\": expected a duration", name);
	*to = nanoseconds / 1000000000;
	return 0;
}

static int leeways_ask(struct request *r, struct jwt_role *role)
{
	int status = leeway_ask(r, "expiration_leeway", &role->expiration_leeway);

	if (!status)
		status = leeway_ask(r, "not_before_leeway", &role->not_before_leeway);
	return status ? status : leeway_ask(r, "clock_skew_leeway", &role->clock_skew_leeway);
}

static int mappings_ask(struct request *r, struct jwt_role *role)
{
	struct names targets = { NULL, 0 };
	const struct json *mappings;
	struct text_error error;

	if (!asked(r, "claim_mappings"))
		return 0;
	if (!ask_pairs(r, "claim_mappings", &role->claim_mappings))
		return refuse(r, 400, "Field validation failed: field \"claim_mappings\": expected an object of "
			      "strings");
	mappings = pool_read_json(&r->pool, (const char *)role->claim_mappings.at, role->claim_mappings.size, &error);
	for (const struct json *m = mappings ? mappings->first : NULL; m; m = m->next) {
		const char *target = pool_json_text(&r->pool, m);

		if (!target || !strcmp(target, "role"))
			return refuse(r, 400, "metadata key \"%s\" is reserved and may not be a mapping destination",
				      target ? target : "");
		if (names_have(&targets, target))
			return refuse(r, 400, "multiple keys are mapped to metadata key \"%s\"", target);
		names_add(&r->pool, &targets, target);
	}
	return 0;
}

/* With globs only texts can be bound. */
static int globs_check(struct request *r, const struct jwt_role *role)
{
	const struct json *bound = NULL;
	struct text_error error;

	if (!strcmp(role->bound_claims_type, "glob") && role->bound_claims.size)
		bound = pool_read_json(&r->pool, (const char *)role->bound_claims.at, role->bound_claims.size, &error);
	for (const struct json *b = bound ? bound->first : NULL; b; b = b->next) {
		if (b->kind != JSON_STRING && b->kind != JSON_ARRAY)
			return refuse(r, 400, "claim is not a string or list: %.*s",
				      b->span.size > 40 ? 40 : (int)b->span.size, b->span.at);
		for (const struct json *v = b->kind == JSON_ARRAY ? b->first : NULL; v; v = v->next)
			if (v->kind != JSON_STRING)
				return refuse(r, 400, "claim is not a string: %.*s",
					      v->span.size > 40 ? 40 : (int)v->span.size, v->span.at);
	}
	return 0;
}

static int role_check(struct request *r, const struct jwt_role *role)
{
	uint64_t most = mount_max_ttl(r->core, r->mount);
	bool oidc = !strcmp(role->role_type, "oidc");

	if (!oidc && strcmp(role->role_type, "jwt"))
		return refuse(r, 400, "invalid 'role_type': %s", role->role_type);
	if (strcmp(role->bound_claims_type, "string") && strcmp(role->bound_claims_type, "glob"))
		return refuse(r, 400, "invalid 'bound_claims_type': %s", role->bound_claims_type);
	if (role->token.token_period > most)
		return refuse(r, 400, "'period' of '\"%s\"' is greater than the backend's maximum lease TTL of "
			      "'\"%s\"'", duration_text(&r->pool, role->token.token_period),
			      duration_text(&r->pool, most));
	if (!*role->user_claim)
		return refuse(r, 400, "a user claim must be defined on the role");
	if (oidc && !role->allowed_redirect_uris.count)
		return refuse(r, 400, "'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.");
	if (!oidc && !role->bound_audiences.count && !role->token.token_bound_cidrs.count &&
	    !*role->bound_subject && role->bound_claims.size <= 2)
		return refuse(r, 400, "must have at least one bound constraint when creating/updating a role");
	if (role->token.token_max_ttl > most)
		reply_warning(r, "token max ttl is greater than the system or backend mount's maximum TTL value; "
			      "issued tokens' max TTL value will be truncated");
	return globs_check(r, role);
}

int jwt_role_write(struct request *r)
{
	struct jwt_role role;
	struct json_writer *w;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view,
		   pool_printf(&r->pool, "role/%s", lower_text(&r->pool, ask_text_or(r, "name", ""))));
	(void)jwt_role_load(r, r->mount, ask_text_or(r, "name", ""), &role);
	/* As in Vault these two are said with each write, or are what they are for a new role. */
	role.role_type = "oidc";
	role.bound_claims_type = "string";
	record_ask(r, rows, &role);
	if (!*role.role_type)
		role.role_type = "oidc";
	status = token_params_ask(r, &role.token, OLD_NAMES);
	if (!status)
		status = leeways_ask(r, &role);
	if (!status)
		status = mappings_ask(r, &role);
	if (!status)
		status = role_check(r, &role);
	if (status)
		return status;
	w = entry_write(r);
	record_store(w, rows, &role);
	token_params_store(w, &role.token);
	entry_written(r, &r->mount->view, role.key, w);
	return r->reply.warnings.count ? 200 : 204;
}
