/* Changing names: mkdir, mknod, link, symlink, unlink, rmdir, rename. */
#include "base/mem.h"
#include "kernel/fs/walk.h"
#include "kernel/mm/heap.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

/* Stand in the parent of a name that is to be made or removed. */
static int begin_change(struct walk **w, int dirfd, uint64_t path, int dots)
{
	int error = walk_begin(w, dirfd, path, 0) ?: walk_parent(*w, dots);

	return error;
}

/* Is the last name there, in this walk's directory? */
static bool name_exists(struct walk *w)
{
	struct inode *i;

	if (w->at->ops->lookup(w->at, w->rest, w->last_length, &i))
		return false;
	inode_put(i);
	return true;
}

static bool is_mount_point(struct walk *w)
{
	size_t own = w->length == 1 ? 0 : w->length;

	for (uint32_t i = 0; i < mount_count; i++) {
		const char *name = mounts[i].name;

		if (strlen(name) == own + 1 + w->last_length && !memcmp(name, w->name, own) && name[own] == '/' &&
		    !memcmp(name + own + 1, w->rest, w->last_length))
			return true;
	}
	return false;
}

/* Linux answers EEXIST before EROFS and EACCES. */
static int may_make(struct walk *w)
{
	int error;

	if (is_mount_point(w))
		return -EEXIST;
	error = walk_writable(w) ?: inode_permission(w->at, W_OK | X_OK);
	if (error && name_exists(w))
		return -EEXIST;
	return error;
}

static int may_remove(struct walk *w)
{
	if (is_mount_point(w))
		return -EBUSY;
	return walk_writable(w) ?: inode_permission(w->at, W_OK | X_OK);
}

static long make_at(int dirfd, uint64_t path, uint32_t mode, uint64_t device)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = begin_change(&w, dirfd, path, -EEXIST);

	if (error)
		return error;
	if (w->trailing && !S_ISDIR(mode))
		return name_exists(w) ? -EEXIST : -ENOENT;
	error = may_make(w);
	if (error)
		return error;
	if (!w->at->ops->create)
		return -ENOENT; /* as Linux' /proc says */
	return w->at->ops->create(w->at, w->rest, w->last_length, mode & ~(init_process.umask & 0777), device, NULL);
}

SYSCALL2(mkdir, uint64_t, path, uint32_t, mode)
{
	return make_at(AT_FDCWD, path, S_IFDIR | (mode & 01777), 0);
}

SYSCALL3(mkdirat, int, dirfd, uint64_t, path, uint32_t, mode)
{
	return make_at(dirfd, path, S_IFDIR | (mode & 01777), 0);
}

static long mknod_at(int dirfd, uint64_t path, uint32_t mode, uint32_t device)
{
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR: /* devices come with /dev, none can be made */
	case S_IFBLK:
		return -EPERM;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return make_at(dirfd, path, mode & (S_IFMT | 07777), device);
}

SYSCALL3(mknod, uint64_t, path, uint32_t, mode, uint32_t, device)
{
	return mknod_at(AT_FDCWD, path, mode, device);
}

SYSCALL4(mknodat, int, dirfd, uint64_t, path, uint32_t, mode, uint32_t, device)
{
	return mknod_at(dirfd, path, mode, device);
}

static int rmdir_last(struct walk *w)
{
	/* "." and "..": walk_parent() cannot tell them apart for us. */
	if (!w->done)
		return -EBUSY;
	return w->rest[0] == '.' && w->last_length == 1 ? -EINVAL : -ENOTEMPTY;
}

static long rmdir_at(int dirfd, uint64_t path)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = begin_change(&w, dirfd, path, -ENOTEMPTY);

	if (error == -ENOTEMPTY)
		return rmdir_last(w);
	error = error ?: may_remove(w);
	if (error)
		return error;
	return w->at->ops->unlink ? w->at->ops->unlink(w->at, w->rest, w->last_length, true) : -EPERM;
}

