/* Mounting, tuning, moving, unmounting: what exclusive requests do to the mount table. */
#include <string.h>

#include "crypto/random.h"
#include "server/core/ask.h"
#include "server/core/backends.h"
#include "server/core/mounts.h"
#include "server/engine/kv2.h"
#include "server/lease/lease.h"

static const char *accessor_make(struct mount *m)
{
	uint8_t b[4];

	random_bytes(b, sizeof(b));
	return pool_printf(&m->pool, "%s%s_%s", m->backend->class == MOUNT_AUTH ? "auth_" : "", m->type,
			   pool_hex(&m->pool, b, sizeof(b)));
}

/* A path within another mount's, or around it, would be ambiguous. */
static int place_check(struct request *r, enum mount_class class, const char *path)
{
	static const char *const kept[] = { "auth/", "sys/", "audit/", "cubbyhole/", "identity/" };

	for (size_t i = 0; class == MOUNT_SECRET && i < sizeof(kept) / sizeof(kept[0]); i++)
		if (!strncmp(path, kept[i], strlen(kept[i])))
			return refuse(r, 400, "path is already in use at %s", kept[i]);
	list_for_each(at, &r->core->mounts) {
		const struct mount *m = container_of(at, struct mount, link);

		if (!strncmp(m->path, path, strlen(path)) || !strncmp(path, m->path, strlen(m->path)))
			return refuse(r, 400, "path is already in use at %s", m->path + (class == MOUNT_AUTH ? 5 : 0));
	}
	return 0;
}

/* "kv-v2" is "kv" with an option; tools ask for either. */
static void mount_typed(struct mount *m, const char *type)
{
	bool versioned = !strcmp(type, "kv-v1") || !strcmp(type, "kv-v2");

	m->type = versioned ? "kv" : mount_keep(m, type);
	if (versioned) {
		char *options = pool_printf(&m->pool, "{\"version\":\"%c\"}", type[4]);

		m->options = (struct blob){ (const uint8_t *)options, strlen(options) };
	}
}

/* Not in the table yet, nothing checked but its type. NULL: refused. */
static struct mount *mount_new(struct request *r, enum mount_class class, const char *path, const char *type,
			       const struct json *body)
{
	struct mount *m = mount_make();
	const char *description = pool_json_member(&m->pool, body, "description");

	m->path = pool_printf(&m->pool, "%s%s%s", class == MOUNT_AUTH ? "auth/" : "", path,
			      *path && path[strlen(path) - 1] == '/' ? "" : "/");
	m->uuid = pool_uuid(&m->pool);
	m->description = description ? description : "";
	m->local = mount_flag(body, "local");
	m->seal_wrap = mount_flag(body, "seal_wrap");
	m->external_entropy_access = mount_flag(body, "external_entropy_access");
	m->options = mount_keep_options(m, json_member(body, "options"));
	mount_typed(m, type);
	if (mount_resolve(m)) {
		m->accessor = accessor_make(m);
		return m;
	}
	refuse(r, 400, "plugin not found in the catalog: %s", type);
	mount_free(m);
	return NULL;
}

/* Into the store and the table. The commit comes first: what is in memory must not be more than what is durable. */
static int mount_enter(struct request *r, struct mount *m)
{
	int status = 0;

	mount_store(r, m);
	if (!request_commit(r)) {
		mount_free(m);
		return 500;
	}
	if (m->backend->open)
		status = m->backend->open(r, m);
	if (status >= 400) {
		entry_delete(r, &mounts_view, m->uuid);
		if (!request_commit(r))
			status = 500;
		mount_free(m);
		return status;
	}
	mount_insert(r->core, m);
	return 0;
}

