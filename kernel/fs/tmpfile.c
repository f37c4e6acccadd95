/* Contents of files in enclave memory: see tmpfs.h. */
#include "abi/linux/memfd.h"
#include "abi/linux/mman.h"
#include "base/mem.h"
#include "kernel/fs/dev.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

static const uint8_t zeros[PAGE_SIZE];

static void free_page_of(struct tmpfs_node *n, void *page)
{
	heap_pages_free(page, 1);
	__atomic_sub_fetch(&n->fs->pages, 1, __ATOMIC_RELAXED);
}

/* inode.lock is held, here and in the next three. A page that somebody may still be copying waits in the grave. */
static void bury(void *ctx, void *page)
{
	struct tmpfs_node *n = ctx;

	if (!n->busy) {
		free_page_of(n, page);
		return;
	}
	if (n->grave_count == n->grave_room) {
		uint32_t room = n->grave_room ? n->grave_room * 2 : 16;
		void **grave = heap_alloc(room * sizeof(*grave));

		if (!grave)
			return; /* the page stays lost: better than given to somebody else */
		if (n->grave)
			memcpy(grave, n->grave, n->grave_count * sizeof(*grave));
		heap_free(n->grave);
		n->grave = grave;
		n->grave_room = room;
	}
	n->grave[n->grave_count++] = page;
}

static void busy_end(struct tmpfs_node *n)
{
	if (--n->busy)
		return;
	while (n->grave_count)
		free_page_of(n, n->grave[--n->grave_count]);
}

static void *page_make(struct tmpfs_node *n, uint64_t index)
{
	uint64_t before = n->pages.pages;
	void *page;

	if (!pagetree_get(&n->pages, index) && __atomic_load_n(&n->fs->pages, __ATOMIC_RELAXED) >= n->fs->page_limit)
		return NULL;
	page = pagetree_make(&n->pages, index);
	__atomic_add_fetch(&n->fs->pages, n->pages.pages - before, __ATOMIC_RELAXED);
	return page;
}

/* Zero [from, to) in the page that holds `from`; the range lies in one page. */
static void zero_part(struct tmpfs_node *n, uint64_t from, uint64_t to)
{
	uint8_t *page = pagetree_get(&n->pages, from / PAGE_SIZE);

	if (page)
		memset(page + from % PAGE_SIZE, 0, to - from);
}

void tmpfile_destroy(struct tmpfs_node *n)
{
	__atomic_sub_fetch(&n->fs->pages, n->pages.pages, __ATOMIC_RELAXED);
	pagetree_destroy(&n->pages);
	heap_free(n->grave);
}

int tmpfile_truncate(struct tmpfs_node *n, uint64_t size)
{
	if (size > INT64_MAX)
		return -EFBIG;
	LOCKED(&n->inode.lock);
	if ((size < n->size && n->seals & F_SEAL_SHRINK) || (size > n->size && n->seals & F_SEAL_GROW))
		return -EPERM;
	if (size < n->size) {
		pagetree_remove(&n->pages, PAGE_UP(size) / PAGE_SIZE, PAGETREE_INDEX_MAX, bury, n);
		if (size % PAGE_SIZE) /* bytes beyond the end are zeros when the file grows again */
			zero_part(n, size, PAGE_UP(size));
	}
	n->size = size;
	n->mtime = n->ctime = tmpfs_now();
	return 0;
}

static long tmpfile_read(struct file *f, const struct iov *to, int64_t *pos)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);
	uint64_t at = (uint64_t)*pos, done = 0, size = to->total;
	int error = 0;

	lock_acquire(&n->inode.lock);
	size = at >= n->size ? 0 : size < n->size - at ? size : n->size - at;
	n->busy++;
	while (done < size && !error) {
		size_t start = (at + done) % PAGE_SIZE,
		       part = PAGE_SIZE - start < size - done ? PAGE_SIZE - start : size - done;
		const uint8_t *page = pagetree_get(&n->pages, (at + done) / PAGE_SIZE);

		lock_release(&n->inode.lock);
		error = iov_put(to, done, (page ? page : zeros) + start, part);
		lock_acquire(&n->inode.lock);
		done += error ? 0 : part;
	}
	if (done && !(f->flags & O_NOATIME))
		n->atime = tmpfs_now();
	busy_end(n);
	lock_release(&n->inode.lock);
	*pos += (int64_t)done;
	return done ? (long)done : error;
}

