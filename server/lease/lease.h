/*
 * Leases: what was given out ends at its time, by request, or with its token. The queue of expiry lives in memory, by
 * time; the store has one entry for each, and an index by token.
 *
 * Storage, in view "sys/lease/": id/<lease id>, token/<token hash>/<hash of the lease id>.
 */
#ifndef ADYTON_SERVER_LEASE_LEASE_H
#define ADYTON_SERVER_LEASE_LEASE_H

#include "server/core/request.h"

struct lease {
	const char *id;             /* "<path>/<24 base62>"; of tokens "auth/<mount>/login/h<hash>" */
	const char *path;
	const char *token_hash;     /* who holds it; for a token's own lease the token itself */
	const char *mount_accessor;
	bool is_token;              /* ends the token itself */
	bool renewable;
	int64_t issued, expires, renewed; /* Unix seconds; expires 0: never */
	uint64_t max_ttl;
	struct blob internal;
	const char *irrevocable;    /* why it could not be ended, again and again; NULL: not so */
};

int leases_open(struct core *core, struct request *r); /* at unseal: reads them all, starts the thread of expiry */
void leases_close(struct core *core);

/* Register the lease of r->reply.lease for the token of r: fills in reply.lease_id, lease_duration, lease_renewable. A
 * status. */
int lease_grant(struct request *r);
/* A token's own. */
void lease_of_token(struct request *r, const struct token *token, const struct mount *m);
void lease_of_token_drop(struct request *r, const struct token *token);
struct lease *lease_find(struct request *r, const char *id);
/* End one: calls the backend. `force`: drops it although the backend fails. False: it failed (and is tried again). */
bool lease_revoke(struct request *r, const char *id, bool force);
/* All of a token, as part of its revocation. */
void lease_revoke_token(struct request *r, const char *token_hash);
/* All below a path, also at unmounting; in transactions of their own. False: some failed, and are tried again. */
bool lease_revoke_prefix(struct request *r, const char *prefix, bool force);
/* A lease's new time became durable or it is gone: the queue follows. Called by the core after each commit. */
void leases_committed(struct request *r);
/* What is due now, done now: tests and the thread. The number of those that ended. */
size_t leases_expire(struct core *core);
size_t leases_count(const struct core *core);

#endif
