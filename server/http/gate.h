/*
 * What a request must look like on the wire before anything of it is believed (docs/decisions/0044). RFC 9112 leaves
 * servers room to be lenient; two programs that use that room differently see different requests in the same bytes, and
 * one of them guards the other. So where the RFC says "may accept", this refuses.
 *
 * Nothing here knows of sockets: bytes in, a head or a status out.
 */
#ifndef ADYTON_SERVER_HTTP_GATE_H
#define ADYTON_SERVER_HTTP_GATE_H

#include "abi/types.h"

#define GATE_HEAD_MAX (16 * 1024)  /* request line and fields */
#define GATE_TARGET_MAX (8 * 1024)
#define GATE_FIELDS_MAX 64

struct gate_field {
	const char *name, *value;
};

enum gate_body { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

struct gate_head {
	const char *method;
	const char *target;  /* begins with '/', or is "*" of OPTIONS; printable ASCII, escapes as sent */
	struct gate_field fields[GATE_FIELDS_MAX];
	size_t count;
	enum gate_body body;
	uint64_t length;     /* of BODY_LENGTH */
	bool close;          /* the connection ends after the answer */
	bool expects;        /* waits for "100 Continue" */
};

/* What goes wrong: an HTTP status and why. */
struct gate_error {
	int status;
	const char *text;
};

/*
 * The size of the head that begins at `at`, with its empty line; 0: it is not complete yet. Looks from `from` on, where
 * the last look ended.
 */
size_t gate_find(const char *at, size_t size, size_t from);
/* Read a whole head, in place: names and values get NULs behind them. False: refused. */
bool gate_read(char *at, size_t size, struct gate_head *head, struct gate_error *error);
/* The field's value; NULL: absent. Names are compared without regard to case. */
const char *gate_field(const struct gate_head *head, const char *name);

/* The chunked coding, piece by piece. */
struct gate_chunks {
	int state;
	unsigned int digits;
	uint64_t left;
};
enum gate_progress { CHUNK_MORE, CHUNK_DATA, CHUNK_END, CHUNK_BAD };

/*
 * Look at size bytes: *used of them are done with. CHUNK_DATA: the last *data of those are content. CHUNK_MORE: all
 * were used and more are needed.
 */
enum gate_progress gate_chunk(struct gate_chunks *c, const char *at, size_t size, size_t *used, size_t *data);

#endif
