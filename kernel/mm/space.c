#include "kernel/mm/space.h"

#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"

#define RW (PROT_READ | PROT_WRITE)
/* Of the memory limit, so much is left to touches. */
#define RESERVE_PART 32U
#define RESERVE_MAX (4 * MIB / PAGE_SIZE)

struct mm mm_self;

static const uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

void mm_start(uint64_t memory_limit)
{
	mm_self.top = MM_TOP;
	mm_self.limit = memory_limit ? memory_limit / PAGE_SIZE : ELRANGE_SIZE / PAGE_SIZE;
	init_process.mm = &mm_self;
}

void mm_set_top(uint64_t below)
{
	LOCKED(&mm_self.lock);
	mm_self.top = MM_TOP - below;
}

struct vma *space_area_new(struct mm *mm, uint64_t start, uint64_t end, uint32_t prot, uint32_t flags)
{
	struct vma *v = mm->areas.count < VMA_COUNT_MAX ? heap_alloc(sizeof(*v)) : NULL;

	if (!v)
		return NULL;
	v->start = start;
	v->end = end;
	v->prot = prot;
	v->flags = flags;
	vma_insert(&mm->areas, v);
	mm->virtual_pages += (end - start) / PAGE_SIZE;
	return v;
}

bool space_within_limit(const struct mm *mm, uint64_t more)
{
	uint64_t limit = init_process.limits[RLIMIT_AS].rlim_cur;

	return !limit || limit == RLIM_INFINITY || mm->virtual_pages * PAGE_SIZE + more <= limit;
}

bool space_room(struct mm *mm, uint64_t pages)
{
	if (pages > mm->limit || mm->committed > mm->limit - pages)
		return false;
	if (mm->committed + mm->parked > mm->limit - pages)
		space_unpark(mm);
	return true;
}

static uint64_t space_reserve(const struct mm *mm)
{
	uint64_t part = mm->limit / RESERVE_PART;

	return part < RESERVE_MAX ? part : RESERVE_MAX;
}

