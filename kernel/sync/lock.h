/*
 * Mutual exclusion inside the kernel. A holder may be suspended by the host at any time, so a waiter spins a little and
 * then sleeps on the host; nobody may hold a lock while touching program memory that may fault, or while parked.
 *
 * Order, outermost first: process->lock, fdtable, vfs, inode, pipe/epoll/socket, waitq, mm, signal_lock, heap.
 */
#ifndef ADYTON_KERNEL_SYNC_LOCK_H
#define ADYTON_KERNEL_SYNC_LOCK_H

#include "abi/types.h"

struct lock {
	uint32_t state; /* 0 free, 1 held, 2 held and waited for */
};
#define LOCK_INIT { 0 }

void lock_acquire_slow(struct lock *l);
void lock_release_slow(struct lock *l);

static inline void lock_acquire(struct lock *l)
{
	uint32_t free = 0;

	if (!__atomic_compare_exchange_n(&l->state, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		lock_acquire_slow(l);
}

static inline bool lock_try(struct lock *l)
{
	uint32_t free = 0;

	return __atomic_compare_exchange_n(&l->state, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void lock_release(struct lock *l)
{
	if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
		lock_release_slow(l);
}

static inline void lock_cleanup(struct lock **l)
{
	if (*l)
		lock_release(*l);
}
/* Hold a lock to the end of the scope: LOCKED(&x->lock); */
#define LOCKED_NAME2(line) lock_held_##line
#define LOCKED_NAME(line) LOCKED_NAME2(line)
#define LOCKED(l) \
	__attribute__((cleanup(lock_cleanup), unused)) struct lock *LOCKED_NAME(__LINE__) = (lock_acquire(l), (l))

#endif
