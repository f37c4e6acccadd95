/* The signature algorithms of tokens (RFC 7518 section 3.1, RFC 8037). */
#ifndef ADYTON_SERVER_AUTH_JWT_ALG_H
#define ADYTON_SERVER_AUTH_JWT_ALG_H

#include <openssl/evp.h>

#include "abi/types.h"

struct jwt_alg {
	const char *name, *type, *digest; /* "RS256", as libcrypto names key and digest */
	const char *curve;
	size_t half; /* ECDSA: bytes of R and of S */
	bool pss;
};

const struct jwt_alg *jwt_alg_find(const char *name);
bool jwt_pss(EVP_PKEY_CTX *pctx);

#endif
