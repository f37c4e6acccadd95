/*
 * One audit device: a queue, a thread that empties it, and a sink behind. Who has a record to write gives it to every
 * device and waits until one has it for good; the others catch up in their own time, or lose what does not fit in their
 * queue, which they then say in their log and on stderr.
 */
#ifndef ADYTON_SERVER_AUDIT_DEVICE_H
#define ADYTON_SERVER_AUDIT_DEVICE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "crypto/hmac_sha256.h"
#include "server/audit/audit.h"
#include "server/audit/sink.h"
#include "server/core/core.h"

#define QUEUE_MAX 4096                /* records */
#define QUEUE_BYTES_MAX (16UL << 20)
#define PATIENCE 10                   /* seconds that a request waits for its record */

/* One record on its way to all devices. */
struct ticket {
	_Atomic unsigned int holders; /* lines in queues, and the request */
	_Atomic unsigned int waiting; /* lines of which nothing is known yet */
	_Atomic bool written;
	sem_t told;                   /* posted when `written` is set, and when `waiting` becomes 0 */
};

struct audit_settings {
	bool raw, hmac_accessor, elide_lists, sync;
	const char *prefix;
};

struct device {
	struct list link;
	struct audit *audit;
	const char *path, *type, *description, *accessor, *uuid, *salt; /* path: "file/" */
	struct blob options;        /* JSON object of strings */
	bool local;
	struct audit_settings settings;
	struct hmac_sha256 hmac;    /* keyed with the salt; copied for each use */
	struct sink sink;           /* the thread's */
	pthread_t thread;
	pthread_cond_t filled;      /* with audit->mutex: the queue has lines, or stop */
	struct line *first, **last; /* the queue, and what follows: guarded by audit->mutex */
	size_t count, bytes;
	uint64_t lost, lost_told;
	bool stop, ended, reopen;
	struct pool pool;           /* holds the texts above */
};

struct audit_header {
	struct audit_header *next;
	const char *name; /* lower case */
	bool hmac;
};

struct audit {
	pthread_mutex_t mutex;
	pthread_cond_t ended;         /* some device's thread has */
	struct list devices;          /* changes in exclusive requests only */
	struct audit_header *headers; /* likewise */
	struct pool header_pool;
};

struct device *device_make(struct audit *audit, const char *path);
/* The options that it knows, from d->options. A status, refuse()d where they are wrong. */
int device_configure(struct request *r, struct device *d);
/* Start the thread. `must`: the sink has to open now, with a reason in error[] where it does not. */
bool device_start(struct device *d, bool must, char *error, size_t size);
/* Empties the queue, for two seconds at most, and frees; false: it hangs, and goes on using its audit. */
bool device_stop(struct device *d);
void device_free(struct device *d); /* one that was not started */

/* Put a line in the queue, for a ticket that the caller holds. */
void device_put(struct device *d, struct ticket *t, const char *text, size_t size);
struct ticket *ticket_make(void);
/* Wait until it is written somewhere or nowhere; gives it back. */
bool ticket_wait(struct ticket *t);

/* "hmac-sha256:<hex>", in the pool. */
const char *device_hmac(const struct device *d, struct pool *p, const char *text, size_t size);

/* A record for this device: one line with its end. `answer`: of a response. */
struct blob record_make(struct request *r, const struct device *d, bool answer, const struct names *granting,
			bool allowed, const char *error);

#endif
