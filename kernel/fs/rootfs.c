/*
 * The EROFS root as inodes and files: see rootfs.h. There is one inode object per file while anybody uses it (locks are
 * found by it); rootfs.lock guards the table of them.
 */
#include "kernel/fs/rootfs.h"
#include "abi/image.h"
#include "abi/linux/dirent.h"
#include "base/mem.h"
#include "kernel/fs/blockcache.h"
#include "kernel/fs/dev.h"
#include "kernel/fs/erofs.h"
#include "kernel/fs/flock.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/ipc/pipe.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

#define INODE_BUCKETS 1024

struct rootfs_inode {
	struct inode inode;
	struct erofs_inode e;
	struct rootfs_inode *next;
};

static struct {
	struct lock lock;
	struct blockcache cache;
	struct erofs erofs;
	struct rootfs_inode *inodes[INODE_BUCKETS];
	uint64_t reported; /* block + 1 that was complained about last */
} rootfs;

static const struct inode_ops rootfs_ops;
static const uint8_t zeros[PAGE_SIZE];

static struct rootfs_inode *rootfs_of(const struct inode *i)
{
	return container_of(i, struct rootfs_inode, inode);
}

/* Once per block: a program that reads on and on shall not fill the log. */
static bool report_once(uint64_t block)
{
	return __atomic_exchange_n(&rootfs.reported, block + 1, __ATOMIC_RELAXED) != block + 1;
}

/* The reader's way to blocks that hold names and inodes. */
static int device_get(void *ctx, uint64_t number, const uint8_t **page)
{
	struct block *b;
	int error = blockcache_get(&rootfs.cache, number, &b);

	(void)ctx;
	if (error == -EBADMSG) {
		if (report_once(number))
			kernel_log(
				"root file system: block %lu (names, small files) does not match the root hash",
				number);
		return -EIO;
	}
	if (error)
		return error;
	*page = b->page;
	return 0;
}

static void device_put(void *ctx, uint64_t number, const uint8_t *page)
{
	struct block *b;

	(void)ctx;
	(void)page;
	lock_acquire(&rootfs.cache.lock);
	for (b = rootfs.cache.buckets[number & rootfs.cache.bucket_mask]; b->number != number;)
		b = b->next; /* it is there: pinned */
	lock_release(&rootfs.cache.lock);
	blockcache_put(b);
}

