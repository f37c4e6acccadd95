/* Roles of the attest method, its configuration, and its collateral. */
#include <string.h>

#include "server/auth/attest.h"
#include "server/core/core.h"

static const struct record_row role_rows[] = {
	RECORD(attest_role, policy, RECORD_TEXT, 0),
	RECORD(attest_role, binding, RECORD_TEXT, 0),
	RECORD(attest_role, alias, RECORD_TEXT, 0),
	RECORD_END,
};

static const struct field role_fields[] = {
	{ "role", FIELD_STRING, "Name of the role." },
	{ "policy", FIELD_STRING, "What evidence it accepts: the text of an adyton-policy(5)." },
	{ "binding", FIELD_STRING, "How evidence is bound to the login: \"adyton\"." },
	{ "alias", FIELD_STRING, "What names the identity: \"signer\" (signer and product) or \"measurement\"." },
	TOKEN_FIELDS,
	{ NULL },
};

bool attest_role_load(struct request *r, const struct mount *m, const char *name, struct attest_role *role)
{
	const struct json *stored = entry_read(r, &m->view, pool_printf(&r->pool, "role/%s", name));

	*role = (struct attest_role){ .name = name };
	record_init(role_rows, role);
	token_params_init(&role->token);
	if (!stored)
		return false;
	record_load(&r->pool, role_rows, stored, role);
	token_params_load(&r->pool, &role->token, stored);
	return true;
}

/* A policy that cannot be read would only be found by the first client. */
static int role_check(struct request *r, struct attest_role *role)
{
	struct attest_policy *policy;
	struct attest_refusal why;

	if (!*role->binding)
		role->binding = "adyton";
	if (!*role->alias)
		role->alias = "signer";
	if (strcmp(role->binding, "adyton") != 0)
		return refuse(r, 400, "binding \"%s\" is not supported: expected \"adyton\"", role->binding);
	if (strcmp(role->alias, "signer") && strcmp(role->alias, "measurement"))
		return refuse(r, 400, "alias: expected \"signer\" or \"measurement\", found \"%s\"", role->alias);
	if (!*role->policy)
		return refuse(r, 400, "policy: missing; a role says which evidence it accepts");
	if (attest_policy_parse(role->policy, strlen(role->policy), &policy, &why))
		return refuse(r, 400, "policy: expected %s, found %s", why.expected, why.found);
	attest_policy_free(policy);
	return 0;
}

static int role_write(struct request *r)
{
	const char *name = ask_text_or(r, "role", "");
	struct attest_role role;
	struct json_writer *w;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, pool_printf(&r->pool, "role/%s", name));
	attest_role_load(r, r->mount, name, &role);
	record_ask(r, role_rows, &role);
	status = token_params_ask(r, &role.token, 0);
	if (!status)
		status = role_check(r, &role);
	if (status)
		return status;
	w = entry_write(r);
	record_store(w, role_rows, &role);
	token_params_store(w, &role.token);
	entry_written(r, &r->mount->view, pool_printf(&r->pool, "role/%s", name), w);
	return 204;
}

static int role_read(struct request *r)
{
	struct attest_role role;

	if (!attest_role_load(r, r->mount, ask_text_or(r, "role", ""), &role))
		return 404;
	record_show(reply_data(r), role_rows, &role);
	token_params_show(reply_data(r), &role.token);
	return 200;
}

static int role_delete(struct request *r)
{
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "role/%s", ask_text_or(r, "role", "")));
	return 204;
}

static int role_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "role/");

	return reply_keys(r, &names);
}

static bool role_exists(struct request *r)
{
	struct attest_role role;

	return attest_role_load(r, r->mount, ask_text_or(r, "role", ""), &role);
}

/* -- configuration: the roots of trust -- */

static const struct field roots_fields[] = {
	{ "roots", FIELD_STRING, "PEM of the trusted root keys, in place of Intel's and AMD's." },
	{ "machine_roots", FIELD_STRING,
	  "PEM of root keys for the machines below software platforms, beside Intel's and AMD's." },
	{ NULL },
};

