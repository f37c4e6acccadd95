#include <string.h>

#include "server/engine/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* One look instead of a search: a character's value, or 64. Where in the text the key is seen is no secret. */
static void values_make(const char *digits, uint8_t values[256])
{
	memset(values, 64, 256);
	for (uint8_t i = 0; i < 64; i++)
		values[(uint8_t)digits[i]] = i;
}

static const char *wrong_at(struct pool *p, size_t at)
{
	return pool_printf(p, "illegal base64 data at input byte %zu", at);
}

/* Whether what follows the digits is the right padding: with line breaks between, and nothing behind. */
static bool padding_fits(const char *at, size_t want)
{
	for (; *at; at++) {
		if (*at == '=' && want)
			want--;
		else if (*at != '\n' && *at != '\r')
			return false;
	}
	return !want;
}

static const char *read_digits(struct pool *p, const char *digits, bool padded, const char *text, struct blob *out)
{
	size_t size = text ? strlen(text) : 0, count = 0, i = 0;
	uint8_t *bytes = pool_take(p, size / 4 * 3 + 4), values[256];
	uint32_t bits = 0;

	values_make(digits, values);
	for (; i < size; i++) {
		uint8_t value = values[(uint8_t)text[i]];

		if (value == 64 && (text[i] == '\n' || text[i] == '\r'))
			continue;
		if (value == 64)
			break;
		bits = bits << 6 | value;
		if (++count % 4 == 0) {
			bytes[count / 4 * 3 - 3] = (uint8_t)(bits >> 16);
			bytes[count / 4 * 3 - 2] = (uint8_t)(bits >> 8);
			bytes[count / 4 * 3 - 1] = (uint8_t)bits;
		}
	}
	if (count % 4 == 1 || !padding_fits(text ? text + i : "", padded && count % 4 ? 4 - count % 4 : 0))
		return wrong_at(p, i);
	*out = (struct blob){ bytes, count / 4 * 3 };
	if (count % 4 >= 2)
		bytes[out->size++] = (uint8_t)(count % 4 == 2 ? bits >> 4 : bits >> 10);
	if (count % 4 == 3)
		bytes[out->size++] = (uint8_t)(bits >> 2);
	return NULL;
}

const char *base64_read(struct pool *p, const char *text, struct blob *out)
{
	return read_digits(p, standard, true, text, out);
}

const char *base64_read_url(struct pool *p, const char *text, struct blob *out)
{
	return read_digits(p, url, false, text, out);
}

static char *put_digits(struct pool *p, const char *digits, bool padded, const char *prefix, const void *from,
			size_t size)
{
	size_t before = strlen(prefix), i = 0;
	char *text = pool_take(p, before + (size + 2) / 3 * 4 + 1), *to = text + before;
	const uint8_t *b = from;

	memcpy(text, prefix, before);
	for (; i + 3 <= size; i += 3) {
		uint32_t bits = (uint32_t)b[i] << 16 | (uint32_t)b[i + 1] << 8 | b[i + 2];

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = digits[bits >> 6 & 63];
		*to++ = digits[bits & 63];
	}
	if (i < size) {
		uint32_t bits = (uint32_t)b[i] << 16 | (i + 1 < size ? (uint32_t)b[i + 1] << 8 : 0);

		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		if (i + 1 < size)
			*to++ = digits[bits >> 6 & 63];
		else if (padded)
			*to++ = '=';
		if (padded)
			*to++ = '=';
	}
	*to = '\0';
	return text;
}

char *base64_url(struct pool *p, const void *bytes, size_t size)
{
	return put_digits(p, url, false, "", bytes, size);
}

char *base64_behind(struct pool *p, const char *prefix, const void *bytes, size_t size)
{
	return put_digits(p, standard, true, prefix, bytes, size);
}
