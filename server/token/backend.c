/* auth/token/: looking up, renewing, ending. */
#include <string.h>

#include "server/core/backends.h"
#include "server/identity/identity.h"
#include "server/lease/lease.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static void put_time(struct request *r, struct json_writer *w, const char *name, int64_t seconds)
{
	json_put_string(w, name, time_text(&r->pool, seconds * 1000000000));
}

static void put_times(struct request *r, struct json_writer *w, const struct token *t)
{
	json_put_i64(w, "creation_time", t->created);
	json_put_u64(w, "creation_ttl", t->creation_ttl);
	json_put_u64(w, "explicit_max_ttl", t->explicit_max_ttl);
	if (t->expires)
		put_time(r, w, "expire_time", t->expires);
	else
		json_put_null(w, "expire_time");
	json_put_i64(w, "ttl", t->expires ? t->expires - request_seconds(r) : 0);
	if (t->period)
		json_put_u64(w, "period", t->period);
	if (!t->expires)
		return;
	put_time(r, w, "issue_time", t->created);
	json_put_bool(w, "renewable", t->renewable);
	if (t->renewed) {
		put_time(r, w, "last_renewal", t->renewed);
		json_put_i64(w, "last_renewal_time", t->renewed);
	}
}

/* Who a token's parent is stays unsaid: it would lead to more than the asker holds. */
static int show(struct request *r, const struct token *t)
{
	const struct entity *entity = t->entity_id && *t->entity_id ? entity_find(r, t->entity_id) : NULL;
	struct json_writer *w = reply_data(r);

	json_put_string(w, "accessor", or_empty(t->accessor));
	json_put_string(w, "display_name", or_empty(t->display_name));
	json_put_string(w, "entity_id", or_empty(t->entity_id));
	json_put_string(w, "id", or_empty(t->id));
	if (t->metadata.size)
		json_put_raw(w, "meta", (const char *)t->metadata.at, t->metadata.size);
	else
		json_put_null(w, "meta");
	json_put_u64(w, "num_uses", t->num_uses);
	json_put_bool(w, "orphan", !t->parent);
	json_put_string(w, "path", or_empty(t->path));
	names_put(w, "policies", &t->policies);
	json_put_string(w, "type", t->type == TOKEN_BATCH ? "batch" : "service");
	if (t->role)
		json_put_string(w, "role", t->role);
	if (t->bound_cidrs.count)
		names_put(w, "bound_cidrs", &t->bound_cidrs);
	put_times(r, w, t);
	if (entity && entity->policies.count) {
		names_put(w, "identity_policies", &entity->policies);
		json_object(w, "external_namespace_policies");
		json_close(w);
	}
	return 200;
}

static int lookup_self(struct request *r)
{
	return show(r, r->token);
}

static int lookup(struct request *r)
{
	const char *text = ask_text_or(r, "token", "");
	const struct token *t = *text ? token_find(r, text) : r->token;

	return t ? show(r, t) : refuse(r, 403, "bad token");
}

static int lookup_accessor(struct request *r)
{
	const char *accessor = ask_text_or(r, "accessor", "");
	struct token *t;

	if (!*accessor)
		return refuse(r, 400, "missing accessor");
	t = token_by_accessor(r, accessor);
	return t ? show(r, t) : refuse(r, 400, "invalid accessor");
}

static int accessors(struct request *r)
{
	struct names hashes = entry_list(r, &tokens_view, "accessor/"), keys = { NULL, 0 };

	for (size_t i = 0; i < hashes.count; i++) {
		const char *key = pool_printf(&r->pool, "accessor/%s", hashes.at[i]);
		const char *accessor = pool_json_member(&r->pool, entry_read(r, &tokens_view, key), "accessor");

		if (accessor)
			names_add(&r->pool, &keys, accessor);
	}
	names_sort(&keys);
	return reply_keys(r, &keys);
}

/* -- renewing -- */

