/* The attestation key at rest: AES-256-GCM under a key that only this enclave on this machine can derive. */
#include "crypto/aes_gcm.h"
#include "crypto/hkdf.h"
#include "quoting/enclave.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#define SEALED_LABEL "ADY1"

struct sealed {
	uint8_t label[4];
	uint8_t nonce[AES_GCM_NONCE_SIZE];
	uint8_t tag[AES_GCM_TAG_SIZE];
	uint8_t scalar[32];
};
_Static_assert(sizeof(struct sealed) == SEALED_BYTES, "sealed key");

static int sealed_cipher(struct aes_gcm *gcm)
{
	static const char label[] = "adyton attestation key";
	uint8_t seal[16], prk[HMAC_SHA256_SIZE], key[AES_GCM_KEY_SIZE];
	int error = device_read("keys/_sgx_mrenclave", seal, sizeof(seal));

	if (error)
		return error;
	hkdf_extract(NULL, 0, seal, sizeof(seal), prk);
	if (!hkdf_expand(prk, label, sizeof(label) - 1, key, sizeof(key)))
		return -EIO;
	aes_gcm_init(gcm, key);
	OPENSSL_cleanse(seal, sizeof(seal));
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(key, sizeof(key));
	return 0;
}

static bool sealed_open(const struct aes_gcm *gcm, const uint8_t sealed[SEALED_BYTES], uint8_t scalar[32])
{
	struct sealed s;

	memcpy(&s, sealed, sizeof(s));
	return memcmp(s.label, SEALED_LABEL, sizeof(s.label)) == 0 &&
	       aes_gcm_open(gcm, s.nonce, s.label, sizeof(s.label), s.scalar, sizeof(s.scalar), scalar, s.tag);
}

/* A random nonce: a key is sealed a few times in a machine's life. */
static int sealed_new(const struct aes_gcm *gcm, uint8_t sealed[SEALED_BYTES], uint8_t scalar[32])
{
	struct sealed s = { .label = SEALED_LABEL };

	if (getrandom(scalar, 32, 0) != 32 || getrandom(s.nonce, sizeof(s.nonce), 0) != sizeof(s.nonce))
		return -EIO;
	aes_gcm_seal(gcm, s.nonce, s.label, sizeof(s.label), scalar, 32, s.scalar, s.tag);
	memcpy(sealed, &s, sizeof(s));
	return 0;
}

int sealed_key(uint8_t sealed[SEALED_BYTES], bool present, EVP_PKEY **key)
{
	struct aes_gcm gcm;
	uint8_t scalar[32];
	int error = sealed_cipher(&gcm);

	if (!error && !(present && sealed_open(&gcm, sealed, scalar)))
		error = sealed_new(&gcm, sealed, scalar);
	aes_gcm_wipe(&gcm);
	if (!error)
		error = derive_from_scalar(scalar, key);
	OPENSSL_cleanse(scalar, sizeof(scalar));
	return error;
}
