/*
 * One mutex of three states (0 free, 1 held, 2 held and waited for). Host signal handlers may take it, leaf code too.
 */
#ifndef ADYTON_CPU_SOFT_LOCK_H
#define ADYTON_CPU_SOFT_LOCK_H

#include "cpu/linux/sys.h"

struct lock {
	uint32_t word;
};

static inline void lock_acquire(struct lock *l)
{
	uint32_t free = 0;

	if (__atomic_compare_exchange_n(&l->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE) != 0)
		(void)sys_futex(&l->word, LINUX_FUTEX_WAIT_PRIVATE, 2);
}

static inline void lock_release(struct lock *l)
{
	if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
		(void)sys_futex(&l->word, LINUX_FUTEX_WAKE_PRIVATE, 1);
}

#endif
