/*
 * Writing JSON into a caller's buffer. Commas, quotes and escapes are the writer's work; nesting is checked. Inside an
 * object every value has a name, elsewhere the name is NULL. What does not fit is counted, not written.
 */
#ifndef ADYTON_BASE_JSON_WRITE_H
#define ADYTON_BASE_JSON_WRITE_H

#include "base/text.h"

struct json_writer {
	struct text text;
	bool indent;    /* for people: one member a line */
	bool failed;    /* wrong nesting, or a string that is not UTF-8 */
	uint8_t depth;
	bool filled;    /* something stands before at this level */
	uint64_t levels; /* bit i: level i is an object */
};

void json_write_init(struct json_writer *w, char *buffer, size_t size, bool indent);
/* The length of the whole text (the buffer holds it with a NUL); -ERANGE: did not fit; -EINVAL: misused. */
must_check long json_write_end(struct json_writer *w);

void json_object(struct json_writer *w, const char *name);
void json_array(struct json_writer *w, const char *name);
void json_close(struct json_writer *w);
void json_put_string(struct json_writer *w, const char *name, const char *s);
void json_put_bytes(struct json_writer *w, const char *name, const char *s, size_t size); /* a string of that length */
void json_put_u64(struct json_writer *w, const char *name, uint64_t value);
void json_put_i64(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
void json_put_hex(struct json_writer *w, const char *name, const uint8_t *bytes, size_t size);
/* A value that is JSON already, as it was read. */
void json_put_raw(struct json_writer *w, const char *name, const char *json, size_t size);

#endif
