/*
 * Shamir's secret sharing (1979) byte by byte over GF(2^8) with AES's polynomial, in Vault's form: a share is the
 * values of all bytes' polynomials at x, and then x, which is not 0. No table is read by a secret index.
 */
#ifndef ADYTON_SERVER_SEAL_SHAMIR_H
#define ADYTON_SERVER_SEAL_SHAMIR_H

#include "crypto/key.h"

#define SHARE_MAX (SECRET_KEY_MAX + 1)
#define SHARES_MAX 255

struct share {
	uint8_t bytes[SHARE_MAX];
	size_t size;
};

/* 2 <= threshold <= count <= SHARES_MAX. */
must_check int shamir_split(const struct secret_key *secret, size_t count, size_t threshold, struct share *shares);
/* -EINVAL: fewer than two, sizes differ, an x is 0 or twice there. Wrong shares give a wrong secret. */
must_check int shamir_combine(const struct share *shares, size_t count, struct secret_key *secret);

#endif
