/*
 * Parking and wait queues. park_state of a thread is a token inside the enclave, so that the host's word is only a
 * hint:
 *
 *     IDLE   -- thread_park ---> PARKED -- thread_unpark --> WOKEN (and the host is told)
 *     IDLE   -- thread_unpark -> WOKEN     (the next thread_park returns at once, nobody is told)
 *
 * A signal's sender sets t->pending first and looks at park_state second; the parker does it the other way round.
 */
#include "kernel/sync/wait.h"
#include "kernel/border/hostcall.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/task/thread.h"
#include "kernel/time/clock.h"

static bool park_take_token(struct thread *t)
{
	return __atomic_exchange_n(&t->park_state, PARK_IDLE, __ATOMIC_SEQ_CST) == PARK_WOKEN;
}

/* False when a token was there: it is taken then. */
static bool park_announce(struct thread *t)
{
	uint32_t idle = PARK_IDLE;

	if (__atomic_compare_exchange_n(&t->park_state, &idle, PARK_PARKED, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return true;
	(void)park_take_token(t);
	return false;
}

static bool park_deadline_passed(int64_t deadline_ns)
{
	return deadline_ns != NO_DEADLINE && clock_monotonic_ns() >= deadline_ns;
}

/*
 * Announced and free to sleep: 1. 0: a wake-up was there. -EINTR: a signal is. Work without a deliverable signal
 * (somebody else took it) would end every park at once; it is settled, unannounced, for that may sleep on a lock.
 */
static int park_prepare(struct thread *t)
{
	for (;;) {
		if (!park_announce(t))
			return 0;
		if (signal_pending(t)) {
			(void)park_take_token(t);
			return -EINTR;
		}
		if (!thread_has_work(t))
			return 1;
		if (park_take_token(t))
			return 0;
		signal_settle_work();
	}
}

int thread_park(int64_t deadline_ns)
{
	struct thread *t = current;
	int ready = park_prepare(t);

	if (ready <= 0)
		return ready;
	(void)host_park(deadline_ns);
	if (park_take_token(t))
		return 0;
	if (signal_pending(t))
		return -EINTR;
	return park_deadline_passed(deadline_ns) ? -ETIMEDOUT : 0;
}

int thread_park_uninterruptible(int64_t deadline_ns)
{
	struct thread *t = current;

	if (!park_announce(t))
		return 0;
	if (thread_has_work(t))
		(void)host_sched_yield(0);
	else
		(void)host_park(deadline_ns);
	if (park_take_token(t))
		return 0;
	return park_deadline_passed(deadline_ns) ? -ETIMEDOUT : 0;
}

void thread_unpark(struct thread *t)
{
	if (__atomic_exchange_n(&t->park_state, PARK_WOKEN, __ATOMIC_SEQ_CST) == PARK_PARKED)
		(void)host_unpark((long)t->slot);
}

static void waiter_unpark(struct waiter *w, uint32_t events)
{
	(void)events;
	thread_unpark(w->thread);
}

void waitq_init(struct waitq *q)
{
	q->lock = (struct lock)LOCK_INIT;
	list_init(&q->waiters);
}

void waiter_init(struct waiter *w, waiter_fn wake, void *data)
{
	list_init(&w->link);
	w->queue = NULL;
	w->wake = wake ? wake : waiter_unpark;
	w->thread = current;
	w->data = data;
}

void waitq_add_prepared(struct waitq *q, struct waiter *w)
{
	LOCKED(&q->lock);
	w->queue = q;
	list_add_tail(&q->waiters, &w->link);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
	waiter_init(w, NULL, NULL);
	waitq_add_prepared(q, w);
}

void waitq_remove(struct waitq *q, struct waiter *w)
{
	LOCKED(&q->lock);
	list_del(&w->link);
	w->queue = NULL;
}

void waitq_wake(struct waitq *q, uint32_t events)
{
	/* An unlocked look: a waiter is added before it checks, and what it checks was changed before this fence. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (list_empty(&q->waiters))
		return;
	LOCKED(&q->lock);
	list_for_each_safe(at, &q->waiters) {
		struct waiter *w = container_of(at, struct waiter, link);

		w->wake(w, events);
	}
}

/* The first `count` go to the back, so that the next wake reaches others while these have not run yet. */
void waitq_wake_some(struct waitq *q, uint32_t events, int count)
{
	struct list *last;

	LOCKED(&q->lock);
	last = q->waiters.prev;
	while (count-- > 0 && !list_empty(&q->waiters)) {
		struct waiter *w = container_of(q->waiters.next, struct waiter, link);
		bool end = &w->link == last;

		list_del(&w->link);
		list_add_tail(&q->waiters, &w->link);
		w->wake(w, events);
		if (end)
			break;
	}
}