int mount_add(struct request *r, enum mount_class class, const char *path, const struct json *body)
{
	const char *type = pool_json_member(&r->pool, body, "type");
	const struct json *config = json_member(body, "config");
	struct mount *m;
	int status;

	if (!type || !*type)
		return refuse(r, 400, "backend type must be specified as a string");
	if (!*path || *path == '/' || strstr(path, "//") || strpbrk(path, "*+ \t\n"))
		return refuse(r, 400, "invalid mount path \"%s\"", path);
	m = mount_new(r, class, path, type, body);
	if (!m)
		return 400;
	if (m->backend->once)
		status = refuse(r, 400, "mount type of \"%s\" is not mountable", type);
	else
		status = place_check(r, class, m->path);
	if (!status)
		status = mount_tune(r, m, config && config->kind == JSON_OBJECT ? config : NULL);
	if (status) {
		mount_free(m);
		return status;
	}
	status = mount_enter(r, m);
	return status ? status : 204;
}

/* Leases below it end first: what they gave is revoked while the engine is there to do it. */
int mount_remove(struct request *r, enum mount_class class, const char *path)
{
	const char *whole = pool_printf(&r->pool, "%s%s%s", class == MOUNT_AUTH ? "auth/" : "", path,
					*path && path[strlen(path) - 1] == '/' ? "" : "/");
	struct mount *m = mount_find(r->core, whole, NULL);

	if (!m || strcmp(m->path, whole) != 0)
		return class == MOUNT_AUTH ? 204 : refuse(r, 400, "no matching mount");
	if (m->backend->once)
		return refuse(r, 400, "cannot unmount \"%s\"", whole);
	lease_revoke_prefix(r, m->path, true);
	entry_delete_all(r, &m->view, "");
	entry_delete(r, &mounts_view, m->uuid);
	if (!request_commit(r))
		return 500;
	mount_free(m);
	return 204;
}

/* -- tuning: the body's members replace those of the configuration, under Vault's names -- */

static const struct field tunables[] = {
	{ "default_lease_ttl", FIELD_SECONDS, "" }, { "max_lease_ttl", FIELD_SECONDS, "" },
	{ "force_no_cache", FIELD_BOOL, "" }, { "audit_non_hmac_request_keys", FIELD_LIST, "" },
	{ "audit_non_hmac_response_keys", FIELD_LIST, "" }, { "listing_visibility", FIELD_STRING, "" },
	{ "passthrough_request_headers", FIELD_LIST, "" }, { "allowed_response_headers", FIELD_LIST, "" },
	{ "token_type", FIELD_STRING, "" }, { "plugin_version", FIELD_STRING, "" },
	{ "user_lockout_config", FIELD_MAP, "" }, { NULL },
};

static void tune_put(struct request *r, struct json_writer *w, const struct field *f, const struct json *value)
{
	struct names list;

	switch (f->type) {
	case FIELD_SECONDS:
		json_put_u64(w, f->name, ask_seconds(r, f->name, 0));
		return;
	case FIELD_BOOL:
		json_put_bool(w, f->name, ask_bool(r, f->name, false));
		return;
	case FIELD_LIST:
		list = ask_list(r, f->name);
		names_put(w, f->name, &list);
		return;
	default:
		json_put_raw(w, f->name, value->span.at, value->span.size);
	}
}

static int tune_values(struct request *r, const struct mount *m)
{
	const char *listing = ask_text(r, "listing_visibility"), *type = ask_text(r, "token_type");
	uint64_t max = ask_seconds(r, "max_lease_ttl", m->max_lease_ttl);
	uint64_t ttl = ask_seconds(r, "default_lease_ttl", m->default_lease_ttl);
	static const char *const types[] = { "", "default-service", "default-batch", "service", "batch" };
	bool known = !type;

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		known |= !strcmp(type, types[i]);
	if (!known)
		return refuse(r, 400, "invalid value for 'token_type'");
	if (listing && strcmp(listing, "") && strcmp(listing, "hidden") && strcmp(listing, "unauth"))
		return refuse(r, 400, "invalid listing_visibility option supplied");
	if (max && ttl > max)
		return refuse(r, 400, "given default lease TTL is larger than the max lease TTL");
	return 0;
}

