#include "kernel/epoll/timeout.h"
#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "kernel/mm/user.h"
#include "kernel/time/clock.h"

static int64_t timeout_deadline(int64_t seconds, int64_t ns)
{
	int64_t relative, deadline;

	if (!seconds && !ns)
		return 0;
	if (__builtin_mul_overflow(seconds, NSEC_PER_SEC, &relative) ||
	    __builtin_add_overflow(relative, ns, &relative) ||
	    __builtin_add_overflow(relative, clock_monotonic_ns(), &deadline))
		return NO_DEADLINE;
	return deadline;
}

int64_t timeout_from_ms(int64_t ms)
{
	return ms < 0 ? NO_DEADLINE : timeout_deadline(ms / 1000, ms % 1000 * 1000000);
}

int timeout_from_timespec(uint64_t addr, int64_t *deadline)
{
	struct timespec ts;
	int error;

	*deadline = NO_DEADLINE;
	if (!addr)
		return 0;
	error = copy_from_user(&ts, addr, sizeof(ts));
	if (error)
		return error;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	*deadline = timeout_deadline(ts.tv_sec, ts.tv_nsec);
	return 0;
}

int timeout_from_timeval(uint64_t addr, int64_t *deadline)
{
	struct timeval tv;
	int error;

	*deadline = NO_DEADLINE;
	if (!addr)
		return 0;
	error = copy_from_user(&tv, addr, sizeof(tv));
	if (error)
		return error;
	if (tv.tv_sec < 0 || tv.tv_usec < 0)
		return -EINVAL;
	/* select(2) takes more than a million microseconds */
	*deadline = timeout_deadline(tv.tv_sec + tv.tv_usec / USEC_PER_SEC, tv.tv_usec % USEC_PER_SEC * NSEC_PER_USEC);
	return 0;
}

int64_t timeout_left(int64_t deadline)
{
	int64_t left = deadline && deadline != NO_DEADLINE ? deadline - clock_monotonic_ns() : deadline;

	return left > 0 ? left : 0;
}

void timeout_left_to_timespec(uint64_t addr, int64_t deadline)
{
	int64_t left = timeout_left(deadline);
	struct timespec ts = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

	if (!addr || deadline == NO_DEADLINE || copy_to_user(addr, &ts, sizeof(ts)))
		return;
}

void timeout_left_to_timeval(uint64_t addr, int64_t deadline)
{
	int64_t left = timeout_left(deadline);
	struct timeval tv = { left / NSEC_PER_SEC, left % NSEC_PER_SEC / NSEC_PER_USEC };

	if (!addr || deadline == NO_DEADLINE || copy_to_user(addr, &tv, sizeof(tv)))
		return;
}
