/* What the files of the root share. */
#ifndef ADYTON_SERVER_STORE_ROOT_STATE_H
#define ADYTON_SERVER_STORE_ROOT_STATE_H

#include "server/store/root.h"

#define ROOT_SLOT (8 + ROOT_TAG) /* of a bucket's record, sorted by name */

/* recent: changes since the bucket was folded. */
const struct recent *recent_find(const struct root *root, struct root_place place);
void recent_put(struct root *root, const struct root_change *c);
void recent_drop(struct root *root, uint32_t bucket); /* all of the bucket's */

/* A row of the log. */
struct root_row {
	uint64_t version, first;
	uint8_t before[SHA256_SIZE]; /* digest of the row before */
	uint8_t tree[ROOT_DIGEST];   /* of the buckets as they are with this commit */
	uint32_t count;
	const uint8_t *changes;      /* as they are in the row */
};
const char *row_path(uint64_t version, struct pool *pool);
struct blob row_write(const struct root *root, const struct root_row *row, const struct root_change *changes,
		      struct pool *pool);
/* -EBADMSG: not a row that we wrote. */
must_check int row_read(const struct root *root, struct blob value, struct root_row *row);
void row_change(const struct root_row *row, uint32_t i, struct root_change *c);

/* Folding: new records for some buckets, as changes to the store. */
struct fold {
	struct fold *next;
	uint32_t bucket;
	uint8_t digest[ROOT_DIGEST];
};
const char *bucket_path(uint32_t bucket, struct pool *pool);
/* The bucket's record of the store, checked against the tree; size 0: none. */
must_check int bucket_read(const struct root *root, uint32_t bucket, const uint8_t *leaf, struct pool *pool,
			   struct blob *record);
const uint8_t *bucket_find(struct blob record, uint64_t name); /* its tag */
must_check int bucket_fold(const struct root *root, uint32_t bucket, struct pool *pool, struct blob *record);

#endif
