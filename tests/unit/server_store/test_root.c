/*
 * The root over a store whose owner is the enemy: rows put back, taken away, added, exchanged; the whole store put
 * back; and a store of many entries through several rounds of folding and restarts.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/random.h"
#include "server/store/barrier_state.h"

struct fixture {
	struct store *store;
	struct anchor *anchor;
	struct barrier *barrier;
	struct secret_key root_key;
	struct pool pool;
};

static const struct blob config = { (const uint8_t *)"{}", 2 };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	pool_init(&f->pool);
	f->store = store_memory();
	f->store->own_memory = false;
	f->anchor = anchor_memory();
	f->barrier = barrier_make(f->store);
	barrier_set_anchor(f->barrier, f->anchor);
	f->root_key.size = SECRET_KEY_MAX;
	random_bytes(f->root_key.bytes, SECRET_KEY_MAX);
	*state = f;
	return barrier_init(f->barrier, &f->root_key) || barrier_unseal(f->barrier, &f->root_key) ||
	       barrier_configure(f->barrier, config);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	barrier_free(f->barrier);
	f->store->close(f->store);
	pool_close(&f->pool);
	free(f);
	return 0;
}

static void put(struct fixture *f, const char *path, const char *value)
{
	struct change c = { .path = path, .value = value, .size = value ? strlen(value) : 0 };

	assert_int_equal(barrier_apply(f->barrier, &c), 0);
}

static int get(struct fixture *f, const char *path)
{
	struct blob value;

	return barrier_get(f->barrier, path, &f->pool, &value);
}

static void assert_value(struct fixture *f, const char *path, const char *expected)
{
	struct blob value = { NULL, 0 };

	assert_int_equal(barrier_get(f->barrier, path, &f->pool, &value), expected ? 0 : -ENOENT);
	if (expected)
		assert_string_equal((const char *)value.at, expected);
}

/* -- what the owner of the store does, behind the server's back -- */

static struct blob row_of(struct fixture *f, const char *path)
{
	struct blob value = { NULL, 0 };

	assert_int_equal(f->store->get(f->store, path, &f->pool, &value), 0);
	return value;
}

static void row_set(struct fixture *f, const char *path, struct blob value)
{
	struct change c = { .path = path, .value = value.at, .size = value.size };

	assert_int_equal(f->store->apply(f->store, &c), 0);
}

static void row_delete(struct fixture *f, const char *path)
{
	row_set(f, path, (struct blob){ NULL, 0 });
}

struct copy {
	struct fixture *f;
	struct change *first;
	const char *prefix; /* only what is below it */
};

static int copy_add(void *context, const char *path, struct blob value)
{
	struct copy *copy = context;
	struct change *c = pool_take(&copy->f->pool, sizeof(*c));

	*c = (struct change){ .next = copy->first, .path = pool_text(&copy->f->pool, path),
			      .value = pool_copy(&copy->f->pool, (const char *)value.at, value.size),
			      .size = value.size };
	copy->first = c;
	return 0;
}

static struct copy copy_take(struct fixture *f, const char *prefix)
{
	struct copy copy = { f, NULL, prefix };

	assert_int_equal(f->store->walk(f->store, prefix, copy_add, &copy), 0);
	return copy;
}

static void copy_put_back(struct copy *copy)
{
	struct copy now = copy_take(copy->f, copy->prefix);

	for (struct change *c = now.first; c; c = c->next)
		c->value = NULL;
	assert_int_equal(copy->f->store->apply(copy->f->store, now.first), 0);
	assert_int_equal(copy->f->store->apply(copy->f->store, copy->first), 0);
}

/* As after a crash: another process opens what is there. */
static int reopen(struct fixture *f, const struct barrier_loss *accepted, struct barrier_loss *found)
{
	return barrier_unseal_loss(f->barrier, &f->root_key, accepted, found);
}

static void test_old_row(void **state)
{
	struct fixture *f = *state;
	struct blob old;

	put(f, "a", "old");
	old = row_of(f, "a");
	put(f, "a", "new");
	row_set(f, "a", old);
	assert_int_equal(get(f, "a"), -EBADMSG);
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
}

static void test_deleted_row_comes_back(void **state)
{
	struct fixture *f = *state;
	struct blob old;

	put(f, "a", "secret of a revoked token");
	old = row_of(f, "a");
	put(f, "a", NULL);
	row_set(f, "a", old);
	assert_int_equal(get(f, "a"), -EBADMSG);
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
}

static void test_row_is_gone(void **state)
{
	struct fixture *f = *state;

	put(f, "a", "1");
	put(f, "b", "2");
	row_delete(f, "a");
	assert_int_equal(get(f, "a"), -EBADMSG);
	assert_value(f, "b", "2");
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
}

static void test_exchanged_rows(void **state)
{
	struct fixture *f = *state;
	struct blob a, b;

	put(f, "a", "1");
	put(f, "b", "2");
	a = row_of(f, "a");
	b = row_of(f, "b");
	row_set(f, "a", b);
	row_set(f, "b", a);
	assert_int_equal(get(f, "a"), -EBADMSG);
	assert_int_equal(get(f, "b"), -EBADMSG);
}

