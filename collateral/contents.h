/* What lies in a bundle, and until when each part holds. */
#ifndef ADYTON_COLLATERAL_CONTENTS_H
#define ADYTON_COLLATERAL_CONTENTS_H

#include "base/json.h"
#include "collateral/subject.h"

#define CONTENTS_MAX 16

struct contents_item {
	const char *member; /* of the bundle */
	char what[128];     /* for people */
	int64_t issued, until;
};

struct contents {
	size_t count;
	struct contents_item items[CONTENTS_MAX];
	int64_t until; /* the earliest */
	char issuer[64]; /* of the PCK CRL */
	char fmspc[16], id[8];
	uint64_t evaluation;
	bool has_list; /* of what is revoked */
};

struct contents_text {
	struct json *values;
	char *text;
	size_t size;
};

/* JSON with room for its values; free both with contents_free(). */
must_check int contents_parse(struct contents_text *t, const char *text, size_t size, struct fail *f);
void contents_free(struct contents_text *t);
/* A string member without its escapes, malloc'd; NULL: there is none. */
char *contents_string(const struct json *object, const char *name);

/* Of a bundle's JSON. Nothing is verified here. */
must_check int contents_read(struct contents *c, const char *json, size_t size, struct fail *f);

#endif
