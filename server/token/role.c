/* Roles of auth/token: what tokens made against them get, whatever their parent holds. */
#include <ctype.h>
#include <string.h>

#include "server/auth/cidr.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

static const char *role_key(struct request *r, const char *name)
{
	return pool_printf(&r->pool, "roles/%s", name);
}

static struct names list_of(struct pool *p, const struct json *entry, const char *name)
{
	const struct json *array = json_member(entry, name);
	struct names list = { NULL, 0 };

	for (const struct json *v = array ? array->first : NULL; v; v = v->next) {
		const char *text = pool_json_text(p, v);

		if (text)
			names_add(p, &list, text);
	}
	return list;
}

static uint64_t number_of(const struct json *entry, const char *name)
{
	const struct json *value = json_member(entry, name);
	uint64_t n;

	return value && json_u64(value, &n) ? n : 0;
}

static const char *text_of(struct pool *p, const struct json *entry, const char *name)
{
	const char *text = pool_json_member(p, entry, name);

	return text ? text : "";
}

struct token_role *role_load(struct request *r, const char *name)
{
	const struct json *entry = entry_read(r, &tokens_view, role_key(r, name));
	struct token_role *role = pool_take(&r->pool, sizeof(*role));
	struct pool *p = &r->pool;

	if (!entry)
		return NULL;
	*role = (struct token_role){
		.name = name, .allowed_policies = list_of(p, entry, "allowed_policies"),
		.disallowed_policies = list_of(p, entry, "disallowed_policies"),
		.allowed_policies_glob = list_of(p, entry, "allowed_policies_glob"),
		.disallowed_policies_glob = list_of(p, entry, "disallowed_policies_glob"),
		.allowed_entity_aliases = list_of(p, entry, "allowed_entity_aliases"),
		.bound_cidrs = list_of(p, entry, "bound_cidrs"), .path_suffix = text_of(p, entry, "path_suffix"),
		.type = text_of(p, entry, "type"), .orphan = json_true(json_member(entry, "orphan")),
		.renewable = json_true(json_member(entry, "renewable")),
		.no_default_policy = json_true(json_member(entry, "no_default_policy")),
		.explicit_max_ttl = number_of(entry, "explicit_max_ttl"), .period = number_of(entry, "period"),
		.num_uses = number_of(entry, "num_uses"),
		.explicit_max_ttl_old = json_true(json_member(entry, "explicit_max_ttl_old")),
		.period_old = json_true(json_member(entry, "period_old")),
		.bound_cidrs_old = json_true(json_member(entry, "bound_cidrs_old")),
	};
	return role;
}

static void role_store(struct request *r, const struct token_role *role)
{
	struct json_writer *w = entry_write(r);

	names_put(w, "allowed_policies", &role->allowed_policies);
	names_put(w, "disallowed_policies", &role->disallowed_policies);
	names_put(w, "allowed_policies_glob", &role->allowed_policies_glob);
	names_put(w, "disallowed_policies_glob", &role->disallowed_policies_glob);
	names_put(w, "allowed_entity_aliases", &role->allowed_entity_aliases);
	names_put(w, "bound_cidrs", &role->bound_cidrs);
	json_put_string(w, "path_suffix", role->path_suffix);
	json_put_string(w, "type", role->type);
	json_put_bool(w, "orphan", role->orphan);
	json_put_bool(w, "renewable", role->renewable);
	json_put_bool(w, "no_default_policy", role->no_default_policy);
	json_put_u64(w, "explicit_max_ttl", role->explicit_max_ttl);
	json_put_u64(w, "period", role->period);
	json_put_u64(w, "num_uses", role->num_uses);
	json_put_bool(w, "explicit_max_ttl_old", role->explicit_max_ttl_old);
	json_put_bool(w, "period_old", role->period_old);
	json_put_bool(w, "bound_cidrs_old", role->bound_cidrs_old);
	entry_written(r, &tokens_view, role_key(r, role->name), w);
}

int token_roles_list(struct request *r)
{
	struct names names = entry_list(r, &tokens_view, "roles/");

	return reply_keys(r, &names);
}

bool token_role_exists(struct request *r)
{
	struct blob value;

	return entry_get(r, &tokens_view, role_key(r, ask_text(r, "role_name")), &value);
}

int token_role_read(struct request *r)
{
	const struct token_role *role = role_load(r, ask_text(r, "role_name"));
	struct json_writer *w;

	if (!role)
		return 404;
	w = reply_data(r);
	names_put(w, "allowed_policies", &role->allowed_policies);
	names_put(w, "disallowed_policies", &role->disallowed_policies);
	names_put(w, "allowed_policies_glob", &role->allowed_policies_glob);
	names_put(w, "disallowed_policies_glob", &role->disallowed_policies_glob);
	names_put(w, "allowed_entity_aliases", &role->allowed_entity_aliases);
	json_put_u64(w, "explicit_max_ttl", role->explicit_max_ttl_old ? role->explicit_max_ttl : 0);
	json_put_string(w, "name", role->name);
	json_put_bool(w, "orphan", role->orphan);
	json_put_string(w, "path_suffix", role->path_suffix);
	json_put_u64(w, "period", role->period_old ? role->period : 0);
	json_put_bool(w, "renewable", role->renewable);
	json_put_string(w, "token_type", role->type);
	json_put_u64(w, "token_explicit_max_ttl", role->explicit_max_ttl_old ? 0 : role->explicit_max_ttl);
	json_put_bool(w, "token_no_default_policy", role->no_default_policy);
	json_put_u64(w, "token_num_uses", role->num_uses);
	json_put_u64(w, "token_period", role->period_old ? 0 : role->period);
	names_put(w, "token_bound_cidrs", &role->bound_cidrs);
	if (role->bound_cidrs_old)
		names_put(w, "bound_cidrs", &role->bound_cidrs);
	return 200;
}

