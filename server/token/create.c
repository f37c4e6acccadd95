/* auth/token/create and its kin: a token of another token. */
#include <ctype.h>
#include <string.h>

#include "server/identity/identity.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

struct wish {
	const struct token *parent;
	const struct token_role *role; /* NULL: none */
	bool orphan;                   /* by the path */
	bool sudo;
	struct token *t;
	uint64_t ttl, period, explicit_max_ttl;
};

bool names_match(const struct names *globs, const char *name)
{
	for (size_t i = 0; i < globs->count; i++) {
		const char *g = globs->at[i], *star = strchr(g, '*');
		size_t front = star ? (size_t)(star - g) : 0, behind = star ? strlen(star + 1) : 0, size = strlen(name);

		if (!star ? !strcmp(g, name) : size >= front + behind && !strncmp(g, name, front) &&
		    !strcmp(star + 1, name + size - behind))
			return true;
	}
	return false;
}

static bool lists_any(const struct token_role *role)
{
	return role->allowed_policies.count || role->disallowed_policies.count || role->allowed_policies_glob.count ||
	       role->disallowed_policies_glob.count;
}

static const char *quoted(struct pool *p, const struct names *names)
{
	const char *text = "";

	for (size_t i = 0; i < names->count; i++)
		text = pool_printf(p, "%s%s\"%s\"", text, i ? " " : "", names->at[i]);
	return pool_printf(p, "[%s]", text);
}

/* What the role lists decides, whatever the parent holds. A status. */
static int policies_of_role(struct request *r, const struct wish *w, bool no_default, struct names *policies)
{
	const struct token_role *role = w->role;
	struct pool *p = &r->pool;
	bool add = !no_default && !role->no_default_policy && !names_have(&role->disallowed_policies, "default") &&
		   !names_match(&role->disallowed_policies_glob, "default");
	bool restricted = role->allowed_policies.count || role->allowed_policies_glob.count;
	struct names allowed = policies_clean(p, &role->allowed_policies, add);
	struct names wanted = policies->count ? policies_clean(p, policies, add) : *policies;

	if (!wanted.count)
		wanted = restricted ? allowed : policies_clean(p, &w->parent->policies, add);
	else if (restricted)
		for (size_t i = 0; i < wanted.count; i++)
			if (!names_have(&allowed, wanted.at[i]) &&
			    !names_match(&role->allowed_policies_glob, wanted.at[i]))
				return refuse(r, 400,
					      "token policies (%s) must be subset of the role's allowed policies "
					      "(%s) or glob policies (%s)",
					      quoted(p, &wanted), quoted(p, &allowed),
					      quoted(p, &role->allowed_policies_glob));
	for (size_t i = 0; i < wanted.count; i++)
		if (names_have(&role->disallowed_policies, wanted.at[i]) ||
		    names_match(&role->disallowed_policies_glob, wanted.at[i]))
			return refuse(r, 400, "token policy \"%s\" is disallowed by this role", wanted.at[i]);
	*policies = wanted;
	return 0;
}

/* Without sudo a child holds no more than its parent. */
static int policies_of_parent(struct request *r, const struct wish *w, bool no_default, struct names *policies)
{
	struct names parent = policies_clean(&r->pool, &w->parent->policies, false);
	bool add = !no_default;

	if (!policies->count) {
		*policies = parent;
		return 0;
	}
	if (!w->sudo) {
		*policies = policies_clean(&r->pool, policies, false);
		for (size_t i = 0; i < policies->count; i++)
			if (!names_have(&parent, policies->at[i]))
				return refuse(r, 400, "child policies must be subset of parent");
		add = add && names_have(&parent, "default");
	}
	*policies = policies_clean(&r->pool, policies, add);
	return 0;
}

static int wish_policies(struct request *r, struct wish *w)
{
	bool no_default = ask_bool(r, "no_default_policy", false);
	struct names policies = ask_list(r, "policies"), final = { NULL, 0 };
	int status = w->role && lists_any(w->role) ? policies_of_role(r, w, no_default, &policies)
						   : policies_of_parent(r, w, no_default, &policies);

	if (status)
		return status;
	for (size_t i = 0; i < policies.count; i++)
		if (!no_default || strcmp(policies.at[i], "default") != 0)
			names_add(&r->pool, &final, policies.at[i]);
	if (names_have(&final, "response-wrapping"))
		return refuse(r, 400, "cannot assign policy \"response-wrapping\"");
	w->t->policies = final;
	if (token_is_root(w->t) && !token_is_root(w->parent))
		return refuse(r, 400, "root tokens may not be created without parent token being root");
	if (token_is_root(w->t) && w->t->type == TOKEN_BATCH)
		return refuse(r, 400, "batch tokens cannot be root tokens");
	return 0;
}

