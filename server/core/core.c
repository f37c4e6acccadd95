/* Making the server, and what happens to it when its barrier opens and closes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/audit/audit.h"
#include "server/core/backends.h"
#include "server/core/cluster.h"
#include "server/core/mounts.h"
#include "server/core/tick.h"
#include "server/lease/lease.h"
#include "server/policy/policy.h"
#include "server/seal/seal.h"
#include "server/sys/settings.h"
#include "server/token/token.h"

static int64_t clock_of_the_machine(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* The host owns the clock. Turned back, it would revive what has ended: time stands still until it catches up. */
int64_t core_now(struct core *core)
{
	int64_t now = core->clock(), floor = atomic_load(&core->clock_floor);

	while (now > floor && !atomic_compare_exchange_weak(&core->clock_floor, &floor, now))
		;
	return now > floor ? now : floor;
}

static void locks_init(struct core *core)
{
	pthread_rwlockattr_t fair;

	/* Requests come without end: one that changes the core must not wait for a moment without any. */
	pthread_rwlockattr_init(&fair);
	pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&core->lock, &fair);
	pthread_rwlockattr_destroy(&fair);
	for (size_t class = 0; class < LOCK_CLASSES; class++)
		for (size_t i = 0; i < sizeof(core->stripes[0]) / sizeof(core->stripes[0][0]); i++)
			pthread_mutex_init(&core->stripes[class][i], NULL);
}

struct core *core_make(const struct config *config, struct store *store, char *error, size_t size)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core)
		abort();
	core->config = config;
	core->clock = clock_of_the_machine;
	core->started = core_now(core);
	list_init(&core->mounts);
	locks_init(core);
	core->barrier = barrier_make(store);
	core->seal = seal_make(core, error, size);
	if (!core->seal) {
		core_free(core);
		return NULL;
	}
	return core;
}

void core_free(struct core *core)
{
	if (core->unsealed) {
		pthread_rwlock_wrlock(&core->lock);
		seal_now(core);
		pthread_rwlock_unlock(&core->lock);
	}
	if (core->seal)
		seal_free(core->seal);
	barrier_free(core->barrier);
	pthread_rwlock_destroy(&core->lock);
	free(core);
}

/* What opens, in order; each closes in the reverse. */
static const struct {
	const char *name;
	int (*open)(struct core *core, struct request *r);
	void (*close)(struct core *core);
} parts[] = {
	{ "cluster", cluster_open, cluster_close },
	{ "clock", ticks_open, ticks_close },
	{ "policies", policies_open, policies_close },
	{ "tokens", tokens_open, tokens_close },
	{ "leases", leases_open, leases_close },
	{ "audit", audit_open, audit_close },
	{ "settings", settings_open, settings_close },
};

static int parts_open(struct core *core, struct request *r)
{
	int error = mounts_load(r);

	for (size_t i = 0; !error && i < sizeof(parts) / sizeof(parts[0]); i++) {
		error = parts[i].open(core, r);
		if (error)
			fprintf(stderr, "adyton-server: unseal: %s: %s\n", parts[i].name, strerror(-error));
	}
	return error;
}

int core_unsealed(struct core *core)
{
	_cleanup_request_ struct request r = { .core = NULL };
	int error;

	request_begin(&r, core);
	error = parts_open(core, &r);
	if (!error && !request_commit(&r))
		error = r.failed;
	core->unsealed = !error;
	if (error)
		core_sealing(core);
	return error;
}

void core_sealing(struct core *core)
{
	core->unsealed = false;
	for (size_t i = sizeof(parts) / sizeof(parts[0]); i-- > 0;)
		parts[i].close(core);
	mounts_unload(core);
}
