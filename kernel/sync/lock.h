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

/*
 * 0 until the process makes its second thread (thread_launch() sets it first, nothing clears it). Nobody else can be
 * inside until then, so what would take a locked instruction, some 7 ns each, does without. What interrupts a lone
 * thread in the enclave (kernel/entry/exception.c) takes no lock and counts nothing.
 */
extern uint32_t lock_shared;

static inline bool lock_alone(void)
{
	return !__atomic_load_n(&lock_shared, __ATOMIC_RELAXED);
}

/* A counter's new value, a pointer's old one; atomic when there is anybody to see it. */
#define LOCK_ADD(at, n) (lock_alone() ? (*(at) += (n)) : __atomic_add_fetch((at), (n), __ATOMIC_ACQ_REL))
#define LOCK_SWAP(at, value) \
	({ \
		__typeof__(*(at)) lock_old; \
		if (lock_alone()) { \
			lock_old = *(at); \
			*(at) = (value); \
		} else { \
			lock_old = __atomic_exchange_n((at), (value), __ATOMIC_ACQ_REL); \
		} \
		lock_old; \
	})

void lock_acquire_slow(struct lock *l);
void lock_release_slow(struct lock *l);

static inline bool lock_try(struct lock *l)
{
	uint32_t free = 0;

	if (lock_alone()) {
		free = __atomic_load_n(&l->state, __ATOMIC_RELAXED);
		__atomic_store_n(&l->state, free ? free : 1, __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_ACQUIRE);
		return !free;
	}
	return __atomic_compare_exchange_n(&l->state, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void lock_acquire(struct lock *l)
{
	if (!lock_try(l))
		lock_acquire_slow(l);
}

static inline void lock_release(struct lock *l)
{
	if (lock_alone())
		__atomic_store_n(&l->state, 0, __ATOMIC_RELEASE); /* no instruction; it keeps compilers in order */
	else if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
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
