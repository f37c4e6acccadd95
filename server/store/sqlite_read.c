/* Reading the SQLite store: each call has a connection of its own, and sees the newest commit. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "server/store/sqlite_state.h"

#define RANGE_ROWS 64

/* Ends a statement, and with it the reader's transaction. */
static int statement_end(struct sqlite_connection *c, sqlite3_stmt *st, int code)
{
	int err = sqlite_error(c->db, code);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return err;
}

static struct blob column_blob(sqlite3_stmt *st, int column, struct pool *pool)
{
	const void *at = sqlite3_column_blob(st, column);
	size_t size = (size_t)sqlite3_column_bytes(st, column);

	return (struct blob){ (uint8_t *)pool_copy(pool, at, size), size };
}

int sqlite_get(struct store *store, const char *path, struct pool *pool, struct blob *value)
{
	struct sqlite *s = store->state;
	int code, err;
	struct sqlite_connection *c = sqlite_take(s, &err);
	sqlite3_stmt *st;

	if (!c)
		return err;
	st = c->statements[STATEMENT_GET];
	sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
	code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*value = column_blob(st, 0, pool);
	err = statement_end(c, st, code);
	sqlite_give(s, c);
	return code == SQLITE_DONE ? -ENOENT : err;
}

/* The least text above all that begin with prefix; above all at all is any blob. */
static void bind_end(sqlite3_stmt *st, int parameter, const char *prefix, struct pool *pool)
{
	char *end = pool_text(pool, prefix);
	size_t n = strlen(end);

	while (n && (uint8_t)end[n - 1] == 0xff)
		n--;
	if (!n) {
		sqlite3_bind_zeroblob(st, parameter, 0);
		return;
	}
	end[n - 1]++;
	sqlite3_bind_text(st, parameter, end, (int)n, SQLITE_STATIC);
}

/*
 * One step of a list: the name at the cursor. After a name that is a folder the cursor is set behind the folder, so
 * that what lies in it is never read.
 */
static int names_step(struct sqlite_connection *c, const char *folder, struct pool *scratch, struct pool *pool,
		      const char **name)
{
	sqlite3_stmt *st = c->statements[STATEMENT_NAMES];
	int code = sqlite3_step(st);
	const char *path, *slash;

	*name = NULL;
	if (code != SQLITE_ROW)
		return sqlite_error(c->db, code);
	path = (const char *)sqlite3_column_text(st, 0) + strlen(folder);
	slash = strchr(path, '/');
	*name = slash ? pool_copy(pool, path, (size_t)(slash - path) + 1) : pool_text(pool, path);
	if (slash) {
		char *behind = pool_printf(scratch, "%s%s", folder, *name);

		behind[strlen(behind) - 1] = '/' + 1;
		sqlite3_reset(st);
		sqlite3_bind_text(st, 1, behind, -1, SQLITE_STATIC);
	}
	return 0;
}

int sqlite_list(struct store *store, const char *folder, const char *after, size_t limit, struct pool *pool,
		struct names *names)
{
	struct sqlite *s = store->state;
	_cleanup_pool_ struct pool scratch = { NULL };
	const char *name = "";
	int err;
	struct sqlite_connection *c = sqlite_take(s, &err);

	pool_init(&scratch);
	if (!c)
		return err;
	sqlite3_bind_text(c->statements[STATEMENT_NAMES], 1, pool_printf(&scratch, "%s%s", folder, after), -1,
			  SQLITE_STATIC);
	bind_end(c->statements[STATEMENT_NAMES], 2, folder, &scratch);
	for (size_t found = 0; !err && name && found < limit;) {
		err = names_step(c, folder, &scratch, pool, &name);
		if (!err && name && strcmp(name, after) > 0) {
			names_add(pool, names, name);
			found++;
		}
	}
	statement_end(c, c->statements[STATEMENT_NAMES], SQLITE_OK);
	sqlite_give(s, c);
	return err;
}

struct rows {
	struct pool pool;
	size_t count;
	struct {
		const char *path;
		struct blob value;
	} at[RANGE_ROWS];
};

/* The next rows above *after, below `prefix`. They are copied, so that fn may use the store itself. */
static int rows_read(struct sqlite *s, const char *after, const char *prefix, struct rows *rows)
{
	int err, code = SQLITE_DONE;
	struct sqlite_connection *c = sqlite_take(s, &err);
	sqlite3_stmt *st;

	rows->count = 0;
	if (!c)
		return err;
	st = c->statements[STATEMENT_RANGE];
	sqlite3_bind_text(st, 1, after, -1, SQLITE_STATIC);
	bind_end(st, 2, prefix, &rows->pool);
	sqlite3_bind_int(st, 3, RANGE_ROWS);
	while (rows->count < RANGE_ROWS && (code = sqlite3_step(st)) == SQLITE_ROW) {
		rows->at[rows->count].path = pool_text(&rows->pool, (const char *)sqlite3_column_text(st, 0));
		rows->at[rows->count++].value = column_blob(st, 1, &rows->pool);
	}
	err = statement_end(c, st, code);
	sqlite_give(s, c);
	return err;
}

/* An entry that is the prefix itself: the range begins above it. */
static int walk_first(struct store *store, const char *prefix,
		      int (*fn)(void *context, const char *path, struct blob value), void *context)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct blob value;
	int err;

	pool_init(&pool);
	err = *prefix ? sqlite_get(store, prefix, &pool, &value) : -ENOENT;
	return err == -ENOENT ? 0 : err ? err : fn(context, prefix, value);
}

int sqlite_walk(struct store *store, const char *prefix,
		int (*fn)(void *context, const char *path, struct blob value), void *context)
{
	_cleanup_pool_ struct pool last = { NULL };
	const char *after = prefix;
	struct rows rows;
	int err = walk_first(store, prefix, fn, context);

	pool_init(&last);
	for (rows.count = RANGE_ROWS; !err && rows.count == RANGE_ROWS;) {
		pool_init(&rows.pool);
		err = rows_read(store->state, after, prefix, &rows);
		for (size_t i = 0; !err && i < rows.count; i++)
			err = fn(context, rows.at[i].path, rows.at[i].value);
		pool_close(&last);
		after = rows.count ? pool_text(&last, rows.at[rows.count - 1].path) : after;
		pool_close(&rows.pool);
	}
	return err;
}
