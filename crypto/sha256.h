/* SHA-256 (FIPS 180-4). The caller owns the context; it may be copied to hash a common prefix once. */
#ifndef ADYTON_CRYPTO_SHA256_H
#define ADYTON_CRYPTO_SHA256_H

#include "abi/types.h"

#define SHA256_SIZE 32

struct sha256 {
	_Alignas(16) uint8_t opaque[128];
};

void sha256_init(struct sha256 *ctx);
void sha256_update(struct sha256 *ctx, const void *data, size_t size);
void sha256_final(struct sha256 *ctx, uint8_t digest[SHA256_SIZE]); /* leaves ctx wiped */
void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE]);

#endif
