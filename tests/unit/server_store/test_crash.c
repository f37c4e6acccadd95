/*
 * The store through crashes: at each write, at each half write, with what was not synced lost, and at random moments of
 * many threads. What was acknowledged is there, what was begun is there as a whole or not at all, and the root fits.
 * Then a disk that is full, read-only, or fails to sync: an error, nothing lost, and on it goes.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/barrier_state.h"
#include "tests/unit/server_store/vfs.h"

static const struct secret_key root_key = { { 1, 2, 3 }, SECRET_KEY_MAX };
static const struct blob config = { (const uint8_t *)"{}", 2 };

struct open {
	struct store *store;
	struct barrier *barrier;
	char folder[64], path[96];
};

static int setup(void **state)
{
	struct open *o = calloc(1, sizeof(*o));

	vfs_install();
	vfs_fail(VFS_NONE, 0);
	snprintf(o->folder, sizeof(o->folder), "/tmp/adyton-crash-XXXXXX");
	*state = o;
	if (!mkdtemp(o->folder))
		return 1;
	snprintf(o->path, sizeof(o->path), "%s/store", o->folder);
	return 0;
}

static void store_remove(const struct open *o)
{
	static const char *const files[] = { "", "-wal", "-journal" };
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", o->path, files[i]);
		unlink(path);
	}
}

static int teardown(void **state)
{
	struct open *o = *state;

	store_remove(o);
	assert_int_equal(rmdir(o->folder), 0);
	free(o);
	return 0;
}

/* 0 where the store was never initialised to its end. */
static int open_store(struct open *o)
{
	char error[256] = "";
	int initialized;

	o->store = store_sqlite(o->path, error, sizeof(error));
	if (!o->store) {
		print_error("%s\n", error);
		return -EIO;
	}
	o->barrier = barrier_make(o->store);
	initialized = barrier_initialized(o->barrier);
	if (initialized != 1)
		return initialized;
	return barrier_unseal(o->barrier, &root_key) ? -EBADMSG : 1;
}

static void close_store(struct open *o)
{
	barrier_free(o->barrier);
	o->store->close(o->store);
}

static int init_store(struct open *o)
{
	int err = open_store(o);

	if (err)
		return err;
	err = barrier_init(o->barrier, &root_key);
	if (!err)
		err = barrier_unseal(o->barrier, &root_key);
	return err ? err : barrier_configure(o->barrier, config);
}

#define COMMITS 12
#define KEYS 5

/* Commit n: it is the value of "newest", of its own key, and of nothing else. */
static int write_commit(struct open *o, int n)
{
	char key[16], text[16];
	struct change second = { .path = key, .value = text },
		      first = { .next = &second, .path = "newest", .value = text };

	snprintf(key, sizeof(key), "key/%d", n % KEYS);
	snprintf(text, sizeof(text), "%d", n);
	first.size = second.size = strlen(text);
	return barrier_apply(o->barrier, &first);
}

static int read_number(struct open *o, const char *path)
{
	struct pool pool = { NULL };
	struct blob value;
	int err = barrier_get(o->barrier, path, &pool, &value), n = err == -ENOENT ? 0 : -1;

	if (!err)
		n = (int)strtol((const char *)value.at, NULL, 10);
	pool_close(&pool);
	return n;
}

/* In the child: 'i' once initialised, then the number of each commit that is durable. */
static void work(struct open *o, int acknowledge)
{
	unsigned char byte = 'i';

	if (init_store(o) || write(acknowledge, &byte, 1) != 1)
		_exit(1);
	for (int n = 1; n <= COMMITS; n++) {
		byte = (unsigned char)n;
		if (write_commit(o, n) || write(acknowledge, &byte, 1) != 1)
			_exit(2);
		if (n == COMMITS / 2 && barrier_rotate(o->barrier))
			_exit(3);
	}
	close_store(o);
	_exit(0);
}

/* What the parent saw: -1 nothing, 0 initialised, n commits. Whether the child was killed. */
static int run_child(struct open *o, enum vfs_fault fault, long at, bool *killed)
{
	int ends[2], status = 0, seen = -1;
	unsigned char byte;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(ends[0]);
		vfs_fail(fault, at);
		work(o, ends[1]);
	}
	close(ends[1]);
	while (read(ends[0], &byte, 1) == 1)
		seen = byte == 'i' && seen < 0 ? 0 : byte;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	*killed = WIFSIGNALED(status);
	assert_true(*killed || !WEXITSTATUS(status));
	return seen;
}

static void check_after(struct open *o, int seen)
{
	int state = open_store(o), newest;

	assert_true(state >= 0);
	assert_true(seen < 0 || state == 1);
	if (state == 1) {
		newest = read_number(o, "newest");
		assert_true(newest == (seen < 0 ? 0 : seen) || newest == seen + 1);
		for (int k = 0; k < KEYS; k++) {
			char key[16];
			int expected = newest - (newest - k + KEYS) % KEYS;

			snprintf(key, sizeof(key), "key/%d", k);
			assert_int_equal(read_number(o, key), expected > 0 ? expected : 0);
		}
		assert_int_equal(barrier_check(o->barrier, SIZE_MAX), 0);
		assert_int_equal(write_commit(o, newest + 1), 0);
		assert_int_equal(read_number(o, "newest"), newest + 1);
	}
	close_store(o);
}

static void crash_everywhere(struct open *o, enum vfs_fault fault)
{
	bool killed = true;
	long at;

	for (at = 1; killed && at < 5000; at++) {
		int seen = run_child(o, fault, at, &killed);

		check_after(o, seen);
		store_remove(o);
	}
	assert_true(at > 50);
	assert_false(killed);
	print_message("%ld places\n", at - 2);
}

