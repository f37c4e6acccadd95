#include "attest/cbor.h"

#define CBOR_DEPTH_MAX 8

static uint64_t cbor_fail(struct cbor *c)
{
	c->failed = true;
	return 0;
}

/* The initial byte's low bits say how long the argument is: up to 23 it is itself, 24 to 27 are 1, 2, 4, 8 bytes. */
static uint64_t cbor_head(struct cbor *c, enum cbor_major *major)
{
	static const uint64_t shortest[] = { 24, 1ull << 8, 1ull << 16, 1ull << 32 };
	uint64_t value = 0;
	uint8_t low;
	size_t n;

	if (c->failed || c->at == c->end)
		return cbor_fail(c);
	*major = (enum cbor_major)(*c->at >> 5);
	low = *c->at++ & 31;
	if (low < 24)
		return low;
	n = (size_t)1 << (low - 24);
	if (low > 27 || (size_t)(c->end - c->at) < n)
		return cbor_fail(c);
	while (n--)
		value = value << 8 | *c->at++;
	/* Floats and simple values have no shorter form to prefer. */
	return *major != CBOR_SIMPLE && value < shortest[low - 24] ? cbor_fail(c) : value;
}

uint64_t cbor_take(struct cbor *c, enum cbor_major major)
{
	enum cbor_major found = major;
	uint64_t value = cbor_head(c, &found);

	return found == major ? value : cbor_fail(c);
}

struct attest_bytes cbor_take_string(struct cbor *c, enum cbor_major major)
{
	uint64_t size = cbor_take(c, major);
	const uint8_t *at = c->at;

	if (c->failed || size > (uint64_t)(c->end - c->at)) {
		c->failed = true;
		return bytes_of(c->end, 0);
	}
	c->at += size;
	return bytes_of(at, (size_t)size);
}

/* What is left open is counted at each depth, so that no recursion follows the evidence. */
void cbor_skip(struct cbor *c)
{
	uint64_t left[CBOR_DEPTH_MAX] = { 1 };
	size_t depth = 1;

	while (depth && !c->failed) {
		enum cbor_major major = CBOR_SIMPLE;
		uint64_t n;

		if (left[depth - 1]-- == 0) {
			depth--;
			continue;
		}
		n = cbor_head(c, &major);
		if (major == CBOR_BYTES || major == CBOR_TEXT) {
			if (n > (uint64_t)(c->end - c->at))
				cbor_fail(c);
			else
				c->at += n;
		}
		if (major != CBOR_ARRAY && major != CBOR_MAP && major != CBOR_TAG)
			continue;
		if (depth == CBOR_DEPTH_MAX || n > (uint64_t)(c->end - c->at))
			cbor_fail(c);
		else
			left[depth++] = major == CBOR_TAG ? 1 : major == CBOR_MAP ? 2 * n : n;
	}
}
