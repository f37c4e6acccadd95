/*
 * The thread that ends what is due. Several leases end in one transaction, because a commit costs as much as they do.
 * What fails is tried again after 10 s, 20 s, 40 s ...; after LEASE_ATTEMPTS it is marked and left to people.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "server/lease/leases.h"
#include "server/policy/policies.h"

#define BACK_OFF 10 /* seconds */

static void later(struct leases *q, struct due *due, int64_t now)
{
	uint32_t doublings = due->attempts < LEASE_ATTEMPTS ? due->attempts : LEASE_ATTEMPTS;

	queue_add(q, now + (BACK_OFF << doublings), due->attempts + 1, due->id);
}

static void mark_irrevocable(struct request *r, struct lease *lease)
{
	lease->irrevocable =
		r->reply.errors.count ? r->reply.errors.at[r->reply.errors.count - 1] : "it could not be ended";
	lease_put(r, lease);
}

/* Whether it ended. Its entry has the last word on its time: it may have been renewed, or be gone. */
static bool expire_one(struct request *r, struct due *due)
{
	struct leases *q = r->core->leases;
	struct lease *lease = lease_find(r, due->id);

	if (!lease || lease->irrevocable)
		return false;
	if (lease->expires > request_seconds(r)) {
		queue_add(q, lease->expires, 0, due->id);
		return false;
	}
	if (lease_revoke(r, due->id, false))
		return true;
	if (r->failed)
		return false;
	if (due->attempts + 1 < LEASE_ATTEMPTS)
		later(q, due, request_seconds(r));
	else
		mark_irrevocable(r, lease);
	return false;
}

/* Whether the transaction was stored; *ended counts on. */
static int expire_together(struct core *core, struct due *due, size_t count, size_t *ended)
{
	_cleanup_request_ struct request r = { .core = NULL };
	size_t now = 0;

	request_begin(&r, core);
	for (size_t i = 0; i < count && !r.failed; i++)
		now += expire_one(&r, &due[i]);
	if (!request_commit(&r))
		return r.failed;
	leases_committed(&r);
	*ended += now;
	return 0;
}

/* What fails together is tried one by one, so that one bad entry does not hold up the others. */
static size_t expire_all(struct core *core, struct due *due, size_t count)
{
	size_t ended = 0;

	if (!expire_together(core, due, count, &ended))
		return ended;
	for (size_t i = 0; i < count; i++) {
		int error = expire_together(core, &due[i], 1, &ended);

		if (error == -EDEADLK) /* others hold the locks, soon no more */
			queue_add(core->leases, core_now(core) / 1000000000 + 1, due[i].attempts, due[i].id);
		else if (error)
			later(core->leases, &due[i], core_now(core) / 1000000000);
	}
	return ended;
}

size_t leases_expire(struct core *core)
{
	struct due due[LEASE_TOGETHER];
	size_t ended = 0, count;

	do {
		count = queue_take(core->leases, core_now(core) / 1000000000, due, LEASE_TOGETHER);
		if (!count)
			break;
		ended += expire_all(core, due, count);
		for (size_t i = 0; i < count; i++)
			free(due[i].id);
	} while (!atomic_load(&core->leases->stop));
	return ended;
}

/* At most a second: the clock may be one that tests move. */
static void wait_a_while(struct leases *q)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_mutex_lock(&q->mutex);
	if (!atomic_load(&q->stop) && !(q->count && q->heap[0].at <= core_now(q->core) / 1000000000))
		pthread_cond_timedwait(&q->changed, &q->mutex, &until);
	pthread_mutex_unlock(&q->mutex);
}

static bool anything_due(struct leases *q)
{
	bool due;

	pthread_mutex_lock(&q->mutex);
	due = q->count && q->heap[0].at <= core_now(q->core) / 1000000000;
	pthread_mutex_unlock(&q->mutex);
	return due;
}

/*
 * Who seals holds the core's lock and waits for this thread: so it never waits for that lock. It is only taken when
 * something is due.
 */
void *expire_thread(void *leases)
{
	static const struct timespec soon = { .tv_nsec = 5000000 };
	struct leases *q = leases;

	leases_restore(q);
	while (!atomic_load(&q->stop)) {
		wait_a_while(q);
		policies_tick(q->core);
		if (atomic_load(&q->stop) || !anything_due(q))
			continue;
		if (pthread_rwlock_tryrdlock(&q->core->lock)) {
			nanosleep(&soon, NULL);
			continue;
		}
		if (!atomic_load(&q->stop))
			leases_expire(q->core);
		pthread_rwlock_unlock(&q->core->lock);
	}
	return NULL;
}
