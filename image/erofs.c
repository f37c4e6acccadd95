#include "image/erofs.h"
#include "base/bytes.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUPER_OFFSET 1024UL
#define SUPER_ROOT_NID 14
#define SUPER_META_BLOCK 40
#define INODE_SLOT 32UL
#define DIRENT_SIZE 12UL
#define LAYOUT_PLAIN 0
#define LAYOUT_INLINE 2
#define DEPTH_MAX 64

struct erofs {
	const uint8_t *at;
	uint64_t size, meta, block;
	char *path;
	size_t path_size;
	unsigned int depth;
	uint64_t budget; /* inodes and blocks to look at: a damaged image may name a directory again and again */
};

struct erofs_inode {
	uint64_t size, data, tail; /* data: byte offset of whole blocks; tail: of the rest, 0 when it is among them */
	bool directory;
};

static bool erofs_search(struct erofs *e, uint64_t nid, size_t used);

/* At a byte offset of the image; reads beyond the end give zeros and fail. */
static struct bytes_reader erofs_at(const struct erofs *e, uint64_t offset)
{
	if (offset > e->size)
		return (struct bytes_reader){ .failed = true };
	return (struct bytes_reader){ e->at + offset, e->size - offset, false };
}

static bool erofs_inode(const struct erofs *e, uint64_t nid, struct erofs_inode *i)
{
	uint64_t at = e->meta + nid * INODE_SLOT, header;
	struct bytes_reader r;
	uint16_t format, xattrs, mode;
	unsigned int layout;

	if (nid > e->size / INODE_SLOT)
		return false;
	r = erofs_at(e, at);
	format = bytes_u16(&r);
	xattrs = bytes_u16(&r);
	mode = bytes_u16(&r);
	(void)bytes_u16(&r);
	i->size = format & 1 ? bytes_u64(&r) : bytes_u64(&r) & UINT32_MAX;
	i->data = (uint64_t)bytes_u32(&r) * PAGE_SIZE;
	layout = format >> 1 & 7;
	header = (format & 1 ? 64 : 32) + (xattrs ? 12 + 4 * ((uint64_t)xattrs - 1) : 0);
	i->tail = layout == LAYOUT_INLINE && i->size % PAGE_SIZE ? at + header : 0;
	i->directory = S_ISDIR(mode);
	return !r.failed && (S_ISREG(mode) || S_ISLNK(mode) || S_ISDIR(mode)) &&
	       (layout == LAYOUT_PLAIN || layout == LAYOUT_INLINE) && i->size <= e->size;
}

static bool erofs_inode_has(const struct erofs *e, const struct erofs_inode *i)
{
	uint64_t at = e->block * PAGE_SIZE, whole = i->tail ? i->size & ~PAGE_MASK : PAGE_UP(i->size);

	return (at >= i->data && at - i->data < whole) || (i->tail && i->tail / PAGE_SIZE == e->block);
}

static bool erofs_entry(struct erofs *e, uint64_t nid, const uint8_t *name, size_t length, size_t used)
{
	const uint8_t *end = memchr(name, 0, length);

	if (end)
		length = (size_t)(end - name);
	if (!length || (length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.') ||
	    used + length + 2 > e->path_size)
		return false;
	e->path[used] = '/';
	memcpy(e->path + used + 1, name, length);
	e->path[used + 1 + length] = '\0';
	return erofs_search(e, nid, used + 1 + length);
}

/* One block of a directory: entries, then names; the first entry's name says how many entries there are. */
static bool erofs_entries(struct erofs *e, const uint8_t *block, size_t size, size_t used)
{
	struct bytes_reader first = { block + 8, size < DIRENT_SIZE ? 0 : 2, false };
	size_t names = bytes_u16(&first);

	if (names < DIRENT_SIZE || names > size || names % DIRENT_SIZE)
		return false;
	for (size_t at = 0; at < names; at += DIRENT_SIZE) {
		struct bytes_reader r = { block + at, DIRENT_SIZE, false };
		uint64_t nid = bytes_u64(&r);
		size_t from = bytes_u16(&r), to = size;

		if (at + DIRENT_SIZE < names) {
			struct bytes_reader next = { block + at + DIRENT_SIZE + 8, 2, false };

			to = bytes_u16(&next);
		}
		if (from >= names && from < to && to <= size && erofs_entry(e, nid, block + from, to - from, used))
			return true;
	}
	return false;
}

static bool erofs_directory(struct erofs *e, const struct erofs_inode *i, size_t used)
{
	for (uint64_t done = 0; done < i->size && e->budget; done += PAGE_SIZE) {
		uint64_t n = i->size - done < PAGE_SIZE ? i->size - done : PAGE_SIZE;
		struct bytes_reader r = erofs_at(e, i->tail && n < PAGE_SIZE ? i->tail : i->data + done);
		const uint8_t *block = bytes_take(&r, n);

		e->budget--;
		if (block && erofs_entries(e, block, n, used))
			return true;
	}
	return false;
}

static bool erofs_search(struct erofs *e, uint64_t nid, size_t used)
{
	struct erofs_inode i;
	bool found;

	if (e->depth == DEPTH_MAX || !e->budget || !erofs_inode(e, nid, &i))
		return false;
	e->budget--;
	if (erofs_inode_has(e, &i)) {
		e->path[used ? used : 1] = '\0'; /* the root is "/" */
		return true;
	}
	if (!i.directory)
		return false;
	e->depth++;
	found = erofs_directory(e, &i, used);
	e->depth--;
	return found;
}

bool erofs_owner(const uint8_t *image, uint64_t size, uint64_t block, char *path, size_t path_size)
{
	struct erofs e = { .at = image, .size = size, .block = block, .path = path, .path_size = path_size };
	struct bytes_reader root = erofs_at(&e, SUPER_OFFSET + SUPER_ROOT_NID);
	struct bytes_reader meta = erofs_at(&e, SUPER_OFFSET + SUPER_META_BLOCK);

	if (path_size < 2)
		return false;
	path[0] = '/';
	e.budget = size / DIRENT_SIZE + size / PAGE_SIZE;
	e.meta = (uint64_t)bytes_u32(&meta) * PAGE_SIZE;
	return erofs_search(&e, bytes_u16(&root), 0) && !root.failed && !meta.failed;
}