/* inode.lock is held: where a write begins, how much of it is allowed. */
static long write_begin(struct tmpfs_node *n, const struct file *f, uint64_t *at, uint64_t size)
{
	if (n->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (f->flags & O_APPEND)
		*at = n->size;
	if (*at >= INT64_MAX)
		return -EFBIG;
	if (size > INT64_MAX - *at)
		size = INT64_MAX - *at;
	if (n->seals & F_SEAL_GROW && size > (n->size > *at ? n->size - *at : 0)) {
		size = n->size > *at ? n->size - *at : 0;
		if (!size)
			return -EPERM;
	}
	return (long)size;
}

static long tmpfile_write(struct file *f, const struct iov *from, int64_t *pos)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);
	uint64_t at = (uint64_t)*pos, done = 0;
	long size;
	int error = 0;

	lock_acquire(&n->inode.lock);
	size = write_begin(n, f, &at, from->total);
	n->busy++;
	while (!error && size > 0 && done < (uint64_t)size) {
		size_t start = (at + done) % PAGE_SIZE, left = (uint64_t)size - done;
		size_t part = PAGE_SIZE - start < left ? PAGE_SIZE - start : left;
		uint8_t *page = page_make(n, (at + done) / PAGE_SIZE);

		if (!page) {
			error = -ENOSPC;
			break;
		}
		lock_release(&n->inode.lock);
		error = iov_get(from, done, page + start, part);
		lock_acquire(&n->inode.lock);
		if (error) {
			uint64_t end = at + done > n->size ? at + done : n->size;

			if (at + done + part > end) /* what was copied before the fault is no part of the file */
				zero_part(n, end, at + done + part);
			break;
		}
		done += part;
		if (at + done > n->size)
			n->size = at + done;
	}
	if (done)
		n->mtime = n->ctime = tmpfs_now();
	busy_end(n);
	lock_release(&n->inode.lock);
	if (done)
		*pos = (int64_t)(at + done);
	return done ? (long)done : size < 0 ? size : error;
}

static long tmpfile_seek(struct file *f, int64_t offset, int whence)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);

	return file_seek_within(f, offset, whence, (int64_t)__atomic_load_n(&n->size, __ATOMIC_RELAXED));
}

static void punch(struct tmpfs_node *n, uint64_t from, uint64_t to)
{
	if (from / PAGE_SIZE == to / PAGE_SIZE) {
		zero_part(n, from, to);
		return;
	}
	if (from % PAGE_SIZE)
		zero_part(n, from, PAGE_UP(from));
	if (to % PAGE_SIZE)
		zero_part(n, PAGE_DOWN(to), to);
	if (PAGE_UP(from) < PAGE_DOWN(to))
		pagetree_remove(&n->pages, PAGE_UP(from) / PAGE_SIZE, to / PAGE_SIZE - 1, bury, n);
}

static long tmpfile_fallocate(struct file *f, int mode, int64_t offset, int64_t length)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);
	uint64_t from = (uint64_t)offset, to = from + (uint64_t)length;
	bool hole = mode & FALLOC_FL_PUNCH_HOLE, zero = mode & FALLOC_FL_ZERO_RANGE;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE) || (hole && zero) ||
	    (hole && !(mode & FALLOC_FL_KEEP_SIZE)))
		return -EOPNOTSUPP;
	LOCKED(&n->inode.lock);
	if ((hole || zero) && n->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (!hole && to > n->size && n->seals & F_SEAL_GROW)
		return -EPERM;
	if (hole || zero)
		punch(n, from, to);
	if (!hole && (to - from) / PAGE_SIZE > n->fs->page_limit)
		return -ENOSPC;
	for (uint64_t index = from / PAGE_SIZE; !hole && index * PAGE_SIZE < to; index++) {
		if (!page_make(n, index))
			return -ENOSPC;
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && to > n->size)
		n->size = to;
	n->mtime = n->ctime = tmpfs_now();
	return 0;
}

static int tmpfile_map_page(struct file *f, uint64_t index, void *to)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);
	const void *page;

	LOCKED(&n->inode.lock);
	if (index >= PAGE_UP(n->size) / PAGE_SIZE)
		return -EIO;
	page = pagetree_get(&n->pages, index);
	memcpy(to, page ? page : zeros, PAGE_SIZE);
	return 0;
}

static int tmpfile_map_check(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	struct tmpfs_node *n = tmpfs_node_of_file(f);

	(void)offset;
	(void)length;
	if ((flags & MAP_TYPE) != MAP_PRIVATE && prot & PROT_WRITE && n->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return file_map_check(f, prot, flags);
}

static const struct file_ops tmpfile_ops = {
	.kind = "tmpfile",
	.positioned = true,
	.read = tmpfile_read,
	.write = tmpfile_write,
	.seek = tmpfile_seek,
	.getattr = file_inode_getattr,
	.sync = file_sync_nothing,
	.fallocate = tmpfile_fallocate,
	.flock = flock_whole,
	.lock_range = flock_range,
	.fcntl = memfd_fcntl,
	.map_page = tmpfile_map_page,
	.map_check = tmpfile_map_check,
	.release = flock_release,
};

static const struct file_ops tmpdir_ops = {
	.kind = "tmpdir",
	.positioned = true,
	.seek = tmpdir_seek,
	.getattr = file_inode_getattr,
	.readdir = tmpdir_readdir,
	.sync = file_sync_nothing,
	.flock = flock_whole,
	.release = flock_release,
};

int tmpfile_open(struct inode *i, uint32_t flags, struct file **out)
{
	if (S_ISFIFO(i->mode))
		return pipe_open_fifo(i, flags, out);
	if (S_ISCHR(i->mode))
		return dev_open(i, tmpfs_node_of(i)->rdev, flags, out);
	if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
		return -ENXIO;
	*out = file_new(S_ISDIR(i->mode) ? &tmpdir_ops : &tmpfile_ops, flags, NULL);
	if (!*out)
		return -ENOMEM;
	(*out)->inode = inode_get(i);
	return 0;
}
