/*
 * What the enclave has of each page of the program's range: one byte a page in a sparse tree of three levels (1 GiB,
 * 2 MiB, page). Guarded by mm->lock.
 */
#ifndef ADYTON_KERNEL_MM_PAGEMAP_H
#define ADYTON_KERNEL_MM_PAGEMAP_H

#include "abi/layout.h"
#include "abi/types.h"

/* A page's state: 0 absent, else one of these with its permissions in the EPCM (SGX_SECINFO_R, W, X). */
#define PAGE_RWX 0x07U
#define PAGE_COMMITTED 0x08U /* belongs to an area */
#define PAGE_PARKED 0x10U    /* kept for the next anonymous mapping (park.c): zero, no permissions */

#define PAGEMAP_LEAF 512U

struct pagemap {
	uint8_t **middle[ELRANGE_SIZE / GIB];
};

uint32_t pagemap_get(const struct pagemap *m, uint64_t addr);
/* Make sure that pagemap_set will find room for these pages. -ENOMEM. */
int pagemap_prepare(struct pagemap *m, uint64_t addr, uint64_t count) must_check;
/* Where nothing was prepared, only 0 can be set. */
void pagemap_set(struct pagemap *m, uint64_t addr, uint64_t count, uint32_t state);
/* The end of the run of pages from addr that are in the state of addr's page; at most end. */
uint64_t pagemap_run(const struct pagemap *m, uint64_t addr, uint64_t end, uint32_t *state);
/*
 * The next run of pages in [*at, end) that are present and in one state: *at is its start, the result its end; 0 when
 * there is none.
 */
uint64_t pagemap_next(const struct pagemap *m, uint64_t *at, uint64_t end, uint32_t *state);

#endif
