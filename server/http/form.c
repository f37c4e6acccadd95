#include <string.h>

#include "server/http/form.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The length of the UTF-8 sequence at `at` (RFC 3629 4: no overlong forms, no surrogates), or 0. */
static size_t sequence_size(const unsigned char *at, size_t left)
{
	static const struct { unsigned char first, last, low, high; size_t size; } forms[] = {
		{ 0x00, 0x7f, 0x80, 0xbf, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (*at < forms[i].first || *at > forms[i].last || left < forms[i].size)
			continue;
		for (size_t k = 1; k < forms[i].size; k++)
			if (at[k] < (k == 1 ? forms[i].low : 0x80) || at[k] > (k == 1 ? forms[i].high : 0xbf))
				return 0;
		return forms[i].size;
	}
	return 0;
}

static bool printable(const char *text, size_t size, bool lines)
{
	const unsigned char *at = (const unsigned char *)text;

	for (size_t i = 0, n; i < size; i += n) {
		n = sequence_size(at + i, size - i);
		if (!n || !at[i] || at[i] == 0x7f || (at[i] < ' ' && !lines))
			return false;
		if (at[i] == 0xc2 && at[i + 1] < 0xa0) /* C1 controls */
			return false;
	}
	return true;
}

/* Values of forms may have lines (a PEM text), names and paths may not. */
static char *decode(struct pool *p, const char *at, size_t size, bool plus, bool lines)
{
	char *to = pool_take(p, size + 1);
	size_t used = 0;

	for (size_t i = 0; i < size; i++) {
		char c = at[i];

		if (c == '%') {
			int high = i + 2 < size ? hex_digit(at[i + 1]) : -1;
			int low = i + 2 < size ? hex_digit(at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		to[used++] = c;
	}
	return printable(to, used, lines) ? to : NULL;
}

char *form_decode(struct pool *p, const char *at, size_t size, bool plus)
{
	return decode(p, at, size, plus, false);
}

bool form_pairs(struct pool *p, const char *at, size_t size, struct names *pairs)
{
	const char *end = at + size;

	while (at < end) {
		const char *stop = memchr(at, '&', (size_t)(end - at)), *equals;
		char *name, *value;

		if (!stop)
			stop = end;
		equals = memchr(at, '=', (size_t)(stop - at));
		if (!equals)
			equals = stop;
		name = form_decode(p, at, (size_t)(equals - at), true);
		value = equals < stop ? decode(p, equals + 1, (size_t)(stop - equals - 1), true, true)
				      : pool_text(p, "");
		if (!name || !value)
			return false;
		if (stop > at) {
			names_add(p, pairs, name);
			names_add(p, pairs, value);
		}
		at = stop + 1;
	}
	return true;
}

const char *form_value(const struct names *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i += 2)
		if (!strcmp(pairs->at[i], name))
			return pairs->at[i + 1];
	return NULL;
}

static size_t count_of(const struct names *pairs, size_t from, const char *name)
{
	size_t count = 0;

	for (size_t i = from; i < pairs->count; i += 2)
		count += !strcmp(pairs->at[i], name);
	return count;
}

static void put_array(struct json_writer *w, const struct names *pairs, const char *name)
{
	json_array(w, name);
	for (size_t i = 0; i < pairs->count; i += 2)
		if (!strcmp(pairs->at[i], name))
			json_put_string(w, NULL, pairs->at[i + 1]);
	json_close(w);
}

const struct json *form_object(struct pool *p, const struct names *pairs, struct blob *text)
{
	struct json_writer w;
	struct text_error error;

	pool_json(p, &w);
	json_object(&w, NULL);
	for (size_t i = 0; i < pairs->count; i += 2) {
		const char *name = pairs->at[i];
		size_t here = count_of(pairs, i, name);

		if (!strcmp(name, "help") || here < count_of(pairs, 0, name))
			continue;
		if (here > 1)
			put_array(&w, pairs, name);
		else
			json_put_string(&w, name, pairs->at[i + 1]);
	}
	json_close(&w);
	*text = pool_json_end(&w);
	return pool_read_json(p, (const char *)text->at, text->size, &error);
}
