/* The life of a barrier's keys: making, opening, closing, rotating, wrapping anew. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "server/store/barrier_state.h"

/* A small store is looked through as a whole before it serves: some milliseconds. */
#define CHECKED_AT_UNSEAL 4096

/* Both locks, in their order: nothing commits, nothing is read. */
static void barrier_stop(struct barrier *b)
{
	pthread_mutex_lock(&b->commits.running);
	pthread_rwlock_wrlock(&b->lock);
}

static void barrier_go(struct barrier *b)
{
	pthread_rwlock_unlock(&b->lock);
	pthread_mutex_unlock(&b->commits.running);
}

int barrier_config(struct barrier *b, struct pool *pool, struct blob *config)
{
	return b->store->get(b->store, BARRIER_CONFIG, pool, config);
}

int barrier_store(struct barrier *b, struct change *first)
{
	return b->root ? root_commit(b->root, first) : b->store->apply(b->store, first);
}

int barrier_configure(struct barrier *b, struct blob config)
{
	struct change c = { .path = BARRIER_CONFIG, .value = config.at, .size = config.size };
	int err;

	pthread_mutex_lock(&b->commits.running);
	err = b->ring ? barrier_store(b, &c) : -EROFS;
	pthread_mutex_unlock(&b->commits.running);
	return err;
}

int barrier_initialized(struct barrier *b)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct blob value;
	int err;

	pool_init(&pool);
	err = b->store->get(b->store, BARRIER_CONFIG, &pool, &value);
	if (!err)
		err = b->store->get(b->store, BARRIER_RING, &pool, &value);
	return err == -ENOENT ? 0 : err ? err : 1;
}

struct emptying {
	struct pool pool;
	struct change *first;
};

static int emptying_add(void *context, const char *path, struct blob value)
{
	struct emptying *e = context;
	struct change *c = pool_take(&e->pool, sizeof(*c));

	(void)value;
	*c = (struct change){ .next = e->first, .path = pool_text(&e->pool, path) };
	e->first = c;
	return 0;
}

/* What an initialisation left that did not come to its end: a few entries. */
static int barrier_empty(struct barrier *b)
{
	struct emptying e = { .first = NULL };
	int err;

	pool_init(&e.pool);
	err = b->store->walk(b->store, "", emptying_add, &e);
	if (!err && e.first)
		err = b->store->apply(b->store, e.first);
	pool_close(&e.pool);
	return err;
}

static int ring_write_with(struct barrier *b, struct ring *ring, const struct secret_key *root_key, uint64_t ahead,
			   struct change *also)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct change c = { .next = also, .path = BARRIER_RING };
	struct blob wrapped;
	int err;

	pool_init(&pool);
	wrapped = ring_wrap(ring, root_key, ahead, &pool);
	c.value = wrapped.at;
	c.size = wrapped.size;
	err = barrier_store(b, &c);
	if (!err)
		ring_written(ring, ahead);
	return err;
}

int barrier_init(struct barrier *b, const struct secret_key *root_key)
{
	struct ring *ring;
	int err = barrier_initialized(b);

	if (err)
		return err < 0 ? err : -EEXIST;
	err = barrier_empty(b);
	if (err)
		return err;
	ring = ring_make();
	if (!ring)
		return -ENOMEM;
	pthread_mutex_lock(&b->commits.running);
	b->root = b->store->own_memory ? NULL : root_make(b->store, b->anchor, &ring->integrity);
	err = ring_write_with(b, ring, root_key, 0, NULL);
	root_free(b->root);
	b->root = NULL;
	pthread_mutex_unlock(&b->commits.running);
	ring_free(ring);
	return err;
}

/*
 * The root over the store, and that the ring is the one it knows: an older one would lack terms, or count too little.
 */
static int unseal_root(struct barrier *b, const struct ring *ring, struct blob wrapped,
		       const struct barrier_loss *accepted, struct barrier_loss *found, struct root **root)
{
	struct barrier_loss ignored;
	uint8_t tag[ROOT_TAG];
	int err;

	*root = NULL;
	if (b->store->own_memory)
		return 0;
	*root = root_make(b->store, b->anchor, &ring->integrity);
	err = root_open(*root, accepted, found ? found : &ignored);
	root_tag(BARRIER_RING, wrapped.at, wrapped.size, tag);
	if (!err)
		err = root_check(*root, BARRIER_RING, tag);
	if (err) {
		root_free(*root);
		*root = NULL;
	}
	return err;
}

int barrier_unseal(struct barrier *b, const struct secret_key *root_key)
{
	return barrier_unseal_loss(b, root_key, NULL, NULL);
}

int barrier_unseal_loss(struct barrier *b, const struct secret_key *root_key, const struct barrier_loss *accepted,
			struct barrier_loss *found)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct ring *ring = NULL;
	struct root *root = NULL;
	struct blob wrapped;
	int err;

	pool_init(&pool);
	err = b->store->get(b->store, BARRIER_RING, &pool, &wrapped);
	if (!err)
		err = ring_unwrap(wrapped, root_key, &ring);
	if (err)
		return err;
	err = unseal_root(b, ring, wrapped, accepted, found, &root);
	if (err) {
		ring_free(ring);
		return err;
	}
	barrier_stop(b);
	ring_free(b->ring);
	root_free(b->root);
	b->ring = ring;
	b->root = root;
	b->root_key = *root_key;
	barrier_go(b);
	err = barrier_check(b, CHECKED_AT_UNSEAL);
	if (err)
		barrier_seal(b);
	return err;
}

