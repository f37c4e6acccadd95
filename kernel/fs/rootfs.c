/*
 * The EROFS root as inodes: see rootfs.h. There is one inode object per file while anybody uses it (locks are
 * found by it); rootfs.lock guards the table of them.
 */
#include "kernel/fs/rootfs.h"
#include "abi/image.h"
#include "kernel/fs/rootfile.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"

struct rootfs rootfs;

static const struct inode_ops rootfs_ops;

/* Once per block: a program that reads on and on shall not fill the log. */
bool rootfs_report_once(uint64_t block)
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
		if (rootfs_report_once(number))
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
	for (struct rootfs_inode *r = rootfs.inodes[nid % ROOTFS_BUCKETS]; r; r = r->next) {
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
		r->next = rootfs.inodes[nid % ROOTFS_BUCKETS];
		rootfs.inodes[nid % ROOTFS_BUCKETS] = r;
		fresh = NULL;
	}
	lock_release(&rootfs.lock);
	heap_free(fresh);
	*out = &r->inode;
	return 0;
}

static void rootfs_release_inode(struct inode *i)
{
	struct rootfs_inode *r = rootfs_of(i), **at = &rootfs.inodes[r->e.nid % ROOTFS_BUCKETS];

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

static const struct inode_ops rootfs_ops = {
	.lookup = rootfs_lookup,
	.readlink = rootfs_readlink,
	.open = rootfile_open,
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
		if (!rootfs.reported) /* else it is said which block does not match */
			kernel_log("root file system: %s%s (error %d)", why ? "found " : "",
				   why ? why : "its first block cannot be used", -error);
		return error;
	}
	return inode_of(rootfs.erofs.root_nid, NULL, root);
}
