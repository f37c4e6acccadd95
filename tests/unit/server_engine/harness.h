/* An engine mounted over a store in memory, without the rest of the server: no tokens, no policies, no HTTP. */
#ifndef ADYTON_TESTS_UNIT_SERVER_ENGINE_HARNESS_H
#define ADYTON_TESTS_UNIT_SERVER_ENGINE_HARNESS_H

#include "server/core/backends.h"
#include "server/core/core.h"

struct bench {
	struct core core;
	struct config config;
	struct mount mount;
	struct store *store;
	struct token *token;
	struct pool pool;   /* answers live in it until the end */
	int64_t now;        /* Unix nanoseconds */
	uint64_t lease_duration; /* of the last answer */
	size_t commits;
};

void bench_open(struct bench *b, const struct backend *backend);
void bench_close(struct bench *b);
/* Unmount and mount again, as at a start. */
void bench_restart(struct bench *b);

/* One request: the status, and the answer's "data" as JSON in *data (NULL: none), or its error as a string. */
int bench_ask(struct bench *b, enum operation op, const char *path, const char *body, const struct json **data);
/* The same, checked: 0 where the status is the expected one, with what came printed where not. */
const struct json *expect(struct bench *b, int status, enum operation op, const char *path, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
const char *data_text(struct bench *b, const struct json *data, const char *name);
int64_t data_int(const struct json *data, const char *name);
/* "a.b.0": members and indexes on the way. */
const struct json *data_at(struct bench *b, const struct json *data, const char *way);
/* The JSON text of a value, without reading it. */
const char *data_raw(struct bench *b, const struct json *data, const char *way);
extern const char *last_error, *last_warning;

#endif
