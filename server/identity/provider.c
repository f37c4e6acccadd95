/* Providers, what all the things of the OpenID provider share, and its endpoints. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/provider_thing.h"
#include "server/identity/store.h"

static const struct record_row provider_rows[] = {
	RECORD(provider, issuer, RECORD_TEXT, RECORD_KEPT),
	RECORD(provider, allowed_client_ids, RECORD_LIST, 0),
	RECORD(provider, scopes_supported, RECORD_LIST, 0),
	RECORD_END,
};

const char *thing_path(struct request *r, const char *kind, const char *name)
{
	return pool_printf(&r->pool, "oidc/%s/%s", kind, name);
}

bool thing_load(struct request *r, const char *kind, const char *name, const struct record_row *rows,
		       void *thing)
{
	const struct json *stored = entry_read(r, &identity_mount(r->core)->view, thing_path(r, kind, name));

	record_init(rows, thing);
	if (stored)
		record_load(&r->pool, rows, stored, thing);
	return stored;
}

void thing_put(struct request *r, const char *kind, const char *name, const struct record_row *rows,
		      const void *thing)
{
	struct json_writer *w = entry_write(r);

	record_store(w, rows, thing);
	entry_written(r, &r->mount->view, thing_path(r, kind, name), w);
}

const char *thing_name(struct request *r)
{
	return ask_text_or(r, "name", "");
}

/* Names of the things of a kind whose list `member` has `name`. */
struct names thing_users(struct request *r, const char *kind, const char *member, const char *name)
{
	struct names all = entry_list(r, &r->mount->view, thing_path(r, kind, "")), users = { NULL, 0 };

	for (size_t i = 0; i < all.count; i++) {
		const struct json *stored = entry_read(r, &r->mount->view, thing_path(r, kind, all.at[i]));
		struct names list = names_read(&r->pool, json_member(stored, member));

		if (names_have(&list, name))
			names_add(&r->pool, &users, all.at[i]);
	}
	return users;
}

int thing_refuse_used(struct request *r, const char *what, const char *name, const char *by, struct names users)
{
	const char *text = users.at[0];

	for (size_t i = 1; i < users.count; i++)
		text = pool_printf(&r->pool, "%s, %s", text, users.at[i]);
	return refuse(r, 400, "unable to delete %s \"%s\" because it is currently referenced by these %s: %s", what,
		      name, by, text);
}

int thing_reply_list(struct request *r, const struct names *names, struct json_writer *info)
{
	struct blob text;
	struct json_writer *w;

	json_close(info);
	text = pool_json_end(info);
	if (!names->count)
		return 404;
	w = reply_data(r);
	json_put_raw(w, "key_info", (const char *)text.at, text.size);
	names_put(w, "keys", names);
	return 200;
}

/* "default" is always there, and allows every client unless it is told otherwise -- */

bool provider_load(struct request *r, const char *name, struct provider *p)
{
	bool known = thing_load(r, "provider", name, provider_rows, p);

	p->name = name;
	if (known || strcmp(name, "default"))
		return known;
	names_add(&r->pool, &p->allowed_client_ids, "*");
	return true;
}

bool provider_allows(const struct provider *p, const char *client_id)
{
	return names_have(&p->allowed_client_ids, "*") || names_have(&p->allowed_client_ids, client_id);
}

const char *provider_issuer(struct request *r, const struct provider *p)
{
	return pool_printf(&r->pool, "%s/v1/identity/oidc/provider/%s", oidc_address(r, p->issuer), p->name);
}

static void provider_show(struct request *r, struct json_writer *w, const struct provider *p)
{
	json_put_string(w, "issuer", provider_issuer(r, p));
	record_show(w, provider_rows, p);
}

static int provider_read(struct request *r)
{
	struct provider p;

	if (!provider_load(r, thing_name(r), &p))
		return 404;
	provider_show(r, reply_data(r), &p);
	return 200;
}

static int provider_write(struct request *r)
{
	struct provider p;

	oidc_lock(r);
	(void)provider_load(r, thing_name(r), &p);
	record_ask(r, provider_rows, &p);
	if (*p.issuer && !oidc_address_right(p.issuer))
		return refuse(r, 400, "invalid issuer, which must include only a scheme, host, and optional port (e.g. "
			      "https://example.com:8200)");
	for (size_t i = 0; i < p.scopes_supported.count; i++)
		if (!scope_known(r, p.scopes_supported.at[i]))
			return refuse(r, 400, "scope \"%s\" does not exist", p.scopes_supported.at[i]);
	thing_put(r, "provider", p.name, provider_rows, &p);
	return 204;
}

static int provider_delete(struct request *r)
{
	if (!strcmp(thing_name(r), "default"))
		return refuse(r, 400, "deletion of OIDC provider \"default\" not allowed");
	oidc_lock(r);
	entry_delete(r, &r->mount->view, thing_path(r, "provider", thing_name(r)));
	return 204;
}

