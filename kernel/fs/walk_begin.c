/* Where a walk begins, and its memory: see walk.h. */
#include "kernel/fs/walk_step.h"
#include "base/mem.h"
#include "kernel/mm/heap.h"

/*
 * Walks are large (four paths), so they are kept for the next: one where a single exchange finds it, the others in a
 * list that free_lock guards.
 */
static struct walk *free_walk; /* atomic */
static struct lock free_lock;
static struct walk *free_walks;

static struct walk *walk_alloc(unsigned how)
{
	struct walk *w = LOCK_SWAP(&free_walk, NULL);

	if (!w) {
		lock_acquire(&free_lock);
		w = free_walks;
		if (w)
			free_walks = w->next_free;
		lock_release(&free_lock);
	}
	if (!w)
		w = heap_alloc(sizeof(*w));
	if (!w)
		return NULL;
	memset(w, 0, offsetof(struct walk, name));
	w->how = how;
	w->rest = w->text;
	return w;
}

void walk_end(struct walk *w)
{
	if (!w)
		return;
	inode_put(w->at);
	file_put(w->file);
	w = LOCK_SWAP(&free_walk, w);
	if (!w)
		return;
	lock_acquire(&free_lock);
	w->next_free = free_walks;
	free_walks = w;
	lock_release(&free_lock);
}

int walk_stand_at(struct walk *w, struct inode *i, const char *name, size_t length)
{
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	inode_put(w->at);
	w->at = i;
	if (name != w->name)
		memcpy(w->name, name, length);
	w->name[length] = 0;
	w->length = length;
	return 0;
}

static int stand_at_path(struct walk *w, const struct path *p)
{
	LOCKED(&init_vfs.lock);
	return walk_stand_at(w, inode_get(p->inode), p->name, strlen(p->name));
}

int walk_stand_at_root(struct walk *w)
{
	if (__atomic_load_n(&init_vfs.chrooted, __ATOMIC_ACQUIRE))
		return stand_at_path(w, &init_vfs.root);
	return walk_stand_at(w, mounts[0].root, "/", 1);
}

static int stand_at_fd(struct walk *w, int fd)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	struct inode *i;
	int error;

	if (!f)
		return -EBADF;
	if (!w->text[0]) { /* AT_EMPTY_PATH: the description itself */
		w->file = file_get(f);
		return 0;
	}
	error = file_inode(f, &i);
	if (error)
		return error;
	if (!S_ISDIR(i->mode) || !f->name || f->name[0] != '/') {
		inode_put(i);
		return -ENOTDIR;
	}
	return walk_stand_at(w, i, f->name, strlen(f->name));
}

int walk_begin(struct walk **out, int dirfd, uint64_t path, unsigned how)
{
	struct walk *w = walk_alloc(how);
	long length;
	int error;

	if (!w)
		return -ENOMEM;
	length = path || !(how & WALK_EMPTY) ? copy_string_from_user(w->text, path, PATH_MAX) : (w->text[0] = 0, 0);
	if (length < 0)
		error = (int)length;
	else if (!length && !(how & WALK_EMPTY))
		error = -ENOENT;
	else if (w->text[0] == '/')
		error = walk_stand_at_root(w);
	else if (dirfd == AT_FDCWD)
		error = stand_at_path(w, &init_vfs.cwd);
	else
		error = stand_at_fd(w, dirfd);
	if (error)
		walk_end(w);
	else
		*out = w;
	return error;
}

int walk_keep_below(struct walk *w, int dirfd)
{
	if (w->text[0] == '/') {
		if (w->resolve & RESOLVE_BENEATH)
			return -EXDEV;
		int error = dirfd == AT_FDCWD ? stand_at_path(w, &init_vfs.cwd) : stand_at_fd(w, dirfd);

		if (error)
			return error;
	}
	w->base_length = w->length;
	return 0;
}

int walk_begin_kernel(struct walk **out, const char *path, unsigned how)
{
	struct walk *w = walk_alloc(how);
	int error;

	if (!w)
		return -ENOMEM;
	if (str_copy(w->text, PATH_MAX, path) >= PATH_MAX)
		error = -ENAMETOOLONG;
	else
		error = path[0] == '/' ? walk_stand_at_root(w) : stand_at_path(w, &init_vfs.cwd);
	if (error)
		walk_end(w);
	else
		*out = w;
	return error;
}
