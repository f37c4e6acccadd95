/*
 * Keys and signatures of the PKI engine, over a library context of its own: neither environment nor configuration
 * files change what is accepted or signed.
 */
#ifndef ADYTON_SERVER_ENGINE_PKI_KEY_H
#define ADYTON_SERVER_ENGINE_PKI_KEY_H

#include <openssl/evp.h>

#include "server/core/pool.h"

OSSL_LIB_CTX *pki_library(void);

struct pki_key {
	const char *id, *name;
	const char *type;      /* "rsa", "ec", "ed25519" */
	unsigned int bits;     /* of the modulus or the curve; 0 for ed25519 */
	EVP_PKEY *pkey;        /* its owner's */
	struct blob der;       /* PKCS#1, SEC 1 or PKCS#8, as Vault gives them out */
	struct blob spki;      /* SubjectPublicKeyInfo */
	uint8_t skid[20];      /* RFC 5280 section 4.2.1.2 (1) */
};

/* The error as Vault says it, or NULL: type and sizes are good, and *bits, *signature_bits have their defaults. */
const char *pki_key_check(struct pool *pool, const char *type, int64_t *bits, int64_t *signature_bits);
/* Make one. False: the library failed. `key` then is to be closed. */
bool pki_key_make(struct pool *pool, const char *type, int64_t bits, struct pki_key *key);
/* Read one of DER in any of the three forms; false: none, or of a kind that is not supported. */
bool pki_key_read(struct pool *pool, struct blob der, struct pki_key *key);
void pki_key_close(struct pki_key *key);
/* As text: PEM under its traditional label, or PKCS#8. */
const char *pki_key_pem(struct pool *pool, const struct pki_key *key);
bool pki_key_pkcs8(struct pool *pool, const struct pki_key *key, struct blob *der);

struct pki_algorithm {
	const char *name;      /* "SHA256WithRSA" */
	const char *key_type;
	unsigned int bits;
	bool pss;
	const char *digest;    /* libcrypto's name; NULL: none */
	const char *oid;       /* of the signature */
	const char *digest_oid; /* with PSS */
};

/* What this key signs with; signature_bits 0: by the key. NULL: there is none. */
const struct pki_algorithm *pki_algorithm(const char *key_type, unsigned int key_bits, int64_t signature_bits,
					  bool pss);
const struct pki_algorithm *pki_algorithm_named(const char *name);

struct asn;
void pki_put_algorithm(struct asn *a, const struct pki_algorithm *algorithm);
/* SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }. */
bool pki_sign(struct pool *pool, const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob tbs,
	      struct blob *out);

/* Digests: "SHA1", "SHA256", ... */
bool pki_digest(const char *name, struct blob of, uint8_t *out, unsigned int *size);

/* PEM: lines of 64 characters, no newline at the end. */
const char *pki_pem(struct pool *pool, const char *label, struct blob der);
/* The next block of *text, which then stands behind it. 1 found, 0 nothing but blanks left, -EINVAL malformed. */
int pki_pem_next(struct pool *pool, const char **text, const char **label, struct blob *der);

#endif