static int provider_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/provider/"), kept = { NULL, 0 };
	const char *client = ask_text_or(r, "allowed_client_id", "");
	struct json_writer info;
	struct provider p;

	names_add(&r->pool, &names, "default");
	names_sort(&names);
	pool_json(&r->pool, &info);
	json_object(&info, NULL);
	for (size_t i = 0; i < names.count; i++) {
		if (!provider_load(r, names.at[i], &p) || (*client && !provider_allows(&p, client)))
			continue;
		names_add(&r->pool, &kept, names.at[i]);
		json_object(&info, names.at[i]);
		provider_show(r, &info, &p);
		json_close(&info);
	}
	return thing_reply_list(r, &kept, &info);
}

#define END { NULL, FIELD_ANY, NULL }
static const struct field assignment_fields[] = {
	{ "entity_ids", FIELD_LIST, "Entities that are allowed; \"*\": all." },
	{ "group_ids", FIELD_LIST, "Groups whose members are allowed." }, END,
};
static const struct field scope_fields[] = {
	{ "template", FIELD_STRING, "Claims as JSON with directives, plain or in base64." },
	{ "description", FIELD_STRING, "For people." }, END,
};
static const struct field client_fields[] = {
	{ "redirect_uris", FIELD_LIST, "Where people may be sent back to." },
	{ "assignments", FIELD_LIST, "Who may be asked about." },
	{ "key", FIELD_STRING, "The named key that signs; \"default\"." },
	{ "id_token_ttl", FIELD_SECONDS, "How long ID tokens are good; a day." },
	{ "access_token_ttl", FIELD_SECONDS, "How long access tokens are good; a day." },
	{ "client_type", FIELD_STRING, "\"confidential\", with a secret, or \"public\", with PKCE." }, END,
};
static const struct field provider_fields[] = {
	{ "issuer", FIELD_STRING, "Scheme and host of the issuer's address; \"\": the server's own." },
	{ "allowed_client_ids", FIELD_LIST, "Clients that may use it; \"*\": all." },
	{ "scopes_supported", FIELD_LIST, "Scopes that can be asked for." }, END,
};
static const struct field authorize_fields[] = {
	{ "client_id", FIELD_STRING, "The client." }, { "scope", FIELD_STRING, "\"openid\" and others." },
	{ "redirect_uri", FIELD_STRING, "Where to go back to." }, { "response_type", FIELD_STRING, "\"code\"." },
	{ "state", FIELD_STRING, "The client's, given back." },
	{ "nonce", FIELD_STRING, "The client's, for the token." },
	{ "max_age", FIELD_INT, "How long ago the person may have logged in, in seconds." },
	{ "code_challenge", FIELD_STRING, "PKCE." },
	{ "code_challenge_method", FIELD_STRING, "\"S256\" or \"plain\"." },
	END,
};
static const struct field token_fields[] = {
	{ "code", FIELD_STRING, "The code." }, { "grant_type", FIELD_STRING, "\"authorization_code\"." },
	{ "redirect_uri", FIELD_STRING, "As it was." }, { "code_verifier", FIELD_STRING, "PKCE." },
	{ "client_id", FIELD_STRING, "The client." }, { "client_secret", FIELD_STRING, "Its secret." }, END,
};

#define THING(kind, what) \
	{ .pattern = "oidc/" #kind, .list = kind##_list, .text = "List the " what "s." }, \
	{ .pattern = "oidc/" #kind "/{name}", .read = kind##_read, .update = kind##_write, .delete = kind##_delete, \
	  .fields = kind##_fields, .text = "A " what " of the OpenID provider." }

static const struct route routes[] = {
	THING(assignment, "assignment"),
	THING(scope, "scope"),
	THING(client, "client"),
	THING(provider, "provider"),
	{ .pattern = "oidc/provider/{name}/.well-known/openid-configuration", .flags = ROUTE_OPEN,
	  .read = provider_discovery, .text = "The provider's description." },
	{ .pattern = "oidc/provider/{name}/.well-known/keys", .flags = ROUTE_OPEN, .read = provider_keys,
	  .text = "The provider's public keys." },
	{ .pattern = "oidc/provider/{name}/authorize", .read = provider_authorize, .update = provider_authorize,
	  .fields = authorize_fields, .text = "A code for a client." },
	{ .pattern = "oidc/provider/{name}/token", .flags = ROUTE_OPEN, .update = provider_token,
	  .fields = token_fields, .text = "Tokens for a code." },
	{ .pattern = "oidc/provider/{name}/userinfo", .flags = ROUTE_OPEN, .read = provider_userinfo,
	  .update = provider_userinfo, .text = "Claims for an access token." },
};

const struct route_table provider_tables[] = { ROUTES(routes), { NULL } };
