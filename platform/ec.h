/*
 * P-256 keys, and signatures over bytes as quotes and Intel's documents carry them: r and s, 32 bytes each, big-endian.
 */
#ifndef ADYTON_PLATFORM_EC_H
#define ADYTON_PLATFORM_EC_H

#include "image/keys.h"

must_check int ec_generate(EVP_PKEY **key, struct fail *f);
must_check int ec_read(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f);
must_check int ec_sign(EVP_PKEY *key, const void *data, size_t size, uint8_t signature[64], struct fail *f);
bool ec_verify(EVP_PKEY *key, const void *data, size_t size, const uint8_t signature[64]);
/* x and y. NULL: not a point of the curve. */
EVP_PKEY *ec_from_point(const uint8_t point[64]);
must_check int ec_point(EVP_PKEY *key, uint8_t point[64], struct fail *f);

#endif
