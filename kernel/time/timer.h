/* Timers that send signals: setitimer(2), alarm(2), timer_create(2). */
#ifndef ADYTON_KERNEL_TIME_TIMER_H
#define ADYTON_KERNEL_TIME_TIMER_H

#include "abi/linux/signal.h"
#include "abi/linux/time.h"
#include "kernel/sync/lock.h"

/* A queued signal of POSIX timer `id` is being delivered with this overrun count: what timer_getoverrun(2) answers. */
void timer_delivered(int id, int overrun);

#define TIMERS_MAX 256

struct timer {
	int clock;       /* CLOCK_*: deadline is of CLOCK_MONOTONIC, or of the CPU clock */
	int id;          /* of timer_create; -1: setitimer */
	int notify;      /* SIGEV_* */
	int sig;
	int32_t tid;     /* SIGEV_THREAD_ID */
	union sigval value;
	int64_t deadline; /* 0: not armed */
	int64_t interval; /* 0: once */
	int missed;
};

/* Guards all timers. Outside process->lock, which sending to a thread takes. */
extern struct lock timer_lock;
extern struct timer *timer_posix[TIMERS_MAX]; /* by id */
extern int timer_overruns[TIMERS_MAX];        /* atomic */

bool timer_on_cpu(const struct timer *t);
int64_t timer_now(const struct timer *t);  /* of the clock that its deadlines count in */
int64_t timer_left(const struct timer *t); /* as gettime calls show it: never 0 while armed */
/* A deadline changed: look again. 0, or why there can be no timers. */
int timer_kick(void) must_check;
void timer_exec(void); /* timers of timer_create(2) end with their program; alarm(2) and setitimer(2) go on */

#endif