SYSCALL1(rmdir, uint64_t, path)
{
	return rmdir_at(AT_FDCWD, path);
}

static long unlink_at(int dirfd, uint64_t path)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = begin_change(&w, dirfd, path, -EISDIR) ?: may_remove(w);
	struct inode *i;

	if (error)
		return error;
	if (w->trailing) {
		error = w->at->ops->lookup(w->at, w->rest, w->last_length, &i);
		if (error)
			return error;
		error = S_ISDIR(i->mode) ? -EISDIR : -ENOTDIR;
		inode_put(i);
		return error;
	}
	return w->at->ops->unlink ? w->at->ops->unlink(w->at, w->rest, w->last_length, false) : -EPERM;
}

SYSCALL1(unlink, uint64_t, path)
{
	return unlink_at(AT_FDCWD, path);
}

SYSCALL3(unlinkat, int, dirfd, uint64_t, path, uint32_t, flags)
{
	if (flags & ~(uint32_t)AT_REMOVEDIR)
		return -EINVAL;
	return flags ? rmdir_at(dirfd, path) : unlink_at(dirfd, path);
}

static long symlink_at(uint64_t target_user, int dirfd, uint64_t path)
{
	_cleanup_walk_ struct walk *w = NULL;
	char *target = heap_alloc(PATH_MAX);
	long error = target ? copy_string_from_user(target, target_user, PATH_MAX) : -ENOMEM;

	if (!error)
		error = -ENOENT;
	if (error > 0)
		error = begin_change(&w, dirfd, path, -EEXIST) ?: may_make(w);
	if (!error && w->trailing)
		error = name_exists(w) ? -EEXIST : -ENOENT;
	if (!error)
		error = w->at->ops->symlink ? w->at->ops->symlink(w->at, w->rest, w->last_length, target) : -EPERM;
	heap_free(target);
	return error;
}

SYSCALL2(symlink, uint64_t, target, uint64_t, path)
{
	return symlink_at(target, AT_FDCWD, path);
}

SYSCALL3(symlinkat, uint64_t, target, int, dirfd, uint64_t, path)
{
	return symlink_at(target, dirfd, path);
}

static long link_at(int olddir, uint64_t old, int newdir, uint64_t new, unsigned how)
{
	_cleanup_walk_ struct walk *from = NULL, *to = NULL;
	_cleanup_inode_ struct inode *i = NULL;
	int error = walk_begin(&from, olddir, old, how) ?: walk_run(from, WALK_INODE);

	if (error)
		return error;
	if (from->file)
		error = file_inode(from->file, &i);
	else
		i = inode_get(from->at);
	error = error ?: begin_change(&to, newdir, new, -EEXIST);
	if (!error && to->trailing)
		error = name_exists(to) ? -EEXIST : -ENOENT;
	error = error ?: may_make(to);
	if (error)
		return error;
	if (i->mount != to->at->mount)
		error = -EXDEV;
	else if (S_ISDIR(i->mode) || !to->at->ops->link)
		error = -EPERM;
	if (error)
		return name_exists(to) ? -EEXIST : error;
	return to->at->ops->link(to->at, to->rest, to->last_length, i);
}

SYSCALL2(link, uint64_t, old, uint64_t, new)
{
	return link_at(AT_FDCWD, old, AT_FDCWD, new, 0);
}

