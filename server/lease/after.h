/* What memory is told once a request's changes are durable: caches forget, the queue of expiry follows. */
#ifndef ADYTON_SERVER_LEASE_AFTER_H
#define ADYTON_SERVER_LEASE_AFTER_H

#include "server/core/request.h"

enum after_kind {
	AFTER_TOKEN_CHANGED, /* id: its hash */
	AFTER_TOKEN_GONE,    /* id: its hash; children that came meanwhile go too */
	AFTER_CHILD_MADE,    /* id: the child's hash, of: its parent's, which may have gone meanwhile */
	AFTER_LEASE_DUE,     /* id: of the lease; at: when */
	AFTER_LEASE_MADE,    /* the same, a new one */
	AFTER_LEASE_GONE,
};

struct after {
	struct after *next;
	enum after_kind kind;
	const char *id, *of;
	int64_t at;
};

void after_add(struct request *r, enum after_kind kind, const char *id, const char *of, int64_t at);

#endif
