#include "server/auth/record.h"

#include <ctype.h>
#include <string.h>

#include "crypto/sha256.h"

static void *at(const struct record_row *row, void *record)
{
	return (char *)record + row->offset;
}

static const void *at_const(const struct record_row *row, const void *record)
{
	return (const char *)record + row->offset;
}

const struct record_row *record_row(const struct record_row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	return NULL;
}

void record_ask_row(struct request *r, const struct record_row *row, void *record)
{
	void *to = at(row, record);
	const struct json *value;

	if (!asked(r, row->name))
		return;
	switch (row->kind) {
	case RECORD_TEXT:
		*(const char **)to = ask_text_or(r, row->name, "");
		return;
	case RECORD_BOOL:
		*(bool *)to = ask_bool(r, row->name, false);
		return;
	case RECORD_SECONDS:
		*(uint64_t *)to = ask_seconds(r, row->name, 0);
		return;
	case RECORD_COUNT:
		*(int64_t *)to = ask_int(r, row->name, 0);
		return;
	case RECORD_LIST:
		*(struct names *)to = ask_list(r, row->name);
		return;
	case RECORD_MAP:
		value = ask_json(r, row->name);
		if (value && value->kind == JSON_OBJECT)
			*(struct blob *)to = (struct blob){ (const uint8_t *)value->span.at, value->span.size };
		return;
	}
}

void record_ask(struct request *r, const struct record_row *rows, void *record)
{
	for (; rows->name; rows++)
		if (!(rows->flags & RECORD_OWN))
			record_ask_row(r, rows, record);
}

void record_clear_row(const struct record_row *row, void *record)
{
	void *to = at(row, record);

	switch (row->kind) {
	case RECORD_TEXT:
		*(const char **)to = "";
		return;
	case RECORD_BOOL:
		*(bool *)to = false;
		return;
	case RECORD_SECONDS:
		*(uint64_t *)to = 0;
		return;
	case RECORD_COUNT:
		*(int64_t *)to = 0;
		return;
	case RECORD_LIST:
		*(struct names *)to = (struct names){ NULL, 0 };
		return;
	case RECORD_MAP:
		*(struct blob *)to = (struct blob){ NULL, 0 };
		return;
	}
}

void record_init(const struct record_row *rows, void *record)
{
	for (; rows->name; rows++)
		record_clear_row(rows, record);
}

static void load_row(struct pool *p, const struct record_row *row, const struct json *value, void *to)
{
	const char *text;

	switch (row->kind) {
	case RECORD_TEXT:
		text = pool_json_text(p, value);
		*(const char **)to = text ? text : "";
		return;
	case RECORD_BOOL:
		*(bool *)to = json_true(value);
		return;
	case RECORD_SECONDS:
		if (!value || value->kind != JSON_NUMBER || !json_u64(value, to))
			*(uint64_t *)to = 0;
		return;
	case RECORD_COUNT:
		if (!value || value->kind != JSON_NUMBER || !json_i64(value, to))
			*(int64_t *)to = 0;
		return;
	case RECORD_LIST:
		*(struct names *)to = names_read(p, value);
		return;
	case RECORD_MAP:
		*(struct blob *)to = (struct blob){ NULL, 0 };
		if (value && value->kind == JSON_OBJECT)
			*(struct blob *)to = (struct blob){ (const uint8_t *)value->span.at, value->span.size };
		return;
	}
}

void record_load(struct pool *p, const struct record_row *rows, const struct json *stored, void *record)
{
	for (; rows->name; rows++)
		load_row(p, rows, json_member(stored, rows->name), at(rows, record));
}

static bool is_empty(const struct record_row *row, const void *value)
{
	switch (row->kind) {
	case RECORD_TEXT:
		return !**(const char *const *)value;
	case RECORD_BOOL:
		return !*(const bool *)value;
	case RECORD_SECONDS:
	case RECORD_COUNT:
		return !*(const uint64_t *)value;
	case RECORD_LIST:
		return !((const struct names *)value)->count;
	case RECORD_MAP:
		return !((const struct blob *)value)->size;
	}
	return false;
}

static void put_row(struct json_writer *w, const struct record_row *row, const void *value)
{
	const struct blob *map = value;

	switch (row->kind) {
	case RECORD_TEXT:
		json_put_string(w, row->name, *(const char *const *)value);
		return;
	case RECORD_BOOL:
		json_put_bool(w, row->name, *(const bool *)value);
		return;
	case RECORD_SECONDS:
		json_put_u64(w, row->name, *(const uint64_t *)value);
		return;
	case RECORD_COUNT:
		json_put_i64(w, row->name, *(const int64_t *)value);
		return;
	case RECORD_LIST:
		names_put(w, row->name, value);
		return;
	case RECORD_MAP:
		json_put_raw(w, row->name, map->size ? (const char *)map->at : "{}", map->size ? map->size : 2);
		return;
	}
}

