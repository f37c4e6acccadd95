#include "base/escape.h"
#include "base/mem.h"

size_t utf8_length(const char *at, const char *end)
{
	const uint8_t *b = (const uint8_t *)at;
	size_t left = (size_t)(end - at), n;
	uint32_t code;

	if (!left)
		return 0;
	if (b[0] < 0x80)
		return 1;
	n = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
	if (b[0] < 0xc2 || b[0] > 0xf4 || left < n)
		return 0;
	code = b[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (b[i] & 0x3f);
	}
	if ((n == 3 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
	    (n == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return n;
}

size_t utf8_put(uint32_t code, char out[4])
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	if (n == 1) {
		out[0] = (char)code;
		return 1;
	}
	for (size_t i = n - 1; i; i--, code >>= 6)
		out[i] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(uint8_t)((0xf00U >> n) | code);
	return n;
}

static bool hex_number(const char *at, const char *end, size_t digits, uint32_t *out)
{
	uint32_t value = 0;

	if ((size_t)(end - at) < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		char c = at[i];
		uint32_t d;

		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			d = (uint32_t)((c | 32) - 'a' + 10);
		else
			return false;
		value = value << 4 | d;
	}
	*out = value;
	return true;
}

/* \uNNNN, a pair of them for what lies beyond the basic plane, or \UNNNNNNNN. `at` is behind the backslash. */
static size_t escape_unicode(const char *at, const char *end, char out[4], size_t *taken)
{
	size_t digits = *at == 'U' ? 8 : 4;
	uint32_t code, low;

	if (!hex_number(at + 1, end, digits, &code))
		return 0;
	*taken = 2 + digits;
	if (digits == 4 && code >= 0xd800 && code < 0xdc00) {
		if (end - at < 11 || at[5] != '\\' || at[6] != 'u' || !hex_number(at + 7, end, 4, &low) ||
		    low < 0xdc00 || low > 0xdfff)
			return 0;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		*taken = 12;
	}
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return utf8_put(code, out);
}

size_t escape_read(const char *at, const char *end, bool hcl, char out[4], size_t *taken)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t n;

	if (at >= end || (uint8_t)*at < 0x20)
		return 0;
	if (*at != '\\') {
		n = *taken = utf8_length(at, end);
		memcpy(out, at, n);
		return n;
	}
	if (++at >= end)
		return 0;
	if (*at == 'u' || (*at == 'U' && hcl))
		return escape_unicode(at, end, out, taken);
	for (n = 0; n < sizeof(from) - 1; n++) {
		if (*at == from[n]) {
			out[0] = to[n];
			*taken = 2;
			return 1;
		}
	}
	return 0;
}
