/* data/<key> and subkeys/<key>: secrets and their versions; and the paths of the engine. */
#include <stdlib.h>
#include <string.h>

#include "server/core/backends.h"
#include "server/engine/json_merge.h"
#include "server/engine/kv2.h"
#include "server/engine/whole.h"

static void put_version(struct request *r, struct json_writer *w, const struct kv2_meta *m, const struct kv2_version *v)
{
	kv2_put_time(r, w, "created_time", v->created);
	kv2_put_custom(w, m);
	kv2_put_time(r, w, "deletion_time", v->deleted);
	json_put_bool(w, "destroyed", v->destroyed);
	json_put_u64(w, "version", v->number);
}

/* What a reader found of a key. */
struct found {
	struct kv2_meta meta;
	struct kv2_version *version; /* NULL: no such key or version */
	bool readable;
	struct blob secret;
};

/*
 * Two reads. A version may be trimmed or destroyed between them: then once more, with the key's lock, which tells
 * "gone" from "lost".
 */
static void version_find(struct request *r, const char *key, uint64_t number, struct found *f)
{
	for (int again = 0; again < 2; again++) {
		*f = (struct found){ .version = NULL };
		if (!kv2_meta_read(r, key, &f->meta))
			return;
		f->version = kv2_version(&f->meta, number ? number : f->meta.current);
		f->readable = f->version && !f->version->destroyed && !kv2_is_deleted(r, f->version);
		if (!f->readable || entry_get(r, &r->mount->view, kv2_data_key(r, key, f->version->number), &f->secret))
			return;
		entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	}
	f->readable = false;
}

/* A version that is named by a number below 1 is the newest. */
static uint64_t version_asked(struct request *r)
{
	int64_t number = ask_int(r, "version", 0);

	return number > 0 ? (uint64_t)number : 0;
}

static int version_reply(struct request *r, const struct found *f, const char *name, struct blob value)
{
	struct json_writer *w = reply_data(r);

	if (f->readable)
		json_put_raw(w, name, (const char *)value.at, value.size);
	else
		json_put_null(w, name);
	json_object(w, "metadata");
	put_version(r, w, &f->meta, f->version);
	json_close(w);
	return f->readable ? 200 : 404;
}

static int data_read(struct request *r)
{
	struct found f;

	version_find(r, ask_text(r, "path"), version_asked(r), &f);
	return f.version ? version_reply(r, &f, "data", f.secret) : 404;
}

static int subkeys_read(struct request *r)
{
	const struct json *secret = NULL;
	struct blob names = { NULL, 0 };
	struct text_error error;
	struct found f;

	version_find(r, ask_text(r, "path"), version_asked(r), &f);
	if (!f.version)
		return 404;
	if (f.readable)
		secret = pool_read_json(&r->pool, (const char *)f.secret.at, f.secret.size, &error);
	if (secret)
		names = json_skeleton(&r->pool, secret, ask_int(r, "depth", 0));
	return version_reply(r, &f, "subkeys", names);
}

static bool data_exists(struct request *r)
{
	struct kv2_meta m;

	return kv2_meta_read(r, ask_text(r, "path"), &m);
}

/* options.cas: a number, also as text; absent is right unless the key or the mount requires it. */
static int cas_check(struct request *r, const struct kv2_config *c, const struct kv2_meta *m)
{
	const struct json *cas = json_member(ask_json(r, "options"), "cas");
	uint64_t number = 0;
	const char *text;
	char *end;

	if (!cas && (c->cas_required || m->cas_required))
		return refuse(r, 400, "check-and-set parameter required for this call");
	if (!cas)
		return 0;
	if (cas->kind == JSON_STRING || cas->kind == JSON_NUMBER) {
		text = cas->kind == JSON_STRING ? pool_json_text(&r->pool, cas) :
						  pool_copy(&r->pool, cas->span.at, cas->span.size);
		number = text ? strtoull(text, &end, 10) : 0;
		if (!text || !*text || *end)
			return refuse(r, 400, "error parsing check-and-set parameter");
	} else if (cas->kind != JSON_NULL) {
		return refuse(r, 400, "error parsing check-and-set parameter");
	}
	if (number != m->current)
		return refuse(r, 400, "check-and-set parameter did not match the current version");
	return 0;
}

static int data_added(struct request *r, const struct kv2_config *c, struct kv2_meta *m, struct blob secret)
{
	const struct kv2_version *v = kv2_add(r, c, m, secret);

	put_version(r, reply_data(r), m, v);
	return 200;
}

static int data_write(struct request *r)
{
	const char *key = path_to_write(r);
	const struct json *data = ask_json(r, "data");
	struct kv2_config c;
	struct kv2_meta m;
	int status;

	if (!key)
		return 400;
	if (!data)
		return refuse(r, 400, "no data provided");
	kv2_config_read(r, &c);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	(void)kv2_meta_read(r, key, &m);
	status = cas_check(r, &c, &m);
	if (status)
		return status;
	return data_added(r, &c, &m, (struct blob){ (const uint8_t *)data->span.at, data->span.size });
}

