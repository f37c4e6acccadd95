/* HKDF over HMAC-SHA-256 (RFC 5869). */
#ifndef ADYTON_CRYPTO_HKDF_H
#define ADYTON_CRYPTO_HKDF_H

#include "crypto/hmac_sha256.h"
#include "crypto/key.h"

#define HKDF_MAX (255 * HMAC_SHA256_SIZE)

/* An empty salt means one of zeros, as the RFC says. */
void hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t secret_size,
		  uint8_t prk[HMAC_SHA256_SIZE]);
/* False, and nothing written, when size exceeds HKDF_MAX. */
must_check bool hkdf_expand(const uint8_t prk[HMAC_SHA256_SIZE], const void *info, size_t info_size, void *out,
			    size_t size);
/* Both steps, for the usual case: one key of 16 or 32 bytes (key->size, set by the caller) out of one secret. */
must_check bool hkdf_key(const void *salt, size_t salt_size, const void *secret, size_t secret_size, const char *label,
			 struct secret_key *key);

#endif
