/*
 * The kernel's own memory. Pages are added to the enclave when first used (EACCEPT) and kept for reuse. Allocation
 * can fail: NULL. Memory from heap_alloc is zeroed; heap_free(NULL) is harmless.
 */
#ifndef ADYTON_KERNEL_MM_HEAP_H
#define ADYTON_KERNEL_MM_HEAP_H

#include "abi/types.h"

/*
 * From 2 KiB on, page aligned whole pages; smaller sizes are rounded up to a power of two (from 32) and aligned to it.
 */
void *heap_alloc(size_t size) must_check;
void heap_free(void *p);

/* Whole pages, zeroed, in one piece; freed with the same count. */
void *heap_pages(size_t count) must_check;
void heap_pages_free(void *p, size_t count);

/*
 * One thread block (abi/layout.h) with its pages accepted, the TCS page still a regular page; guards are holes. 0:
 * none.
 */
uint64_t heap_thread_block(void) must_check;
/*
 * Take back a block in which no thread runs any more. Its TCS page, by now of type TCS, is replaced by a regular one.
 */
void heap_thread_block_free(uint64_t block);

/* Pages that the heap has in the enclave, used or kept. */
uint64_t heap_committed(void);

void heap_start(void);

#endif
