/* What the files of the barrier share. */
#ifndef ADYTON_SERVER_STORE_BARRIER_STATE_H
#define ADYTON_SERVER_STORE_BARRIER_STATE_H

#include "server/store/barrier.h"
#include "server/store/commit.h"
#include "server/store/ring.h"
#include "server/store/root.h"

/* Where the barrier keeps its own in the store; below all that others may name. */
#define BARRIER_OWN '!'
#define BARRIER_OWN_FOLDER "!/"
#define BARRIER_RING "!/ring"
#define BARRIER_CONFIG "!/seal"

struct barrier {
	struct store *store;
	/*
	 * Guards ring (its pointer and its terms) and root_key: sealing and opening entries read, rotating and sealing
	 * the barrier write. Who writes also holds commits.running, so that a commit may read without it.
	 */
	pthread_rwlock_t lock;
	struct ring *ring; /* NULL: sealed */
	struct secret_key root_key;
	struct root *root; /* guarded the same way; NULL while sealed, or over a store in our own memory */
	struct anchor *anchor;
	struct commits commits;
};

int barrier_commit(void *context, struct change *first);
/* Make changes durable with the root over them; commits.running is held. */
must_check int barrier_store(struct barrier *b, struct change *first);
/* Whether the first `limit` entries are what the root knows, and if these are all, that none is missing. */
must_check int barrier_check(struct barrier *b, size_t limit);

#endif
