/*
 * One run of pages inside one extent, and what lies behind it: secret or ordinary memory in extents, sealed files for
 * text, ordinary memory for what is writable and executable. Called by memory.c with soft.lock held.
 */
#ifndef ADYTON_CPU_SOFT_BACKING_H
#define ADYTON_CPU_SOFT_BACKING_H

#include "cpu/soft/epcm.h"

#define STAGE_PAGES 16U

/* Content on its way to a page: STAGE_PAGES pages of the processor's own, zero where nothing is staged. */
extern uint8_t *backing_stage;
int must_check backing_init(void);

static inline uint32_t page_mapped(uint32_t word)
{
	return (word & PAGE_MAPPED_MASK) >> PAGE_MAPPED_SHIFT;
}

static inline bool page_backed(uint32_t word)
{
	return (word & PAGE_BACKING_MASK) != PAGE_BACKING_NONE;
}

static inline uint64_t page_address(const struct extent *e, uint32_t index)
{
	return e->base + ((uint64_t)index << PAGE_SHIFT);
}

/* Which backing do the page's permissions need, given what is there? And which, if it gets a new content? */
uint32_t backing_needed(uint32_t word);
uint32_t backing_needed_new(uint32_t word);
/* Make the permissions of a run true that is alike in access, backing and protection. False: no memory. */
bool backing_realise(struct extent *e, uint32_t first, uint32_t count);
/* Give pages, alike in access and need, this content, instead of what they had. */
bool backing_place(struct extent *e, uint32_t first, uint32_t count, const uint8_t *content);
bool backing_protect(struct extent *e, uint32_t first, uint32_t count, uint32_t access);
/* No page of the extent is valid: everything behind it goes back to the system. */
void backing_release(struct extent *e);
/* The pages, alike in backing, are not valid any more. */
void backing_drop(struct extent *e, uint32_t first, uint32_t count);
/* Pages that are writable and executable, and so ordinary memory. */
uint64_t backing_exposed(void);

#endif
