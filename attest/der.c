/* Reading DER (X.690, 10.1): definite lengths in their shortest form, one-byte tags. */
#include "attest/internal.h"

static struct attest_bytes der_fail(struct der *d)
{
	d->failed = true;
	d->at = d->end;
	return (struct attest_bytes){ d->end, 0 };
}

/* The length behind a tag; SIZE_MAX where it is indefinite, too long or not the shortest form. */
static size_t der_length(struct der *d)
{
	size_t length = *d->at++, count = length & 0x7f;

	if (length < 0x80)
		return length;
	if (count == 0 || count > 3 || count > (size_t)(d->end - d->at) || d->at[0] == 0)
		return SIZE_MAX;
	length = 0;
	for (; count; count--)
		length = length << 8 | *d->at++;
	return length < 0x80 ? SIZE_MAX : length;
}

struct attest_bytes der_take_whole(struct der *d, uint8_t tag, struct attest_bytes *content)
{
	const uint8_t *start = d->at, *at;
	size_t length;

	if (content)
		*content = (struct attest_bytes){ d->end, 0 };
	if (d->failed || d->end - d->at < 2 || *d->at++ != tag)
		return der_fail(d);
	length = der_length(d);
	if (length > (size_t)(d->end - d->at))
		return der_fail(d);
	at = d->at;
	d->at += length;
	if (content)
		*content = (struct attest_bytes){ at, length };
	return (struct attest_bytes){ start, (size_t)(d->at - start) };
}

struct attest_bytes der_take(struct der *d, uint8_t tag)
{
	struct attest_bytes content;

	(void)der_take_whole(d, tag, &content);
	return content;
}

uint8_t der_peek(const struct der *d)
{
	return d->failed || d->at == d->end ? 0 : *d->at;
}

uint64_t der_take_u64(struct der *d)
{
	struct attest_bytes b = der_take(d, DER_INTEGER);
	uint64_t value = 0;

	/* Shortest form: a leading zero only before a byte that would make it negative. */
	if (d->failed || b.size == 0 || b.at[0] & 0x80 || (b.size > 1 && b.at[0] == 0 && !(b.at[1] & 0x80)) ||
	    b.size > 9 || (b.size == 9 && b.at[0])) {
		(void)der_fail(d);
		return 0;
	}
	for (size_t i = 0; i < b.size; i++)
		value = value << 8 | b.at[i];
	return value;
}
