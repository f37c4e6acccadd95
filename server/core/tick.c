#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/core/tick.h"

#define INTERVAL 60 /* seconds */

struct ticks {
	struct core *core;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards ending */
	pthread_cond_t changed;
	bool ending;
};

static const struct view view = { "core/" };

static void clock_note(struct request *r)
{
	struct json_writer *w = entry_write(r);

	json_put_i64(w, "seen", r->now);
	entry_written(r, &view, "clock", w);
}

/* The host may have turned its clock back while the server was down: what has ended stays ended. */
static void clock_read(struct request *r)
{
	const struct json *row = entry_read(r, &view, "clock");
	const struct json *value = row ? json_member_of(row, "seen", JSON_NUMBER) : NULL;
	int64_t seen;

	if (!value || !json_i64(value, &seen) || seen <= r->now)
		return;
	fprintf(stderr,
		"adyton-server: the clock stands %lld s before what this store has seen: it is taken to be that\n",
		(long long)((seen - r->now) / 1000000000));
	atomic_store(&r->core->clock_floor, seen);
}

/* One transaction for each, so that one backend's failure is nobody else's. */
static void tick_run(struct core *core, void (*fn)(struct request *r, struct mount *m), struct mount *m)
{
	_cleanup_request_ struct request r = { .core = NULL };

	request_begin(&r, core);
	r.mount = m;
	fn(&r, m);
	if (!request_commit(&r))
		fprintf(stderr, "adyton-server: the minute's work of %s: %s\n", m ? m->path : "the clock",
			strerror(-r.failed));
}

static void clock_tick(struct request *r, struct mount *m)
{
	(void)m;
	clock_note(r);
}

static void ticks_run(struct core *core)
{
	tick_run(core, clock_tick, NULL);
	list_for_each(at, &core->mounts) {
		struct mount *m = container_of(at, struct mount, link);

		if (m->backend->tick)
			tick_run(core, m->backend->tick, m);
	}
}

/* Whether it is time to end, after `seconds` at the latest. */
static bool ticks_wait(struct ticks *t, double seconds)
{
	struct timespec until;
	int64_t more = (int64_t)(seconds * 1e9);
	bool ending;

	clock_gettime(CLOCK_MONOTONIC, &until);
	more += until.tv_nsec;
	until.tv_sec += more / 1000000000;
	until.tv_nsec = more % 1000000000;
	pthread_mutex_lock(&t->mutex);
	while (!t->ending && pthread_cond_timedwait(&t->changed, &t->mutex, &until) != ETIMEDOUT)
		;
	ending = t->ending;
	pthread_mutex_unlock(&t->mutex);
	return ending;
}

/* Who closes the ticks holds the core's lock and waits for this thread, which therefore never waits for that lock. */
static void *ticks_main(void *argument)
{
	struct ticks *t = argument;

	while (!ticks_wait(t, INTERVAL)) {
		while (pthread_rwlock_tryrdlock(&t->core->lock))
			if (ticks_wait(t, 0.05))
				return NULL;
		if (t->core->unsealed)
			ticks_run(t->core);
		pthread_rwlock_unlock(&t->core->lock);
	}
	return NULL;
}

int ticks_open(struct core *core, struct request *r)
{
	struct ticks *t = calloc(1, sizeof(*t));
	pthread_condattr_t monotonic;
	int error;

	if (!t)
		abort();
	clock_read(r);
	t->core = core;
	pthread_mutex_init(&t->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	error = pthread_create(&t->thread, NULL, ticks_main, t);
	if (error) {
		free(t);
		return -error;
	}
	core->ticks = t;
	return r->failed;
}

void ticks_close(struct core *core)
{
	struct ticks *t = core->ticks;

	if (!t)
		return;
	pthread_mutex_lock(&t->mutex);
	t->ending = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->mutex);
	pthread_join(t->thread, NULL);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->mutex);
	free(t);
	core->ticks = NULL;
}
