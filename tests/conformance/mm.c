/*
 * What programs expect of memory mappings. Prints TAP. It runs natively first: then the expectations are Linux's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int failed;
#define CHECK(what) check(what, #what, __LINE__)

static void check(int holds, const char *what, int line)
{
	if (holds)
		return;
	failed++;
	printf("# line %d: %s does not hold (errno %d)\n", line, what, errno);
}

/* --- faults as signals --- */

static sigjmp_buf fault_back;
static volatile int fault_signal, fault_code;
static void *volatile fault_address;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = signal;
	fault_code = info->si_code;
	fault_address = info->si_addr;
	siglongjmp(fault_back, 1);
}

enum access { READ, WRITE, RUN };

static int faults(volatile char *at, enum access access, int signal, int code)
{
	fault_signal = 0;
	if (!sigsetjmp(fault_back, 1)) {
		if (access == RUN)
			((void (*)(void))(unsigned long)at)();
		else if (access == WRITE)
			*at = 1;
		else
			(void)*at;
	}
	return fault_signal == signal && fault_code == code && fault_address == (void *)(unsigned long)at;
}

static char *map(long pages, int prot)
{
	char *at = mmap(NULL, (size_t)(pages * PAGE), prot, ANON, -1, 0);

	CHECK(at != MAP_FAILED);
	return at;
}

static void test_protect(void)
{
	char *m = map(64, RW);
	unsigned char vec[64];

	memset(m, 7, 64 * PAGE);
	CHECK(!mprotect(m + 8 * PAGE, 8 * PAGE, PROT_READ));
	CHECK(faults(m + 8 * PAGE, WRITE, SIGSEGV, SEGV_ACCERR));
	CHECK(m[8 * PAGE] == 7);
	CHECK(!mprotect(m + 8 * PAGE, 8 * PAGE, PROT_NONE));
	CHECK(faults(m + 9 * PAGE, READ, SIGSEGV, SEGV_ACCERR));
	CHECK(!mprotect(m + 8 * PAGE, 8 * PAGE, RW) && m[9 * PAGE] == 7);
	CHECK(!munmap(m + 20 * PAGE, PAGE));
	CHECK(faults(m + 20 * PAGE, WRITE, SIGSEGV, SEGV_MAPERR));
	CHECK(mprotect(m, 64 * PAGE, RW) == -1 && errno == ENOMEM);
	CHECK(mincore(m, 64 * PAGE, vec) == -1 && errno == ENOMEM);
	CHECK(!mincore(m, 20 * PAGE, vec) && vec[0] == 1);
}

static void test_discard(void)
{
	char *m = map(200, RW);

	memset(m, 7, 200 * PAGE);
	CHECK(!madvise(m, PAGE, MADV_DONTNEED) && m[0] == 0 && m[PAGE] == 7);
	CHECK(!madvise(m, 200 * PAGE, MADV_DONTNEED) && m[PAGE] == 0 && m[199 * PAGE] == 0);
	CHECK(!madvise(m, 200 * PAGE, MADV_POPULATE_WRITE));
	CHECK(madvise(m, PAGE, 12345) == -1 && errno == EINVAL);
	/* Memory that comes again is zero. */
	for (int i = 0; i < 50; i++) {
		char *again = map(32, RW);

		for (long page = 0; page < 32; page++) {
			CHECK(again[page * PAGE] == 0);
			again[page * PAGE] = 1;
		}
		CHECK(!munmap(again, 32 * PAGE));
	}
}

