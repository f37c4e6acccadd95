/*
 * The arithmetic that EINIT needs on RSA-3072 numbers: 48 little-endian words. No secrets here: nothing is
 * constant-time.
 */
#ifndef ADYTON_CPU_SOFT_BIGNUM_H
#define ADYTON_CPU_SOFT_BIGNUM_H

#include "abi/types.h"

#define BIGNUM_WORDS 48
#define BIGNUM_BYTES 384

struct bignum {
	uint64_t word[BIGNUM_WORDS];
};

void bignum_load(struct bignum *n, const uint8_t bytes[BIGNUM_BYTES]);
bool bignum_less(const struct bignum *a, const struct bignum *b);
/* r = a*b - q*m, true if that lies in [0, m): so q was the quotient and r is a*b mod m. */
bool must_check bignum_reduce(struct bignum *r, const struct bignum *a, const struct bignum *b,
			      const struct bignum *q, const struct bignum *m);

#endif
