/* What the OpenID provider is made of: assignments, scopes, clients and providers, each read, written, listed, deleted. */
#include "server/identity/provider.h"

#include <string.h>

#include "server/core/core.h"
#include "server/identity/store.h"

#define DAY 86400

struct assignment {
	struct names entity_ids, group_ids;
};
struct scope {
	const char *template, *description;
};

static const struct record_row assignment_rows[] = {
	RECORD(assignment, entity_ids, RECORD_LIST, 0), RECORD(assignment, group_ids, RECORD_LIST, 0), RECORD_END,
};
static const struct record_row scope_rows[] = {
	RECORD(scope, template, RECORD_TEXT, 0), RECORD(scope, description, RECORD_TEXT, 0), RECORD_END,
};
static const struct record_row client_rows[] = {
	RECORD(client, redirect_uris, RECORD_LIST, 0),
	RECORD(client, assignments, RECORD_LIST, 0),
	RECORD(client, key, RECORD_TEXT, 0),
	RECORD(client, id_token_ttl, RECORD_SECONDS, 0),
	RECORD(client, access_token_ttl, RECORD_SECONDS, 0),
	RECORD(client, client_type, RECORD_TEXT, 0),
	RECORD(client, client_id, RECORD_TEXT, RECORD_OWN),
	RECORD(client, client_secret, RECORD_TEXT, RECORD_KEPT | RECORD_OWN),
	RECORD_END,
};
static const struct record_row provider_rows[] = {
	RECORD(provider, issuer, RECORD_TEXT, RECORD_KEPT),
	RECORD(provider, allowed_client_ids, RECORD_LIST, 0),
	RECORD(provider, scopes_supported, RECORD_LIST, 0),
	RECORD_END,
};

static const char *path_of(struct request *r, const char *kind, const char *name)
{
	return pool_printf(&r->pool, "oidc/%s/%s", kind, name);
}

static bool thing_load(struct request *r, const char *kind, const char *name, const struct record_row *rows,
		       void *thing)
{
	const struct json *stored = entry_read(r, &identity_mount(r->core)->view, path_of(r, kind, name));

	record_init(rows, thing);
	if (stored)
		record_load(&r->pool, rows, stored, thing);
	return stored;
}

static void thing_put(struct request *r, const char *kind, const char *name, const struct record_row *rows,
		      const void *thing)
{
	struct json_writer *w = entry_write(r);

	record_store(w, rows, thing);
	entry_written(r, &r->mount->view, path_of(r, kind, name), w);
}

static const char *name_of(struct request *r)
{
	return ask_text_or(r, "name", "");
}

/* Names of the things of a kind whose list `member` has `name`. */
static struct names users_of(struct request *r, const char *kind, const char *member, const char *name)
{
	struct names all = entry_list(r, &r->mount->view, path_of(r, kind, "")), users = { NULL, 0 };

	for (size_t i = 0; i < all.count; i++) {
		const struct json *stored = entry_read(r, &r->mount->view, path_of(r, kind, all.at[i]));
		struct names list = names_read(&r->pool, json_member(stored, member));

		if (names_have(&list, name))
			names_add(&r->pool, &users, all.at[i]);
	}
	return users;
}

static int refuse_used(struct request *r, const char *what, const char *name, const char *by, struct names users)
{
	const char *text = users.at[0];

	for (size_t i = 1; i < users.count; i++)
		text = pool_printf(&r->pool, "%s, %s", text, users.at[i]);
	return refuse(r, 400, "unable to delete %s \"%s\" because it is currently referenced by these %s: %s", what,
		      name, by, text);
}

/* -- assignments; "allow_all" is always there -- */

static bool assignment_load(struct request *r, const char *name, struct assignment *a)
{
	if (strcmp(name, "allow_all"))
		return thing_load(r, "assignment", name, assignment_rows, a);
	record_init(assignment_rows, a);
	names_add(&r->pool, &a->entity_ids, "*");
	names_add(&r->pool, &a->group_ids, "*");
	return true;
}

static int assignment_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/assignment/");

	names_add(&r->pool, &names, "allow_all");
	names_sort(&names);
	return reply_keys(r, &names);
}

static int assignment_read(struct request *r)
{
	struct assignment a;

	if (!assignment_load(r, name_of(r), &a))
		return 404;
	record_show(reply_data(r), assignment_rows, &a);
	return 200;
}

