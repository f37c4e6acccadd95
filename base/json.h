/*
 * Strict JSON (RFC 8259) for both sides of a signature. The reader keeps where each value stands in the text, so that a
 * signed part can be checked as it was sent and a number can be stored as it was written; it refuses names that an
 * object has twice, trailing commas, comments, lone surrogates and malformed UTF-8, and bounds depth.
 *
 * The caller gives the text, which must stay, and the array of values; nothing is copied until it is asked for.
 */
#ifndef ADYTON_BASE_JSON_H
#define ADYTON_BASE_JSON_H

#include "base/text.h"

#define JSON_DEPTH_MAX 64

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A part of the text. */
struct json_span {
	const char *at;
	size_t size;
};

struct json {
	struct json *next;      /* in the same array or object */
	struct json *first;     /* ARRAY, OBJECT */
	struct json *order;     /* the reader's */
	struct json_span name;  /* in an object: the member's name without its quotes, escapes as written */
	struct json_span span;  /* the value as written; STRING: with its quotes */
	uint32_t count;         /* ARRAY, OBJECT: elements */
	enum json_kind kind;
};

struct json_reader {
	struct json *values;
	size_t capacity, used;
};

/*
 * Read a whole text; the root is r->values[0]. 0, or -EINVAL or -ENOMEM (more than `capacity` values) with the error
 * filled in. No text of n bytes needs more than n + 1 values.
 */
must_check int json_read(struct json_reader *r, const char *text, size_t size, struct text_error *error);

const char *json_kind_name(enum json_kind kind);

/* The member of that name (compared as decoded), or NULL; NULL also when object is NULL or not an object. */
const struct json *json_member(const struct json *object, const char *name);
/* The same, and NULL where it is not of that kind. */
const struct json *json_member_of(const struct json *object, const char *name, enum json_kind kind);
const struct json *json_at(const struct json *array, size_t index);

/* Decode a span of a string's inside (a name, or json_inside() of a STRING): bytes written, -ERANGE if they do not fit.
 * No NUL is added. Text of n bytes never decodes to more than n. */
must_check long json_decode(struct json_span inside, char *out, size_t size);
struct json_span json_inside(const struct json *string);
bool json_equals(const struct json *string, const char *text);
bool json_true(const struct json *value); /* a BOOL that is true */

/* A NUMBER without fraction and exponent, in range. */
must_check bool json_u64(const struct json *number, uint64_t *out);
must_check bool json_i64(const struct json *number, int64_t *out);

#endif
