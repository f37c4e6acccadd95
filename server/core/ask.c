/* What a request asked for, under the names and with the tolerance of Vault's fields. */
#include <stdlib.h>
#include <string.h>

#include "server/core/ask.h"

/* A path parameter as JSON text would be a detour: parameters are text, members are JSON. */
static const char *parameter(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->parameter_count; i++)
		if (!strcmp(r->parameters[i].name, name))
			return r->parameters[i].value;
	return NULL;
}

const struct json *ask_json(const struct request *r, const char *name)
{
	const struct json *value = json_member(r->body, name);

	return value && value->kind != JSON_NULL ? value : NULL;
}

bool asked(const struct request *r, const char *name)
{
	return parameter(r, name) || ask_json(r, name);
}

/* Numbers and booleans as they were written. */
static const char *scalar_text(struct pool *p, const struct json *value)
{
	if (value->kind == JSON_STRING)
		return pool_json_text(p, value);
	if (value->kind == JSON_NUMBER || value->kind == JSON_BOOL)
		return pool_copy(p, value->span.at, value->span.size);
	return NULL;
}

const char *ask_text(struct request *r, const char *name)
{
	const char *in_path = parameter(r, name);
	const struct json *value = in_path ? NULL : ask_json(r, name);

	return in_path ? in_path : value ? scalar_text(&r->pool, value) : NULL;
}

const char *ask_text_or(struct request *r, const char *name, const char *otherwise)
{
	const char *text = ask_text(r, name);

	return text ? text : otherwise;
}

/* As Go's strconv.ParseBool has it; a number is true unless it is 0. */
static bool bool_read(const char *text, bool *value)
{
	static const char *const words[] = { "1", "t", "T",     "true",  "TRUE",  "True", "0",
					     "f", "F", "false", "FALSE", "False", "" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i])) {
			*value = i < 6;
			return true;
		}
	}
	return false;
}

bool ask_bool(struct request *r, const char *name, bool otherwise)
{
	const char *text = ask_text(r, name);
	bool value = otherwise;

	return text && bool_read(text, &value) ? value : otherwise;
}

static bool int_read(const char *text, int64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoll(text, &end, 10);
	return *text && !*end && !errno && !strchr(" \t\n+", *text);
}

int64_t ask_int(struct request *r, const char *name, int64_t otherwise)
{
	const char *text = ask_text(r, name);
	int64_t value;

	return text && int_read(text, &value) ? value : otherwise;
}

uint64_t ask_seconds(struct request *r, const char *name, uint64_t otherwise)
{
	const char *text = ask_text(r, name);
	int64_t value;

	return text && duration_read(text, &value) && value >= 0 ? (uint64_t)value / 1000000000 : otherwise;
}

static void list_add(struct request *r, struct names *list, const char *from, const char *end)
{
	while (from < end && strchr(" \t\n\r", *from))
		from++;
	while (end > from && strchr(" \t\n\r", end[-1]))
		end--;
	if (end > from)
		names_add(&r->pool, list, pool_copy(&r->pool, from, (size_t)(end - from)));
}

struct names ask_list(struct request *r, const char *name)
{
	const struct json *value = parameter(r, name) ? NULL : ask_json(r, name);
	struct names list = { NULL, 0 };

	if (value && value->kind == JSON_ARRAY) {
		for (const struct json *v = value->first; v; v = v->next) {
			const char *text = scalar_text(&r->pool, v);

			if (text)
				list_add(r, &list, text, text + strlen(text));
		}
		return list;
	}
	for (const char *at = ask_text(r, name), *end; at && *at; at = *end ? end + 1 : end) {
		end = strchrnul(at, ',');
		list_add(r, &list, at, end);
	}
	return list;
}

static bool list_fits(struct pool *p, const struct json *value)
{
	if (value->kind != JSON_ARRAY)
		return value->kind != JSON_OBJECT;
	for (const struct json *v = value->first; v; v = v->next)
		if (!scalar_text(p, v))
			return false;
	return true;
}

static bool field_fits(struct pool *p, enum field_type type, const struct json *value)
{
	const char *text = scalar_text(p, value);
	int64_t number;
	bool truth;

	switch (type) {
	case FIELD_STRING:
		return text != NULL;
	case FIELD_INT:
		return text && int_read(text, &number);
	case FIELD_BOOL:
		return text && bool_read(text, &truth);
	case FIELD_SECONDS:
		return text && duration_read(text, &number) && number >= 0;
	case FIELD_LIST:
		return list_fits(p, value);
	case FIELD_MAP:
		return value->kind == JSON_OBJECT;
	case FIELD_ANY:
		return true;
	}
	return false;
}

static const char *const type_names[] = {
	[FIELD_STRING] = "a string",    [FIELD_INT] = "a whole number",     [FIELD_BOOL] = "true or false",
	[FIELD_SECONDS] = "a duration", [FIELD_LIST] = "a list of strings", [FIELD_MAP] = "an object",
	[FIELD_ANY] = "a value",
};

int fields_check(struct request *r, const struct field *fields)
{
	for (const struct field *f = fields; f && f->name; f++) {
		const struct json *value = parameter(r, f->name) ? NULL : ask_json(r, f->name);

		if (value && !field_fits(&r->pool, f->type, value))
			return refuse(r, 400, "Field validation failed: field \"%s\": expected %s, found %.*s", f->name,
				      type_names[f->type], value->span.size > 40 ? 40 : (int)value->span.size,
				      value->kind == JSON_STRING ? "a string that is not one" : value->span.at);
	}
	return 0;
}
