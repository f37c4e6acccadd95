/* Binary documents as text: hex, base64 (RFC 4648, 4), PEM (RFC 7468) and percent-encoding (RFC 3986, 2.1). */
#include "attest/internal.h"

#include "base/errno.h"

#define BASE64_STANDARD 1U
#define BASE64_URL 2U

static bool text_is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int text_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The alphabets differ in two letters, which alone say which one it is. */
static int text_base64_digit(uint8_t c, unsigned int *alphabets)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c != '+' && c != '/' && c != '-' && c != '_')
		return -1;
	*alphabets |= c == '+' || c == '/' ? BASE64_STANDARD : BASE64_URL;
	return c == '+' || c == '-' ? 62 : 63;
}

struct attest_bytes text_trim(struct attest_bytes text)
{
	while (text.size && (text_is_space(text.at[text.size - 1]) || text.at[text.size - 1] == '\0'))
		text.size--;
	while (text.size && text_is_space(text.at[0])) {
		text.at++;
		text.size--;
	}
	return text;
}

/* Bits that pad are zero: one text for one value, but for white space. */
long base64_decode(struct attest_bytes text, enum base64_form form, uint8_t *to, size_t size)
{
	size_t used = 0, padding = 0, count = 0;
	unsigned int bits = 0, shift, alphabets = 0;

	for (size_t i = 0; i < text.size; i++) {
		int digit = text_base64_digit(text.at[i], &alphabets);

		if (digit < 0) {
			padding += text.at[i] == '=';
			if (text.at[i] != '=' && !text_is_space(text.at[i]))
				return -EINVAL;
			continue;
		}
		if (padding)
			return -EINVAL;
		bits = bits << 6 | (unsigned int)digit;
		if (count++ % 4 == 0)
			continue;
		shift = 6 - 2 * (unsigned int)((count - 1) % 4);
		if (used < size)
			to[used] = (uint8_t)(bits >> shift);
		used++;
		bits &= (1U << shift) - 1;
	}
	if (count % 4 == 1 || bits || (padding != -count % 4 && (padding || form == BASE64_STRICT)) ||
	    (alphabets & BASE64_URL && (alphabets & BASE64_STANDARD || form == BASE64_STRICT)))
		return -EINVAL;
	return used > size ? -ERANGE : (long)used;
}

long hex_text_decode(struct attest_bytes text, uint8_t *to, size_t size)
{
	size_t used = 0;
	int high = -1;

	for (size_t i = 0; i < text.size; i++) {
		int digit = text_hex_digit(text.at[i]);

		if (digit < 0 && text_is_space(text.at[i]))
			continue;
		if (digit < 0)
			return -1;
		if (high < 0) {
			high = digit;
			continue;
		}
		if (used == size)
			return -1;
		to[used++] = (uint8_t)(high << 4 | digit);
		high = -1;
	}
	return high < 0 ? (long)used : -1;
}

long percent_decode(struct attest_bytes text, uint8_t *to, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.at[i];

		if (c == '%') {
			int high = i + 2 < text.size ? text_hex_digit(text.at[i + 1]) : -1;
			int low = i + 2 < text.size ? text_hex_digit(text.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -1;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (used == size)
			return -1;
		to[used++] = c;
	}
	return (long)used;
}

static const uint8_t *text_find(struct attest_bytes text, const char *what)
{
	return text.size ? memmem(text.at, text.size, what, strlen(what)) : NULL;
}

/* Cut `what` off the front. */
static bool text_skip(struct attest_bytes *text, const char *what)
{
	size_t n = strlen(what);

	if (text->size < n || memcmp(text->at, what, n))
		return false;
	text->at += n;
	text->size -= n;
	return true;
}

bool pem_is(struct attest_bytes text)
{
	struct attest_bytes t = text_trim(text);

	return text_skip(&t, "-----BEGIN ");
}

long pem_next(struct attest_bytes *text, const char *label, uint8_t *to, size_t size)
{
	struct attest_bytes t = text_trim(*text), body;
	const uint8_t *end;
	long used;

	if (!t.size) {
		*text = t;
		return 0;
	}
	if (!text_skip(&t, "-----BEGIN ") || !text_skip(&t, label) || !text_skip(&t, "-----"))
		return -1;
	end = text_find(t, "-----END ");
	if (!end)
		return -1;
	body = bytes_of(t.at, (size_t)(end - t.at));
	t = bytes_of(end, t.size - body.size);
	if (!text_skip(&t, "-----END ") || !text_skip(&t, label) || !text_skip(&t, "-----"))
		return -1;
	used = base64_decode(body, BASE64_STRICT, to, size);
	*text = t;
	return used ? used : -1;
}
