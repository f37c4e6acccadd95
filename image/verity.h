/*
 * dm-verity's hash tree, as `veritysetup format --no-superblock --salt=-` makes it: SHA-256, format 1, blocks of 4096
 * bytes. The top level comes first.
 */
#ifndef ADYTON_IMAGE_VERITY_H
#define ADYTON_IMAGE_VERITY_H

#include "abi/types.h"
#include "image/fail.h"

struct verity {
	uint64_t data_blocks, hash_blocks;
	uint8_t root_hash[32];
	uint8_t *tree; /* malloc'd, hash_blocks * 4096 bytes */
};

uint64_t verity_hash_blocks(uint64_t data_blocks);
/* In blocks from the start of the tree: where the hashes of data blocks begin. */
uint64_t verity_first_leaf(uint64_t data_blocks);
/* Hash the first `data_blocks` blocks of fd, or of memory; at least two, so that there is a tree. */
must_check int verity_build(struct verity *v, int fd, uint64_t data_blocks, struct fail *f);
must_check int verity_build_memory(struct verity *v, const uint8_t *data, uint64_t data_blocks, struct fail *f);
void verity_free(struct verity *v);

#endif
