/* Paths over tmpfs, host directories and /proc; descriptors; the formats of /proc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "kernel/task/process.h"
#include "tests/unit/kernel_fs/fake.h"

char *mkdtemp(char *template);
int symlink(const char *target, const char *path);
int mkdir(const char *path, uint32_t mode);
int sscanf(const char *text, const char *how, ...);
int snprintf(char *to, size_t size, const char *how, ...);

static char host_directory[] = "/tmp/adyton-fs-XXXXXX";

static long open_path(const char *path, int flags)
{
	return CALL(open, PATH(path), flags, 0644);
}

static void make_file(const char *path, const char *text)
{
	long fd = open_path(path, O_WRONLY | O_CREAT | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(CALL(write, fd, fake_user_string(text), strlen(text)), strlen(text));
	assert_int_equal(CALL(close, fd, 0, 0), 0);
}

static long stat_ino(const char *path)
{
	uint64_t at = fake_user_room(sizeof(struct stat));
	long error = CALL(stat, PATH(path), at, 0);

	return error ? error : (long)((struct stat *)at)->st_ino;
}

static const char *cwd(void)
{
	uint64_t at = fake_user_room(PATH_MAX);

	assert_true(CALL(getcwd, at, PATH_MAX, 0) > 0);
	return (const char *)at;
}

static int setup(void **state)
{
	(void)state;
	fake_user_reset();
	return 0;
}

static void test_dots_and_slashes(void **state)
{
	(void)state;
	assert_int_equal(CALL(mkdir, PATH("/a"), 0755, 0), 0);
	assert_int_equal(CALL(mkdir, PATH("/a/b/"), 0755, 0), 0);
	make_file("/a/b/f", "text");
	assert_string_equal(fake_slurp("//a/./b//../b/f"), "text");
	assert_string_equal(fake_slurp("/../../a/b/f"), "text");
	assert_int_equal(open_path("/a/b/f/", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/a/b/f/.", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/a/b/f/../f", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/a/none/../b/f", O_RDONLY), -ENOENT);
	assert_int_equal(open_path("", O_RDONLY), -ENOENT);
	assert_int_equal(CALL(open, 8, O_RDONLY, 0), -EFAULT);
	assert_int_equal(CALL(mkdir, PATH("/a/b/.."), 0755, 0), -EEXIST);
	assert_int_equal(CALL(rmdir, PATH("/a/."), 0, 0), -EINVAL);
	assert_int_equal(CALL(rmdir, PATH("/a/b/.."), 0, 0), -ENOTEMPTY);
	assert_int_equal(CALL(rmdir, PATH("/"), 0, 0), -EBUSY);
	assert_int_equal(CALL(unlink, PATH("/a/b/f/"), 0, 0), -ENOTDIR);
}

static void test_names_too_long(void **state)
{
	char name[PATH_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[NAME_MAX + 1] = 0;
	assert_int_equal(open_path(name, O_RDONLY), -ENOENT);
	name[NAME_MAX + 1] = 'x';
	name[NAME_MAX + 2] = 0;
	assert_int_equal(open_path(name, O_RDONLY), -ENAMETOOLONG);
	assert_int_equal(open_path(name, O_CREAT | O_WRONLY), -ENAMETOOLONG);
	name[NAME_MAX + 2] = 'x';
	for (size_t i = 0; i < PATH_MAX; i += 2)
		name[i] = '/';
	name[PATH_MAX] = 0;
	assert_int_equal(open_path(name, O_RDONLY), -ENAMETOOLONG);
}

static void test_links(void **state)
{
	(void)state;
	assert_int_equal(CALL(mkdir, PATH("/l"), 0755, 0), 0);
	make_file("/l/f", "linked");
	assert_int_equal(CALL(symlink, PATH("f"), PATH("/l/s"), 0), 0);
	assert_int_equal(CALL(symlink, PATH("/l"), PATH("/l/d"), 0), 0);
	assert_int_equal(CALL(symlink, PATH("loop"), PATH("/l/loop"), 0), 0);
	assert_string_equal(fake_slurp("/l/d/d/d/s"), "linked");
	assert_int_equal(open_path("/l/loop", O_RDONLY), -ELOOP);
	assert_int_equal(open_path("/l/s", O_RDONLY | O_NOFOLLOW), -ELOOP);
	assert_int_equal(open_path("/l/s/", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/l/s", O_CREAT | O_EXCL | O_WRONLY), -EEXIST);
	assert_int_equal(CALL(symlink, PATH("made"), PATH("/l/dangling"), 0), 0);
	make_file("/l/dangling", "through");
	assert_string_equal(fake_slurp("/l/made"), "through");
	assert_int_equal(CALL(chdir, PATH("/l/d/d"), 0, 0), 0);
	assert_string_equal(cwd(), "/l");
	assert_int_equal(CALL(chdir, PATH("/"), 0, 0), 0);
}

static void test_host_and_links_across_mounts(void **state)
{
	char path[100];
	uint64_t before;

	(void)state;
	snprintf(path, sizeof(path), "%s/dir", host_directory);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/to-proc", host_directory);
	assert_int_equal(symlink("/proc", path), 0);
	snprintf(path, sizeof(path), "%s/to-dir", host_directory);
	assert_int_equal(symlink("dir", path), 0);
	snprintf(path, sizeof(path), "%s/dir/up", host_directory);
	assert_int_equal(symlink("../../l/f", path), 0);
	make_file("/host/dir/f", "on the host");
	before = fake_host_calls;
	assert_true(CALL(close, open_path("/host/dir/f", O_RDONLY), 0, 0) == 0);
	assert_int_equal(fake_host_calls - before, 2); /* one to open, one to close */
	assert_string_equal(fake_slurp("/host/to-dir/f"), "on the host");
	before = fake_host_calls;
	assert_true(CALL(close, open_path("/host/to-dir/f", O_RDONLY), 0, 0) == 0);
	assert_int_equal(fake_host_calls - before, 2); /* the link in the mount's root is known by now */
	assert_string_equal(fake_slurp("/host/to-proc/77/comm"), "tester\n");
	assert_string_equal(fake_slurp("/host/dir/up"), "linked"); /* host links mean our tree, not the host's */
	assert_int_equal(open_path("/host/to-dir", O_RDONLY | O_NOFOLLOW), -ELOOP);
	assert_int_equal(open_path("/host/dir/f/x", O_RDONLY), -ENOTDIR);
	assert_int_equal(open_path("/host/none", O_RDONLY), -ENOENT);
	assert_true(stat_ino("/host/dir/..") == stat_ino("/host"));
	assert_true(stat_ino("/host/..") == stat_ino("/"));
	assert_int_equal(CALL(rename, PATH("/host/dir/f"), PATH("/l/x"), 0), -EXDEV);
	assert_int_equal(CALL(link, PATH("/host/dir/f"), PATH("/l/x"), 0), -EXDEV);
	assert_int_equal(CALL(rmdir, PATH("/host"), 0, 0), -EBUSY);
	assert_int_equal(CALL(mkdir, PATH("/host"), 0755, 0), -EEXIST);
	assert_int_equal(CALL(mkdir, PATH("/proc/x"), 0755, 0), -ENOENT);
}

