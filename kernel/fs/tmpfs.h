/*
 * A file system in enclave memory. tmpfs.names guards directories, link counts and targets; inode.lock guards a file's
 * pages, size and busy count, and everyone's attributes. Order: names, then inode.lock.
 *
 * Data moves between a page and the program without a lock, because the program's memory may fault. Meanwhile the file
 * is
 * `busy`: pages that a truncation takes away go to the grave and are freed when nobody is busy any more.
 */
#ifndef ADYTON_KERNEL_FS_TMPFS_H
#define ADYTON_KERNEL_FS_TMPFS_H

#include "base/list.h"
#include "kernel/fs/pagetree.h"
#include "kernel/fs/vfs.h"

struct tmpfs {
	struct lock names;
	uint64_t next_ino;  /* atomic */
	uint64_t pages;     /* atomic: in use */
	uint64_t page_limit;
};

struct tmpfs_entry {
	struct list link; /* in order of cookies */
	struct tmpfs_entry *next; /* in its bucket */
	struct tmpfs_node *node;  /* a reference */
	uint64_t cookie;
	uint32_t hash;
	uint32_t length;
	char name[];
};

struct tmpfs_node {
	struct inode inode;
	struct tmpfs *fs;
	uint32_t uid, gid;
	uint32_t nlink;
	bool linkable; /* O_TMPFILE: may get a first name */
	uint64_t rdev;
	struct timespec atime, mtime, ctime;

	/* directories */
	struct tmpfs_node *parent; /* the root: itself; no reference */
	struct list entries;
	struct tmpfs_entry **buckets;
	uint32_t bucket_count, entry_count;
	uint64_t next_cookie;
	struct list *hint; /* the listing that is under way continues here, at this position; removals forget it */
	int64_t hint_pos;

	/* files */
	struct pagetree pages;
	uint64_t size;
	uint32_t busy;
	uint32_t seals;
	void **grave;
	uint32_t grave_count, grave_room;

	char *target; /* links */
};

static inline struct tmpfs_node *tmpfs_node_of(struct inode *i)
{
	return container_of(i, struct tmpfs_node, inode);
}

static inline struct tmpfs_node *tmpfs_node_of_file(const struct file *f)
{
	return tmpfs_node_of(f->inode);
}

/* A new file system; its root directory has these permissions. */
int tmpfs_new(uint32_t mode, struct inode **root) must_check;
struct tmpfs_node *tmpfs_node_new(struct tmpfs *fs, uint32_t mode) must_check;
struct timespec tmpfs_now(void);

/* Attributes (tmpfs_attr.c). */
int tmpfs_getattr(struct inode *i, struct stat *st) must_check;
int tmpfs_setattr(struct inode *i, const struct inode_attr *a) must_check;
int tmpfs_statfs(struct inode *i, struct statfs *st) must_check;

/* Names in a directory (tmpfs_entry.c); names is held. The slot is where a pointer to the entry stands, or NULL. */
struct tmpfs_entry **tmpfs_entry_slot(struct tmpfs_node *dir, const char *name, size_t length) must_check;
struct tmpfs_node *tmpfs_entry_node(struct tmpfs_node *dir, const char *name, size_t length) must_check;
/* Add a name for a node; takes over one reference to it. */
int tmpfs_entry_add(struct tmpfs_node *dir, const char *name, size_t length, struct tmpfs_node *node) must_check;
/* Remove a name; the node's reference goes to the caller. */
struct tmpfs_node *tmpfs_entry_remove(struct tmpfs_node *dir, struct tmpfs_entry **at);
/* Put another node under an existing name: no memory is needed, so nothing can fail half way. */
void tmpfs_entry_replace(struct tmpfs_node *dir, struct tmpfs_entry *e, struct tmpfs_node *node);

/* Listings (tmpdir.c). */
long tmpdir_readdir(struct file *f, uint64_t buf, uint64_t size) must_check;
long tmpdir_seek(struct file *f, int64_t offset, int whence) must_check;

/* F_GET_SEALS and F_ADD_SEALS (memfd.c). */
long memfd_fcntl(struct file *f, int cmd, uint64_t arg) must_check;

/* Contents (tmpfile.c). */
int tmpfile_open(struct inode *i, uint32_t flags, struct file **out) must_check;
int tmpfile_truncate(struct tmpfs_node *n, uint64_t size) must_check;
void tmpfile_destroy(struct tmpfs_node *n);

/* Fill the program's getdents64 buffer from a directory of ours, one entry a call of `next`. */
struct listing {
	const char *name;
	size_t length;
	uint64_t ino;
	uint8_t type;      /* DT_* */
	int64_t next_pos;  /* the cursor behind this entry */
};
/* next: 1 and an entry for the cursor f->pos, 0 at the end, or a negative errno. */
long listing_fill(struct file *f, uint64_t buf, uint64_t size,
		  int (*next)(struct file *f, struct listing *entry, char *name));

#endif
