/* Roles of identity tokens, and the tokens. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/oidc.h"
#include "server/identity/store.h"
#include "server/token/token.h"

#define DAY 86400

struct role {
	const char *name, *key, *template, *client_id;
	uint64_t ttl;
};

static const struct record_row rows[] = {
	RECORD(role, key, RECORD_TEXT, 0),
	RECORD(role, template, RECORD_TEXT, 0),
	RECORD(role, client_id, RECORD_TEXT, 0),
	RECORD(role, ttl, RECORD_SECONDS, 0),
	RECORD_END,
};

static const char *role_path(struct request *r, const char *name)
{
	return pool_printf(&r->pool, "oidc/role/%s", name);
}

static bool role_load(struct request *r, const char *name, struct role *role)
{
	const struct json *stored = entry_read(r, &r->mount->view, role_path(r, name));

	record_init(rows, role);
	role->name = name;
	if (stored)
		record_load(&r->pool, rows, stored, role);
	return stored;
}

struct names oidc_users_of_key(struct request *r, const char *kind, const char *key, uint64_t *longest)
{
	const struct view *view = &identity_mount(r->core)->view;
	const char *folder = pool_printf(&r->pool, "oidc/%s/", kind);
	struct names all = entry_list(r, view, folder), users = { NULL, 0 };

	for (size_t i = 0; i < all.count; i++) {
		const struct json *stored = entry_read(r, view, pool_printf(&r->pool, "%s%s", folder, all.at[i]));
		const char *its = pool_json_member(&r->pool, stored, "key");
		const struct json *ttl = json_member(stored, strcmp(kind, "role") ? "id_token_ttl" : "ttl");
		uint64_t seconds;

		if (!its || strcmp(its, key))
			continue;
		names_add(&r->pool, &users, all.at[i]);
		if (ttl && ttl->kind == JSON_NUMBER && json_u64(ttl, &seconds) && seconds > *longest)
			*longest = seconds;
	}
	return users;
}

int oidc_role_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/role/");

	return reply_keys(r, &names);
}

int oidc_role_read(struct request *r)
{
	struct role role;

	if (!role_load(r, ask_text_or(r, "name", ""), &role))
		return 404;
	record_show(reply_data(r), rows, &role);
	return 200;
}

int oidc_role_delete(struct request *r)
{
	oidc_lock(r);
	entry_delete(r, &r->mount->view, role_path(r, ask_text_or(r, "name", "")));
	return 204;
}

int oidc_role_write(struct request *r)
{
	struct role role;
	struct signing_key key;
	struct json_writer *w;
	int status;

	oidc_lock(r);
	if (!role_load(r, ask_text_or(r, "name", ""), &role))
		role.ttl = DAY;
	record_ask(r, rows, &role);
	if (!*role.key)
		return refuse(r, 400, "the key parameter is required");
	status = claims_template_check(r, &role.template);
	if (status)
		return status;
	if (!signing_key_wanted(r, role.key, &key))
		return refuse(r, 400, "cannot find key \"%s\"", role.key);
	if (role.ttl > key.verification_ttl)
		return refuse(r, 400, "a role's token ttl cannot be longer than the verification_ttl of the key it "
			      "references");
	if (!*role.client_id)
		role.client_id = pool_base62(&r->pool, 26);
	w = entry_write(r);
	record_store(w, rows, &role);
	entry_written(r, &r->mount->view, role_path(r, role.name), w);
	return 204;
}

static struct blob token_claims(struct request *r, const struct role *role, const struct entity *e, uint64_t ttl)
{
	struct names taken = { NULL, 0 };
	struct json_writer w;
	const char *why;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "aud", role->client_id);
	json_put_i64(&w, "exp", request_seconds(r) + (int64_t)ttl);
	json_put_i64(&w, "iat", request_seconds(r));
	json_put_string(&w, "iss", oidc_issuer(r));
	json_put_string(&w, "namespace", "root");
	json_put_string(&w, "sub", e->id);
	if (*role->template)
		claims_put(r, &w, claims_template(r, role->template, e, &why), &taken);
	json_close(&w);
	return pool_json_end(&w);
}

int oidc_token(struct request *r)
{
	const char *name = ask_text_or(r, "name", ""), *text;
	const struct entity *e;
	struct signing_key key;
	struct role role;
	struct json_writer *w;
	uint64_t ttl;

	if (!role_load(r, name, &role))
		return refuse(r, 400, "role \"%s\" not found", name);
	if (!signing_key_load(r, role.key, &key))
		return refuse(r, 400, "key \"%s\" not found", role.key);
	if (!signing_key_allows(&key, role.client_id))
		return refuse(r, 400, "the key \"%s\" does not list the client ID of the role \"%s\" as an allowed "
			      "client ID", role.key, name);
	e = r->token && r->token->entity_id ? entity_find(r, r->token->entity_id) : NULL;
	if (!e)
		return refuse(r, 400, "no entity associated with the request's token");
	ttl = role.ttl < key.verification_ttl ? role.ttl : key.verification_ttl;
	text = signing_key_sign(r, &key, token_claims(r, &role, e, ttl));
	if (!text)
		return refuse(r, 500, "error signing OIDC token");
	w = reply_data(r);
	json_put_string(w, "client_id", role.client_id);
	json_put_string(w, "token", text);
	json_put_u64(w, "ttl", ttl);
	return 200;
}
