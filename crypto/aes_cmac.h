/* AES-128-CMAC (NIST SP 800-38B, RFC 4493): the MAC of SGX reports. */
#ifndef ADYTON_CRYPTO_AES_CMAC_H
#define ADYTON_CRYPTO_AES_CMAC_H

#include "abi/types.h"

#define AES_CMAC_KEY_SIZE 16
#define AES_CMAC_SIZE 16

void aes_cmac(const uint8_t key[AES_CMAC_KEY_SIZE], const void *data, size_t size, uint8_t mac[AES_CMAC_SIZE]);
/* Compares without a branch on the contents. */
must_check bool aes_cmac_verify(const uint8_t key[AES_CMAC_KEY_SIZE], const void *data, size_t size,
				const uint8_t mac[AES_CMAC_SIZE]);

#endif
