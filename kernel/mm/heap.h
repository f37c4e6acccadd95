/*
 * The kernel's own memory. Pages are added to the enclave when first used (EACCEPT) and kept for reuse. Allocation
 * can fail: NULL. Memory from heap_alloc is zeroed; heap_free(NULL) is harmless.
 */
#ifndef ADYTON_KERNEL_MM_HEAP_H
#define ADYTON_KERNEL_MM_HEAP_H

#include "abi/types.h"

void *heap_alloc(size_t size) must_check;
void heap_free(void *p);

/* Whole pages, zeroed, in one piece; freed with the same count. */
void *heap_pages(size_t count) must_check;
void heap_pages_free(void *p, size_t count);

/* One thread block (abi/layout.h) with its pages accepted, the TCS page still a regular page; guards are holes. 0: none. */
uint64_t heap_thread_block(void) must_check;

void heap_start(void);

#endif
