/* The system calls over map.c: mmap, munmap, mprotect, msync, mincore. */
#include "base/mem.h"
#include "kernel/fs/file.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/space.h"
#include "kernel/syscall.h"

SYSCALL6(mmap, uint64_t, addr, uint64_t, length, int, prot, int, flags, int, fd, uint64_t, offset)
{
	struct file *f = NULL;
	long at;

	if (!(flags & MAP_ANONYMOUS)) {
		f = fd_get(fd);
		if (!f)
			return -EBADF;
	}
	at = mm_map(addr, length, prot, flags, f, offset);
	file_put(f);
	return at;
}

SYSCALL2(munmap, uint64_t, addr, uint64_t, length)
{
	return mm_unmap(addr, length);
}

SYSCALL3(mprotect, uint64_t, addr, uint64_t, length, int, prot)
{
	return mm_protect(addr, length, prot);
}

/* A file of the range that has to be made durable: the first at or after *at, with a reference. */
static struct file *msync_next(uint64_t *at, uint64_t end)
{
	struct file *f = NULL;

	LOCKED(&mm_self.lock);
	for (struct vma *v; !f && (v = vma_find_overlap(&mm_self.areas, *at, end)); *at = v->end)
		if (v->flags & VMA_WRITEBACK)
			f = file_get(v->file);
	return f;
}

SYSCALL3(msync, uint64_t, addr, uint64_t, length, int, flags)
{
	uint64_t end = addr + PAGE_UP(length);
	struct file *f;
	int error;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || addr & PAGE_MASK ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (!user_range_ok(addr, PAGE_UP(length)))
		return -ENOMEM;
	error = shared_flush(addr, end);
	if (!error && !space_mapped(addr, end))
		error = -ENOMEM;
	while (!error && flags & MS_SYNC && (f = msync_next(&addr, end))) {
		error = f->ops->sync ? f->ops->sync(f, true) : 0;
		file_put(f);
	}
	return error;
}

#define MINCORE_CHUNK 1024U

/* What the enclave has is resident: its pages are never swapped by us. */
static int mincore_chunk(uint64_t addr, uint64_t pages, uint8_t *to)
{
	LOCKED(&mm_self.lock);
	for (uint64_t i = 0; i < pages; i++) {
		struct vma *v = vma_find(&mm_self.areas, addr + i * PAGE_SIZE);

		if (!v || v->start > addr + i * PAGE_SIZE)
			return -ENOMEM;
		to[i] = !!(pagemap_get(&mm_self.pages, addr + i * PAGE_SIZE) & PAGE_COMMITTED);
	}
	return 0;
}

SYSCALL3(mincore, uint64_t, addr, uint64_t, length, uint64_t, vec)
{
	uint64_t pages = PAGE_UP(length) / PAGE_SIZE;
	uint8_t *chunk;
	int error = 0;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!user_range_ok(addr, length))
		return -ENOMEM;
	if (!user_range_ok(vec, pages))
		return -EFAULT;
	chunk = heap_alloc(MINCORE_CHUNK);
	if (!chunk)
		return -EAGAIN;
	while (pages && !error) {
		uint64_t n = pages < MINCORE_CHUNK ? pages : MINCORE_CHUNK;

		error = mincore_chunk(addr, n, chunk);
		if (!error)
			error = copy_to_user(vec, chunk, n);
		addr += n * PAGE_SIZE;
		vec += n;
		pages -= n;
	}
	heap_free(chunk);
	return error;
}