void record_store(struct json_writer *w, const struct record_row *rows, const void *record)
{
	for (; rows->name; rows++)
		if (!is_empty(rows, at_const(rows, record)))
			put_row(w, rows, at_const(rows, record));
}

void record_show_row(struct json_writer *w, const struct record_row *row, const void *record)
{
	const void *value = at_const(row, record);

	if (row->flags & (RECORD_NULL | RECORD_ABSENT) && is_empty(row, value)) {
		if (row->flags & RECORD_NULL)
			json_put_null(w, row->name);
		return;
	}
	put_row(w, row, value);
}

void record_show(struct json_writer *w, const struct record_row *rows, const void *record)
{
	for (; rows->name; rows++)
		if (!(rows->flags & RECORD_KEPT))
			record_show_row(w, rows, record);
}

struct names names_copy(struct pool *p, const struct names *from)
{
	struct names to = { NULL, 0 };

	for (size_t i = 0; i < from->count; i++)
		names_add(p, &to, pool_text(p, from->at[i]));
	return to;
}

bool names_same(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!names_have(b, a->at[i]))
			return false;
	for (size_t i = 0; i < b->count; i++)
		if (!names_have(a, b->at[i]))
			return false;
	return true;
}

const char *lower_text(struct pool *p, const char *text)
{
	char *lower = pool_text(p, text);

	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return lower;
}

const char *trimmed_text(struct pool *p, const char *text)
{
	size_t size;

	text += strspn(text, " \t\r\n");
	size = strlen(text);
	while (size && strchr(" \t\r\n", text[size - 1]))
		size--;
	return pool_copy(p, text, size);
}

/* "k=v": false where there is no '='. Both sides are trimmed. */
static bool pair_put(struct request *r, struct json_writer *w, struct names *seen, const char *text)
{
	const char *equals = strchr(text, '=');
	const char *key;

	if (!equals)
		return false;
	key = trimmed_text(&r->pool, pool_copy(&r->pool, text, (size_t)(equals - text)));
	if (!*key || names_have(seen, key))
		return false;
	names_add(&r->pool, seen, key);
	json_put_string(w, key, trimmed_text(&r->pool, equals + 1));
	return true;
}

/* Strings stay; numbers and booleans become their text, as everywhere in Vault's weak typing. */
static bool pairs_of_object(struct request *r, struct json_writer *w, const struct json *object)
{
	for (const struct json *m = object->first; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);
		const char *text = pool_json_text(&r->pool, m);

		if (json_decode(m->name, name, m->name.size + 1) < 0)
			return false;
		if (m->kind == JSON_NUMBER || m->kind == JSON_BOOL)
			text = pool_copy(&r->pool, m->span.at, m->span.size);
		if (!text)
			return false;
		json_put_string(w, name, text);
	}
	return true;
}

bool ask_pairs(struct request *r, const char *name, struct blob *out)
{
	const struct json *value = ask_json(r, name), *inner;
	struct names list = { NULL, 0 }, seen = { NULL, 0 };
	struct json_writer w;
	struct text_error error;
	const char *text = value && value->kind == JSON_STRING ? pool_json_text(&r->pool, value) : NULL;

	*out = (struct blob){ (const uint8_t *)"{}", 2 };
	if (text && text[strspn(text, " \t\n")] == '{') {
		inner = pool_read_json(&r->pool, text, strlen(text), &error);
		if (!inner)
			return false;
		value = inner;
	}
	if (!value || value->kind == JSON_NULL)
		return true;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	if (value->kind == JSON_OBJECT) {
		if (!pairs_of_object(r, &w, value))
			return false;
	} else {
		list = ask_list(r, name);
		for (size_t i = 0; i < list.count; i++)
			if (!pair_put(r, &w, &seen, list.at[i]))
				return false;
	}
	json_close(&w);
	*out = pool_json_end(&w);
	return true;
}

int refuse_plain(struct request *r, const char *format, ...)
{
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = pool_vprintf(&r->pool, format, arguments);
	va_end(arguments);
	return refuse(r, 500, "1 error occurred:\n\t* %s\n\n", text);
}

int refuse_path(struct request *r)
{
	return refuse(r, 404, "1 error occurred:\n\t* unsupported path\n\n");
}

char *hash_name(struct pool *p, const char *a, const char *b)
{
	uint64_t sizes[2] = { strlen(a), strlen(b) };
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, sizes, sizeof(sizes));
	sha256_update(&hash, a, sizes[0]);
	sha256_update(&hash, b, sizes[1]);
	sha256_final(&hash, digest);
	return pool_hex(p, digest, sizeof(digest));
}
