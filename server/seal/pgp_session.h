/* A message's session key, encrypted to a public key: RSA (RFC 4880 section 5.1) or ECDH (RFC 6637). */
#ifndef ADYTON_SERVER_SEAL_PGP_SESSION_H
#define ADYTON_SERVER_SEAL_PGP_SESSION_H

#include "crypto/key.h"
#include "server/seal/pgp.h"
#include "server/seal/pgp_key.h"

/* NULL, or why this key cannot be encrypted to. */
const char *pgp_session_check(const struct pgp_key *key);
/* The body of the packet; size 0: it failed. */
struct blob pgp_session_wrap(const struct pgp_key *key, const struct secret_key *session, struct pool *pool);

#endif
