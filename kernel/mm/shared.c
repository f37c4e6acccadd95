/*
 * Shared writable mappings of files. The pages of the mapping are a cache of the file: a page gains W at its first
 * write, which marks it dirty; writing back takes W away again, copies, and writes through the file's own operations.
 * There is one cache per part of a file: a second writable mapping of it is refused.
 */
#include "abi/linux/stat.h"
#include "kernel/fs/file.h"
#include "kernel/kernel.h"
#include "kernel/mm/epc.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/space.h"

#define FLUSH_PAGES 16U

/* Dirty pages on their way to the file. */
struct flush {
	struct file *file;
	uint64_t offset, pages;
	uint8_t *buffer; /* FLUSH_PAGES */
};

bool shared_alias(const struct mm *mm, const struct file *f, uint64_t offset, uint64_t length, const struct vma *except)
{
	for (const struct vma *v = vma_find(&mm->areas, 0); v; v = vma_next(&mm->areas, v)) {
		bool same = v->file && (v->file == f || (f->inode && v->file->inode == f->inode));

		if (v != except && same && v->flags & VMA_WRITEBACK && v->prot & PROT_WRITE &&
		    v->offset < offset + length && offset < v->offset + (v->end - v->start)) {
			kernel_log("mmap: a second writable shared mapping of %s is not supported",
				   f->name ? f->name : f->ops->kind);
			return true;
		}
	}
	return false;
}

/* Collect the next dirty run of [*at, end) and make it clean. 1: one was found; 0: none; or a negative errno. */
static int flush_collect(struct mm *mm, uint64_t *at, uint64_t end, struct flush *out)
{
	struct vma *v;

	for (; (v = vma_find_overlap(&mm->areas, *at, end)); *at = v->end) {
		uint64_t stop, limit = v->end < end ? v->end : end;
		uint32_t state;
		int error;

		if (*at < v->start)
			*at = v->start;
		if (!(v->flags & VMA_WRITEBACK))
			continue;
		while ((stop = pagemap_next(&mm->pages, at, limit, &state)) && !(state & PROT_WRITE))
			*at = stop;
		if (!stop)
			continue;
		if (stop - *at > FLUSH_PAGES * PAGE_SIZE)
			stop = *at + FLUSH_PAGES * PAGE_SIZE;
		out->pages = (stop - *at) / PAGE_SIZE;
		error = space_protect(mm, *at, stop, state & PAGE_RWX & ~(uint32_t)PROT_WRITE, false);
		if (error)
			return error;
		epc_read(out->buffer, *at, stop - *at);
		out->file = file_get(v->file);
		out->offset = vma_file_offset(v, *at);
		*at = stop;
		return 1;
	}
	return 0;
}

/* What lies beyond the end of the file was never part of it. */
static int flush_write(const struct flush *f)
{
	uint64_t size = f->pages * PAGE_SIZE, done = 0;
	struct stat st;
	int error = f->file->ops->getattr ? f->file->ops->getattr(f->file, &st) : -EIO;

	if (error || !f->file->ops->write)
		return error ? error : -EIO;
	if (f->offset >= (uint64_t)st.st_size)
		return 0;
	if (size > (uint64_t)st.st_size - f->offset)
		size = (uint64_t)st.st_size - f->offset;
	while (done < size) {
		struct iov from = IOV_KERNEL(f->buffer + done, size - done);
		int64_t pos = (int64_t)(f->offset + done);
		long n = f->file->ops->write(f->file, &from, &pos);

		if (n <= 0)
			return n ? (int)n : -EIO;
		done += (uint64_t)n;
	}
	return 0;
}

int shared_flush(uint64_t start, uint64_t end)
{
	struct flush f = { .buffer = NULL };
	int found = 1, error = 0;

	if (!__atomic_load_n(&mm_self.shared_writable, __ATOMIC_RELAXED))
		return 0;
	f.buffer = heap_pages(FLUSH_PAGES);
	if (!f.buffer)
		return -ENOMEM;
	while (found > 0) {
		int failed;

		lock_acquire(&mm_self.lock);
		found = flush_collect(&mm_self, &start, end, &f);
		lock_release(&mm_self.lock);
		if (found <= 0)
			break;
		failed = flush_write(&f);
		if (failed)
			error = failed;
		file_put(f.file);
	}
	heap_pages_free(f.buffer, FLUSH_PAGES);
	return found < 0 ? found : error;
}

void mm_flush(void)
{
	int error = shared_flush(0, USER_TOP);

	if (error)
		kernel_log("shared mappings: pages could not be written back (error %d)", -error);
}
