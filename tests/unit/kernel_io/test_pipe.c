/* Pipes, eventfd, signalfd, splice: each script is run by Linux first. */
#include "tests/unit/kernel_io/libc.h"
#include <limits.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

static int *open_pipe(int flags)
{
	int *fds = arena(2 * sizeof(int));

	note("pipe2: %ld", CALL(SYS_pipe2, fds, flags));
	return fds;
}

static void close_both(const int *fds)
{
	CALL(SYS_close, fds[0]);
	CALL(SYS_close, fds[1]);
}

static uint8_t *pattern(size_t size, unsigned seed)
{
	uint8_t *p = arena(size);

	for (size_t i = 0; i < size; i++)
		p[i] = (uint8_t)(seed + i * 7 + (i >> 8) * 13);
	return p;
}

static void note_sum(const char *what, const uint8_t *p, long size)
{
	unsigned long sum = 5381;

	for (long i = 0; i < size; i++)
		sum = sum * 33 + p[i];
	note("%s: %ld bytes %lx", what, size, sum);
}

/* Sizes that wrap around the ring again and again, below and above what goes through the stack. */
static void pipe_wraps(void)
{
	int *fds = open_pipe(O_NONBLOCK);
	uint8_t *to = arena(65536);

	for (unsigned i = 1; i < 60; i++) {
		size_t size = i * 97 % 9000 + 1;
		uint8_t *from = pattern(size, i);
		long r = CALL(SYS_write, fds[1], from, size);

		note("write %zu: %ld", size, r);
		r = CALL(SYS_read, fds[0], to, size - size / 3);
		note_sum("read", to, r);
		if (i % 5 == 0) {
			while ((r = CALL(SYS_read, fds[0], to, 65536)) > 0)
				note_sum("drain", to, r);
			note("empty: %ld", r);
		}
	}
	close_both(fds);
}

static void pipe_limits(void)
{
	int *fds = open_pipe(O_NONBLOCK);
	uint8_t *from = pattern(70000, 3), *to = arena(70000);
	int *count = arena(sizeof(int));
	long r;

	note("empty: %ld", CALL(SYS_read, fds[0], to, 10));
	note("nothing: %ld", CALL(SYS_read, fds[0], to, 0));
	note("too much: %ld", CALL(SYS_write, fds[1], from, 70000));
	note("full, atomic: %ld", CALL(SYS_write, fds[1], from, 1));
	note("ioctl: %ld", CALL(SYS_ioctl, fds[0], FIONREAD, count));
	note("held: %d", *count);
	note("one page read: %ld", CALL(SYS_read, fds[0], to, 4096));
	note("atomic fits: %ld", CALL(SYS_write, fds[1], from, PIPE_BUF));
	note("again full: %ld", CALL(SYS_write, fds[1], from, 1));
	r = CALL(SYS_read, fds[0], to, 70000);
	note_sum("all", to, r);
	note("size: %ld", CALL(SYS_fcntl, fds[0], F_GETPIPE_SZ, 0));
	note("set 5000: %ld", CALL(SYS_fcntl, fds[0], F_SETPIPE_SZ, 5000));
	note("set 0: %ld", CALL(SYS_fcntl, fds[0], F_SETPIPE_SZ, 0));
	note("too much for it: %ld", CALL(SYS_write, fds[1], from, 70000));
	note("cannot shrink: %ld", CALL(SYS_fcntl, fds[0], F_SETPIPE_SZ, 4096));
	note("set 131072: %ld", CALL(SYS_fcntl, fds[0], F_SETPIPE_SZ, 131072));
	note("more: %ld", CALL(SYS_write, fds[1], from, 70000));
	note("bad address: %ld", CALL(SYS_write, fds[1], 8, 10));
	note("wrong end: %ld %ld", CALL(SYS_write, fds[0], from, 1), CALL(SYS_read, fds[1], to, 1));
	close_both(fds);
	note("bad flags: %ld", CALL(SYS_pipe2, fds, 1));
	note("bad place: %ld", CALL(SYS_pipe2, 8, 0));
}

