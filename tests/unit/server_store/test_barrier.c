/* The barrier over a memory store: what it keeps, what it refuses, its keys' life. */
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
	f->store->own_memory = false; /* it plays the host's */
	f->barrier = barrier_make(f->store);
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

static int put(struct fixture *f, const char *path, const char *value)
{
	struct change c = { .path = path, .value = value, .size = value ? strlen(value) : 0 };

	return barrier_apply(f->barrier, &c);
}

static int get(struct fixture *f, const char *path, const char **text)
{
	struct blob value = { NULL, 0 };
	int err = barrier_get(f->barrier, path, &f->pool, &value);

	*text = (const char *)value.at;
	return err;
}

static void assert_holds(struct fixture *f, const char *path, const char *value)
{
	const char *text;

	assert_int_equal(get(f, path, &text), value ? 0 : -ENOENT);
	if (value)
		assert_string_equal(text, value);
}

static void test_keeps(void **state)
{
	struct fixture *f = *state;
	struct names names = { NULL, 0 };

	assert_int_equal(put(f, "secret/a", "one"), 0);
	assert_int_equal(put(f, "secret/b/c", "two"), 0);
	assert_holds(f, "secret/a", "one");
	assert_holds(f, "secret/b/c", "two");
	assert_holds(f, "secret/c", NULL);
	assert_int_equal(put(f, "secret/a", NULL), 0);
	assert_holds(f, "secret/a", NULL);
	assert_int_equal(barrier_list(f->barrier, "", "", 10, &f->pool, &names), 0);
	assert_int_equal(names.count, 1); /* nothing of the barrier's own */
	assert_string_equal(names.at[0], "secret/");
}

static void test_clear_text_does_not_rest(void **state)
{
	struct fixture *f = *state;
	struct blob entry;

	assert_int_equal(put(f, "a", "a secret that nobody may read"), 0);
	assert_int_equal(f->store->get(f->store, "a", &f->pool, &entry), 0);
	assert_null(memmem(entry.at, entry.size, "secret", 6));
	assert_int_equal(entry.size, 29 + RING_ENTRY_EXTRA);
}

static int raw_put(struct fixture *f, const char *path, struct blob entry)
{
	struct change c = { .path = path, .value = entry.at, .size = entry.size };

	return f->store->apply(f->store, &c);
}

/* Every bit of an entry, every cut of it, and its place. */
static void test_changed_entries(void **state)
{
	struct fixture *f = *state;
	struct blob entry;
	const char *text;

	assert_int_equal(put(f, "a", "value"), 0);
	assert_int_equal(f->store->get(f->store, "a", &f->pool, &entry), 0);
	for (size_t bit = 0; bit < 8 * entry.size; bit++) {
		uint8_t *copy = (uint8_t *)pool_copy(&f->pool, (const char *)entry.at, entry.size);

		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(raw_put(f, "a", (struct blob){ copy, entry.size }), 0);
		assert_int_equal(get(f, "a", &text), -EBADMSG);
	}
	for (size_t size = 0; size < entry.size; size++) {
		assert_int_equal(raw_put(f, "a", (struct blob){ entry.at, size }), 0);
		assert_int_equal(get(f, "a", &text), -EBADMSG);
	}
	assert_int_equal(raw_put(f, "b", entry), 0);
	assert_int_equal(get(f, "b", &text), -EBADMSG);
	assert_int_equal(raw_put(f, "a", entry), 0);
	assert_holds(f, "a", "value");
}

static void test_own_paths(void **state)
{
	struct fixture *f = *state;
	const char *text;

	assert_int_equal(put(f, BARRIER_RING, "x"), -EINVAL);
	assert_int_equal(put(f, BARRIER_CONFIG, NULL), -EINVAL);
	assert_int_equal(get(f, BARRIER_RING, &text), -EINVAL);
	assert_int_equal(put(f, "", "x"), -EINVAL);
}

static void test_sealed(void **state)
{
	struct fixture *f = *state;
	struct names names = { NULL, 0 };
	struct secret_key wrong = f->root_key;
	const char *text;

	assert_int_equal(put(f, "a", "1"), 0);
	barrier_seal(f->barrier);
	assert_true(barrier_sealed(f->barrier));
	assert_int_equal(get(f, "a", &text), -EROFS);
	assert_int_equal(put(f, "a", "2"), -EROFS);
	assert_int_equal(barrier_list(f->barrier, "", "", 1, &f->pool, &names), -EROFS);
	assert_int_equal(barrier_rotate(f->barrier), -EROFS);
	wrong.bytes[31] ^= 1;
	assert_int_equal(barrier_unseal(f->barrier, &wrong), -EACCES);
	assert_true(barrier_sealed(f->barrier));
	assert_false(barrier_is_root_key(f->barrier, &f->root_key));
	assert_int_equal(barrier_unseal(f->barrier, &f->root_key), 0);
	assert_true(barrier_is_root_key(f->barrier, &f->root_key));
	assert_false(barrier_is_root_key(f->barrier, &wrong));
	assert_holds(f, "a", "1");
}

