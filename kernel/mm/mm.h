/*
 * The program's address space: areas (VMAs) over pages that are added to the enclave when first touched. See vma.h for
 * the structure. The processor's page permissions are the truth; what Linux would answer is the contract.
 *
 * memory_limit bounds committed pages, never reservations. What a program does with a range shows only at its touch,
 * where no error can be answered, so a request that would not fit if it were touched at once is refused: mmap, mremap
 * and brk that make a writable private (or anonymous shared) range, and mprotect that makes one writable, give -ENOMEM
 * when the committed pages and those that the range still lacks exceed the limit less a small reserve, which is for
 * text, stacks and what was granted before. Nothing is added up: what was granted and never touched does not count.
 * Exempt are PROT_NONE, MAP_NORESERVE (also in mprotect, for ranges beyond the whole limit: smaller ones are how
 * glibc's arenas and V8 allocate), MAP_STACK and MAP_GROWSDOWN. A touch beyond the limit logs a line and raises SIGBUS.
 */
#ifndef ADYTON_KERNEL_MM_MM_H
#define ADYTON_KERNEL_MM_MM_H

#include "abi/layout.h"
#include "abi/types.h"

struct file;
struct inode;

/* Kernel-internal mapping calls, as mmap(2) and friends; flags are the program's MAP_* (MAP_FIXED included). */
long mm_map(uint64_t addr, uint64_t length, int prot, int flags, struct file *file, uint64_t offset) must_check;
int mm_unmap(uint64_t addr, uint64_t length) must_check;
int mm_protect(uint64_t addr, uint64_t length, int prot) must_check;

enum mm_fault_result { MM_FAULT_DONE, MM_FAULT_MAPERR, MM_FAULT_ACCERR, MM_FAULT_BUS };
/*
 * A page fault of program or kernel code at a program address; access is the #PF error code (bit 1 write, bit 4 fetch).
 * DONE: run again. Takes mm->lock and may call the file system.
 */
enum mm_fault_result mm_fault(uint64_t addr, uint32_t access);

/* brk for exec: where the heap starts, page aligned. */
void mm_set_brk(uint64_t start);
/*
 * Replace the page of program text that holds `addr` by a copy with `size` bytes changed; safe against running threads.
 */
int mm_patch_text(uint64_t addr, const void *bytes, size_t size) must_check;
/*
 * Pages of executable memory for call stubs within +-2 GiB of `near`, filled with INT3; the address or a negative
 * errno.
 */
long mm_stub_pages(uint64_t near, size_t count) must_check;

/*
 * A shared writable mapping is a cache of its part of the file. Before a read or write of [offset, offset+length) by
 * other means, written pages go to the file; after a write, clean pages go, so that the next touch finds what was
 * written. No lock may be held that the file's operations take. Costs a load while there is no such mapping.
 */
void shared_before(struct file *f, uint64_t offset, uint64_t length);
void shared_written(struct file *f, uint64_t offset, uint64_t length);
extern bool shared_writable; /* atomic: there was such a mapping */

static inline void mm_file_before(struct file *f, uint64_t offset, uint64_t length)
{
	if (__atomic_load_n(&shared_writable, __ATOMIC_RELAXED))
		shared_before(f, offset, length);
}

static inline void mm_file_written(struct file *f, uint64_t offset, uint64_t length)
{
	if (__atomic_load_n(&shared_writable, __ATOMIC_RELAXED))
		shared_written(f, offset, length);
}

/* Before the process ends: write shared file mappings back. No lock may be held. */
void mm_flush(void);

void mm_start(uint64_t memory_limit);
/* Where mappings without an address go: from MM_TOP less `below` (whole pages) down, and above it when that is full. */
void mm_set_top(uint64_t below);
struct mm_usage {
	uint64_t virtual_pages, committed_pages, peak_pages, stack_pages, text_pages, data_pages, faults;
};
void mm_usage(struct mm_usage *out);
/* Pages of the program's that are there in [start, end). */
uint64_t mm_resident(uint64_t start, uint64_t end);
/* Print /proc/self/maps lines through a callback; 0 or the callback's negative errno. */
struct vma;
int mm_each_vma(int (*each)(void *ctx, const struct vma *v), void *ctx);

#endif
