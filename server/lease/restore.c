/*
 * The queue after a start. Nobody waits for it: that a token's time is over is seen by whoever brings it, and what is
 * given out meanwhile is in the queue already. Only the end of secrets whose time came is late by as long as this
 * takes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/lease/leases.h"

struct restoring {
	struct leases *q;
	struct leases own;
	size_t skip;
};

/* Only its time is wanted: the whole is read when it has come. */
static int restore(void *context, const char *path, struct blob value)
{
	struct restoring *all = context;
	struct json values[64];
	struct json_reader reader = { .values = values, .capacity = 64 };
	struct text_error error;
	int64_t expires = 0;

	if (atomic_load(&all->q->stop))
		return -ECANCELED;
	atomic_fetch_add(&all->q->leases, 1);
	if (!json_read(&reader, (const char *)value.at, value.size, &error)) {
		const struct json *at = json_member(values, "expires");

		if (json_member(values, "irrevocable") || !at || !json_i64(at, &expires))
			return 0;
	}
	queue_append(&all->own, expires, path + all->skip);
	return 0;
}

/* An entry that does not authenticate ends the walk: what was found before it is kept, and the operator is told. */
void leases_restore(struct leases *q)
{
	struct restoring all = { .q = q };
	char folder[64];
	int error;

	snprintf(folder, sizeof(folder), "%sid/", leases_view.prefix);
	all.skip = strlen(folder);
	error = barrier_walk(q->core->barrier, folder, restore, &all);
	queue_join(q, &all.own);
	if (error && error != -ECANCELED)
		fprintf(stderr, "adyton-server: leases: reading them after the start: %s\n", strerror(-error));
	atomic_store(&q->restored, true);
}