static void test_reserve(void)
{
	char *big = mmap(NULL, 64UL << 30, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	CHECK(big != MAP_FAILED && !mprotect(big + (1L << 30), 4 * PAGE, RW));
	big[1L << 30] = 1;
	CHECK(mmap(big, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED && errno == EEXIST);
	CHECK(mmap(big + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) == big + PAGE);
	CHECK(!munmap(big, 64UL << 30));
	CHECK(mmap((void *)0xc000000000, PAGE, RW, ANON, -1, 0) == (void *)0xc000000000);
	CHECK((unsigned long)mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0) < 0x80000000);
}

static void test_remap(void)
{
	char *m = map(64, RW), *r;

	memset(m, 7, 64 * PAGE);
	r = mremap(m, 10 * PAGE, 200 * PAGE, MREMAP_MAYMOVE);
	CHECK(r != MAP_FAILED && r[0] == 7 && r[9 * PAGE] == 7 && r[10 * PAGE] == 0);
	CHECK(r == m || faults(m, WRITE, SIGSEGV, SEGV_MAPERR));
	CHECK(mremap(r, 200 * PAGE, 5 * PAGE, 0) == r);
	CHECK(faults(r + 6 * PAGE, WRITE, SIGSEGV, SEGV_MAPERR));
	CHECK(mremap(m + 40 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, r + PAGE) == r + PAGE);
	CHECK(r[PAGE] == 7 && r[0] == 7);
	CHECK(mremap(r + 1, PAGE, PAGE, 0) == MAP_FAILED && errno == EINVAL);
}

/* Code that is written, run, written again: under W and X at once, and in turns. */
static void test_jit(void)
{
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov $42, %eax; ret */
	char *m = map(1, RW | PROT_EXEC), *w = map(1, RW);

	memcpy(m, code, sizeof(code));
	CHECK(((int (*)(void))(unsigned long)m)() == 42);
	m[1] = 43;
	CHECK(((int (*)(void))(unsigned long)m)() == 43);
	memcpy(w, code, sizeof(code));
	CHECK(faults(w, RUN, SIGSEGV, SEGV_ACCERR));
	CHECK(!mprotect(w, PAGE, RX) && ((int (*)(void))(unsigned long)w)() == 42);
	CHECK(faults(w, WRITE, SIGSEGV, SEGV_ACCERR));
	CHECK(!mprotect(w, PAGE, RW));
	w[1] = 44;
	CHECK(!mprotect(w, PAGE, RX) && ((int (*)(void))(unsigned long)w)() == 44);
	CHECK(!mprotect(w, PAGE, RW | PROT_EXEC));
	w[1] = 45;
	CHECK(((int (*)(void))(unsigned long)w)() == 45);
}

static char file_path[] = "/tmp/adyton-mm-XXXXXX";

static int make_file(void)
{
	char buf[PAGE];
	int fd = mkstemp(file_path);

	CHECK(fd >= 0);
	for (int i = 0; i < 5; i++) {
		ssize_t size = i == 4 ? 100 : PAGE;

		memset(buf, 'a' + i, sizeof(buf));
		CHECK(write(fd, buf, (size_t)size) == size);
	}
	return fd;
}

static char byte_at(int fd, long offset)
{
	char byte = 0;

	CHECK(pread(fd, &byte, 1, offset) == 1);
	return byte;
}

static void test_file(void)
{
	int fd = make_file(), ro = open(file_path, O_RDONLY);
	char *f = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0), *s;

	CHECK(f != MAP_FAILED && f[0] == 'a' && f[PAGE] == 'b' && f[4 * PAGE] == 'e' && f[4 * PAGE + 100] == 0);
	CHECK(faults(f + 5 * PAGE, WRITE, SIGBUS, BUS_ADRERR));
	f[0] = 'Z';
	CHECK(byte_at(fd, 0) == 'a');
	CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0) == MAP_FAILED && errno == EACCES);
	s = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	CHECK(s != MAP_FAILED && s[0] == 'a' && mprotect(s, PAGE, RW) == -1 && errno == EACCES);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 1) == MAP_FAILED && errno == EINVAL);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED && errno == EBADF);
	close(ro);
	close(fd);
}