static int wish_type(struct request *r, struct wish *w)
{
	const char *type = ask_text_or(r, "type", ""), *role = w->role ? w->role->type : "default-service";
	static const char *const others[] = { "explicit_max_ttl", "num_uses", "period" };

	if (!strcmp(role, "service") || !strcmp(role, "batch"))
		type = role;
	else if (!*type && !strcmp(role, "default-batch"))
		type = "batch";
	if (*type && strcmp(type, "service") != 0 && strcmp(type, "batch") != 0)
		return refuse(r, 400, "invalid 'token_type' value");
	w->t->type = !strcmp(type, "batch") ? TOKEN_BATCH : TOKEN_SERVICE;
	for (size_t i = 0; i < 3 && w->t->type == TOKEN_BATCH; i++)
		if (ask_seconds(r, others[i], 0))
			return refuse(r, 400, "batch tokens cannot have \"%s\" set", others[i]);
	return 0;
}

/* Letters, digits and dashes. */
static const char *wish_display_name(struct request *r)
{
	const char *name = ask_text_or(r, "display_name", "");
	char *full = pool_printf(&r->pool, "token%s%s", *name ? "-" : "", name);
	size_t size = strlen(full);

	for (char *c = full; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '-';
	if (size && full[size - 1] == '-')
		full[size - 1] = '\0';
	return full;
}

static int wish_metadata(struct request *r, struct wish *w)
{
	const struct json *meta = ask_json(r, "meta");
	struct json_writer j;

	if (!meta)
		meta = ask_json(r, "metadata");
	if (!meta)
		return 0;
	pool_json(&r->pool, &j);
	json_object(&j, NULL);
	for (const struct json *m = meta->first; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);
		const char *text = m->kind == JSON_STRING ? pool_json_text(&r->pool, m) :
							    pool_copy(&r->pool, m->span.at, m->span.size);

		if (json_decode(m->name, name, m->name.size) < 0 || !text || m->kind == JSON_OBJECT ||
		    m->kind == JSON_ARRAY)
			return refuse(r, 400, "Field validation failed: error converting input for field \"meta\"");
		json_put_string(&j, name, text);
	}
	json_close(&j);
	w->t->metadata = pool_json_end(&j);
	return 0;
}

static int wish_uses(struct request *r, struct wish *w)
{
	int64_t uses = ask_int(r, "num_uses", 0);

	if (uses < 0)
		return refuse(r, 400, "number of uses cannot be negative");
	w->t->num_uses = (uint64_t)uses;
	if (w->role && w->role->num_uses && (!uses || w->role->num_uses < (uint64_t)uses))
		w->t->num_uses = w->role->num_uses;
	return 0;
}

static int wish_parent(struct request *r, struct wish *w)
{
	bool no_parent = ask_bool(r, "no_parent", false);

	if (!w->role && no_parent && !w->sudo)
		return refuse(r, 400, "root or sudo privileges required to create orphan token");
	if (w->role ? !w->role->orphan : !no_parent && !w->orphan) {
		w->t->parent = w->parent->hash;
		w->t->entity_id = w->parent->entity_id;
		w->t->bound_cidrs = w->parent->bound_cidrs;
	}
	if (w->role)
		w->t->bound_cidrs = w->role->bound_cidrs;
	return 0;
}

static int wish_alias(struct request *r, struct wish *w)
{
	const char *alias = ask_text_or(r, "entity_alias", "");
	struct login login = { .alias = alias };
	const struct entity *entity;
	char *lower;

	if (!*alias)
		return 0;
	if (!w->role)
		return refuse(r, 400, "'entity_alias' is only allowed in combination with token role");
	lower = pool_text(&r->pool, alias);
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!names_match(&w->role->allowed_entity_aliases, lower))
		return refuse(r, 400, "invalid 'entity_alias' value");
	entity = entity_of_login(r, r->mount, &login);
	if (!entity)
		return refuse(r, 400, "failed to create or fetch entity from given entity alias");
	if (entity->disabled)
		return refuse(r, 403, "entity from given entity alias is disabled");
	w->t->entity_id = entity->id;
	return 0;
}

/* The lesser of what is asked for and what the role says. */
static void with_role(struct request *r, uint64_t *value, uint64_t role, const char *what)
{
	if (!role)
		return;
	if (*value)
		reply_warning(
			r, "%s specified both during creation call and in role; using the lesser value of %lu seconds",
			what, *value < role ? *value : role);
	*value = *value && *value < role ? *value : role;
}

