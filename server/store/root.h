/*
 * The root: one digest over (path, tag) of every entry, so that a single old row under a current version is found as
 * well as an old copy of the whole store (docs/decisions/0041).
 *
 * Entries fall into buckets by a keyed hash of their path. A bucket's record (in the store) lists its entries' tags;
 * the tree over the records is in memory. What changed lately is in memory too ("recent") and, in the store, in a log
 * of one row a commit; recent changes are folded into their buckets little by little. A row of the log also says
 * the tree's root, and the digest of the row before: the last row stands for the whole store.
 *
 * Memory does not grow with the number of entries.
 */
#ifndef ADYTON_SERVER_STORE_ROOT_H
#define ADYTON_SERVER_STORE_ROOT_H

#include <pthread.h>

#include "crypto/key.h"
#include "crypto/sha256.h"
#include "server/store/barrier.h"
#include "server/store/root_tree.h"
#include "server/store/store.h"

#define ROOT_TAG 16
#define ROOT_LOG "!/log/"
#define ROOT_BUCKET "!/b/"
#define ROOT_RECENT 16384 /* changes, or rows of the log, from which on folding begins */

/* Where an entry stands: its bucket, and its name in there. */
struct root_place {
	uint32_t bucket;
	uint64_t name;
};

struct root_change {
	struct root_place place;
	bool present;
	uint8_t tag[ROOT_TAG];
};

struct recent {
	uint64_t name;
	uint32_t next; /* index + 1 of the next in the same bucket; 0: none */
	bool present;
	uint8_t tag[ROOT_TAG];
};

struct root {
	struct store *store;
	struct anchor *anchor; /* NULL: none */
	struct sha256 path_hash; /* has hashed its key */
	struct secret_key mac_key;
	/* Guards what follows: checking reads, accepting a commit writes. Who commits is alone and may read without. */
	pthread_rwlock_t lock;
	struct root_tree *tree;
	uint32_t *heads;       /* of each bucket: index + 1 into recent */
	struct recent *recent;
	uint32_t recent_count, recent_room, recent_free; /* free: list of indices + 1 */
	struct anchor_value now; /* the newest version and the digest of its row */
	bool anchored;         /* the anchor has it, too */
	uint64_t first;        /* the oldest row of the log that is kept */
	/* Folding goes round the buckets: what was recent when a round began is folded at its end. */
	uint32_t cursor;
	uint64_t round, folded; /* version when this round began; rows up to this one may go */
};

/* key: the ring's. Of an empty store, until root_open() was called. */
struct root *root_make(struct store *store, struct anchor *anchor, const struct secret_key *key);
void root_free(struct root *root); /* NULL is allowed; the store and the anchor stay */

/*
 * Read what the store has. -EBADMSG: it was changed; -ESTALE: its anchor is at another version, both are in *found. Who
 * accepts just these two makes the store's version the newest; accepted: NULL for nobody.
 */
must_check int root_open(struct root *root, const struct barrier_loss *accepted, struct barrier_loss *found);

/* Make changes durable, with the root over them. One caller at a time. */
must_check int root_commit(struct root *root, struct change *first);
/*
 * Whether that is the tag of the newest entry at path (NULL: there is none): 0, or -EBADMSG; beside a commit this may
 * be wrong, so ask again without one.
 */
must_check int root_check(struct root *root, const char *path, const uint8_t *tag);
/* How many entries the root knows in each bucket: counts has ROOT_BUCKETS. */
must_check int root_counts(struct root *root, uint32_t *counts);
struct root_place root_place(const struct root *root, const char *path);
/* The tag that stands for a value of the store. */
void root_tag(const char *path, const void *value, size_t size, uint8_t tag[ROOT_TAG]);

#endif
