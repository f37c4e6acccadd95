/* otpauth:// URLs, as apps for one-time passwords read them, and base32. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/totp.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool base32_read(struct pool *p, const char *text, struct blob *out)
{
	size_t size = strlen(text), count = 0;
	uint8_t *bytes = pool_take(p, size / 8 * 5 + 6);
	uint64_t bits = 0;

	while (size && text[size - 1] == '=')
		size--;
	for (size_t i = 0; i < size; i++) {
		char c = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
		const char *at = c ? strchr(digits, c) : NULL;

		if (!at)
			return false;
		bits = bits << 5 | (uint64_t)(at - digits);
		if ((i + 1) * 5 / 8 > count)
			bytes[count++] = (uint8_t)(bits >> (i + 1) * 5 % 8);
	}
	*out = (struct blob){ bytes, count };
	/* 1, 3 and 6 digits stand for no number of bytes */
	return size % 8 != 1 && size % 8 != 3 && size % 8 != 6 && count;
}

char *base32(struct pool *p, struct blob bytes)
{
	size_t count = (bytes.size * 8 + 4) / 5;
	char *text = pool_take(p, count + 1);

	for (size_t i = 0; i < count; i++) {
		size_t bit = i * 5, at = bit / 8;
		uint32_t two = (uint32_t)bytes.at[at] << 8 | (at + 1 < bytes.size ? bytes.at[at + 1] : 0);

		text[i] = digits[two >> (11 - bit % 8) & 31];
	}
	return text;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* NULL: a '%' without two digits, or one that hides a NUL. */
static char *unescape(struct pool *p, const char *from, size_t size, bool query)
{
	char *text = pool_take(p, size + 1), *to = text;

	for (size_t i = 0; i < size; i++) {
		if (from[i] != '%') {
			*to++ = query && from[i] == '+' ? ' ' : from[i];
			continue;
		}
		if (i + 2 >= size || hex_value(from[i + 1]) < 0 || hex_value(from[i + 2]) < 0)
			return NULL;
		*to++ = (char)(hex_value(from[i + 1]) << 4 | hex_value(from[i + 2]));
		if (!to[-1])
			return NULL;
		i += 2;
	}
	return text;
}

static char *escape(struct pool *p, const char *text)
{
	char *out = pool_take(p, 3 * strlen(text) + 1), *to = out;

	for (; *text; text++) {
		bool plain = (*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
			     (*text >= 'A' && *text <= 'Z') || strchr("-._~@", *text);

		if (plain) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = "0123456789ABCDEF"[(uint8_t)*text >> 4];
		*to++ = "0123456789ABCDEF"[(uint8_t)*text & 15];
	}
	return out;
}

char *totp_url(struct pool *p, const struct totp_key *k)
{
	return pool_printf(p, "otpauth://totp/%s:%s?algorithm=%s&digits=%lu&issuer=%s&period=%lu&secret=%s",
			   escape(p, k->issuer), escape(p, k->account), k->algorithm, k->digits, escape(p, k->issuer),
			   k->period, base32(p, k->secret));
}

static bool number_read(const char *text, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end;
}

static const char *parameter_take(struct pool *p, const char *name, size_t size, const char *value, struct totp_key *k)
{
	if (!value)
		return "an error occurred while parsing url string";
	if (!*value)
		return NULL;
	if (size == 6 && !memcmp(name, "secret", 6))
		return base32_read(p, value, &k->secret) ? NULL : "invalid key value: illegal base32 data";
	if (size == 6 && !memcmp(name, "issuer", 6))
		k->issuer = value;
	else if (size == 9 && !memcmp(name, "algorithm", 9))
		k->algorithm = value;
	else if (size == 6 && !memcmp(name, "period", 6) && !number_read(value, &k->period))
		return "an error occurred while parsing period value in url";
	else if (size == 6 && !memcmp(name, "digits", 6) && !number_read(value, &k->digits))
		return "an error occurred while parsing digits value in url";
	return NULL;
}

const char *totp_url_read(struct pool *p, const char *url, struct totp_key *k)
{
	const char *host = strstr(url, "://"), *at = host ? strchr(host + 3, '/') : NULL, *wrong = NULL;
	size_t size = at ? strcspn(at + 1, "?#") : 0;
	char *label = at ? unescape(p, at + 1, size, false) : NULL, *colon;

	if (!label)
		return "an error occurred while parsing url string";
	colon = strchr(label, ':');
	k->account = colon ? colon + 1 : label;
	if (colon)
		k->issuer = pool_copy(p, label, (size_t)(colon - label));
	for (at += 1 + size; (*at == '?' || *at == '&') && !wrong; at += size) {
		size_t name = strcspn(++at, "=&#");
		const char *value = at + name + (at[name] == '=');

		size = strcspn(at, "&#");
		wrong = parameter_take(p, at, name, unescape(p, value, (size_t)(at + size - value), true), k);
	}
	return wrong;
}