static int wish_times(struct request *r, struct wish *w)
{
	w->explicit_max_ttl = w->t->explicit_max_ttl = ask_seconds(r, "explicit_max_ttl", 0);
	w->period = w->t->period = ask_seconds(r, "period", 0);
	if (w->period && !w->sudo)
		return refuse(r, 400, "root or sudo privileges required to create periodic token");
	w->ttl = asked(r, "ttl") ? ask_seconds(r, "ttl", 0) : ask_seconds(r, "lease", 0);
	if (w->role && w->t->type == TOKEN_SERVICE) {
		with_role(r, &w->explicit_max_ttl, w->role->explicit_max_ttl, "Explicit max TTL");
		with_role(r, &w->period, w->role->period, "Period");
	}
	return 0;
}

/* Seconds to live; 0: a root token that nothing ends. */
static int wish_life(struct request *r, struct wish *w, uint64_t *life)
{
	struct ttl_question question = {
		.ttl = w->ttl, .period = w->period, .explicit_max_ttl = w->explicit_max_ttl,
		.default_ttl = mount_default_ttl(r->core, r->mount), .limit = mount_max_ttl(r->core, r->mount),
		.issued = request_seconds(r),
	};

	*life = 0;
	if ((w->period || w->ttl || !token_is_root(w->t)) && !ttl_decide(r, &question, life))
		return refuse(r, 400, "past the max TTL, cannot renew");
	if (!*life)
		*life = w->explicit_max_ttl;
	if (*life)
		return 0;
	if (w->parent->expires)
		return refuse(r, 400, "expiring root tokens cannot create non-expiring root tokens");
	w->t->renewable = false;
	w->t->bound_cidrs = (struct names){ NULL, 0 };
	return 0;
}

/*
 * What binds the parent binds its children, orphans and batch tokens too: an end, and a key. (Nothing else is stored of
 * a batch token, so an orphan's end is all that ends it.)
 */
static void wish_bounds(const struct wish *w)
{
	w->t->not_after = w->parent->not_after;
	w->t->bound_key = w->parent->bound_key;
}

static void warn_of_missing(struct request *r, const struct token *t)
{
	for (size_t i = 0; i < t->policies.count; i++)
		if (!policies_exist(r, t->policies.at[i]))
			reply_warning(r, "Policy \"%s\" does not exist", t->policies.at[i]);
}

static int create(struct request *r, struct wish *w)
{
	static int (*const steps[])(struct request *r, struct wish *w) = {
		wish_type, wish_uses, wish_metadata, wish_policies, wish_parent, wish_alias, wish_times,
	};
	struct token *t = w->t;
	uint64_t life;
	int status;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		status = steps[i](r, w);
		if (status)
			return status;
	}
	status = wish_life(r, w, &life);
	if (status)
		return status;
	wish_bounds(w);
	status = token_make(r, t, r->mount, life);
	if (status != 200)
		return status;
	warn_of_missing(r, t);
	token_reply(r, t, t->entity_id ? entity_find(r, t->entity_id) : NULL, t->creation_ttl);
	return 200;
}

static int create_for(struct request *r, const struct token_role *role, bool orphan)
{
	struct token *t = pool_take(&r->pool, sizeof(*t));
	struct wish w = { .parent = r->token, .role = role, .orphan = orphan, .t = t };
	const char *id = ask_text_or(r, "id", "");

	if (r->token->type == TOKEN_BATCH)
		return refuse(r, 400, "batch tokens cannot create more tokens");
	if (r->token->num_uses || r->token->last_use)
		return refuse(r, 400, "restricted use token cannot generate child tokens");
	w.sudo = policy_capabilities(r->policies, r->path) & (CAP_SUDO | CAP_ROOT);
	if (*id && !w.sudo)
		return refuse(r, 400, "root or sudo privileges required to specify token id");
	*t = (struct token){
		.id = *id ? id : NULL, .path = role && *role->path_suffix ?
			pool_printf(&r->pool, "%s/%s", r->path, role->path_suffix) : r->path,
		.role = role ? role->name : NULL, .display_name = wish_display_name(r),
		.renewable = ask_bool(r, "renewable", true) && (!role || role->renewable),
	};
	if (*id)
		reply_warning(r, "a custom ID for the token is only as hard to guess as whoever chose it made it");
	return create(r, &w);
}

int token_create(struct request *r)
{
	return create_for(r, NULL, false);
}

int token_create_orphan(struct request *r)
{
	return create_for(r, NULL, true);
}

int token_create_role(struct request *r)
{
	const char *name = ask_text(r, "role_name");
	const struct token_role *role = role_load(r, name);

	return role ? create_for(r, role, false) : refuse(r, 400, "unknown role %s", name);
}