/* rootfs.lock is held. One that is just being released has no references any more and is passed over. */
static struct rootfs_inode *inode_find(uint64_t nid)
{
	for (struct rootfs_inode *r = rootfs.inodes[nid % INODE_BUCKETS]; r; r = r->next) {
		uint32_t refs = __atomic_load_n(&r->inode.refs, __ATOMIC_RELAXED);

		if (r->e.nid != nid)
			continue;
		while (refs) {
			if (__atomic_compare_exchange_n(&r->inode.refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return r;
		}
	}
	return NULL;
}

static int inode_of(uint64_t nid, struct mount *mount, struct inode **out)
{
	struct rootfs_inode *r, *fresh;
	int error;

	lock_acquire(&rootfs.lock);
	r = inode_find(nid);
	lock_release(&rootfs.lock);
	if (r) {
		*out = &r->inode;
		return 0;
	}
	fresh = heap_alloc(sizeof(*fresh));
	if (!fresh)
		return -ENOMEM;
	error = erofs_inode_read(&rootfs.erofs, nid, &fresh->e);
	if (error) {
		heap_free(fresh);
		return error;
	}
	inode_init(&fresh->inode, &rootfs_ops, fresh->e.mode, nid);
	fresh->inode.mount = mount;
	lock_acquire(&rootfs.lock);
	r = inode_find(nid); /* somebody may have been faster */
	if (!r) {
		r = fresh;
		r->next = rootfs.inodes[nid % INODE_BUCKETS];
		rootfs.inodes[nid % INODE_BUCKETS] = r;
		fresh = NULL;
	}
	lock_release(&rootfs.lock);
	heap_free(fresh);
	*out = &r->inode;
	return 0;
}

static void rootfs_release_inode(struct inode *i)
{
	struct rootfs_inode *r = rootfs_of(i), **at = &rootfs.inodes[r->e.nid % INODE_BUCKETS];

	lock_acquire(&rootfs.lock);
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	lock_release(&rootfs.lock);
	heap_free(r);
}

static int rootfs_lookup(struct inode *dir, const char *name, size_t length, struct inode **out)
{
	uint64_t nid;
	uint8_t type;
	int error = erofs_lookup(&rootfs.erofs, &rootfs_of(dir)->e, name, length, &nid, &type);

	return error ? error : inode_of(nid, dir->mount, out);
}

static long rootfs_readlink(struct inode *i, char *to, size_t size)
{
	return erofs_pread(&rootfs.erofs, &rootfs_of(i)->e, 0, to, size);
}

static int rootfs_getattr(struct inode *i, struct stat *st)
{
	const struct erofs_inode *e = &rootfs_of(i)->e;

	*st = (struct stat){ .st_dev = i->mount->dev,
			     .st_ino = e->nid,
			     .st_nlink = e->nlink,
			     .st_mode = e->mode,
			     .st_uid = e->uid,
			     .st_gid = e->gid,
			     .st_rdev = e->device,
			     .st_size = (int64_t)e->size,
			     .st_blksize = PAGE_SIZE,
			     .st_blocks = (int64_t)((e->size + 511) / 512),
			     .st_atime = (uint64_t)e->mtime,
			     .st_atime_nsec = e->mtime_ns,
			     .st_mtime = (uint64_t)e->mtime,
			     .st_mtime_nsec = e->mtime_ns,
			     .st_ctime = (uint64_t)e->mtime,
			     .st_ctime_nsec = e->mtime_ns };
	return 0;
}

static int rootfs_statfs(struct inode *i, struct statfs *st)
{
	(void)i;
	*st = (struct statfs){ .f_type = (int64_t)EROFS_SUPER_MAGIC_V1, .f_bsize = PAGE_SIZE,
			       .f_blocks = (int64_t)rootfs.erofs.blocks, .f_files = (int64_t)rootfs.erofs.inodes,
			       .f_namelen = NAME_MAX, .f_frsize = PAGE_SIZE, .f_flags = ST_VALID | ST_RDONLY };
	return 0;
}

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
	if (error && report_once(extent->block))
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

static long rootfile_read(struct file *f, const struct iov *to, int64_t *pos)
{
	uint64_t file_size = rootfs_of(f->inode)->e.size, at = (uint64_t)*pos, done = 0, size;
	int error = 0;

	size = at >= file_size ? 0 : to->total < file_size - at ? to->total : file_size - at;
	while (done < size && !error) {
		size_t part = PAGE_SIZE - (at + done) % PAGE_SIZE;

		if (part > size - done)
			part = size - done;
		error = read_part(f, to, done, at + done, part);
		done += error ? 0 : part;
	}
	*pos += (int64_t)done;
	return done ? (long)done : error;
}

static long rootfile_seek(struct file *f, int64_t offset, int whence)
{
	return file_seek_within(f, offset, whence, (int64_t)rootfs_of(f->inode)->e.size);
}

static int rootfile_getattr(struct file *f, struct stat *st)
{
	return rootfs_getattr(f->inode, st);
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

/* Whole blocks are lent in place. They stay for ever: nobody says when he no longer looks. */
static const void *rootfile_map_peek(struct file *f, uint64_t index)
{
	struct erofs_extent x;
	struct block *b;

	if (file_block(f, index, &x, &b) || !b)
		return NULL;
	if (x.offset || x.length != PAGE_SIZE) {
		blockcache_put(b);
		return NULL;
	}
	b->kept = true;
	blockcache_put(b);
	return b->page;
}

static int rootfile_map_check(struct file *f, int prot, int flags, uint64_t offset, uint64_t length)
{
	(void)offset;
	(void)length;
	return file_map_check(f, prot, flags);
}

static int rootfile_sync(struct file *f, bool data_only)
{
	(void)f;
	(void)data_only;
	return 0;
}

static const struct file_ops rootfile_ops = {
	.kind = "rootfile",
	.public = true,
	.positioned = true,
	.read = rootfile_read,
	.seek = rootfile_seek,
	.getattr = rootfile_getattr,
	.sync = rootfile_sync,
	.flock = flock_whole,
	.lock_range = flock_range,
	.map_page = rootfile_map_page,
	.map_peek = rootfile_map_peek,
	.map_check = rootfile_map_check,
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
	.getattr = rootfile_getattr,
	.readdir = rootdir_readdir,
	.sync = rootfile_sync,
	.flock = flock_whole,
	.release = flock_release,
};

static int rootfs_open(struct inode *i, uint32_t flags, struct file **out)
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

static const struct inode_ops rootfs_ops = {
	.lookup = rootfs_lookup,
	.readlink = rootfs_readlink,
	.open = rootfs_open,
	.getattr = rootfs_getattr,
	.statfs = rootfs_statfs,
	.release = rootfs_release_inode,
};

int rootfs_mount(const struct definition_verity *verity, struct inode **root)
{
	struct erofs_device device = { .get = device_get, .put = device_put, .blocks = verity->data_blocks };
	const char *why = NULL;
	int error = blockcache_open(&rootfs.cache, verity->data_blocks, verity->hash_blocks, verity->root_hash);

	if (error) {
		kernel_log("root file system: the hash tree does not fit %lu blocks (error %d)", verity->data_blocks,
			   -error);
		return error;
	}
	error = erofs_open_super(&rootfs.erofs, &device, &why);
	if (error) {
		if (!rootfs.reported)
			kernel_log("root file system: %s%s (error %d)", why ? "found " : "",
				   why ? why : "its first block cannot be used", -error);
		return error;
	}
	return inode_of(rootfs.erofs.root_nid, NULL, root);
}