static int renew_self(struct request *r)
{
	return token_renew(r, r->token, ask_seconds(r, "increment", 0));
}

static int renew(struct request *r)
{
	const char *text = ask_text_or(r, "token", "");
	struct token *t = *text ? token_find(r, text) : NULL;

	if (!*text)
		return refuse(r, 400, "missing token ID");
	return t ? token_renew(r, t, ask_seconds(r, "increment", 0)) : refuse(r, 400, "token not found");
}

static int renew_accessor(struct request *r)
{
	const char *accessor = ask_text_or(r, "accessor", "");
	struct token *t = *accessor ? token_by_accessor(r, accessor) : NULL;

	if (!*accessor)
		return refuse(r, 400, "missing accessor");
	return t ? token_renew(r, t, ask_seconds(r, "increment", 0)) : refuse(r, 400, "invalid accessor");
}

/* -- ending -- */

static int end(struct request *r, const struct token *t)
{
	if (t->type == TOKEN_BATCH)
		return refuse(r, 400, "batch tokens cannot be revoked");
	token_revoke(r, t->hash);
	return 204;
}

static int revoke_self(struct request *r)
{
	return end(r, r->token);
}

/* One that is not there has ended already. */
static int revoke(struct request *r)
{
	const char *text = ask_text_or(r, "token", "");
	const struct token *t = *text ? token_find(r, text) : NULL;

	if (!*text)
		return refuse(r, 400, "missing token ID");
	return t ? end(r, t) : 204;
}

static int revoke_accessor(struct request *r)
{
	const char *accessor = ask_text_or(r, "accessor", "");
	const struct token *t = *accessor ? token_by_accessor(r, accessor) : NULL;

	if (!*accessor)
		return refuse(r, 400, "missing accessor");
	return t ? end(r, t) : refuse(r, 400, "invalid accessor");
}

static int revoke_orphan(struct request *r)
{
	const char *text = ask_text_or(r, "token", "");
	const struct token *t = *text ? token_find(r, text) : NULL;

	if (!*text)
		return refuse(r, 400, "missing token ID");
	if (!t)
		return refuse(r, 400, "token to revoke not found");
	if (t->type == TOKEN_BATCH)
		return refuse(r, 400, "batch tokens cannot be revoked");
	token_revoke_only(r, t);
	return 204;
}

/* -- routes -- */

