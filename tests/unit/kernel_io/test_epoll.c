/* epoll, poll and select over objects of the enclave, of the host, and both in one set. */
#include "tests/unit/kernel_io/libc.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

static int make_epoll(void)
{
	return (int)CALL(SYS_epoll_create1, 0);
}

static long ctl(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event *ev = arena(sizeof(*ev));

	ev->events = events;
	ev->data.u64 = data;
	return CALL(SYS_epoll_ctl, ep, op, fd, ev);
}

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return x->data.u64 < y->data.u64 ? -1 : x->data.u64 > y->data.u64;
}

/* What is ready; the order among several is nobody's promise. */
static void note_wait(const char *what, int ep, int max, int timeout)
{
	struct epoll_event *ev = arena((size_t)max * sizeof(*ev));
	long n = CALL(SYS_epoll_wait, ep, ev, max, timeout);

	note("%s: %ld", what, n);
	if (n > 0)
		qsort(ev, (size_t)n, sizeof(*ev), by_data);
	for (long i = 0; i < n; i++)
		note("  %lu: %x", (unsigned long)ev[i].data.u64, ev[i].events);
}

static void put(int fd)
{
	uint64_t *v = arena(8);

	*v = 1;
	note("put: %ld", CALL(SYS_write, fd, v, 8));
}

static void get(int fd)
{
	uint64_t *v = arena(8);

	note("get: %ld", CALL(SYS_read, fd, v, 8));
}

/* What a set is told about one kind of object: eventfds by the enclave, timerfds and TCP by the host. */
static void triggers(void)
{
	int ep = make_epoll(), a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK),
	    b = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK);

	note("add: %ld %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN, 1), ctl(ep, EPOLL_CTL_ADD, b, EPOLLIN | EPOLLET, 2));
	note_wait("nothing", ep, 4, 0);
	put(a);
	put(b);
	note_wait("both", ep, 4, 0);
	note_wait("level again", ep, 4, 0);
	put(b);
	note_wait("edge again", ep, 4, 0);
	get(a);
	note_wait("nothing", ep, 4, 0);
	note("oneshot: %ld", ctl(ep, EPOLL_CTL_MOD, a, EPOLLIN | EPOLLONESHOT, 3));
	put(a);
	note_wait("once", ep, 4, 0);
	note_wait("not twice", ep, 4, 0);
	put(a);
	note_wait("not twice", ep, 4, 0);
	note("again: %ld", ctl(ep, EPOLL_CTL_MOD, a, EPOLLIN | EPOLLONESHOT, 4));
	note_wait("once more", ep, 4, 0);
	note("edge rearmed: %ld", ctl(ep, EPOLL_CTL_MOD, b, EPOLLIN | EPOLLET, 5));
	note_wait("rearmed", ep, 4, 0);
	note("writable: %ld", ctl(ep, EPOLL_CTL_MOD, a, EPOLLOUT | EPOLLIN, 6));
	note_wait("in and out", ep, 4, 0);
	note("del: %ld", ctl(ep, EPOLL_CTL_DEL, a, 0, 0));
	note_wait("one left", ep, 4, 0);
	CALL(SYS_close, a);
	CALL(SYS_close, b);
	note_wait("none left", ep, 4, 0);
	CALL(SYS_close, ep);
}

