/* DER: see asn.h. A length is written when its value is closed; contents move by the few bytes that it takes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/engine/pki/asn.h"

void asn_init(struct asn *a, struct pool *pool)
{
	*a = (struct asn){ .pool = pool, .at = pool_take(pool, 512), .size = 512 };
}

struct blob asn_blob(const struct asn *a)
{
	return (struct blob){ a->at, a->used };
}

static void asn_room(struct asn *a, size_t more)
{
	size_t size = a->size;
	uint8_t *at;

	if (a->size - a->used >= more)
		return;
	while (size - a->used < more)
		size *= 2;
	at = pool_take(a->pool, size);
	memcpy(at, a->at, a->used);
	a->at = at;
	a->size = size;
}

void asn_raw(struct asn *a, const void *bytes, size_t size)
{
	if (!size)
		return;
	asn_room(a, size);
	memcpy(a->at + a->used, bytes, size);
	a->used += size;
}

size_t asn_open(struct asn *a, unsigned int tag)
{
	uint8_t head[2] = { (uint8_t)tag, 0 };

	asn_raw(a, head, sizeof(head));
	return a->used;
}

void asn_close(struct asn *a, size_t mark)
{
	size_t size = a->used - mark, bytes = 0;

	if (size < 128) {
		a->at[mark - 1] = (uint8_t)size;
		return;
	}
	for (size_t rest = size; rest; rest >>= 8)
		bytes++;
	asn_room(a, bytes);
	memmove(a->at + mark + bytes, a->at + mark, size);
	a->at[mark - 1] = (uint8_t)(0x80 | bytes);
	for (size_t i = 0; i < bytes; i++)
		a->at[mark + i] = (uint8_t)(size >> 8 * (bytes - 1 - i));
	a->used += bytes;
}

size_t asn_open_bits(struct asn *a)
{
	size_t mark = asn_open(a, ASN_BITS);

	asn_raw(a, "", 1);
	return mark;
}

void asn_put(struct asn *a, unsigned int tag, const void *bytes, size_t size)
{
	size_t mark = asn_open(a, tag);

	asn_raw(a, bytes, size);
	asn_close(a, mark);
}

void asn_text(struct asn *a, unsigned int tag, const char *text)
{
	asn_put(a, tag, text, strlen(text));
}

void asn_bool(struct asn *a, bool value)
{
	asn_put(a, ASN_BOOLEAN, value ? "\xff" : "", 1);
}

void asn_integer(struct asn *a, const uint8_t *bytes, size_t size)
{
	size_t mark = asn_open(a, ASN_INTEGER);

	while (size && !*bytes)
		bytes++, size--;
	if (!size || *bytes & 0x80)
		asn_raw(a, "", 1);
	asn_raw(a, bytes, size);
	asn_close(a, mark);
}

void asn_u64(struct asn *a, unsigned int tag, uint64_t value)
{
	uint8_t bytes[8];
	size_t mark = a->used;

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * (7 - i));
	asn_integer(a, bytes, sizeof(bytes));
	a->at[mark] = (uint8_t)tag;
}

static void asn_clock(struct asn *a, unsigned int tag, int64_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;
	char text[40];

	gmtime_r(&when, &tm);
	snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec);
	asn_text(a, tag, tag == ASN_UTC_TIME ? text + 2 : text);
}

void asn_time(struct asn *a, int64_t seconds)
{
	asn_clock(a, seconds < 2524608000 ? ASN_UTC_TIME : ASN_TIME, seconds);
}

void asn_generalized(struct asn *a, int64_t seconds)
{
	asn_clock(a, ASN_TIME, seconds);
}

static void asn_base128(struct asn *a, uint64_t value)
{
	uint8_t bytes[10];
	size_t n = sizeof(bytes);

	bytes[--n] = value & 0x7f;
	for (value >>= 7; value; value >>= 7)
		bytes[--n] = (uint8_t)(0x80 | (value & 0x7f));
	asn_raw(a, bytes + n, sizeof(bytes) - n);
}

/* One number of a dotted name; NULL: none, or it has a superfluous zero or does not fit. */
static const char *asn_arc(const char *at, uint64_t *value)
{
	const char *start = at;

	*value = 0;
	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(*value, 10u, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			return NULL;
	return at > start && (*start != '0' || at == start + 1) ? at : NULL;
}

bool asn_oid(struct asn *a, const char *dotted)
{
	size_t before = a->used, mark = asn_open(a, ASN_OID);
	uint64_t first, value;
	const char *at = asn_arc(dotted, &first);

	if (at && *at == '.' && first <= 2)
		at = asn_arc(at + 1, &value);
	else
		at = NULL;
	if (!at || (first < 2 && value > 39) || value > UINT64_MAX - 80)
		goto bad;
	asn_base128(a, 40 * first + value);
	while (*at == '.') {
		at = asn_arc(at + 1, &value);
		if (!at)
			goto bad;
		asn_base128(a, value);
	}
	if (*at)
		goto bad;
	asn_close(a, mark);
	return true;
bad:
	a->used = before;
	return false;
}

bool asn_next(struct blob *in, unsigned int *tag, struct blob *contents)
{
	size_t head = 2, size;

	if (in->size < 2 || (in->at[0] & 0x1f) == 0x1f)
		return false;
	size = in->at[1];
	if (size & 0x80) {
		size_t bytes = size & 0x7f;

		if (bytes < 1 || bytes > 4 || in->size < 2 + bytes || !in->at[2])
			return false;
		size = 0;
		for (size_t i = 0; i < bytes; i++)
			size = size << 8 | in->at[2 + i];
		head += bytes;
		if (size < 128)
			return false;
	}
	if (in->size - head < size)
		return false;
	*tag = in->at[0];
	*contents = (struct blob){ in->at + head, size };
	in->at += head + size;
	in->size -= head + size;
	return true;
}

bool asn_take(struct blob *in, unsigned int tag, struct blob *contents)
{
	struct blob rest = *in;
	unsigned int found;

	if (!asn_next(&rest, &found, contents) || found != tag)
		return false;
	*in = rest;
	return true;
}
