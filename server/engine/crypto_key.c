/* Making, reading and writing asymmetric keys. */
#include <openssl/pem.h>
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/crypto.h"

EVP_PKEY *crypto_generate_rsa(unsigned int bits)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(crypto_context(), NULL, "RSA", (size_t)bits);

	crypto_must(key, "make an RSA key");
	return key;
}

EVP_PKEY *crypto_generate_ec(const char *group)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(crypto_context(), NULL, "EC", group);

	crypto_must(key, "make a key of a curve");
	return key;
}

EVP_PKEY *crypto_ed25519(const uint8_t seed[32])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(crypto_context(), "ED25519", NULL, seed, 32);

	crypto_must(key, "make an Ed25519 key");
	return key;
}

/* libcrypto gave bytes of its own: into the pool, and wiped. */
static struct blob der_take(struct pool *p, unsigned char *der, int size)
{
	struct blob out;

	crypto_must(size > 0, "write a key");
	out = (struct blob){ (const uint8_t *)pool_copy(p, (const char *)der, (size_t)size), (size_t)size };
	OPENSSL_clear_free(der, (size_t)size);
	return out;
}

struct blob crypto_pkcs8(struct pool *p, EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;

	PKCS8_PRIV_KEY_INFO_free(info);
	return der_take(p, der, size);
}

struct blob crypto_spki(struct pool *p, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);

	return der_take(p, der, size);
}

EVP_PKEY *crypto_read_pkcs8(struct blob der)
{
	const unsigned char *at = der.at;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.size);
	EVP_PKEY *key = info ? EVP_PKCS82PKEY_ex(info, crypto_context(), NULL) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

EVP_PKEY *crypto_read_spki(struct blob der)
{
	const unsigned char *at = der.at;

	return d2i_PUBKEY_ex(NULL, &at, (long)der.size, crypto_context(), NULL);
}

EVP_PKEY *crypto_read_public_pem(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY_ex(bio, NULL, NULL, NULL, crypto_context(), NULL) : NULL;

	BIO_free(bio);
	return key;
}

/* Each line is 64 digits; lines are counted by what the last one begins at. */
char *crypto_pem(struct pool *p, const char *label, struct blob der)
{
	const char *text = base64_behind(p, "", der.at, der.size);
	size_t size = strlen(text), used = 0;
	char *lines = pool_take(p, size + size / 64 + 2);

	for (size_t i = 0; i < size; i += 64) {
		size_t part = size - i < 64 ? size - i : 64;

		memcpy(lines + used, text + i, part);
		lines[used + part] = '\n';
		used += part + 1;
	}
	return pool_printf(p, "-----BEGIN %s-----\n%s-----END %s-----\n", label, lines, label);
}

char *crypto_pem_traditional(struct pool *p, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text, *out;
	long size;

	crypto_must(bio && PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
		    "write a key");
	size = BIO_get_mem_data(bio, &text);
	out = pool_copy(p, text, (size_t)size);
	BIO_free(bio);
	return out;
}

bool crypto_ed25519_public(EVP_PKEY *key, uint8_t raw[32])
{
	size_t size = 32;

	return EVP_PKEY_get_raw_public_key(key, raw, &size) == 1;
}

void crypto_ed25519_raw(EVP_PKEY *key, uint8_t raw[64])
{
	size_t size = 32;

	crypto_must(EVP_PKEY_get_raw_private_key(key, raw, &size) == 1 && crypto_ed25519_public(key, raw + 32),
		    "read an Ed25519 key");
}
