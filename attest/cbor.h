/*
 * The little of CBOR (RFC 8949) that evidence in certificates needs, by the rules for deterministic encodings: definite
 * lengths in their shortest form. A reader that once met something else stays failed.
 */
#ifndef ADYTON_ATTEST_CBOR_H
#define ADYTON_ATTEST_CBOR_H

#include "attest/internal.h"

enum cbor_major { CBOR_UNSIGNED, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_SIMPLE };

struct cbor {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct cbor cbor_of(struct attest_bytes b)
{
	return (struct cbor){ b.at, b.at + b.size, false };
}

static inline bool cbor_done(const struct cbor *c)
{
	return !c->failed && c->at == c->end;
}

/* The argument of the next item, which must be of that kind: a number, a tag, a count. 0 and failed otherwise. */
uint64_t cbor_take(struct cbor *c, enum cbor_major major);
/* A byte or text string. */
struct attest_bytes cbor_take_string(struct cbor *c, enum cbor_major major);
/* Any item, nested at most 8 deep. */
void cbor_skip(struct cbor *c);

#endif
