/* System calls that read clocks, and the one way to set them: EPERM, for the host owns them. */
#include "abi/linux/capability.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/sync/wait.h"
#include "kernel/syscall.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

#define COARSE_NS 4000000L /* what Linux says with HZ=250; ours are exact */
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_KIND 3
#define CPU_CLOCK_STEP 1000000L /* ns */

/* A clock number as we serve it: one that clock_read() knows, or a CPU-time clock of the host; -1: none. */
static int clock_known(int clock)
{
	static const int8_t as[] = { CLOCK_REALTIME,
				     CLOCK_MONOTONIC,
				     CLOCK_PROCESS_CPUTIME_ID,
				     CLOCK_THREAD_CPUTIME_ID,
				     CLOCK_MONOTONIC,
				     CLOCK_REALTIME,
				     CLOCK_MONOTONIC,
				     CLOCK_BOOTTIME,
				     CLOCK_REALTIME,
				     CLOCK_BOOTTIME,
				     -1,
				     CLOCK_REALTIME };
	int pid = ~(clock >> 3);

	if (clock >= 0)
		return (size_t)clock < sizeof(as) ? as[clock] : -1;
	if ((clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
		return -1;
	/* Negative: a process or a thread by number (clock_getcpuclockid, pthread_getcpuclockid). */
	if (clock & CPU_CLOCK_THREAD)
		return pid == 0 || pid == current->tid ? CLOCK_THREAD_CPUTIME_ID : -1;
	return pid == 0 || pid == init_process.pid ? CLOCK_PROCESS_CPUTIME_ID : -1;
}

int clock_now(int clock, int64_t *ns)
{
	int as = clock_known(clock);
	struct timespec ts;
	long error;

	if (as < 0)
		return -EINVAL;
	if (as != CLOCK_PROCESS_CPUTIME_ID && as != CLOCK_THREAD_CPUTIME_ID) {
		*ns = clock_read(as);
		return 0;
	}
	error = host_clock_gettime(as, &ts);
	if (!error)
		*ns = clock_check_timespec(&ts) ? 0 : clock_timespec_ns(&ts);
	return (int)error;
}

SYSCALL2(clock_gettime, int, clock, uint64_t, addr)
{
	struct timespec ts;
	int64_t ns;
	int error = clock_now(clock, &ns);

	if (error)
		return error;
	ts = clock_ns_timespec(ns);
	return copy_to_user(addr, &ts, sizeof(ts));
}

SYSCALL2(clock_getres, int, clock, uint64_t, addr)
{
	bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
	struct timespec ts = { .tv_nsec = coarse ? COARSE_NS : 1 };

	if (clock_known(clock) < 0)
		return -EINVAL;
	return addr ? copy_to_user(addr, &ts, sizeof(ts)) : 0;
}

static bool clock_settable(int clock)
{
	return clock == CLOCK_REALTIME;
}

SYSCALL2(clock_settime, int, clock, uint64_t, addr)
{
	struct timespec ts;

	if (!clock_settable(clock))
		return -EINVAL;
	if (copy_from_user(&ts, addr, sizeof(ts)))
		return -EFAULT;
	return clock_check_timespec(&ts) ? -EINVAL : -EPERM;
}

SYSCALL2(settimeofday, uint64_t, tv, uint64_t, tz)
{
	struct timeval value;

	(void)tz;
	if (tv && copy_from_user(&value, tv, sizeof(value)))
		return -EFAULT;
	return tv && (value.tv_usec < 0 || value.tv_usec >= USEC_PER_SEC) ? -EINVAL : -EPERM;
}

SYSCALL2(gettimeofday, uint64_t, tv, uint64_t, tz)
{
	int64_t ns = clock_realtime_ns();
	struct timeval now = { .tv_sec = ns / NSEC_PER_SEC, .tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC };
	struct timezone zone = { 0 };

	if (tv && copy_to_user(tv, &now, sizeof(now)))
		return -EFAULT;
	return tz ? copy_to_user(tz, &zone, sizeof(zone)) : 0;
}

SYSCALL1(time, uint64_t, addr)
{
	int64_t now = clock_realtime_ns() / NSEC_PER_SEC;

	return addr && put_user_u64(addr, (uint64_t)now) ? -EFAULT : now;
}

/* --- sleeping --- */

static long clock_sleep_on(const struct thread_restart *r);

static long clock_sleep(int64_t deadline, uint64_t remaining_addr, bool absolute)
{
	int64_t left;
	int error = 0;

	while (!error)
		error = thread_park(deadline);
	if (error == -ETIMEDOUT)
		return 0;
	if (absolute)
		return -ERESTARTNOHAND;
	left = deadline - clock_monotonic_ns();
	if (left <= 0)
		return 0;
	if (remaining_addr) {
		struct timespec ts = clock_ns_timespec(left);

		if (copy_to_user(remaining_addr, &ts, sizeof(ts)))
			return -EFAULT;
	}
	current->restart = (struct thread_restart){ .again = clock_sleep_on, .deadline_ns = deadline,
						    .args = { remaining_addr } };
	return -ERESTART_RESTARTBLOCK;
}

static long clock_sleep_on(const struct thread_restart *r)
{
	return clock_sleep(r->deadline_ns, r->args[0], false);
}

SYSCALL0(restart_syscall)
{
	struct thread_restart r = current->restart;

	current->restart.again = NULL;
	return r.again ? r.again(&r) : -EINTR;
}

static long clock_sleep_from_user(int clock, bool absolute, uint64_t request, uint64_t remaining)
{
	int64_t deadline;
	int error = request ? clock_deadline_from_user(request, absolute, clock, &deadline) : -EFAULT;

	return error ? error : clock_sleep(deadline, remaining, absolute);
}

/* Until the process has used so much processor time: looked at as often as it may be so far. */
static long clock_sleep_on_cpu(bool absolute, uint64_t request)
{
	int64_t now, until, left;
	struct timespec ts;
	int error = copy_from_user(&ts, request, sizeof(ts));

	if (error || clock_check_timespec(&ts))
		return error ? -EFAULT : -EINVAL;
	error = clock_now(CLOCK_PROCESS_CPUTIME_ID, &now);
	until = clock_timespec_ns(&ts) + (absolute ? 0 : now);
	while (!error && now < until) {
		left = (until - now) / init_process.thread_count;
		error = thread_park(clock_monotonic_ns() + (left < CPU_CLOCK_STEP ? CPU_CLOCK_STEP : left));
		if (error == -ETIMEDOUT || !error)
			error = clock_now(CLOCK_PROCESS_CPUTIME_ID, &now);
	}
	return error == -EINTR ? -ERESTARTNOHAND : error;
}

SYSCALL2(nanosleep, uint64_t, request, uint64_t, remaining)
{
	return clock_sleep_from_user(CLOCK_MONOTONIC, false, request, remaining);
}

SYSCALL4(clock_nanosleep, int, clock, int, flags, uint64_t, request, uint64_t, remaining)
{
	int as = clock_known(clock);

	if (as < 0)
		return -EINVAL;
	if (as == CLOCK_THREAD_CPUTIME_ID || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
	    clock == CLOCK_MONOTONIC_RAW)
		return -EOPNOTSUPP;
	if (as == CLOCK_PROCESS_CPUTIME_ID)
		return clock_sleep_on_cpu(flags & TIMER_ABSTIME, request);
	return clock_sleep_from_user(as, flags & TIMER_ABSTIME, request, remaining);
}
