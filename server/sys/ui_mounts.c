/* sys/internal/ui/mounts: what a client may see of the mounts; the preflight of command lines. */
#include <string.h>

#include "server/core/mounts.h"
#include "server/policy/policy.h"
#include "server/sys/sys.h"
#include "server/token/token.h"

/* A mount shows when anything below it is allowed. */
static bool mount_visible(struct request *r, const struct mount *m)
{
	struct text_error error;
	const char *listing;

	if (m->config.size) {
		listing = pool_json_member(&r->pool,
					   pool_read_json(&r->pool, (const char *)m->config.at, m->config.size, &error),
					   "listing_visibility");
		if (listing && !strcmp(listing, "unauth"))
			return true;
	}
	return r->policies && policy_has_any(r->policies, m->path);
}

static void visible_put(struct request *r, struct json_writer *w, enum mount_class class, const char *name)
{
	json_object(w, name);
	list_for_each(at, &r->core->mounts) {
		const struct mount *m = container_of(at, struct mount, link);

		if (m->backend->class == class && mount_visible(r, m))
			mount_put(w, m->path + (class == MOUNT_AUTH ? 5 : 0), m);
	}
	json_close(w);
}

static int ui_mounts(struct request *r)
{
	struct json_writer *w = reply_data(r);

	if (r->token_text && token_authenticate(r))
		policies_of_request(r);
	visible_put(r, w, MOUNT_AUTH, "auth");
	visible_put(r, w, MOUNT_SECRET, "secret");
	return 200;
}

static int ui_mount(struct request *r)
{
	const char *path = mount_path(&r->pool, ask_text_or(r, "path", ""));
	const struct mount *m = mount_find(r->core, path, NULL);

	if (!token_authenticate(r))
		return refuse(r, 403, "permission denied");
	policies_of_request(r);
	if (!m || !policy_has_any(r->policies, m->path))
		return refuse(
			r, 403,
			"preflight capability check returned 403, please ensure client's policies grant access to "
			"path \"%s\"",
			path);
	mount_put_members(r, m);
	json_put_string(reply_data(r), "path", m->path);
	return 200;
}

static const struct route ui_routes[] = {
	{ "internal/ui/mounts", ROUTE_OPEN, .read = ui_mounts, .text = "the mounts that the token may see" },
	{ "internal/ui/mounts/{path*}", ROUTE_OPEN, .read = ui_mount, .text = "the mount of a path" },
};
const struct route_table sys_ui_mounts_tables[] = { ROUTES(ui_routes), { NULL } };
