/* Walking a path: see walk.h. */
#include "kernel/fs/walk.h"
#include "base/mem.h"
#include "kernel/fs/walk_step.h"

/*
 * ".." at the walk's place: stay at the root, else walk to the parent's name from the top. That name is free of links.
 */
static int step_up(struct walk *w)
{
	size_t cut = w->length;

	if (w->base_length && w->length == w->base_length)
		return w->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
	lock_acquire(&init_vfs.lock);
	if (strlen(init_vfs.root.name) == w->length && !memcmp(init_vfs.root.name, w->name, w->length))
		cut = 0;
	lock_release(&init_vfs.lock);
	if (cut <= 1)
		return 0;
	while (w->name[cut - 1] != '/')
		cut--;
	if (!*w->rest) { /* what stood last was "..", not the name that is walked now */
		w->rest = w->text;
		memcpy(w->text, ".", 2);
	}
	return walk_prepend(w, w->name, cut) ?: walk_stand_at(w, inode_get(mounts[0].root), "/", 1);
}

/* A mount point further down the rest, before any "..": go there at once. True: did. */
static bool step_into_mount(struct walk *w, int *error)
{
	size_t up_to = SIZE_MAX, own = w->length == 1 ? 0 : w->length, names, i = 0;
	size_t length = walk_append(w, w->rest, &up_to);
	struct mount *m = length ? mount_below(w->name, length, w->length) : NULL;

	w->ahead = length && !w->rest[up_to] ? up_to : 0;
	w->ahead_length = length;
	w->ahead_char = w->name[w->length];
	w->name[w->length] = 0;
	if (!m)
		return false;
	w->ahead = 0;
	/* Take as many bytes of the rest as make up the mount's name beyond ours. */
	for (names = own; names < strlen(m->name);) {
		size_t n = walk_name_length(w->rest + i);

		if (n && !(n == 1 && w->rest[i] == '.'))
			names += n + 1;
		i += n ? n : 1;
	}
	if (w->goal == WALK_PARENT && !w->rest[i + walk_slashes(w->rest + i)])
		return false; /* the mount point is what a name is wanted for */
	w->rest += i;
	*error = w->resolve & RESOLVE_NO_XDEV ? -EXDEV : walk_stand_at(w, inode_get(m->root), m->name, strlen(m->name));
	return true;
}

/* O_CREAT of a name that is not there: the new inode. */
static int step_create(struct walk *w, size_t n, struct inode **child)
{
	int error = walk_writable(w) ?: inode_permission(w->at, W_OK | X_OK);

	if (error)
		return error;
	if (!w->at->ops->create)
		return -ENOENT; /* as Linux' /proc says */
	w->open_flags &= ~(uint32_t)(O_EXCL | O_TRUNC);
	w->open_flags |= WALK_CREATED;
	return w->at->ops->create(w->at, w->rest, n, S_IFREG | (w->mode & 07777), 0, child);
}

/* One name. */
static int step_name(struct walk *w)
{
	size_t n = walk_name_length(w->rest), behind = walk_slashes(w->rest + n), length;
	bool last = !w->rest[n + behind];
	struct inode *child = NULL;
	int error;

	if (!S_ISDIR(w->at->mode))
		return -ENOTDIR;
	if (w->goal == WALK_PARENT && last) {
		w->last_length = n;
		w->trailing = behind;
		w->done = true;
		return 0;
	}
	if (n == 1 && w->rest[0] == '.') {
		w->rest += n;
		return 0;
	}
	if (n == 2 && walk_is_dots(w->rest, n)) {
		w->rest += n;
		return step_up(w);
	}
	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	if (last && behind && w->goal == WALK_OPEN && w->open_flags & O_CREAT)
		return -EISDIR;
	error = inode_permission(w->at, X_OK) ?: w->at->ops->lookup(w->at, w->rest, n, &child);
	if (error == -ENOENT && last && w->goal == WALK_OPEN && w->open_flags & O_CREAT)
		error = step_create(w, n, &child);
	if (error)
		return error;
	if (S_ISLNK(child->mode) && (!last || behind || walk_link_wanted(w))) {
		error = walk_link_follow(w, child, n, last && !behind);
		inode_put(child);
		return error;
	}
	if (behind && !S_ISDIR(child->mode)) {
		inode_put(child);
		return -ENOTDIR;
	}
	length = walk_append(w, w->rest, &n);
	w->rest += n;
	return walk_stand_at(w, child, w->name, length);
}

static int step(struct walk *w)
{
	int error = 0;

	if (step_into_mount(w, &error))
		return error;
	if (w->at->ops->walk && S_ISDIR(w->at->mode)) {
		error = walk_segment(w);
		if (error <= 0)
			return error;
	}
	return step_name(w);
}

int walk_run(struct walk *w, enum walk_goal goal)
{
	w->goal = goal;
	if (w->file) /* AT_EMPTY_PATH on a description */
		return 0;
	for (;;) {
		int error;

		w->rest += walk_slashes(w->rest);
		if (!*w->rest || w->done || w->file)
			return 0;
		error = step(w);
		if (error)
			return error;
	}
}

int walk_parent(struct walk *w, int dots)
{
	int error = walk_run(w, WALK_PARENT);

	if (error)
		return error;
	if (!w->done || walk_is_dots(w->rest, w->last_length))
		return dots;
	if (w->last_length > NAME_MAX)
		return -ENAMETOOLONG;
	return inode_permission(w->at, X_OK);
}

struct mount *walk_mount(const struct walk *w)
{
	return mount_of(w->name, w->length);
}

int walk_writable(struct walk *w)
{
	return walk_mount(w)->read_only ? -EROFS : 0;
}

int walk_stat(int dirfd, uint64_t path, unsigned how, struct stat *st)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin(&w, dirfd, path, how);

	if (error)
		return error;
	w->st = st;
	error = walk_run(w, WALK_STAT);
	if (error || w->done)
		return error;
	if (w->file)
		return file_getattr(w->file, st);
	return w->at->ops->getattr(w->at, st);
}
