/* What the files of the SQLite store share. */
#ifndef ADYTON_SERVER_STORE_SQLITE_STATE_H
#define ADYTON_SERVER_STORE_SQLITE_STATE_H

#include <pthread.h>
#include <sqlite3.h>

#include "server/store/store.h"

#define SQLITE_READERS_MAX 16

enum sqlite_statement {
	STATEMENT_GET, STATEMENT_RANGE, STATEMENT_NAMES, /* of readers */
	STATEMENT_BEGIN = 0, STATEMENT_COMMIT, STATEMENT_ROLLBACK, STATEMENT_PUT, STATEMENT_REMOVE, /* of the writer */
	STATEMENTS_MAX
};

struct sqlite_connection {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS_MAX];
};

struct sqlite {
	struct store store;
	char *path;
	pthread_mutex_t writing; /* guards writer */
	struct sqlite_connection writer;
	/* Connections that nobody reads with now; made as they are needed. */
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t returned;
	struct sqlite_connection readers[SQLITE_READERS_MAX];
	struct sqlite_connection *idle[SQLITE_READERS_MAX];
	size_t made, idle_count;
};

int sqlite_error(sqlite3 *db, int code); /* as a negative errno */
must_check int sqlite_connect(struct sqlite_connection *c, const char *path, bool writes);
void sqlite_disconnect(struct sqlite_connection *c);
/* A reader of one's own until it is given back; NULL with the error. */
struct sqlite_connection *sqlite_take(struct sqlite *s, int *error);
void sqlite_give(struct sqlite *s, struct sqlite_connection *c);

int sqlite_get(struct store *store, const char *path, struct pool *pool, struct blob *value);
int sqlite_list(struct store *store, const char *folder, const char *after, size_t limit, struct pool *pool,
		struct names *names);
int sqlite_walk(struct store *store, const char *prefix,
		int (*fn)(void *context, const char *path, struct blob value), void *context);

#endif