static void test_at_and_cwd(void **state)
{
	long dir = open_path("/host/dir", O_RDONLY | O_DIRECTORY), fd;

	(void)state;
	assert_true(dir >= 0);
	fd = CALL5(openat, dir, PATH("f"), O_RDONLY, 0, 0);
	assert_true(fd >= 0);
	assert_int_equal(CALL5(openat, fd, PATH("f"), O_RDONLY, 0, 0), -ENOTDIR);
	assert_int_equal(CALL5(openat, 50, PATH("f"), O_RDONLY, 0, 0), -EBADF);
	assert_true(CALL(close, CALL5(openat, 50, PATH("/host/dir/f"), O_RDONLY, 0, 0), 0, 0) == 0);
	assert_int_equal(CALL(fchdir, fd, 0, 0), -ENOTDIR);
	assert_int_equal(CALL(fchdir, dir, 0, 0), 0);
	assert_string_equal(cwd(), "/host/dir");
	assert_int_equal(CALL(chdir, PATH("../.."), 0, 0), 0);
	assert_string_equal(cwd(), "/");
	CALL(close, fd, 0, 0);
	CALL(close, dir, 0, 0);
}

static void test_openat2_keeps_below(void **state)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	long dir = open_path("/l", O_RDONLY | O_DIRECTORY), fd;

	(void)state;
	assert_true(CALL(close, CALL5(openat2, dir, PATH("s"), fake_user(&how, sizeof(how)), sizeof(how), 0), 0, 0) ==
		    0);
	assert_int_equal(CALL5(openat2, dir, PATH("../a"), fake_user(&how, sizeof(how)), sizeof(how), 0), -EXDEV);
	assert_int_equal(CALL5(openat2, dir, PATH("d/f"), fake_user(&how, sizeof(how)), sizeof(how), 0), -EXDEV);
	assert_int_equal(CALL5(openat2, dir, PATH("/l/f"), fake_user(&how, sizeof(how)), sizeof(how), 0), -EXDEV);
	how.resolve = RESOLVE_IN_ROOT;
	fd = CALL5(openat2, dir, PATH("/../../f"), fake_user(&how, sizeof(how)), sizeof(how), 0);
	assert_true(fd >= 0);
	CALL(close, fd, 0, 0);
	how.resolve = RESOLVE_NO_SYMLINKS;
	assert_int_equal(CALL5(openat2, dir, PATH("s"), fake_user(&how, sizeof(how)), sizeof(how), 0), -ELOOP);
	how.resolve = 1 << 20;
	assert_int_equal(CALL5(openat2, dir, PATH("s"), fake_user(&how, sizeof(how)), sizeof(how), 0), -EINVAL);
	CALL(close, dir, 0, 0);
}

