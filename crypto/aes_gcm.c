#include "crypto/aes_gcm.h"

#include <nettle/aes.h>
#include <nettle/gcm.h>

#include "base/mem.h"

/* Nettle's own gcm_aes256_ctx mixes key and message; apart, the key is prepared once and shared. */
struct aes_gcm_inner {
	struct gcm_key hash;
	struct aes256_ctx cipher;
};

_Static_assert(sizeof(struct aes_gcm_inner) <= sizeof(struct aes_gcm), "Nettle's key fits in ours");
_Static_assert(_Alignof(struct aes_gcm_inner) <= _Alignof(struct aes_gcm), "and so does its alignment");
_Static_assert(GCM_IV_SIZE == AES_GCM_NONCE_SIZE && GCM_DIGEST_SIZE == AES_GCM_TAG_SIZE, "SP 800-38D");

static const struct aes_gcm_inner *gcm_inner(const struct aes_gcm *gcm)
{
	return (const struct aes_gcm_inner *)(const void *)gcm->opaque;
}

static void gcm_block(const void *cipher, size_t size, uint8_t *to, const uint8_t *from)
{
	nettle_aes256_encrypt(cipher, size, to, from);
}

void aes_gcm_init(struct aes_gcm *gcm, const uint8_t key[AES_GCM_KEY_SIZE])
{
	struct aes_gcm_inner *inner = (struct aes_gcm_inner *)(void *)gcm->opaque;

	nettle_aes256_set_encrypt_key(&inner->cipher, key);
	nettle_gcm_set_key(&inner->hash, &inner->cipher, gcm_block);
}

void aes_gcm_wipe(struct aes_gcm *gcm)
{
	mem_wipe(gcm, sizeof(*gcm));
}

static void gcm_start(struct gcm_ctx *ctx, const struct aes_gcm_inner *inner, const uint8_t *nonce, const void *aad,
		      size_t aad_size)
{
	nettle_gcm_set_iv(ctx, &inner->hash, AES_GCM_NONCE_SIZE, nonce);
	nettle_gcm_update(ctx, &inner->hash, aad_size, aad);
}

void aes_gcm_seal(const struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], const void *aad, size_t aad_size,
		  const void *in, size_t size, void *out, uint8_t tag[AES_GCM_TAG_SIZE])
{
	const struct aes_gcm_inner *inner = gcm_inner(gcm);
	struct gcm_ctx ctx;

	gcm_start(&ctx, inner, nonce, aad, aad_size);
	nettle_gcm_encrypt(&ctx, &inner->hash, &inner->cipher, gcm_block, size, out, in);
	nettle_gcm_digest(&ctx, &inner->hash, &inner->cipher, gcm_block, AES_GCM_TAG_SIZE, tag);
	mem_wipe(&ctx, sizeof(ctx));
}

bool aes_gcm_open(const struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], const void *aad, size_t aad_size,
		  const void *in, size_t size, void *out, const uint8_t tag[AES_GCM_TAG_SIZE])
{
	const struct aes_gcm_inner *inner = gcm_inner(gcm);
	uint8_t right[AES_GCM_TAG_SIZE];
	struct gcm_ctx ctx;
	bool authentic;

	gcm_start(&ctx, inner, nonce, aad, aad_size);
	nettle_gcm_decrypt(&ctx, &inner->hash, &inner->cipher, gcm_block, size, out, in);
	nettle_gcm_digest(&ctx, &inner->hash, &inner->cipher, gcm_block, AES_GCM_TAG_SIZE, right);
	authentic = mem_equal_secret(right, tag, sizeof(right));
	if (!authentic)
		memset(out, 0, size);
	mem_wipe(right, sizeof(right)); /* the right tag of a forgery would be a gift */
	mem_wipe(&ctx, sizeof(ctx));
	return authentic;
}
