/* Secret ids: made, listed by their accessors, looked up, destroyed. */
#include <string.h>

#include "server/auth/approle.h"
#include "server/auth/cidr.h"
#include "server/core/core.h"

static const struct record_row rows[] = {
	RECORD(secret_id, secret_id_accessor, RECORD_TEXT, 0),
	RECORD(secret_id, secret_id_num_uses, RECORD_COUNT, 0),
	RECORD(secret_id, secret_id_ttl, RECORD_SECONDS, 0),
	RECORD(secret_id, creation_time, RECORD_COUNT, RECORD_KEPT),
	RECORD(secret_id, expiration_time, RECORD_COUNT, RECORD_KEPT),
	RECORD(secret_id, last_updated_time, RECORD_COUNT, RECORD_KEPT),
	RECORD(secret_id, metadata, RECORD_MAP, 0),
	RECORD(secret_id, cidr_list, RECORD_LIST, 0),
	RECORD(secret_id, token_bound_cidrs, RECORD_LIST, 0),
	RECORD_END,
};

bool secret_id_load(struct request *r, const struct mount *m, const char *key, struct secret_id *s)
{
	const struct json *stored = entry_read(r, &m->view, key);

	s->key = key;
	if (stored)
		record_load(&r->pool, rows, stored, s);
	return stored;
}

void secret_id_put(struct request *r, const struct secret_id *s)
{
	struct json_writer *w = entry_write(r);

	record_store(w, rows, s);
	entry_written(r, &r->mount->view, s->key, w);
}

static const char *accessor_key(struct request *r, const struct mount *m, const char *accessor)
{
	return pool_printf(&r->pool, "accessor/%s", hash_name(&r->pool, m->uuid, accessor));
}

void secret_id_delete(struct request *r, const struct mount *m, const struct secret_id *s)
{
	entry_delete(r, &m->view, accessor_key(r, m, s->secret_id_accessor));
	entry_delete(r, &m->view, s->key);
}

bool secret_id_expired(const struct request *r, const struct secret_id *s)
{
	return s->expiration_time && r->now >= s->expiration_time;
}

static void secret_id_show(struct request *r, const struct secret_id *s)
{
	struct json_writer *w = reply_data(r);

	record_show(w, rows, s);
	json_put_string(w, "creation_time", time_text(&r->pool, s->creation_time));
	json_put_string(w, "expiration_time", s->expiration_time ? time_text(&r->pool, s->expiration_time)
								 : "0001-01-01T00:00:00Z");
	json_put_string(w, "last_updated_time", time_text(&r->pool, s->last_updated_time));
}

static int cidrs_check(struct request *r, const struct names *blocks, const struct names *role, const char *what)
{
	if (cidrs_wrong(blocks))
		return refuse(r, 400, "failed to validate %sCIDR blocks", what);
	if (!cidrs_hold(role, blocks))
		return refuse_plain(r, "failed to verify subset relationship between CIDR blocks on the role and "
				    "CIDR blocks on the secret ID");
	return 0;
}

/* How often and how long, within what the role allows. */
static int limits_ask(struct request *r, const struct approle *a, struct secret_id *s)
{
	s->secret_id_num_uses = ask_int(r, "num_uses", a->secret_id_num_uses);
	s->secret_id_ttl = ask_seconds(r, "ttl", a->secret_id_ttl);
	if (s->secret_id_num_uses < 0)
		return refuse(r, 400, "num_uses cannot be negative");
	if (a->secret_id_num_uses &&
	    (!s->secret_id_num_uses || s->secret_id_num_uses > a->secret_id_num_uses))
		return refuse(r, 400, "num_uses cannot be higher than the role's secret_id_num_uses");
	if (a->secret_id_ttl && (!s->secret_id_ttl || s->secret_id_ttl > a->secret_id_ttl))
		return refuse(r, 400, "ttl cannot be longer than the role's secret_id_ttl");
	return 0;
}

static int secret_id_ask(struct request *r, const struct approle *a, struct secret_id *s)
{
	uint64_t most = mount_max_ttl(r->core, r->mount);
	int status;

	*s = (struct secret_id){ .creation_time = r->now, .last_updated_time = r->now };
	s->cidr_list = ask_list(r, "cidr_list");
	s->token_bound_cidrs = ask_list(r, "token_bound_cidrs");
	status = cidrs_check(r, &s->cidr_list, &a->secret_id_bound_cidrs, "");
	if (!status)
		status = cidrs_check(r, &s->token_bound_cidrs, &a->token.token_bound_cidrs, "token ");
	if (!status)
		status = limits_ask(r, a, s);
	if (status)
		return status;
	if (!ask_pairs(r, "metadata", &s->metadata))
		return refuse(r, 400, "failed to parse metadata: expected an object of strings, or pairs such as "
			      "\"key=value\"");
	if (s->secret_id_ttl > most)
		s->secret_id_ttl = most;
	if (s->secret_id_ttl)
		s->expiration_time = r->now + (int64_t)s->secret_id_ttl * 1000000000;
	return 0;
}

