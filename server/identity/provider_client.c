/* Clients of the OpenID provider. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/provider_thing.h"

#define DAY 86400

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
	name = pool_json_member(&r->pool, entry_read(r, &r->mount->view, thing_path(r, "client-id", id)), "name");
	return name && client_load(r, name, c);
}

bool client_public(const struct client *c)
{
	return !strcmp(c->client_type, "public");
}

int client_read(struct request *r)
{
	struct client c;
	struct json_writer *w;

	if (!client_load(r, thing_name(r), &c))
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

	for (size_t i = 0; i < c->assignments.count; i++)
		if (!assignment_known(r, c->assignments.at[i]))
			return refuse(r, 400, "assignment \"%s\" does not exist", c->assignments.at[i]);
	if (strcmp(c->client_type, "confidential") && !client_public(c))
		return refuse(r, 400, "invalid client_type \"%s\"", c->client_type);
	if (!signing_key_wanted(r, c->key, &key))
		return refuse(r, 400, "key \"%s\" does not exist", c->key);
	if (c->id_token_ttl > key.verification_ttl)
		return refuse(r, 400, "a client's id_token_ttl cannot be greater than the verification_ttl of the key "
			      "it references");
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

int client_write(struct request *r)
{
	struct client c, before;
	struct json_writer *w;
	bool known;
	int status;

	oidc_lock(r);
	known = client_load(r, thing_name(r), &c);
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
	entry_written(r, &r->mount->view, thing_path(r, "client-id", c.client_id), w);
	return 204;
}

int client_delete(struct request *r)
{
	struct client c;

	oidc_lock(r);
	if (!client_load(r, thing_name(r), &c))
		return 204;
	entry_delete(r, &r->mount->view, thing_path(r, "client-id", c.client_id));
	entry_delete(r, &r->mount->view, thing_path(r, "client", c.name));
	return 204;
}

int client_list(struct request *r)
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
	return thing_reply_list(r, &names, &info);
}
