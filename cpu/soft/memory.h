/*
 * What lies behind enclave pages in this process. The EPCM is the truth; here it is made true with mmap and mprotect.
 *
 * Gains of access are deferred: a leaf notes the page, and one mprotect or one sealed memfd serves the whole run when
 * the run ends, when the enclave is left, or when somebody touches a page (the fault path). Losses are immediate.
 * All functions are called with soft.lock held, except where it says otherwise.
 */
#ifndef ADYTON_CPU_SOFT_MEMORY_H
#define ADYTON_CPU_SOFT_MEMORY_H

#include "cpu/encls.h"

int must_check memory_init(enum cpu_memory memory);

/* Access to the page has been gained: make it true soon. */
void memory_note(uint64_t address);
/* The same, with a content that the page shall have. Copied before it returns. */
void memory_note_content(uint64_t address, const void *content);
/* Make true now what was noted. Cheap without the lock when nothing was: check memory_pending first. */
void memory_flush(void);
extern uint32_t memory_pending;
/* Content that is on its way to this page must land before the page's permissions change again. */
void memory_settle(uint64_t address);

/* Access to pages has been lost: make it true at once. */
void memory_revoke(uint64_t address, uint64_t end);
/* These pages are not valid any more. Gives back what no valid page needs. */
void memory_drop(uint64_t address, uint64_t end);

/* Can be touched with these permissions (EPCM_R, ...) after this: true, if the EPCM grants them and memory suffices. */
bool memory_touch(uint64_t address, uint32_t access);
/* The page table already says so; without the lock. */
bool memory_is_mapped(uint64_t address, uint32_t access);
/* Copy out the content of a page that nobody can touch (type being changed). */
void memory_peek(uint64_t address, void *content);

#endif
