/* A key has a type of its own, so that no path out of a scope leaves it behind: _cleanup_key_ struct secret_key k; */
#ifndef ADYTON_CRYPTO_KEY_H
#define ADYTON_CRYPTO_KEY_H

#include "base/mem.h"

#define SECRET_KEY_MAX 32

struct secret_key {
	uint8_t bytes[SECRET_KEY_MAX];
	size_t size; /* 16 or 32 */
};

static inline void secret_key_wipe(struct secret_key *key)
{
	mem_wipe(key, sizeof(*key));
}

#define _cleanup_key_ __attribute__((cleanup(secret_key_wipe)))

#endif
