/*
 * dm-verity: which SHA-256 digest a block of the measured root must have. Hash type 1, no salt, data and hash blocks of
 * 4096 bytes, a tree without superblock (Linux Documentation/admin-guide/device-mapper/verity.rst).
 *
 * The tree lies in untrusted memory or files, and its keeper may change it at any time. So a hash block is copied once
 * into the cache, checked there against its parent, and used only there; what falls out of the cache is checked again.
 * With room for all hash blocks none ever falls out.
 *
 * Not locked: the caller's lock guards verity_digest(). Hashing the data block needs no lock.
 */
#ifndef ADYTON_KERNEL_FS_VERITY_H
#define ADYTON_KERNEL_FS_VERITY_H

#include "abi/types.h"

#define VERITY_DIGEST_SIZE 32
#define VERITY_FANOUT_SHIFT 7 /* 4096 / 32 digests in a hash block */
#define VERITY_LEVELS_MAX 8
#define VERITY_WAYS 4

struct verity_slot {
	uint64_t block; /* UINT64_MAX: nothing in it */
	uint64_t used;  /* when last, in lookups */
};

struct verity_config {
	uint64_t data_blocks, hash_blocks;
	uint8_t root_hash[VERITY_DIGEST_SIZE];
	/* Copy a hash block (numbered from the tree's start) to trusted memory: 0 or a negative errno. */
	int (*read)(void *ctx, uint64_t hash_block, void *page);
	void *ctx;
	/* SHA-256: sha256(), or a wrapper that keeps the vector registers of whoever is interrupted. */
	void (*hash)(const void *data, size_t size, uint8_t digest[VERITY_DIGEST_SIZE]);
	/* Trusted memory, slot_count of each; a multiple of VERITY_WAYS. */
	struct verity_slot *slots;
	uint8_t (*pages)[PAGE_SIZE];
	uint64_t slot_count;
};

struct verity {
	struct verity_config config;
	unsigned levels;
	uint64_t level_start[VERITY_LEVELS_MAX]; /* [0] is the lowest; the file has the highest first */
	uint64_t lookups;
};

/* How many hash blocks a tree over so many data blocks has; 0 for one block or for too many. */
uint64_t verity_tree_blocks(uint64_t data_blocks);
/*
 * -EINVAL: no data, too much data, hash_blocks is not what data_blocks needs, or slot_count is no multiple of the ways.
 */
int verity_open(struct verity *v, const struct verity_config *config) must_check;
/* The digest that this data block must have: 0, -EIO (the tree does not fit the root hash), -EINVAL (no such block). */
int verity_digest(struct verity *v, uint64_t block, uint8_t digest[VERITY_DIGEST_SIZE]) must_check;
/* Is this that block? 0 or -EIO or -EINVAL. The data must be in trusted memory already. */
int verity_check(struct verity *v, uint64_t block, const void *page) must_check;

#endif