static int assignment_write(struct request *r)
{
	struct assignment a;

	if (!strcmp(name_of(r), "allow_all"))
		return refuse(r, 400, "modification of assignment \"allow_all\" not allowed");
	oidc_lock(r);
	(void)assignment_load(r, name_of(r), &a);
	record_ask(r, assignment_rows, &a);
	thing_put(r, "assignment", name_of(r), assignment_rows, &a);
	return 204;
}

static int assignment_delete(struct request *r)
{
	const char *name = name_of(r);
	struct names users;

	if (!strcmp(name, "allow_all"))
		return refuse(r, 400, "deletion of assignment \"allow_all\" not allowed");
	oidc_lock(r);
	users = users_of(r, "client", "assignments", name);
	if (users.count)
		return refuse_used(r, "assignment", name, "clients", users);
	entry_delete(r, &r->mount->view, path_of(r, "assignment", name));
	return 204;
}

bool client_assigned(struct request *r, const struct client *c, const struct entity *e)
{
	struct assignment a;

	for (size_t i = 0; i < c->assignments.count; i++) {
		if (!assignment_load(r, c->assignments.at[i], &a))
			continue;
		if (names_have(&a.entity_ids, "*") || names_have(&a.entity_ids, e->id))
			return true;
		for (size_t k = 0; k < e->group_count; k++)
			if (names_have(&a.group_ids, e->groups[k].id))
				return true;
	}
	return false;
}

/* -- scopes -- */

static int scope_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/scope/");

	return reply_keys(r, &names);
}

static int scope_read(struct request *r)
{
	struct scope s;

	if (!thing_load(r, "scope", name_of(r), scope_rows, &s))
		return 404;
	record_show(reply_data(r), scope_rows, &s);
	return 200;
}

static int scope_write(struct request *r)
{
	const char *name = name_of(r);
	struct scope s;
	int status;

	if (!strcmp(name, "openid"))
		return refuse(r, 400, "the \"openid\" scope name is reserved");
	oidc_lock(r);
	(void)thing_load(r, "scope", name, scope_rows, &s);
	record_ask(r, scope_rows, &s);
	status = claims_template_check(r, &s.template);
	if (status)
		return status;
	thing_put(r, "scope", name, scope_rows, &s);
	return 204;
}

static int scope_delete(struct request *r)
{
	struct names users;

	oidc_lock(r);
	users = users_of(r, "provider", "scopes_supported", name_of(r));
	if (users.count)
		return refuse_used(r, "scope", name_of(r), "providers", users);
	entry_delete(r, &r->mount->view, path_of(r, "scope", name_of(r)));
	return 204;
}

bool scope_has(const char *scope, const char *name)
{
	size_t size = strlen(name);

	for (const char *at = scope; (at = strstr(at, name)); at++)
		if ((at == scope || at[-1] == ' ') && (!at[size] || at[size] == ' '))
			return true;
	return false;
}

const char *scopes_claims(struct request *r, const struct provider *p, const char *scope, const struct entity *e,
			  struct json_writer *w, struct names *taken)
{
	for (size_t i = 0; i < p->scopes_supported.count; i++) {
		const char *name = p->scopes_supported.at[i], *why;
		const struct json *claims;
		struct scope s;

		if (!scope_has(scope, name) || !thing_load(r, "scope", name, scope_rows, &s) || !*s.template)
			continue;
		claims = claims_template(r, s.template, e, &why);
		for (const struct json *m = claims ? claims->first : NULL; m; m = m->next) {
			char *claim = pool_take(&r->pool, m->name.size + 1);

			if (json_decode(m->name, claim, m->name.size + 1) >= 0 && names_have(taken, claim))
				return pool_printf(&r->pool, "found scopes with conflicting top-level claim: claim \"%s\"",
						   claim);
		}
		claims_put(r, w, claims, taken);
	}
	return NULL;
}

/* -- clients -- */

bool client_load(struct request *r, const char *name, struct client *c)
{
	bool known = thing_load(r, "client", name, client_rows, c);

	c->name = name;
	return known;
}

bool client_by_id(struct request *r, const char *id, struct client *c)
{
	const char *name;

	if (!*id || strchr(id, '/'))
		return false;
	name = pool_json_member(&r->pool, entry_read(r, &r->mount->view, path_of(r, "client-id", id)), "name");
	return name && client_load(r, name, c);
}

bool client_public(const struct client *c)
{
	return !strcmp(c->client_type, "public");
}

static int client_read(struct request *r)
{
	struct client c;
	struct json_writer *w;

	if (!client_load(r, name_of(r), &c))
		return 404;
	w = reply_data(r);
	record_show(w, client_rows, &c);
	if (!client_public(&c))
		json_put_string(w, "client_secret", c.client_secret);
	return 200;
}

