/* sys/mounts and sys/auth, and their tuning. */
#include <string.h>

#include "server/core/mounts.h"
#include "server/sys/sys.h"

static const struct field mount_fields[] = {
	{ "path", FIELD_STRING, "where it is mounted" },
	{ "type", FIELD_STRING, "what is mounted: kv, transit, userpass, ..." },
	{ "description", FIELD_STRING, "for people" },
	{ "config", FIELD_MAP, "default_lease_ttl, max_lease_ttl, listing_visibility, ..." },
	{ "options", FIELD_MAP, "of the engine: for kv \"version\"" },
	{ "local", FIELD_BOOL, "not replicated" },
	{ "seal_wrap", FIELD_BOOL, "kept; every entry is under the barrier anyway" },
	{ "external_entropy_access", FIELD_BOOL, "kept" },
	{ NULL },
};

static const struct field tune_fields[] = {
	{ "path", FIELD_STRING, "the mount" },
	{ "description", FIELD_STRING, "for people" },
	{ "default_lease_ttl", FIELD_SECONDS, "of leases and tokens that do not say" },
	{ "max_lease_ttl", FIELD_SECONDS, "no lease or token lives longer" },
	{ "audit_non_hmac_request_keys", FIELD_LIST, "members that the audit log shows as they are" },
	{ "audit_non_hmac_response_keys", FIELD_LIST, "members that the audit log shows as they are" },
	{ "listing_visibility", FIELD_STRING, "\"unauth\": shown to everybody by sys/internal/ui/mounts; \"hidden\"" },
	{ "passthrough_request_headers", FIELD_LIST, "kept" },
	{ "allowed_response_headers", FIELD_LIST, "headers that the engine may set" },
	{ "token_type", FIELD_STRING, "of auth methods: default-service, default-batch, service, batch" },
	{ "options", FIELD_MAP, "of the engine" },
	{ NULL },
};

/* Paths of auth methods are shown without their "auth/". */
static int mounts_list(struct request *r, enum mount_class class)
{
	struct json_writer *w = reply_data(r);

	list_for_each(at, &r->core->mounts) {
		const struct mount *m = container_of(at, struct mount, link);

		if (m->backend->class == class)
			mount_put(w, m->path + (class == MOUNT_AUTH ? 5 : 0), m);
	}
	return 200;
}

static int secret_list(struct request *r)
{
	return mounts_list(r, MOUNT_SECRET);
}

static int auth_list(struct request *r)
{
	return mounts_list(r, MOUNT_AUTH);
}

static struct mount *mount_asked(struct request *r, enum mount_class class)
{
	const char *whole = pool_printf(&r->pool, "%s%s", class == MOUNT_AUTH ? "auth/" : "",
					mount_path(&r->pool, ask_text_or(r, "path", "")));
	struct mount *m = mount_find(r->core, whole, NULL);

	return m && !strcmp(m->path, whole) ? m : NULL;
}

/* Like a listing's row, its members at the top. */
static int mount_show(struct request *r, enum mount_class class)
{
	const struct mount *m = mount_asked(r, class);

	if (!m)
		return refuse(r, 400, class == MOUNT_AUTH ? "No auth engine at %s" : "No secret engine mount at %s",
			      ask_text_or(r, "path", ""));
	mount_put_members(r, m);
	return 200;
}

static int secret_read(struct request *r)
{
	return mount_show(r, MOUNT_SECRET);
}

static int auth_read(struct request *r)
{
	return mount_show(r, MOUNT_AUTH);
}

static int secret_enable(struct request *r)
{
	return mount_add(r, MOUNT_SECRET, ask_text_or(r, "path", ""), r->body);
}

static int auth_enable(struct request *r)
{
	return mount_add(r, MOUNT_AUTH, ask_text_or(r, "path", ""), r->body);
}

static int secret_disable(struct request *r)
{
	return mount_remove(r, MOUNT_SECRET, ask_text_or(r, "path", ""));
}

static int auth_disable(struct request *r)
{
	return mount_remove(r, MOUNT_AUTH, ask_text_or(r, "path", ""));
}

/* The lifetimes that hold, the system's where the mount has none. */
static int tune_show(struct request *r, enum mount_class class)
{
	const struct mount *m = mount_asked(r, class);
	struct json_writer *w;
	struct mount effective;

	if (!m)
		return refuse(r, 400, "cannot fetch sysview for path \"%s\"", ask_text_or(r, "path", ""));
	w = reply_data(r);
	effective = *m;
	effective.default_lease_ttl = mount_default_ttl(r->core, m);
	effective.max_lease_ttl = mount_max_ttl(r->core, m);
	mount_put_config(w, &effective);
	json_put_string(w, "description", m->description);
	if (m->options.size)
		json_put_raw(w, "options", (const char *)m->options.at, m->options.size);
	return 200;
}

static int secret_tune_read(struct request *r)
{
	return tune_show(r, MOUNT_SECRET);
}

static int auth_tune_read(struct request *r)
{
	return tune_show(r, MOUNT_AUTH);
}

static int tune_store(struct request *r, enum mount_class class)
{
	struct mount *m = mount_asked(r, class);
	const char *description = ask_text(r, "description");
	const struct json *options = ask_json(r, "options");
	int status;

	if (!m)
		return refuse(r, 400, "no mount entry found for path \"%s\"", ask_text_or(r, "path", ""));
	status = mount_retune(r, m, description, options);
	return status ? status : 204;
}

static int secret_tune(struct request *r)
{
	return tune_store(r, MOUNT_SECRET);
}

static int auth_tune(struct request *r)
{
	return tune_store(r, MOUNT_AUTH);
}

static const struct route mount_routes[] = {
	{ "mounts", ROUTE_INJECT, .read = secret_list, .text = "list the mounted secrets engines" },
	{ "mounts/{path*}/tune", ROUTE_EXCLUSIVE | ROUTE_INJECT, .read = secret_tune_read, .update = secret_tune,
	  .fields = tune_fields, .text = "tune a secrets engine" },
	{ "mounts/{path*}", ROUTE_EXCLUSIVE, .read = secret_read, .update = secret_enable, .delete = secret_disable,
	  .fields = mount_fields, .text = "mount or unmount a secrets engine" },
	{ "auth", ROUTE_INJECT, .read = auth_list, .text = "list the enabled auth methods" },
	{ "auth/{path*}/tune", ROUTE_SUDO | ROUTE_EXCLUSIVE | ROUTE_INJECT, .read = auth_tune_read, .update = auth_tune,
	  .fields = tune_fields, .text = "tune an auth method" },
	{ "auth/{path*}", ROUTE_SUDO | ROUTE_EXCLUSIVE, .read = auth_read, .update = auth_enable,
	  .delete = auth_disable, .fields = mount_fields, .text = "enable or disable an auth method" },
};
const struct route_table sys_mounts_tables[] = { ROUTES(mount_routes), { NULL } };
