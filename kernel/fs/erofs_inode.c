#include "abi/linux/stat.h"
#include "base/mem.h"
#include "kernel/fs/erofs_format.h"
#include "kernel/fs/erofs_page.h"

/* What both forms of inode say, before it is judged. */
struct inode_raw {
	uint32_t format;
	uint32_t data;
	uint64_t behind; /* the first byte behind inode and extended attributes */
};

static uint64_t blocks_of(uint64_t size)
{
	return (size >> PAGE_SHIFT) + ((size & PAGE_MASK) != 0);
}

static void compact_decode(const struct erofs *fs, const struct erofs_inode_compact *raw, struct erofs_inode *inode)
{
	inode->size = raw->size;
	inode->mtime = fs->build_time;
	inode->mtime_ns = fs->build_time_ns;
	inode->mode = raw->mode;
	inode->nlink = raw->nlink;
	inode->uid = raw->uid;
	inode->gid = raw->gid;
}

static void extended_decode(const struct erofs_inode_extended *raw, struct erofs_inode *inode)
{
	inode->size = raw->size;
	inode->mtime = (int64_t)raw->mtime;
	inode->mtime_ns = raw->mtime_ns;
	inode->mode = raw->mode;
	inode->nlink = raw->nlink;
	inode->uid = raw->uid;
	inode->gid = raw->gid;
}

static int raw_read(const struct erofs *fs, uint64_t nid, struct erofs_inode *inode, struct inode_raw *raw)
{
	uint64_t at, room = (fs->blocks << PAGE_SHIFT) - fs->meta_start, size = sizeof(struct erofs_inode_compact);
	union {
		struct erofs_inode_compact compact;
		struct erofs_inode_extended extended;
	} u;
	int err;

	if (nid >= room >> EROFS_NID_SHIFT)
		return -EUCLEAN;
	at = fs->meta_start + (nid << EROFS_NID_SHIFT);
	err = erofs_read_bytes(fs, at, &u.compact, sizeof(u.compact));
	if (err)
		return err;
	if (u.compact.format & EROFS_FORMAT_EXTENDED) {
		size = sizeof(u.extended);
		err = erofs_read_bytes(fs, at, &u.extended, sizeof(u.extended));
		if (err)
			return err;
		extended_decode(&u.extended, inode);
	} else {
		compact_decode(fs, &u.compact, inode);
	}
	*raw = (struct inode_raw){ u.compact.format, 0, at + size };
	raw->data = size == sizeof(u.extended) ? u.extended.data : u.compact.data;
	if (u.compact.xattr_count)
		raw->behind += EROFS_XATTR_HEADER + EROFS_XATTR_WORD * (u.compact.xattr_count - 1U);
	return 0;
}

static int flat_check(const struct erofs *fs, const struct inode_raw *raw, struct erofs_inode *inode)
{
	uint64_t blocks = blocks_of(inode->size), tail;

	inode->start = raw->data;
	if (inode->layout == EROFS_FLAT_INLINE && blocks) {
		/*
		 * The tail is the last block's bytes, so never none, and lies in one block together with the inode's
		 * end.
		 */
		blocks--;
		tail = inode->size - (blocks << PAGE_SHIFT);
		inode->tail = raw->behind;
		if ((inode->tail & PAGE_MASK) + tail > PAGE_SIZE || !erofs_inside(fs, inode->tail, tail))
			return -EUCLEAN;
	}
	if (blocks && (inode->start >= fs->blocks || blocks > fs->blocks - inode->start))
		return -EUCLEAN;
	return 0;
}

static int chunked_check(const struct erofs *fs, const struct inode_raw *raw, struct erofs_inode *inode)
{
	uint64_t unit, chunks;

	if (!(fs->features & EROFS_FEATURE_CHUNKED) || !S_ISREG(inode->mode) || raw->data & ~EROFS_CHUNK_KNOWN)
		return -EUCLEAN;
	inode->chunk_shift = raw->data & EROFS_CHUNK_BITS;
	inode->chunk_indexes = raw->data & EROFS_CHUNK_INDEXES;
	unit = inode->chunk_indexes ? sizeof(struct erofs_chunk) : sizeof(uint32_t);
	inode->start = (raw->behind + unit - 1) & ~(unit - 1);
	if (inode->size > INT64_MAX)
		return -EUCLEAN;
	chunks = inode->size ? ((blocks_of(inode->size) - 1) >> inode->chunk_shift) + 1 : 0;
	return erofs_inside(fs, inode->start, chunks * unit) ? 0 : -EUCLEAN;
}

static int data_check(const struct erofs *fs, const struct inode_raw *raw, struct erofs_inode *inode)
{
	switch (inode->layout) {
	case EROFS_FLAT_PLAIN:
	case EROFS_FLAT_INLINE:
		return flat_check(fs, raw, inode);
	case EROFS_CHUNKED:
		return chunked_check(fs, raw, inode);
	case EROFS_COMPRESSED:
	case EROFS_COMPACTED:
		return -EOPNOTSUPP;
	default:
		return -EUCLEAN;
	}
}

int erofs_inode_read(const struct erofs *fs, uint64_t nid, struct erofs_inode *inode)
{
	struct inode_raw raw;
	int err;

	*inode = (struct erofs_inode){ .nid = nid };
	err = raw_read(fs, nid, inode, &raw);
	if (err)
		return err;
	if (raw.format & ~EROFS_FORMAT_KNOWN)
		return -EOPNOTSUPP;
	inode->layout = EROFS_FORMAT_LAYOUT(raw.format);
	switch (inode->mode & S_IFMT) {
	case S_IFLNK:
		if (!inode->size || inode->size > EROFS_SYMLINK_MAX)
			return -EUCLEAN;
		return data_check(fs, &raw, inode);
	case S_IFREG:
	case S_IFDIR:
		return data_check(fs, &raw, inode);
	case S_IFCHR:
	case S_IFBLK:
		inode->device = raw.data; /* Linux's 32-bit form, which is st_rdev for numbers this small */
		inode->size = 0;
		return 0;
	case S_IFIFO:
	case S_IFSOCK:
		inode->size = 0;
		return 0;
	default:
		return -EUCLEAN;
	}
}
