/*
 * Memory of one request: taken piece by piece, wiped and given back as a whole, so that no secret outlives its request.
 *
 * Nothing here answers NULL: a server without memory ends, as its durable state is whole at every moment and a start
 * takes a tenth of a second (docs/decisions/0040). What a client can make a request take is bounded before: by the size
 * of its body and by the limits of each list.
 */
#ifndef ADYTON_SERVER_CORE_POOL_H
#define ADYTON_SERVER_CORE_POOL_H

#include <stdarg.h>

#include "base/json.h"
#include "base/json_write.h"

struct pool_chunk;

struct pool {
	struct pool_chunk *last;
	size_t left; /* in the last chunk */
};

struct blob {
	const uint8_t *at;
	size_t size;
};

/* Text that was made of parts: a list of strings, sorted only where its maker says so. */
struct names {
	const char **at;
	size_t count;
};

void pool_init(struct pool *p);
void pool_close(struct pool *p); /* wipes */
#define _cleanup_pool_ __attribute__((cleanup(pool_close)))

void *pool_take(struct pool *p, size_t size); /* zeroed, aligned to 16 */
char *pool_copy(struct pool *p, const char *s, size_t size); /* with a NUL behind it */
char *pool_text(struct pool *p, const char *s);
char *pool_printf(struct pool *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *p, const char *format, va_list arguments);
void names_add(struct pool *p, struct names *names, const char *name); /* keeps the pointer */
bool names_have(const struct names *names, const char *name);
void names_sort(struct names *names); /* by bytes, and without repetitions */

/* JSON that grows in the pool. */
void pool_json(struct pool *p, struct json_writer *w);
struct blob pool_json_end(struct json_writer *w); /* with a NUL behind it that is not counted */
/* The root of a text, or NULL with the error. The text must stay. */
const struct json *pool_read_json(struct pool *p, const char *text, size_t size, struct text_error *error);
/* A string's characters, decoded; NULL where the value is NULL, not a STRING, or has a NUL inside. */
const char *pool_json_text(struct pool *p, const struct json *string);
/* The same for an object's member. */
const char *pool_json_member(struct pool *p, const struct json *object, const char *name);

/* An array of strings, written and read; what is no string, or no array, is left out. */
void names_put(struct json_writer *w, const char *name, const struct names *names);
struct names names_read(struct pool *p, const struct json *array);

/* Standard base64 (RFC 4648 section 4), strict; NULL where it is not. */
char *pool_base64(struct pool *p, const void *bytes, size_t size);
bool pool_base64_read(struct pool *p, const char *text, struct blob *out);
char *pool_hex(struct pool *p, const void *bytes, size_t size);
/* Random: a UUID (version 4), `count` base62 characters, bytes. */
char *pool_uuid(struct pool *p);
char *pool_base62(struct pool *p, size_t count);

#endif