static void pipe_ends(void)
{
	int *fds = open_pipe(0);
	uint8_t *from = pattern(100, 1), *to = arena(200);
	struct pollfd *p = arena(2 * sizeof(*p));

	note("write: %ld", CALL(SYS_write, fds[1], from, 100));
	CALL(SYS_close, fds[1]);
	p[0] = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	note("poll: %ld %x", CALL(SYS_poll, p, 1, 0), p[0].revents);
	note("rest: %ld", CALL(SYS_read, fds[0], to, 200));
	note("end: %ld", CALL(SYS_read, fds[0], to, 200));
	note("poll: %ld %x", CALL(SYS_poll, p, 1, 0), p[0].revents);
	CALL(SYS_close, fds[0]);
	fds = open_pipe(0);
	CALL(SYS_close, fds[0]);
	note("broken: %ld", CALL(SYS_write, fds[1], from, 1));
	note("broken, nothing: %ld", CALL(SYS_write, fds[1], from, 0));
	p[0] = (struct pollfd){ .fd = fds[1], .events = POLLOUT };
	note("poll: %ld %x", CALL(SYS_poll, p, 1, 0), p[0].revents);
	CALL(SYS_close, fds[1]);
}

static void pump(void *data)
{
	int *fds = data;
	uint8_t *from = (uint8_t *)fds + 64;

	CALL(SYS_write, fds[1], from, 300000);
	CALL(SYS_close, fds[1]);
}

/* A blocking writer against a reader that comes late, in pieces of another size. */
static void pipe_blocks(void)
{
	int *fds = arena(64 + 300000);
	uint8_t *all = arena(300000);
	struct world_thread *t;
	long r, have = 0;

	for (int i = 0; i < 300000; i++)
		((uint8_t *)fds)[64 + i] = (uint8_t)(i * 31 + i / 1000);
	note("pipe: %ld", CALL(SYS_pipe2, fds, 0));
	t = world_thread_start(pump, fds);
	world_sleep_ms(20);
	while ((r = CALL(SYS_read, fds[0], all + have, have % 3 ? 7001 : 100)) > 0)
		have += r;
	world_thread_join(t);
	note("last: %ld", r);
	note_sum("all", all, have);
	CALL(SYS_close, fds[0]);
}

/* Many writers of small records: each comes out whole. */
static void writer(void *data)
{
	int *fds = data;
	uint8_t *record = (uint8_t *)fds + 64;

	for (int i = 0; i < 50; i++)
		CALL(SYS_write, fds[1], record, 3000);
}

static void pipe_atomic(void)
{
	int *areas[3], fds[2];
	struct world_thread *t[3];
	uint8_t *record = arena(3000);
	int *first = arena(8);
	int broken = 0;

	CALL(SYS_pipe2, first, 0);
	memcpy(fds, first, sizeof(fds));
	for (int k = 0; k < 3; k++) {
		areas[k] = arena(64 + 3000);
		memcpy(areas[k], fds, sizeof(fds));
		memset((uint8_t *)areas[k] + 64, 'a' + k, 3000);
		t[k] = world_thread_start(writer, areas[k]);
	}
	for (int i = 0; i < 150; i++) {
		long have = 0;

		while (have < 3000)
			have += CALL(SYS_read, fds[0], record + have, 3000 - have);
		for (int k = 1; k < 3000; k++)
			broken += record[k] != record[0];
	}
	for (int k = 0; k < 3; k++)
		world_thread_join(t[k]);
	note("broken: %d", broken);
	CALL(SYS_close, fds[0]);
	CALL(SYS_close, fds[1]);
}

static long ef_read(int fd, uint64_t *value)
{
	return CALL(SYS_read, fd, value, 8);
}

static long ef_write(int fd, uint64_t *value, uint64_t what)
{
	*value = what;
	return CALL(SYS_write, fd, value, 8);
}

static void eventfds(void)
{
	uint64_t *v = arena(8);
	struct pollfd *p = arena(sizeof(*p));
	int fd = note_fd("eventfd", CALL(SYS_eventfd2, 3, EFD_NONBLOCK));

	p->fd = fd;
	p->events = POLLIN | POLLOUT;
	note("poll: %ld %x", CALL(SYS_poll, p, 1, 0), p->revents);
	note("read: %ld", ef_read(fd, v));
	note("was %lu", *v);
	note("read: %ld", ef_read(fd, v));
	note("short: %ld", CALL(SYS_read, fd, v, 4));
	note("write: %ld", ef_write(fd, v, 5));
	note("never: %ld", ef_write(fd, v, ~0UL));
	note("overflow: %ld", ef_write(fd, v, ~0UL - 5));
	note("full: %ld", ef_write(fd, v, ~0UL - 6));
	note("poll: %ld %x", CALL(SYS_poll, p, 1, 0), p->revents);
	note("full: %ld", ef_write(fd, v, 1));
	note("read: %ld", ef_read(fd, v));
	note("was %lx", *v);
	CALL(SYS_close, fd);
	fd = note_fd("semaphore", CALL(SYS_eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK));
	for (int i = 0; i < 3; i++) {
		*v = 0;
		note("read: %ld", ef_read(fd, v));
		note("was %lu", *v);
	}
	CALL(SYS_close, fd);
	note("bad flags: %ld", CALL(SYS_eventfd2, 0, 2));
}

