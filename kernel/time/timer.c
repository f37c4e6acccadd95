/*
 * Timers that send signals. One thread of the kernel's own, started with the first timer, sleeps until the earliest
 * deadline. Timers on CPU time have no moment: their deadline is estimated (every thread may be running) and looked at
 * again.
 */
#include "kernel/time/timer.h"
#include "abi/linux/resource.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

#define TIMER_CPU_STEP 1000000L /* ns: CPU time is not looked at more often */
#define CLOCK_USER_CPUTIME 100  /* ours: ITIMER_VIRTUAL's, user time only */

struct lock timer_lock = LOCK_INIT;
static struct timer timer_itimers[3] = {
	[ITIMER_REAL] = { .clock = CLOCK_MONOTONIC, .id = -1, .sig = SIGALRM },
	[ITIMER_VIRTUAL] = { .clock = CLOCK_USER_CPUTIME, .id = -1, .sig = SIGVTALRM },
	[ITIMER_PROF] = { .clock = CLOCK_PROCESS_CPUTIME_ID, .id = -1, .sig = SIGPROF },
};
struct timer *timer_posix[TIMERS_MAX];
/* Overrun of the last signal that each delivered: atomic, set where signals are taken (signal_lock is inside ours). */
int timer_overruns[TIMERS_MAX];
static struct thread *timer_thread; /* atomic */
static bool timer_thread_asked;

bool timer_on_cpu(const struct timer *t)
{
	return t->clock == CLOCK_USER_CPUTIME || t->clock == CLOCK_PROCESS_CPUTIME_ID;
}

int64_t timer_now(const struct timer *t)
{
	struct rusage usage;
	int64_t ns = 0;

	if (t->clock == CLOCK_USER_CPUTIME) {
		if (host_getrusage(RUSAGE_SELF, &usage))
			return 0;
		return usage.ru_utime.tv_sec * NSEC_PER_SEC + usage.ru_utime.tv_usec * NSEC_PER_USEC;
	}
	if (!timer_on_cpu(t))
		return clock_monotonic_ns();
	return clock_now(t->clock, &ns) ? 0 : ns;
}

static void timer_send_to(struct thread *thread, void *data)
{
	struct siginfo *info = data;

	(void)signal_send_thread(thread, info->si_signo, info);
}

static void timer_send(struct timer *t)
{
	struct siginfo info = { .si_signo = t->sig, .si_code = t->id < 0 ? SI_KERNEL : SI_TIMER };

	if (t->notify == SIGEV_NONE)
		return;
	if (t->id >= 0) {
		info.timer.tid = t->id;
		info.timer.overrun = t->missed;
		info.timer.sigval = t->value;
	}
	if (t->notify == SIGEV_THREAD_ID)
		(void)task_with_thread(t->tid, timer_send_to, &info);
	else
		(void)signal_send_process(t->sig, &info);
}

/* Fire t if it is due. Returns when to look at it next, as a moment of the monotonic clock. */
static int64_t timer_run(struct timer *t, int64_t monotonic)
{
	int64_t now, left;

	if (!t->deadline)
		return NO_DEADLINE;
	now = timer_on_cpu(t) ? timer_now(t) : monotonic;
	if (now >= t->deadline) {
		int64_t skipped = t->interval ? (now - t->deadline) / t->interval : 0;

		t->missed = skipped < INT32_MAX ? (int)skipped : INT32_MAX;
		t->deadline = t->interval ? t->deadline + (skipped + 1) * t->interval : 0;
		timer_send(t);
		if (!t->deadline)
			return NO_DEADLINE;
	}
	if (!timer_on_cpu(t))
		return t->deadline;
	left = (t->deadline - now) / (init_process.thread_count ? init_process.thread_count : 1);
	return monotonic + (left < TIMER_CPU_STEP ? TIMER_CPU_STEP : left);
}

static int64_t timer_run_all(void)
{
	int64_t monotonic = clock_monotonic_ns(), next = NO_DEADLINE;

	LOCKED(&timer_lock);
	for (int i = 0; i < TIMERS_MAX + 3; i++) {
		struct timer *t = i < 3 ? &timer_itimers[i] : timer_posix[i - 3];
		int64_t at = t ? timer_run(t, monotonic) : NO_DEADLINE;

		if (at < next)
			next = at;
	}
	return next;
}

