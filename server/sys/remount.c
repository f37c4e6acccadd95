/* sys/remount: done when it answers; the status is there for clients that ask. */
#include <string.h>

#include "server/core/mounts.h"
#include "server/sys/sys.h"

static const struct field remount_fields[] = {
	{ "from", FIELD_STRING, "where it is" }, { "to", FIELD_STRING, "where it shall be" }, { NULL },
};

static const struct view migrations = { "sys/remount/" };

static int remount(struct request *r)
{
	const char *from = ask_text_or(r, "from", ""), *to = ask_text_or(r, "to", ""), *id;
	struct json_writer *w;
	struct mount *m;
	int status;

	if (!*from || !*to)
		return refuse(r, 400, "both 'from' and 'to' path must be specified as a string");
	from = mount_path(&r->pool, from);
	to = mount_path(&r->pool, to);
	m = mount_find(r->core, from, NULL);
	if (!m || strcmp(m->path, from) != 0)
		return refuse(r, 400, "no matching mount at \"%s\"", from);
	status = mount_move(r, m, to);
	if (status)
		return status;
	id = pool_uuid(&r->pool);
	w = entry_write(r);
	json_put_string(w, "source_mount", from);
	json_put_string(w, "target_mount", to);
	json_put_string(w, "status", "success");
	entry_written(r, &migrations, id, w);
	json_put_string(reply_data(r), "migration_id", id);
	return 200;
}

static int remount_status(struct request *r)
{
	const char *id = ask_text_or(r, "migration_id", "");
	const struct json *row = entry_read(r, &migrations, id);

	if (!row)
		return 404;
	json_put_string(reply_data(r), "migration_id", id);
	json_put_raw(reply_data(r), "migration_info", row->span.at, row->span.size);
	return 200;
}

static const struct route remount_routes[] = {
	{ "remount", ROUTE_SUDO | ROUTE_EXCLUSIVE, .update = remount, .fields = remount_fields,
	  .text = "move a mount" },
	{ "remount/status/{migration_id}", 0, .read = remount_status, .text = "how a move went" },
};
const struct route_table sys_remount_tables[] = { ROUTES(remount_routes), { NULL } };
