/* Key/value storage without versions: the body is the secret. */
#include <string.h>

#include "server/core/backends.h"
#include "server/core/core.h"
#include "server/engine/whole.h"

/* "ttl", or else "lease", is when a reader should look again: a number of seconds or a duration; else the mount's. */
static uint64_t kv1_ttl(struct request *r, const struct json *entry)
{
	const struct json *ttl = json_member(entry, "ttl");
	int64_t nanoseconds;
	const char *text;

	if (!ttl)
		ttl = json_member(entry, "lease");
	if (ttl && (ttl->kind == JSON_NUMBER || ttl->kind == JSON_STRING)) {
		text = ttl->kind == JSON_STRING ? pool_json_text(&r->pool, ttl) :
						  pool_copy(&r->pool, ttl->span.at, ttl->span.size);
		if (text && duration_read(text, &nanoseconds) && nanoseconds >= 0)
			return (uint64_t)nanoseconds / 1000000000;
	}
	return mount_default_ttl(r->core, r->mount);
}

static bool kv1_exists(struct request *r)
{
	return whole_exists(r, &r->mount->view);
}

static int kv1_read(struct request *r)
{
	const struct json *entry;
	int status = whole_read(r, &r->mount->view, &entry);

	if (status == 200)
		r->reply.lease_duration = kv1_ttl(r, entry);
	return status;
}

static int kv1_write(struct request *r)
{
	return whole_write(r, &r->mount->view);
}

static int kv1_delete(struct request *r)
{
	return whole_delete(r, &r->mount->view);
}

static int kv1_list(struct request *r)
{
	return whole_list(r, &r->mount->view);
}

static const struct route kv1_routes[] = {
	{ .pattern = "{path?}", .read = kv1_read, .list = kv1_list, .update = kv1_write, .delete = kv1_delete,
	  .exists = kv1_exists, .text = "Read, write, list and delete secrets." },
};

static const struct route_table kv1_tables[] = { ROUTES(kv1_routes), { .routes = NULL } };

const struct backend kv_v1_backend = { .type = "kv", .class = MOUNT_SECRET, .tables = kv1_tables };
