/* What every store promises: each test runs with the memory store and with SQLite's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/store.h"

struct fixture {
	struct store *store;
	struct pool pool;
	char folder[64], path[96];
	char error[256];
};

static void fixture_open(struct fixture *f)
{
	f->store = store_sqlite(f->path, f->error, sizeof(f->error));
}

static int setup_memory(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	pool_init(&f->pool);
	f->store = store_memory();
	*state = f;
	return !f->store;
}

static int setup_sqlite(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	pool_init(&f->pool);
	snprintf(f->folder, sizeof(f->folder), "%s", "/tmp/adyton-store-XXXXXX");
	if (!mkdtemp(f->folder))
		return 1;
	snprintf(f->path, sizeof(f->path), "%s/store", f->folder);
	fixture_open(f);
	*state = f;
	return !f->store;
}

static int teardown(void **state)
{
	static const char *const files[] = { "", "-wal", "-journal" };
	struct fixture *f = *state;
	char path[128];

	if (f->store)
		f->store->close(f->store);
	pool_close(&f->pool);
	for (size_t i = 0; f->folder[0] && i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, files[i]);
		unlink(path);
	}
	if (f->folder[0])
		assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static int put(struct fixture *f, const char *path, const char *value)
{
	struct change c = { .path = path, .value = value, .size = value ? strlen(value) : 0 };

	return f->store->apply(f->store, &c);
}

static const char *get(struct fixture *f, const char *path)
{
	struct blob value;
	int err = f->store->get(f->store, path, &f->pool, &value);

	if (err) {
		assert_int_equal(err, -ENOENT);
		return NULL;
	}
	return pool_copy(&f->pool, (const char *)value.at, value.size);
}

static const char *list(struct fixture *f, const char *folder, const char *after, size_t limit)
{
	struct names names = { NULL, 0 };
	const char *all = "";

	assert_int_equal(f->store->list(f->store, folder, after, limit, &f->pool, &names), 0);
	for (size_t i = 0; i < names.count; i++)
		all = pool_printf(&f->pool, "%s%s%s", all, i ? " " : "", names.at[i]);
	return all;
}

static void test_put_get_delete(void **state)
{
	struct fixture *f = *state;

	assert_null(get(f, "a"));
	assert_int_equal(put(f, "a", "1"), 0);
	assert_string_equal(get(f, "a"), "1");
	assert_int_equal(put(f, "a", "longer than before"), 0);
	assert_string_equal(get(f, "a"), "longer than before");
	assert_int_equal(put(f, "a", ""), 0);
	assert_string_equal(get(f, "a"), "");
	assert_int_equal(put(f, "a", NULL), 0);
	assert_null(get(f, "a"));
	assert_int_equal(put(f, "a", NULL), 0);
	assert_null(get(f, "b"));
}

static void test_changes_in_order(void **state)
{
	struct fixture *f = *state;
	struct change last = { .path = "a", .value = "3", .size = 1 };
	struct change second = { .next = &last, .path = "a" };
	struct change first = { .next = &second, .path = "a", .value = "1", .size = 1 };

	assert_int_equal(f->store->apply(f->store, &first), 0);
	assert_string_equal(get(f, "a"), "3");
	last.value = NULL;
	assert_int_equal(f->store->apply(f->store, &first), 0);
	assert_null(get(f, "a"));
}

static void test_list(void **state)
{
	static const char *const paths[] = { "a/b/c", "a/b/d", "a/b", "a/b-", "a/e", "a/b0", "b", "c/x/y/z", "a/" };
	struct fixture *f = *state;

	assert_string_equal(list(f, "", "", 100), "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(put(f, paths[i], "v"), 0);
	assert_string_equal(list(f, "", "", 100), "a/ b c/");
	assert_string_equal(list(f, "", "", 2), "a/ b");
	assert_string_equal(list(f, "", "a/", 2), "b c/");
	assert_string_equal(list(f, "", "b", 2), "c/");
	assert_string_equal(list(f, "a/", "", 100), "b b- b/ b0 e");
	assert_string_equal(list(f, "a/", "b-", 100), "b/ b0 e");
	assert_string_equal(list(f, "a/", "b/", 1), "b0");
	assert_string_equal(list(f, "a/b/", "", 100), "c d");
	assert_string_equal(list(f, "c/", "", 100), "x/");
	assert_string_equal(list(f, "d/", "", 100), "");
	assert_string_equal(list(f, "a/b/c/", "", 100), "");
}

static int note(void *context, const char *path, struct blob value)
{
	struct fixture *f = context;

	snprintf(f->error + strlen(f->error), sizeof(f->error) - strlen(f->error), "%s=%.*s ", path, (int)value.size,
		 (const char *)value.at);
	return strcmp(path, "stop") ? 0 : 7;
}

static void test_walk(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(put(f, "a/b", "1"), 0);
	assert_int_equal(put(f, "a/b/c", "2"), 0);
	assert_int_equal(put(f, "a/b0", "3"), 0);
	assert_int_equal(put(f, "stop", "4"), 0);
	assert_int_equal(put(f, "z", "5"), 0);
	f->error[0] = 0;
	assert_int_equal(f->store->walk(f->store, "a/b/", note, f), 0);
	assert_string_equal(f->error, "a/b/c=2 ");
	f->error[0] = 0;
	assert_int_equal(f->store->walk(f->store, "a/b", note, f), 0);
	assert_string_equal(f->error, "a/b=1 a/b/c=2 a/b0=3 ");
	f->error[0] = 0;
	assert_int_equal(f->store->walk(f->store, "", note, f), 7);
	assert_string_equal(f->error, "a/b=1 a/b/c=2 a/b0=3 stop=4 ");
}

static int count_and_delete(void *context, const char *path, struct blob value)
{
	struct fixture *f = context;

	assert_int_equal(value.size, strlen(path));
	assert_int_equal(put(f, path, NULL), 0);
	f->error[0]++;
	return 0;
}

/* More than one chunk, in order, and the store may be used and changed meanwhile. */
static void test_walk_changes(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 200; i++) {
		const char *path = pool_printf(&f->pool, "many/%03d", i);

		assert_int_equal(put(f, path, path), 0);
	}
	memset(f->error, 0, sizeof(f->error));
	assert_int_equal(f->store->walk(f->store, "many/", count_and_delete, f), 0);
	assert_int_equal((unsigned char)f->error[0], 200);
	assert_string_equal(list(f, "", "", 10), "");
}

