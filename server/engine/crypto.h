/*
 * Keys and algorithms of the engines, over libcrypto with a context of its own: neither configuration files nor the
 * environment choose providers. Errors are sentences for clients, in the request's pool; NULL is success.
 */
#ifndef ADYTON_SERVER_ENGINE_CRYPTO_H
#define ADYTON_SERVER_ENGINE_CRYPTO_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "server/core/pool.h"

OSSL_LIB_CTX *crypto_context(void); /* made at the first call; a process without it ends */

/* "sha2-256" as Vault names them, or "SHA256" as Go does; NULL: unknown. Fetched once. */
const EVP_MD *crypto_digest(const char *name);
struct blob crypto_hash(struct pool *p, const EVP_MD *md, struct blob input);
struct blob crypto_hmac(struct pool *p, const EVP_MD *md, struct blob key, struct blob input);
/* HKDF-SHA-256 without salt (RFC 5869), at most 64 bytes. */
void crypto_derive(struct blob key, struct blob context, uint8_t *out, size_t size);

enum aead { AEAD_AES_128_GCM, AEAD_AES_256_GCM, AEAD_CHACHA20_POLY1305 };
#define AEAD_NONCE 12
#define AEAD_TAG 16
/* nonce ‖ ciphertext ‖ tag. */
struct blob crypto_seal(struct pool *p, enum aead aead, const uint8_t *key, const uint8_t nonce[AEAD_NONCE],
			struct blob aad, struct blob plaintext);
/* False: not authentic. */
bool crypto_open(struct pool *p, enum aead aead, const uint8_t *key, struct blob aad, struct blob sealed,
		 struct blob *plaintext);

/* -- crypto_rsa.c -- */

const char *crypto_oaep_seal(struct pool *p, EVP_PKEY *key, const EVP_MD *md, struct blob in, struct blob *out);
const char *crypto_oaep_open(struct pool *p, EVP_PKEY *key, const EVP_MD *md, struct blob in, struct blob *out);
/* AES-256 key wrap with padding (RFC 5649). */
const char *crypto_wrap(struct pool *p, const uint8_t key[32], struct blob in, struct blob *out);
const char *crypto_unwrap(struct pool *p, const uint8_t key[32], struct blob in, struct blob *out);

/* -- crypto_sign.c: the input is a digest, but for Ed25519 -- */

#define SALT_AUTO 0 /* as long as can be; at verifying: found out */
#define SALT_HASH (-1)

struct signing {
	const EVP_MD *md; /* NULL: PKCS #1 v1.5 without an identifier of the hash */
	bool pkcs1;       /* RSA: PKCS #1 v1.5 instead of PSS */
	bool jws;         /* ECDSA: r ‖ s instead of ASN.1 */
	int salt;
};

const char *crypto_sign(struct pool *p, EVP_PKEY *key, const struct signing *how, struct blob in, struct blob *out);
const char *crypto_verify(struct pool *p, EVP_PKEY *key, const struct signing *how, struct blob in,
			  struct blob signature, bool *valid);

/* -- crypto_key.c -- */

EVP_PKEY *crypto_generate_rsa(unsigned int bits); /* these end the process where libcrypto cannot */
EVP_PKEY *crypto_generate_ec(const char *group);
EVP_PKEY *crypto_ed25519(const uint8_t seed[32]);
struct blob crypto_pkcs8(struct pool *p, EVP_PKEY *key);
struct blob crypto_spki(struct pool *p, EVP_PKEY *key);
EVP_PKEY *crypto_read_pkcs8(struct blob der);
EVP_PKEY *crypto_read_spki(struct blob der);
EVP_PKEY *crypto_read_public_pem(const char *pem);
/* "-----BEGIN <label>-----" with lines of 64. */
char *crypto_pem(struct pool *p, const char *label, struct blob der);
char *crypto_pem_traditional(struct pool *p, EVP_PKEY *key); /* "RSA PRIVATE KEY", "EC PRIVATE KEY" */
/* Ed25519 as Go keeps it: seed ‖ public key; the public key alone. */
void crypto_ed25519_raw(EVP_PKEY *key, uint8_t raw[64]);
bool crypto_ed25519_public(EVP_PKEY *key, uint8_t raw[32]);

/* What libcrypto last complained of, for an error. */
const char *crypto_reason(struct pool *p);
void crypto_must(bool good, const char *what); /* ends the process: only for what cannot fail but for memory */

#endif
