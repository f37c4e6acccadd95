#include "crypto/hkdf.h"

void hkdf_extract(const void *salt, size_t salt_size, const void *secret, size_t secret_size,
		  uint8_t prk[HMAC_SHA256_SIZE])
{
	hmac_sha256(salt, salt_size, secret, secret_size, prk);
}

/* T(i) = HMAC(prk, T(i-1) | info | i) */
bool hkdf_expand(const uint8_t prk[HMAC_SHA256_SIZE], const void *info, size_t info_size, void *out, size_t size)
{
	uint8_t block[HMAC_SHA256_SIZE], *at = out;
	size_t have = 0;

	if (size > HKDF_MAX)
		return false;
	for (uint8_t i = 1; size; i++) {
		struct hmac_sha256 ctx;
		size_t take = size < sizeof(block) ? size : sizeof(block);

		hmac_sha256_init(&ctx, prk, HMAC_SHA256_SIZE);
		hmac_sha256_update(&ctx, block, have);
		hmac_sha256_update(&ctx, info, info_size);
		hmac_sha256_update(&ctx, &i, 1);
		hmac_sha256_final(&ctx, block);
		memcpy(at, block, take);
		have = sizeof(block);
		at += take;
		size -= take;
	}
	mem_wipe(block, sizeof(block));
	return true;
}

bool hkdf_key(const void *salt, size_t salt_size, const void *secret, size_t secret_size, const char *label,
	      struct secret_key *key)
{
	uint8_t prk[HMAC_SHA256_SIZE];
	bool made;

	if (key->size > sizeof(key->bytes))
		return false;
	hkdf_extract(salt, salt_size, secret, secret_size, prk);
	made = hkdf_expand(prk, label, strlen(label), key->bytes, key->size);
	mem_wipe(prk, sizeof(prk));
	return made;
}
