/* RSA-3072 keys with exponent 3, as SIGSTRUCT needs them, in PEM files (PKCS #8). */
#ifndef ADYTON_IMAGE_KEYS_H
#define ADYTON_IMAGE_KEYS_H

#include <openssl/evp.h>

#include "abi/types.h"
#include "image/fail.h"

/* libcrypto's context of our own: no configuration file or environment variable reaches it. NULL: out of memory. */
OSSL_LIB_CTX *keys_context(void);

/* Asked for at most once, when a file turns out to be encrypted (or is to be). The length, or -1. */
struct passphrase {
	int (*ask)(struct passphrase *self, const char *what, char *buffer, int size);
	const char *file; /* for the asker in the CLI */
};

must_check int keys_generate(EVP_PKEY **key, struct fail *f);
/* Mode 0600; refuses to replace a file. passphrase: NULL for none. */
must_check int keys_write(EVP_PKEY *key, const char *path, const char *passphrase, struct fail *f);
/* A private key of any kind, and one of the kind that SIGSTRUCT needs. */
must_check int keys_read_any(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f);
must_check int keys_read(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f);
/* The user's development key, $XDG_CONFIG_HOME/adyton/development.pem, made when it is not there yet. */
must_check int keys_development(EVP_PKEY **key, struct fail *f);

#endif
