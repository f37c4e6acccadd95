/*
 * How the root key of the barrier is kept while the server is down: split into shares that people hold (Shamir), under
 * a static key, or sealed to the enclave's identity, the latter two with recovery shares. All key material of the
 * server's life cycle passes here: init, unseal, seal, rekey, generate-root.
 *
 * seal.c decides; shamir.c, static.c and enclave.c each are one way; sys_*.c are the endpoints.
 */
#ifndef ADYTON_SERVER_SEAL_SEAL_H
#define ADYTON_SERVER_SEAL_SEAL_H

#include "server/core/backend.h"

struct seal;

struct seal *seal_make(struct core *core, char *error, size_t size); /* as core->config says */
void seal_free(struct seal *s);
/* At start: a seal that needs nobody opens the barrier. 0 also where people must come or nothing is initialised. */
must_check int seal_auto_unseal(struct core *core, char *error, size_t size);
/* Close the barrier; the core's lock is held for writing. */
void seal_now(struct core *core);
bool seal_is_recovery(const struct seal *s);
const char *seal_type(const struct seal *s);

/* What `-dev` prints: initialise with one share, unseal, root token as configured. Hex key and token in the pool. */
must_check int seal_dev(struct core *core, struct pool *pool, const char **unseal_key, const char **root_token,
			char *error, size_t size);

/* sys/{init,unseal,seal,seal-status,rekey,generate-root,rotate,key-status,...} */
extern const struct route_table seal_tables[];

#endif
