/*
 * The clock inside. Two readings of the host's clock, far enough apart, give the speed of the TSC; from then on time is
 * read without leaving. Each resynchronisation lasts as long again as the clock has been observed (at most a second),
 * so the error stays about that of one reading. Where the host's clock is behind ours, ours goes slower until it is
 * caught.
 */
#include "kernel/time/clock.h"
#include "abi/linux/errno.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/user.h"
#include "kernel/sync/wait.h"
#include "kernel/time/vdso.h"

#define CLOCK_BASELINE_MIN 100000L  /* ns: before this the host is asked, but not for every few ticks anew */
#define CLOCK_FEW_TICKS (1UL << 15)
#define CLOCK_OFFSET_PERIOD 1000000L /* ns: shorter ones do not ask whether somebody set the wall clock */
#define CLOCK_BASELINE_MAX 32000000000L
#define CLOCK_PERIOD_MAX NSEC_PER_SEC
#define CLOCK_SPEED_MAX (1UL << 40) /* ns per tick, times 2^32: a TSC below 4 MHz is none */
#define CLOCK_STEP 50000L /* ns: a change of the wall clock below this is our own error of reading */
#define CLOCK_SECONDS_MAX (1L << 32) /* two of them, in nanoseconds, still fit into 63 bits */

struct clock_sample {
	uint64_t tsc;
	int64_t ns;
	uint64_t error; /* ticks that the reading took */
};

struct vdso_data clock_vdso;

/* Guards writing clock_vdso, and these. Held over host_clock_gettime, which does not block. */
static struct lock clock_lock = LOCK_INIT;
static struct clock_sample clock_first, clock_middle, clock_latest;
static int64_t clock_last; /* what was answered last while there was no speed yet */

static int64_t clock_host(int clock)
{
	struct timespec now = { 0 };
	long error = host_clock_gettime(clock, &now);

	if (error || now.tv_sec < 0 || now.tv_sec > CLOCK_SECONDS_MAX || now.tv_nsec < 0 || now.tv_nsec >= NSEC_PER_SEC)
		kernel_die("the host's clock %d says error %ld, %ld s %ld ns", clock, error, now.tv_sec, now.tv_nsec);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

/* The best of a few readings: the one that took the least time lies closest. */
static struct clock_sample clock_sample(void)
{
	struct clock_sample best = { .error = UINT64_MAX };

	for (int i = 0; i < 3; i++) {
		uint64_t before = vdso_tsc();
		int64_t ns = clock_host(CLOCK_MONOTONIC);
		uint64_t took = vdso_tsc() - before;

		if (took < best.error)
			best = (struct clock_sample){ .tsc = before + took / 2, .ns = ns, .error = took };
	}
	return best;
}

static void clock_write_begin(void)
{
	__atomic_store_n(&clock_vdso.seq, clock_vdso.seq + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void clock_write_end(void)
{
	__atomic_store_n(&clock_vdso.seq, clock_vdso.seq + 1, __ATOMIC_RELEASE);
}

/* The wall clock's distance, taken only when it is plain that somebody set it: reading it is never exact. */
static int64_t clock_offset(int clock, int64_t old)
{
	int64_t before = clock_host(CLOCK_MONOTONIC), wall = clock_host(clock), after = clock_host(CLOCK_MONOTONIC);
	int64_t now = wall - before - (after - before) / 2;

	if (old && (now - old < CLOCK_STEP && old - now < CLOCK_STEP))
		return old;
	return !old || after - before < CLOCK_STEP ? now : old;
}

/* a * b / c without a library for 128 bits; UINT64_MAX where it does not fit (DIV would fault). */
static uint64_t clock_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

	if (high >= c)
		return UINT64_MAX;
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c) : "cc");
	return low;
}

/* Ticks to nanoseconds from two samples, times 2^32. */
static uint64_t clock_speed(const struct clock_sample *from, const struct clock_sample *to)
{
	uint64_t ticks = to->tsc - from->tsc;

	return clock_mul_div((uint64_t)(to->ns - from->ns), 1UL << VDSO_SHIFT, ticks);
}

