/* Long: one small operation after another, timed. `ops NAME [ARGUMENT]` prints nanoseconds for one operation, the least
 * of several batches (what else runs on the machine only adds). Natively and in an enclave the same bytes run. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1UL << 20)
#define BATCHES 15

static const char *argument;
static int fd[2], fd2[2], ep;
static char buffer[65536];
static volatile sig_atomic_t handled;

static void die(const char *what)
{
	perror(what);
	_exit(1);
}

#define need(call) ({ long need_result = (long)(call); if (need_result == -1) die(#call); need_result; })

static uint64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000UL + (uint64_t)t.tv_nsec;
}

/* As compilers write it: the number is loaded by the five bytes before the instruction. */
static void op_getpid(long n)
{
	while (n--)
		__asm__ volatile("mov $39, %%eax\n\tsyscall" : : : "rax", "rcx", "r11", "memory");
}

/* A site without room for a jump: nothing long before it, the target of a branch, code right behind. */
static void op_getpid_tight(long n)
{
	long number = SYS_getpid;

	while (n--)
		__asm__ volatile("jmp 1f\n\t.p2align 6\n1:\tmov %0, %%rax\n\ttest %%rax, %%rax\n\tjz 3f\n"
				 "2:\tsyscall\n\ttest %%eax, %%eax\n\tjs 2b\n3:"
				 :
				 : "r"(number)
				 : "rax", "rcx", "r11", "memory");
}

static void op_clock(long n)
{
	struct timespec t;

	while (n--)
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
}

static void open_argument(void)
{
	fd[0] = (int)need(open(argument, O_RDONLY));
}

static void op_pread(long n)
{
	while (n--)
		need(pread(fd[0], buffer, 4096, (n & 63) * 4096));
}

static void op_open_close(long n)
{
	while (n--)
		close((int)need(open(argument, O_RDONLY)));
}

static void op_stat(long n)
{
	while (n--)
		need(access(argument, R_OK));
}

static void null_open(void)
{
	fd[0] = (int)need(open("/dev/null", O_WRONLY));
}

static void op_write(long n)
{
	while (n--)
		need(write(fd[0], buffer, 64));
}

static void epoll_start(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	uint64_t one = 1;

	fd[0] = (int)need(eventfd(0, 0));
	need(write(fd[0], &one, 8));
	ep = (int)need(epoll_create1(0));
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e));
}

static void op_epoll(long n)
{
	struct epoll_event e[8];

	while (n--)
		need(epoll_wait(ep, e, 8, -1));
}

static void poll_start(void)
{
	need(pipe(fd));
	need(write(fd[1], "", 1));
}

static void op_poll(long n)
{
	struct pollfd p = { .fd = fd[0], .events = POLLIN };

	while (n--)
		need(poll(&p, 1, -1));
}

static void pipe_start(void)
{
	need(pipe(fd));
}

static void op_pipe(long n)
{
	char c = 0;

	while (n--) {
		need(write(fd[1], &c, 1));
		need(read(fd[0], &c, 1));
	}
}

static void event_start(void)
{
	fd[0] = (int)need(eventfd(0, 0));
}

static void op_eventfd(long n)
{
	uint64_t v = 1;

	while (n--) {
		need(write(fd[0], &v, 8));
		need(read(fd[0], &v, 8));
	}
}

/* One byte to another thread and back, over two pipes. */
static void *echo_pipe(void *nothing)
{
	char c;

	while (read(fd[0], &c, 1) == 1)
		need(write(fd2[1], &c, 1));
	return nothing;
}

static void pipe_threads_start(void)
{
	pthread_t t;

	need(pipe(fd));
	need(pipe(fd2));
	need(-pthread_create(&t, NULL, echo_pipe, NULL));
}

static void op_pipe_threads(long n)
{
	char c = 0;

	while (n--) {
		need(write(fd[1], &c, 1));
		need(read(fd2[0], &c, 1));
	}
}

static uint32_t turn;

