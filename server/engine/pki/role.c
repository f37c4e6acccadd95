/* Roles: stored as they are answered, one JSON object each, role/<name>. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/pki.h"

#define ROW(kind, name, otherwise, text) { #name, FIELD_##kind, offsetof(struct pki_role, name) },
static const struct pki_row rows[] = { PKI_ROLE_FIELDS(ROW) };
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char defaults[] = "{\"version\":1" PKI_ROLE_FIELDS(PKI_FIELD_OTHERWISE) "}";

void pki_role_read(struct pool *pool, const struct json *stored, struct pki_role *role)
{
	pki_rows_read(pool, rows, ROWS, stored, role);
}

void pki_role_defaults(struct pool *pool, struct pki_role *role)
{
	struct text_error error;

	*role = (struct pki_role){ .path_length = -1 };
	pki_role_read(pool, pool_read_json(pool, defaults, sizeof(defaults) - 1, &error), role);
}

void pki_role_write(struct json_writer *w, const struct pki_role *role)
{
	pki_rows_write(w, rows, ROWS, role);
}

/* Policies may be objects, and a list of objects may be one text. */
static struct names ask_policies(struct request *r)
{
	const struct json *j = ask_json(r, "policy_identifiers");
	const char *text = pool_json_text(&r->pool, j);
	struct names names = { NULL, 0 };
	struct text_error error;

	if (text && *text == '[')
		j = pool_read_json(&r->pool, text, strlen(text), &error);
	if (!j || j->kind != JSON_ARRAY)
		return ask_list(r, "policy_identifiers");
	for (j = j->first; j; j = j->next)
		names_add(&r->pool, &names, j->kind == JSON_STRING ? pool_json_text(&r->pool, j) :
			  pool_copy(&r->pool, j->span.at, j->span.size));
	return names;
}

static void role_ask(struct request *r, struct pki_role *role)
{
	struct names policies = asked(r, "policy_identifiers") ? ask_policies(r) : role->policy_identifiers;

	pki_rows_ask(r, rows, ROWS, role);
	role->policy_identifiers = policies;
}

/* "disabled" alone, or email and hostname. */
static const char *validations_error(struct pool *pool, const struct names *kinds)
{
	static const char wrong[] = "cn_validations value incorrect:";
	size_t disabled = 0;

	for (size_t i = 0; i < kinds->count; i++) {
		disabled += !strcmp(kinds->at[i], "disabled");
		if (strcmp(kinds->at[i], "disabled") && strcmp(kinds->at[i], "email") &&
		    strcmp(kinds->at[i], "hostname"))
			return pool_printf(pool, "%s unknown type: `%s`", wrong, kinds->at[i]);
		for (size_t j = 0; j < i; j++)
			if (!strcmp(kinds->at[i], kinds->at[j]))
				return pool_printf(pool, "%s `%s` specified multiple times", wrong, kinds->at[i]);
	}
	return disabled && kinds->count > 1 ?
		"cn_validations value incorrect: cannot specify `disabled` along with `email` or `hostname`" : NULL;
}

/* What a policy says, as an OID. */
static bool policy_good(struct pool *pool, const char *policy)
{
	struct text_error error;
	const char *oid = policy;

	if (*policy == '{') {
		const struct json *o = pool_read_json(pool, policy, strlen(policy), &error);
		const char *cps = pool_json_member(pool, o, "cps");

		oid = pool_json_member(pool, o, "oid");
		for (; cps && *cps; cps++)
			if ((unsigned char)*cps > 0x7e)
				return false;
	}
	return oid && pki_oid_good(pool, oid);
}

