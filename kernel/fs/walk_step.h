/* What the parts of a walk share: walk_begin.c, walk_text.c, walk_link.c, walk_segment.c and walk.c, which steps. */
#ifndef ADYTON_KERNEL_FS_WALK_STEP_H
#define ADYTON_KERNEL_FS_WALK_STEP_H

#include "kernel/fs/walk.h"

static inline size_t walk_name_length(const char *at)
{
	size_t n = 0;

	while (at[n] && at[n] != '/')
		n++;
	return n;
}

static inline size_t walk_slashes(const char *at)
{
	size_t n = 0;

	while (at[n] == '/')
		n++;
	return n;
}

static inline bool walk_is_dots(const char *at, size_t n)
{
	return (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.');
}

/* Move to an inode, whose reference is taken over, and its absolute name, which may be what w->name holds already. */
int walk_stand_at(struct walk *w, struct inode *i, const char *name, size_t length) must_check;
int walk_stand_at_root(struct walk *w) must_check;

/* Put text in front of what remains. */
int walk_prepend(struct walk *w, const char *text, size_t size) must_check;
/*
 * Append the names of a text to the walk's name beyond its end, without "." and doubled slashes: up to *size bytes of
 * it, and only up to a "..". *size becomes what was taken. The new length, or 0 when it is all too long.
 */
size_t walk_append(struct walk *w, const char *text, size_t *size) must_check;

/* Is a link in the last place to be followed? */
bool walk_link_wanted(const struct walk *w);
/* Go on where a link leads, in place of the first `consumed` bytes of the rest. */
int walk_link_follow(struct walk *w, struct inode *link, size_t consumed, bool last) must_check;
/*
 * The file system met a link somewhere in the segment, which `behind` stood behind, and left it to us. 1: it cannot say
 * where; go name by name.
 */
int walk_link_segment(struct walk *w, size_t segment, char behind) must_check;

/* As much as the file system takes at once. 0: did something; 1: nothing to do for it; or an error. */
int walk_segment(struct walk *w) must_check;

#endif
