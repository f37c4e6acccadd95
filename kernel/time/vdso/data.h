/*
 * What clocks are read from, by the kernel and by the program's vDSO: one copy in kernel memory, written under seq. The
 * vDSO finds it through GS (struct thread.vdso), so that its image needs no address of anything.
 *
 *     monotonic = base_ns + (tsc - base_tsc) * mult / 2^32        for tsc below limit_tsc; beyond: ask the kernel
 */
#ifndef ADYTON_KERNEL_TIME_VDSO_DATA_H
#define ADYTON_KERNEL_TIME_VDSO_DATA_H

#include "abi/linux/time.h"
#include "abi/types.h"

struct vdso_data {
	uint32_t seq; /* atomic: odd while it is written */
	uint32_t reserved;
	uint64_t base_tsc, limit_tsc;
	uint64_t mult;
	int64_t base_ns;
	int64_t realtime_offset, boottime_offset; /* added to the monotonic clock */
};

#define VDSO_SHIFT 32

static inline uint64_t vdso_tsc(void)
{
	uint32_t low, high;

	/* LFENCE: the counter is not read before what comes earlier in the program. */
	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high) : : "ecx", "memory");
	return (uint64_t)high << 32 | low;
}

static inline int64_t vdso_scale(uint64_t ticks, uint64_t mult)
{
	return (int64_t)(uint64_t)((unsigned __int128)ticks * mult >> VDSO_SHIFT);
}

/* Nanoseconds of a clock that follows the TSC; false: the kernel must be asked. */
static inline bool vdso_read(const struct vdso_data *d, int clock, int64_t *ns)
{
	for (;;) {
		uint32_t seq = __atomic_load_n(&d->seq, __ATOMIC_ACQUIRE);
		uint64_t tsc = vdso_tsc(), base = d->base_tsc, mult = d->mult;
		int64_t at = d->base_ns, offset = clock == CLOCK_REALTIME ? d->realtime_offset :
						  clock == CLOCK_BOOTTIME ? d->boottime_offset : 0;
		bool valid = tsc < d->limit_tsc;

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((seq & 1) || __atomic_load_n(&d->seq, __ATOMIC_RELAXED) != seq)
			continue;
		/* Another processor's counter may be a little behind. */
		*ns = at + offset + (tsc > base ? vdso_scale(tsc - base, mult) : 0);
		return valid;
	}
}

#endif
