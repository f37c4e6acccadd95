/* Which mounts count failed logins, and sys/locked-users: who is locked out, and letting one back in. */
#include <string.h>

#include "server/auth/auth.h"
#include "server/auth/lockout.h"
#include "server/auth/record.h"
#include "server/core/core.h"
#include "server/sys/sys.h"

int lockout_open(struct request *r, struct mount *m)
{
	m->state = lockout_make();
	return m->state ? 200 : refuse(r, 500, "no memory for the counts of failed logins");
}

void lockout_close(struct mount *m)
{
	lockout_free(m->state);
	m->state = NULL;
}

struct lockout *lockout_of(const struct mount *m)
{
	return m->backend->open == lockout_open ? m->state : NULL;
}

static void mount_put(struct json_writer *w, const struct mount *m, const struct names *names)
{
	json_object(w, NULL);
	json_put_string(w, "mount_accessor", m->accessor);
	json_put_u64(w, "counts", names->count);
	names_put(w, "alias_identifiers", names);
	json_close(w);
}

static int locked_users_read(struct request *r)
{
	const char *accessor = ask_text(r, "mount_accessor");
	struct json_writer mounts, *w;
	struct blob text;
	size_t total = 0;

	if (accessor && *accessor && !mount_of_accessor(r->core, accessor))
		return refuse(r, 400, "invalid mount_accessor \"%s\"", accessor);
	pool_json(&r->pool, &mounts);
	json_array(&mounts, NULL);
	list_for_each(at, &r->core->mounts) {
		const struct mount *m = container_of(at, struct mount, link);
		struct names names;

		if (accessor && *accessor && strcmp(accessor, m->accessor))
			continue;
		names = lockout_names(lockout_of(m), r, m);
		if (names.count)
			mount_put(&mounts, m, &names);
		total += names.count;
	}
	json_close(&mounts);
	text = pool_json_end(&mounts);
	w = reply_data(r);
	json_array(w, "by_namespace");
	if (total) {
		json_object(w, NULL);
		json_put_string(w, "namespace_id", "root");
		json_put_string(w, "namespace_path", "");
		json_put_u64(w, "counts", total);
		json_put_raw(w, "mount_accessors", (const char *)text.at, text.size);
		json_close(w);
	}
	json_close(w);
	json_put_u64(w, "total", total);
	return 200;
}

static int locked_user_unlock(struct request *r)
{
	struct mount *m = mount_of_accessor(r->core, ask_text_or(r, "mount_accessor", ""));

	if (!m)
		return refuse(r, 400, "invalid mount_accessor \"%s\"", ask_text_or(r, "mount_accessor", ""));
	lockout_forget(lockout_of(m), ask_text_or(r, "alias_identifier", ""));
	return 204;
}

static const struct field list_fields[] = {
	{ "mount_accessor", FIELD_STRING, "Only those of this mount." },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "locked-users", .read = locked_users_read, .fields = list_fields,
	  .text = "Report the locked user count metrics, by mount accessor." },
	{ .pattern = "locked-users/{mount_accessor}/unlock/{alias_identifier*}", .update = locked_user_unlock,
	  .text = "Unlock the user with this name at this mount." },
};

const struct route_table sys_locked_users_tables[] = { ROUTES(routes), { NULL } };
