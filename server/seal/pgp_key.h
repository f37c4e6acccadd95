/* Reading an OpenPGP public key (RFC 4880 section 11.1): which of its keys to encrypt to. */
#ifndef ADYTON_SERVER_SEAL_PGP_KEY_H
#define ADYTON_SERVER_SEAL_PGP_KEY_H

#include "server/core/pool.h"

#define PGP_FINGERPRINT 20

enum pgp_algorithm { PGP_RSA = 1, PGP_RSA_ENCRYPT = 2, PGP_ECDH = 18 };

struct pgp_key {
	uint8_t primary[PGP_FINGERPRINT]; /* of the certificate */
	uint8_t fingerprint[PGP_FINGERPRINT]; /* of the key to encrypt to */
	uint8_t algorithm;
	struct blob modulus, exponent; /* RSA */
	struct blob oid, point;        /* ECDH */
	uint8_t kdf_hash, kdf_cipher;
};

/* NULL, or why there is nothing to encrypt to. Parts of `bytes` stay referred to. */
const char *pgp_key_read(struct pgp_key *key, struct blob bytes);

#endif
