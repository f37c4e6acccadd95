/*
 * Inside the host file system: what it remembers of a mount, and paths walked by the host. See inode_ops for the four.
 */
#ifndef ADYTON_KERNEL_FS_HOSTWALK_H
#define ADYTON_KERNEL_FS_HOSTWALK_H

#include "kernel/fs/hostfs.h"

#define LINKS_MAX 16
#define LINK_NAME 32
#define LINK_TARGET 64
#define PLAIN_COUNT 32
#define PLAIN_NAME 112

struct hostfs_link {
	char name[LINK_NAME];
	char target[LINK_TARGET];
};

/* A directory, by its name from the mount's root, that was reached without a link; believed until then. */
struct hostfs_plain {
	int64_t until;
	char name[PLAIN_NAME];
};

struct hostfs {
	struct inode *root;
	uint64_t link_letters; /* atomic; a bit for the first letter of each link's name (modulo 64) */
	bool whole; /* the host's "/" is our "/": the host's links mean what ours mean */
	struct lock lock; /* what follows */
	uint32_t link_count;
	struct hostfs_link links[LINKS_MAX];
	struct hostfs_plain plain[PLAIN_COUNT];
};

static inline int32_t hostfs_fd(const struct inode *i)
{
	return container_of(i, const struct hostfs_inode, inode)->fd;
}

void hostfs_close(long fd);

int hostwalk_walk(struct inode *dir, const char *rest, struct inode **out) must_check;
int hostwalk_open(struct inode *dir, const char *rest, uint32_t flags, uint32_t mode, struct file **out) must_check;
int hostwalk_stat(struct inode *dir, const char *rest, bool follow, struct stat *st) must_check;
long hostwalk_find_link(struct inode *dir, char *rest, size_t *end, char *target, size_t size) must_check;
/* A name in `dir` changed: forget links and directories. */
void hostwalk_forget(struct inode *dir);

#endif
