/* HMAC-SHA-256 (RFC 2104, FIPS 198-1). */
#ifndef ADYTON_CRYPTO_HMAC_SHA256_H
#define ADYTON_CRYPTO_HMAC_SHA256_H

#include "crypto/sha256.h"

#define HMAC_SHA256_SIZE SHA256_SIZE

struct hmac_sha256 {
	_Alignas(16) uint8_t opaque[384];
};

void hmac_sha256_init(struct hmac_sha256 *ctx, const void *key, size_t key_size);
void hmac_sha256_update(struct hmac_sha256 *ctx, const void *data, size_t size);
void hmac_sha256_final(struct hmac_sha256 *ctx, uint8_t mac[HMAC_SHA256_SIZE]); /* leaves ctx wiped */
void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t mac[HMAC_SHA256_SIZE]);

#endif
