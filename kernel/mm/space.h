/* The address space as the files of kernel/mm share it. Everyone else uses mm.h. */
#ifndef ADYTON_KERNEL_MM_SPACE_H
#define ADYTON_KERNEL_MM_SPACE_H

#include "abi/linux/errno.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/pagemap.h"
#include "kernel/mm/vma.h"
#include "kernel/sync/lock.h"

/* Free room is searched for from here down, or from mm->top; the first thread's stack lies above. */
#define MM_TOP (USER_TOP - 16 * GIB - 128 * MIB)
#define STACK_GUARD (256 * PAGE_SIZE) /* a growing stack keeps this distance from what lies below */

#define PARK_RANGES 8U
struct park_range {
	uint64_t start, end; /* pages were parked here; what became of them stands in the page map */
};

struct mm {
	/*
	 * Everything here and the state of every page. Held over the host calls that change pages (they do not block,
	 * and nobody may see a page half changed: whoever touches one meanwhile faults and waits here), never over file
	 * operations and never while touching program memory that might be absent.
	 */
	struct lock lock;
	struct vma_tree areas;
	struct pagemap pages;
	uint64_t virtual_pages, committed, peak, parked, limit; /* pages */
	uint64_t faults; /* that were served */
	struct park_range park_ranges[PARK_RANGES]; /* newest first */
	uint64_t top; /* at most MM_TOP */
	uint64_t brk_start, brk;
	uint64_t spurious_page; /* the page of the last fault that nothing explained, and how many came in a row */
	uint32_t spurious_count;
	bool lock_future; /* mlockall(MCL_FUTURE) without MCL_ONFAULT */
};

extern struct mm mm_self;

/* space.c: pages of [start, end), whatever areas there are. mm->lock is held. */
struct vma *space_area_new(struct mm *mm, uint64_t start, uint64_t end, uint32_t prot, uint32_t flags);
/*
 * Commit pages of an anonymous area (none of them is), zeroed, with its permissions; returns how many, from the front.
 */
uint64_t space_commit(struct mm *mm, const struct vma *v, uint64_t addr, uint64_t count);
/* The same for one page with contents (a readable kernel address). -ENOMEM */
/*
 * One page with a copy of `source`. The software processor keeps pages that come read-only in sealed, not in secret
 * memory: that is right for what the host knows anyway (public); what is the program's own comes writable first.
 */
int space_add_copy(uint64_t addr, uint64_t source, uint32_t rwx, bool public) must_check;
int space_commit_copy(struct mm *mm, uint64_t addr, const void *source, uint32_t rwx, bool public) must_check;
/* Give back all pages of a range, parked ones too. */
int space_release(struct mm *mm, uint64_t start, uint64_t end) must_check;
/* park.c: the same for anonymous memory, but keep what can be kept for the next mapping. */
int space_park(struct mm *mm, uint64_t start, uint64_t end) must_check;
/* Give back all parked pages. */
void space_unpark(struct mm *mm);
/* Where pages are parked and `length` bytes are free, or 0. */
uint64_t space_parked_room(const struct mm *mm, uint64_t length);
/* Give all committed pages of a range these permissions; with `lazy_write`, R pages do not gain W (dirty tracking). */
int space_protect(struct mm *mm, uint64_t start, uint64_t end, uint32_t rwx, bool lazy_write) must_check;
/* Commit what is absent of [start, end), like a touch of every page. Takes mm->lock itself. */
int space_populate(uint64_t start, uint64_t end);
/* Is there an area everywhere in [start, end)? Takes mm->lock itself. */
bool space_mapped(uint64_t start, uint64_t end);
/* May so many bytes of addresses be added, says RLIMIT_AS? */
bool space_within_limit(const struct mm *mm, uint64_t more);
/* May so many pages be added? Gives parked ones back for it. */
bool space_room(struct mm *mm, uint64_t pages);
/* May so many absent pages become writable in an area with such VMA_* flags? The rule stands in mm.h. */
bool space_charge(const struct mm *mm, uint64_t pages, uint32_t flags);
uint64_t space_absent(const struct mm *mm, uint64_t start, uint64_t end); /* pages that are not committed */
/* The end of the pages from addr that are not committed; at most end. */
uint64_t space_uncommitted(const struct mm *mm, uint64_t addr, uint64_t end);

/* map.c, mm->lock is held. `dead` collects areas whose files are put after the lock was released. */
struct vma_dead {
	struct vma *first; /* linked by ->left */
};
int space_unmap(struct mm *mm, uint64_t start, uint64_t end, bool kernel_too, struct vma_dead *dead) must_check;
void space_bury(struct vma_dead *dead);
/* Free room for a new mapping near hint, or a negative errno. */
long space_choose(struct mm *mm, uint64_t hint, uint64_t length, int flags);

/* shared.c: write dirty pages of shared file mappings back. Takes mm->lock itself. */
int shared_flush(uint64_t start, uint64_t end) must_check;
bool shared_identity(struct file *f, uint64_t *device, uint64_t *inode) must_check;
/* Is this part of the file mapped shared and writable, other than by `except`? mm->lock is held. */
bool shared_alias(const struct mm *mm, const struct vma *as, const struct vma *except);

static inline bool space_range_ok(uint64_t addr, uint64_t length)
{
	return addr >= USER_BOTTOM && addr <= USER_TOP && length <= USER_TOP - addr;
}

#endif
