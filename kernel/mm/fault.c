/*
 * Page faults: the first touch of a page, the first write to a page of a shared file, a stack that grows, or an error
 * of the program. What is absent is added for some pages around the fault, because most neighbours are wanted next.
 */
#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/fill.h"
#include "kernel/mm/space.h"
#include "kernel/task/process.h"

#define FAULT_WRITE 2U
#define FAULT_FETCH 16U
#define SPURIOUS_MAX 1000U
#define AROUND_PAGES 16U
#define AROUND_MAX 512U      /* anonymous memory */
#define AROUND_CHECKED 8U    /* a file whose pages are dear: each is checked and copied */

static uint64_t stack_limit(void)
{
	uint64_t limit = init_process.limits[RLIMIT_STACK].rlim_cur;

	return limit ? limit : 8 * MIB;
}

/* May the growing area above addr come down to it? Linux: within RLIMIT_STACK, and not too near to what lies below. */
static bool fault_grow(struct mm *mm, struct vma *v, uint64_t page)
{
	const struct vma *below;

	if (!v || !(v->flags & VMA_GROWSDOWN) || v->end - page > stack_limit())
		return false;
	below = vma_find_below(&mm->areas, v->start);
	if (below && !(below->flags & VMA_GROWSDOWN) && vma_access(below->prot) && page - below->end < STACK_GUARD)
		return false;
	mm->virtual_pages += (v->start - page) / PAGE_SIZE;
	vma_resize(&mm->areas, v, page, v->end);
	return true;
}

/* The absent pages that this fault brings in: around the page, or ahead of it for who goes straight on. */
static void fault_window(struct mm *mm, struct vma *v, uint64_t page, uint64_t most, uint64_t *start, uint64_t *end)
{
	uint64_t least = v->file && v->file->ops->map_pages ? AROUND_CHECKED : AROUND_PAGES;
	uint64_t low = page, high = page + PAGE_SIZE, pages = least;

	if (v->flags & VMA_SEQUENTIAL)
		pages = most;
	else if (page == v->around_next && v->around_pages)
		pages = v->around_pages * 2UL < most ? v->around_pages * 2UL : most;
	if (!(v->flags & VMA_RANDOM)) {
		low = pages > least ? page : page & ~(pages * PAGE_SIZE - 1);
		high = low + pages * PAGE_SIZE;
	}
	low = low > v->start ? low : v->start;
	high = high < v->end ? high : v->end;
	high = space_uncommitted(mm, page, high);
	while (page > low && !(pagemap_get(&mm->pages, page - PAGE_SIZE) & PAGE_COMMITTED))
		page -= PAGE_SIZE;
	*start = page;
	*end = high;
	v->around_next = high;
	v->around_pages = (uint32_t)pages;
}

static void fault_no_memory(const struct mm *mm, uint64_t page)
{
	kernel_log("page fault at %#lx: no memory: %lu pages of at most %lu are in use; raising SIGBUS", page,
		   mm->committed, mm->limit);
}

static enum mm_fault_result fault_anonymous(struct mm *mm, struct vma *v, uint64_t page)
{
	uint64_t start, end, done;

	fault_window(mm, v, page, AROUND_MAX, &start, &end);
	done = space_commit(mm, v, start, (end - start) / PAGE_SIZE);
	if (start + done * PAGE_SIZE > page || space_commit(mm, v, page, 1) == 1)
		return MM_FAULT_DONE;
	fault_no_memory(mm, page);
	return MM_FAULT_BUS;
}

/* Called with mm->lock held; gives it up while the file is read. */
static enum mm_fault_result fault_file(struct mm *mm, struct vma *v, uint64_t page, bool write)
{
	struct fill fill = { .file = file_get(v->file), .wanted = page };
	enum mm_fault_result result;
	uint64_t end;

	fault_window(mm, v, page, AROUND_FILE_MAX, &fill.start, &end);
	if (!space_room(mm, (end - fill.start) / PAGE_SIZE)) {
		fill.start = page;
		end = page + PAGE_SIZE;
	}
	fill.count = (end - fill.start) / PAGE_SIZE;
	fill.offset = vma_file_offset(v, fill.start);
	lock_release(&mm->lock);
	fill_read(&fill);
	lock_acquire(&mm->lock);
	result = fill_commit(mm, &fill, write);
	if (result == MM_FAULT_BUS && !space_room(mm, 1))
		fault_no_memory(mm, page);
	fill_done(&fill);
	return result;
}

