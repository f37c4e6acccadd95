/* Memory that is given out front to back and taken back as a whole, from a buffer of the caller's. */
#ifndef ADYTON_BASE_ARENA_H
#define ADYTON_BASE_ARENA_H

#include "abi/types.h"

struct arena {
	uint8_t *at;
	size_t size, used;
};

/* Aligned to 8 (where the buffer is); not cleared. NULL when there is no room. */
static inline void *arena_take(struct arena *a, size_t size)
{
	size_t at = (a->used + 7) & ~(size_t)7;

	if (at > a->size || size > a->size - at)
		return NULL;
	a->used = at + size;
	return a->at + at;
}

#endif
