#include "crypto/sha256.h"

#include <nettle/sha2.h>

#include "base/mem.h"

/* Nettle's headers rename these names to its own by macro; here they are ours. */
#undef sha256_init
#undef sha256_update

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sha256), "Nettle's context fits in ours");
_Static_assert(_Alignof(struct sha256_ctx) <= _Alignof(struct sha256), "and so does its alignment");

static struct sha256_ctx *sha256_inner(struct sha256 *ctx)
{
	return (struct sha256_ctx *)(void *)ctx->opaque;
}

void sha256_init(struct sha256 *ctx)
{
	nettle_sha256_init(sha256_inner(ctx));
}

void sha256_update(struct sha256 *ctx, const void *data, size_t size)
{
	nettle_sha256_update(sha256_inner(ctx), size, data);
}

void sha256_final(struct sha256 *ctx, uint8_t digest[SHA256_SIZE])
{
	nettle_sha256_digest(sha256_inner(ctx), SHA256_SIZE, digest);
	mem_wipe(ctx, sizeof(*ctx));
}

void sha256(const void *data, size_t size, uint8_t digest[SHA256_SIZE])
{
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, data, size);
	sha256_final(&ctx, digest);
}
