/*
 * Waiting for something inside the enclave. A thread parks on the host (one futex word of its own) and is unparked by
 * name; a wake-up that comes before the park is remembered, so check-then-park has no gap:
 *
 *     struct waiter w;
 *     waitq_add(&q, &w);                    // from here on a wake is not lost
 *     while (!condition && !error)
 *             error = thread_park(deadline);
 *     waitq_remove(&q, &w);
 *
 * The host may wake a thread at any moment or never: a park may return early, and conditions are always checked again.
 */
#ifndef ADYTON_KERNEL_SYNC_WAIT_H
#define ADYTON_KERNEL_SYNC_WAIT_H

#include "base/list.h"
#include "kernel/sync/lock.h"

struct thread;
struct waiter;

/*
 * Called by waitq_wake() with the queue's lock held; events are POLL* bits. Must not sleep, must not wake the same
 * queue.
 */
typedef void (*waiter_fn)(struct waiter *w, uint32_t events);

struct waitq {
	struct lock lock;
	struct list waiters;
};

struct waiter {
	struct list link;
	struct waitq *queue; /* NULL when on none */
	waiter_fn wake;
	struct thread *thread; /* for the default wake function: unpark this thread */
	void *data;
};

#define NO_DEADLINE INT64_MAX

/*
 * Sleep until unparked, until the monotonic clock passes deadline_ns (NO_DEADLINE: for ever), or until a signal is
 * pending. Returns 0 (unparked, or for no reason), -ETIMEDOUT, or -EINTR.
 */
int thread_park(int64_t deadline_ns) must_check;
/* The same, but signals do not end it: for short waits that must finish. */
int thread_park_uninterruptible(int64_t deadline_ns);
void thread_unpark(struct thread *t);

void waitq_init(struct waitq *q);
void waitq_add(struct waitq *q, struct waiter *w); /* wakes `current` unless w was prepared with waiter_init */
void waiter_init(struct waiter *w, waiter_fn wake, void *data);
void waitq_add_prepared(struct waitq *q, struct waiter *w);
void waitq_remove(struct waitq *q, struct waiter *w);
void waitq_wake(struct waitq *q, uint32_t events);               /* all */
void waitq_wake_some(struct waitq *q, uint32_t events, int count); /* at most count threads */

#endif
