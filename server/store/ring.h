/*
 * The key ring of a barrier: a key for each term, the newest of which seals, and the key of the root's MAC. It rests in
 * the store wrapped by the root key. NIST SP 800-38D section 8.3 bounds a key to 2^32 random nonces; so that the count
 * never falls behind the truth, not even after a crash, it is written ahead in steps.
 *
 * A ring is not locked: the barrier is. ring_seal() may run in many threads at once, but beside nothing else.
 */
#ifndef ADYTON_SERVER_STORE_RING_H
#define ADYTON_SERVER_STORE_RING_H

#include <stdatomic.h>

#include "crypto/aes_gcm.h"
#include "crypto/key.h"
#include "server/core/pool.h"

#define RING_VERSION 1
#define RING_TERMS_MAX 4096
#define RING_ENTRY_HEAD (1 + 4 + AES_GCM_NONCE_SIZE)
#define RING_ENTRY_EXTRA (RING_ENTRY_HEAD + AES_GCM_TAG_SIZE)
/* Vault's default and bounds for the use of one key. */
#define RING_OPERATIONS_DEFAULT 3865470566
#define RING_OPERATIONS_MIN 1000000
/* How far the stored count runs ahead. */
#define RING_STEP ((uint64_t)1 << 20)

struct ring_term {
	uint32_t term;
	int64_t installed;     /* Unix nanoseconds */
	_Atomic uint64_t used; /* encryptions */
	uint64_t stored;       /* what the stored ring says of them: never less */
	struct secret_key key;
	struct aes_gcm gcm;
};

struct ring_policy {
	uint64_t operations; /* a term ends before so many encryptions */
	uint64_t interval;   /* seconds; 0: no other end */
	bool enabled;
};

struct ring {
	struct ring_term **terms; /* oldest first */
	size_t count, room;
	struct secret_key integrity; /* of the root over the store */
	struct ring_policy policy;
};

struct ring *ring_make(void); /* with one term */
void ring_free(struct ring *r); /* wipes; NULL is allowed */
must_check int ring_rotate(struct ring *r);
void ring_drop_newest(struct ring *r); /* of two or more */
struct ring_term *ring_newest(const struct ring *r);

/* The ring as it rests; the newest term's count is `ahead` of what was used. Once it is durable, say so. */
struct blob ring_wrap(const struct ring *r, const struct secret_key *root_key, uint64_t ahead, struct pool *pool);
void ring_written(struct ring *r, uint64_t ahead);
/* -EACCES: another root key, or changed; -EBADMSG: not a ring. */
must_check int ring_unwrap(struct blob wrapped, const struct secret_key *root_key, struct ring **ring);

/* An entry of value.size + RING_ENTRY_EXTRA bytes, in the pool. */
struct blob ring_seal(struct ring *r, const char *path, struct blob value, struct pool *pool);
/* In place: *entry becomes the value, with a NUL behind it. -EBADMSG. */
must_check int ring_open(const struct ring *r, const char *path, struct blob *entry);
/* The tag that stands for an entry in the root; NULL: too short for one. */
const uint8_t *ring_entry_tag(struct blob entry);

#endif
