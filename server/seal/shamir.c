#include <errno.h>

#include "crypto/random.h"
#include "server/seal/shamir.h"

/* Multiply without a branch on either factor. */
static uint8_t gf_mul(uint8_t a, uint8_t b)
{
	uint8_t product = 0;

	for (int i = 0; i < 8; i++) {
		product ^= (uint8_t)(-(b & 1) & a);
		a = (uint8_t)(a << 1 ^ (-(a >> 7) & 0x1b));
		b >>= 1;
	}
	return product;
}

/* a^254, as a^255 is 1. */
static uint8_t gf_invert(uint8_t a)
{
	uint8_t square = a, result = 1;

	for (int i = 1; i < 8; i++) {
		square = gf_mul(square, square);
		result = gf_mul(result, square);
	}
	return result;
}

/* 1 to 255, shuffled (Fisher and Yates); which share has which x is no secret, but Vault's are not in order either. */
static void coordinates(uint8_t x[SHARES_MAX])
{
	uint8_t random[2];

	for (unsigned int i = 0; i < SHARES_MAX; i++)
		x[i] = (uint8_t)(i + 1);
	for (unsigned int i = SHARES_MAX - 1; i; i--) {
		unsigned int other;
		uint8_t kept = x[i];

		random_bytes(random, sizeof(random));
		other = (random[0] | (unsigned int)random[1] << 8) % (i + 1);
		x[i] = x[other];
		x[other] = kept;
	}
}

/* One byte of the secret: a polynomial with it as the constant term, at every x. */
static void byte_split(uint8_t secret, size_t at, size_t count, size_t threshold, const uint8_t *x,
		       struct share *shares)
{
	uint8_t terms[SHARES_MAX];

	random_bytes(terms, threshold - 1);
	for (size_t i = 0; i < count; i++) {
		uint8_t value = 0;

		for (size_t t = threshold - 1; t-- > 0;)
			value = gf_mul((uint8_t)(value ^ terms[t]), x[i]);
		shares[i].bytes[at] = value ^ secret;
	}
	mem_wipe(terms, sizeof(terms));
}

int shamir_split(const struct secret_key *secret, size_t count, size_t threshold, struct share *shares)
{
	uint8_t x[SHARES_MAX];

	if (threshold < 2 || count < threshold || count > SHARES_MAX || !secret->size || secret->size > SECRET_KEY_MAX)
		return -EINVAL;
	coordinates(x);
	for (size_t at = 0; at < secret->size; at++)
		byte_split(secret->bytes[at], at, count, threshold, x, shares);
	for (size_t i = 0; i < count; i++) {
		shares[i].bytes[secret->size] = x[i];
		shares[i].size = secret->size + 1;
	}
	return 0;
}

static uint8_t share_x(const struct share *s)
{
	return s->bytes[s->size - 1];
}

static bool shares_fit(const struct share *shares, size_t count)
{
	if (count < 2 || count > SHARES_MAX || shares[0].size < 2 || shares[0].size > SHARE_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (shares[i].size != shares[0].size || !share_x(&shares[i]))
			return false;
		for (size_t j = 0; j < i; j++)
			if (share_x(&shares[j]) == share_x(&shares[i]))
				return false;
	}
	return true;
}

/* Lagrange's weight of share i for the value at 0. */
static uint8_t share_weight(const struct share *shares, size_t count, size_t i)
{
	uint8_t up = 1, down = 1;

	for (size_t j = 0; j < count; j++) {
		if (j == i)
			continue;
		up = gf_mul(up, share_x(&shares[j]));
		down = gf_mul(down, share_x(&shares[j]) ^ share_x(&shares[i]));
	}
	return gf_mul(up, gf_invert(down));
}

int shamir_combine(const struct share *shares, size_t count, struct secret_key *secret)
{
	if (!shares_fit(shares, count))
		return -EINVAL;
	*secret = (struct secret_key){ .size = shares[0].size - 1 };
	for (size_t i = 0; i < count; i++) {
		uint8_t weight = share_weight(shares, count, i);

		for (size_t at = 0; at < secret->size; at++)
			secret->bytes[at] ^= gf_mul(weight, shares[i].bytes[at]);
	}
	return 0;
}
