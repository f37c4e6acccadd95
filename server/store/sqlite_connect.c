/*
 * Connections to the file. The VFS "unix-excl" locks it against every other process, and keeps the index of the
 * write-ahead log in our own memory: beside the database there is no -shm file that a host could write to while
 * we use it. Nothing is mapped either.
 */
#include <errno.h>

#include "server/store/sqlite_state.h"

/*
 * WAL with FULL: one sync a commit, of the log, before it is acknowledged; readers go on reading the state before.
 * The file is the host's: SQLite shall check the cells of each page, and believe no function in a schema.
 */
#define PRAGMAS \
	"PRAGMA locking_mode = normal; PRAGMA mmap_size = 0; PRAGMA cell_size_check = on;" \
	"PRAGMA trusted_schema = off; PRAGMA temp_store = memory;"
#define PRAGMAS_WRITER PRAGMAS \
	"PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -4096;" \
	"PRAGMA journal_size_limit = 67108864;" \
	"CREATE TABLE IF NOT EXISTS entry (path TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
#define PRAGMAS_READER PRAGMAS "PRAGMA query_only = on; PRAGMA cache_size = -1024;"

static const char *const reader_statements[] = {
	[STATEMENT_GET] = "SELECT value FROM entry WHERE path = ?1",
	[STATEMENT_RANGE] = "SELECT path, value FROM entry WHERE path > ?1 AND path < ?2 ORDER BY path LIMIT ?3",
	[STATEMENT_NAMES] = "SELECT path FROM entry WHERE path >= ?1 AND path < ?2 ORDER BY path",
};

static const char *const writer_statements[] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_PUT] = "INSERT INTO entry VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET value = excluded.value",
	[STATEMENT_REMOVE] = "DELETE FROM entry WHERE path = ?1",
};

int sqlite_error(sqlite3 *db, int code)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
		return system ? -system : -ENOENT;
	case SQLITE_IOERR:
		return system ? -system : -EIO;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_SCHEMA:
		return -EBADMSG;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_TOOBIG:
		return -EFBIG;
	default:
		return -EIO;
	}
}

void sqlite_disconnect(struct sqlite_connection *c)
{
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		sqlite3_finalize(c->statements[i]);
	sqlite3_close(c->db);
	*c = (struct sqlite_connection){ .db = NULL };
}

static int sqlite_prepare(struct sqlite_connection *c, const char *const *texts, size_t count)
{
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < count; i++)
		code = sqlite3_prepare_v3(c->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &c->statements[i], NULL);
	return code;
}

int sqlite_connect(struct sqlite_connection *c, const char *path, bool writes)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
		    SQLITE_OPEN_EXRESCODE | (writes ? SQLITE_OPEN_CREATE : 0);
	int code = sqlite3_open_v2(path, &c->db, flags, "unix-excl"), err;

	if (code == SQLITE_OK)
		code = sqlite3_exec(c->db, writes ? PRAGMAS_WRITER : PRAGMAS_READER, NULL, NULL, NULL);
	if (code == SQLITE_OK && writes)
		code = sqlite_prepare(c, writer_statements, sizeof(writer_statements) / sizeof(writer_statements[0]));
	else if (code == SQLITE_OK)
		code = sqlite_prepare(c, reader_statements, sizeof(reader_statements) / sizeof(reader_statements[0]));
	err = sqlite_error(c->db, code);
	if (err)
		sqlite_disconnect(c);
	return err;
}

struct sqlite_connection *sqlite_take(struct sqlite *s, int *error)
{
	struct sqlite_connection *c = NULL;

	*error = 0;
	pthread_mutex_lock(&s->lock);
	while (!s->idle_count && s->made == SQLITE_READERS_MAX)
		pthread_cond_wait(&s->returned, &s->lock);
	if (s->idle_count) {
		c = s->idle[--s->idle_count];
	} else {
		*error = sqlite_connect(&s->readers[s->made], s->path, false);
		if (!*error)
			c = &s->readers[s->made++];
	}
	pthread_mutex_unlock(&s->lock);
	return c;
}

void sqlite_give(struct sqlite *s, struct sqlite_connection *c)
{
	pthread_mutex_lock(&s->lock);
	s->idle[s->idle_count++] = c;
	pthread_cond_signal(&s->returned);
	pthread_mutex_unlock(&s->lock);
}
