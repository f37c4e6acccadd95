/* Leases, for the files of this folder and for sys/leases. */
#ifndef ADYTON_SERVER_LEASE_LEASES_H
#define ADYTON_SERVER_LEASE_LEASES_H

#include <pthread.h>

#include "server/core/core.h"
#include "server/lease/after.h"
#include "server/lease/lease.h"

#define LEASE_RANDOM 24   /* base62 characters behind the path */
#define LEASE_ATTEMPTS 6  /* failures after which a lease is irrevocable */
#define LEASE_TOGETHER 64 /* that end in one transaction */

/* When a lease is to be looked at; its entry says whether its time has come. Several may stand for one lease. */
struct due {
	int64_t at; /* Unix seconds */
	uint32_t attempts;
	char *id;
};

struct leases {
	struct core *core;
	pthread_t thread;
	bool running;
	_Atomic bool stop;
	_Atomic bool restored; /* all that was stored is in the queue */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct due *heap;      /* the earliest first: each is no later than those at 2i + 1 and 2i + 2 */
	size_t count, room;
	_Atomic size_t leases;
};

extern const struct view leases_view;

/* -- entry.c -- */
struct lease *lease_read(struct request *r, const char *id, const struct json *entry);
void lease_put(struct request *r, const struct lease *lease);
void lease_drop(struct request *r, const struct lease *lease);
const char *lease_token_key(struct request *r, const char *token_hash, const char *id);
/* All ids below a prefix, in order. */
struct names lease_ids(struct request *r, const char *prefix);

/* -- queue.c -- */
void queue_add(struct leases *q, int64_t at, uint32_t attempts, const char *id);
/* Without order, into a queue of one's own; queue_join() makes it part of q. */
void queue_append(struct leases *own, int64_t at, const char *id);
void queue_join(struct leases *q, struct leases *own);
/* Up to `limit` that are due; the caller frees their ids. */
size_t queue_take(struct leases *q, int64_t now, struct due *out, size_t limit);
void queue_free(struct leases *q);

/* -- restore.c -- */
void leases_restore(struct leases *q);

/* -- expire.c -- */
void *expire_thread(void *leases);

/* -- renew.c: a status; the answer is filled in -- */
int lease_renew(struct request *r, const char *id, uint64_t increment);

#endif
