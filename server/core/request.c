/* Beginning, locking, committing and ending a request. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/sha256.h"
#include "server/core/batch.h"
#include "server/core/core.h"

#define STRIPES (sizeof(((struct core *)NULL)->stripes[0]) / sizeof(pthread_mutex_t))
#define PATIENCE 10000 /* times that a lock out of order is tried */

/* One bit for each stripe that is held. */
struct request_lock {
	uint64_t held[LOCK_CLASSES][STRIPES / 64];
};

static const char *const operation_names[OP_COUNT] = {
	[OP_READ] = "read", [OP_LIST] = "list", [OP_CREATE] = "create", [OP_UPDATE] = "update", [OP_PATCH] = "patch",
	[OP_DELETE] = "delete", [OP_HELP] = "help",
};

const char *operation_name(enum operation op)
{
	return operation_names[op];
}

void request_begin(struct request *r, struct core *core)
{
	static const struct json empty = { .kind = JSON_OBJECT, .span = { "{}", 2 } };

	*r = (struct request){ .core = core, .now = core_now(core), .body = &empty };
	pool_init(&r->pool);
	memcpy(r->id, pool_uuid(&r->pool), sizeof(r->id));
	r->batch = pool_take(&r->pool, sizeof(*r->batch));
	r->locks = pool_take(&r->pool, sizeof(*r->locks));
}

/* Every stripe that is held is asked for by its bit. */
void request_release(struct request *r)
{
	for (size_t class = 0; r->locks && class < LOCK_CLASSES; class++) {
		for (size_t word = 0; word < STRIPES / 64; word++) {
			uint64_t held = r->locks->held[class][word];

			for (; held; held &= held - 1) {
				size_t stripe = word * 64 + (size_t)__builtin_ctzll(held);

				pthread_mutex_unlock(&r->core->stripes[class][stripe]);
			}
			r->locks->held[class][word] = 0;
		}
	}
}

void request_end(struct request *r)
{
	request_release(r);
	pool_close(&r->pool);
}

/* Whether a lock that comes after this one in the order of all locks is held: waiting for it could be in a circle. */
static bool out_of_order(const struct request_lock *locks, size_t class, size_t stripe)
{
	for (size_t c = class; c < LOCK_CLASSES; c++)
		for (size_t i = c == class ? stripe + 1 : 0; i < STRIPES; i++)
			if (locks->held[c][i / 64] >> i % 64 & 1)
				return true;
	return false;
}

/*
 * In order of class and stripe a request waits; against it (a tree of tokens) it tries for a while and then fails as a
 * whole, so that two requests never wait for each other for good.
 */
void entry_lock(struct request *r, enum lock_class class, const struct view *view, const char *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a: a stripe for a name, nothing more */
	pthread_mutex_t *mutex;
	size_t stripe;

	for (const char *at = view->prefix; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (const char *at = key; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	stripe = (hash ^ hash >> 16) % STRIPES;
	if (r->locks->held[class][stripe / 64] >> stripe % 64 & 1)
		return;
	mutex = &r->core->stripes[class][stripe];
	if (!out_of_order(r->locks, class, stripe)) {
		pthread_mutex_lock(mutex);
	} else {
		unsigned int tries = 0;

		while (pthread_mutex_trylock(mutex)) {
			if (++tries == PATIENCE) {
				r->failed = -EDEADLK;
				return;
			}
			sched_yield();
		}
	}
	r->locks->held[class][stripe / 64] |= 1ULL << stripe % 64;
}

/* Changes were gathered newest first. */
static struct change *batch_take(struct batch *batch)
{
	struct change *first = NULL, *next;

	for (struct change *c = batch->newest; c; c = next) {
		next = c->next;
		c->next = first;
		first = c;
	}
	*batch = (struct batch){ NULL };
	return first;
}

bool request_commit(struct request *r)
{
	struct change *first;

	if (r->failed)
		return false;
	first = batch_take(r->batch);
	if (first)
		r->failed = barrier_apply(r->core->barrier, first);
	return !r->failed;
}

int64_t request_seconds(const struct request *r)
{
	return r->now / 1000000000;
}
