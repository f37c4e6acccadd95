/* A server in memory: a clock that tests move, a store that fails when told to, a backend that gives leases. */
#ifndef ADYTON_TESTS_UNIT_SERVER_TOKEN_WORLD_H
#define ADYTON_TESTS_UNIT_SERVER_TOKEN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/core/core.h"
#include "server/lease/leases.h"
#include "server/policy/policies.h"
#include "server/token/tokens.h"

struct world {
	struct config config;
	struct store *store;
	struct core *core;
	struct pool pool;
	const char *root; /* token */
};

extern _Atomic int64_t world_now;  /* Unix nanoseconds */
extern _Atomic int world_failures; /* as many apply()s fail from now on */
extern _Atomic int world_applies;  /* how many there were */
extern _Atomic int world_revoked;  /* leases that the backend ended */
extern _Atomic bool world_refuses; /* the backend ends none */
extern struct mount *world_mount;  /* of the backend: "leasing/" */

int world_setup(void **state);
int world_teardown(void **state);
/* As after a kill: memory is gone, what is stored stays. */
void world_restart(struct world *w);

/* A whole request, as a client's: its status, and the JSON of its body in w's pool (NULL: none). */
int world_ask(struct world *w, const char *path, const char *token, const char *body, const struct json **answer);
extern const struct blob *world_certificate; /* that the next requests come with */

/* A token in a transaction of its own: its text in w's pool. */
const char *world_token(struct world *w, const char *parent, const char *policy, uint64_t ttl, uint64_t uses);
bool world_works(struct world *w, const char *token);
/* Ends it; false: the store failed. */
bool world_revoke(struct world *w, const char *token);
/* A lease held by a token; its id in w's pool. */
const char *world_lease(struct world *w, const char *token, uint64_t ttl);
bool world_has_lease(struct world *w, const char *id);

#endif