struct pair {
	int a, b;
};

static void echo(void *data)
{
	struct pair *p = data;
	uint64_t *v = (uint64_t *)(p + 1);

	for (int i = 0; i < 200; i++) {
		ef_read(p->a, v);
		ef_write(p->b, v + 1, *v + 1);
	}
}

static void eventfd_ping_pong(void)
{
	struct pair *p = arena(64);
	uint64_t *v = arena(16), sum = 0;
	struct world_thread *t;

	p->a = (int)CALL(SYS_eventfd2, 0, 0);
	p->b = (int)CALL(SYS_eventfd2, 0, 0);
	t = world_thread_start(echo, p);
	for (int i = 0; i < 200; i++) {
		ef_write(p->a, v, (uint64_t)i + 1);
		ef_read(p->b, v + 1);
		sum += v[1];
	}
	world_thread_join(t);
	note("sum %lu", sum);
	CALL(SYS_close, p->a);
	CALL(SYS_close, p->b);
}

static void splices(void)
{
	int *a = open_pipe(O_NONBLOCK), *b = open_pipe(O_NONBLOCK);
	uint8_t *from = pattern(5000, 9), *to = arena(9000);
	struct iovec *v = arena(2 * sizeof(*v));
	long r;

	note("write: %ld", CALL(SYS_write, a[1], from, 5000));
	note("tee: %ld", CALL(SYS_tee, a[0], b[1], 3000, 0));
	note("splice: %ld", CALL(SYS_splice, a[0], 0, b[1], 0, 4000, 0));
	r = CALL(SYS_read, b[0], to, 9000);
	note_sum("b", to, r);
	r = CALL(SYS_read, a[0], to, 9000);
	note_sum("a", to, r);
	note("empty: %ld", CALL(SYS_splice, a[0], 0, b[1], 0, 10, SPLICE_F_NONBLOCK));
	note("itself: %ld", CALL(SYS_splice, a[0], 0, a[1], 0, 10, 0));
	v[0] = (struct iovec){ from, 100 };
	v[1] = (struct iovec){ from + 200, 300 };
	note("vmsplice: %ld", CALL(SYS_vmsplice, a[1], v, 2, 0));
	r = CALL(SYS_read, a[0], to, 9000);
	note_sum("a", to, r);
	CALL(SYS_close, a[1]);
	note("end: %ld", CALL(SYS_splice, a[0], 0, b[1], 0, 10, 0));
	CALL(SYS_close, a[0]);
	close_both(b);
}

static void test_wraps(void **state)
{
	(void)state;
	both(pipe_wraps);
}

static void test_limits(void **state)
{
	(void)state;
	both(pipe_limits);
}

static void test_ends(void **state)
{
	(void)state;
	both(pipe_ends);
}

static void test_blocks(void **state)
{
	(void)state;
	both(pipe_blocks);
	both(pipe_atomic);
}

static void test_eventfd(void **state)
{
	(void)state;
	both(eventfds);
	both(eventfd_ping_pong);
}

static void test_splice(void **state)
{
	(void)state;
	both(splices);
}

/* The promise: one byte there and back never leaves the enclave. And nothing is left over. */
static void quiet(void)
{
	int *fds = arena(8);
	uint8_t *byte = arena(1);

	CALL(SYS_pipe2, fds, 0);
	for (int i = 0; i < 100; i++) {
		CALL(SYS_write, fds[1], byte, 1);
		CALL(SYS_read, fds[0], byte, 1);
	}
	close_both(fds);
}

static void test_quiet(void **state)
{
	unsigned long before = inside_host_calls();
	long live;

	(void)state;
	both(quiet);
	assert_int_equal(inside_host_calls(), before);
	live = inside_heap_live();
	both(quiet);
	assert_int_equal(inside_heap_live(), live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wraps),	cmocka_unit_test(test_limits),	cmocka_unit_test(test_ends),
		cmocka_unit_test(test_blocks),	cmocka_unit_test(test_eventfd), cmocka_unit_test(test_splice),
		cmocka_unit_test(test_quiet),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