static void futex_until(uint32_t value)
{
	uint32_t seen;

	while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) != value)
		(void)syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_set(uint32_t value)
{
	__atomic_store_n(&turn, value, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *echo_futex(void *nothing)
{
	for (;;) {
		futex_until(1);
		futex_set(0);
	}
	return nothing;
}

static void futex_start(void)
{
	pthread_t t;

	need(-pthread_create(&t, NULL, echo_futex, NULL));
}

static void op_futex(long n)
{
	while (n--) {
		futex_set(1);
		futex_until(0);
	}
}

static void *nothing_to_do(void *nothing)
{
	return nothing;
}

static void op_thread(long n)
{
	pthread_t t;

	while (n--) {
		need(-pthread_create(&t, NULL, nothing_to_do, NULL));
		need(-pthread_join(t, NULL));
	}
}

static void on_signal(int number)
{
	(void)number;
	handled++;
}

static void signal_start(void)
{
	(void)signal(SIGUSR1, on_signal);
}

static void op_signal(long n)
{
	while (n--)
		need(raise(SIGUSR1));
}

static void op_fork(long n)
{
	while (n--) {
		pid_t child = (pid_t)need(fork());

		if (child == 0)
			_exit(0);
		need(waitpid(child, NULL, 0));
	}
}

/* Threads that take one lock after another: as much sleeping and waking as a program can ask for. */
static struct { pthread_mutex_t lock; long value; char apart[64]; } locks[4] = {
	{ PTHREAD_MUTEX_INITIALIZER, 0, "" }, { PTHREAD_MUTEX_INITIALIZER, 0, "" },
	{ PTHREAD_MUTEX_INITIALIZER, 0, "" }, { PTHREAD_MUTEX_INITIALIZER, 0, "" } };
static long share;

static void *contend(void *seed)
{
	uint64_t x = (uint64_t)seed * 2654435761u + 1;

	for (long i = 0; i < share; i++) {
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		(void)pthread_mutex_lock(&locks[x >> 62].lock);
		for (int k = 0; k < 50; k++)
			__atomic_fetch_add(&locks[x >> 62].value, 1, __ATOMIC_RELAXED);
		(void)pthread_mutex_unlock(&locks[x >> 62].lock);
	}
	return NULL;
}

static void op_contend(long n)
{
	long count = strtol(argument, NULL, 10);
	pthread_t t[64];

	share = n / count + 1;
	for (long i = 0; i < count && i < 64; i++)
		need(-pthread_create(&t[i], NULL, contend, (void *)(i + 1)));
	for (long i = 0; i < count && i < 64; i++)
		need(-pthread_join(t[i], NULL));
}

/* Threads in a ring, each waking the next: every step is a sleep and a wake. */
static uint32_t seats[64];
static long ring_size, laps;

static void *sit(void *seat)
{
	long i = (long)seat;

	for (long lap = 0; lap < laps; lap++) {
		while (!__atomic_load_n(&seats[i], __ATOMIC_ACQUIRE))
			(void)syscall(SYS_futex, &seats[i], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		__atomic_store_n(&seats[i], 0, __ATOMIC_RELEASE);
		__atomic_store_n(&seats[(i + 1) % ring_size], 1, __ATOMIC_RELEASE);
		(void)syscall(SYS_futex, &seats[(i + 1) % ring_size], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	}
	return NULL;
}

static void op_ring(long n)
{
	pthread_t t[64];

	ring_size = strtol(argument, NULL, 10);
	laps = n / ring_size + 1;
	for (long i = 0; i < ring_size; i++)
		seats[i] = i == 0;
	for (long i = 0; i < ring_size; i++)
		need(-pthread_create(&t[i], NULL, sit, (void *)i));
	for (long i = 0; i < ring_size; i++)
		need(-pthread_join(t[i], NULL));
}

static char *map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	(void)madvise(at, size, MADV_NOHUGEPAGE);
	return at;
}

/* Kept, so that each batch gets pages that nobody had before. */
static void op_first_touch(long n)
{
	volatile char *at = map((size_t)n * 4096);

	for (long i = 0; i < n; i++)
		at[i * 4096] = 1;
}

static void op_touch_again(long n)
{
	volatile char *at = map((size_t)n * 4096);

	for (long i = 0; i < n; i++)
		at[i * 4096] = 1;
	need(munmap((void *)(uintptr_t)at, (size_t)n * 4096));
}

static char *memory;

static void steady_start(void)
{
	memory = map(64 * MIB);
	memset(memory, 1, 64 * MIB);
}

static void op_steady(long n)
{
	while (n--)
		for (size_t i = 0; i < 64 * MIB; i += MIB)
			memset(memory + i, (int)n, MIB);
}

#define FAR (1024 * MIB)

static void far_start(void)
{
	memory = map(FAR);
	for (size_t i = 0; i < FAR; i += 4096)
		*(uint64_t *)(memory + i) = i;
}

static void op_far(long n)
{
	uint64_t x = 1, sum = 0;

	while (n--) {
		x = x * 6364136223846793005UL + 1442695040888963407UL + (sum & 1);
		sum += *(uint64_t *)(memory + (x >> 34 << 4) % FAR);
	}
	__asm__ volatile("" : : "r"(sum));
}

static void nothing_first(void)
{
}

static const struct {
	const char *name;
	void (*start)(void), (*run)(long n);
	long n;
} ops[] = {
	{ "getpid", nothing_first, op_getpid, 50000 },
	{ "getpid_tight", nothing_first, op_getpid_tight, 2000 },
	{ "clock_gettime", nothing_first, op_clock, 50000 },
	{ "pread", open_argument, op_pread, 10000 },
	{ "open_close", nothing_first, op_open_close, 3000 },
	{ "access", nothing_first, op_stat, 3000 },
	{ "write_null", null_open, op_write, 20000 },
	{ "epoll_ready", epoll_start, op_epoll, 20000 },
	{ "poll_ready", poll_start, op_poll, 20000 },
	{ "pipe", pipe_start, op_pipe, 20000 },
	{ "eventfd", event_start, op_eventfd, 20000 },
	{ "pipe_threads", pipe_threads_start, op_pipe_threads, 3000 },
	{ "futex", futex_start, op_futex, 5000 },
	{ "thread", nothing_first, op_thread, 300 },
	{ "signal", signal_start, op_signal, 5000 },
	{ "fork", nothing_first, op_fork, 20 },
	{ "contend", nothing_first, op_contend, 40000 },
	{ "ring", nothing_first, op_ring, 5000 },
	{ "first_touch", nothing_first, op_first_touch, 2000 },
	{ "touch_again", nothing_first, op_touch_again, 2000 },
	{ "steady", steady_start, op_steady, 1 },
	{ "random_1g", far_start, op_far, 500000 },
};

int main(int argc, char **argv)
{
	uint64_t best = UINT64_MAX;
	size_t i;

	argument = argc > 2 ? argv[2] : "";
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (argc > 1 && !strcmp(ops[i].name, argv[1]))
			break;
	if (i == sizeof(ops) / sizeof(ops[0])) {
		fprintf(stderr, "usage: ops NAME [ARGUMENT]\n");
		return 2;
	}
	ops[i].start();
	ops[i].run(ops[i].n / 10 + 1);
	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t from = now(), took;

		ops[i].run(ops[i].n);
		took = now() - from;
		if (took < best)
			best = took;
	}
	printf("%.1f\n", (double)best / (double)ops[i].n);
	(void)fflush(stdout);
	_exit(0);
}
