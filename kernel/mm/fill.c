#include "kernel/mm/fill.h"

#include "base/mem.h"
#include "kernel/fs/file.h"
#include "kernel/mm/heap.h"

/* Size of the file in pages: what lies beyond cannot be touched. */
static uint64_t fill_file_pages(struct file *f)
{
	struct stat st;

	if (!f->ops->getattr || f->ops->getattr(f, &st))
		return 0;
	return S_ISREG(st.st_mode) ? PAGE_UP((uint64_t)st.st_size) / PAGE_SIZE : UINT64_MAX / PAGE_SIZE;
}

static bool fill_buffer(struct fill *fill)
{
	while (!fill->buffer && fill->room) {
		fill->buffer = heap_pages(fill->room);
		if (!fill->buffer)
			fill->room /= 2;
	}
	return fill->buffer;
}

/* Files of the host are read at once: one exit for the whole run. The end of the file is where the bytes end. */
static void fill_from_host(struct fill *fill)
{
	uint64_t size, got = 0;

	if (!fill_buffer(fill))
		return;
	size = fill->room * PAGE_SIZE;
	while (got < size) {
		struct iov to = IOV_KERNEL(fill->buffer + got, size - got);
		int64_t pos = (int64_t)(fill->offset + got);
		long n = fill->file->ops->read(fill->file, &to, &pos);

		if (n <= 0)
			break;
		got += (uint64_t)n;
	}
	for (uint64_t i = 0; i * PAGE_SIZE < got; i++)
		fill->source[i] = fill->buffer + i * PAGE_SIZE;
}

static void fill_at_once(struct fill *fill, uint32_t count)
{
	bool ok[AROUND_FILE_MAX] = { 0 };

	fill->file->ops->map_pages(fill->file, fill->offset / PAGE_SIZE, count, fill->buffer, ok);
	for (uint32_t i = 0; i < count; i++)
		fill->source[i] = ok[i] ? fill->buffer + i * PAGE_SIZE : NULL;
}

static void fill_one_by_one(struct fill *fill, uint32_t count)
{
	const struct file_ops *ops = fill->file->ops;

	for (uint32_t i = 0; ops->map_page && i < count; i++) {
		uint8_t *page = fill->buffer + i * PAGE_SIZE;

		fill->source[i] = ops->map_page(fill->file, fill->offset / PAGE_SIZE + i, page) ? NULL : page;
	}
}

void fill_read(struct fill *fill)
{
	const struct file_ops *ops = fill->file->ops;
	uint64_t pages, index = fill->offset / PAGE_SIZE, count;

	fill->room = fill->count;
	if (fill->file->host_fd >= 0 && !ops->map_pages && ops->read) {
		fill_from_host(fill);
		return;
	}
	pages = fill_file_pages(fill->file);
	count = index < pages ? pages - index : 0;
	count = count < fill->count ? count : fill->count;
	if (!count || !fill_buffer(fill))
		return;
	count = count < fill->room ? count : fill->room;
	if (ops->map_pages)
		fill_at_once(fill, (uint32_t)count);
	else
		fill_one_by_one(fill, (uint32_t)count);
}

enum mm_fault_result fill_commit(struct mm *mm, const struct fill *fill, bool write)
{
	const struct vma *v = vma_find(&mm->areas, fill->wanted);
	uint64_t wanted = (fill->wanted - fill->start) / PAGE_SIZE;
	enum mm_fault_result result = MM_FAULT_DONE;
	uint32_t rwx;

	if (!v || v->start > fill->wanted || v->file != fill->file ||
	    vma_file_offset(v, fill->wanted) != fill->offset + wanted * PAGE_SIZE)
		return MM_FAULT_DONE; /* run again, and see what is there now */
	rwx = vma_access(v->prot);
	for (uint64_t i = 0; i < fill->count; i++) {
		uint64_t addr = fill->start + i * PAGE_SIZE;
		uint32_t page_rwx = rwx;
		int error = -EIO;

		if (addr < v->start || addr >= v->end || pagemap_get(&mm->pages, addr) & PAGE_COMMITTED)
			continue;
		if (v->flags & VMA_WRITEBACK && !(write && i == wanted))
			page_rwx &= ~(uint32_t)PROT_WRITE;
		if (fill->source[i])
			error = space_commit_copy(mm, addr, fill->source[i], page_rwx, v->file->ops->public);
		if (error && i == wanted)
			result = MM_FAULT_BUS;
	}
	return result;
}

void fill_done(struct fill *fill)
{
	if (fill->buffer)
		heap_pages_free(fill->buffer, fill->room);
}