static int make(struct request *r, const char *secret)
{
	struct approle a;
	struct secret_id s;
	struct json_writer *w;
	const char *key;
	int status;

	if (!*secret)
		return refuse(r, 400, "missing secret_id");
	if (strlen(secret) > APPROLE_NAME_MAX)
		return refuse(r, 400, "secret_id is longer than maximum of %d bytes", APPROLE_NAME_MAX);
	if (!approle_lock(r, &a))
		return refuse(r, 404, "role \"%s\" does not exist", ask_text_or(r, "role_name", ""));
	if (!a.bind_secret_id)
		return refuse(r, 400, "bind_secret_id is not set on the role");
	key = secret_id_key(r, &a, secret);
	if (secret_id_load(r, r->mount, key, &s))
		return refuse_plain(r, "failed to store secret_id: SecretID is already registered");
	status = secret_id_ask(r, &a, &s);
	if (status)
		return status;
	s.key = key;
	s.secret_id_accessor = pool_uuid(&r->pool);
	secret_id_put(r, &s);
	w = entry_write(r);
	json_put_string(w, "hash", strrchr(key, '/') + 1);
	entry_written(r, &r->mount->view, accessor_key(r, r->mount, s.secret_id_accessor), w);
	w = reply_data(r);
	json_put_string(w, "secret_id", secret);
	json_put_string(w, "secret_id_accessor", s.secret_id_accessor);
	json_put_i64(w, "secret_id_num_uses", s.secret_id_num_uses);
	json_put_u64(w, "secret_id_ttl", s.secret_id_ttl);
	return 200;
}

int secret_id_make(struct request *r)
{
	return make(r, pool_uuid(&r->pool));
}

int secret_id_make_custom(struct request *r)
{
	return make(r, ask_text_or(r, "secret_id", ""));
}

int secret_ids_list(struct request *r)
{
	struct names hashes, accessors = { NULL, 0 };
	struct approle a;
	struct secret_id s;

	if (!approle_of_request(r, &a))
		return refuse(r, 400, "role \"%s\" does not exist", ask_text_or(r, "role_name", ""));
	hashes = entry_list(r, &r->mount->view, a.folder);
	for (size_t i = 0; i < hashes.count; i++)
		if (secret_id_load(r, r->mount, pool_printf(&r->pool, "%s%s", a.folder, hashes.at[i]), &s))
			names_add(&r->pool, &accessors, s.secret_id_accessor);
	names_sort(&accessors);
	return reply_keys(r, &accessors);
}

/* The role and the secret id that a request names: 0, or a status. `lock`: it is about to go. */
static int named(struct request *r, struct approle *a, struct secret_id *s, bool lock)
{
	const char *secret = ask_text_or(r, "secret_id", ""), *key;

	if (!*secret)
		return refuse(r, 400, "missing secret_id");
	if (!approle_of_request(r, a))
		return refuse_plain(r, "role \"%s\" does not exist", ask_text_or(r, "role_name", ""));
	key = secret_id_key(r, a, secret);
	if (lock)
		entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!secret_id_load(r, r->mount, key, s))
		return 204;
	return 0;
}

int secret_id_lookup(struct request *r)
{
	struct approle a;
	struct secret_id s;
	int status = named(r, &a, &s, false);

	if (status)
		return status;
	if (secret_id_expired(r, &s))
		return 204;
	secret_id_show(r, &s);
	return 200;
}

int secret_id_destroy(struct request *r)
{
	struct approle a;
	struct secret_id s;
	int status = named(r, &a, &s, true);

	if (status)
		return status;
	secret_id_delete(r, r->mount, &s);
	return 204;
}

/* The key of the secret id whose accessor the request names; NULL: *status says why. */
static const char *named_by_accessor(struct request *r, struct approle *a, int missing, int *status)
{
	const char *accessor = ask_text_or(r, "secret_id_accessor", ""), *hash;

	if (!*accessor) {
		*status = refuse(r, 400, "missing secret_id_accessor");
		return NULL;
	}
	if (!approle_of_request(r, a)) {
		*status = refuse_plain(r, "role \"%s\" does not exist", ask_text_or(r, "role_name", ""));
		return NULL;
	}
	hash = pool_json_member(&r->pool, entry_read(r, &r->mount->view, accessor_key(r, r->mount, accessor)), "hash");
	if (!hash) {
		*status = refuse(r, missing, "failed to find accessor entry for secret_id_accessor: \"%s\"", accessor);
		return NULL;
	}
	return pool_printf(&r->pool, "%s%s", a->folder, hash);
}

int secret_id_lookup_accessor(struct request *r)
{
	struct approle a;
	struct secret_id s;
	int status;
	const char *key = named_by_accessor(r, &a, 404, &status);

	if (!key)
		return status;
	if (!secret_id_load(r, r->mount, key, &s) || secret_id_expired(r, &s))
		return 204;
	secret_id_show(r, &s);
	return 200;
}

int secret_id_destroy_accessor(struct request *r)
{
	struct approle a;
	struct secret_id s;
	int status;
	const char *key = named_by_accessor(r, &a, 500, &status);

	if (!key)
		return status;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!secret_id_load(r, r->mount, key, &s))
		return refuse(r, 403, "invalid secret id accessor");
	secret_id_delete(r, r->mount, &s);
	return 204;
}
