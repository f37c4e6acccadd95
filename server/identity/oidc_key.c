/* Named keys of identity tokens. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/oidc.h"
#include "server/identity/store.h"

#define DAY 86400
#define MINUTE 60

static const struct record_row rows[] = {
	RECORD(signing_key, rotation_period, RECORD_SECONDS, 0),
	RECORD(signing_key, verification_ttl, RECORD_SECONDS, 0),
	RECORD(signing_key, algorithm, RECORD_TEXT, 0),
	RECORD(signing_key, allowed_client_ids, RECORD_LIST, 0),
	RECORD(signing_key, next_rotation, RECORD_COUNT, RECORD_KEPT | RECORD_OWN),
	RECORD_END,
};
static const struct record_row ring_rows[] = {
	RECORD(ring_key, kid, RECORD_TEXT, 0),
	RECORD(ring_key, der, RECORD_TEXT, 0),
	RECORD(ring_key, expires, RECORD_COUNT, 0),
	RECORD_END,
};

static const struct view *view_of(const struct request *r)
{
	return &identity_mount(r->core)->view;
}

void oidc_lock(struct request *r)
{
	entry_lock(r, LOCK_IDENTITY, view_of(r), "oidc");
}

static const char *key_path(struct request *r, const char *name)
{
	return pool_printf(&r->pool, "oidc/key/%s", name);
}

static void key_put(struct request *r, const struct signing_key *k)
{
	struct json_writer *w = entry_write(r);

	record_store(w, rows, k);
	json_array(w, "ring");
	for (const struct ring_key *one = k->ring; one; one = one->next) {
		json_object(w, NULL);
		record_store(w, ring_rows, one);
		json_close(w);
	}
	json_close(w);
	entry_written(r, view_of(r), key_path(r, k->name), w);
}

bool signing_key_load(struct request *r, const char *name, struct signing_key *k)
{
	const struct json *stored = entry_read(r, view_of(r), key_path(r, name)), *ring;
	struct ring_key **last = &k->ring;

	record_init(rows, k);
	k->name = name;
	k->ring = NULL;
	if (!stored)
		return false;
	record_load(&r->pool, rows, stored, k);
	ring = json_member_of(stored, "ring", JSON_ARRAY);
	for (const struct json *at = ring ? ring->first : NULL; at; at = at->next) {
		*last = pool_take(&r->pool, sizeof(**last));
		record_load(&r->pool, ring_rows, at, *last);
		last = &(*last)->next;
	}
	return true;
}

static int key_check(struct request *r, const struct signing_key *k)
{
	uint64_t longest = 0;

	if (k->rotation_period < MINUTE)
		return refuse(r, 400, "rotation_period must be at least one minute");
	if (k->verification_ttl > 10 * k->rotation_period)
		return refuse(r, 400, "verification_ttl cannot be longer than 10x rotation_period");
	if (!jwt_alg_known(k->algorithm) || !strncmp(k->algorithm, "PS", 2))
		return refuse(r, 400, "unknown signing algorithm \"%s\"", k->algorithm);
	(void)oidc_users_of_key(r, "role", k->name, &longest);
	if (longest > k->verification_ttl)
		return refuse(r, 400, "unable to update key \"%s\" because it is currently referenced by one or more "
			      "roles with a token ttl greater than %lu seconds", k->name, k->verification_ttl);
	longest = 0;
	(void)oidc_users_of_key(r, "client", k->name, &longest);
	if (longest > k->verification_ttl)
		return refuse(r, 400, "unable to update key \"%s\" because it is currently referenced by one or more "
			      "clients with an id_token_ttl greater than %lu seconds", k->name, k->verification_ttl);
	return 0;
}

static void key_defaults(struct signing_key *k)
{
	k->rotation_period = k->verification_ttl = DAY;
	k->algorithm = "RS256";
}

int oidc_key_write(struct request *r)
{
	struct signing_key k;
	const char *before;
	int64_t due;
	int status;

	oidc_lock(r);
	if (!signing_key_load(r, ask_text_or(r, "name", ""), &k))
		key_defaults(&k);
	before = k.ring ? k.algorithm : "";
	record_ask(r, rows, &k);
	status = key_check(r, &k);
	if (status)
		return status;
	due = request_seconds(r) + (int64_t)k.rotation_period;
	if (!k.next_rotation || due < k.next_rotation)
		k.next_rotation = due;
	if (strcmp(before, k.algorithm) && !signing_key_begin(r, &k))
		return refuse(r, 500, "could not make a key");
	key_put(r, &k);
	return 204;
}

bool signing_key_wanted(struct request *r, const char *name, struct signing_key *k)
{
	if (signing_key_load(r, name, k))
		return true;
	if (strcmp(name, "default"))
		return false;
	key_defaults(k);
	names_add(&r->pool, &k->allowed_client_ids, "*");
	k->next_rotation = request_seconds(r) + DAY;
	if (!signing_key_begin(r, k))
		return false;
	key_put(r, k);
	return true;
}

int oidc_key_read(struct request *r)
{
	struct signing_key k;

	if (!signing_key_load(r, ask_text_or(r, "name", ""), &k))
		return 404;
	record_show(reply_data(r), rows, &k);
	return 200;
}

int oidc_key_list(struct request *r)
{
	struct names names = entry_list(r, view_of(r), "oidc/key/");

	return reply_keys(r, &names);
}

static const char *joined(struct request *r, const struct names *names)
{
	const char *text = names->count ? names->at[0] : "";

	for (size_t i = 1; i < names->count; i++)
		text = pool_printf(&r->pool, "%s, %s", text, names->at[i]);
	return text;
}

int oidc_key_delete(struct request *r)
{
	const char *name = ask_text_or(r, "name", "");
	struct names users;
	uint64_t longest = 0;

	if (!strcmp(name, "default"))
		return refuse(r, 400, "deletion of key \"default\" not allowed");
	oidc_lock(r);
	users = oidc_users_of_key(r, "role", name, &longest);
	if (users.count)
		return refuse(r, 400,
			      "unable to delete key \"%s\" because it is currently referenced by these roles: %s", name,
			      joined(r, &users));
	users = oidc_users_of_key(r, "client", name, &longest);
	if (users.count)
		return refuse(r, 400, "unable to delete key \"%s\" because it is currently referenced by these "
			      "clients: %s", name, joined(r, &users));
	entry_delete(r, view_of(r), key_path(r, name));
	return 204;
}

int oidc_key_rotate(struct request *r)
{
	const char *name = ask_text_or(r, "name", "");
	struct signing_key k;

	oidc_lock(r);
	if (!signing_key_load(r, name, &k))
		return refuse(r, 400, "no named key found at \"%s\"", name);
	if (!signing_key_rotate(r, &k, ask_seconds(r, "verification_ttl", k.verification_ttl)))
		return refuse(r, 500, "could not make a key");
	key_put(r, &k);
	return 204;
}

void signing_keys_tick(struct request *r, struct mount *m)
{
	struct names names = entry_list(r, &m->view, "oidc/key/");
	struct signing_key k;
	bool locked = false;

	for (size_t i = 0; i < names.count; i++) {
		if (!signing_key_load(r, names.at[i], &k) || request_seconds(r) < k.next_rotation)
			continue;
		if (!locked)
			oidc_lock(r);
		locked = true;
		if (signing_key_load(r, names.at[i], &k) && request_seconds(r) >= k.next_rotation &&
		    signing_key_rotate(r, &k, k.verification_ttl))
			key_put(r, &k);
	}
}
