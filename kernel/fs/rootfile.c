/* Contents and listings of the measured root: see rootfile.h. */
#include "kernel/fs/rootfile.h"
#include "base/mem.h"
#include "kernel/fs/dev.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

static const uint8_t zeros[PAGE_SIZE];

/* The block that holds a page of a file, pinned; NULL in *b: a hole. Errors are told to people by name and place. */
static int file_block(struct file *f, uint64_t index, struct erofs_extent *extent, struct block **b)
{
	const struct erofs_inode *e = &rootfs_of(f->inode)->e;
	int error = erofs_map_page(&rootfs.erofs, e, index, extent);

	*b = NULL;
	if (error)
		return error == -EINVAL ? -EIO : error;
	if (extent->block == EROFS_HOLE)
		return 0;
	error = blockcache_get(&rootfs.cache, extent->block, b);
	if (error && rootfs_report_once(extent->block))
		kernel_log("%s: block %lu (file offset %lu) %s", f->name ? f->name : "?", index, index * PAGE_SIZE,
			   error == -EBADMSG ? "does not match the root hash" : "cannot be read from the image");
	if (error)
		*b = NULL;
	return error ? -EIO : 0;
}

/* Part of one page to the program. */
static int read_part(struct file *f, const struct iov *to, uint64_t done, uint64_t at, size_t part)
{
	struct erofs_extent x;
	struct block *b;
	size_t start = at % PAGE_SIZE, have;
	int error = file_block(f, at / PAGE_SIZE, &x, &b);

	if (error)
		return error;
	have = !b || start >= x.length ? 0 : part < x.length - start ? part : x.length - start;
	if (have)
		error = iov_put(to, done, b->page + x.offset + start, have);
	if (b)
		blockcache_put(b);
	if (!error && have < part)
		error = iov_put(to, done + have, zeros, part - have);
	return error;
}

/*
 * How many pages from index on, at most `most`, are whole blocks in a row on the device; *first is the first of them.
 */
static uint32_t run_of(const struct erofs_inode *e, uint64_t index, uint32_t most, uint64_t *first)
{
	struct erofs_extent x;
	uint32_t n;

	for (n = 0; n < most; n++) {
		if (erofs_map_page(&rootfs.erofs, e, index + n, &x) || x.block == EROFS_HOLE || x.offset ||
		    x.length != PAGE_SIZE || (n && x.block != *first + n))
			break;
		*first = n ? *first : x.block;
	}
	return n;
}

/* Pages that nobody asked for before, read past the cache: how many; 0 where it has to be tried otherwise. */
static uint32_t read_past(struct file *f, uint64_t index, uint64_t pages, uint8_t **buffer)
{
	uint32_t most = pages < BLOCKCACHE_RUN ? (uint32_t)pages : BLOCKCACHE_RUN, n = 0;
	uint64_t first;

	most = run_of(&rootfs_of(f->inode)->e, index, most, &first);
	while (n < most && !blockcache_seen(&rootfs.cache, first + n))
		n++;
	if (n && !*buffer)
		*buffer = heap_pages(BLOCKCACHE_RUN);
	return n && *buffer && !blockcache_read(&rootfs.cache, first, n, *buffer) ? n : 0;
}

static long read_range(struct file *f, const struct iov *to, uint64_t at, uint64_t size, uint8_t **buffer)
{
	uint64_t done = 0;
	int error = 0;

	while (done < size && !error) {
		size_t part = PAGE_SIZE - (at + done) % PAGE_SIZE;
		uint32_t pages = part == PAGE_SIZE ? read_past(f, (at + done) / PAGE_SIZE, (size - done) / PAGE_SIZE,
							       buffer) : 0;

		if (pages)
			part = pages * PAGE_SIZE;
		else if (part > size - done)
			part = size - done;
		error = pages ? iov_put(to, done, *buffer, part) : read_part(f, to, done, at + done, part);
		done += error ? 0 : part;
	}
	return done ? (long)done : error;
}

