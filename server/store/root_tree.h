/*
 * A Merkle tree of fixed size over buckets, in memory: changing a bucket changes 15 nodes. Digests are SHA-256 cut to
 * 16 bytes: what is hashed are tags of our own random encryptions, so that nobody can search for two that collide.
 */
#ifndef ADYTON_SERVER_STORE_ROOT_TREE_H
#define ADYTON_SERVER_STORE_ROOT_TREE_H

#include "abi/types.h"

#define ROOT_BUCKETS 32768u
#define ROOT_DIGEST 16

struct root_tree {
	uint8_t nodes[2 * ROOT_BUCKETS][ROOT_DIGEST]; /* [1]: the root; [ROOT_BUCKETS + i]: bucket i; empty: zeros */
};

/* What stands for the record of a bucket; zeros for an empty one. */
void root_leaf(const void *record, size_t size, uint8_t digest[ROOT_DIGEST]);
void root_tree_set(struct root_tree *t, uint32_t bucket, const uint8_t digest[ROOT_DIGEST]);
/* For many at once: the leaves only, then all that is above them. */
void root_tree_put(struct root_tree *t, uint32_t bucket, const uint8_t digest[ROOT_DIGEST]);
void root_tree_build(struct root_tree *t);

static inline const uint8_t *root_tree_leaf(const struct root_tree *t, uint32_t bucket)
{
	return t->nodes[ROOT_BUCKETS + bucket];
}

#endif
