/* Symbolic links on a walk: see walk_step.h. */
#include "kernel/fs/walk_step.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

/* An absolute path in a link: from the root, or from where openat2 keeps the walk. */
static int step_to_root(struct walk *w)
{
	if (!w->base_length)
		return walk_stand_at_root(w);
	if (w->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	return walk_prepend(w, w->name, w->base_length) ?: walk_stand_at(w, inode_get(mounts[0].root), "/", 1);
}

/* Go on through a symbolic link's target in place of the first `consumed` bytes of the rest. */
static int take_link(struct walk *w, const char *target, size_t size, size_t consumed)
{
	int error;

	if (++w->links > WALK_LINKS_MAX || w->resolve & RESOLVE_NO_SYMLINKS)
		return -ELOOP;
	if (!size)
		return -ENOENT;
	w->rest += consumed;
	error = walk_prepend(w, target, size);
	/* The slash between link and rest must not turn a last name into one that has to be a directory. */
	if (!error && !w->text[size + 1])
		w->text[size] = 0;
	if (!error && target[0] == '/')
		error = step_to_root(w);
	return error;
}

bool walk_link_wanted(const struct walk *w)
{
	if (w->goal == WALK_OPEN)
		return !(w->open_flags & O_NOFOLLOW) && (w->open_flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	return w->how & WALK_FOLLOW;
}

int walk_link_segment(struct walk *w, size_t segment, char behind)
{
	char *target = heap_alloc(PATH_MAX);
	size_t end = 0;
	long size;
	int error;

	if (!target)
		return -ENOMEM;
	size = w->at->ops->find_link(w->at, w->rest, &end, target, PATH_MAX);
	w->rest[segment] = behind;
	if (size == -ENOENT)
		error = 1;
	else if (size < 0)
		error = (int)size;
	else if (!w->rest[end] && !walk_link_wanted(w))
		error = w->goal != WALK_OPEN ? -ELOOP : w->open_flags & O_EXCL ? -EEXIST :
			w->open_flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
	else {
		size_t before = end;

		/* A relative target continues where the link lies: the names before it stay. */
		while (before && w->rest[before - 1] != '/')
			before--;
		error = 0;
		if (before && target[0] != '/' && (size_t)size + before >= PATH_MAX) {
			error = -ENAMETOOLONG;
		} else if (before && target[0] != '/') {
			memmove(target + before, target, (size_t)size);
			memcpy(target, w->rest, before);
			size += (long)before;
		}
		error = error ? error : take_link(w, target, (size_t)size, end);
	}
	heap_free(target);
	return error;
}

int walk_link_follow(struct walk *w, struct inode *link, size_t consumed, bool last)
{
	char *target;
	long size;
	int error;

	if (link->ops->follow) {
		struct file *f;
		struct inode *i;

		if (w->resolve & (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS))
			return -ELOOP;
		if (w->base_length)
			return -EXDEV;
		error = link->ops->follow(link, &f);
		if (error)
			return error;
		w->rest += consumed;
		w->file = f;
		if (last)
			return 0;
		error = file_inode(f, &i);
		if (!error && !S_ISDIR(i->mode)) {
			inode_put(i);
			error = -ENOTDIR;
		}
		error = error ?: walk_stand_at(w, i, f->name ? f->name : "/", f->name ? strlen(f->name) : 1);
		file_put(f);
		w->file = NULL;
		return error;
	}
	target = heap_alloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	size = link->ops->readlink(link, target, PATH_MAX);
	error = size < 0 ? (int)size : take_link(w, target, (size_t)size, consumed);
	heap_free(target);
	return error;
}