/*
 * A fault that the page's state does not explain: another thread was faster, or the processor cannot keep its promise
 * (no memory behind the page). Who comes again and again is told.
 */
static enum mm_fault_result fault_spurious(struct mm *mm, uint64_t page)
{
	if (mm->spurious_page != page)
		mm->spurious_count = 0;
	mm->spurious_page = page;
	if (++mm->spurious_count < SPURIOUS_MAX)
		return MM_FAULT_DONE;
	kernel_log("page fault at %#lx: the page is there, but the processor has no memory for it", page);
	mm->spurious_count = 0;
	return MM_FAULT_BUS;
}

/* A page that is there, touched in a way that its permissions do not allow, but its area does. */
static enum mm_fault_result fault_gain(struct mm *mm, uint64_t page, uint32_t state, uint32_t need)
{
	if ((state & need) == need)
		return fault_spurious(mm, page);
	epc_extend(page, 1, (state | need) & PAGE_RWX);
	pagemap_set(&mm->pages, page, 1, state | need);
	return MM_FAULT_DONE;
}

static enum mm_fault_result fault_locked(struct mm *mm, uint64_t addr, uint32_t access, struct file **used)
{
	uint32_t state, need = access & FAULT_WRITE ? PROT_WRITE : access & FAULT_FETCH ? PROT_EXEC : PROT_READ;
	uint64_t page = PAGE_DOWN(addr);
	struct vma *v = vma_find(&mm->areas, addr);

	if (!v || (v->start > addr && !fault_grow(mm, v, page)))
		return MM_FAULT_MAPERR;
	if (!(vma_access(v->prot) & need))
		return MM_FAULT_ACCERR;
	state = pagemap_get(&mm->pages, page);
	if (state & PAGE_COMMITTED)
		return fault_gain(mm, page, state, need | PROT_READ);
	if (v->flags & VMA_KERNEL)
		return MM_FAULT_ACCERR; /* no stub is there yet */
	if (!v->file)
		return fault_anonymous(mm, v, page);
	*used = v->file;
	return fault_file(mm, v, page, need == PROT_WRITE);
}

enum mm_fault_result mm_fault(uint64_t addr, uint32_t access)
{
	enum mm_fault_result result;
	struct file *used = NULL; /* its reference goes after the lock: the last one may call the host */

	if (addr >= USER_TOP)
		return MM_FAULT_MAPERR;
	lock_acquire(&mm_self.lock);
	result = fault_locked(&mm_self, addr, access, &used);
	if (result == MM_FAULT_DONE)
		epc_settle();
	mm_self.faults += result == MM_FAULT_DONE;
	lock_release(&mm_self.lock);
	file_put(used);
	return result;
}

/* One stretch of space_populate: where it goes on, or 0 when the file has to be asked for the page at start. */
static uint64_t populate_stretch(struct mm *mm, uint64_t start, uint64_t end, int *error)
{
	const struct vma *v = vma_find(&mm->areas, start);
	uint64_t stop, most = start + AROUND_MAX * PAGE_SIZE;

	if (!v || v->start > start || !vma_access(v->prot)) {
		*error = -ENOMEM;
		return end;
	}
	end = v->end < end ? v->end : end;
	stop = space_uncommitted(mm, start, end < most ? end : most);
	if (stop == start)
		return start + PAGE_SIZE;
	if (v->file)
		return 0;
	if (space_commit(mm, v, start, (stop - start) / PAGE_SIZE) * PAGE_SIZE != stop - start)
		*error = -ENOMEM;
	return stop;
}

int space_populate(uint64_t start, uint64_t end)
{
	int error = 0;

	while (start < end && !error) {
		uint64_t next;

		lock_acquire(&mm_self.lock);
		next = populate_stretch(&mm_self, start, end, &error);
		lock_release(&mm_self.lock);
		if (!next && mm_fault(start, 0) != MM_FAULT_DONE)
			error = -EFAULT;
		start = next ? next : start;
	}
	return error;
}