int token_role_delete(struct request *r)
{
	entry_delete(r, &tokens_view, role_key(r, ask_text(r, "role_name")));
	return 204;
}

/* -- writing: members that are not sent stay as they are -- */

static void ask_names(struct request *r, const char *name, struct names *list, bool lower)
{
	if (!asked(r, name))
		return;
	*list = ask_list(r, name);
	for (size_t i = 0; lower && i < list->count; i++) {
		char *text = pool_text(&r->pool, list->at[i]);

		for (char *c = text; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		list->at[i] = text;
	}
	names_sort(list);
}

/* The newer name counts; which one was used is kept, because it is the one that is shown. */
static void ask_ttl(struct request *r, const char *name, const char *old_name, uint64_t *value, bool *old)
{
	if (asked(r, name)) {
		*value = ask_seconds(r, name, 0);
		*old = false;
	} else if (asked(r, old_name)) {
		*value = ask_seconds(r, old_name, 0);
		*old = true;
	}
}

static int ask_cidrs(struct request *r, struct token_role *role)
{
	const char *wrong;

	if (!asked(r, "token_bound_cidrs") && !asked(r, "bound_cidrs"))
		return 0;
	role->bound_cidrs_old = !asked(r, "token_bound_cidrs");
	role->bound_cidrs = ask_list(r, role->bound_cidrs_old ? "bound_cidrs" : "token_bound_cidrs");
	wrong = cidrs_wrong(&role->bound_cidrs);
	if (wrong)
		return refuse(r, 400, "error parsing address \"%s\": not an address or a block of them", wrong);
	return 0;
}

static int ask_type(struct request *r, struct token_role *role)
{
	static const char *const types[] = { "default-service", "default-batch", "service", "batch" };
	const char *type = ask_text(r, "token_type");

	if (!type)
		return 0;
	if (!*type || !strcmp(type, "default"))
		type = "default-service";
	for (size_t i = 0; i < 4; i++) {
		if (!strcmp(type, types[i])) {
			role->type = types[i];
			return 0;
		}
	}
	return refuse(r, 400, "invalid 'token_type' value \"%s\"", type);
}

static int role_check(struct request *r, const struct token_role *role)
{
	uint64_t max = mount_max_ttl(r->core, r->mount);

	if (role->explicit_max_ttl > max)
		reply_warning(
			r,
			"Given explicit max TTL of %lu is greater than system/mount allowed value of %lu seconds; "
			"until this is fixed attempting to create tokens against this role will result in an error",
			role->explicit_max_ttl, max);
	if (strcmp(role->type, "batch") != 0)
		return 0;
	if (role->orphan && role->renewable)
		return refuse(r, 400, "'token_type' cannot be 'batch' when role is set to generate renewable tokens");
	if (role->period)
		return refuse(r, 400, "'token_type' cannot be 'batch' when role is set to generate periodic tokens");
	if (role->explicit_max_ttl)
		return refuse(r, 400, "'token_type' cannot be 'batch' when role is set to generate tokens with an "
			      "explicit max TTL");
	if (role->num_uses)
		return refuse(r, 400, "'token_type' cannot be 'batch' when role is set to generate tokens with limited "
			      "use count");
	return 0;
}

int token_role_write(struct request *r)
{
	const char *name = ask_text(r, "role_name");
	struct token_role *role;
	int status;

	entry_lock(r, LOCK_TOKEN, &tokens_view, role_key(r, name));
	role = role_load(r, name);
	if (!role) {
		role = pool_take(&r->pool, sizeof(*role));
		*role = (struct token_role){ .name = name, .renewable = true, .type = "default-service",
					     .path_suffix = "" };
	}
	ask_names(r, "allowed_policies", &role->allowed_policies, true);
	ask_names(r, "disallowed_policies", &role->disallowed_policies, true);
	ask_names(r, "allowed_policies_glob", &role->allowed_policies_glob, true);
	ask_names(r, "disallowed_policies_glob", &role->disallowed_policies_glob, true);
	ask_names(r, "allowed_entity_aliases", &role->allowed_entity_aliases, true);
	ask_ttl(r, "token_explicit_max_ttl", "explicit_max_ttl", &role->explicit_max_ttl, &role->explicit_max_ttl_old);
	ask_ttl(r, "token_period", "period", &role->period, &role->period_old);
	role->orphan = ask_bool(r, "orphan", role->orphan);
	role->renewable = ask_bool(r, "renewable", role->renewable);
	role->no_default_policy = ask_bool(r, "token_no_default_policy", role->no_default_policy);
	if (ask_int(r, "token_num_uses", 0) < 0)
		return refuse(r, 400, "'token_num_uses' cannot be negative");
	role->num_uses = (uint64_t)ask_int(r, "token_num_uses", (int64_t)role->num_uses);
	role->path_suffix = ask_text_or(r, "path_suffix", role->path_suffix);
	for (const char *c = role->path_suffix; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-.", *c))
			return refuse(r, 400, "given role path suffix contains invalid characters; must match \"\\\\w"
				      "[\\\\w-]+\\\\w\"");
	status = ask_type(r, role);
	status = status ? status : ask_cidrs(r, role);
	status = status ? status : role_check(r, role);
	if (status)
		return status;
	role_store(r, role);
	return 204;
}
