/*
 * A store that lives as long as the process: a skip list (Pugh 1990) ordered by path. Levels are drawn with probability
 * 1/4, so 12 of them serve 16 million entries.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/store/store.h"

#define LEVELS 12

struct node {
	uint8_t *value;
	size_t size;
	const char *path; /* behind the links */
	unsigned int levels;
	struct node *next[];
};

struct memory {
	struct store store;
	pthread_rwlock_t lock; /* guards what follows */
	uint64_t random;
	struct node *head;
};

static struct node *node_make(const char *path, unsigned int levels)
{
	size_t links = levels * sizeof(struct node *), text = strlen(path) + 1;
	struct node *n = calloc(1, sizeof(*n) + links + text);

	if (!n)
		return NULL;
	memcpy((char *)n->next + links, path, text);
	n->path = (char *)n->next + links;
	n->levels = levels;
	return n;
}

static void node_free(struct node *n)
{
	free(n->value);
	free(n);
}

/* xorshift64: how the list is balanced is no secret, as its owner sees all of it. */
static unsigned int memory_levels(struct memory *m)
{
	unsigned int levels = 1;

	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	for (uint64_t bits = m->random; levels < LEVELS && !(bits & 3); bits >>= 2)
		levels++;
	return levels;
}

/* The first node whose path is not below `path`; before[] gets the last smaller one of each level. */
static struct node *memory_seek(const struct memory *m, const char *path, struct node *before[LEVELS])
{
	struct node *at = m->head;

	for (int level = LEVELS - 1; level >= 0; level--) {
		while (at->next[level] && strcmp(at->next[level]->path, path) < 0)
			at = at->next[level];
		if (before)
			before[level] = at;
	}
	return at->next[0];
}

static int memory_delete(struct memory *m, const char *path)
{
	struct node *before[LEVELS], *n = memory_seek(m, path, before);

	if (!n || strcmp(n->path, path) != 0)
		return 0;
	for (unsigned int i = 0; i < n->levels; i++)
		before[i]->next[i] = n->next[i];
	node_free(n);
	return 0;
}

static int memory_put(struct memory *m, const char *path, const void *value, size_t size)
{
	struct node *before[LEVELS], *n = memory_seek(m, path, before);
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, value, size);
	if (!n || strcmp(n->path, path) != 0) {
		n = node_make(path, memory_levels(m));
		if (!n) {
			free(copy);
			return -ENOMEM;
		}
		for (unsigned int i = 0; i < n->levels; i++) {
			n->next[i] = before[i]->next[i];
			before[i]->next[i] = n;
		}
	}
	free(n->value);
	n->value = copy;
	n->size = size;
	return 0;
}

static int memory_get(struct store *s, const char *path, struct pool *pool, struct blob *value)
{
	struct memory *m = s->state;
	const struct node *n;

	pthread_rwlock_rdlock(&m->lock);
	n = memory_seek(m, path, NULL);
	if (n && strcmp(n->path, path) != 0)
		n = NULL;
	if (n)
		*value = (struct blob){ (uint8_t *)pool_copy(pool, (char *)n->value, n->size), n->size };
	pthread_rwlock_unlock(&m->lock);
	return n ? 0 : -ENOENT;
}

static int memory_apply(struct store *s, const struct change *first)
{
	struct memory *m = s->state;
	int err = 0;

	pthread_rwlock_wrlock(&m->lock);
	for (const struct change *c = first; c && !err; c = c->next)
		err = c->value ? memory_put(m, c->path, c->value, c->size) : memory_delete(m, c->path);
	pthread_rwlock_unlock(&m->lock);
	/* Half a list may have been applied. As in pool.h: without memory the server ends, and here its data too. */
	if (err)
		abort();
	return 0;
}

static int memory_list(struct store *s, const char *folder, const char *after, size_t limit, struct pool *pool,
		       struct names *names)
{
	struct memory *m = s->state;
	size_t prefix = strlen(folder), found = 0;
	_cleanup_pool_ struct pool scratch = { NULL };
	const struct node *n;

	pool_init(&scratch);
	pthread_rwlock_rdlock(&m->lock);
	n = memory_seek(m, pool_printf(&scratch, "%s%s", folder, after), NULL);
	while (n && found < limit && !strncmp(n->path, folder, prefix)) {
		const char *name = n->path + prefix, *slash = strchr(name, '/');
		const char *own = pool_copy(pool, name, slash ? (size_t)(slash - name) + 1 : strlen(name));

		if (strcmp(own, after) > 0) {
			names_add(pool, names, own);
			found++;
		}
		/* Behind all that a folder holds: the character after '/' is '0'. */
		n = slash ? memory_seek(m, pool_printf(&scratch, "%s%.*s0", folder, (int)(slash - name), name), NULL)
			  : n->next[0];
	}
	pthread_rwlock_unlock(&m->lock);
	return 0;
}

/* The next entry above `path` (or at it), copied, so that fn runs with nothing held. */
static bool memory_next(struct memory *m, const char *path, bool above, struct pool *pool, const char **next,
			struct blob *value)
{
	const struct node *n;

	pthread_rwlock_rdlock(&m->lock);
	n = memory_seek(m, path, NULL);
	if (n && above && !strcmp(n->path, path))
		n = n->next[0];
	if (n) {
		*next = pool_text(pool, n->path);
		*value = (struct blob){ (uint8_t *)pool_copy(pool, (char *)n->value, n->size), n->size };
	}
	pthread_rwlock_unlock(&m->lock);
	return n != NULL;
}

static int memory_walk(struct store *s, const char *prefix,
		       int (*fn)(void *context, const char *path, struct blob value), void *context)
{
	struct pool here, before;
	const char *path = prefix;
	struct blob value;
	int err = 0;

	pool_init(&before);
	for (bool above = false; !err; above = true) {
		pool_init(&here);
		if (memory_next(s->state, path, above, &here, &path, &value) && !strncmp(path, prefix, strlen(prefix)))
			err = fn(context, path, value);
		else
			path = NULL;
		pool_close(&before);
		before = here;
		if (!path)
			break;
	}
	pool_close(&before);
	return err;
}

static void memory_close(struct store *s)
{
	struct memory *m = s->state;

	for (struct node *n = m->head, *next; n; n = next) {
		next = n->next[0];
		node_free(n);
	}
	pthread_rwlock_destroy(&m->lock);
	free(m);
}

struct store *store_memory(void)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->head = node_make("", LEVELS);
	if (!m->head) {
		free(m);
		return NULL;
	}
	random_bytes(&m->random, sizeof(m->random));
	m->random |= 1;
	pthread_rwlock_init(&m->lock, NULL);
	m->store = (struct store){ "inmem", true, m, memory_get, memory_apply, memory_list, memory_walk, memory_close };
	return &m->store;
}
