/*
 * Names to inodes: mounts, path walking, symbolic links, and the operations on names. A file system is a table of
 * operations over inodes; ids of parents and names are enough for every one we have (EROFS, tmpfs, host directories, proc).
 */
#ifndef ADYTON_KERNEL_FS_VFS_H
#define ADYTON_KERNEL_FS_VFS_H

#include "abi/linux/time.h"
#include "kernel/fs/file.h"

struct mount;

struct inode {
	uint32_t refs; /* atomic */
	uint32_t mode; /* S_IFMT and permissions; may be stale for host inodes */
	struct mount *mount;
	uint64_t ino;
	const struct inode_ops *ops;
	struct lock lock; /* contents and attributes, for file systems that keep them inside */
	void *data;
};

/* A place in the tree: the inode and the name by which it was reached (absolute, normalised, for getcwd and /proc). */
struct path {
	struct inode *inode;
	char *name; /* heap */
};

#define ATTR_MODE 1U
#define ATTR_UID 2U
#define ATTR_GID 4U
#define ATTR_SIZE 8U
#define ATTR_ATIME 16U
#define ATTR_MTIME 32U
#define ATTR_ATIME_NOW 64U
#define ATTR_MTIME_NOW 128U
struct inode_attr {
	uint32_t valid; /* ATTR_* */
	uint32_t mode, uid, gid;
	uint64_t size;
	struct timespec atime, mtime;
};

struct inode_ops {
	/* A child by name (never "." or ".."); a reference in *out. Symbolic links are returned as themselves. */
	int (*lookup)(struct inode *dir, const char *name, size_t length, struct inode **out);
	long (*readlink)(struct inode *i, char *to, size_t size);
	/* A new file description; flags as open(2) without O_CREAT, O_EXCL. */
	int (*open)(struct inode *i, uint32_t flags, struct file **out);
	int (*create)(struct inode *dir, const char *name, size_t length, uint32_t mode, uint64_t device, struct inode **out);
	int (*symlink)(struct inode *dir, const char *name, size_t length, const char *target);
	int (*link)(struct inode *dir, const char *name, size_t length, struct inode *old);
	int (*unlink)(struct inode *dir, const char *name, size_t length, bool directory);
	int (*rename)(struct inode *from, const char *name, size_t length, struct inode *to, const char *new_name,
		      size_t new_length, uint32_t flags);
	int (*getattr)(struct inode *i, struct stat *st);
	int (*setattr)(struct inode *i, const struct inode_attr *attr);
	int (*statfs)(struct inode *i, struct statfs *st);
	/*
	 * A whole remaining path at once, for file systems that can walk by themselves (host directories): must not leave
	 * the mount and must not follow symbolic links; -ELOOP makes the walker go step by step. May be NULL.
	 */
	int (*walk)(struct inode *dir, const char *rest, struct inode **out);
	void (*release)(struct inode *i);
};

void inode_put(struct inode *i);
struct inode *inode_get(struct inode *i);
void path_put(struct path *p);

/* Open by absolute kernel path, following links; for exec, the loader and the resolver of #!. */
int vfs_open_kernel(const char *path, uint32_t flags, struct file **out) must_check;

/* Mounts from the compiled definition, /proc, /dev, /tmp where missing; sets the root and the working directory. */
int vfs_start(const char *workdir) must_check;

#endif
