/* tmpfs against the machine's own file system: the same random calls on both must answer the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "tests/unit/kernel_fs/fake.h"

char *mkdtemp(char *template);
int chdir(const char *path);
int snprintf(char *to, size_t size, const char *how, ...);
long syscall(long nr, ...);
int *__errno_location(void);
uint32_t umask(uint32_t mask);

#define ROUNDS 6000
#define FILES 12
#define BUFFER 40000

static char host_directory[] = "/tmp/adyton-tmpfs-XXXXXX";
static uint64_t seed;
static long ours[FILES], theirs[FILES]; /* descriptors of the same files; -1: none */

static uint32_t pick(uint32_t below)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (uint32_t)(seed >> 33) % below;
}

/* A path of up to three of four names, sometimes with dots and slashes that matter. */
static const char *random_path(char to[64])
{
	static const char *const ends[] = { "", "", "", "", "", "", "/", "/.", "/..", "//x" };
	size_t length = 0;

	for (uint32_t i = 0, n = 1 + pick(3); i < n; i++)
		length += (size_t)snprintf(to + length, 64 - length, "%s%c", i ? "/" : "", 'a' + (int)pick(4));
	snprintf(to + length, 64 - length, "%s", ends[pick(10)]);
	return to;
}

static long native(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	long result = syscall(nr, a, b, c, d);

	return result < 0 ? -*__errno_location() : result;
}

/* Both sides with the same program addresses. */
#define BOTH(name, a, b) compare(#name, fake_call(sys_##name, a, b, 0, 0, 0), native(__NR_##name, a, b, 0, 0))

static void compare(const char *what, long our, long their)
{
	if (our != their)
		print_error("%s: %ld here, %ld on the machine\n", what, our, their);
	assert_int_equal(our, their);
}

static void random_open(uint32_t slot)
{
	static const uint32_t flags[] = { O_RDONLY,
					  O_WRONLY,
					  O_RDWR,
					  O_RDWR | O_CREAT,
					  O_WRONLY | O_CREAT | O_EXCL,
					  O_RDWR | O_CREAT | O_TRUNC,
					  O_WRONLY | O_APPEND | O_CREAT,
					  O_RDONLY | O_NOFOLLOW,
					  O_RDONLY | O_DIRECTORY,
					  O_RDWR | O_CREAT | O_NOFOLLOW };
	char path[64];
	uint64_t user = PATH(random_path(path));
	uint32_t f = flags[pick(10)];
	long our, their;

	if (ours[slot] >= 0) {
		CALL(close, ours[slot], 0, 0);
		syscall(__NR_close, theirs[slot]);
	}
	our = CALL(open, user, f, 0644);
	their = native(__NR_open, user, f, 0644, 0);
	ours[slot] = our;
	theirs[slot] = their;
	compare("open", our < 0 ? our : 0, their < 0 ? their : 0);
}

static void random_data(uint32_t slot)
{
	uint64_t a = fake_user_room(BUFFER), b = fake_user_room(BUFFER), size = pick(20000), offset = pick(30000);
	uint32_t what = pick(7);
	long our, their;

	memset((void *)a, (int)pick(256), BUFFER);
	memcpy((void *)b, (void *)a, BUFFER);
#define ON_FILE(name, x, y) \
	our = CALL5(name, ours[slot], a, x, y, 0), their = native(__NR_##name, (uint64_t)theirs[slot], b, x, y)
	switch (what) {
	case 0:
		ON_FILE(read, size, 0);
		break;
	case 1:
		ON_FILE(write, size, 0);
		break;
	case 2:
		ON_FILE(pread64, size, offset);
		break;
	case 3:
		ON_FILE(pwrite64, size, offset);
		break;
	case 4:
		our = CALL(lseek, ours[slot], offset, pick(2));
		their = our < 0 ? native(__NR_lseek, (uint64_t)theirs[slot], offset, SEEK_SET, 0) :
				  native(__NR_lseek, (uint64_t)theirs[slot], (uint64_t)our, SEEK_SET, 0);
		break;
	case 5:
		our = CALL(ftruncate, ours[slot], offset, 0);
		their = native(__NR_ftruncate, (uint64_t)theirs[slot], offset, 0, 0);
		break;
	default:
		our = CALL5(fallocate, ours[slot], 0, offset, size, 0);
		their = native(__NR_fallocate, (uint64_t)theirs[slot], 0, offset, size);
	}
	compare("file operation", our, their);
	assert_memory_equal((void *)a, (void *)b, BUFFER);
}

static void random_stat(uint64_t path)
{
	uint64_t a = fake_user_room(sizeof(struct stat)), b = fake_user_room(sizeof(struct stat));
	long our, their;
	struct stat *x = (struct stat *)a, *y = (struct stat *)b;

	if (pick(2)) {
		our = CALL(stat, path, a, 0);
		their = native(__NR_stat, path, b, 0, 0);
	} else {
		our = CALL(lstat, path, a, 0);
		their = native(__NR_lstat, path, b, 0, 0);
	}
	compare("stat", our, their);
	if (our)
		return;
	assert_int_equal(x->st_mode, y->st_mode);
	if (S_ISDIR(x->st_mode))
		return; /* what a directory's size and link count mean is each file system's own */
	assert_int_equal(x->st_nlink, y->st_nlink);
	assert_int_equal(x->st_size, y->st_size);
}

static void random_name(void)
{
	char first[64], second[64];
	uint64_t p = PATH(random_path(first)), q = PATH(random_path(second));
	uint32_t mode = pick(07777 + 1) | 0700, size = pick(50000);

	switch (pick(12)) {
	case 0:
	case 1:
		BOTH(mkdir, p, 0755);
		break;
	case 2:
		BOTH(rmdir, p, 0);
		break;
	case 3:
		BOTH(unlink, p, 0);
		break;
	case 4:
	case 5:
		BOTH(rename, p, q);
		break;
	case 6:
		BOTH(link, p, q);
		break;
	case 7:
		BOTH(symlink, p, q);
		break;
	case 8:
		BOTH(chmod, p, mode);
		break;
	case 9:
		BOTH(truncate, p, size);
		break;
	case 10:
		BOTH(access, p, R_OK);
		break;
	default:
		random_stat(p);
	}
}

static void test_random_operations(void **state)
{
	(void)state;
	for (int i = 0; i < FILES; i++)
		ours[i] = theirs[i] = -1;
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t slot = pick(FILES);

		fake_user_reset();
		if (pick(4) == 0)
			random_open(slot);
		else if (pick(3) == 0 && ours[slot] >= 0)
			random_data(slot);
		else
			random_name();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_operations) };
	int failed;

	umask(022);
	if (!mkdtemp(host_directory) || chdir(host_directory))
		return 1;
	fake_start(host_directory);
	/* One level down on both sides, so that ".." stays comparable. */
	seed = 20261121;
	CALL(mkdir, PATH("/work"), 0755, 0);
	CALL(chdir, PATH("/work"), 0, 0);
	if (native(__NR_mkdir, PATH("work"), 0755, 0, 0) || chdir("work"))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return fake_remove_tree(host_directory) || failed;
}