/* The fields are asked of a body that need not be the request's own: the "config" of a mount. */
int mount_tune(struct request *r, struct mount *m, const struct json *body)
{
	const struct json *own = r->body, *old;
	struct text_error error;
	struct json_writer w;
	int status;

	if (!body)
		return 0;
	old = m->config.size ? pool_read_json(&r->pool, (const char *)m->config.at, m->config.size, &error) : NULL;
	r->body = body;
	status = fields_check(r, tunables);
	if (!status)
		status = tune_values(r, m);
	pool_json(&m->pool, &w);
	json_object(&w, NULL);
	for (const struct field *f = tunables; !status && f->name; f++) {
		const struct json *value = ask_json(r, f->name), *kept = json_member(old, f->name);

		if (value)
			tune_put(r, &w, f, value);
		else if (kept)
			json_put_raw(&w, f->name, kept->span.at, kept->span.size);
	}
	r->body = own;
	json_close(&w);
	if (!status) {
		m->config = pool_json_end(&w);
		mount_tuned(m);
	}
	return status;
}

int mount_retune(struct request *r, struct mount *m, const char *description, const struct json *options)
{
	struct blob old_config = m->config, old_options = m->options;
	const char *old_description = m->description;
	const struct backend *backend;
	int status = mount_tune(r, m, r->body);

	if (status)
		return status;
	if (description)
		m->description = mount_keep(m, description);
	if (options)
		m->options = mount_keep_options(m, options);
	backend = backend_find(m->type, m->backend->class, mount_option(&r->pool, m, "version"));
	if (m->backend == &kv_v1_backend && backend == &kv_v2_backend)
		kv2_upgrade(r, m);
	else if (backend != m->backend)
		status = refuse(r, 400, "a mounted engine cannot be changed into an older version: "
					"mount a new one and copy");
	mount_store(r, m);
	if (status || !request_commit(r)) {
		m->config = old_config;
		m->options = old_options;
		m->description = old_description;
		mount_tuned(m);
		return status ? status : 500;
	}
	m->backend = backend;
	return 0;
}

int mount_move(struct request *r, struct mount *m, const char *path)
{
	const char *old = m->path;
	int status;

	if (m->backend->once)
		return refuse(r, 400, "cannot remount \"%s\"", m->path);
	if (!strncmp(path, "auth/", 5) != (m->backend->class == MOUNT_AUTH))
		return refuse(r, 400, "cannot remount a secrets engine as an auth method, or the reverse");
	status = place_check(r, m->backend->class, path);
	if (status)
		return status;
	lease_revoke_prefix(r, m->path, true);
	m->path = mount_keep(m, path);
	mount_store(r, m);
	if (!request_commit(r)) {
		m->path = old;
		return 500;
	}
	list_del(&m->link);
	mount_insert(r->core, m);
	return 0;
}

/* -- the mounts of every store -- */

void core_first_mounts(struct request *r, bool dev)
{
	static const struct {
		const char *path, *type, *description;
		enum mount_class class;
		bool dev;
	} first[] = {
		{ "sys", "system", "system endpoints used for control, policy and debugging", MOUNT_SECRET, false },
		{ "identity", "identity", "identity store", MOUNT_SECRET, false },
		{ "cubbyhole", "cubbyhole", "per-token private secret storage", MOUNT_SECRET, false },
		{ "token", "token", "token based credentials", MOUNT_AUTH, false },
		{ "secret", "kv-v2", "key/value secret storage", MOUNT_SECRET, true },
	};

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		struct mount *m;

		if (first[i].dev && !dev)
			continue;
		m = mount_new(r, first[i].class, first[i].path, first[i].type, NULL);
		if (!m)
			return;
		m->description = first[i].description;
		mount_store(r, m);
		mount_free(m);
	}
}
