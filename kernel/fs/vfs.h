/*
 * Names to inodes: mounts, path walking, symbolic links, and the operations on names. A file system is a table of
 * operations over inodes; ids of parents and names are enough for every one we have (EROFS, tmpfs, host directories,
 * proc).
 */
#ifndef ADYTON_KERNEL_FS_VFS_H
#define ADYTON_KERNEL_FS_VFS_H

#include "abi/linux/time.h"
#include "kernel/fs/file.h"

struct mount;

struct inode {
	uint32_t refs; /* atomic; INODE_IMMORTAL: not counted any more, never released */
	uint32_t mode; /* S_IFMT and permissions; may be stale for host inodes */
	struct mount *mount;
	uint64_t ino;
	const struct inode_ops *ops;
	struct lock lock; /* contents and attributes, for file systems that keep them inside */
	void *data;
};

/* Roots of mounts are never released, so that paths from them cost no shared counter. */
#define INODE_IMMORTAL 0x80000000U

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
	int (*create)(struct inode *dir, const char *name, size_t length, uint32_t mode, uint64_t device,
		      struct inode **out);
	int (*tmpfile)(struct inode *dir, uint32_t mode, struct inode **out); /* O_TMPFILE */
	int (*symlink)(struct inode *dir, const char *name, size_t length, const char *target);
	int (*link)(struct inode *dir, const char *name, size_t length, struct inode *old);
	int (*unlink)(struct inode *dir, const char *name, size_t length, bool directory);
	int (*rename)(struct inode *from, const char *name, size_t length, struct inode *to, const char *new_name,
		      size_t new_length, uint32_t flags);
	int (*getattr)(struct inode *i, struct stat *st);
	int (*setattr)(struct inode *i, const struct inode_attr *attr);
	int (*statfs)(struct inode *i, struct statfs *st);
	/*
	 * A whole remaining path at once, for file systems that can walk by themselves (host directories). They never
	 * leave the mount and follow no symbolic link, not even the last: -ELOOP says that there was one, and the
	 * walker asks find_link which. `rest` has no ".." and crosses no mount point. All four or none.
	 */
	int (*walk)(struct inode *dir, const char *rest, struct inode **out);
	int (*open_path)(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode, struct file **out);
	int (*stat_path)(struct inode *dir, const char *rest, bool follow, struct stat *st);
	/*
	 * Length of the target of the first symbolic link on the way, *end behind its name in `rest`; -ENOENT: there is
	 * none.
	 */
	long (*find_link)(struct inode *dir, char *rest, size_t *end, char *target, size_t size);
	/* Links that stand for an open description (/proc/self/fd/N); a reference in *out. NULL for all others. */
	int (*follow)(struct inode *i, struct file **out);
	bool own_permissions; /* whoever keeps the files checks permissions (the host) */
	void (*release)(struct inode *i);
};

/* One place in the tree where another file system begins. The table only grows, in vfs_start(). */
struct mount {
	const char *name; /* absolute, without links */
	size_t length;    /* of name; 0 for "/" */
	const char *type, *source;
	struct inode *root;
	uint32_t id;
	uint64_t dev;     /* st_dev of the file systems inside */
	bool read_only;
	bool missing;     /* the directory below it lacks the name: listings add it */
};
#define MOUNTS_MAX 48

extern struct mount mounts[MOUNTS_MAX];
extern uint32_t mount_count;
/* Mount `root` at a name. -ENOSPC when the table is full. */
int mount_add(const char *name, const char *type, const char *source, struct inode *root, bool read_only) must_check;
/* The mount in which an absolute name without links lies. */
struct mount *mount_of(const char *name, size_t length);
/* The mount, strictly below `above`, that an absolute name lies in or under; NULL: none. */
struct mount *mount_below(const char *name, size_t length, size_t above);

/* Root and working directory. */
struct vfs {
	struct lock lock;
	struct path root, cwd;
	bool chrooted; /* atomic, stays: until then the root is that of the first mount */
};
extern struct vfs init_vfs;

void inode_init(struct inode *i, const struct inode_ops *ops, uint32_t mode, uint64_t ino); /* refs 1 */
void inode_put(struct inode *i);
static inline void inode_put_cleanup(struct inode **i)
{
	inode_put(*i);
}
#define _cleanup_inode_ __attribute__((cleanup(inode_put_cleanup)))
struct inode *inode_get(struct inode *i);
/* May the running thread's identity do so? want: R_OK | W_OK | X_OK. 0 or -EACCES. */
int inode_permission(struct inode *i, uint32_t want) must_check;
int attr_permission(uint32_t mode, uint32_t uid, uint32_t gid, uint32_t want) must_check;
int file_getattr(struct file *f, struct stat *st) must_check;
/* The inode behind an open description, a reference; -ENOTDIR when it has none. */
int file_inode(struct file *f, struct inode **out) must_check;
void path_put(struct path *p);

/*
 * Open an inode that was found; name (absolute) for /proc/self/fd. flags may hold O_PATH; created: no permission is
 * asked.
 */
int inode_open(struct inode *i, const char *name, uint32_t flags, bool created, struct file **out) must_check;
/* What open(2) of /proc/self/fd/N gives. */
int file_reopen(struct file *f, uint32_t flags, struct file **out) must_check;
/* Open by absolute kernel path, following links; for exec, the loader and the resolver of #!. */
int vfs_open_kernel(const char *path, uint32_t flags, struct file **out) must_check;

/* For execveat(2): by descriptor and a path of the program; at_flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. */
int vfs_open_exec(int dirfd, uint64_t path, uint32_t at_flags, struct file **out) must_check;

int vfs_chdir_kernel(const char *path) must_check;
int vfs_set_root(struct inode *root) must_check;
/* The working directory as getcwd(2) says it; the length it wanted. */
long vfs_cwd_name(char *to, size_t size);

/* Mounts from the compiled definition, /proc, /dev, /tmp where missing; sets the root and the working directory. */
int vfs_start(const char *workdir) must_check;

#endif
