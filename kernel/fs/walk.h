/*
 * Walking a path. A walk stands at an inode whose absolute name, free of links, it knows; `rest` is still to go. Host
 * directories take the whole rest at once where they can (inode_ops.walk, open_path, stat_path); everything else goes
 * name by name. ".." is taken off the name, and the walk starts again from the top: names need no parents that way.
 */
#ifndef ADYTON_KERNEL_FS_WALK_H
#define ADYTON_KERNEL_FS_WALK_H

#include "kernel/fs/vfs.h"

#define WALK_ROOM (2 * PATH_MAX)
#define WALK_LINKS_MAX 40

/* In open_flags: the last name was missing and was made. No open(2) flag has this bit. */
#define WALK_CREATED 0x80000000U

#define WALK_FOLLOW 1U /* a link in the last place too */
#define WALK_EMPTY 2U  /* AT_EMPTY_PATH: "" means the directory itself */

enum walk_goal { WALK_INODE, WALK_PARENT, WALK_OPEN, WALK_STAT };

struct walk {
	struct inode *at; /* a reference */
	struct file *file; /* WALK_OPEN: the result; otherwise what a link of /proc/self/fd stood for. A reference */
	char *rest;       /* inside text[] */
	size_t length;    /* of name */
	/* From step_into_mount(): that many bytes of the rest, all of it, make a name so long; what was cut off it. */
	size_t ahead, ahead_length;
	char ahead_char;
	size_t last_length; /* WALK_PARENT: of the last name, at rest */
	enum walk_goal goal;
	unsigned how, links;
	uint32_t resolve;   /* RESOLVE_*: openat2 */
	size_t base_length; /* of the name where RESOLVE_BENEATH and RESOLVE_IN_ROOT keep the walk */
	uint32_t open_flags, mode; /* WALK_OPEN */
	struct stat *st;           /* WALK_STAT */
	bool done;                 /* WALK_OPEN, WALK_STAT: the result is there */
	bool trailing;             /* WALK_PARENT: a slash stood behind the last name */
	struct walk *next_free;
	char name[WALK_ROOM];
	char text[WALK_ROOM];
};

/* Start at a descriptor (or AT_FDCWD) with a path of the program; at the root for one of the kernel. */
int walk_begin(struct walk **out, int dirfd, uint64_t path, unsigned how) must_check;
int walk_begin_kernel(struct walk **out, const char *path, unsigned how) must_check;
/* RESOLVE_BENEATH, RESOLVE_IN_ROOT: never above dirfd. Before walk_run(). */
int walk_keep_below(struct walk *w, int dirfd) must_check;
int walk_run(struct walk *w, enum walk_goal goal) must_check;
void walk_end(struct walk *w);
static inline void walk_end_cleanup(struct walk **w)
{
	walk_end(*w);
}
#define _cleanup_walk_ __attribute__((cleanup(walk_end_cleanup)))

/*
 * To the parent of the last name: refuses "." and ".." with `dots`, and a missing name with -EEXIST or -EBUSY (the
 * root).
 */
int walk_parent(struct walk *w, int dots) must_check;
/* -EROFS when the mount in which the walk stands may not be written. */
int walk_writable(struct walk *w) must_check;
struct mount *walk_mount(const struct walk *w);

/* Metadata of what a path names, one way for all callers. */
int walk_stat(int dirfd, uint64_t path, unsigned how, struct stat *st) must_check;

#endif
