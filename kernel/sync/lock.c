/*
 * The slow side of locks. A waiter spins, then queues itself in a bucket chosen by the lock's address and sleeps on the
 * host until the releaser names it. The sleep does not go through thread_park(): a wake-up meant for the wait around
 * this lock must not be eaten here, so the waiter has a flag of its own, and a host wake-up that it takes by accident
 * was preceded by a change of park_state, which the outer wait looks at.
 */
#include "kernel/border/hostcall.h"
#include "kernel/sync/lock.h"
#include "kernel/sync/wait.h"
#include "kernel/task/thread.h"

uint32_t lock_shared; /* atomic */

#define LOCK_SPINS 48
#define LOCK_BUCKETS 64

struct lock_waiter {
	struct list link;
	struct lock *lock;
	uint32_t slot;
	uint32_t woken; /* atomic */
};

/* `held` is a bare spinning flag: it guards a few list operations, and no call is made under it. */
static struct lock_bucket {
	uint32_t held;
	struct list waiters; /* zero until first used */
} lock_buckets[LOCK_BUCKETS];

static struct lock_bucket *lock_bucket_enter(const struct lock *l)
{
	struct lock_bucket *b = &lock_buckets[((uintptr_t)l >> 4) % LOCK_BUCKETS];

	for (int n = 1; __atomic_exchange_n(&b->held, 1, __ATOMIC_ACQUIRE); n++) {
		__builtin_ia32_pause();
		if (n % LOCK_SPINS == 0)
			(void)host_sched_yield(0); /* the holder may be suspended */
	}
	if (!b->waiters.next)
		list_init(&b->waiters);
	return b;
}

static void lock_bucket_leave(struct lock_bucket *b)
{
	__atomic_store_n(&b->held, 0, __ATOMIC_RELEASE);
}

/*
 * Queue up unless the lock became free meanwhile; the releaser looks for waiters under the bucket, so none is missed.
 */
static bool lock_enqueue(struct lock *l, struct lock_waiter *w)
{
	struct lock_bucket *b = lock_bucket_enter(l);
	bool held = __atomic_load_n(&l->state, __ATOMIC_SEQ_CST) == 2;

	if (held)
		list_add_tail(&b->waiters, &w->link);
	lock_bucket_leave(b);
	return held;
}

static void lock_sleep(struct lock *l)
{
	struct lock_waiter w = { .lock = l, .slot = current->slot };

	if (!lock_enqueue(l, &w))
		return;
	while (!__atomic_load_n(&w.woken, __ATOMIC_ACQUIRE)) {
		/* With work waiting, an interruptible call does not sleep at all: give way instead. */
		if (thread_has_work(current))
			(void)host_sched_yield(0);
		else
			(void)host_park(NO_DEADLINE);
	}
}

void lock_acquire_slow(struct lock *l)
{
	for (int n = 0; n < LOCK_SPINS; n++) {
		if (__atomic_load_n(&l->state, __ATOMIC_RELAXED) == 0 && lock_try(l))
			return;
		__builtin_ia32_pause();
	}
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_SEQ_CST) != 0)
		lock_sleep(l);
}

/*
 * The lock is free already; wake one who waits for it. It takes the lock as "waited for", so the next is not forgotten.
 */
void lock_release_slow(struct lock *l)
{
	struct lock_bucket *b = lock_bucket_enter(l);
	struct lock_waiter *found = NULL;
	uint32_t slot = 0;

	list_for_each(at, &b->waiters) {
		struct lock_waiter *w = container_of(at, struct lock_waiter, link);

		if (w->lock != l)
			continue;
		found = w;
		slot = w->slot;
		list_del(&w->link);
		__atomic_store_n(&w->woken, 1, __ATOMIC_RELEASE); /* w may be gone from here on */
		break;
	}
	lock_bucket_leave(b);
	if (found)
		(void)host_unpark((long)slot);
}