static void errors(void)
{
	int ep = make_epoll(), a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK), other = make_epoll();
	struct epoll_event *ev = arena(sizeof(*ev));

	note("add: %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN, 1));
	note("again: %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN, 1));
	note("no such: %ld", ctl(ep, EPOLL_CTL_MOD, other, EPOLLIN, 1));
	note("no such: %ld", ctl(ep, EPOLL_CTL_DEL, other, EPOLLIN, 1));
	note("itself: %ld", ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
	note("not one: %ld", ctl(a, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
	note("bad op: %ld", ctl(ep, 9, a, EPOLLIN, 1));
	note("bad fd: %ld", ctl(ep, EPOLL_CTL_ADD, 999, EPOLLIN, 1));
	note("bad ep: %ld", ctl(999, EPOLL_CTL_ADD, a, EPOLLIN, 1));
	note("bad event: %ld", CALL(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, other, 8));
	note("exclusive mod: %ld", ctl(ep, EPOLL_CTL_MOD, a, EPOLLIN | EPOLLEXCLUSIVE, 1));
	note("del: %ld", CALL(SYS_epoll_ctl, ep, EPOLL_CTL_DEL, a, 0));
	note("exclusive oneshot: %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
	note("exclusive: %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN | EPOLLEXCLUSIVE, 1));
	note("then mod: %ld", ctl(ep, EPOLL_CTL_MOD, a, EPOLLIN, 1));
	note("max 0: %ld", CALL(SYS_epoll_wait, ep, ev, 0, 0));
	note("not an epoll: %ld", CALL(SYS_epoll_wait, a, ev, 1, 0));
	note("bad fd: %ld", CALL(SYS_epoll_wait, 999, ev, 1, 0));
	note("create: %ld", CALL(SYS_epoll_create1, 1));
	CALL(SYS_close, a);
	CALL(SYS_close, ep);
	CALL(SYS_close, other);
}

static void nested(void)
{
	int ep[7], a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK), t;
	struct itimerspec *soon = arena(sizeof(*soon));

	for (int i = 0; i < 7; i++)
		ep[i] = make_epoll();
	note("innermost: %ld", ctl(ep[0], EPOLL_CTL_ADD, a, EPOLLIN, 1));
	for (int i = 1; i < 7; i++)
		note("%d in %d: %ld", i - 1, i, ctl(ep[i], EPOLL_CTL_ADD, ep[i - 1], EPOLLIN, 1));
	note("a loop: %ld", ctl(ep[0], EPOLL_CTL_ADD, ep[1], EPOLLIN, 1));
	note_wait("quiet", ep[2], 2, 0);
	put(a);
	note_wait("through two", ep[2], 2, 0);
	note_wait("still", ep[2], 2, 0);
	get(a);
	note_wait("quiet", ep[2], 2, 0);
	t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	note("timer: %ld", ctl(ep[0], EPOLL_CTL_ADD, t, EPOLLIN, 2));
	soon->it_value.tv_nsec = 5000000;
	note("settime: %ld", CALL(SYS_timerfd_settime, t, 0, soon, 0));
	note_wait("the host, through two", ep[2], 2, 2000);
	get(t);
	note_wait("quiet", ep[2], 2, 0);
	CALL(SYS_close, a);
	CALL(SYS_close, t);
	for (int i = 0; i < 7; i++)
		CALL(SYS_close, ep[i]);
}

struct later {
	int fd, ms;
	uint64_t value;
};

static void put_later(void *data)
{
	struct later *l = data;

	world_sleep_ms(l->ms);
	l->value = 1;
	CALL(SYS_write, l->fd, &l->value, 8);
}

static struct world_thread *later(int fd, int ms)
{
	struct later *l = arena(sizeof(*l));

	l->fd = fd;
	l->ms = ms;
	return world_thread_start(put_later, l);
}

/* A thread that waits in the host must see what happens inside, and the other way round. */
static void mixed(void)
{
	int ep = make_epoll(), a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK);
	int t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec *soon = arena(sizeof(*soon));
	struct world_thread *thread;

	note("add: %ld %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN, 1), ctl(ep, EPOLL_CTL_ADD, t, EPOLLIN, 2));
	note_wait("time passes", ep, 4, 20);
	for (int i = 0; i < 3; i++) {
		thread = later(a, 10);
		note_wait("inside", ep, 4, 5000);
		world_thread_join(thread);
		get(a);
		soon->it_value.tv_nsec = 5000000;
		CALL(SYS_timerfd_settime, t, 0, soon, 0);
		note_wait("host", ep, 4, 5000);
		get(t);
		note_wait("quiet", ep, 1, 0);
	}
	put(a);
	CALL(SYS_timerfd_settime, t, 0, soon, 0);
	world_sleep_ms(20);
	note_wait("both", ep, 4, 5000);
	CALL(SYS_close, t);
	note_wait("one left", ep, 4, 0);
	CALL(SYS_close, a);
	CALL(SYS_close, ep);
}

struct adding {
	int ep, fd;
	struct epoll_event ev;
};

static void add_later(void *data)
{
	struct adding *a = data;

	world_sleep_ms(10);
	a->ev.events = EPOLLIN;
	a->ev.data.u64 = 9;
	CALL(SYS_epoll_ctl, a->ep, EPOLL_CTL_ADD, a->fd, &a->ev);
}

/* Members that come while somebody waits: an empty set, then of the other kind. */
static void joins(void)
{
	struct adding *a = arena(sizeof(*a)), *b = arena(sizeof(*b));
	struct itimerspec *soon = arena(sizeof(*soon));
	struct world_thread *t;

	a->ep = b->ep = make_epoll();
	a->fd = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	b->fd = (int)CALL(SYS_eventfd2, 1, EFD_NONBLOCK);
	soon->it_value.tv_nsec = 1;
	CALL(SYS_timerfd_settime, a->fd, 0, soon, 0);
	t = world_thread_start(add_later, a);
	note_wait("a timer came", a->ep, 4, 5000);
	world_thread_join(t);
	get(a->fd);
	t = world_thread_start(add_later, b);
	note_wait("an eventfd came", a->ep, 4, 5000);
	world_thread_join(t);
	CALL(SYS_close, a->fd);
	CALL(SYS_close, b->fd);
	CALL(SYS_close, a->ep);
}

/* One description under two descriptors, and closed while a duplicate stays. */
static void duplicates(void)
{
	int ep = make_epoll(), a = (int)CALL(SYS_eventfd2, 1, EFD_NONBLOCK), b = (int)CALL(SYS_dup, a);
	int t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK), u = (int)CALL(SYS_dup, t);
	struct itimerspec *soon = arena(sizeof(*soon));

	soon->it_value.tv_nsec = 1;
	CALL(SYS_timerfd_settime, t, 0, soon, 0);
	note("add: %ld %ld", ctl(ep, EPOLL_CTL_ADD, a, EPOLLIN, 1), ctl(ep, EPOLL_CTL_ADD, b, EPOLLIN, 2));
	note("add: %ld %ld", ctl(ep, EPOLL_CTL_ADD, t, EPOLLIN, 3), ctl(ep, EPOLL_CTL_ADD, u, EPOLLIN, 4));
	note_wait("four", ep, 8, 1000);
	CALL(SYS_close, a);
	CALL(SYS_close, t);
	note_wait("still four", ep, 8, 1000);
	note("gone: %ld", ctl(ep, EPOLL_CTL_DEL, a, 0, 0));
	CALL(SYS_close, b);
	CALL(SYS_close, u);
	note_wait("none", ep, 8, 0);
	CALL(SYS_close, ep);
}

/* Pipes and their ends, level and edge, HUP and ERR. */
static void pipe_events(void)
{
	int ep = make_epoll(), *fds = arena(8);
	uint8_t *bytes = arena(70000);

	CALL(SYS_pipe2, fds, O_NONBLOCK);
	ctl(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN | EPOLLET, 1);
	ctl(ep, EPOLL_CTL_ADD, fds[1], EPOLLOUT | EPOLLET, 2);
	note_wait("start", ep, 4, 0);
	note_wait("edge", ep, 4, 0);
	CALL(SYS_write, fds[1], bytes, 10);
	note_wait("written", ep, 4, 0);
	CALL(SYS_write, fds[1], bytes, 70000);
	note_wait("full", ep, 4, 0);
	CALL(SYS_read, fds[0], bytes, 70000);
	note_wait("drained", ep, 4, 0);
	CALL(SYS_close, fds[1]);
	note_wait("writer gone", ep, 4, 0);
	CALL(SYS_close, fds[0]);
	CALL(SYS_pipe2, fds, O_NONBLOCK);
	ctl(ep, EPOLL_CTL_ADD, fds[1], 0, 3);
	CALL(SYS_close, fds[0]);
	note_wait("reader gone", ep, 4, 0);
	CALL(SYS_close, fds[1]);
	CALL(SYS_close, ep);
}

static void note_poll(const char *what, struct pollfd *p, int n, int timeout)
{
	note("%s: %ld", what, CALL(SYS_poll, p, n, timeout));
	for (int i = 0; i < n; i++)
		note("  %x", p[i].revents);
}

static void polls(void)
{
	struct pollfd *p = arena(12 * sizeof(*p));
	int a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK),
	    t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec *soon = arena(sizeof(*soon));
	struct world_thread *thread;

	p[0] = (struct pollfd){ .fd = t, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = a, .events = POLLIN };
	p[3] = (struct pollfd){ .fd = 999, .events = POLLIN };
	note_poll("nothing", p, 3, 10);
	note_poll("no such", p, 4, 1000);
	note_poll("none", p, 0, 5);
	thread = later(a, 10);
	note_poll("inside", p, 3, 5000);
	world_thread_join(thread);
	soon->it_value.tv_nsec = 3000000;
	CALL(SYS_timerfd_settime, t, 0, soon, 0);
	note_poll("the host alone", p, 2, 5000);
	note_poll("both", p, 3, 5000);
	get(a);
	get(t);
	CALL(SYS_timerfd_settime, t, 0, soon, 0);
	note_poll("the host", p, 3, 5000);
	for (int i = 3; i < 12; i++)
		p[i] = (struct pollfd){ .fd = i % 2 ? a : t, .events = POLLIN | POLLOUT };
	note_poll("many", p, 12, 5000);
	note("bad place: %ld", CALL(SYS_poll, 8, 1, 0));
	note("too many: %ld", CALL(SYS_poll, p, 1 << 30, 0));
	CALL(SYS_close, a);
	CALL(SYS_close, t);
}

static void selects(void)
{
	struct sets {
		fd_set in, out, except;
	} *s = arena(sizeof(*s));
	struct timeval *tv = arena(sizeof(*tv));
	int a = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK),
	    t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK);
	int n = (a > t ? a : t) + 1;
	struct itimerspec *soon = arena(sizeof(*soon));

	FD_SET(a, &s->in);
	FD_SET(t, &s->in);
	tv->tv_usec = 1000;
	note("nothing: %ld", CALL(SYS_select, n, &s->in, &s->out, &s->except, tv));
	note("%d %d, left %ld", FD_ISSET(a, &s->in), FD_ISSET(t, &s->in), tv->tv_sec + tv->tv_usec);
	FD_SET(a, &s->in);
	FD_SET(a, &s->out);
	FD_SET(t, &s->in);
	soon->it_value.tv_nsec = 1;
	CALL(SYS_timerfd_settime, t, 0, soon, 0);
	put(a);
	world_sleep_ms(5);
	note("three: %ld", CALL(SYS_select, n, &s->in, &s->out, &s->except, 0));
	note("%d %d %d", FD_ISSET(a, &s->in), FD_ISSET(a, &s->out), FD_ISSET(t, &s->in));
	FD_ZERO(&s->in);
	FD_SET(40, &s->in);
	note("not open: %ld", CALL(SYS_select, 41, &s->in, 0, 0, tv));
	note("negative: %ld", CALL(SYS_select, -1, &s->in, 0, 0, tv));
	tv->tv_sec = -1;
	note("bad time: %ld", CALL(SYS_select, 1, 0, 0, 0, tv));
	CALL(SYS_close, a);
	CALL(SYS_close, t);
}

/*
 * Threads that hand one token around through epoll sets of both kinds: a lost wake-up would hang (the harness ends it).
 */
#define ROUNDS 300
struct ring {
	int ep, in, out;
	struct epoll_event ev;
	uint64_t value;
	int rounds;
};

static void pass(void *data)
{
	struct ring *r = data;

	while (r->rounds < ROUNDS) {
		if (CALL(SYS_epoll_wait, r->ep, &r->ev, 1, -1) != 1)
			continue;
		if (CALL(SYS_read, r->in, &r->value, 8) != 8)
			continue;
		r->rounds++;
		CALL(SYS_write, r->out, &r->value, 8);
	}
}

static void ring_of_threads(void)
{
	struct world_thread *t[4];
	struct ring *r[4];
	int fd[4], timer = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, 0), total = 0;

	for (int i = 0; i < 4; i++)
		fd[i] = (int)CALL(SYS_eventfd2, 0, EFD_NONBLOCK);
	for (int i = 0; i < 4; i++) {
		r[i] = arena(sizeof(**r));
		*r[i] = (struct ring){ .ep = make_epoll(), .in = fd[i], .out = fd[(i + 1) % 4] };
		ctl(r[i]->ep, EPOLL_CTL_ADD, fd[i], EPOLLIN, 1);
		if (i % 2)
			ctl(r[i]->ep, EPOLL_CTL_ADD, timer, EPOLLIN, 2);
		t[i] = world_thread_start(pass, r[i]);
	}
	put(fd[0]);
	for (int i = 0; i < 4; i++)
		world_thread_join(t[i]);
	for (int i = 0; i < 4; i++) {
		total += r[i]->rounds;
		CALL(SYS_close, fd[i]);
		CALL(SYS_close, r[i]->ep);
	}
	CALL(SYS_close, timer);
	note("rounds %d", total);
}

static void test_triggers(void **state)
{
	(void)state;
	both(triggers);
	both(pipe_events);
	both(duplicates);
}

static void test_errors(void **state)
{
	(void)state;
	both(errors);
}

static void test_nested(void **state)
{
	(void)state;
	both(nested);
}

static void test_mixed(void **state)
{
	(void)state;
	both(mixed);
	both(joins);
}

static void test_poll(void **state)
{
	(void)state;
	both(polls);
	both(selects);
}

static void test_ring(void **state)
{
	(void)state;
	both(ring_of_threads);
}

/* With all descriptors closed nothing stays but what is kept for the next time. */
static void test_leaves_nothing(void **state)
{
	long live;

	(void)state;
	both(mixed);
	live = inside_heap_live();
	both(mixed);
	both(triggers);
	both(nested);
	both(duplicates);
	assert_int_equal(inside_heap_live(), live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers), cmocka_unit_test(test_errors), cmocka_unit_test(test_nested),
		cmocka_unit_test(test_mixed),	 cmocka_unit_test(test_poll),	cmocka_unit_test(test_ring),
		cmocka_unit_test(test_leaves_nothing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
