/*
 * Time inside. The monotonic clock and the wall clock are read from the TSC against a base that the host gave (the host
 * owns the clock: CAVEATS.md); they never run backwards within one enclave.
 */
#ifndef ADYTON_KERNEL_TIME_CLOCK_H
#define ADYTON_KERNEL_TIME_CLOCK_H

#include "abi/linux/time.h"
#include "abi/types.h"

int64_t clock_monotonic_ns(void);
int64_t clock_realtime_ns(void);
/*
 * A relative or absolute timespec of the program to a deadline for thread_park(); NO_DEADLINE for a NULL address.
 * -EINVAL, -EFAULT.
 */
int clock_deadline_from_user(uint64_t timespec_addr, bool absolute, int clock, int64_t *deadline_ns) must_check;
int clock_check_timespec(const struct timespec *ts) must_check;

/* Any clock of clock_gettime(2). 0 or -EINVAL. */
int clock_now(int clock, int64_t *ns) must_check;
/* CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME. */
int64_t clock_read(int clock);
int64_t clock_timespec_ns(const struct timespec *ts); /* a checked one; far futures are cut to 2^32 seconds */
static inline struct timespec clock_ns_timespec(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
}
/* ns from now, or the moment ns of a clock, as a deadline for thread_park(). */
int64_t clock_deadline(int64_t ns, bool absolute, int clock);

void clock_start(void);

#endif
