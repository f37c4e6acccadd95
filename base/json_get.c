/* Taking values out of what json.c read. */
#include "base/json.h"
#include "base/errno.h"
#include "base/escape.h"
#include "base/mem.h"

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = { "null", "true or false", "a number", "a string", "an array", "an object" };

	return names[kind];
}

struct json_span json_inside(const struct json *string)
{
	return (struct json_span){ string->span.at + 1, string->span.size - 2 };
}

static bool json_span_equals(struct json_span s, const char *text)
{
	const char *end = s.at + s.size;
	size_t length = strlen(text);

	if (!memchr(s.at, '\\', s.size))
		return s.size == length && memcmp(s.at, text, length) == 0;
	while (s.at < end) {
		char c[4];
		size_t taken, n = escape_read(s.at, end, false, c, &taken);

		if (n > length || memcmp(c, text, n))
			return false;
		s.at += taken;
		text += n;
		length -= n;
	}
	return length == 0;
}

const struct json *json_member(const struct json *object, const char *name)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *v = object->first; v; v = v->next)
		if (json_span_equals(v->name, name))
			return v;
	return NULL;
}

const struct json *json_member_of(const struct json *object, const char *name, enum json_kind kind)
{
	const struct json *v = json_member(object, name);

	return v && v->kind == kind ? v : NULL;
}

const struct json *json_at(const struct json *array, size_t index)
{
	const struct json *v = array && array->kind == JSON_ARRAY ? array->first : NULL;

	for (; v && index; index--)
		v = v->next;
	return v;
}

long json_decode(struct json_span inside, char *out, size_t size)
{
	const char *end = inside.at + inside.size;
	size_t used = 0;

	while (inside.at < end) {
		const char *escape = memchr(inside.at, '\\', (size_t)(end - inside.at));
		size_t taken, n = (size_t)((escape ? escape : end) - inside.at);
		char c[4];

		if (n > size - used)
			return -ERANGE;
		memcpy(out + used, inside.at, n);
		used += n;
		inside.at += n;
		if (!escape)
			break;
		n = escape_read(inside.at, end, false, c, &taken);
		if (n > size - used)
			return -ERANGE;
		memcpy(out + used, c, n);
		used += n;
		inside.at += taken;
	}
	return (long)used;
}

bool json_equals(const struct json *string, const char *text)
{
	return string && string->kind == JSON_STRING && json_span_equals(json_inside(string), text);
}

bool json_true(const struct json *value)
{
	return value && value->kind == JSON_BOOL && value->span.at[0] == 't';
}

bool json_u64(const struct json *number, uint64_t *out)
{
	uint64_t sum = 0;

	if (!number || number->kind != JSON_NUMBER)
		return false;
	for (size_t i = 0; i < number->span.size; i++) {
		char c = number->span.at[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(c - '0'), &sum))
			return false;
	}
	*out = sum;
	return true;
}

bool json_i64(const struct json *number, int64_t *out)
{
	struct json positive;
	uint64_t value;

	if (!number || number->kind != JSON_NUMBER)
		return false;
	positive = *number;
	if (number->span.at[0] == '-') {
		positive.span.at++;
		positive.span.size--;
	}
	if (!json_u64(&positive, &value))
		return false;
	if (number->span.at[0] != '-') {
		*out = (int64_t)value;
		return value <= INT64_MAX;
	}
	*out = (int64_t)(0 - value);
	return value <= (uint64_t)INT64_MAX + 1;
}
