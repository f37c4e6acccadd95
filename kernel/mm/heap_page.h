/* The heap's own view of its pages; private to heap.c and thread_block.c. */
#ifndef ADYTON_KERNEL_MM_HEAP_PAGE_H
#define ADYTON_KERNEL_MM_HEAP_PAGE_H

#include "abi/layout.h"
#include "abi/types.h"

struct heap_page {
	uint8_t kind;
	uint8_t class;
	uint16_t used;  /* objects in use */
	uint16_t first; /* free object */
	uint16_t reserved;
	uint32_t next, prev; /* slab pages of the class with room */
};
_Static_assert(sizeof(struct heap_page) == 16, "heap_page");

enum heap_kind {
	HEAP_FREE,  /* in the enclave, with old contents */
	HEAP_FRESH, /* in the enclave, never used: zero */
	HEAP_HEAD,  /* first page of a run in use */
	HEAP_BODY,  /* further pages of it */
	HEAP_SLAB,
	HEAP_RESERVED,
};

/* Descriptors first, then the pages that they describe. */
#define HEAP_DESCRIPTORS KERNEL_HEAP
#define HEAP_DESCRIPTOR_BYTES ((KERNEL_END - KERNEL_HEAP) / PAGE_SIZE * sizeof(struct heap_page))
#define HEAP_FIRST (KERNEL_HEAP + PAGE_UP(HEAP_DESCRIPTOR_BYTES))
#define HEAP_PAGES ((uint32_t)((KERNEL_END - HEAP_FIRST) / PAGE_SIZE))

static inline bool heap_page_free(const struct heap_page *d)
{
	return d->kind <= HEAP_FRESH;
}

uint64_t heap_reserve(uint32_t count) must_check;
void heap_count(int64_t pages);

#endif
