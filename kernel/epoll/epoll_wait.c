/* epoll_wait(2), epoll_pwait(2), epoll_pwait2(2). */
#include "kernel/border/hostcall.h"
#include "kernel/epoll/epoll.h"
#include "kernel/epoll/timeout.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"
#include "kernel/time/clock.h"

struct epoll_waiting {
	struct epoll *epoll;
	struct epoll_event *events; /* kernel memory */
	int max;
	int64_t deadline;
	bool own; /* events is of this wait alone */
};

/*
 * More events than the instance's buffer holds can be ready only where so many descriptors are watched. They have to
 * come at once: a second look would find the first ones again.
 */
static void epoll_allocate(struct epoll_waiting *w)
{
	uint32_t most = __atomic_load_n(&w->epoll->by_fd_size, __ATOMIC_RELAXED);

	most = most < HOST_BUFFER / sizeof(*w->events) ? most : HOST_BUFFER / sizeof(*w->events);
	most = most < (uint32_t)w->max ? most : (uint32_t)w->max;
	if (most <= EPOLL_MANY)
		return;
	w->events = heap_alloc(most * sizeof(*w->events));
	w->own = w->events;
	if (w->own)
		w->max = (int)most;
}

/* A large request borrows the instance's buffer; when another thread has it, fewer events at a time do as well. */
static void epoll_borrow(struct epoll_waiting *w, struct epoll_event *few)
{
	struct epoll *ep = w->epoll;

	epoll_allocate(w);
	if (w->own)
		return;
	if (w->max > EPOLL_FEW) {
		w->events = __atomic_exchange_n(&ep->buffer, NULL, __ATOMIC_ACQ_REL);
		if (!w->events)
			w->events = heap_alloc(EPOLL_MANY * sizeof(*few));
	}
	if (w->max > EPOLL_MANY)
		w->max = EPOLL_MANY;
	if (!w->events) {
		w->events = few;
		w->max = w->max < EPOLL_FEW ? w->max : EPOLL_FEW;
	}
}

static void epoll_give_back(struct epoll_waiting *w, const struct epoll_event *few)
{
	if (w->own)
		heap_free(w->events);
	else if (w->events != few)
		heap_free(__atomic_exchange_n(&w->epoll->buffer, w->events, __ATOMIC_ACQ_REL));
}

/* Ask the host for the events behind the first n. Returns the new n, or an error when there are none. */
static long epoll_from_host(struct epoll_waiting *w, int n, int64_t deadline)
{
	struct epoll *ep = w->epoll;
	size_t room = (size_t)(w->max - n) * sizeof(*w->events);
	int got = 0;
	long size;

	/* Twice: a kick may have taken the place of the one event that was asked for. */
	for (int i = 0; i < 2 && !got; i++) {
		size = host_epoll_wait(ep->host_fd, w->events + n, room, timeout_left(deadline));
		if (size < 0)
			return n ? n : size;
		got = epoll_host_translate(ep, w->events + n, (int)((size_t)size / sizeof(*w->events)));
		if (deadline || !size)
			break;
	}
	return n + got;
}

static bool epoll_awake(void *data)
{
	struct epoll *ep = data;

	return __atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&ep->host_fd, __ATOMIC_SEQ_CST) >= 0;
}

/* Sleep once. Returns events (from the host), 0 to look again, or an error. */
static long epoll_sleep(struct epoll_waiting *w)
{
	struct epoll *ep = w->epoll;
	long r = 0;

	if (__atomic_load_n(&ep->host_fd, __ATOMIC_ACQUIRE) < 0)
		return sleep_on(&ep->wait, epoll_awake, ep, w->deadline);
	__atomic_fetch_add(&ep->host_waiters, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST))
		r = epoll_from_host(w, 0, w->deadline);
	__atomic_fetch_sub(&ep->host_waiters, 1, __ATOMIC_SEQ_CST);
	return r;
}

