#include "crypto/hmac_sha256.h"

#include <nettle/hmac.h>

#include "base/mem.h"

#undef hmac_sha256_update

_Static_assert(sizeof(struct hmac_sha256_ctx) <= sizeof(struct hmac_sha256), "Nettle's context fits in ours");

static struct hmac_sha256_ctx *hmac_inner(struct hmac_sha256 *ctx)
{
	return (struct hmac_sha256_ctx *)(void *)ctx->opaque;
}

void hmac_sha256_init(struct hmac_sha256 *ctx, const void *key, size_t key_size)
{
	nettle_hmac_sha256_set_key(hmac_inner(ctx), key_size, key);
}

void hmac_sha256_update(struct hmac_sha256 *ctx, const void *data, size_t size)
{
	nettle_hmac_sha256_update(hmac_inner(ctx), size, data);
}

void hmac_sha256_final(struct hmac_sha256 *ctx, uint8_t mac[HMAC_SHA256_SIZE])
{
	nettle_hmac_sha256_digest(hmac_inner(ctx), HMAC_SHA256_SIZE, mac);
	mem_wipe(ctx, sizeof(*ctx));
}

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size, uint8_t mac[HMAC_SHA256_SIZE])
{
	struct hmac_sha256 ctx;

	hmac_sha256_init(&ctx, key, key_size);
	hmac_sha256_update(&ctx, data, size);
	hmac_sha256_final(&ctx, mac);
}
