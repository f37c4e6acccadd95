/* The cache: one bundle a subject, in a folder. Only what was verified comes in, whole and durably. */
#ifndef ADYTON_COLLATERAL_STORE_H
#define ADYTON_COLLATERAL_STORE_H

#include "collateral/contents.h"
#include "image/paths.h"

struct store {
	char dir[PATHS_MAX];
	struct attest *trust;
	int64_t now;
};

/* "token: sentence; expected ...; found ..." */
void refusal_text(const struct attest_refusal *why, char *text, size_t size);

/* dir NULL: $ADYTON_COLLATERAL, else the user's cache. trust NULL: the built-in roots. */
must_check int store_open(struct store *s, const char *dir, const char *trust, int64_t now, struct fail *f);
void store_close(struct store *s);
void store_path(const struct store *s, const struct subject *who, char path[PATHS_MAX]);
/* *json is malloc'd. -1 without a sentence in `f` being needed: there is none. */
must_check int store_get(const struct store *s, const struct subject *who, char **json, struct contents *c,
			 struct fail *f);
/* Signatures, dates at `now`, and that it is about `who`. */
must_check int store_verify(const struct store *s, const struct subject *who, const char *json, struct contents *c,
			    struct fail *f);
/* An SNP report stays beside its bundle, for nothing else says that the bundle is its chip's. */
must_check int store_put_report(const struct store *s, const struct subject *who, const uint8_t *report, size_t size,
				struct fail *f);
/* Verify, refuse what is older than what is cached, and keep. */
must_check int store_put(const struct store *s, const struct subject *who, const char *json, struct fail *f);
/* Call for each subject in the cache, in the order of names; stops at the first that returns other than 0. */
int store_each(const struct store *s, int (*visit)(const struct store *s, const struct subject *who, void *data),
	       void *data);

#endif