static void timer_main(void)
{
	__atomic_store_n(&timer_thread, current, __ATOMIC_SEQ_CST);
	for (;;)
		/* This thread takes no signals, but the host may have told it of some: pass them on. */
		if (thread_park(timer_run_all()) == -EINTR)
			signal_settle_work();
}

void timer_delivered(int id, int overrun)
{
	if (id >= 0 && id < TIMERS_MAX)
		__atomic_store_n(&timer_overruns[id], overrun, __ATOMIC_RELAXED);
}

/* A deadline changed. 0, or why there can be no timers. */
int timer_kick(void)
{
	struct thread *t;

	if (!__atomic_exchange_n(&timer_thread_asked, true, __ATOMIC_SEQ_CST)) {
		int error = thread_start_kernel(timer_main);

		if (error)
			__atomic_store_n(&timer_thread_asked, false, __ATOMIC_SEQ_CST);
		return error;
	}
	t = __atomic_load_n(&timer_thread, __ATOMIC_SEQ_CST);
	if (t) /* else it has not started, and will look at everything first */
		thread_unpark(t);
	return 0;
}

/* Time left, as gettime calls show it: never 0 while armed. */
int64_t timer_left(const struct timer *t)
{
	int64_t left = t->deadline ? t->deadline - timer_now(t) : 0;

	return t->deadline && left <= 0 ? 1 : left;
}

/* --- setitimer, getitimer, alarm --- */

static int64_t timer_from_timeval(const struct timeval *tv)
{
	struct timespec ts = { .tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * NSEC_PER_USEC };

	if (tv->tv_usec < 0 || tv->tv_usec >= USEC_PER_SEC || tv->tv_sec < 0)
		return -EINVAL;
	return clock_timespec_ns(&ts);
}

static struct timeval timer_to_timeval(int64_t ns)
{
	ns += NSEC_PER_USEC - 1;
	return (struct timeval){ .tv_sec = ns / NSEC_PER_SEC, .tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC };
}

static void timer_get_itimer(int which, struct itimerval *value)
{
	LOCKED(&timer_lock);
	value->it_value = timer_to_timeval(timer_left(&timer_itimers[which]));
	value->it_interval = timer_to_timeval(timer_itimers[which].interval);
}

static int timer_set_itimer(int which, int64_t value, int64_t interval, struct itimerval *old)
{
	struct timer *t = &timer_itimers[which];

	timer_get_itimer(which, old);
	{
		LOCKED(&timer_lock);
		t->interval = interval;
		t->deadline = value ? timer_now(t) + value : 0;
	}
	return value ? timer_kick() : 0;
}

SYSCALL3(setitimer, int, which, uint64_t, new_addr, uint64_t, old_addr)
{
	struct itimerval new = { 0 }, old;
	int64_t value, interval;
	int error;

	if (new_addr && copy_from_user(&new, new_addr, sizeof(new)))
		return -EFAULT;
	value = timer_from_timeval(&new.it_value);
	interval = timer_from_timeval(&new.it_interval);
	if (value < 0 || interval < 0 || which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	error = timer_set_itimer(which, value, interval, &old);
	return !error && old_addr ? copy_to_user(old_addr, &old, sizeof(old)) : error;
}

SYSCALL2(getitimer, int, which, uint64_t, addr)
{
	struct itimerval value;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	timer_get_itimer(which, &value);
	return copy_to_user(addr, &value, sizeof(value));
}

SYSCALL1(alarm, uint32_t, seconds)
{
	struct itimerval old;
	int error = timer_set_itimer(ITIMER_REAL, (int64_t)seconds * NSEC_PER_SEC, 0, &old);
	long left = old.it_value.tv_sec;

	if (error)
		return error;
	/* Rounded to the nearest second, but an alarm that is set is never 0. */
	if (old.it_value.tv_usec >= USEC_PER_SEC / 2 || (!left && old.it_value.tv_usec))
		left++;
	return left;
}