/* The counts are written as they are; if that fails, the next start counts from further ahead. */
void barrier_seal(struct barrier *b)
{
	barrier_stop(b);
	if (b->ring) {
		(void)!ring_write_with(b, b->ring, &b->root_key, 0, NULL);
		ring_free(b->ring);
		root_free(b->root);
		b->ring = NULL;
		b->root = NULL;
		secret_key_wipe(&b->root_key);
	}
	barrier_go(b);
}

bool barrier_is_root_key(const struct barrier *b, const struct secret_key *root_key)
{
	bool same;

	pthread_rwlock_rdlock((pthread_rwlock_t *)&b->lock);
	same = b->ring && mem_equal_secret(root_key->bytes, b->root_key.bytes, SECRET_KEY_MAX);
	pthread_rwlock_unlock((pthread_rwlock_t *)&b->lock);
	return same;
}

int barrier_root_key(const struct barrier *b, struct secret_key *root_key)
{
	int err = -EROFS;

	pthread_rwlock_rdlock((pthread_rwlock_t *)&b->lock);
	if (b->ring) {
		*root_key = b->root_key;
		err = 0;
	}
	pthread_rwlock_unlock((pthread_rwlock_t *)&b->lock);
	return err;
}

int barrier_rekey(struct barrier *b, const struct secret_key *root_key, struct blob config)
{
	struct change c = { .path = BARRIER_CONFIG, .value = config.at, .size = config.size };
	int err = -EROFS;

	barrier_stop(b);
	if (b->ring)
		err = ring_write_with(b, b->ring, root_key, RING_STEP, &c);
	if (!err)
		b->root_key = *root_key;
	barrier_go(b);
	return err;
}

/* The ring with one more term, durable before it is used; with the locks held. */
static int barrier_rotate_held(struct barrier *b)
{
	int err = ring_rotate(b->ring);

	if (err)
		return err;
	err = ring_write_with(b, b->ring, &b->root_key, RING_STEP, NULL);
	if (err)
		ring_drop_newest(b->ring);
	return err;
}

int barrier_rotate(struct barrier *b)
{
	int err;

	barrier_stop(b);
	err = b->ring ? barrier_rotate_held(b) : -EROFS;
	barrier_go(b);
	return err;
}

void barrier_policy(const struct barrier *b, uint64_t *operations, uint64_t *interval, bool *enabled)
{
	struct ring_policy p = { .operations = RING_OPERATIONS_DEFAULT, .enabled = true };

	pthread_rwlock_rdlock((pthread_rwlock_t *)&b->lock);
	if (b->ring)
		p = b->ring->policy;
	pthread_rwlock_unlock((pthread_rwlock_t *)&b->lock);
	*operations = p.operations;
	*interval = p.interval;
	*enabled = p.enabled;
}

int barrier_set_policy(struct barrier *b, uint64_t operations, uint64_t interval, bool enabled)
{
	struct ring_policy before;
	int err = -EROFS;

	barrier_stop(b);
	if (b->ring) {
		before = b->ring->policy;
		b->ring->policy = (struct ring_policy){ operations, interval, enabled };
		err = ring_write_with(b, b->ring, &b->root_key, RING_STEP, NULL);
		if (err)
			b->ring->policy = before;
	}
	barrier_go(b);
	return err;
}

static bool term_is_over(const struct ring *ring)
{
	const struct ring_term *t = ring_newest(ring);
	struct timespec now;

	if (t->used >= RING_OPERATIONS_DEFAULT)
		return true; /* whatever was configured: the bound is the cipher's */
	if (!ring->policy.enabled)
		return false;
	if (t->used >= ring->policy.operations)
		return true;
	clock_gettime(CLOCK_REALTIME, &now);
	return ring->policy.interval && now.tv_sec - t->installed / 1000000000 >= (int64_t)ring->policy.interval;
}

/*
 * What the counts ask for before more is written: another term, or a count further ahead. Half a step before the
 * end, so that what other threads seal meanwhile is counted too. Only the holder of commits.running looks.
 */
static int barrier_upkeep(struct barrier *b)
{
	const struct ring_term *t = ring_newest(b->ring);
	bool over = term_is_over(b->ring), step = t->used + RING_STEP / 2 > t->stored;
	int err = 0;

	if (!over && !step)
		return 0;
	pthread_rwlock_wrlock(&b->lock);
	err = over ? barrier_rotate_held(b) : ring_write_with(b, b->ring, &b->root_key, RING_STEP, NULL);
	pthread_rwlock_unlock(&b->lock);
	return err;
}

int barrier_commit(void *context, struct change *first)
{
	struct barrier *b = context;
	int err = b->ring ? barrier_upkeep(b) : -EROFS;

	return err ? err : barrier_store(b, first);
}
