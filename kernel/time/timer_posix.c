/* timer_create(2) and its friends; the engine is in timer.c. */
#include "kernel/mm/heap.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "kernel/time/timer.h"

static int timer_check_event(const struct sigevent *e)
{
	if (e->sigev_notify == SIGEV_NONE)
		return 0;
	if (e->sigev_notify != SIGEV_SIGNAL && e->sigev_notify != SIGEV_THREAD && e->sigev_notify != SIGEV_THREAD_ID)
		return -EINVAL;
	if (e->sigev_signo < 1 || e->sigev_signo > SIGNAL_MAX)
		return -EINVAL;
	return e->sigev_notify == SIGEV_THREAD_ID && !task_is_thread(e->tid) ? -EINVAL : 0;
}

static int timer_add(struct timer *t)
{
	LOCKED(&timer_lock);
	for (int id = 0; id < TIMERS_MAX; id++) {
		if (timer_posix[id])
			continue;
		t->id = id;
		timer_posix[id] = t;
		return id;
	}
	return -EAGAIN;
}

static bool timer_clock_ok(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_TAI ||
	       clock == CLOCK_PROCESS_CPUTIME_ID;
}

SYSCALL3(timer_create, int, clock, uint64_t, event_addr, uint64_t, id_addr)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct timer *t;
	int64_t now;
	int id;

	if (event_addr && copy_from_user(&event, event_addr, sizeof(event)))
		return -EFAULT;
	if (!timer_clock_ok(clock))
		return clock_now(clock, &now) ? -EINVAL : -EOPNOTSUPP;
	if (timer_check_event(&event))
		return -EINVAL;
	t = heap_alloc(sizeof(*t));
	if (!t)
		return -EAGAIN;
	*t = (struct timer){ .clock = clock, .notify = event.sigev_notify, .sig = event.sigev_signo,
			     .tid = event.tid, .value = event.sigev_value };
	id = timer_add(t);
	if (id < 0) {
		heap_free(t);
		return id;
	}
	if (!event_addr)
		t->value.sival_int = id;
	if (!put_user_u32(id_addr, (uint32_t)id))
		return 0;
	LOCKED(&timer_lock);
	timer_posix[id] = NULL;
	heap_free(t);
	return -EFAULT;
}

static struct timer *timer_find(int id)
{
	return id >= 0 && id < TIMERS_MAX ? timer_posix[id] : NULL;
}

static int timer_get(int id, struct itimerspec *value)
{
	struct timer *t;

	LOCKED(&timer_lock);
	t = timer_find(id);
	if (!t)
		return -EINVAL;
	value->it_value = clock_ns_timespec(timer_left(t));
	value->it_interval = clock_ns_timespec(t->interval);
	return 0;
}

/* The moment at which t expires, of the clock that its deadlines count in. */
static int64_t timer_moment(const struct timer *t, int64_t value, bool absolute)
{
	if (!value)
		return 0;
	if (timer_on_cpu(t))
		return absolute ? value : timer_now(t) + value;
	value = clock_deadline(value, absolute, t->clock == CLOCK_TAI ? CLOCK_REALTIME : t->clock);
	return value > 0 ? value : 1; /* in the past: at once */
}

static int timer_set(int id, const struct itimerspec *new, bool absolute)
{
	struct timer *t;

	LOCKED(&timer_lock);
	t = timer_find(id);
	if (!t)
		return -EINVAL;
	t->interval = clock_timespec_ns(&new->it_interval);
	t->deadline = timer_moment(t, clock_timespec_ns(&new->it_value), absolute);
	t->missed = 0;
	__atomic_store_n(&timer_overruns[id], 0, __ATOMIC_RELAXED);
	return 0;
}

SYSCALL4(timer_settime, int, id, int, flags, uint64_t, new_addr, uint64_t, old_addr)
{
	struct itimerspec new, old;
	int error;

	if (!new_addr)
		return -EINVAL;
	if (copy_from_user(&new, new_addr, sizeof(new)))
		return -EFAULT;
	if (clock_check_timespec(&new.it_value) || clock_check_timespec(&new.it_interval) || timer_get(id, &old))
		return -EINVAL;
	error = timer_set(id, &new, flags & TIMER_ABSTIME);
	if (!error)
		error = timer_kick();
	return !error && old_addr ? copy_to_user(old_addr, &old, sizeof(old)) : error;
}

SYSCALL2(timer_gettime, int, id, uint64_t, addr)
{
	struct itimerspec value;

	return timer_get(id, &value) ? -EINVAL : copy_to_user(addr, &value, sizeof(value));
}

SYSCALL1(timer_getoverrun, int, id)
{
	LOCKED(&timer_lock);
	return timer_find(id) ? __atomic_load_n(&timer_overruns[id], __ATOMIC_RELAXED) : -EINVAL;
}

SYSCALL1(timer_delete, int, id)
{
	struct timer *t;

	LOCKED(&timer_lock);
	t = timer_find(id);
	if (!t)
		return -EINVAL;
	timer_posix[id] = NULL;
	heap_free(t);
	return 0;
}

void timer_exec(void)
{
	LOCKED(&timer_lock);
	for (int id = 0; id < TIMERS_MAX; id++) {
		heap_free(timer_posix[id]);
		timer_posix[id] = NULL;
	}
}
