/* Attributes of files in enclave memory: see tmpfs.h. */
#include "kernel/fs/tmpfs.h"
#include "kernel/task/process.h"

int tmpfs_getattr(struct inode *i, struct stat *st)
{
	struct tmpfs_node *n = tmpfs_node_of(i);

	LOCKED(&i->lock);
	*st = (struct stat){
		.st_dev = i->mount ? i->mount->dev : DEV_MAKE(0U, 39U),
		.st_ino = i->ino,
		.st_nlink = n->nlink,
		.st_mode = i->mode,
		.st_uid = n->uid,
		.st_gid = n->gid,
		.st_rdev = n->rdev,
		.st_size = S_ISDIR(i->mode) ? 40 + 20 * (int64_t)n->entry_count : (int64_t)n->size,
		.st_blksize = PAGE_SIZE,
		.st_blocks = (int64_t)(n->pages.pages * (PAGE_SIZE / 512)),
		.st_atime = (uint64_t)n->atime.tv_sec,
		.st_atime_nsec = (uint64_t)n->atime.tv_nsec,
		.st_mtime = (uint64_t)n->mtime.tv_sec,
		.st_mtime_nsec = (uint64_t)n->mtime.tv_nsec,
		.st_ctime = (uint64_t)n->ctime.tv_sec,
		.st_ctime_nsec = (uint64_t)n->ctime.tv_nsec,
	};
	return 0;
}

/* Who may change what (chmod(2), chown(2), utimensat(2)). */
static int setattr_check(struct inode *i, const struct tmpfs_node *n, const struct inode_attr *a)
{
	const struct credentials *c = &init_process.cred;
	bool times = a->valid & (ATTR_ATIME | ATTR_MTIME), owner = c->fsuid == n->uid;

	if (!c->fsuid)
		return 0;
	if (a->valid & ATTR_UID && !(owner && a->uid == n->uid))
		return -EPERM;
	if (a->valid & ATTR_GID && !(owner && a->gid == c->fsgid))
		return -EPERM;
	if ((a->valid & ATTR_MODE || times) && !owner)
		return -EPERM;
	if (a->valid & (ATTR_ATIME_NOW | ATTR_MTIME_NOW) && !owner)
		return inode_permission(i, W_OK);
	return 0;
}

int tmpfs_setattr(struct inode *i, const struct inode_attr *a)
{
	struct tmpfs_node *n = tmpfs_node_of(i);
	struct timespec now = tmpfs_now();
	int error = setattr_check(i, n, a);

	if (!error && a->valid & ATTR_SIZE)
		error = tmpfile_truncate(n, a->size);
	if (error)
		return error;
	LOCKED(&i->lock);
	if (a->valid & (ATTR_UID | ATTR_GID) && !S_ISDIR(i->mode))
		i->mode &= ~(uint32_t)(S_ISUID | (i->mode & S_IXGRP ? S_ISGID : 0));
	if (a->valid & ATTR_UID)
		n->uid = a->uid;
	if (a->valid & ATTR_GID)
		n->gid = a->gid;
	if (a->valid & ATTR_MODE)
		i->mode = (i->mode & S_IFMT) | (a->mode & 07777);
	if (a->valid & (ATTR_ATIME | ATTR_ATIME_NOW))
		n->atime = a->valid & ATTR_ATIME ? a->atime : now;
	if (a->valid & (ATTR_MTIME | ATTR_MTIME_NOW))
		n->mtime = a->valid & ATTR_MTIME ? a->mtime : now;
	n->ctime = now;
	return 0;
}

int tmpfs_statfs(struct inode *i, struct statfs *st)
{
	struct tmpfs *fs = tmpfs_node_of(i)->fs;
	uint64_t used = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);
	int64_t left = used < fs->page_limit ? (int64_t)(fs->page_limit - used) : 0;

	*st = (struct statfs){ .f_type = TMPFS_MAGIC,
			       .f_bsize = PAGE_SIZE,
			       .f_blocks = (int64_t)fs->page_limit,
			       .f_bfree = left,
			       .f_bavail = left,
			       .f_files = 1 << 20,
			       .f_ffree = 1 << 20,
			       .f_namelen = NAME_MAX,
			       .f_frsize = PAGE_SIZE,
			       .f_flags = ST_VALID | ST_NOSUID | ST_NODEV };
	return 0;
}
