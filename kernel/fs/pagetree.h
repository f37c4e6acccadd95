/* Pages by index, sparse: a radix tree with 512 children a node. The owner's lock guards it. */
#ifndef ADYTON_KERNEL_FS_PAGETREE_H
#define ADYTON_KERNEL_FS_PAGETREE_H

#include "abi/types.h"

struct pagetree {
	void **root;
	uint32_t height; /* 0: empty; 1: root holds pages */
	uint64_t pages;  /* how many there are */
};

#define PAGETREE_INDEX_MAX (INT64_MAX / PAGE_SIZE)

void *pagetree_get(const struct pagetree *t, uint64_t index);
/* The page at an index, made (zeroed) when missing; NULL without memory. */
void *pagetree_make(struct pagetree *t, uint64_t index) must_check;
/* Hand every page in [first, last] to `take` and forget it. The nodes stay. */
void pagetree_remove(struct pagetree *t, uint64_t first, uint64_t last, void (*take)(void *ctx, void *page), void *ctx);
/* Free everything. */
void pagetree_destroy(struct pagetree *t);

#endif
