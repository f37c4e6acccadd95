/*
 * AES-256-GCM (NIST SP 800-38D) with nonces of 12 bytes and tags of 16. A prepared key is about 4.4 KiB and only read,
 * so threads may share it. in == out is allowed; other overlaps are not.
 */
#ifndef ADYTON_CRYPTO_AES_GCM_H
#define ADYTON_CRYPTO_AES_GCM_H

#include "abi/types.h"

#define AES_GCM_KEY_SIZE 32
#define AES_GCM_NONCE_SIZE 12
#define AES_GCM_TAG_SIZE 16

struct aes_gcm {
	_Alignas(16) uint8_t opaque[4416];
};

void aes_gcm_init(struct aes_gcm *gcm, const uint8_t key[AES_GCM_KEY_SIZE]);
void aes_gcm_wipe(struct aes_gcm *gcm);

/* The caller owes a nonce that was never used with this key. */
void aes_gcm_seal(const struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], const void *aad, size_t aad_size,
		  const void *in, size_t size, void *out, uint8_t tag[AES_GCM_TAG_SIZE]);
/* True when authentic; else out is zeroed. */
must_check bool aes_gcm_open(const struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], const void *aad,
			     size_t aad_size, const void *in, size_t size, void *out,
			     const uint8_t tag[AES_GCM_TAG_SIZE]);

#endif