SYSCALL5(linkat, int, olddir, uint64_t, old, int, newdir, uint64_t, new, uint32_t, flags)
{
	if (flags & ~(uint32_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return link_at(olddir, old, newdir, new,
		       (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0));
}

/* A directory may not move into itself: the names are free of links, so comparing them is enough. */
static bool moves_into_itself(const struct walk *from, const struct walk *to)
{
	size_t own = from->length == 1 ? 0 : from->length, all = own + 1 + from->last_length;

	return from->at->mount == to->at->mount && to->length >= all && !memcmp(to->name, from->name, own) &&
	       to->name[own] == '/' && !memcmp(to->name + own + 1, from->rest, from->last_length) &&
	       (to->length == all || to->name[all] == '/');
}

static int rename_trailing(struct walk *from, struct walk *to)
{
	struct inode *i;
	int error;

	if (!from->trailing && !to->trailing)
		return 0;
	error = from->at->ops->lookup(from->at, from->rest, from->last_length, &i);
	if (error)
		return error;
	error = S_ISDIR(i->mode) ? 0 : -ENOTDIR;
	inode_put(i);
	return error;
}

/* The working directory's name follows a rename of it or of a directory above it. */
static void rename_cwd(const struct walk *from, const struct walk *to)
{
	size_t own = from->length == 1 ? 0 : from->length, all = own + 1 + from->last_length;
	size_t target = to->length == 1 ? 0 : to->length;
	struct path *cwd = &init_vfs.cwd;
	char *name;

	LOCKED(&init_vfs.lock);
	if (strlen(cwd->name) < all || memcmp(cwd->name, from->name, own) || cwd->name[own] != '/' ||
	    memcmp(cwd->name + own + 1, from->rest, from->last_length) || (cwd->name[all] && cwd->name[all] != '/'))
		return;
	name = heap_alloc(target + 1 + to->last_length + strlen(cwd->name + all) + 1);
	if (!name)
		return;
	memcpy(name, to->name, target);
	name[target] = '/';
	memcpy(name + target + 1, to->rest, to->last_length);
	memcpy(name + target + 1 + to->last_length, cwd->name + all, strlen(cwd->name + all) + 1);
	heap_free(cwd->name);
	cwd->name = name;
}

/* Linux walks both paths before it looks at what their last names are. */
static int rename_begin(struct walk **from, int olddir, uint64_t old, struct walk **to, int newdir, uint64_t new,
			uint32_t flags)
{
	int error = walk_begin(from, olddir, old, 0) ?: walk_run(*from, WALK_PARENT);

	error = error ?: walk_begin(to, newdir, new, 0) ?: walk_run(*to, WALK_PARENT);
	if (error)
		return error;
	if ((*from)->at->mount != (*to)->at->mount)
		return -EXDEV;
	return walk_parent(*from, -EBUSY) ?: walk_parent(*to, flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY);
}

static long rename_at(int olddir, uint64_t old, int newdir, uint64_t new, uint32_t flags)
{
	_cleanup_walk_ struct walk *from = NULL, *to = NULL;
	int error;

	if (flags & ~(uint32_t)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & RENAME_EXCHANGE && flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	error = rename_begin(&from, olddir, old, &to, newdir, new, flags);
	if (error)
		return error;
	error = may_remove(from) ?: is_mount_point(to) ? -EBUSY : inode_permission(to->at, W_OK | X_OK);
	error = error ?: rename_trailing(from, to);
	if (error)
		return error;
	if (moves_into_itself(from, to))
		return name_exists(from) ? -EINVAL : -ENOENT;
	if (moves_into_itself(to, from))
		return !name_exists(from) ? -ENOENT : flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (!from->at->ops->rename)
		return -EPERM;
	error = from->at->ops->rename(from->at, from->rest, from->last_length, to->at, to->rest, to->last_length,
				      flags);
	if (!error)
		rename_cwd(from, to);
	return error;
}

SYSCALL2(rename, uint64_t, old, uint64_t, new)
{
	return rename_at(AT_FDCWD, old, AT_FDCWD, new, 0);
}

SYSCALL4(renameat, int, olddir, uint64_t, old, int, newdir, uint64_t, new)
{
	return rename_at(olddir, old, newdir, new, 0);
}

SYSCALL5(renameat2, int, olddir, uint64_t, old, int, newdir, uint64_t, new, uint32_t, flags)
{
	return rename_at(olddir, old, newdir, new, flags);
}