static int role_check(struct request *r, struct pki_role *role)
{
	const char *error = pki_key_check(&r->pool, role->key_type, &role->key_bits, &role->signature_bits);
	int64_t seconds;

	if (role->max_ttl > 0 && role->ttl > role->max_ttl)
		return refuse(r, 400, "\"ttl\" value must be less than \"max_ttl\" value");
	if (error)
		return refuse(r, 400, "%s", error);
	for (size_t i = 0; i < role->ext_key_usage_oids.count; i++)
		if (!pki_oid_good(&r->pool, role->ext_key_usage_oids.at[i]))
			return refuse(r, 400, "\"%s\" could not be parsed as a valid oid for an extended key usage",
				      role->ext_key_usage_oids.at[i]);
	for (size_t i = 0; i < role->policy_identifiers.count; i++)
		if (!policy_good(&r->pool, role->policy_identifiers.at[i]))
			return refuse(r, 400, "%s could not be parsed as a policy identifier",
				      role->policy_identifiers.at[i]);
	if (!(role->allowed_other_sans.count == 1 && !strcmp(role->allowed_other_sans.at[0], "*"))) {
		struct names all = { (const char *[]){ "*" }, 1 };

		error = pki_others_refused(&r->pool, &all, &role->allowed_other_sans);
		if (error)
			return refuse(r, 400, "error parsing allowed_other_sans: %s", error);
	}
	error = validations_error(&r->pool, &role->cn_validations);
	if (error)
		return refuse(r, 400, "%s", error);
	if (*role->not_after && !pki_time_read(role->not_after, &seconds))
		return refuse(r, 400, "not_after \"%s\" is not a time of RFC 3339", role->not_after);
	return 0;
}

static int role_changed(struct request *r, int status);

static int role_store(struct request *r, struct pki_role *role, bool lease_asked)
{
	struct json_writer *w;
	int status;

	if (!role->cn_validations.count) {
		static const char *const both[] = { "email", "hostname" };

		names_add(&r->pool, &role->cn_validations, both[0]);
		names_add(&r->pool, &role->cn_validations, both[1]);
	}
	if (!*role->issuer_ref)
		role->issuer_ref = "default";
	status = role_check(r, role);
	if (status)
		return status;
	if (role->no_store && lease_asked && role->generate_lease)
		reply_warning(r, "mutually exclusive values no_store=true and generate_lease=true were both specified; "
			      "no_store=true takes priority");
	else if (role->generate_lease)
		reply_warning(
			r,
			"it is encouraged to disable generate_lease and rely on PKI's native capabilities when "
			"possible; this option can cause Vault-wide issues with large numbers of issued certificates");
	if (role->no_store)
		role->generate_lease = false;
	w = entry_write(r);
	pki_role_write(w, role);
	entry_written(r, &r->mount->view, pool_printf(&r->pool, "role/%s", ask_text(r, "name")), w);
	pki_warn_issuer_ref(r, role->issuer_ref);
	pki_role_write(reply_data(r), role);
	return role_changed(r, 200);
}

static int role_update(struct request *r)
{
	struct pki_role role;

	pki_role_defaults(&r->pool, &role);
	role_ask(r, &role);
	return role_store(r, &role, asked(r, "generate_lease"));
}

static bool role_read(struct request *r, const char *name, struct pool *pool, struct pki_role *role)
{
	const struct json *stored = entry_read(r, &r->mount->view, pool_printf(&r->pool, "role/%s", name));

	if (!stored)
		return false;
	*role = (struct pki_role){ .path_length = -1, .name = pool_text(pool, name), .key_type = "rsa", .not_after = "",
				   .issuer_ref = "default" };
	pki_role_read(pool, stored, role);
	return true;
}

/* -- those that were used last stay parsed -- */

struct pki_role_kept {
	atomic_uint references;
	struct pool pool;
	struct pki_role role;
};

void pki_role_give(struct pki_role_kept **at)
{
	struct pki_role_kept *kept = *at;

	*at = NULL;
	if (!kept || atomic_fetch_sub(&kept->references, 1) != 1)
		return;
	pool_close(&kept->pool);
	free(kept);
}

