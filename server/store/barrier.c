#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/barrier_state.h"

struct barrier *barrier_make(struct store *store)
{
	struct barrier *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->store = store;
	pthread_rwlock_init(&b->lock, NULL);
	commits_init(&b->commits, barrier_commit, b);
	return b;
}

void barrier_set_anchor(struct barrier *b, struct anchor *anchor)
{
	b->anchor = anchor;
}

void barrier_free(struct barrier *b)
{
	if (!b)
		return;
	barrier_seal(b);
	if (b->anchor)
		b->anchor->close(b->anchor);
	commits_close(&b->commits);
	pthread_rwlock_destroy(&b->lock);
	free(b);
}

bool barrier_sealed(const struct barrier *b)
{
	bool sealed;

	pthread_rwlock_rdlock((pthread_rwlock_t *)&b->lock);
	sealed = !b->ring;
	pthread_rwlock_unlock((pthread_rwlock_t *)&b->lock);
	return sealed;
}

const char *barrier_store_type(const struct barrier *b)
{
	return b->store->type;
}

static bool path_is_own(const char *path)
{
	return path[0] == BARRIER_OWN;
}

/* With the lock. */
static int get_held(struct barrier *b, const char *path, struct pool *pool, struct blob *value)
{
	uint8_t tag[ROOT_TAG];
	int err, bad;

	if (!b->ring)
		return -EROFS;
	err = b->store->get(b->store, path, pool, value);
	if ((err && err != -ENOENT) || !b->root)
		return err ? err : ring_open(b->ring, path, value);
	if (!err)
		root_tag(path, value->at, value->size, tag);
	bad = root_check(b->root, path, err ? NULL : tag);
	return bad ? bad : err ? err : ring_open(b->ring, path, value);
}

/*
 * A commit changes the store before the root in memory: what does not fit is looked at once more with no commit beside.
 */
int barrier_get(struct barrier *b, const char *path, struct pool *pool, struct blob *value)
{
	int err;

	if (path_is_own(path) || !*path)
		return -EINVAL;
	pthread_rwlock_rdlock(&b->lock);
	err = get_held(b, path, pool, value);
	pthread_rwlock_unlock(&b->lock);
	if (err != -EBADMSG)
		return err;
	pthread_mutex_lock(&b->commits.running);
	pthread_rwlock_rdlock(&b->lock);
	err = get_held(b, path, pool, value);
	pthread_rwlock_unlock(&b->lock);
	pthread_mutex_unlock(&b->commits.running);
	return err;
}

/* Sealed copies of a list of changes, in the pool. */
static int changes_seal(struct barrier *b, const struct change *first, struct pool *pool, struct change **sealed)
{
	struct change **end = sealed;

	for (const struct change *c = first; c; c = c->next) {
		struct change *own = pool_take(pool, sizeof(*own));

		if (path_is_own(c->path) || !*c->path)
			return -EINVAL;
		own->path = c->path;
		if (c->value) {
			struct blob entry = ring_seal(b->ring, c->path, (struct blob){ c->value, c->size }, pool);

			own->value = entry.at;
			own->size = entry.size;
		}
		*end = own;
		end = &own->next;
	}
	return 0;
}

int barrier_apply(struct barrier *b, const struct change *first)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct change *sealed = NULL;
	int err;

	pool_init(&pool);
	pthread_rwlock_rdlock(&b->lock);
	err = b->ring ? changes_seal(b, first, &pool, &sealed) : -EROFS;
	pthread_rwlock_unlock(&b->lock);
	return err ? err : commits_apply(&b->commits, sealed);
}

int barrier_list(struct barrier *b, const char *folder, const char *after, size_t limit, struct pool *pool,
		 struct names *names)
{
	if (barrier_sealed(b))
		return -EROFS;
	if (path_is_own(folder))
		return -EINVAL;
	/* The barrier's own entries are below one folder of the top, and first. */
	if (!*folder && strcmp(after, BARRIER_OWN_FOLDER) < 0)
		after = BARRIER_OWN_FOLDER;
	return b->store->list(b->store, folder, after, limit, pool, names);
}

struct walk {
	struct barrier *barrier;
	int (*fn)(void *context, const char *path, struct blob value);
	void *context;
};

/* Under a root, what the walk read is as good as what a read would find when it is what the root says is there now. */
static bool walk_value_stands(struct barrier *b, const char *path, struct pool *pool, struct blob *value)
{
	struct blob copy = { (const uint8_t *)pool_copy(pool, (const char *)value->at, value->size), value->size };
	uint8_t tag[ROOT_TAG];
	bool stands = false;

	pthread_rwlock_rdlock(&b->lock);
	if (b->ring && b->root) {
		root_tag(path, copy.at, copy.size, tag);
		stands = !root_check(b->root, path, tag) && !ring_open(b->ring, path, &copy);
	}
	pthread_rwlock_unlock(&b->lock);
	if (stands)
		*value = copy;
	return stands;
}

static int walk_entry(void *context, const char *path, struct blob value)
{
	struct walk *w = context;
	_cleanup_pool_ struct pool pool = { NULL };
	int err;

	pool_init(&pool);
	if (path_is_own(path))
		return 0;
	if (walk_value_stands(w->barrier, path, &pool, &value))
		return w->fn(w->context, path, value);
	/* It may be older than what is there now; that is read with its checks. */
	err = barrier_get(w->barrier, path, &pool, &value);
	if (err == -ENOENT)
		return 0;
	return err ? err : w->fn(w->context, path, value);
}

int barrier_walk(struct barrier *b, const char *prefix, int (*fn)(void *context, const char *path, struct blob value),
		 void *context)
{
	struct walk w = { b, fn, context };

	if (barrier_sealed(b))
		return -EROFS;
	return path_is_own(prefix) ? -EINVAL : b->store->walk(b->store, prefix, walk_entry, &w);
}

void barrier_status(const struct barrier *b, struct barrier_status *status)
{
	*status = (struct barrier_status){ 0 };
	pthread_rwlock_rdlock((pthread_rwlock_t *)&b->lock);
	if (b->ring) {
		struct ring_term *t = ring_newest(b->ring);

		*status = (struct barrier_status){ t->term, t->installed, t->used };
	}
	pthread_rwlock_unlock((pthread_rwlock_t *)&b->lock);
}
