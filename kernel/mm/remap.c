/*
 * mremap. An EPC page has one linear address for life, so moving is: new pages with the old contents and permissions,
 * a stretch at a time, each stretch of the old ones given back before the next.
 */
#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/space.h"
#include "kernel/syscall.h"

#define MOVE_PAGES 512U
#define RW (PROT_READ | PROT_WRITE)

struct remap {
	uint64_t old, old_length, new_length, fixed;
	int flags;
};

/*
 * One run of pages that are alike. Memory for the page map is prepared; a processor out of memory ends the process
 * here.
 */
static void move_run(struct mm *mm, uint64_t from, uint64_t to, uint64_t count, uint32_t rwx)
{
	bool done = true;

	if (!(rwx & PROT_READ))
		epc_extend(from, count, PROT_READ);
	if (rwx == RW) {
		done = epc_add(to, count) == count;
		if (done)
			epc_write(to, (const void *)from, count * PAGE_SIZE);
	} else {
		for (uint64_t i = 0; i < count && done; i++)
			done = !space_add_copy(to + i * PAGE_SIZE, from + i * PAGE_SIZE, rwx, false);
	}
	if (!done)
		kernel_die("mremap from %#lx to %#lx: the processor has no memory for the copy", from, to);
	pagemap_set(&mm->pages, to, count, PAGE_COMMITTED | rwx);
	mm->committed += count;
}

static int move_pages(struct mm *mm, uint64_t from, uint64_t to, uint64_t length)
{
	const uint64_t end = from + length, distance = to - from; /* modulo 2^64 */
	uint32_t state;
	int error = pagemap_prepare(&mm->pages, to, length / PAGE_SIZE);

	if (!error)
		error = space_release(mm, to, to + length); /* what is parked there */
	for (uint64_t stop; !error && (stop = pagemap_next(&mm->pages, &from, end, &state)); from = stop) {
		if (state & PAGE_PARKED)
			continue;
		if (stop - from > MOVE_PAGES * PAGE_SIZE)
			stop = from + MOVE_PAGES * PAGE_SIZE;
		move_run(mm, from, from + distance, (stop - from) / PAGE_SIZE, state & PAGE_RWX);
		error = space_release(mm, from, stop);
	}
	return error;
}

/* Moving keeps the number of pages; only growth is charged, as a mapping of that size. */
static bool remap_within_memory(const struct mm *mm, const struct remap *r, const struct vma *v)
{
	if (r->new_length <= r->old_length || !(v->prot & PROT_WRITE) || v->flags & VMA_NORESERVE)
		return true;
	return space_charge(mm, (r->new_length - r->old_length) / PAGE_SIZE, v->flags);
}

/* v begins at r->old and ends at its end. */
static long remap_move(struct mm *mm, const struct remap *r, struct vma *v, struct vma_dead *dead)
{
	uint64_t keep = r->old_length < r->new_length ? r->old_length : r->new_length;
	long to = (long)r->fixed;
	struct vma *moved;
	int error;

	if (r->flags & MREMAP_FIXED)
		error = space_unmap(mm, r->fixed, r->fixed + r->new_length, false, dead);
	else
		error = (to = space_choose(mm, 0, r->new_length, 0)) < 0 ? (int)to : 0;
	if (error)
		return error;
	moved = space_area_new(mm, (uint64_t)to, (uint64_t)to + r->new_length, v->prot, v->flags & ~VMA_HEAP);
	if (!moved)
		return -ENOMEM;
	if (v->file) {
		moved->file = file_get(v->file);
		moved->offset = v->offset;
		moved->device = v->device;
		moved->inode = v->inode;
	}
	error = move_pages(mm, r->old, (uint64_t)to, keep);
	if (error) { /* what was moved already is lost only if the host refused to remove a page */
		int undone = space_unmap(mm, (uint64_t)to, (uint64_t)to + r->new_length, false, dead);

		return undone ? undone : error;
	}
	if (!(r->flags & MREMAP_DONTUNMAP))
		error = space_unmap(mm, r->old, r->old + r->old_length, false, dead);
	(void)vma_merge(&mm->areas, moved);
	return error ? error : to;
}

static int remap_decode(const struct remap *r)
{
	if (r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) || r->old & PAGE_MASK || !r->new_length)
		return -EINVAL;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (r->flags & MREMAP_DONTUNMAP && r->old_length != r->new_length)
		return -EINVAL;
	if (!r->old_length || !user_range_ok(r->old, r->old_length) || r->new_length > USER_TOP)
		return -EINVAL;
	if (!(r->flags & MREMAP_FIXED))
		return 0;
	if (r->fixed & PAGE_MASK || !space_range_ok(r->fixed, r->new_length))
		return -EINVAL;
	if (r->fixed < r->old + r->old_length && r->old < r->fixed + r->new_length)
		return -EINVAL;
	return 0;
}

/* Where nothing has to move. -ENOMEM when something has. */
static long remap_in_place(struct mm *mm, const struct remap *r, struct vma *v, struct vma_dead *dead)
{
	uint64_t end = r->old + r->old_length, new_end = r->old + r->new_length;

	if (new_end <= end) {
		int error = new_end < end ? space_unmap(mm, new_end, end, false, dead) : 0;

		return error ? error : (long)r->old;
	}
	if (v->end != end || new_end < end || new_end > MM_TOP || vma_find_overlap(&mm->areas, end, new_end))
		return -ENOMEM;
	mm->virtual_pages += (new_end - end) / PAGE_SIZE;
	vma_resize(&mm->areas, v, v->start, new_end);
	(void)vma_merge(&mm->areas, v);
	return (long)r->old;
}

static long remap_locked(struct mm *mm, const struct remap *r, struct vma_dead *dead)
{
	const bool elsewhere = r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
	struct vma *v = vma_find(&mm->areas, r->old);
	long at = -ENOMEM;
	int error;

	if (!v || v->start > r->old || v->end - r->old < r->old_length || v->flags & VMA_KERNEL)
		return -EFAULT;
	if (r->flags & MREMAP_DONTUNMAP && (v->file || v->flags & VMA_SHARED))
		return -EINVAL;
	if (r->new_length > r->old_length && !space_within_limit(mm, r->new_length - r->old_length))
		return -ENOMEM;
	if (!remap_within_memory(mm, r, v))
		return -ENOMEM;
	if (!elsewhere)
		at = remap_in_place(mm, r, v, dead);
	if (at != -ENOMEM || !(r->flags & MREMAP_MAYMOVE))
		return at;
	error = vma_isolate(&mm->areas, r->old, r->old + r->old_length);
	return error ? error : remap_move(mm, r, vma_find(&mm->areas, r->old), dead);
}

SYSCALL5(mremap, uint64_t, old, uint64_t, old_length, uint64_t, new_length, int, flags, uint64_t, fixed)
{
	struct remap r = { .old = old, .old_length = PAGE_UP(old_length), .new_length = PAGE_UP(new_length),
			   .flags = flags, .fixed = fixed };
	struct vma_dead dead = { NULL };
	int error = remap_decode(&r);
	long at;

	if (!error)
		error = shared_flush(old, old + r.old_length);
	if (!error && flags & MREMAP_FIXED)
		error = shared_flush(fixed, fixed + r.new_length);
	if (error)
		return error;
	lock_acquire(&mm_self.lock);
	at = remap_locked(&mm_self, &r, &dead);
	lock_release(&mm_self.lock);
	space_bury(&dead);
	if (at > 0 && r.new_length > r.old_length && mm_self.lock_future)
		space_populate((uint64_t)at + r.old_length, (uint64_t)at + r.new_length);
	return at;
}
