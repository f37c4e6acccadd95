/*
 * Changing program text. A page with X and without W cannot be stored to, and stores would tear under the threads that
 * run there; so the page as a whole leaves the enclave and a changed copy takes its place (EACCEPTCOPY wants a page
 * that is PENDING: there is no cheaper way, SDM 3D 40.4). Whoever runs into the gap faults and waits for mm->lock.
 */
#include "base/mem.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/space.h"

/* of a 32-bit displacement, with room for the page and the site's neighbourhood */
#define STUB_REACH (2 * GIB - 2 * MIB)
#define INT3 0xcc

static int text_replace(struct mm *mm, uint64_t addr, const void *bytes, size_t size, uint8_t *copy)
{
	uint64_t page = PAGE_DOWN(addr);
	const struct vma *v = vma_find(&mm->areas, addr);
	uint32_t state = pagemap_get(&mm->pages, page), rwx = state & PAGE_RWX;
	int error;

	if (v && v->start <= addr && v->flags & VMA_KERNEL && !state) {
		memset(copy, INT3, PAGE_SIZE); /* the first stub on its page */
		memcpy(copy + (addr - page), bytes, size);
		return space_commit_copy(mm, page, copy, PROT_READ | PROT_EXEC, true);
	}
	if (!v || v->start > addr || !(state & PAGE_COMMITTED))
		return -EFAULT;
	if (v->flags & VMA_SHARED || rwx != (PROT_READ | PROT_EXEC))
		return -EACCES;
	epc_read(copy, page, PAGE_SIZE);
	memcpy(copy + (addr - page), bytes, size);
	error = epc_remove(page, 1);
	if (!error && epc_add_copy(page, (uint64_t)copy, rwx))
		kernel_die("the page of text at %#lx could not be put back: the processor has no memory", page);
	epc_settle();
	return error;
}

int mm_patch_text(uint64_t addr, const void *bytes, size_t size)
{
	uint8_t *copy;
	int error;

	if (addr >= USER_TOP || size > PAGE_SIZE - (addr & PAGE_MASK))
		return -EINVAL;
	copy = heap_pages(1);
	if (!copy)
		return -ENOMEM;
	lock_acquire(&mm_self.lock);
	error = text_replace(&mm_self, addr, bytes, size, copy);
	lock_release(&mm_self.lock);
	heap_pages_free(copy, 1);
	return error;
}

/* Below the site first: above a program lies the heap, which wants to grow. */
static uint64_t stub_choose(struct mm *mm, uint64_t near, uint64_t size)
{
	uint64_t low = near > USER_BOTTOM + STUB_REACH ? near - STUB_REACH : USER_BOTTOM;
	uint64_t high = near < MM_TOP - STUB_REACH ? near + STUB_REACH : MM_TOP, found;

	found = vma_gap(&mm->areas, size, low, near < high ? near : high);
	return found ? found : vma_gap(&mm->areas, size, near, high);
}

/* Its pages come with the first stub on them. */
static long stub_add(struct mm *mm, uint64_t near, size_t count)
{
	uint64_t size = count * PAGE_SIZE, at = stub_choose(mm, near, size);
	struct vma *v = at ? space_area_new(mm, at, at + size, PROT_READ | PROT_EXEC, VMA_KERNEL) : NULL;

	return v ? (long)at : -ENOMEM;
}

long mm_stub_pages(uint64_t near, size_t count)
{
	LOCKED(&mm_self.lock);
	return stub_add(&mm_self, PAGE_DOWN(near), count);
}