static void test_kill(void **state)
{
	crash_everywhere(*state, VFS_KILL);
}

static void test_kill_torn(void **state)
{
	crash_everywhere(*state, VFS_KILL_TORN);
}

static void test_power(void **state)
{
	crash_everywhere(*state, VFS_POWER);
}

#define THREADS 6
#define ROUNDS 25

struct writer {
	struct open *o;
	int number, acknowledge;
};

static void *write_on(void *argument)
{
	struct writer *w = argument;

	for (int n = 1;; n++) {
		char path[24], text[16];
		struct change c = { .path = path, .value = text };
		int message[2] = { w->number, n };

		snprintf(path, sizeof(path), "thread/%d", w->number);
		snprintf(text, sizeof(text), "%d", n);
		c.size = strlen(text);
		if (barrier_apply(w->o->barrier, &c) ||
		    write(w->acknowledge, message, sizeof(message)) != sizeof(message))
			_exit(1);
	}
	return NULL;
}

/* The child writes until it is killed; a few rounds on the same store. */
static void test_random_moments(void **state)
{
	struct open *o = *state;
	int last[THREADS] = { 0 };
	unsigned int seed = 99;

	assert_int_equal(init_store(o), 0);
	close_store(o);
	for (int round = 0; round < ROUNDS; round++) {
		int ends[2], message[2], status;
		pid_t child;

		assert_int_equal(pipe(ends), 0);
		child = fork();
		if (!child) {
			struct writer writers[THREADS];
			pthread_t threads[THREADS];

			if (open_store(o) != 1)
				_exit(1);
			for (int i = 0; i < THREADS; i++) {
				writers[i] = (struct writer){ o, i, ends[1] };
				pthread_create(&threads[i], NULL, write_on, &writers[i]);
			}
			for (;;)
				pause();
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], message, sizeof(message)), sizeof(message));
		last[message[0]] = message[1];
		usleep((useconds_t)(rand_r(&seed) % 15000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		while (read(ends[0], message, sizeof(message)) == sizeof(message))
			last[message[0]] = message[1];
		close(ends[0]);
		assert_int_equal(open_store(o), 1);
		for (int i = 0; i < THREADS; i++) {
			char path[24];
			int n;

			snprintf(path, sizeof(path), "thread/%d", i);
			n = read_number(o, path);
			assert_true(n == last[i] || n == last[i] + 1);
			last[i] = 0; /* each round counts from 1 and may be cut before its first */
		}
		assert_int_equal(barrier_check(o->barrier, SIZE_MAX), 0);
		for (int i = 0; i < THREADS; i++) {
			char path[24];
			struct change c = { .path = path };

			snprintf(path, sizeof(path), "thread/%d", i);
			assert_int_equal(barrier_apply(o->barrier, &c), 0);
		}
		close_store(o);
	}
}

static void refuses_and_recovers(struct open *o, enum vfs_fault fault, int expected)
{
	assert_int_equal(init_store(o), 0);
	for (int n = 1; n <= 20; n++) {
		int err;

		assert_int_equal(write_commit(o, 2 * n - 1), 0);
		vfs_fail(fault, n % 4 + 1);
		err = write_commit(o, 2 * n);
		assert_true(err == expected || err == 0);
		assert_true(n % 4 || err == expected);
		assert_int_equal(read_number(o, "newest"), err ? 2 * n - 1 : 2 * n);
		vfs_fail(VFS_NONE, 0);
	}
	assert_int_equal(barrier_check(o->barrier, SIZE_MAX), 0);
	assert_int_equal(write_commit(o, 41), 0);
	close_store(o);
	assert_int_equal(open_store(o), 1);
	assert_int_equal(read_number(o, "newest"), 41);
	close_store(o);
}

static void test_disk_full(void **state)
{
	refuses_and_recovers(*state, VFS_FULL, -ENOSPC);
}

static void test_read_only(void **state)
{
	refuses_and_recovers(*state, VFS_READ_ONLY, -EROFS);
}

/* A sync that failed leaves open what is on the disk: the commit is refused, and not seen. */
static void test_sync_fails(void **state)
{
	struct open *o = *state;
	int err;

	assert_int_equal(init_store(o), 0);
	assert_int_equal(write_commit(o, 1), 0);
	vfs_fail(VFS_SYNC_FAILS, 1);
	err = write_commit(o, 2);
	vfs_fail(VFS_NONE, 0);
	assert_true(err < 0);
	assert_int_equal(read_number(o, "newest"), 1);
	assert_int_equal(write_commit(o, 3), 0);
	close_store(o);
	assert_int_equal(open_store(o), 1);
	assert_int_equal(read_number(o, "newest"), 3);
	close_store(o);
}

/* The same with the system's own limit instead of a shim. */
static void test_file_limit(void **state)
{
	struct open *o = *state;
	struct rlimit before, low;
	int err = 0, n;

	assert_int_equal(init_store(o), 0);
	getrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, SIG_IGN);
	low = before;
	low.rlim_cur = 256 << 10;
	setrlimit(RLIMIT_FSIZE, &low);
	for (n = 1; !err && n < 1000; n++)
		err = write_commit(o, n);
	assert_true(err == -EFBIG || err == -ENOSPC || err == -EIO);
	assert_int_equal(read_number(o, "newest"), n - 2);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(write_commit(o, n), 0);
	assert_int_equal(read_number(o, "newest"), n);
	assert_int_equal(barrier_check(o->barrier, SIZE_MAX), 0);
	close_store(o);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kill),      TEST(test_kill_torn), TEST(test_power),      TEST(test_random_moments),
		TEST(test_disk_full), TEST(test_read_only), TEST(test_sync_fails), TEST(test_file_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