static void test_descriptors(void **state)
{
	long a = open_path("/l/f", O_RDONLY), b = CALL(dup, a, 0, 0), fds[80];
	int count = 0;

	(void)state;
	assert_int_equal(b, a + 1);
	assert_int_equal(CALL(close, a, 0, 0), 0);
	assert_int_equal(CALL(close, a, 0, 0), -EBADF);
	assert_int_equal(CALL(dup, b, 0, 0), a); /* the lowest free one */
	assert_int_equal(CALL(dup2, b, 63, 0), 63);
	assert_int_equal(CALL(dup2, b, 64, 0), -EBADF);
	assert_int_equal(CALL(dup2, b, b, 0), b);
	assert_int_equal(CALL(dup3, b, b, 0), -EINVAL);
	assert_int_equal(CALL(dup3, b, 60, O_CLOEXEC), 60);
	assert_int_equal(CALL(fcntl, 60, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(CALL(fcntl, 63, F_GETFD, 0), 0);
	assert_int_equal(CALL(fcntl, b, F_DUPFD_CLOEXEC, 30), 30);
	assert_int_equal(CALL(fcntl, b, F_DUPFD, 64), -EINVAL);
	assert_int_equal(CALL(fcntl, b, F_GETFL, 0), O_RDONLY | O_LARGEFILE);
	while (count < 80 && (fds[count] = CALL(dup, b, 0, 0)) >= 0)
		count++;
	assert_int_equal(fds[count], -EMFILE);
	assert_int_equal(CALL(close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), 0);
	assert_int_equal(CALL(fcntl, 63, F_GETFD, 0), FD_CLOEXEC);
	assert_int_equal(CALL(close_range, 5, 4, 0), -EINVAL);
	assert_int_equal(CALL(close_range, 0, ~0U, 0), 0);
	assert_int_equal(CALL(fcntl, b, F_GETFD, 0), -EBADF);
}

static void test_paths_only(void **state)
{
	long fd = open_path("/l/f", O_PATH);
	uint64_t buf = fake_user_room(10);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(CALL(read, fd, buf, 4), -EBADF);
	assert_int_equal(CALL(fchmod, fd, 0600, 0), -EBADF);
	assert_int_equal(CALL(fstat, fd, fake_user_room(sizeof(struct stat)), 0), 0);
	CALL(close, fd, 0, 0);
	fd = open_path("/l/s", O_PATH | O_NOFOLLOW);
	assert_int_equal(CALL5(readlinkat, fd, PATH(""), buf, 10, 0), 1);
	CALL(close, fd, 0, 0);
}

static void test_memfd(void **state)
{
	long fd = CALL(memfd_create, PATH("m"), 2, 0), again;
	uint64_t buf = fake_user_room(PATH_MAX);
	char path[40];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(CALL(write, fd, PATH("abc"), 3), 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%ld", fd);
	assert_int_equal(CALL(readlink, PATH(path), buf, PATH_MAX), 18);
	assert_memory_equal((void *)buf, "/memfd:m (deleted)", 18);
	again = open_path(path, O_RDONLY); /* a description of its own: its position is 0 */
	assert_int_equal(CALL(read, again, buf, 10), 3);
	assert_int_equal(CALL(fcntl, fd, 1033, 4), 0); /* F_SEAL_GROW */
	assert_int_equal(CALL(write, fd, PATH("x"), 1), -EPERM);
	assert_int_equal(CALL(ftruncate, fd, 100, 0), -EPERM);
	assert_int_equal(CALL(ftruncate, fd, 1, 0), 0);
	assert_int_equal(CALL(fcntl, fd, 1034, 0), 4);
	CALL(close, fd, 0, 0);
	CALL(close, again, 0, 0);
}

static void test_record_locks(void **state)
{
	long a = open_path("/l/f", O_RDWR), b = open_path("/l/f", O_RDWR);
	struct flock l = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 }, *out;
	uint64_t at;

	(void)state;
	assert_int_equal(CALL(fcntl, a, F_OFD_SETLK, fake_user(&l, sizeof(l))), 0);
	assert_int_equal(CALL(fcntl, b, F_OFD_SETLK, fake_user(&l, sizeof(l))), -EAGAIN);
	l.l_start = 13;
	l.l_len = 2;
	l.l_type = F_UNLCK; /* a hole in the middle */
	assert_int_equal(CALL(fcntl, a, F_OFD_SETLK, fake_user(&l, sizeof(l))), 0);
	l.l_type = F_WRLCK;
	assert_int_equal(CALL(fcntl, b, F_OFD_SETLK, fake_user(&l, sizeof(l))), 0);
	l.l_start = 0;
	l.l_len = 0;
	at = fake_user(&l, sizeof(l));
	assert_int_equal(CALL(fcntl, b, F_OFD_GETLK, at), 0);
	out = (struct flock *)at;
	assert_int_equal(out->l_type, F_WRLCK);
	assert_int_equal(out->l_start, 10);
	assert_int_equal(out->l_len, 3);
	assert_int_equal(CALL(flock, a, LOCK_EX, 0), 0);
	assert_int_equal(CALL(flock, b, LOCK_SH | LOCK_NB, 0), -EAGAIN);
	assert_int_equal(CALL(flock, b, LOCK_SH, 0), -ERESTARTSYS);
	CALL(close, a, 0, 0); /* the description's locks go */
	assert_int_equal(CALL(flock, b, LOCK_SH | LOCK_NB, 0), 0);
	assert_int_equal(CALL(fcntl, b, F_OFD_SETLK, fake_user(&l, sizeof(l))), 0);
	CALL(close, b, 0, 0);
}

static void test_proc_stat(void **state)
{
	const char *s = fake_slurp("/proc/self/stat");
	int pid, blanks = 0;
	char name[20], run;

	(void)state;
	assert_non_null(s);
	assert_int_equal(sscanf(s, "%d (%19[^)]) %c", &pid, name, &run), 3);
	assert_int_equal(pid, 77);
	assert_string_equal(name, "tester");
	assert_int_equal(run, 'R');
	for (; *s; s++)
		blanks += *s == ' ';
	assert_int_equal(blanks, 51); /* 52 fields: proc(5) */
}

static void test_proc_texts(void **state)
{
	unsigned long from, to, total;
	char access[5];
	const char *s = fake_slurp("/proc/77/maps");

	(void)state;
	assert_int_equal(sscanf(s, "%lx-%lx %4s", &from, &to, access), 3);
	assert_true(from == 0x400000 && to == 0x401000);
	assert_string_equal(access, "r-xp");
	s = strchr(s, '\n') + 1;
	assert_int_equal(strchr(s, '[') - s, 73);
	s = fake_slurp("/proc/thread-self/status");
	assert_memory_equal(s, "Name:\ttester\nUmask:\t022\nState:\tR (running)\n", 43);
	s = fake_slurp("/proc/self/limits");
	assert_int_equal(strchr(s, '\n') - s, 78);
	for (const char *line = s; *line; line = strchr(line, '\n') + 1)
		assert_int_equal(strchr(line, '\n') - line, strchr(s, '\n') - s);
	s = fake_slurp("/proc/meminfo");
	assert_int_equal(sscanf(s, "MemTotal: %lu kB", &total), 1);
	assert_true(total > 1000);
	assert_memory_equal(fake_slurp("/proc/self/mountinfo"), "20 1 0:40 / / rw,relatime - tmpfs tmpfs rw\n"
								"21 20 0:41 / /proc rw,relatime - proc proc rw\n", 87);
	assert_int_equal(open_path("/proc/78/stat", O_RDONLY), -ENOENT);
	assert_int_equal(open_path("/proc/077/stat", O_RDONLY), -ENOENT);
	assert_int_equal(open_path("/proc/self/maps", O_RDWR), -EACCES);
	assert_int_equal(open_path("/proc/self/task/77/comm", O_WRONLY) >= 0, 1);
}

static void test_no_references_are_lost(void **state)
{
	uint64_t live;

	(void)state;
	CALL(close_range, 0, ~0U, 0);
	for (int round = 0; round < 2; round++) {
		live = fake_live;
		make_file("/l/new", "1");
		assert_int_equal(CALL(rename, PATH("/l/new"), PATH("/l/newer"), 0), 0);
		assert_string_equal(fake_slurp("/host/to-proc/self/comm"), "tester\n");
		assert_int_equal(CALL(link, PATH("/l/newer"), PATH("/l/hard"), 0), 0);
		assert_int_equal(CALL(unlink, PATH("/l/newer"), 0, 0), 0);
		assert_int_equal(CALL(unlink, PATH("/l/hard"), 0, 0), 0);
		assert_int_equal(open_path("/l/loop", O_RDONLY), -ELOOP);
	}
	assert_int_equal(fake_live, live);
}

/* RLIMIT_FSIZE, in memory and on the host alike. */
static void test_size_limit(void **state)
{
	static const char *const names[] = { "/limited", "/host/limited" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rlimit *limit = &init_process.limits[RLIMIT_FSIZE];
		long fd = CALL(open, PATH(names[i]), O_RDWR | O_CREAT, 0600);
		uint64_t room = fake_user_room(100);

		assert_true(fd >= 0);
		limit->rlim_cur = 150;
		fake_signal = 0;
		assert_int_equal(CALL(write, fd, room, 100), 100);
		assert_int_equal(CALL(write, fd, room, 100), 50);
		assert_int_equal(fake_signal, 0);
		assert_int_equal(CALL(write, fd, room, 100), -EFBIG);
		assert_int_equal(fake_signal, SIGXFSZ);
		fake_signal = 0;
		assert_int_equal(CALL(ftruncate, fd, 151, 0), -EFBIG);
		assert_int_equal(fake_signal, SIGXFSZ);
		fake_signal = 0;
		assert_int_equal(CALL(ftruncate, fd, 150, 0), 0);
		assert_int_equal(CALL5(pwrite64, fd, room, 100, 149, 0), 1);
		assert_int_equal(fake_signal, 0);
		limit->rlim_cur = RLIM_INFINITY;
		assert_int_equal(CALL5(pwrite64, fd, room, 100, 149, 0), 100);
		assert_int_equal(CALL(close, fd, 0, 0), 0);
		assert_int_equal(CALL(unlink, PATH(names[i]), 0, 0), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_dots_and_slashes, setup),
		cmocka_unit_test_setup(test_names_too_long, setup),
		cmocka_unit_test_setup(test_links, setup),
		cmocka_unit_test_setup(test_host_and_links_across_mounts, setup),
		cmocka_unit_test_setup(test_at_and_cwd, setup),
		cmocka_unit_test_setup(test_openat2_keeps_below, setup),
		cmocka_unit_test_setup(test_descriptors, setup),
		cmocka_unit_test_setup(test_paths_only, setup),
		cmocka_unit_test_setup(test_memfd, setup),
		cmocka_unit_test_setup(test_record_locks, setup),
		cmocka_unit_test_setup(test_proc_stat, setup),
		cmocka_unit_test_setup(test_proc_texts, setup),
		cmocka_unit_test_setup(test_no_references_are_lost, setup),
		cmocka_unit_test_setup(test_size_limit, setup),
	};
	int failed;

	if (!mkdtemp(host_directory))
		return 1;
	fake_start(host_directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return fake_remove_tree(host_directory) || failed;
}
