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

bool shared_writable;

/* Dirty pages on their way to the file. */
struct flush {
	struct file *file;
	uint64_t offset, pages;
	uint8_t *buffer; /* FLUSH_PAGES */
};

/* Which file is it? False: one that nobody maps. */
bool shared_identity(struct file *f, uint64_t *device, uint64_t *inode)
{
	struct stat st;

	if (!f->ops->getattr || !f->ops->map_check || f->ops->getattr(f, &st))
		return false;
	*device = st.st_dev;
	*inode = st.st_ino;
	return true;
}

/* The next area at or above *at that caches part of [offset, offset+length) of the file. */
static struct vma *shared_find(const struct mm *mm, uint64_t *at, uint64_t device, uint64_t inode, uint64_t offset,
			       uint64_t length)
{
	for (struct vma *v; (v = vma_find(&mm->areas, *at)); *at = v->end)
		if (v->flags & VMA_WRITEBACK && v->device == device && v->inode == inode &&
		    v->offset < offset + length && offset < v->offset + (v->end - v->start))
			return v;
	return NULL;
}

bool shared_alias(const struct mm *mm, const struct vma *as, const struct vma *except)
{
	uint64_t at = 0;
	const struct vma *v;

	while ((v = shared_find(mm, &at, as->device, as->inode, as->offset, as->end - as->start))) {
		if (v != except && v->prot & PROT_WRITE) {
			kernel_log("mmap: a second writable shared mapping of %s is not supported",
				   as->file->name ? as->file->name : as->file->ops->kind);
			return true;
		}
		at = v->end;
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

	if (!__atomic_load_n(&shared_writable, __ATOMIC_RELAXED))
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

/* The program's addresses of [offset, offset+length) in one area. */
static void shared_addresses(const struct vma *v, uint64_t offset, uint64_t length, uint64_t *start, uint64_t *end)
{
	uint64_t low = offset > v->offset ? PAGE_DOWN(offset) - v->offset : 0;
	uint64_t high = PAGE_UP(offset + length) - v->offset, size = v->end - v->start;

	*start = v->start + low;
	*end = v->start + (high < size ? high : size);
}

/* Clean pages of the range go; those that were written since stay, and win. */
static void shared_forget(struct mm *mm, uint64_t start, uint64_t end)
{
	uint32_t state;

	for (uint64_t stop; (stop = pagemap_next(&mm->pages, &start, end, &state)); start = stop)
		if (state & PAGE_COMMITTED && !(state & PROT_WRITE) && space_release(mm, start, stop))
			kernel_log("pages at %#lx could not be given back", start);
}

static void shared_each(struct file *f, uint64_t offset, uint64_t length, bool written)
{
	uint64_t device, inode, at = 0, start = 0, end = 0;
	struct vma *v;

	if (!length || offset > INT64_MAX || !shared_identity(f, &device, &inode))
		return;
	if (length > INT64_MAX - offset)
		length = INT64_MAX - offset;
	do {
		lock_acquire(&mm_self.lock);
		v = shared_find(&mm_self, &at, device, inode, offset, length);
		if (v) {
			at = v->end;
			shared_addresses(v, offset, length, &start, &end);
			if (written)
				shared_forget(&mm_self, start, end);
		}
		lock_release(&mm_self.lock);
		if (v && !written && shared_flush(start, end))
			kernel_log("shared mappings: pages at %#lx could not be written back", start);
	} while (v);
}

void shared_before(struct file *f, uint64_t offset, uint64_t length)
{
	shared_each(f, offset, length, false);
}

void shared_written(struct file *f, uint64_t offset, uint64_t length)
{
	shared_each(f, offset, length, true);
}

void mm_flush(void)
{
	int error = shared_flush(0, USER_TOP);

	if (error)
		kernel_log("shared mappings: pages could not be written back (error %d)", -error);
}