static struct pki_role_kept **role_slot(struct pki *pki, const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return &pki->roles[hash % PKI_ROLE_SLOTS];
}

/* With the lock held: the slot's, if it is of this name. */
static struct pki_role_kept *role_kept(struct pki *pki, const char *name)
{
	struct pki_role_kept *kept = *role_slot(pki, name);

	if (!kept || strcmp(kept->role.name, name))
		return NULL;
	atomic_fetch_add(&kept->references, 1);
	return kept;
}

/* As with issuers: what is read while a role changes is not kept. */
static void role_keep(struct pki *pki, struct pki_role_kept *kept, uint64_t generation)
{
	struct pki_role_kept *before = NULL, **slot = role_slot(pki, kept->role.name);

	pthread_mutex_lock(&pki->lock);
	if (pki->role_generation == generation) {
		before = *slot;
		*slot = kept;
		atomic_fetch_add(&kept->references, 1);
	}
	pthread_mutex_unlock(&pki->lock);
	pki_role_give(&before);
}

struct pki_role_kept *pki_role_take(struct request *r, const char *name, struct pki_role *role)
{
	struct pki *pki = r->mount->state;
	struct pki_role_kept *kept;
	uint64_t generation;

	pthread_mutex_lock(&pki->lock);
	kept = role_kept(pki, name);
	generation = pki->role_generation;
	pthread_mutex_unlock(&pki->lock);
	if (!kept) {
		kept = calloc(1, sizeof(*kept));
		if (!kept)
			abort();
		atomic_store(&kept->references, 1);
		pool_init(&kept->pool);
		if (!role_read(r, name, &kept->pool, &kept->role))
			pki_role_give(&kept);
		else
			role_keep(pki, kept, generation);
	}
	if (kept)
		*role = kept->role;
	return kept;
}

void pki_roles_forget(struct pki *pki)
{
	struct pki_role_kept *before[PKI_ROLE_SLOTS];

	pthread_mutex_lock(&pki->lock);
	memcpy(before, pki->roles, sizeof(before));
	memset(pki->roles, 0, sizeof(pki->roles));
	pki->role_generation++;
	pthread_mutex_unlock(&pki->lock);
	for (size_t i = 0; i < PKI_ROLE_SLOTS; i++)
		pki_role_give(&before[i]);
}

static int role_changed(struct request *r, int status)
{
	bool done = request_commit(r);

	pki_roles_forget(r->mount->state);
	return done ? status : 500;
}

static int role_patch(struct request *r)
{
	const char *name = ask_text(r, "name");
	struct pki_role role;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, pool_printf(&r->pool, "role/%s", name));
	if (!role_read(r, name, &r->pool, &role))
		return refuse(r, 400, "Unable to fetch role entry to patch");
	/* what followed from the old type does not hold for a new one */
	if (asked(r, "key_type") && !asked(r, "key_bits"))
		role.key_bits = role.signature_bits = 0;
	role_ask(r, &role);
	return role_store(r, &role, true);
}

static int role_get(struct request *r)
{
	struct pki_role role;

	if (!role_read(r, ask_text(r, "name"), &r->pool, &role))
		return 404;
	pki_role_write(reply_data(r), &role);
	return 200;
}

static int role_delete(struct request *r)
{
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "role/%s", ask_text(r, "name")));
	return role_changed(r, 204);
}

static int role_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "role/");

	return reply_keys(r, &names);
}

static const struct field role_fields[] = {
	PKI_ROLE_FIELDS(PKI_FIELD_ROW)
	{ "backend", FIELD_STRING, "Taken for compatibility" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "roles", .list = role_list, .text = "The names of the roles" },
	{ .pattern = "roles/{name}", .read = role_get, .update = role_update, .delete = role_delete,
	  .patch = role_patch, .fields = role_fields, .text = "What certificates may be issued under a name" },
};
const struct route_table pki_role_routes[] = { ROUTES(routes), { .routes = NULL } };
