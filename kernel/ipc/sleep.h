/* Sleeping on a wait queue until a condition holds, as blocking reads and writes do. */
#ifndef ADYTON_KERNEL_IPC_SLEEP_H
#define ADYTON_KERNEL_IPC_SLEEP_H

#include "abi/linux/errno.h"
#include "kernel/sync/wait.h"
#include "kernel/syscall.h"

/* Is this result the border's way of saying that a signal came? */
static inline bool sleep_interrupted(long r)
{
	return r == -EINTR || r == -ERESTARTSYS;
}

/*
 * Wake a queue, for callers that changed the condition under a lock which every waiter takes after it joined the queue:
 * so whoever is not seen here has not looked at the condition yet. events 0 wakes sleeping threads but is no readiness.
 */
static inline void sleep_wake(struct waitq *q, uint32_t events)
{
	if (__atomic_load_n(&q->waiters.next, __ATOMIC_RELAXED) != &q->waiters)
		waitq_wake(q, events);
}

/*
 * One sleep: true from ready() is seen although it came just before. 0: look again; -ETIMEDOUT; -ERESTARTSYS: a signal.
 */
static inline int sleep_on(struct waitq *q, bool (*ready)(void *), void *data, int64_t deadline)
{
	struct waiter w;
	int error = 0;

	waitq_add(q, &w);
	if (!ready(data))
		error = thread_park(deadline);
	waitq_remove(q, &w);
	return error == -EINTR ? -ERESTARTSYS : error;
}

#endif
