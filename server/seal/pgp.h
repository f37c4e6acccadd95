/*
 * Encrypting a share to its holder's OpenPGP key (RFC 4880; ECDH of RFC 6637), as Vault's pgp_keys want it: the key in
 * base64 of its binary form, the answer a binary message.
 */
#ifndef ADYTON_SERVER_SEAL_PGP_H
#define ADYTON_SERVER_SEAL_PGP_H

#include "server/core/pool.h"

/* NULL where it can be encrypted to, or why not; the fingerprint in hex is put where it is asked for. */
const char *pgp_check(const char *key, struct pool *pool, const char **fingerprint);
/* Size 0: pgp_check() would have said why. */
struct blob pgp_encrypt(const char *key, const void *data, size_t size, struct pool *pool);

#endif
