/* What the inodes of the measured root (rootfs.c) and the files opened there (rootfile.c) share. */
#ifndef ADYTON_KERNEL_FS_ROOTFILE_H
#define ADYTON_KERNEL_FS_ROOTFILE_H

#include "kernel/fs/blockcache.h"
#include "kernel/fs/erofs.h"
#include "kernel/fs/vfs.h"

#define ROOTFS_BUCKETS 256

struct rootfs_inode {
	struct inode inode;
	struct erofs_inode e;
	struct rootfs_inode *next;
};

extern struct rootfs {
	struct lock lock;
	struct blockcache cache;
	struct erofs erofs;
	struct rootfs_inode *inodes[ROOTFS_BUCKETS];
	uint64_t reported; /* block + 1 that was complained about last */
} rootfs;

static inline struct rootfs_inode *rootfs_of(const struct inode *i)
{
	return container_of(i, struct rootfs_inode, inode);
}

/* Once per block: a program that reads on and on shall not fill the log. */
bool rootfs_report_once(uint64_t block);

int rootfile_open(struct inode *i, uint32_t flags, struct file **out) must_check;

#endif
