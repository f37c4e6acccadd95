/* Entries of leases. */
#include <string.h>

#include "base/bytes.h"
#include "crypto/sha256.h"
#include "server/lease/leases.h"

const struct view leases_view = { "sys/lease/" };

static int64_t number(const struct json *entry, const char *name)
{
	const struct json *value = json_member(entry, name);
	int64_t n;

	return value && json_i64(value, &n) ? n : 0;
}

struct lease *lease_read(struct request *r, const char *id, const struct json *entry)
{
	const struct json *internal = json_member_of(entry, "internal", JSON_OBJECT);
	struct lease *l = pool_take(&r->pool, sizeof(*l));
	struct pool *p = &r->pool;

	*l = (struct lease){
		.id = id, .path = pool_json_member(p, entry, "path"), .token_hash = pool_json_member(p, entry, "token"),
		.mount_accessor = pool_json_member(p, entry, "mount"),
		.is_token = json_true(json_member(entry, "is_token")),
		.renewable = json_true(json_member(entry, "renewable")), .issued = number(entry, "issued"),
		.expires = number(entry, "expires"), .renewed = number(entry, "renewed"),
		.max_ttl = (uint64_t)number(entry, "max_ttl"),
		.irrevocable = pool_json_member(p, entry, "irrevocable"),
	};
	if (internal)
		l->internal = (struct blob){ (const uint8_t *)internal->span.at, internal->span.size };
	return l;
}

struct lease *lease_find(struct request *r, const char *id)
{
	const struct json *entry = *id ? entry_read(r, &leases_view, pool_printf(&r->pool, "id/%s", id)) : NULL;

	return entry ? lease_read(r, id, entry) : NULL;
}

const char *lease_token_key(struct request *r, const char *token_hash, const char *id)
{
	uint8_t digest[SHA256_SIZE];

	sha256(id, strlen(id), digest);
	return pool_printf(&r->pool, "token/%s/%s", token_hash, pool_hex(&r->pool, digest, 16));
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
	if (text && *text)
		json_put_string(w, name, text);
}

static void put_number(struct json_writer *w, const char *name, int64_t n)
{
	if (n)
		json_put_i64(w, name, n);
}

void lease_put(struct request *r, const struct lease *l)
{
	struct json_writer *w = entry_write(r);

	put_number(w, "expires", l->expires);
	put_text(w, "path", l->path);
	put_text(w, "token", l->token_hash);
	put_text(w, "mount", l->mount_accessor);
	if (l->is_token)
		json_put_bool(w, "is_token", true);
	if (l->renewable)
		json_put_bool(w, "renewable", true);
	put_number(w, "issued", l->issued);
	put_number(w, "renewed", l->renewed);
	put_number(w, "max_ttl", (int64_t)l->max_ttl);
	put_text(w, "irrevocable", l->irrevocable);
	if (l->internal.size)
		json_put_raw(w, "internal", (const char *)l->internal.at, l->internal.size);
	entry_written(r, &leases_view, pool_printf(&r->pool, "id/%s", l->id), w);
}

void lease_drop(struct request *r, const struct lease *l)
{
	entry_delete(r, &leases_view, pool_printf(&r->pool, "id/%s", l->id));
	if (!l->is_token && l->token_hash)
		entry_delete(r, &leases_view, lease_token_key(r, l->token_hash, l->id));
	after_add(r, AFTER_LEASE_GONE, l->id, NULL, 0);
}

struct ids {
	struct request *r;
	size_t skip;
	struct names names;
};

static int ids_add(void *context, const char *path, struct blob value)
{
	struct ids *ids = context;

	(void)value;
	names_add(&ids->r->pool, &ids->names, pool_text(&ids->r->pool, path + ids->skip));
	return 0;
}

struct names lease_ids(struct request *r, const char *prefix)
{
	const char *folder = pool_printf(&r->pool, "%sid/", leases_view.prefix);
	struct ids ids = { .r = r, .skip = strlen(folder) };
	int error = barrier_walk(r->core->barrier, pool_printf(&r->pool, "%s%s", folder, prefix), ids_add, &ids);

	if (error)
		r->failed = error;
	return ids.names;
}
