/*
 * Randomness is an input: the environment gives the one implementation that is linked (RDRAND in the kernel, getrandom
 * in hosted programs, a seeded one in replayed tests). It fills all of it or does not return.
 */
#ifndef ADYTON_CRYPTO_RANDOM_H
#define ADYTON_CRYPTO_RANDOM_H

#include "abi/types.h"

void random_bytes(void *to, size_t size);

#endif
