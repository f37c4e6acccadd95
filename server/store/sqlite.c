/*
 * The embedded store: one table in one SQLite file. What is written together is one transaction and one sync; it is
 * durable when sqlite_apply() returns (sqlite_connect.c says how).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/store/sqlite_state.h"

static int writer_step(struct sqlite *s, enum sqlite_statement which)
{
	sqlite3_stmt *st = s->writer.statements[which];
	int code = sqlite3_step(st), err = sqlite_error(s->writer.db, code);

	sqlite3_reset(st);
	return err;
}

static int writer_change(struct sqlite *s, const struct change *c)
{
	enum sqlite_statement which = c->value ? STATEMENT_PUT : STATEMENT_REMOVE;
	sqlite3_stmt *st = s->writer.statements[which];
	int err;

	if (sqlite3_bind_text(st, 1, c->path, -1, SQLITE_STATIC) != SQLITE_OK)
		return -ENOMEM;
	if (c->value && sqlite3_bind_blob64(st, 2, c->value, c->size, SQLITE_STATIC) != SQLITE_OK)
		return -EFBIG;
	err = writer_step(s, which);
	sqlite3_clear_bindings(st);
	return err;
}

/*
 * Some errors end the transaction by themselves, others leave it open. Whatever was wrong (a full disk, a folder that
 * became read-only), the next call starts afresh.
 */
static int sqlite_apply(struct store *store, const struct change *first)
{
	struct sqlite *s = store->state;
	int err;

	pthread_mutex_lock(&s->writing);
	err = writer_step(s, STATEMENT_BEGIN);
	for (const struct change *c = first; c && !err; c = c->next)
		err = writer_change(s, c);
	if (!err)
		err = writer_step(s, STATEMENT_COMMIT);
	if (err && !sqlite3_get_autocommit(s->writer.db))
		(void)!writer_step(s, STATEMENT_ROLLBACK);
	pthread_mutex_unlock(&s->writing);
	return err;
}

static void sqlite_close(struct store *store)
{
	struct sqlite *s = store->state;

	for (size_t i = 0; i < s->made; i++)
		sqlite_disconnect(&s->readers[i]);
	sqlite_disconnect(&s->writer); /* the last one folds the log into the file */
	pthread_mutex_destroy(&s->writing);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->returned);
	free(s->path);
	free(s);
}

/* SQLite makes the names of its logs durable, but not that of the file itself. */
static int folder_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int err = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	free(folder);
	return err;
}

/* SQLite tries to read where it may not write, and then misses the file. */
static int reason(const char *path, int err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

	if (err == -ENOENT && folder && access(folder, W_OK | X_OK))
		err = -errno;
	free(folder);
	return err;
}

static struct sqlite *sqlite_make(const char *path)
{
	struct sqlite *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->path = strdup(path);
	if (!s->path)
		abort();
	pthread_mutex_init(&s->writing, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->returned, NULL);
	s->store =
		(struct store){ "sqlite", false, s, sqlite_get, sqlite_apply, sqlite_list, sqlite_walk, sqlite_close };
	return s;
}

struct store *store_sqlite(const char *path, char *error, size_t size)
{
	struct sqlite *s = sqlite_make(path);
	mode_t mask = umask(0077);
	int err = sqlite_connect(&s->writer, path, true);

	umask(mask);
	if (!err)
		err = folder_sync(path);
	if (!err)
		return &s->store;
	err = reason(path, err);
	snprintf(error, size, "storage: %s: %s", path,
		 err == -EBUSY ? "another process has it open" :
		 err == -EBADMSG ? "expected an SQLite database, found something else or a damaged one" :
		 strerror(-err));
	sqlite_close(&s->store);
	return NULL;
}
