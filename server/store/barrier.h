/*
 * The wall between the server and its store: every entry is AES-256-GCM under a key of the key ring, its path bound as
 * additional data, so that what the store answers is what was put there or is refused (-EBADMSG). Key ring, terms and
 * rotation: NIST SP 800-38D section 8.3 bounds a key to 2^32 uses of random nonces; ours are counted (docs/decisions).
 *
 * Beyond single entries, a root over all of them binds the whole store to one state (root.h), and an anchor outside
 * says which is the newest (anchor.h).
 *
 * Entry: u8 version (1) ‖ u32 term (big endian) ‖ nonce 12 ‖ ciphertext ‖ tag 16; AAD: path.
 */
#ifndef ADYTON_SERVER_STORE_BARRIER_H
#define ADYTON_SERVER_STORE_BARRIER_H

#include "crypto/key.h"
#include "server/store/anchor.h"
#include "server/store/store.h"

struct barrier;

/* A store that is not at its anchor's version: what a quorum has to name who wants to go on with it. */
struct barrier_loss {
	uint64_t store, anchor;
};

struct barrier *barrier_make(struct store *store); /* sealed */
/* Before the first unseal: what tells the newest version of the store. The barrier closes it. */
void barrier_set_anchor(struct barrier *b, struct anchor *anchor);
void barrier_free(struct barrier *b);

/*
 * The seal's own record rests in the clear beside the barrier, as it says how to get the root key. Initialising ends
 * with it: a store with a key ring and without this record was never given to anybody, and is made anew.
 */
int barrier_config(struct barrier *b, struct pool *pool, struct blob *config); /* -ENOENT: none */
must_check int barrier_configure(struct barrier *b, struct blob config); /* -EROFS while sealed */

/* Whether the store holds a key ring and the seal's record: -errno, 0 no, 1 yes. */
int barrier_initialized(struct barrier *b);
/* Make a key ring, wrapped by root_key, in a store that is emptied; leaves it sealed. */
must_check int barrier_init(struct barrier *b, const struct secret_key *root_key);
/* -EACCES: not the root key of this store; -EBADMSG: the store was changed; -ESTALE: it is older than its anchor. */
must_check int barrier_unseal(struct barrier *b, const struct secret_key *root_key);
/* The same; found: the two versions where -ESTALE; accepted: unless it is just this loss. Both may be NULL. */
must_check int barrier_unseal_loss(struct barrier *b, const struct secret_key *root_key,
				   const struct barrier_loss *accepted, struct barrier_loss *found);
void barrier_seal(struct barrier *b); /* wipes the keys */
bool barrier_sealed(const struct barrier *b);
/* Whether this is the root key; only while unsealed. */
bool barrier_is_root_key(const struct barrier *b, const struct secret_key *root_key);
/* A copy of the root key, for the seal to wrap anew. -EROFS while sealed. */
must_check int barrier_root_key(const struct barrier *b, struct secret_key *root_key);
/* Wrap the key ring by another root key, and write the seal's new record with it: both or neither. */
must_check int barrier_rekey(struct barrier *b, const struct secret_key *root_key, struct blob config);
/* A new term: what is written from now on is under a new key. */
must_check int barrier_rotate(struct barrier *b);
/* When a term ends by itself: before so many encryptions, after so many seconds (0: never). */
void barrier_policy(const struct barrier *b, uint64_t *operations, uint64_t *interval, bool *enabled);
must_check int barrier_set_policy(struct barrier *b, uint64_t operations, uint64_t interval, bool enabled);

const char *barrier_store_type(const struct barrier *b);

struct barrier_status {
	uint32_t term;
	int64_t installed; /* Unix nanoseconds */
	uint64_t encryptions; /* under this term */
};
void barrier_status(const struct barrier *b, struct barrier_status *status);

/*
 * As struct store has them, in the clear. -EROFS while sealed. Paths that begin with '!' are the barrier's own
 * (-EINVAL). Calls of barrier_apply() that meet share one commit.
 */
int barrier_get(struct barrier *b, const char *path, struct pool *pool, struct blob *value);
int barrier_apply(struct barrier *b, const struct change *first);
int barrier_list(struct barrier *b, const char *folder, const char *after, size_t limit, struct pool *pool,
		 struct names *names);
int barrier_walk(struct barrier *b, const char *prefix, int (*fn)(void *context, const char *path, struct blob value),
		 void *context);

#endif