uint64_t space_absent(const struct mm *mm, uint64_t start, uint64_t end)
{
	uint64_t pages = (end - start) / PAGE_SIZE;
	uint32_t state;

	for (uint64_t stop; (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop)
		if (state & PAGE_COMMITTED)
			pages -= (stop - start) / PAGE_SIZE;
	return pages;
}

bool space_charge(const struct mm *mm, uint64_t pages, uint32_t flags)
{
	if (!pages || flags & (VMA_GROWSDOWN | VMA_THREAD_STACK | VMA_WRITEBACK))
		return true;
	if (flags & VMA_NORESERVE && pages > mm->limit)
		return true;
	return mm->committed + pages + space_reserve(mm) <= mm->limit;
}

uint64_t space_uncommitted(const struct mm *mm, uint64_t addr, uint64_t end)
{
	uint32_t state;

	while (addr < end) {
		uint64_t stop = pagemap_run(&mm->pages, addr, end, &state);

		if (state & PAGE_COMMITTED)
			break;
		addr = stop;
	}
	return addr;
}

static void space_committed(struct mm *mm, uint64_t addr, uint64_t count, uint32_t rwx)
{
	pagemap_set(&mm->pages, addr, count, PAGE_COMMITTED | rwx);
	mm->committed += count;
	if (mm->committed > mm->peak)
		mm->peak = mm->committed;
}

int space_add_copy(uint64_t addr, uint64_t source, uint32_t rwx, bool public)
{
	int error;

	if (public || rwx != PROT_READ)
		return epc_add_copy(addr, source, rwx);
	error = epc_add_copy(addr, source, RW);
	return error ? error : epc_restrict(addr, 1, RW, PROT_READ);
}

int space_commit_copy(struct mm *mm, uint64_t addr, const void *source, uint32_t rwx, bool public)
{
	int error = space_room(mm, 1) ? pagemap_prepare(&mm->pages, addr, 1) : -ENOMEM;

	if (!error && pagemap_get(&mm->pages, addr) & PAGE_PARKED)
		error = space_release(mm, addr, addr + PAGE_SIZE);
	if (!error)
		error = space_add_copy(addr, (uint64_t)source, rwx, public);
	if (!error)
		space_committed(mm, addr, 1, rwx);
	return error;
}

/* EACCEPT makes pages that can be written; those that never are come as copies of a zero page. */
static uint64_t commit_fresh(uint64_t addr, uint64_t count, uint32_t rwx)
{
	uint64_t done = 0;

	if (rwx & PROT_WRITE) {
		done = epc_add(addr, count);
		if (rwx != RW)
			epc_extend(addr, done, rwx);
	} else {
		while (done < count && !epc_add_copy(addr + done * PAGE_SIZE, (uint64_t)zero_page, rwx))
			done++;
	}
	return done;
}

uint64_t space_commit(struct mm *mm, const struct vma *v, uint64_t addr, uint64_t count)
{
	uint64_t start = addr, end = addr + count * PAGE_SIZE;
	uint32_t state, rwx = vma_access(v->prot);

	if (!space_room(mm, count) || pagemap_prepare(&mm->pages, addr, count))
		return 0;
	while (addr < end) {
		uint64_t pages = (pagemap_run(&mm->pages, addr, end, &state) - addr) / PAGE_SIZE, done;

		if (state & PAGE_PARKED && rwx == RW) {
			epc_extend(addr, pages, RW);
			mm->parked -= pages;
			done = pages;
		} else {
			if (state && space_release(mm, addr, addr + pages * PAGE_SIZE))
				break;
			done = commit_fresh(addr, pages, rwx);
		}
		space_committed(mm, addr, done, rwx);
		addr += done * PAGE_SIZE;
		if (done < pages && !mm->parked)
			break;
		if (done < pages)
			space_unpark(mm); /* the processor is out of memory, but we hold some */
	}
	return (addr - start) / PAGE_SIZE;
}

int space_release(struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;

	for (uint64_t stop; (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop) {
		uint64_t count, parked = 0;
		int error;

		/* One call for a run, whatever the pages' states. */
		for (stop = start; stop < end && (state = pagemap_get(&mm->pages, stop)); stop += PAGE_SIZE)
			parked += !!(state & PAGE_PARKED);
		count = (stop - start) / PAGE_SIZE;
		error = epc_remove(start, count);
		if (error)
			return error;
		pagemap_set(&mm->pages, start, count, 0);
		mm->committed -= count - parked;
		mm->parked -= parked;
	}
	return 0;
}

/* One run of pages that are alike. Losing goes before gaining: no page is writable and executable in between. */
static int space_protect_run(struct mm *mm, uint64_t start, uint64_t count, uint32_t from, uint32_t to)
{
	if (from & ~to) {
		int error = epc_restrict(start, count, from, from & to);

		if (error)
			return error;
	}
	if (to & ~from)
		epc_extend(start, count, to);
	pagemap_set(&mm->pages, start, count, PAGE_COMMITTED | to);
	return 0;
}

int space_protect(struct mm *mm, uint64_t start, uint64_t end, uint32_t rwx, bool lazy_write)
{
	uint32_t state;

	for (uint64_t stop; (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop) {
		uint32_t from = state & PAGE_RWX, to = rwx;
		int error;

		if (!(state & PAGE_COMMITTED))
			continue;
		if (lazy_write && !(from & PROT_WRITE))
			to &= ~(uint32_t)PROT_WRITE;
		if (from == to)
			continue;
		error = space_protect_run(mm, start, (stop - start) / PAGE_SIZE, from, to);
		if (error)
			return error;
	}
	return 0;
}

bool space_mapped(uint64_t start, uint64_t end)
{
	LOCKED(&mm_self.lock);
	while (start < end) {
		struct vma *v = vma_find_overlap(&mm_self.areas, start, end);

		if (!v || v->start > start)
			return false;
		start = v->end;
	}
	return true;
}

void mm_usage(struct mm_usage *out)
{
	*out = (struct mm_usage){ 0 };
	LOCKED(&mm_self.lock);
	out->virtual_pages = mm_self.virtual_pages;
	out->committed_pages = mm_self.committed + heap_committed();
	out->faults = mm_self.faults;
	out->peak_pages = mm_self.peak + heap_committed();
	for (struct vma *v = vma_find(&mm_self.areas, 0); v; v = vma_next(&mm_self.areas, v)) {
		uint64_t pages = (v->end - v->start) / PAGE_SIZE;

		if (v->flags & (VMA_STACK | VMA_GROWSDOWN))
			out->stack_pages += pages;
		else if (v->prot & PROT_EXEC)
			out->text_pages += pages;
		else if (v->prot & PROT_WRITE && !(v->flags & VMA_SHARED))
			out->data_pages += pages;
	}
}

uint64_t mm_resident(uint64_t start, uint64_t end)
{
	uint64_t pages = 0, stop;
	uint32_t state;

	LOCKED(&mm_self.lock);
	for (; (stop = pagemap_next(&mm_self.pages, &start, end, &state)) != 0; start = stop) {
		if (state & PAGE_COMMITTED)
			pages += (stop - start) / PAGE_SIZE;
	}
	return pages;
}

/*
 * The lock is not held while the callback runs (it may fill program memory): each step takes a copy of one area, with a
 * reference to its file.
 */
int mm_each_vma(int (*each)(void *ctx, const struct vma *v), void *ctx)
{
	uint64_t at = 0;
	int error = 0;

	while (!error) {
		const struct vma *v;
		struct vma copy;

		lock_acquire(&mm_self.lock);
		v = vma_find(&mm_self.areas, at);
		if (v) {
			copy = *v;
			if (copy.file)
				file_get(copy.file);
		}
		lock_release(&mm_self.lock);
		if (!v)
			break;
		error = each(ctx, &copy);
		if (copy.file)
			file_put(copy.file);
		at = copy.end;
	}
	return error;
}
