#include "crypto/aes_cmac.h"

#include <nettle/cmac.h>

#include "base/mem.h"

void aes_cmac(const uint8_t key[AES_CMAC_KEY_SIZE], const void *data, size_t size, uint8_t mac[AES_CMAC_SIZE])
{
	struct cmac_aes128_ctx ctx;

	nettle_cmac_aes128_set_key(&ctx, key);
	nettle_cmac_aes128_update(&ctx, size, data);
	nettle_cmac_aes128_digest(&ctx, AES_CMAC_SIZE, mac);
	mem_wipe(&ctx, sizeof(ctx));
}

bool aes_cmac_verify(const uint8_t key[AES_CMAC_KEY_SIZE], const void *data, size_t size,
		     const uint8_t mac[AES_CMAC_SIZE])
{
	uint8_t right[AES_CMAC_SIZE];
	bool equal;

	aes_cmac(key, data, size, right);
	equal = mem_equal_secret(right, mac, sizeof(right));
	mem_wipe(right, sizeof(right));
	return equal;
}