static void test_big(void **state)
{
	struct fixture *f = *state;
	size_t size = 3 << 20;
	char *value = malloc(size);
	struct change c = { .path = "big", .value = value, .size = size };
	struct blob read;

	for (size_t i = 0; i < size; i++)
		value[i] = (char)(i * 2654435761u >> 13);
	assert_int_equal(f->store->apply(f->store, &c), 0);
	assert_int_equal(f->store->get(f->store, "big", &f->pool, &read), 0);
	assert_int_equal(read.size, size);
	assert_memory_equal(read.at, value, size);
	free(value);
}

static void test_stays(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 50; i++)
		assert_int_equal(put(f, pool_printf(&f->pool, "k/%d", i), "v"), 0);
	f->store->close(f->store);
	fixture_open(f);
	assert_non_null(f->store);
	assert_string_equal(get(f, "k/49"), "v");
	assert_string_equal(list(f, "", "", 10), "k/");
}

/* SQLite's locks belong to a process: the other one must be another program's run, not a fork alone. */
static void test_one_process(void **state)
{
	struct fixture *f = *state;
	int status = 0;
	pid_t child;

	assert_int_equal(put(f, "a", "1"), 0);
	child = fork();
	if (!child) {
		execl("/proc/self/exe", "test-server-store", f->path, NULL);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 42);
	assert_string_equal(get(f, "a"), "1");
}

/* What the other process of test_one_process does. */
static int open_other(const char *path)
{
	char error[256] = "";
	struct store *other = store_sqlite(path, error, sizeof(error));

	return !other && strstr(error, "another process") ? 42 : 1;
}

static void test_not_a_database(void **state)
{
	struct fixture *f = *state;
	FILE *file;

	f->store->close(f->store);
	file = fopen(f->path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database ", file);
	fclose(file);
	fixture_open(f);
	assert_null(f->store);
	assert_non_null(strstr(f->error, "expected an SQLite database"));
}

static void test_no_folder(void **state)
{
	struct fixture *f = *state;
	char error[256] = "";

	(void)f;
	assert_null(store_sqlite("/nowhere/at/all", error, sizeof(error)));
	assert_string_equal(error, "storage: /nowhere/at/all: No such file or directory");
}

#define BOTH(test) \
	{ #test "/memory", test, setup_memory, teardown, NULL }, { #test "/sqlite", test, setup_sqlite, teardown, NULL }
#define ONLY_SQLITE(test) { #test, test, setup_sqlite, teardown, NULL }

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_put_get_delete), BOTH(test_changes_in_order), BOTH(test_list), BOTH(test_walk),
		BOTH(test_walk_changes), BOTH(test_big), ONLY_SQLITE(test_stays), ONLY_SQLITE(test_one_process),
		ONLY_SQLITE(test_not_a_database), ONLY_SQLITE(test_no_folder),
	};

	if (argc > 1)
		return open_other(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
