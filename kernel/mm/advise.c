/* madvise: a table of what each advice does to an area. */
#include "kernel/mm/epc.h"
#include "kernel/mm/space.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"

#define ZERO_PAGES 64U /* up to here zeroing pages in place is cheaper than giving them back and adding them again */

enum advise_action {
	ADVISE_NOTHING,
	ADVISE_FLAGS,    /* clear and set flags of the area */
	ADVISE_DISCARD,  /* the next touch finds what a fresh mapping would have */
	ADVISE_FREE,     /* the contents may go */
	ADVISE_REMOVE,   /* a hole in shared memory */
	ADVISE_POPULATE,
};

static const struct advise {
	int advice;
	enum advise_action action;
	uint32_t clear, set;
} advise_table[] = {
	{ MADV_NORMAL, ADVISE_FLAGS, VMA_RANDOM | VMA_SEQUENTIAL, 0 },
	{ MADV_RANDOM, ADVISE_FLAGS, VMA_SEQUENTIAL, VMA_RANDOM },
	{ MADV_SEQUENTIAL, ADVISE_FLAGS, VMA_RANDOM, VMA_SEQUENTIAL },
	{ MADV_WILLNEED, ADVISE_NOTHING, 0, 0 },
	{ MADV_DONTNEED, ADVISE_DISCARD, 0, 0 },
	{ MADV_DONTNEED_LOCKED, ADVISE_DISCARD, 0, 0 },
	{ MADV_FREE, ADVISE_FREE, 0, 0 },
	{ MADV_REMOVE, ADVISE_REMOVE, 0, 0 },
	{ MADV_DONTFORK, ADVISE_FLAGS, 0, VMA_DONTFORK },
	{ MADV_DOFORK, ADVISE_FLAGS, VMA_DONTFORK, 0 },
	{ MADV_DONTDUMP, ADVISE_FLAGS, 0, VMA_DONTDUMP },
	{ MADV_DODUMP, ADVISE_FLAGS, VMA_DONTDUMP, 0 },
	{ MADV_WIPEONFORK, ADVISE_FLAGS, 0, VMA_WIPEONFORK },
	{ MADV_KEEPONFORK, ADVISE_FLAGS, VMA_WIPEONFORK, 0 },
	{ MADV_MERGEABLE, ADVISE_NOTHING, 0, 0 },
	{ MADV_UNMERGEABLE, ADVISE_NOTHING, 0, 0 },
	{ MADV_HUGEPAGE, ADVISE_NOTHING, 0, 0 },
	{ MADV_NOHUGEPAGE, ADVISE_NOTHING, 0, 0 },
	{ MADV_COLD, ADVISE_NOTHING, 0, 0 },
	{ MADV_PAGEOUT, ADVISE_NOTHING, 0, 0 },
	{ MADV_POPULATE_READ, ADVISE_POPULATE, 0, 0 },
	{ MADV_POPULATE_WRITE, ADVISE_POPULATE, 0, 0 },
};

static int advise_flags(struct mm *mm, struct vma **area, uint64_t start, uint64_t end, const struct advise *a)
{
	struct vma *v = *area;
	int error;

	if (a->advice == MADV_WIPEONFORK && (v->file || v->flags & VMA_SHARED))
		return -EINVAL;
	if (((v->flags & ~a->clear) | a->set) == v->flags)
		return 0;
	error = vma_isolate(&mm->areas, start, end);
	if (error)
		return error;
	v = vma_find(&mm->areas, start);
	v->flags = (v->flags & ~a->clear) | a->set;
	*area = vma_merge(&mm->areas, v);
	return 0;
}

/* Fresh pages again: few that can be written are zeroed where they are, the others go. */
static int advise_discard(struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;
	int error = 0;

	for (uint64_t stop; !error && (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop) {
		if (stop - start <= ZERO_PAGES * PAGE_SIZE && state & PROT_WRITE)
			epc_zero(start, (stop - start) / PAGE_SIZE);
		else
			error = space_park(mm, start, stop);
	}
	return error;
}

static int advise_free(struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;
	int error = 0;

	for (uint64_t stop; !error && (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop)
		if (stop - start > ZERO_PAGES * PAGE_SIZE)
			error = space_park(mm, start, stop);
	return error;
}

/* One area's part of the range, mm->lock held. */
static int advise_area(struct mm *mm, struct vma **area, uint64_t start, uint64_t end, const struct advise *a)
{
	const struct vma *v = *area;
	const bool shared = v->flags & VMA_SHARED;

	if (v->flags & VMA_KERNEL)
		return -EINVAL;
	switch (a->action) {
	case ADVISE_FLAGS:
		return advise_flags(mm, area, start, end, a);
	case ADVISE_DISCARD:
		if (v->flags & VMA_LOCKED && a->advice == MADV_DONTNEED)
			return -EINVAL;
		if (v->file)
			return space_release(mm, start, end);
		return shared ? 0 : advise_discard(mm, start, end);
	case ADVISE_FREE:
		return v->file || shared ? -EINVAL : advise_free(mm, start, end);
	case ADVISE_REMOVE:
		if (!shared || v->flags & VMA_LOCKED)
			return -EINVAL;
		return v->file ? -EOPNOTSUPP : advise_discard(mm, start, end);
	default:
		return 0;
	}
}

static int advise_range(struct mm *mm, uint64_t start, uint64_t end, const struct advise *a)
{
	int error = 0, hole = 0;

	LOCKED(&mm->lock);
	while (!error && start < end) {
		struct vma *v = vma_find_overlap(&mm->areas, start, end);

		if (!v || v->start > start)
			hole = -ENOMEM;
		if (!v)
			break;
		start = v->start > start ? v->start : start;
		error = advise_area(mm, &v, start, end < v->end ? end : v->end, a);
		start = v->end;
	}
	return error ? error : hole;
}

SYSCALL3(madvise, uint64_t, addr, uint64_t, length, int, advice)
{
	uint64_t end = addr + PAGE_UP(length);
	const struct advise *a = NULL;
	int error;

	for (size_t i = 0; i < sizeof(advise_table) / sizeof(advise_table[0]); i++)
		if (advise_table[i].advice == advice)
			a = &advise_table[i];
	if (advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE)
		return -EPERM;
	if (!a || addr & PAGE_MASK || (length && !PAGE_UP(length)) || end < addr)
		return -EINVAL;
	if (!length)
		return 0;
	if (!user_range_ok(addr, PAGE_UP(length)))
		return -ENOMEM;
	if (a->action == ADVISE_POPULATE)
		return space_populate(addr, end);
	error = a->action == ADVISE_DISCARD ? shared_flush(addr, end) : 0;
	return error ? error : advise_range(&mm_self, addr, end, a);
}
