/* Fields of versioned storage that are more than one value of one type. */
#include <string.h>

#include "server/engine/json_merge.h"
#include "server/engine/kv2.h"

#define CUSTOM_MEMBERS 64
#define CUSTOM_NAME 128
#define CUSTOM_VALUE 512
#define CUSTOM_FAILED "custom_metadata validation failed"

bool kv2_versions_asked(struct request *r, uint64_t **numbers, size_t *count)
{
	struct names texts = ask_list(r, "versions");

	*count = 0;
	*numbers = pool_take(&r->pool, (texts.count + 1) * sizeof(**numbers));
	for (size_t i = 0; i < texts.count; i++) {
		uint64_t number = 0;

		for (const char *at = texts.at[i]; *at; at++) {
			if (*at < '0' || *at > '9' || __builtin_mul_overflow(number, 10, &number) ||
			    __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
				refuse(r, 400,
				       "Field validation failed: field \"versions\": expected numbers, found \"%s\"",
				       texts.at[i]);
				return false;
			}
		}
		(*numbers)[(*count)++] = number;
	}
	return true;
}

bool kv2_duration_asked(struct request *r, const char *name, int64_t *seconds)
{
	const char *text = ask_text(r, name);
	int64_t nanoseconds;

	if (!asked(r, name))
		return true;
	if (!text || !duration_read(text, &nanoseconds)) {
		refuse(r, 400, "Field validation failed: field \"%s\": expected a duration", name);
		return false;
	}
	*seconds = nanoseconds / 1000000000;
	return true;
}

bool kv2_max_versions_asked(struct request *r, uint64_t *count)
{
	int64_t wanted = ask_int(r, "max_versions", (int64_t)*count);

	if (wanted < 0 || wanted > UINT32_MAX) {
		refuse(r, 400, "max_versions must be from 0 to 4294967295, not %ld", wanted);
		return false;
	}
	*count = (uint64_t)wanted;
	return true;
}

/* Controls of ASCII and of Latin-1, invisible spaces and marks of direction. */
static bool printable(const char *text)
{
	static const char *const refused[] = { "\xc2\xa0",     "\xc2\xad",     "\xe2\x80\x8b", "\xe2\x80\x8c",
					       "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8",
					       "\xe2\x80\xa9", "\xef\xbb\xbf" };

	for (const char *at = text; *at; at++) {
		uint8_t c = (uint8_t)*at;

		if (c < 0x20 || c == 0x7f || (c == 0xc2 && (uint8_t)at[1] < 0xa0))
			return false;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strstr(text, refused[i]))
			return false;
	return true;
}

static void custom_check(struct request *r, struct names *wrong, const char *name, const char *value)
{
	struct pool *p = &r->pool;
	size_t size = strlen(name);

	if (!size || size > CUSTOM_NAME)
		names_add(p, wrong,
			  pool_printf(p, CUSTOM_FAILED ": length of key \"%s\" is %zu but must be 0 < len(key) <= %d",
				      name, size, CUSTOM_NAME));
	size = strlen(value);
	if (!size || size > CUSTOM_VALUE)
		names_add(p, wrong,
			  pool_printf(p,
				      CUSTOM_FAILED
				      ": length of value for key \"%s\" is %zu but must be 0 < len(value) <= %d",
				      name, size, CUSTOM_VALUE));
	if (!printable(name))
		names_add(
			p, wrong,
			pool_printf(p, CUSTOM_FAILED ": key \"%s\" (%s) contains unprintable characters", name, name));
	if (!printable(value))
		names_add(p, wrong,
			  pool_printf(p, CUSTOM_FAILED ": value for key \"%s\" contains unprintable characters", name));
}

/* All errors at once, in the form of Go's multierror. */
static void refuse_all(struct request *r, const struct names *wrong)
{
	char *text = pool_printf(&r->pool, "%zu error%s occurred:\n", wrong->count, wrong->count == 1 ? "" : "s");

	for (size_t i = 0; i < wrong->count; i++)
		text = pool_printf(&r->pool, "%s\t* %s\n", text, wrong->at[i]);
	refuse(r, 400, "%s\n", text);
}

/* Values are taken as mapstructure takes them: numbers as written, true as "1", false as "0", null as "". */
static const char *custom_value(struct request *r, const struct json *value)
{
	switch (value->kind) {
	case JSON_STRING:
		return pool_json_text(&r->pool, value);
	case JSON_NUMBER:
		return pool_copy(&r->pool, value->span.at, value->span.size);
	case JSON_BOOL:
		return json_true(value) ? "1" : "0";
	case JSON_NULL:
		return "";
	default:
		return NULL;
	}
}

struct blob kv2_custom_asked(struct request *r, bool nulls)
{
	const struct json *object = ask_json(r, "custom_metadata");
	struct names wrong = { NULL, 0 };
	struct json_writer w;

	if (object->count > CUSTOM_MEMBERS)
		names_add(&r->pool, &wrong,
			  pool_printf(&r->pool, CUSTOM_FAILED ": payload must contain at most %d keys, provided %u",
				      CUSTOM_MEMBERS, object->count));
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (const struct json *m = wrong.count ? NULL : object->first; m; m = m->next) {
		const char *name = json_name(&r->pool, m), *value = custom_value(r, m);

		if (!name || !value) {
			refuse(r, 400, CUSTOM_FAILED ": '%.*s' expected type 'string'", (int)m->name.size, m->name.at);
			return (struct blob){ NULL, 0 };
		}
		if (nulls && m->kind == JSON_NULL) {
			json_put_null(&w, name);
			continue;
		}
		custom_check(r, &wrong, name, value);
		json_put_string(&w, name, value);
	}
	json_close(&w);
	if (wrong.count) {
		refuse_all(r, &wrong);
		return (struct blob){ NULL, 0 };
	}
	return pool_json_end(&w);
}