static int client_check(struct request *r, const struct client *c)
{
	struct signing_key key;
	struct assignment a;

	for (size_t i = 0; i < c->assignments.count; i++)
		if (!assignment_load(r, c->assignments.at[i], &a))
			return refuse(r, 400, "assignment \"%s\" does not exist", c->assignments.at[i]);
	if (strcmp(c->client_type, "confidential") && !client_public(c))
		return refuse(r, 400, "invalid client_type \"%s\"", c->client_type);
	if (!signing_key_wanted(r, c->key, &key))
		return refuse(r, 400, "key \"%s\" does not exist", c->key);
	if (c->id_token_ttl > key.verification_ttl)
		return refuse(r, 400, "a client's id_token_ttl cannot be greater than the verification_ttl of the key it "
			      "references");
	return 0;
}

static void client_begin(struct request *r, struct client *c)
{
	c->key = "default";
	c->client_type = "confidential";
	c->id_token_ttl = c->access_token_ttl = DAY;
	c->client_id = pool_base62(&r->pool, 32);
	c->client_secret = pool_printf(&r->pool, "hvo_secret_%s", pool_base62(&r->pool, 64));
}

static int client_write(struct request *r)
{
	struct client c, before;
	struct json_writer *w;
	bool known;
	int status;

	oidc_lock(r);
	known = client_load(r, name_of(r), &c);
	if (!known)
		client_begin(r, &c);
	before = c;
	record_ask(r, client_rows, &c);
	if (known && strcmp(c.key, before.key))
		return refuse(r, 400, "key modification is not allowed");
	if (known && strcmp(c.client_type, before.client_type))
		return refuse(r, 400, "client_type modification is not allowed");
	status = client_check(r, &c);
	if (status)
		return status;
	thing_put(r, "client", c.name, client_rows, &c);
	w = entry_write(r);
	json_put_string(w, "name", c.name);
	entry_written(r, &r->mount->view, path_of(r, "client-id", c.client_id), w);
	return 204;
}

static int client_delete(struct request *r)
{
	struct client c;

	oidc_lock(r);
	if (!client_load(r, name_of(r), &c))
		return 204;
	entry_delete(r, &r->mount->view, path_of(r, "client-id", c.client_id));
	entry_delete(r, &r->mount->view, path_of(r, "client", c.name));
	return 204;
}

static int reply_things(struct request *r, const struct names *names, struct json_writer *info)
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

static int client_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/client/");
	struct json_writer info;
	struct client c;

	pool_json(&r->pool, &info);
	json_object(&info, NULL);
	for (size_t i = 0; i < names.count; i++) {
		if (!client_load(r, names.at[i], &c))
			continue;
		json_object(&info, names.at[i]);
		record_show(&info, client_rows, &c);
		json_close(&info);
	}
	return reply_things(r, &names, &info);
}

/* -- providers; "default" is always there, and allows every client unless it is told otherwise -- */

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

	if (!provider_load(r, name_of(r), &p))
		return 404;
	provider_show(r, reply_data(r), &p);
	return 200;
}

static int provider_write(struct request *r)
{
	struct provider p;
	struct scope s;

	oidc_lock(r);
	(void)provider_load(r, name_of(r), &p);
	record_ask(r, provider_rows, &p);
	if (*p.issuer && !oidc_address_right(p.issuer))
		return refuse(r, 400, "invalid issuer, which must include only a scheme, host, and optional port (e.g. "
			      "https://example.com:8200)");
	for (size_t i = 0; i < p.scopes_supported.count; i++)
		if (!thing_load(r, "scope", p.scopes_supported.at[i], scope_rows, &s))
			return refuse(r, 400, "scope \"%s\" does not exist", p.scopes_supported.at[i]);
	thing_put(r, "provider", p.name, provider_rows, &p);
	return 204;
}

static int provider_delete(struct request *r)
{
	if (!strcmp(name_of(r), "default"))
		return refuse(r, 400, "deletion of OIDC provider \"default\" not allowed");
	oidc_lock(r);
	entry_delete(r, &r->mount->view, path_of(r, "provider", name_of(r)));
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
	return reply_things(r, &kept, &info);
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
	{ "state", FIELD_STRING, "The client's, given back." }, { "nonce", FIELD_STRING, "The client's, for the token." },
	{ "max_age", FIELD_INT, "How long ago the person may have logged in, in seconds." },
	{ "code_challenge", FIELD_STRING, "PKCE." }, { "code_challenge_method", FIELD_STRING, "\"S256\" or \"plain\"." },
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
