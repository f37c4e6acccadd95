/*
 * The server between its doors: mounts, seal state, who may what. http/ brings requests in and takes answers out;
 * backends answer them; store/ keeps what they say.
 *
 * Life of a request (core/handle.c): find the mount and the route → who asks (token/) → may they (policy/) → audit the
 * request → lock the entries, run the handler → token or lease of the answer → commit → audit the answer → wrap.
 */
#ifndef ADYTON_SERVER_CORE_CORE_H
#define ADYTON_SERVER_CORE_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/core/backend.h"
#include "server/core/config.h"
#include "server/store/barrier.h"

/* What clients take for Vault's version, to know what it can: whose API this is, and behind it ours. */
#define SERVER_VERSION "1.15.0+adyton." ADYTON_VERSION

struct audit;    /* server/audit/audit.h */
struct seal;     /* server/seal/seal.h */
struct leases;   /* server/lease/lease.h */
struct policies; /* server/policy/policy.h */
struct ticks;    /* server/core/tick.h */
struct tokens;   /* server/token/token.h */
struct settings; /* server/sys/settings.h */

struct core {
	const struct config *config;
	struct barrier *barrier;
	struct seal *seal;
	struct audit *audit;
	struct settings *settings; /* server/sys/settings.h; NULL while sealed */
	struct policies *policies;
	struct tokens *tokens;
	struct leases *leases;
	struct ticks *ticks;
	/* Requests hold it for reading, exclusive ones for writing. Guards mounts, unsealed, and what backends hold. */
	pthread_rwlock_t lock;
	struct list mounts;          /* sorted by path; empty while sealed */
	bool unsealed;
	char cluster_id[37];
	char cluster_name[64];
	struct cluster_key *cluster_key; /* cluster.h; NULL while sealed */
	uint8_t cluster_key_hash[32];    /* SHA-256 of its SubjectPublicKeyInfo: what clients pin */
	int64_t started;             /* Unix nanoseconds */
	int64_t (*clock)(void);      /* Unix nanoseconds; tests set it */
	_Atomic int64_t clock_floor; /* time never runs below what was seen */
	_Atomic uint64_t requests_in_flight;
	pthread_mutex_t stripes[LOCK_CLASSES][256];
};

struct core *core_make(const struct config *config, struct store *store, char *error, size_t size);
void core_free(struct core *core); /* sealed first */

/* What http/ calls: r has operation, path, body, token, origin set. Afterwards r->reply is what to send. */
void core_handle(struct request *r);
/* The answer as bytes: the envelope, or the raw body, or nothing for 204. */
struct blob core_body(struct request *r);

/* With the core's lock held for writing, by seal/: load what the barrier holds, or forget it. 0 or -errno. */
must_check int core_unsealed(struct core *core);
void core_sealing(struct core *core);
/* On the first unseal after init: default mounts, policies. Part of the request that initialises. */
void core_first_mounts(struct request *r, bool dev);

int64_t core_now(struct core *core);

/* The mount whose path begins `path`, or NULL; *rest is what stands behind it. */
struct mount *mount_find(const struct core *core, const char *path, const char **rest);
struct mount *mount_of_accessor(const struct core *core, const char *accessor);
/* Of sys/mounts and sys/auth, in an exclusive request: a status, refuse()d where it is an error. */
int mount_add(struct request *r, enum mount_class class, const char *path, const struct json *body);
int mount_remove(struct request *r, enum mount_class class, const char *path);

#endif