/* From sample s on, for `period` ns. */
static void clock_rebase(const struct clock_sample *s, uint64_t speed, int64_t period)
{
	struct vdso_data *d = &clock_vdso;
	int64_t ours = d->mult ? d->base_ns + vdso_scale(s->tsc > d->base_tsc ? s->tsc - d->base_tsc : 0, d->mult) :
				 clock_last;
	int64_t ahead = ours > s->ns ? ours - s->ns : 0;
	uint64_t mult = speed;

	if (ahead) /* lose what we are ahead within the period, but never stand still */
		mult -= clock_mul_div(speed, (uint64_t)(ahead < period / 2 ? ahead : period / 2), (uint64_t)period);
	clock_write_begin();
	d->base_tsc = s->tsc;
	d->base_ns = s->ns + ahead;
	d->mult = mult;
	d->limit_tsc = s->tsc + clock_mul_div((uint64_t)period, 1UL << VDSO_SHIFT, speed);
	if (period >= CLOCK_OFFSET_PERIOD) {
		d->realtime_offset = clock_offset(CLOCK_REALTIME, d->realtime_offset);
		d->boottime_offset = clock_offset(CLOCK_BOOTTIME, d->boottime_offset);
	}
	clock_write_end();
}

/* What the samples so far say of the speed of the TSC; 0: nothing yet, or nothing that can be true. */
static uint64_t clock_observe(const struct clock_sample *s)
{
	uint64_t speed;

	if (s->ns - clock_first.ns < CLOCK_BASELINE_MIN || s->tsc <= clock_first.tsc)
		return 0;
	speed = clock_speed(&clock_first, s);
	if (s->ns - clock_middle.ns > CLOCK_BASELINE_MAX) { /* follow slow changes of speed */
		clock_first = clock_middle;
		clock_middle = *s;
	}
	return speed < CLOCK_SPEED_MAX ? speed : 0;
}

/* No speed is known: what the host says, but never less than it said before. */
static int64_t clock_follow(const struct clock_sample *s, int clock)
{
	if (s->ns > clock_last)
		clock_last = s->ns;
	return clock_last + (clock == CLOCK_REALTIME ? clock_vdso.realtime_offset :
			     clock == CLOCK_BOOTTIME ? clock_vdso.boottime_offset : 0);
}

/* The base is too old, or there is none yet. */
static int64_t clock_resync(int clock)
{
	struct clock_sample s;
	int64_t ns, period;
	uint64_t speed;

	LOCKED(&clock_lock);
	if (clock_vdso.mult && vdso_read(&clock_vdso, clock, &ns))
		return ns;
	if (!clock_vdso.mult && vdso_tsc() - clock_latest.tsc < CLOCK_FEW_TICKS)
		return clock_follow(&clock_latest, clock);
	s = clock_latest = clock_sample();
	speed = clock_observe(&s);
	if (!speed) {
		if (!clock_vdso.mult)
			return clock_follow(&s, clock);
		speed = clock_vdso.mult; /* the host's clock jumped: go on as before, and observe anew */
		clock_first = clock_middle = s;
	}
	period = s.ns - clock_first.ns;
	if (period < CLOCK_BASELINE_MIN || period > CLOCK_PERIOD_MAX)
		period = period < CLOCK_BASELINE_MIN ? CLOCK_BASELINE_MIN : CLOCK_PERIOD_MAX;
	clock_rebase(&s, speed, period);
	(void)vdso_read(&clock_vdso, clock, &ns);
	return ns;
}

int64_t clock_read(int clock)
{
	int64_t ns;

	return clock_vdso.mult && vdso_read(&clock_vdso, clock, &ns) ? ns : clock_resync(clock);
}

int64_t clock_monotonic_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

void clock_start(void)
{
	clock_first = clock_middle = clock_latest = clock_sample();
	clock_last = clock_first.ns;
	clock_vdso.realtime_offset = clock_offset(CLOCK_REALTIME, 0);
	clock_vdso.boottime_offset = clock_offset(CLOCK_BOOTTIME, 0);
}

int clock_check_timespec(const struct timespec *ts)
{
	return ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC ? -EINVAL : 0;
}

int64_t clock_timespec_ns(const struct timespec *ts)
{
	return ts->tv_sec >= CLOCK_SECONDS_MAX ? CLOCK_SECONDS_MAX * NSEC_PER_SEC :
						 ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

int64_t clock_deadline(int64_t ns, bool absolute, int clock)
{
	int64_t there;

	if (!absolute)
		return ns + clock_monotonic_ns();
	if (clock == CLOCK_MONOTONIC)
		return ns;
	there = clock_read(clock); /* first: the time between the two makes it later, never earlier */
	return ns + (clock_monotonic_ns() - there);
}

int clock_deadline_from_user(uint64_t addr, bool absolute, int clock, int64_t *deadline_ns)
{
	struct timespec ts;

	*deadline_ns = NO_DEADLINE;
	if (!addr)
		return 0;
	if (copy_from_user(&ts, addr, sizeof(ts)))
		return -EFAULT;
	if (clock_check_timespec(&ts))
		return -EINVAL;
	*deadline_ns = clock_deadline(clock_timespec_ns(&ts), absolute, clock);
	return 0;
}