static int data_patch(struct request *r)
{
	const char *key = path_to_write(r);
	const struct json *data = ask_json(r, "data"), *before;
	struct text_error error;
	struct kv2_config c;
	struct found f;
	int status;

	if (!key)
		return 400;
	if (!data)
		return refuse(r, 400, "no data provided");
	kv2_config_read(r, &c);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	version_find(r, key, 0, &f);
	status = f.version ? cas_check(r, &c, &f.meta) : 404;
	if (status)
		return status;
	if (!f.readable) {
		put_version(r, reply_data(r), &f.meta, f.version);
		return 404;
	}
	before = pool_read_json(&r->pool, (const char *)f.secret.at, f.secret.size, &error);
	return data_added(r, &c, &f.meta, json_merge(&r->pool, before, data));
}

/* The newest version can be read no more; it comes back by undelete/. */
static int data_delete(struct request *r)
{
	const char *key = ask_text(r, "path");
	struct kv2_version *v;
	struct kv2_meta m;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!kv2_meta_read(r, key, &m))
		return 204;
	v = kv2_version(&m, m.current);
	if (v && !v->destroyed && !kv2_is_deleted(r, v)) {
		v->deleted = r->now;
		kv2_meta_write(r, &m);
	}
	return 204;
}

int kv2_astray(struct request *r)
{
	static const char *const words[OP_COUNT] = {
		[OP_READ] = "get", [OP_LIST] = "list", [OP_CREATE] = "put", [OP_UPDATE] = "put", [OP_PATCH] = "patch",
		[OP_DELETE] = "delete",
	};
	static const char *const roots[] = { "metadata", "data", "delete", "undelete", "destroy" };
	size_t size = strcspn(r->rest, "/");

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (r->operation != OP_LIST && size == strlen(roots[i]) && !strncmp(r->rest, roots[i], size) &&
		    strlen(r->rest) <= size + 1) {
			reply_warning(r, "Non-listing operations on the root of a K/V v2 mount are not supported.");
			return 404;
		}
	}
	reply_warning(r, "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API "
			 "endpoints to use. If using the Vault CLI, use 'vault kv %s' for this operation.",
		      words[r->operation] ? words[r->operation] : "get");
	return 404;
}

static const struct field config_fields[] = {
	{ "max_versions", FIELD_INT, "Versions kept of each key; 10 where it is 0." },
	{ "cas_required", FIELD_BOOL, "Every write must say which version it replaces." },
	{ "delete_version_after", FIELD_ANY,
	  "How long versions live: a duration; negative: for good, whatever keys say." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field data_fields[] = {
	{ "version", FIELD_INT, "Which version to read; the newest where it is absent." },
	{ "options", FIELD_MAP, "cas: the number of the version that this write replaces; 0: there is none." },
	{ "data", FIELD_MAP, "The secret." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field subkeys_fields[] = {
	{ "version", FIELD_INT, "Which version to read; the newest where it is absent." },
	{ "depth", FIELD_INT, "How deep to enter objects; 0: without end." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field versions_fields[] = {
	{ "versions", FIELD_LIST, "Numbers of versions." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field metadata_fields[] = {
	{ "max_versions", FIELD_INT, "Versions kept of this key." },
	{ "cas_required", FIELD_BOOL, "Every write must say which version it replaces." },
	{ "delete_version_after", FIELD_ANY, "How long versions live: a duration." },
	{ "custom_metadata", FIELD_MAP, "Up to 64 strings under names." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route kv2_routes[] = {
	{ .pattern = "config",
	  .read = kv2_config_get,
	  .update = kv2_config_set,
	  .fields = config_fields,
	  .text = "Settings for every key of the mount." },
	{ .pattern = "data/{path*}",
	  .read = data_read,
	  .update = data_write,
	  .delete = data_delete,
	  .patch = data_patch,
	  .exists = data_exists,
	  .fields = data_fields,
	  .text = "Secrets, in versions." },
	{ .pattern = "subkeys/{path*}",
	  .read = subkeys_read,
	  .fields = subkeys_fields,
	  .text = "The names in a secret, without its values." },
	{ .pattern = "metadata/{path?}",
	  .read = kv2_metadata_read,
	  .list = kv2_metadata_list,
	  .update = kv2_metadata_write,
	  .delete = kv2_metadata_delete,
	  .patch = kv2_metadata_patch,
	  .exists = data_exists,
	  .fields = metadata_fields,
	  .text = "Settings of a key, and its versions." },
	{ .pattern = "delete/{path*}",
	  .update = kv2_delete_versions,
	  .fields = versions_fields,
	  .text = "Make versions unreadable until they are undeleted." },
	{ .pattern = "undelete/{path*}",
	  .update = kv2_undelete_versions,
	  .fields = versions_fields,
	  .text = "Make deleted versions readable." },
	{ .pattern = "destroy/{path*}",
	  .update = kv2_destroy_versions,
	  .fields = versions_fields,
	  .text = "Erase versions for good." },
	{ .pattern = "{path?}",
	  .read = kv2_astray,
	  .list = kv2_astray,
	  .update = kv2_astray,
	  .delete = kv2_astray,
	  .patch = kv2_astray,
	  .text = "Says which paths there are." },
};

static const struct route_table kv2_tables[] = { ROUTES(kv2_routes), { .routes = NULL } };

const struct backend kv_v2_backend = { .type = "kv-v2", .class = MOUNT_SECRET, .tables = kv2_tables };
