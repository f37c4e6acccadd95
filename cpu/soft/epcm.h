/*
 * The enclave page cache map (SDM 38.20): what the processor knows of every page of ELRANGE. Two levels: a directory of
 * extents, and in each extent a word per page. Its low bits are SECINFO's own (R, W, X, PENDING, MODIFIED, PR);
 * the high bits say how the page is realised in this process (memory.c): they are no part of the manual's EPCM.
 *
 * All words change under soft.lock; EENTER and the fault path read single words without it.
 */
#ifndef ADYTON_CPU_SOFT_EPCM_H
#define ADYTON_CPU_SOFT_EPCM_H

#include "abi/sgx.h"

#define EPCM_R 0x0001U
#define EPCM_W 0x0002U
#define EPCM_X 0x0004U
#define EPCM_RWX 0x0007U
#define EPCM_PENDING 0x0008U
#define EPCM_MODIFIED 0x0010U
#define EPCM_PR 0x0020U
#define EPCM_VALID 0x0040U
#define EPCM_TYPE_SHIFT 7
#define EPCM_TYPE_MASK 0x0380U
#define EPCM_TYPE(pt) ((uint32_t)(pt) << EPCM_TYPE_SHIFT)
/* Realisation: the protection that Linux has for it now, what lies behind it, and whether that holds an old content. */
#define PAGE_MAPPED_SHIFT 10
#define PAGE_MAPPED_MASK 0x1c00U
#define PAGE_BACKING_MASK 0x6000U
#define PAGE_BACKING_NONE 0x0000U
#define PAGE_BACKING_EXTENT 0x2000U /* secret (or ordinary) writable memory */
#define PAGE_BACKING_SEALED 0x4000U /* a sealed memfd, for X without W */
#define PAGE_BACKING_ANON 0x6000U   /* ordinary memory, for W with X */
#define PAGE_STALE 0x8000U
#define PAGE_BOUNDARY 0x10000U /* the page before lies in another file */
#define PAGE_REALISATION (PAGE_MAPPED_MASK | PAGE_BACKING_MASK | PAGE_STALE | PAGE_BOUNDARY)

#define EXTENT_SHIFT 21
#define EXTENT_SIZE (1UL << EXTENT_SHIFT)
#define EXTENT_PAGES 512U

struct extent {
	uint64_t base;
	uint32_t valid; /* pages with EPCM_VALID */
	uint32_t backed; /* pages with a backing */
	uint32_t page[EXTENT_PAGES];
};

/* The extent of an address inside ELRANGE: NULL while nothing was ever there. _make returns NULL without memory. */
struct extent *epcm_extent(uint64_t address);
struct extent *epcm_extent_make(uint64_t address);
int must_check epcm_init(uint64_t elrange);

static inline uint32_t epcm_index(uint64_t address)
{
	return (uint32_t)(address >> PAGE_SHIFT) & (EXTENT_PAGES - 1);
}

/* The word of a page; 0 (not valid) where there is none. The address is inside ELRANGE. */
uint32_t epcm_read(uint64_t address);
/* Where that word stands; NULL where nothing ever was. Extents are not given back, so it stays there. */
const uint32_t *epcm_word(uint64_t address);
/* Change the manual's bits of a page, keep the realisation. The extent exists. */
void epcm_write(uint64_t address, uint32_t bits);

static inline uint64_t epcm_type(uint32_t word)
{
	return (word & EPCM_TYPE_MASK) >> EPCM_TYPE_SHIFT;
}

/* The permissions that enclave code has on a page now. */
static inline uint32_t epcm_access(uint32_t word)
{
	uint32_t state = word & (EPCM_VALID | EPCM_TYPE_MASK | EPCM_PENDING | EPCM_MODIFIED);

	return state == (EPCM_VALID | EPCM_TYPE(SGX_PT_REG)) ? word & EPCM_RWX : 0;
}

#endif