/* An old row together with the old rows of the root: each alone, and all of them, are of another version. */
static void test_old_row_and_log(void **state)
{
	struct fixture *f = *state;
	struct barrier_loss found = { 0, 0 };
	struct copy log, all;

	put(f, "a", "old");
	log = copy_take(f, ROOT_LOG);
	all = copy_take(f, "");
	put(f, "a", "new");
	copy_put_back(&log);
	assert_int_equal(reopen(f, NULL, &found), -ESTALE);
	assert_int_equal(reopen(f, &found, NULL), -EBADMSG); /* the new row is not the old log's */
	copy_put_back(&all);
	assert_int_equal(reopen(f, NULL, NULL), -ESTALE);
}

/* Whoever changes, cuts or drops any row of the root's own: nothing opens. */
static void test_changed_log(void **state)
{
	struct fixture *f = *state;
	struct copy all;

	for (int i = 0; i < 3; i++)
		put(f, pool_printf(&f->pool, "k%d", i), "v");
	all = copy_take(f, ROOT_LOG);
	for (struct change *c = all.first; c; c = c->next) {
		for (size_t i = 0; i < c->size; i++) {
			uint8_t *changed = (uint8_t *)pool_copy(&f->pool, c->value, c->size);

			changed[i] ^= 0x10;
			row_set(f, c->path, (struct blob){ changed, c->size });
			assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
		}
		row_set(f, c->path, (struct blob){ c->value, c->size - 1 });
		assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
		row_delete(f, c->path);
		/* The last one missing is an older version, any other a hole. */
		assert_true(reopen(f, NULL, NULL) < 0);
		row_set(f, c->path, (struct blob){ c->value, c->size });
	}
	assert_int_equal(reopen(f, NULL, NULL), 0);
	copy_take(f, "");
	for (struct change *c = all.first; c; c = c->next)
		row_delete(f, c->path);
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG); /* no root at all is no new store */
}

static void test_old_ring(void **state)
{
	struct fixture *f = *state;
	struct blob ring = row_of(f, BARRIER_RING);

	assert_int_equal(barrier_rotate(f->barrier), 0);
	row_set(f, BARRIER_RING, ring);
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
}

static void test_whole_store_back(void **state)
{
	struct fixture *f = *state;
	struct barrier_loss found = { 0, 0 }, other;
	struct copy all;

	put(f, "a", "1");
	all = copy_take(f, "");
	put(f, "a", "2");
	put(f, "a", "3");
	copy_put_back(&all);
	assert_int_equal(reopen(f, NULL, &found), -ESTALE);
	assert_int_equal(found.anchor, found.store + 2);
	other = found;
	other.anchor--;
	assert_int_equal(reopen(f, &other, NULL), -ESTALE); /* not the loss that was accepted */
	assert_int_equal(reopen(f, &found, NULL), 0);
	assert_value(f, "a", "1");
	put(f, "a", "4");
	assert_int_equal(reopen(f, NULL, NULL), 0);
	assert_value(f, "a", "4");
}

/* The crash between the commit and the anchor, and the same one version further. */
static void test_anchor_behind(void **state)
{
	struct fixture *f = *state;
	struct anchor_value one, two;

	put(f, "a", "1");
	assert_int_equal(f->anchor->read(f->anchor, &one), 0);
	put(f, "a", "2");
	assert_int_equal(f->anchor->advance(f->anchor, NULL, &one), 0);
	assert_int_equal(reopen(f, NULL, NULL), 0);
	assert_value(f, "a", "2");
	assert_int_equal(f->anchor->read(f->anchor, &two), 0);
	assert_int_equal(two.version, one.version + 1);
	put(f, "a", "3");
	put(f, "a", "4");
	assert_int_equal(f->anchor->advance(f->anchor, NULL, &two), 0);
	assert_int_equal(reopen(f, NULL, NULL), -ESTALE);
	two.digest[0] ^= 1;
	two.version++;
	assert_int_equal(f->anchor->advance(f->anchor, NULL, &two), 0);
	assert_int_equal(reopen(f, NULL, NULL), -ESTALE); /* one behind, but of another history */
}

static int fails(struct anchor *a, const struct anchor_value *from, const struct anchor_value *to)
{
	(void)a;
	(void)from;
	(void)to;
	return -EIO;
}

static void test_anchor_fails(void **state)
{
	struct fixture *f = *state;
	int (*advance)(struct anchor *a, const struct anchor_value *from, const struct anchor_value *to);
	struct change c = { .path = "a", .value = "2", .size = 1 };

	put(f, "a", "1");
	advance = f->anchor->advance;
	f->anchor->advance = fails;
	assert_int_equal(barrier_apply(f->barrier, &c), -EIO);
	assert_int_equal(barrier_apply(f->barrier, &c), -EIO);
	f->anchor->advance = advance;
	put(f, "a", "3");
	assert_int_equal(reopen(f, NULL, NULL), 0);
	assert_value(f, "a", "3");
}

