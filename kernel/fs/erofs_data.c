#include "base/mem.h"
#include "kernel/fs/erofs_format.h"
#include "kernel/fs/erofs_page.h"

static int chunk_block(const struct erofs *fs, const struct erofs_inode *inode, uint64_t page_index, uint64_t *block)
{
	uint64_t chunk = page_index >> inode->chunk_shift;
	uint64_t within = page_index & ((1UL << inode->chunk_shift) - 1);
	struct erofs_chunk entry = { 0 };
	int err;

	if (inode->chunk_indexes)
		err = erofs_read_bytes(fs, inode->start + chunk * sizeof(entry), &entry, sizeof(entry));
	else
		err = erofs_read_bytes(fs, inode->start + chunk * sizeof(entry.block), &entry.block,
				       sizeof(entry.block));
	if (err)
		return err;
	if (entry.device)
		return -EUCLEAN; /* there is but one */
	*block = entry.block == EROFS_CHUNK_HOLE ? EROFS_HOLE : entry.block + within;
	return *block == EROFS_HOLE || *block < fs->blocks ? 0 : -EUCLEAN;
}

int erofs_map_page(const struct erofs *fs, const struct erofs_inode *inode, uint64_t page_index,
		   struct erofs_extent *extent)
{
	uint64_t left;

	if (!inode->size || page_index > (inode->size - 1) >> PAGE_SHIFT)
		return -EINVAL;
	left = inode->size - (page_index << PAGE_SHIFT);
	*extent = (struct erofs_extent){ .length = (uint32_t)(left < PAGE_SIZE ? left : PAGE_SIZE) };
	if (inode->layout == EROFS_CHUNKED)
		return chunk_block(fs, inode, page_index, &extent->block);
	if (inode->layout == EROFS_FLAT_INLINE && left <= PAGE_SIZE) {
		extent->block = inode->tail >> PAGE_SHIFT;
		extent->offset = inode->tail & PAGE_MASK;
		return 0;
	}
	extent->block = inode->start + page_index;
	return 0;
}

/* Copy part of an extent; bytes of a hole are zeros. */
static int extent_read(const struct erofs *fs, const struct erofs_extent *extent, uint32_t skip, void *to, size_t size)
{
	_cleanup_page_ struct erofs_page page = { 0 };
	int err;

	if (extent->block == EROFS_HOLE) {
		memset(to, 0, size);
		return 0;
	}
	err = erofs_page_get(fs, extent->block, &page);
	if (err)
		return err;
	memcpy(to, page.at + extent->offset + skip, size);
	return 0;
}

int erofs_read_page(const struct erofs *fs, const struct erofs_inode *inode, uint64_t page_index, void *page)
{
	struct erofs_extent extent;
	int err = erofs_map_page(fs, inode, page_index, &extent);

	if (err)
		return err;
	memset((uint8_t *)page + extent.length, 0, PAGE_SIZE - extent.length);
	return extent_read(fs, &extent, 0, page, extent.length);
}

long erofs_pread(const struct erofs *fs, const struct erofs_inode *inode, uint64_t offset, void *to, size_t size)
{
	uint8_t *at = to;
	size_t done = 0;

	if (offset >= inode->size)
		return 0;
	if (size > inode->size - offset)
		size = inode->size - offset;
	if (size > INT64_MAX)
		size = INT64_MAX;
	while (done < size) {
		uint32_t skip = (offset + done) & PAGE_MASK;
		size_t take = size - done < PAGE_SIZE - skip ? size - done : PAGE_SIZE - skip;
		struct erofs_extent extent;
		int err = erofs_map_page(fs, inode, (offset + done) >> PAGE_SHIFT, &extent);

		if (!err)
			err = extent_read(fs, &extent, skip, at + done, take);
		if (err)
			return done ? (long)done : err;
		done += take;
	}
	return (long)done;
}
