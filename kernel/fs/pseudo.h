/*
 * File systems whose files are written when they are read: /proc, /sys. A tree of tables; what depends on threads and
 * descriptors is found by functions, and `arg` tells the functions which thread or descriptor.
 */
#ifndef ADYTON_KERNEL_FS_PSEUDO_H
#define ADYTON_KERNEL_FS_PSEUDO_H

#include "kernel/fs/text.h"
#include "kernel/fs/vfs.h"

struct pseudo_entry {
	const char *name; /* NULL ends a table */
	uint32_t mode;
	const struct pseudo_entry *children;
	const char *text;                                             /* constant contents */
	int (*show)(struct text *t, uint64_t arg);                    /* or written now */
	int (*store)(const char *text, size_t size, uint64_t arg);
	long (*link)(char *to, size_t size, uint64_t arg);
	int (*follow)(uint64_t arg, struct file **out);
	/* Further children: the one of a number (-ENOENT), and the first number >= `from` (-1: none). */
	const struct pseudo_entry *numbered;
	const char *number_prefix; /* "cpu" in cpu0; NULL: none */
	int64_t (*next_number)(uint64_t arg, int64_t from);
};

#define PSEUDO_DIR (S_IFDIR | 0555)
#define PSEUDO_FILE (S_IFREG | 0444)
#define PSEUDO_WRITABLE (S_IFREG | 0644)
#define PSEUDO_LINK (S_IFLNK | 0777)

struct pseudo_fs {
	const struct pseudo_entry *root;
	int64_t magic; /* statfs */
};

int pseudo_mount(const struct pseudo_fs *fs, struct inode **root) must_check;

extern const struct pseudo_fs proc_fs, sys_fs, cgroup_fs, attest_fs;
/* Tables of /proc that stand in files of their own. */
extern const struct pseudo_entry proc_process[], proc_thread[], proc_sys[];

#endif
