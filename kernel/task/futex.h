/*
 * Futex queues: threads that wait for a word of the program, by its address (private and shared are the same here, as
 * there is one process and a shared mapping has one address). The bucket's lock guards its queue; words are read and
 * changed under it without faulting (-EAGAIN: touch the page without the lock, then try again).
 */
#ifndef ADYTON_KERNEL_TASK_FUTEX_H
#define ADYTON_KERNEL_TASK_FUTEX_H

#include "kernel/sync/wait.h"
#include "kernel/task/thread.h"

struct futex_bucket {
	struct lock lock;
	struct list waiters; /* zero until first used */
};

struct futex_waiter {
	struct list link;
	struct futex_bucket *bucket; /* atomic; NULL once taken off; changes with a requeue: see futex_leave() */
	struct thread *thread;
	uint64_t addr;
	uint32_t bitset;
	/* atomic: set to `mark` when this waiter is taken off (for who waits for several); may be NULL */
	uint32_t *woken;
	uint32_t mark;
	bool pi; /* waits for a priority-inheritance lock: taken off only by its owner */
};

/* Threads to unpark once no bucket is locked. Blocks of threads are never freed, so a late unpark hurts nobody. */
#define FUTEX_WAKE_BATCH 32
struct futex_batch {
	struct thread *threads[FUTEX_WAKE_BATCH];
	int count;
};

struct futex_bucket *futex_bucket(uint64_t addr);
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b); /* in address order; may be the same */
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);

/* 0, -EAGAIN (not present: see futex_fault_in), under a bucket's lock. */
int futex_read(uint32_t *value, uint64_t addr) must_check;
int futex_cmpxchg(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *found) must_check;
/* Without a lock: make the word present. 0 or -EFAULT. */
int futex_fault_in(uint64_t addr, bool write) must_check;

/* Queue up if the word still has `value`. 0, -EAGAIN (it changed), -EFAULT. */
int futex_enter_if(struct futex_waiter *w, uint32_t value) must_check;
void futex_enter(struct futex_bucket *b, struct futex_waiter *w); /* bucket locked */
/* Off the queue, unless somebody took it off already: true then. */
bool futex_leave(struct futex_waiter *w);
/* With the bucket locked: take waiters of addr that match off the queue, into the batch. Returns how many. */
int futex_take(struct futex_bucket *b, uint64_t addr, uint32_t bitset, int count, struct futex_batch *batch);
void futex_take_one(struct futex_waiter *w, struct futex_batch *batch);
void futex_unpark(struct futex_batch *batch);

/* Sleep until taken off, the deadline or a signal: 0, -ETIMEDOUT, -ERESTARTSYS. */
int futex_sleep(struct futex_waiter *w, int64_t deadline) must_check;

long futex_lock_pi(uint64_t addr, int64_t deadline, bool try);
long futex_unlock_pi(uint64_t addr);
/* The owner died and the word says so: the first waiter becomes the owner. */
void futex_pi_died(uint64_t addr);

#endif