/* Through the mapping and through the descriptor it is one file. */
static void test_shared(void)
{
	int fd = open(file_path, O_RDWR), mem = memfd_create("adyton-mm", 0);
	char *s = mmap(NULL, 8 * PAGE, RW, MAP_SHARED, fd, 0), *m;

	CHECK(s != MAP_FAILED && s[PAGE] == 'b');
	s[PAGE] = 'Q';
	CHECK(byte_at(fd, PAGE) == 'Q');
	CHECK(pwrite(fd, "R", 1, PAGE + 1) == 1 && s[PAGE + 1] == 'R' && s[PAGE] == 'Q');
	s[2 * PAGE] = 'S';
	CHECK(!msync(s, 8 * PAGE, MS_SYNC) && byte_at(fd, 2 * PAGE) == 'S');
	s[3 * PAGE] = 'T';
	CHECK(!munmap(s, 8 * PAGE) && byte_at(fd, 3 * PAGE) == 'T');
	CHECK(mem >= 0 && !ftruncate(mem, 4 * PAGE));
	m = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, mem, 0);
	CHECK(m != MAP_FAILED);
	m[PAGE] = 9;
	CHECK(byte_at(mem, PAGE) == 9);
	close(mem);
	close(fd);
	unlink(file_path);
}

static void test_brk(void)
{
	char *b = sbrk(0);

	CHECK(sbrk(100 * PAGE) == b);
	b[50 * PAGE] = 1;
	CHECK(sbrk(-100 * PAGE) != (void *)-1);
	CHECK(faults(b + 60 * PAGE, WRITE, SIGSEGV, SEGV_MAPERR));
	CHECK(sbrk(100 * PAGE) == b && b[50 * PAGE] == 0);
}

static void test_bad_pointers(void)
{
	char *m = map(2, RW), byte;
	int fd = open("/dev/zero", O_RDONLY);

	CHECK(!munmap(m + PAGE, PAGE));
	CHECK(open((char *)8, O_RDONLY) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_read, fd, -1L, 10L) == -1 && errno == EFAULT);
	CHECK(syscall(SYS_read, fd, 16L, 10L) == -1 && errno == EFAULT);
	CHECK(read(fd, m, 10) == 10 && read(fd, &byte, 1) == 1);
	memset(m, 'x', PAGE);
	CHECK(open(m, O_RDONLY) == -1 && (errno == EFAULT || errno == ENAMETOOLONG));
	close(fd);
}

static void *count_up(void *at)
{
	volatile char *c = at;

	for (int i = 0; i < 200000; i++)
		c[i % 16 * PAGE]++;
	return NULL;
}

static void *map_and_unmap(void *unused)
{
	for (long i = 0; i < 300; i++) {
		size_t size = (size_t)(PAGE * (1 + i % 40));
		char *m = mmap(NULL, size, RW, ANON, -1, 0);

		if (m == MAP_FAILED)
			return unused;
		for (size_t k = 0; k < size; k += PAGE)
			if (m[k]++)
				return unused;
		if (munmap(m, size))
			return unused;
	}
	return NULL;
}

static void test_threads(void)
{
	char *shared = map(16, RW);
	pthread_t t[4];
	void *result;

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, count_up, shared + i));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_join(t[i], NULL) && shared[i] == (char)(200000 / 16));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, map_and_unmap, shared));
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_join(t[i], &result) && !result);
}

static void test_rest(void)
{
	char *m = map(16, RW);
	int policy = 5;

	CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0) > 0);
	CHECK(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	CHECK(!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	CHECK(!mlock(m, 4 * PAGE) && !munlock(m, 4 * PAGE));
	CHECK(!syscall(SYS_set_mempolicy, 0, NULL, 0));
	CHECK(!syscall(SYS_get_mempolicy, &policy, NULL, 0, NULL, 0) && !policy);
}

#define T(name) { #name, test_##name }
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	T(protect), T(discard), T(reserve), T(remap), T(jit), T(file), T(shared), T(brk), T(bad_pointers), T(threads),
	T(rest),
};
#define TESTS (sizeof(tests) / sizeof(tests[0]))

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int total = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (size_t i = 0; i < TESTS; i++) {
		failed = 0;
		tests[i].run();
		printf("%sok - mm %s %s\n", failed ? "not " : "", argc > 1 ? argv[1] : "", tests[i].name);
		total += failed;
	}
	return total != 0;
}
