#include "base/json_write.h"
#include "base/errno.h"
#include "base/escape.h"
#include "base/mem.h"

#define JSON_WRITE_DEPTH_MAX 64

void json_write_init(struct json_writer *w, char *buffer, size_t size, bool indent)
{
	*w = (struct json_writer){ .indent = indent };
	text_init(&w->text, buffer, size);
}

long json_write_end(struct json_writer *w)
{
	if (w->failed || w->depth || !w->filled)
		return -EINVAL;
	return w->text.used < w->text.size ? (long)w->text.used : -ERANGE;
}

static void json_new_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	text_put(&w->text, "\n");
	for (unsigned int i = 0; i < w->depth; i++)
		text_put(&w->text, "  ");
}

/* How much of it stands in JSON as it is: most texts do as a whole. */
static size_t json_plain(const char *s, const char *end)
{
	const char *at = s;

	while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	return (size_t)(at - s);
}

static void json_quote(struct json_writer *w, const char *s, size_t size)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *end = s + size;

	text_put(&w->text, "\"");
	while (s < end) {
		size_t plain = json_plain(s, end);
		size_t n = plain ? plain : utf8_length(s, end);
		const char *special = !plain && n == 1 ? memchr(from, *s, sizeof(from) - 1) : NULL;

		if (!n) {
			w->failed = true;
			return;
		}
		if (special) {
			text_put(&w->text, "\\");
			text_put_bytes(&w->text, &to[special - from], 1);
		} else if (!plain && ((uint8_t)*s < 0x20 || *s == 0x7f)) {
			text_put(&w->text, "\\u00");
			text_put_hex(&w->text, (const uint8_t *)s, 1);
		} else {
			text_put_bytes(&w->text, s, n);
		}
		s += n;
	}
	text_put(&w->text, "\"");
}

/* What stands before every value: a comma, and in an object its name. */
static void json_before(struct json_writer *w, const char *name)
{
	bool object = w->depth && (w->levels >> (w->depth - 1) & 1);

	if (object != (name != NULL) || (!w->depth && w->filled))
		w->failed = true;
	if (w->filled)
		text_put(&w->text, ",");
	if (w->depth)
		json_new_line(w);
	w->filled = true;
	if (name) {
		json_quote(w, name, strlen(name));
		text_put(&w->text, w->indent ? ": " : ":");
	}
}

static void json_open(struct json_writer *w, const char *name, bool object)
{
	json_before(w, name);
	text_put(&w->text, object ? "{" : "[");
	if (w->depth == JSON_WRITE_DEPTH_MAX) {
		w->failed = true;
		return;
	}
	w->levels &= ~(1UL << w->depth);
	w->levels |= (uint64_t)object << w->depth;
	w->depth++;
	w->filled = false;
}

void json_object(struct json_writer *w, const char *name)
{
	json_open(w, name, true);
}

void json_array(struct json_writer *w, const char *name)
{
	json_open(w, name, false);
}

void json_close(struct json_writer *w)
{
	if (!w->depth) {
		w->failed = true;
		return;
	}
	w->depth--;
	if (w->filled)
		json_new_line(w);
	text_put(&w->text, w->levels >> w->depth & 1 ? "}" : "]");
	w->filled = true;
}

void json_put_bytes(struct json_writer *w, const char *name, const char *s, size_t size)
{
	json_before(w, name);
	json_quote(w, s, size);
}

void json_put_string(struct json_writer *w, const char *name, const char *s)
{
	json_put_bytes(w, name, s, strlen(s));
}

void json_put_u64(struct json_writer *w, const char *name, uint64_t value)
{
	json_before(w, name);
	text_put_u64(&w->text, value);
}

void json_put_i64(struct json_writer *w, const char *name, int64_t value)
{
	json_before(w, name);
	if (value < 0)
		text_put(&w->text, "-");
	text_put_u64(&w->text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t size)
{
	json_before(w, name);
	text_put_bytes(&w->text, json, size);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
	json_put_raw(w, name, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(struct json_writer *w, const char *name)
{
	json_put_raw(w, name, "null", 4);
}

void json_put_hex(struct json_writer *w, const char *name, const uint8_t *bytes, size_t size)
{
	json_before(w, name);
	text_put(&w->text, "\"");
	text_put_hex(&w->text, bytes, size);
	text_put(&w->text, "\"");
}