static void test_rotate(void **state)
{
	struct fixture *f = *state;
	struct barrier_status status;

	assert_int_equal(put(f, "a", "1"), 0);
	barrier_status(f->barrier, &status);
	assert_int_equal(status.term, 1);
	assert_int_equal(status.encryptions, 1);
	for (uint32_t i = 2; i < 20; i++) {
		assert_int_equal(barrier_rotate(f->barrier), 0);
		assert_int_equal(put(f, pool_printf(&f->pool, "k%u", i), "v"), 0);
		barrier_status(f->barrier, &status);
		assert_int_equal(status.term, i);
	}
	barrier_seal(f->barrier);
	assert_int_equal(barrier_unseal(f->barrier, &f->root_key), 0);
	assert_holds(f, "a", "1");
	for (uint32_t i = 2; i < 20; i++)
		assert_holds(f, pool_printf(&f->pool, "k%u", i), "v");
	barrier_status(f->barrier, &status);
	assert_int_equal(status.encryptions, 1);
}

/* A term ends by itself, and after a crash the count is further ahead, never behind. */
static void test_count(void **state)
{
	struct fixture *f = *state;
	struct barrier_status status;

	assert_int_equal(barrier_set_policy(f->barrier, 100, 0, true), 0);
	for (int i = 0; i < 250; i++)
		assert_int_equal(put(f, "a", "1"), 0);
	barrier_status(f->barrier, &status);
	assert_int_equal(status.term, 3);
	assert_int_equal(barrier_set_policy(f->barrier, RING_OPERATIONS_DEFAULT, 0, true), 0);
	assert_int_equal(barrier_unseal(f->barrier, &f->root_key), 0); /* as after a crash: nothing was written back */
	barrier_status(f->barrier, &status);
	assert_true(status.encryptions >= RING_STEP);
	assert_true(status.encryptions <= 2 * RING_STEP);
}

static void test_rekey(void **state)
{
	struct fixture *f = *state;
	struct secret_key other = f->root_key, now;
	struct blob read;

	other.bytes[0] ^= 0x80;
	assert_int_equal(put(f, "a", "1"), 0);
	assert_int_equal(barrier_rekey(f->barrier, &other, (struct blob){ (const uint8_t *)"new", 3 }), 0);
	assert_int_equal(barrier_root_key(f->barrier, &now), 0);
	assert_memory_equal(now.bytes, other.bytes, SECRET_KEY_MAX);
	barrier_seal(f->barrier);
	assert_int_equal(barrier_unseal(f->barrier, &f->root_key), -EACCES);
	assert_int_equal(barrier_unseal(f->barrier, &other), 0);
	assert_holds(f, "a", "1");
	assert_int_equal(barrier_config(f->barrier, &f->pool, &read), 0);
	assert_int_equal(read.size, 3);
}

static void test_initialized(void **state)
{
	struct fixture *f = *state;
	struct store *store = store_memory();
	struct barrier *b = barrier_make(store);
	struct change junk = { .path = "left/over", .value = "x", .size = 1 };
	struct blob value;

	assert_int_equal(barrier_initialized(f->barrier), 1);
	assert_int_equal(barrier_init(f->barrier, &f->root_key), -EEXIST);
	assert_int_equal(barrier_initialized(b), 0);
	assert_int_equal(barrier_init(b, &f->root_key), 0);
	assert_int_equal(barrier_initialized(b), 0); /* nobody was given its keys yet */
	assert_int_equal(store->apply(store, &junk), 0);
	assert_int_equal(barrier_init(b, &f->root_key), 0);
	assert_int_equal(store->get(store, "left/over", &f->pool, &value), -ENOENT);
	assert_int_equal(barrier_configure(b, config), -EROFS);
	assert_int_equal(barrier_unseal(b, &f->root_key), 0);
	assert_int_equal(barrier_configure(b, config), 0);
	assert_int_equal(barrier_initialized(b), 1);
	barrier_free(b);
	store->close(store);
}

#define THREADS 8
#define ROUNDS 200

struct worker {
	struct fixture *f;
	pthread_t thread;
	int number;
	int failed;
};

static void *work(void *argument)
{
	struct worker *w = argument;
	struct pool pool;

	pool_init(&pool);
	for (int i = 0; i < ROUNDS && !w->failed; i++) {
		const char *path = pool_printf(&pool, "w/%d/%d", w->number, i % 20);
		const char *text = pool_printf(&pool, "%d", i);
		struct change c = { .path = path, .value = text, .size = strlen(text) };
		struct blob value;

		w->failed = barrier_apply(w->f->barrier, &c);
		if (!w->failed)
			w->failed = barrier_get(w->f->barrier, path, &pool, &value);
		if (!w->failed && strcmp((const char *)value.at, text))
			w->failed = -EILSEQ;
		if (i == ROUNDS / 2 && w->number == 0)
			w->failed = barrier_rotate(w->f->barrier);
	}
	pool_close(&pool);
	return NULL;
}

/* What was applied is there when apply returns, whoever leads the commit. */
static void test_threads(void **state)
{
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .f = *state, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].failed, 0);
	}
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_keeps), TEST(test_clear_text_does_not_rest), TEST(test_changed_entries), TEST(test_own_paths),
		TEST(test_sealed), TEST(test_rotate), TEST(test_count), TEST(test_rekey), TEST(test_initialized),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
