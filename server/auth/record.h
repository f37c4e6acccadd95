/*
 * Records: structures whose members have names in requests, in the store and in answers. One table of rows says which,
 * so that each is read, kept and shown by the same three functions.
 */
#ifndef ADYTON_SERVER_AUTH_RECORD_H
#define ADYTON_SERVER_AUTH_RECORD_H

#include <stddef.h>

#include "server/core/backend.h"

enum record_kind {
	RECORD_TEXT,    /* const char *; "" where nothing was said */
	RECORD_BOOL,    /* bool */
	RECORD_SECONDS, /* uint64_t */
	RECORD_COUNT,   /* int64_t */
	RECORD_LIST,    /* struct names */
	RECORD_MAP,     /* struct blob: an object as it was sent, or size 0 */
};

enum record_flags {
	RECORD_KEPT = 1,   /* stored, never shown: keys and hashes */
	RECORD_OWN = 2,    /* not taken from requests */
	RECORD_NULL = 4,   /* an empty list or map is shown as null */
	RECORD_ABSENT = 8, /* an empty one is not shown */
};

struct record_row {
	const char *name; /* NULL ends the table */
	enum record_kind kind;
	size_t offset;
	unsigned int flags;
};
#define RECORD(type, member, kind, flags) { #member, kind, offsetof(struct type, member), flags }
/* Where the name is not the member's. */
#define RECORD_AS(name, type, member, kind, flags) { name, kind, offsetof(struct type, member), flags }
#define RECORD_END { NULL, RECORD_TEXT, 0, 0 }

/* What the request says of it; what it does not say stays. */
void record_ask(struct request *r, const struct record_row *rows, void *record);
void record_load(struct pool *p, const struct record_row *rows, const struct json *stored, void *record);
void record_store(struct json_writer *w, const struct record_row *rows, const void *record);
void record_show(struct json_writer *w, const struct record_row *rows, const void *record);
/* One row, under the name it has; NULL: no such row. */
const struct record_row *record_row(const struct record_row *rows, const char *name);
void record_show_row(struct json_writer *w, const struct record_row *row, const void *record);
void record_ask_row(struct request *r, const struct record_row *row, void *record);
/* As at the start: "" for texts, nothing for the others. */
void record_clear_row(const struct record_row *row, void *record);
void record_init(const struct record_row *rows, void *record);

/* Lists in JSON. */
struct names names_copy(struct pool *p, const struct names *names);
bool names_same(const struct names *a, const struct names *b); /* as sets */

/*
 * Texts by name: an object of strings, or "k=v,k2=v2", or ["k=v", ...]; anything else is NULL. The result is JSON. An
 * absent one is "{}".
 */
bool ask_pairs(struct request *r, const char *name, struct blob *out);

/* A plain error as Vault words those that are not its answer's own: 500 and a list of one. */
int refuse_plain(struct request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
int refuse_path(struct request *r); /* 404 "unsupported path" */
const char *lower_text(struct pool *p, const char *text);
const char *trimmed_text(struct pool *p, const char *text);
/* SHA-256 of texts, each with its length before it, in hex: a name for the store that says nothing. */
char *hash_name(struct pool *p, const char *a, const char *b);

#endif
