/* Sorting elements that are linked one behind the other, without memory: by a second link inside each element. */
#ifndef ADYTON_BASE_CHAIN_H
#define ADYTON_BASE_CHAIN_H

#include "abi/types.h"

struct chain {
	size_t next;  /* offset of the link that gives the elements, which stays as it is */
	size_t order; /* offset of the link that gives the sorted order afterwards */
	int (*compare)(const void *a, const void *b, const void *context);
	const void *context;
};

/* Stable merge sort. Returns the first in order. */
void *chain_sort(const struct chain *chain, void *first);

#endif