static int roots_check(struct request *r, const char *roots, const char *machines)
{
	struct attest *a = attest_new();
	struct attest_refusal why = { 0 };
	int error = a ? 0 : -1;

	if (!error && *roots)
		error = attest_trust(a, roots, strlen(roots), &why);
	if (!error && *machines)
		error = attest_trust_machine(a, machines, strlen(machines), &why);
	attest_free(a);
	return error ? refuse(r, 400, "roots: expected %s, found %s", why.expected, why.found) : 0;
}

static int roots_write(struct request *r)
{
	const char *roots = ask_text_or(r, "roots", ""), *machines = ask_text_or(r, "machine_roots", "");
	int status = roots_check(r, roots, machines);
	struct json_writer *w;

	if (status)
		return status;
	w = entry_write(r);
	json_put_string(w, "roots", roots);
	json_put_string(w, "machine_roots", machines);
	entry_written(r, &r->mount->view, "config", w);
	if (!request_commit(r))
		return 500;
	attest_changed(r->mount);
	return 204;
}

/* With what a client pins. */
static int roots_read(struct request *r)
{
	const struct json *config = entry_read(r, &r->mount->view, "config");
	const char *roots = pool_json_member(&r->pool, config, "roots");
	const char *machines = pool_json_member(&r->pool, config, "machine_roots");
	struct json_writer *w = reply_data(r);

	json_put_string(w, "roots", roots ? roots : "");
	json_put_string(w, "machine_roots", machines ? machines : "");
	json_put_string(w, "accessor", r->mount->accessor);
	json_put_hex(w, "cluster_key_sha256", r->core->cluster_key_hash, ATTEST_HASH_SIZE);
	return 200;
}

/* -- collateral: bundles as `adyton collateral pack` and the operator's CA write them -- */

static const struct field collateral_fields[] = {
	{ "name", FIELD_STRING, "Name of the bundle." },
	{ "bundle", FIELD_MAP, "The bundle, as JSON." },
	{ NULL },
};

static int collateral_write(struct request *r)
{
	const struct json *bundle = ask_json(r, "bundle");
	const char *key = pool_printf(&r->pool, "collateral/%s", ask_text_or(r, "name", ""));
	const struct json *config = entry_read(r, &r->mount->view, "config");
	const char *roots = pool_json_member(&r->pool, config, "roots");
	struct attest_collateral *parsed = NULL;
	struct attest_refusal why = { 0 };
	struct attest *a = attest_new();
	int error = -1;

	if (a && bundle && (!roots || !*roots || !attest_trust(a, roots, strlen(roots), &why)))
		error = attest_collateral_parse(a, bundle->span.at, bundle->span.size, &parsed, &why);
	attest_collateral_free(parsed);
	attest_free(a);
	if (error)
		return refuse(r, 400, "bundle: %s: expected %s, found %s",
			      bundle ? attest_reason_sentence(why.reason) : "missing", why.expected, why.found);
	entry_put(r, &r->mount->view, key, bundle->span.at, bundle->span.size);
	if (!request_commit(r))
		return 500;
	attest_changed(r->mount);
	return 204;
}

static int collateral_read(struct request *r)
{
	struct blob text;

	if (!entry_get(r, &r->mount->view, pool_printf(&r->pool, "collateral/%s", ask_text_or(r, "name", "")), &text))
		return 404;
	json_put_raw(reply_data(r), "bundle", (const char *)text.at, text.size);
	return 200;
}

static int collateral_delete(struct request *r)
{
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "collateral/%s", ask_text_or(r, "name", "")));
	if (!request_commit(r))
		return 500;
	attest_changed(r->mount);
	return 204;
}

static int collateral_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "collateral/");

	return reply_keys(r, &names);
}

static const struct route routes[] = {
	{ "config", 0, .read = roots_read, .update = roots_write, .fields = roots_fields, .text = "roots of trust" },
	{ "role", 0, .list = role_list, .text = "list the roles" },
	{ "role/{role}", 0, .read = role_read, .update = role_write, .delete = role_delete, .exists = role_exists,
	  .fields = role_fields, .text = "who may log in" },
	{ "collateral", 0, .list = collateral_list, .text = "list the bundles of collateral" },
	{ "collateral/{name}", 0, .read = collateral_read, .update = collateral_write, .delete = collateral_delete,
	  .fields = collateral_fields, .text = "what the makers of processors sign about them" },
};
const struct route_table attest_role_tables[] = { ROUTES(routes), { NULL } };