static long rootfile_read(struct file *f, const struct iov *to, int64_t *pos)
{
	uint64_t file_size = rootfs_of(f->inode)->e.size, at = (uint64_t)*pos, size;
	uint8_t *buffer = NULL;
	long n;

	size = at >= file_size ? 0 : to->total < file_size - at ? to->total : file_size - at;
	n = read_range(f, to, at, size, &buffer);
	heap_pages_free(buffer, BLOCKCACHE_RUN);
	*pos += n > 0 ? n : 0;
	return n;
}

static long rootfile_seek(struct file *f, int64_t offset, int whence)
{
	return file_seek_within(f, offset, whence, (int64_t)rootfs_of(f->inode)->e.size);
}

static int rootfile_map_page(struct file *f, uint64_t index, void *page)
{
	struct erofs_extent x;
	struct block *b;
	int error = file_block(f, index, &x, &b);
	size_t have = b ? x.length : 0;

	if (error)
		return error;
	if (b) {
		memcpy(page, b->page + x.offset, have);
		blockcache_put(b);
	}
	memset((uint8_t *)page + have, 0, PAGE_SIZE - have);
	return 0;
}

static void rootfile_map_pages(struct file *f, uint64_t index, uint32_t count, uint8_t *pages, bool *ok)
{
	const struct erofs_inode *e = &rootfs_of(f->inode)->e;
	uint64_t first;

	for (uint32_t i = 0, n; i < count; i += n) {
		uint32_t most = count - i < BLOCKCACHE_RUN ? count - i : BLOCKCACHE_RUN;
		uint8_t *to = pages + i * PAGE_SIZE;

		n = run_of(e, index + i, most, &first);
		if (n && !blockcache_read(&rootfs.cache, first, n, to)) {
			memset(ok + i, true, n);
			continue;
		}
		n = 1; /* the odd ones, and those around one that fails */
		ok[i] = !rootfile_map_page(f, index + i, to);
	}
}

static const struct file_ops rootfile_ops = {
	.kind = "rootfile",
	.public = true,
	.positioned = true,
	.read = rootfile_read,
	.seek = rootfile_seek,
	.getattr = file_inode_getattr,
	.sync = file_sync_nothing,
	.flock = flock_whole,
	.lock_range = flock_range,
	.map_page = rootfile_map_page,
	.map_pages = rootfile_map_pages,
	.map_check = file_map_any,
	.release = flock_release,
};

struct one_entry {
	struct listing *l;
	char *name;
	bool found;
};

static bool take_entry(void *arg, const struct erofs_entry *entry)
{
	struct one_entry *one = arg;

	if (one->found || entry->length > NAME_MAX)
		return false;
	memcpy(one->name, entry->name, entry->length);
	one->l->length = entry->length;
	one->l->ino = entry->nid;
	one->l->type = entry->type;
	one->l->next_pos = (int64_t)entry->next;
	one->found = true;
	return true;
}

static int next_entry(struct file *f, struct listing *l, char *name)
{
	struct one_entry one = { l, name, false };
	uint64_t cookie = (uint64_t)f->pos;
	int error = erofs_readdir(&rootfs.erofs, &rootfs_of(f->inode)->e, &cookie, take_entry, &one);

	return error ? error : one.found;
}

static long rootdir_readdir(struct file *f, uint64_t buf, uint64_t size)
{
	return listing_fill(f, buf, size, next_entry);
}

static long rootdir_seek(struct file *f, int64_t offset, int whence)
{
	return file_seek_within(f, offset, whence, INT64_MAX);
}

static const struct file_ops rootdir_ops = {
	.kind = "rootdir",
	.positioned = true,
	.seek = rootdir_seek,
	.getattr = file_inode_getattr,
	.readdir = rootdir_readdir,
	.sync = file_sync_nothing,
	.flock = flock_whole,
	.release = flock_release,
};

int rootfile_open(struct inode *i, uint32_t flags, struct file **out)
{
	if (S_ISFIFO(i->mode))
		return pipe_open_fifo(i, flags, out);
	if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
		return dev_open(i, rootfs_of(i)->e.device, flags, out);
	*out = file_new(S_ISDIR(i->mode) ? &rootdir_ops : &rootfile_ops, flags, NULL);
	if (!*out)
		return -ENOMEM;
	(*out)->inode = inode_get(i);
	return 0;
}
