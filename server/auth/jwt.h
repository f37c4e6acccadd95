/*
 * JSON Web Tokens, signed ones in the compact form (RFC 7515, 7519), and their keys (RFC 7517, 7518, 8037). Strict:
 * three parts of base64url without padding, JSON without repeated names, no "crit", no "none", no shared secrets.
 */
#ifndef ADYTON_SERVER_AUTH_JWT_H
#define ADYTON_SERVER_AUTH_JWT_H

#include <openssl/evp.h>

#include "server/core/pool.h"

#define JWT_SIZE_MAX (64 << 10)

struct jwt {
	const char *alg, *kid;        /* kid: NULL where there is none */
	const struct json *header, *claims; /* objects */
	struct blob signed_part, signature;
};

/* NULL, or what is wrong. Nothing of it is to be believed until a key of the issuer has verified it. */
must_check const char *jwt_read(struct pool *p, const char *text, struct jwt *t);

struct jwt_key {
	EVP_PKEY *pkey;
	const char *kid, *alg; /* NULL: not said */
};
void jwt_key_free(struct jwt_key *k);

/* NULL, or what is wrong. A public key, or a certificate's. */
must_check const char *jwt_key_of_pem(const char *pem, struct jwt_key *k);
/* A JWK; "" for one that is not for signatures or of a kind that we do not know: such ones are passed over. */
must_check const char *jwt_key_of_jwk(struct pool *p, const struct json *jwk, struct jwt_key *k);

bool jwt_alg_known(const char *alg);
/* Whether a key is of the kind that an algorithm needs. */
bool jwt_key_fits(const EVP_PKEY *pkey, const char *alg);
must_check bool jwt_verify(const struct jwt *t, const struct jwt_key *k);

/* The other way. `claims` is JSON; NULL where libcrypto fails. */
char *jwt_sign(struct pool *p, EVP_PKEY *pkey, const char *alg, const char *kid, struct blob claims);
EVP_PKEY *jwt_key_make(const char *alg);
/* The public key as an object {"kty", ..., "use": "sig", "kid", "alg"}. */
bool jwt_key_put(struct pool *p, struct json_writer *w, EVP_PKEY *pkey, const char *alg, const char *kid);

char *base64url(struct pool *p, const void *bytes, size_t size);
bool base64url_read(struct pool *p, const char *text, size_t size, struct blob *out);

#endif