/* Inside events first, then, without waiting, the host's. */
static long epoll_look(struct epoll_waiting *w)
{
	struct epoll *ep = w->epoll;
	int n = 0;

	if (__atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST)) {
		lock_acquire(&ep->lock);
		n = epoll_ready_collect(ep, w->events, w->max);
		lock_release(&ep->lock);
		if (__atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST))
			epoll_ready_wake(ep); /* there is more, for others that wait */
	}
	if (n < w->max && (n || !w->deadline) && __atomic_load_n(&ep->host_fd, __ATOMIC_ACQUIRE) >= 0)
		return epoll_from_host(w, n, 0);
	return n;
}

/* Events, 0 when the time is over, or an error. */
static long epoll_loop(struct epoll_waiting *w)
{
	for (;;) {
		long r = epoll_look(w);

		if (r > 0 || !w->deadline)
			return r == -ERESTARTSYS ? 0 : r;
		if (!r)
			r = epoll_sleep(w);
		if (r > 0)
			return r;
		if (r == -ETIMEDOUT)
			return 0;
		if (sleep_interrupted(r)) {
			if (signal_pending(current))
				return -ERESTARTNOHAND;
		} else if (r < 0) {
			return r;
		} else if (w->deadline != NO_DEADLINE && w->deadline <= clock_monotonic_ns()) {
			w->deadline = 0; /* a last look */
		}
	}
}

static long epoll_wait_do(int epfd, uint64_t events, int max, int64_t deadline)
{
	struct epoll_event few[EPOLL_FEW];
	struct epoll_waiting w = { .max = max, .deadline = deadline };
	_cleanup_file_ struct file *f = NULL;
	long r;

	if (max <= 0 || max > INT32_MAX / (int)sizeof(*few))
		return -EINVAL;
	if (!user_range_ok(events, (uint64_t)max * sizeof(*few)))
		return -EFAULT;
	f = fd_get(epfd);
	if (!f)
		return -EBADF;
	w.epoll = epoll_of(f);
	if (!w.epoll)
		return -EINVAL;
	epoll_borrow(&w, few);
	r = epoll_loop(&w);
	if (r > 0 && copy_to_user(events, w.events, (size_t)r * sizeof(*few)))
		r = -EFAULT;
	epoll_give_back(&w, few);
	return r;
}

/* Linux answers EINTR to any interruption; a program that has no handler would not expect one. */
static long epoll_wait_on(const struct thread_restart *r)
{
	long result = signal_set_temporary_mask(r->args[3], r->args[4]);

	if (result)
		return result;
	result = epoll_wait_do((int)r->args[0], r->args[1], (int)r->args[2], r->deadline_ns);
	if (result != -ERESTARTNOHAND) {
		signal_restore_mask_now();
		return result;
	}
	current->restart = *r;
	return -ERESTART_RESTARTBLOCK;
}

static long epoll_wait_masked(int epfd, uint64_t events, int max, int64_t deadline, uint64_t mask, uint64_t mask_size)
{
	return epoll_wait_on(&(struct thread_restart){
		.again = epoll_wait_on, .deadline_ns = deadline,
		.args = { (uint64_t)epfd, events, (uint64_t)max, mask, mask_size } });
}

SYSCALL4(epoll_wait, int, epfd, uint64_t, events, int, max, int, timeout)
{
	return epoll_wait_masked(epfd, events, max, timeout_from_ms(timeout), 0, 0);
}

SYSCALL6(epoll_pwait, int, epfd, uint64_t, events, int, max, int, timeout, uint64_t, mask, uint64_t, mask_size)
{
	return epoll_wait_masked(epfd, events, max, timeout_from_ms(timeout), mask, mask_size);
}

SYSCALL6(epoll_pwait2, int, epfd, uint64_t, events, int, max, uint64_t, timeout, uint64_t, mask, uint64_t, mask_size)
{
	int64_t deadline;
	long r = timeout_from_timespec(timeout, &deadline);

	return r ? r : epoll_wait_masked(epfd, events, max, deadline, mask, mask_size);
}