#define MANY 30000
#define COMMITS 700
#define EACH 80

/* Against a model: random changes, many at once, over several rounds of folding, opened anew now and then. */
static void test_many(void **state)
{
	struct fixture *f = *state;
	static int model[MANY];
	unsigned int seed = 4711;
	struct pool pool;

	memset(model, 0, sizeof(model));
	for (int n = 1; n <= COMMITS; n++) {
		struct change changes[EACH];

		pool_init(&pool);
		for (int i = 0; i < EACH; i++) {
			int key = rand_r(&seed) % MANY;
			bool drop = rand_r(&seed) % 4 == 0;
			const char *text = pool_printf(&pool, "%d", n);

			changes[i] = (struct change){ .next = i + 1 < EACH ? &changes[i + 1] : NULL,
						      .path = pool_printf(&pool, "many/%d", key),
						      .value = drop ? NULL : text, .size = drop ? 0 : strlen(text) };
			model[key] = drop ? 0 : n;
		}
		assert_int_equal(barrier_apply(f->barrier, changes), 0);
		if (n % 100 == 0)
			assert_int_equal(reopen(f, NULL, NULL), 0);
		pool_close(&pool);
	}
	assert_true(f->barrier->root->recent_count <= 3 * ROOT_RECENT);
	assert_true(copy_take(f, ROOT_BUCKET).first != NULL); /* it did come to folding */
	for (int key = 0; key < MANY; key++)
		assert_value(f, pool_printf(&f->pool, "many/%d", key),
			     model[key] ? pool_printf(&f->pool, "%d", model[key]) : NULL);
	assert_int_equal(barrier_check(f->barrier, SIZE_MAX), 0);
}

/* One key for ever: the log does not grow for ever. */
static void test_log_is_pruned(void **state)
{
	struct fixture *f = *state;
	size_t rows = 0;

	for (int i = 0; i < 3 * ROOT_RECENT; i++)
		put(f, "a", "v");
	for (struct change *c = copy_take(f, ROOT_LOG).first; c; c = c->next)
		rows++;
	assert_true(rows < ROOT_RECENT + 100);
	assert_int_equal(reopen(f, NULL, NULL), 0);
	assert_value(f, "a", "v");
}

static void test_changed_buckets(void **state)
{
	struct fixture *f = *state;
	struct copy buckets;
	struct change *c;

	for (int i = 0; i < ROOT_RECENT + 2000; i++)
		put(f, pool_printf(&f->pool, "k/%d", i % 1000), "v");
	buckets = copy_take(f, ROOT_BUCKET);
	c = buckets.first;
	assert_non_null(c);
	assert_int_equal(reopen(f, NULL, NULL), 0);
	row_delete(f, c->path);
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
	row_set(f, c->path, (struct blob){ buckets.first->next->value, buckets.first->next->size });
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
	row_set(f, c->path, (struct blob){ c->value, c->size });
	row_set(f, ROOT_BUCKET "zzzz", (struct blob){ c->value, c->size });
	assert_int_equal(reopen(f, NULL, NULL), -EBADMSG);
	row_delete(f, ROOT_BUCKET "zzzz");
	assert_int_equal(reopen(f, NULL, NULL), 0);
}

struct reader {
	struct fixture *f;
	pthread_t thread;
	int failed;
	_Atomic bool *stop;
};

static void *read_on(void *argument)
{
	struct reader *r = argument;
	unsigned int seed = 1;

	while (!*r->stop && !r->failed) {
		struct pool pool;
		struct blob value;

		pool_init(&pool);
		r->failed = barrier_get(r->f->barrier, pool_printf(&pool, "k/%d", rand_r(&seed) % 50), &pool, &value);
		pool_close(&pool);
	}
	return NULL;
}

/* Reading beside commits never takes what is being written for a forgery. */
static void test_readers(void **state)
{
	struct fixture *f = *state;
	_Atomic bool stop = false;
	struct reader readers[2];

	for (int i = 0; i < 50; i++)
		put(f, pool_printf(&f->pool, "k/%d", i), "0");
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){ .f = f, .stop = &stop };
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
	}
	for (int i = 0; i < 20000; i++) {
		struct pool pool;

		pool_init(&pool);
		put(f, pool_printf(&pool, "k/%d", i % 50), pool_printf(&pool, "%d", i));
		pool_close(&pool);
	}
	stop = true;
	for (int i = 0; i < 2; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(readers[i].failed, 0);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_old_row),
		TEST(test_deleted_row_comes_back),
		TEST(test_row_is_gone),
		TEST(test_exchanged_rows),
		TEST(test_old_row_and_log),
		TEST(test_changed_log),
		TEST(test_old_ring),
		TEST(test_whole_store_back),
		TEST(test_anchor_behind),
		TEST(test_anchor_fails),
		TEST(test_many),
		TEST(test_log_is_pruned),
		TEST(test_changed_buckets),
		TEST(test_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
