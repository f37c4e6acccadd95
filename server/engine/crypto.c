#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/crypto.h"

static struct {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
	EVP_CIPHER *ciphers[3];
	EVP_MD *digests[9];
	EVP_MAC *hmac;
	EVP_KDF *hkdf;
} crypto;

static const char *const cipher_names[] = {
	[AEAD_AES_128_GCM] = "AES-128-GCM", [AEAD_AES_256_GCM] = "AES-256-GCM",
	[AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

static const struct {
	const char *vault, *go, *openssl;
} digest_names[] = {
	{ "sha1", "SHA1", "SHA1" },
	{ "sha2-224", "SHA224", "SHA2-224" },
	{ "sha2-256", "SHA256", "SHA2-256" },
	{ "sha2-384", "SHA384", "SHA2-384" },
	{ "sha2-512", "SHA512", "SHA2-512" },
	{ "sha3-224", "", "SHA3-224" },
	{ "sha3-256", "", "SHA3-256" },
	{ "sha3-384", "", "SHA3-384" },
	{ "sha3-512", "", "SHA3-512" },
};
#define DIGESTS (sizeof(digest_names) / sizeof(digest_names[0]))

const char *crypto_reason(struct pool *p)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	const char *text = pool_text(p, reason ? reason : "refused");

	ERR_clear_error();
	return text;
}

void crypto_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "adyton-server: libcrypto cannot %s\n", what);
	abort();
}

static void crypto_start(void)
{
	crypto.context = OSSL_LIB_CTX_new();
	crypto_must(crypto.context, "start");
	crypto.provider = OSSL_PROVIDER_load(crypto.context, "default");
	crypto_must(crypto.provider, "load its default provider");
	for (size_t i = 0; i < 3; i++) {
		crypto.ciphers[i] = EVP_CIPHER_fetch(crypto.context, cipher_names[i], NULL);
		crypto_must(crypto.ciphers[i], cipher_names[i]);
	}
	for (size_t i = 0; i < DIGESTS; i++) {
		crypto.digests[i] = EVP_MD_fetch(crypto.context, digest_names[i].openssl, NULL);
		crypto_must(crypto.digests[i], digest_names[i].openssl);
	}
	crypto.hmac = EVP_MAC_fetch(crypto.context, "HMAC", NULL);
	crypto.hkdf = EVP_KDF_fetch(crypto.context, "HKDF", NULL);
	crypto_must(crypto.hmac && crypto.hkdf, "find HMAC and HKDF");
}

OSSL_LIB_CTX *crypto_context(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, crypto_start);
	return crypto.context;
}

const EVP_MD *crypto_digest(const char *name)
{
	(void)crypto_context();
	for (size_t i = 0; *name && i < DIGESTS; i++)
		if (!strcmp(name, digest_names[i].vault) || !strcasecmp(name, digest_names[i].go))
			return crypto.digests[i];
	return NULL;
}

struct blob crypto_hash(struct pool *p, const EVP_MD *md, struct blob input)
{
	uint8_t *out = pool_take(p, EVP_MAX_MD_SIZE);
	unsigned int size = 0;

	crypto_must(EVP_Digest(input.at, input.size, out, &size, md, NULL) == 1, "hash");
	return (struct blob){ out, size };
}

struct blob crypto_hmac(struct pool *p, const EVP_MD *md, struct blob key, struct blob input)
{
	uint8_t *out = pool_take(p, EVP_MAX_MD_SIZE);
	char *name = pool_text(p, EVP_MD_get0_name(md));
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
				 OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(crypto.hmac); /* who has a digest has started */
	size_t size = 0;

	crypto_must(ctx && EVP_MAC_init(ctx, key.size ? key.at : (const uint8_t *)"", key.size, params) == 1 &&
			    EVP_MAC_update(ctx, input.at, input.size) == 1 &&
			    EVP_MAC_final(ctx, out, &size, EVP_MAX_MD_SIZE) == 1,
		    "compute an HMAC");
	EVP_MAC_CTX_free(ctx);
	return (struct blob){ out, size };
}

void crypto_derive(struct blob key, struct blob context, uint8_t *out, size_t size)
{
	char sha256[] = "SHA2-256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.at, key.size),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)context.at, context.size),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx;

	(void)crypto_context();
	ctx = EVP_KDF_CTX_new(crypto.hkdf);
	crypto_must(ctx && EVP_KDF_derive(ctx, out, size, params) == 1, "derive a key");
	EVP_KDF_CTX_free(ctx);
}

struct blob crypto_seal(struct pool *p, enum aead aead, const uint8_t *key, const uint8_t nonce[AEAD_NONCE],
			struct blob aad, struct blob plaintext)
{
	uint8_t *out = pool_take(p, AEAD_NONCE + plaintext.size + AEAD_TAG);
	EVP_CIPHER_CTX *ctx;
	int size = 0, rest = 0;

	(void)crypto_context();
	ctx = EVP_CIPHER_CTX_new();
	memcpy(out, nonce, AEAD_NONCE);
	crypto_must(ctx && EVP_EncryptInit_ex2(ctx, crypto.ciphers[aead], key, nonce, NULL) == 1 &&
		    (!aad.size || EVP_EncryptUpdate(ctx, NULL, &size, aad.at, (int)aad.size) == 1), "begin to encrypt");
	size = 0;
	crypto_must((!plaintext.size || EVP_EncryptUpdate(ctx, out + AEAD_NONCE, &size, plaintext.at,
							  (int)plaintext.size) == 1) &&
		    EVP_EncryptFinal_ex(ctx, out + AEAD_NONCE + size, &rest) == 1 &&
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG,
					out + AEAD_NONCE + plaintext.size) == 1, "encrypt");
	EVP_CIPHER_CTX_free(ctx);
	return (struct blob){ out, AEAD_NONCE + plaintext.size + AEAD_TAG };
}

bool crypto_open(struct pool *p, enum aead aead, const uint8_t *key, struct blob aad, struct blob sealed,
		 struct blob *plaintext)
{
	size_t size = sealed.size - AEAD_NONCE - AEAD_TAG;
	uint8_t tag[AEAD_TAG], *out;
	EVP_CIPHER_CTX *ctx;
	int done = 0, rest = 0;
	bool good;

	if (sealed.size < AEAD_NONCE + AEAD_TAG)
		return false;
	(void)crypto_context();
	out = pool_take(p, size + 1);
	memcpy(tag, sealed.at + AEAD_NONCE + size, AEAD_TAG);
	ctx = EVP_CIPHER_CTX_new();
	crypto_must(ctx && EVP_DecryptInit_ex2(ctx, crypto.ciphers[aead], key, sealed.at, NULL) == 1,
		    "begin to decrypt");
	good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
	       (!aad.size || EVP_DecryptUpdate(ctx, NULL, &done, aad.at, (int)aad.size) == 1) &&
	       (!size || EVP_DecryptUpdate(ctx, out, &done, sealed.at + AEAD_NONCE, (int)size) == 1) &&
	       EVP_DecryptFinal_ex(ctx, out + size, &rest) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ERR_clear_error();
	*plaintext = (struct blob){ out, good ? size : 0 };
	return good;
}
