/* Inside the EROFS reader: a block that is held, and given back at the end of its scope. */
#ifndef ADYTON_KERNEL_FS_EROFS_PAGE_H
#define ADYTON_KERNEL_FS_EROFS_PAGE_H

#include "abi/linux/errno.h"
#include "kernel/fs/erofs.h"

struct erofs_page {
	const struct erofs *fs;
	uint64_t block;
	const uint8_t *at; /* NULL: nothing held */
};

static inline void erofs_page_put(struct erofs_page *page)
{
	if (page->at)
		page->fs->device.put(page->fs->device.ctx, page->block, page->at);
	page->at = NULL;
}
#define _cleanup_page_ __attribute__((cleanup(erofs_page_put)))

/* Into an empty holder. */
static inline must_check int erofs_page_get(const struct erofs *fs, uint64_t block, struct erofs_page *page)
{
	if (block >= fs->blocks)
		return -EUCLEAN;
	*page = (struct erofs_page){ .fs = fs, .block = block };
	return fs->device.get(fs->device.ctx, block, &page->at);
}

/* Copy bytes of the image, wherever they lie; -EUCLEAN when they do not lie in it. */
int erofs_read_bytes(const struct erofs *fs, uint64_t offset, void *to, size_t size) must_check;

/* Do `size` bytes from `offset` lie in the image? */
static inline bool erofs_inside(const struct erofs *fs, uint64_t offset, uint64_t size)
{
	uint64_t bytes = fs->blocks << PAGE_SHIFT; /* blocks has 32 bits on the medium */

	return offset <= bytes && size <= bytes - offset;
}

#endif
