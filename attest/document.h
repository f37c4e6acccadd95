/* Signed JSON documents: finding the bytes that are signed, and taking members out of them without tolerance. */
#ifndef ADYTON_ATTEST_DOCUMENT_H
#define ADYTON_ATTEST_DOCUMENT_H

#include "attest/internal.h"
#include "base/json.h"

#define ADVISORIES_WORDS (ATTEST_ADVISORIES_MAX / 64)

/* Every advisory that a bundle names once; levels hold sets of them. */
struct advisories {
	uint32_t count;
	char id[ATTEST_ADVISORIES_MAX][ATTEST_ADVISORY_SIZE];
};

struct advisory_set {
	uint64_t word[ADVISORIES_WORDS];
};

/* What a level of TCB, QE or module says. */
struct tcb_verdict {
	enum attest_status status;
	int64_t date;
	struct advisory_set advisories;
};

/* What all signed documents begin with. */
struct document_dates {
	int64_t issued, next_update;
	uint32_t evaluation_number;
};

struct document {
	struct attest_refusal *why;
	enum attest_reason malformed; /* the reason of every refusal */
	struct advisories *advisories;
};

#define DOCUMENT_VALUES_MAX 16384

/* Room for json_read(): more values than a real document of that size has. */
size_t document_values(size_t size);

/* Members of an object; false with the refusal where one is missing, of another kind or out of range. */
const struct json *document_get(const struct document *d, const struct json *object, const char *name,
				enum json_kind kind);
bool document_number(const struct document *d, const struct json *object, const char *name, uint64_t max,
		     uint64_t *to);
bool document_hex(const struct document *d, const struct json *object, const char *name, void *to, size_t size);
bool document_moment(const struct document *d, const struct json *object, const char *name, int64_t *to);
bool document_dates(const struct document *d, const struct json *object, struct document_dates *to);
/* tcbDate, tcbStatus and advisoryIDs of a level. */
bool document_verdict(const struct document *d, const struct json *level, struct tcb_verdict *to);
bool document_wrong(const struct document *d, const char *name, const char *found);

void advisories_add(struct advisory_set *to, const struct advisory_set *from);
/* Into the verdict, sorted. */
void advisories_put(const struct advisories *all, const struct advisory_set *set, struct attest_verdict *v);

#endif
