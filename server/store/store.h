/*
 * Where ciphertext rests. A store keeps (path, value) pairs and applies a list of changes as a whole or not at all;
 * when apply() has returned 0 they survive a crash of process and machine. It knows nothing of keys: the barrier does.
 *
 * Threads may call everything at once, and reading does not wait for apply(). The barrier makes one apply() of all the
 * changes that wait together (commit.h), so a store need not.
 */
#ifndef ADYTON_SERVER_STORE_STORE_H
#define ADYTON_SERVER_STORE_STORE_H

#include "server/core/pool.h"

struct change {
	struct change *next;
	const char *path;
	const void *value; /* NULL: delete */
	size_t size;
};

struct store {
	const char *type; /* "inmem", "sqlite" */
	bool own_memory; /* nobody but this process can change it: there is no root over it */
	void *state;
	/* 0 found, -ENOENT, or another negative errno. */
	int (*get)(struct store *s, const char *path, struct pool *pool, struct blob *value);
	int (*apply)(struct store *s, const struct change *first);
	/*
	 * Names directly below `folder` ("" or "a/b/"), sorted, those above `after` (or all, when ""), at most `limit`.
	 */
	int (*list)(struct store *s, const char *folder, const char *after, size_t limit, struct pool *pool,
		    struct names *names);
	/* Each entry below `prefix`, in order of path; ends when fn returns non-zero, and returns that. */
	int (*walk)(struct store *s, const char *prefix,
		    int (*fn)(void *context, const char *path, struct blob value), void *context);
	void (*close)(struct store *s);
};

struct store *store_memory(void);
/* The file is made where it is missing. NULL with a message in error[]. */
struct store *store_sqlite(const char *path, char *error, size_t size);

#endif
