/* JSON, base64, hex and random names in a pool. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "base/mem.h"
#include "server/core/pool.h"

static void pool_json_grow(struct text *t, size_t size)
{
	size_t room = 2 * t->size > size ? 2 * t->size : size;
	char *at = pool_take(t->owner, room);

	memcpy(at, t->at, t->used + 1);
	t->at = at;
	t->size = room;
}

void pool_json(struct pool *p, struct json_writer *w)
{
	json_write_init(w, pool_take(p, 256), 256, false);
	w->text.grow = pool_json_grow;
	w->text.owner = p;
}

struct blob pool_json_end(struct json_writer *w)
{
	long size = json_write_end(w);

	/* Misuse is a mistake in this program: nesting is fixed by code, and strings were checked when they came in. */
	if (size < 0)
		abort();
	return (struct blob){ (const uint8_t *)w->text.at, (size_t)size };
}

const struct json *pool_read_json(struct pool *p, const char *text, size_t size, struct text_error *error)
{
	struct json_reader reader = { .capacity = 16 };

	/* Most texts have few values: count what can begin one instead of taking a value for every byte. */
	for (size_t i = 0; i < size; i++)
		reader.capacity += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
	reader.values = pool_take(p, reader.capacity * sizeof(*reader.values));
	if (json_read(&reader, text, size, error))
		return NULL;
	return reader.values;
}

const char *pool_json_text(struct pool *p, const struct json *string)
{
	struct json_span inside;
	char *to;
	long size;

	if (!string || string->kind != JSON_STRING)
		return NULL;
	inside = json_inside(string);
	to = pool_take(p, inside.size + 1);
	size = json_decode(inside, to, inside.size + 1);
	return size >= 0 && !memchr(to, 0, (size_t)size) ? to : NULL;
}

const char *pool_json_member(struct pool *p, const struct json *object, const char *name)
{
	return pool_json_text(p, json_member(object, name));
}

void names_put(struct json_writer *w, const char *name, const struct names *names)
{
	json_array(w, name);
	for (size_t i = 0; i < names->count; i++)
		json_put_string(w, NULL, names->at[i]);
	json_close(w);
}

struct names names_read(struct pool *p, const struct json *array)
{
	struct names names = { NULL, 0 };

	if (!array || array->kind != JSON_ARRAY)
		return names;
	for (const struct json *v = array->first; v; v = v->next) {
		const char *text = pool_json_text(p, v);

		if (text)
			names_add(p, &names, text);
	}
	return names;
}

static const char base64_digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *pool_base64(struct pool *p, const void *bytes, size_t size)
{
	const uint8_t *b = bytes;
	char *text = pool_take(p, (size + 2) / 3 * 4 + 1), *to = text;

	for (size_t i = 0; i < size; i += 3) {
		uint32_t three = (uint32_t)b[i] << 16 | (i + 1 < size ? (uint32_t)b[i + 1] << 8 : 0) |
				 (i + 2 < size ? b[i + 2] : 0);

		*to++ = base64_digits[three >> 18];
		*to++ = base64_digits[three >> 12 & 63];
		*to++ = i + 1 < size ? base64_digits[three >> 6 & 63] : '=';
		*to++ = i + 2 < size ? base64_digits[three & 63] : '=';
	}
	return text;
}

static int base64_value(char c)
{
	const char *at = c ? memchr(base64_digits, c, sizeof(base64_digits)) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

/* Padding must be there, and the bits that it leaves over must be zero: one text for one value. */
bool pool_base64_read(struct pool *p, const char *text, struct blob *out)
{
	size_t size = strlen(text), pad = 0;
	uint8_t *bytes = pool_take(p, size / 4 * 3 + 1);
	uint32_t bits = 0;
	size_t count = 0;

	if (size % 4)
		return false;
	while (pad < 2 && pad < size && text[size - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < size - pad; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4)
			bytes[count++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (pad && bits & (pad == 1 ? 3u : 15u))
		return false;
	*out = (struct blob){ bytes, count };
	return true;
}

char *pool_hex(struct pool *p, const void *bytes, size_t size)
{
	char *text = pool_take(p, 2 * size + 1);

	hex_encode(bytes, size, text);
	return text;
}

char *pool_uuid(struct pool *p)
{
	uint8_t b[16];
	char hex[33];

	random_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	hex_encode(b, sizeof(b), hex);
	return pool_printf(p, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* Bytes of 248 and above are thrown away, so that each of the 62 is as likely as the others. */
char *pool_base62(struct pool *p, size_t count)
{
	char *text = pool_take(p, count + 1);
	size_t have = 0;

	while (have < count) {
		uint8_t b[32];

		random_bytes(b, sizeof(b));
		for (size_t i = 0; i < sizeof(b) && have < count; i++)
			if (b[i] < 248)
				text[have++] = base64_digits[b[i] % 62];
		mem_wipe(b, sizeof(b));
	}
	return text;
}
