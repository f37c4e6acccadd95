/* Wrapping keys: RSA-OAEP and AES key wrap. */
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "server/engine/crypto.h"

/* The mask's hash is the label's, as Go has it. */
static bool oaep_set(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0;
}

const char *crypto_oaep_seal(struct pool *p, EVP_PKEY *key, const EVP_MD *md, struct blob in, struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key, NULL);
	size_t size = (size_t)EVP_PKEY_get_size(key);
	uint8_t *to = pool_take(p, size);
	bool good = ctx && EVP_PKEY_encrypt_init(ctx) > 0 && oaep_set(ctx, md) &&
		    EVP_PKEY_encrypt(ctx, to, &size, in.at, in.size) > 0;

	EVP_PKEY_CTX_free(ctx);
	*out = (struct blob){ to, size };
	return good ? NULL : pool_printf(p, "failed to RSA encrypt the plaintext: %s", crypto_reason(p));
}

const char *crypto_oaep_open(struct pool *p, EVP_PKEY *key, const EVP_MD *md, struct blob in, struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key, NULL);
	size_t size = (size_t)EVP_PKEY_get_size(key);
	uint8_t *to = pool_take(p, size);
	bool good = ctx && EVP_PKEY_decrypt_init(ctx) > 0 && oaep_set(ctx, md) &&
		    EVP_PKEY_decrypt(ctx, to, &size, in.at, in.size) > 0;

	EVP_PKEY_CTX_free(ctx);
	*out = (struct blob){ to, size };
	(void)crypto_reason(p); /* why it failed is nobody's business */
	return good ? NULL : "failed to RSA decrypt the ciphertext: crypto/rsa: decryption error";
}

static bool wrap_run(EVP_CIPHER_CTX *ctx, EVP_CIPHER *cipher, const uint8_t *key, struct blob in, uint8_t *to,
		     bool seal, size_t *size)
{
	int done = 0, rest = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx, cipher, key, NULL, seal, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, to, &done, in.at, (int)in.size) != 1 ||
	    EVP_CipherFinal_ex(ctx, to + done, &rest) != 1)
		return false;
	*size = (size_t)(done + rest);
	return true;
}

static bool wrap_any(struct pool *p, const uint8_t key[32], struct blob in, bool seal, struct blob *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(crypto_context(), "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *to = pool_take(p, in.size + 32);
	size_t size = 0;
	bool good = cipher && ctx && in.size > 0 && in.size < 1 << 20 &&
		    wrap_run(ctx, cipher, key, in, to, seal, &size);

	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	(void)crypto_reason(p);
	*out = (struct blob){ to, size };
	return good;
}

const char *crypto_wrap(struct pool *p, const uint8_t key[32], struct blob in, struct blob *out)
{
	return wrap_any(p, key, in, true, out) ? NULL : "failed to wrap the key";
}

const char *crypto_unwrap(struct pool *p, const uint8_t key[32], struct blob in, struct blob *out)
{
	return wrap_any(p, key, in, false, out) ? NULL : "failed to unwrap the key: kwp: invalid wrapped key";
}
