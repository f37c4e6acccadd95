#include "cpu/soft/bignum.h"

#include "base/mem.h"

__extension__ typedef unsigned __int128 u128;

void bignum_load(struct bignum *n, const uint8_t bytes[BIGNUM_BYTES])
{
	memcpy(n->word, bytes, BIGNUM_BYTES);
}

bool bignum_less(const struct bignum *a, const struct bignum *b)
{
	for (int i = BIGNUM_WORDS - 1; i >= 0; i--)
		if (a->word[i] != b->word[i])
			return a->word[i] < b->word[i];
	return false;
}

static void multiply(uint64_t product[2 * BIGNUM_WORDS], const struct bignum *a, const struct bignum *b)
{
	memset(product, 0, 2 * BIGNUM_BYTES);
	for (int i = 0; i < BIGNUM_WORDS; i++) {
		uint64_t carry = 0;

		for (int j = 0; j < BIGNUM_WORDS; j++) {
			u128 sum = (u128)a->word[i] * b->word[j] + product[i + j] + carry;

			product[i + j] = (uint64_t)sum;
			carry = (uint64_t)(sum >> 64);
		}
		product[i + BIGNUM_WORDS] = carry;
	}
}

bool bignum_reduce(struct bignum *r, const struct bignum *a, const struct bignum *b, const struct bignum *q,
		   const struct bignum *m)
{
	uint64_t ab[2 * BIGNUM_WORDS], qm[2 * BIGNUM_WORDS], borrow = 0, high = 0;

	multiply(ab, a, b);
	multiply(qm, q, m);
	for (int i = 0; i < 2 * BIGNUM_WORDS; i++) {
		u128 difference = (u128)ab[i] - qm[i] - borrow;

		ab[i] = (uint64_t)difference;
		borrow = (uint64_t)(difference >> 64) & 1;
		high |= i >= BIGNUM_WORDS ? ab[i] : 0;
	}
	memcpy(r->word, ab, BIGNUM_BYTES);
	return !borrow && !high && bignum_less(r, m);
}