static const struct field token_field[] = {
	{ "token", FIELD_STRING, "The token." },
	{ "increment", FIELD_SECONDS, "How much longer it should live, from now." },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field accessor_field[] = {
	{ "accessor", FIELD_STRING, "The accessor of a token." },
	{ "increment", FIELD_SECONDS, "How much longer it should live, from now." },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field create_fields[] = {
	{ "id", FIELD_STRING, "The token's text; needs sudo." },
	{ "policies", FIELD_LIST, "Policies; without them those of the parent." },
	{ "meta", FIELD_MAP, "Names and values that audit records show." },
	{ "metadata", FIELD_MAP, "The same." },
	{ "no_parent", FIELD_BOOL, "Make an orphan; needs sudo." },
	{ "no_default_policy", FIELD_BOOL, "Do not add the policy \"default\"." },
	{ "renewable", FIELD_BOOL, "May it be renewed?" },
	{ "lease", FIELD_SECONDS, "The older name of ttl." },
	{ "ttl", FIELD_SECONDS, "How long it lives." },
	{ "type", FIELD_STRING, "\"service\" or \"batch\"." },
	{ "explicit_max_ttl", FIELD_SECONDS, "How long it may live with renewals." },
	{ "display_name", FIELD_STRING, "A name for people." },
	{ "num_uses", FIELD_INT, "How often it may be used; 0: without a limit." },
	{ "period", FIELD_SECONDS, "A periodic token: each renewal lasts this long; needs sudo." },
	{ "entity_alias", FIELD_STRING, "The alias of its entity; only with a role." },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field role_fields[] = {
	{ "allowed_policies", FIELD_LIST, "Policies that tokens may have." },
	{ "allowed_policies_glob", FIELD_LIST, "The same, with '*'." },
	{ "disallowed_policies", FIELD_LIST, "Policies that tokens may not have." },
	{ "disallowed_policies_glob", FIELD_LIST, "The same, with '*'." },
	{ "allowed_entity_aliases", FIELD_LIST, "Aliases that may be asked for, with '*'." },
	{ "orphan", FIELD_BOOL, "Tokens have no parent." },
	{ "renewable", FIELD_BOOL, "Tokens may be renewed." },
	{ "path_suffix", FIELD_STRING, "Stands behind the role's name in the path of leases." },
	{ "period", FIELD_SECONDS, "The older name of token_period." },
	{ "explicit_max_ttl", FIELD_SECONDS, "The older name of token_explicit_max_ttl." },
	{ "bound_cidrs", FIELD_LIST, "The older name of token_bound_cidrs." },
	{ "token_period", FIELD_SECONDS, "Tokens are periodic." },
	{ "token_explicit_max_ttl", FIELD_SECONDS, "How long tokens may live with renewals." },
	{ "token_bound_cidrs", FIELD_LIST, "Blocks of addresses from which tokens may be used." },
	{ "token_no_default_policy", FIELD_BOOL, "Do not add the policy \"default\"." },
	{ "token_num_uses", FIELD_INT, "How often tokens may be used." },
	{ "token_type", FIELD_STRING, "\"service\", \"batch\", \"default-service\" or \"default-batch\"." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "accessors", .flags = ROUTE_SUDO, .list = accessors, .text = "Accessors of all tokens." },
	{ .pattern = "create", .update = token_create, .fields = create_fields, .text = "Make a token." },
	{ .pattern = "create-orphan", .update = token_create_orphan, .fields = create_fields,
	  .text = "Make a token without a parent." },
	{ .pattern = "create/{role_name}", .update = token_create_role, .fields = create_fields,
	  .text = "Make a token as a role has it." },
	{ .pattern = "lookup", .read = lookup, .update = lookup, .fields = token_field, .text = "Look a token up." },
	{ .pattern = "lookup-self", .read = lookup_self, .update = lookup_self, .text = "Look one's own token up." },
	{ .pattern = "lookup-accessor", .update = lookup_accessor, .fields = accessor_field,
	  .text = "Look a token up by its accessor." },
	{ .pattern = "renew", .update = renew, .fields = token_field, .text = "Renew a token." },
	{ .pattern = "renew-self", .update = renew_self, .fields = token_field, .text = "Renew one's own token." },
	{ .pattern = "renew-accessor", .update = renew_accessor, .fields = accessor_field,
	  .text = "Renew a token by its accessor." },
	{ .pattern = "revoke", .update = revoke, .fields = token_field, .text = "End a token and its children." },
	{ .pattern = "revoke-self", .update = revoke_self, .text = "End one's own token and its children." },
	{ .pattern = "revoke-accessor", .update = revoke_accessor, .fields = accessor_field,
	  .text = "End a token and its children by its accessor." },
	{ .pattern = "revoke-orphan", .flags = ROUTE_SUDO, .update = revoke_orphan, .fields = token_field,
	  .text = "End a token; its children become orphans." },
	{ .pattern = "roles", .list = token_roles_list, .text = "Names of roles." },
	{ .pattern = "roles/{role_name}", .read = token_role_read, .update = token_role_write,
	  .delete = token_role_delete, .exists = token_role_exists, .fields = role_fields,
	  .text = "A role that tokens are made against." },
	{ .pattern = "tidy", .update = token_tidy, .text = "Remove what tokens that ended left behind." },
};

static const struct route_table tables[] = { ROUTES(routes), { NULL } };

const struct backend token_backend = { .type = "token", .class = MOUNT_AUTH, .tables = tables, .once = true };
