/* open(2) and its family. */
#include "base/mem.h"
#include "kernel/fs/walk.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

#define OPEN_KEPT \
	(O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | FASYNC | O_DIRECT | O_NOATIME | O_DIRECTORY | O_NOFOLLOW | O_PATH)
#define OPEN_KNOWN (OPEN_KEPT | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_LARGEFILE | O_CLOEXEC | O_TMPFILE)
#define RESOLVE_KNOWN (RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | \
		       RESOLVE_IN_ROOT | RESOLVE_CACHED)

static bool opens_for_write(uint32_t flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

static int path_as_inode(struct file *f, struct inode **out)
{
	*out = inode_get(f->inode);
	return 0;
}

static const struct file_ops path_ops = { .kind = "path", .as_inode = path_as_inode };

static int open_as_path(struct inode *i, uint32_t flags, struct file **out)
{
	*out = file_new(&path_ops, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW), NULL);
	if (!*out)
		return -ENOMEM;
	(*out)->inode = inode_get(i);
	return 0;
}

static int open_allowed(struct inode *i, uint32_t flags)
{
	static const uint8_t want[4] = { R_OK, W_OK, R_OK | W_OK, R_OK | W_OK };

	if (S_ISDIR(i->mode) && (opens_for_write(flags) || flags & O_CREAT))
		return -EISDIR;
	if (S_ISSOCK(i->mode))
		return -ENXIO;
	if (opens_for_write(flags) && i->mount && i->mount->read_only && (S_ISREG(i->mode) || S_ISDIR(i->mode)))
		return -EROFS;
	return inode_permission(i, want[flags & O_ACCMODE] | (flags & O_TRUNC ? W_OK : 0U));
}

int inode_open(struct inode *i, const char *name, uint32_t flags, bool created, struct file **out)
{
	int error;

	if (flags & O_DIRECTORY && !S_ISDIR(i->mode))
		return -ENOTDIR;
	if (S_ISLNK(i->mode) && (flags & (O_PATH | O_NOFOLLOW)) != (O_PATH | O_NOFOLLOW))
		return -ELOOP;
	if (flags & O_PATH) {
		error = open_as_path(i, flags, out);
	} else {
		error = created ? 0 : open_allowed(i, flags);
		if (!error && flags & O_TRUNC && S_ISREG(i->mode) && i->ops->setattr && !i->ops->own_permissions)
			error = i->ops->setattr(i, &(struct inode_attr){ .valid = ATTR_SIZE });
		if (!error)
			error = i->ops->open(i, flags, out);
	}
	if (!error && name)
		file_set_name(*out, name, strlen(name));
	return error;
}

int file_reopen(struct file *f, uint32_t flags, struct file **out)
{
	if (f->ops->reopen)
		return f->ops->reopen(f, flags, out);
	if (f->inode)
		return inode_open(f->inode, f->name, flags, false, out);
	*out = file_get(f);
	return 0;
}

/* O_TMPFILE inside: a file without a name in the directory that was found. */
static int open_tmpfile(struct walk *w, struct file **out)
{
	_cleanup_inode_ struct inode *i = NULL;
	int error;

	if ((w->open_flags & O_ACCMODE) == O_RDONLY)
		return -EINVAL;
	if (!S_ISDIR(w->at->mode))
		return -ENOTDIR;
	if (!w->at->ops->tmpfile)
		return -EOPNOTSUPP;
	error = walk_writable(w) ?: inode_permission(w->at, W_OK | X_OK);
	if (!error)
		error = w->at->ops->tmpfile(w->at, S_IFREG | w->mode, &i);
	if (!error)
		error = i->ops->open(i, w->open_flags & ~(uint32_t)(O_TMPFILE | O_EXCL), out);
	return error;
}

static int open_found(struct walk *w, struct file **out)
{
	uint32_t flags = w->open_flags & ~WALK_CREATED;

	if (w->done) {
		*out = w->file;
		w->file = NULL;
		file_set_name(*out, w->name, w->length);
		return 0;
	}
	if (w->file)
		return flags & O_PATH && w->file->inode ? open_as_path(w->file->inode, flags, out) :
							  file_reopen(w->file, flags, out);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return open_tmpfile(w, out);
	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	return inode_open(w->at, w->name, flags, w->open_flags & WALK_CREATED, out);
}

static int open_walked(struct walk *w, uint32_t flags, uint32_t mode, struct file **out)
{
	int error;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	w->open_flags = flags & ~(uint32_t)(O_CLOEXEC | O_LARGEFILE);
	w->mode = flags & (O_CREAT | 020000000) ? mode & 07777 & ~init_process.umask : 0;
	error = walk_run(w, WALK_OPEN) ?: open_found(w, out);
	if (error)
		return error;
	if (!(flags & O_PATH)) /* /proc/self/fd/N may have given a description that is somebody else's already */
		(*out)->flags = __atomic_load_n(&(*out)->refs, __ATOMIC_RELAXED) == 1 ?
					(flags & OPEN_KEPT) | O_LARGEFILE : (*out)->flags;
	return 0;
}

int vfs_open_kernel(const char *path, uint32_t flags, struct file **out)
{
	_cleanup_walk_ struct walk *w = NULL;

	return walk_begin_kernel(&w, path, WALK_FOLLOW) ?: open_walked(w, flags, 0, out);
}

int vfs_open_exec(int dirfd, uint64_t path, uint32_t at_flags, struct file **out)
{
	_cleanup_walk_ struct walk *w = NULL;
	unsigned int how =
		(at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	uint32_t flags = O_RDONLY | (at_flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);

	return walk_begin(&w, dirfd, path, how) ?: open_walked(w, flags, 0, out);
}

static long open_at(int dirfd, uint64_t path, uint32_t flags, uint32_t mode, uint32_t resolve)
{
	_cleanup_walk_ struct walk *w = NULL;
	struct file *f;
	int error = walk_begin(&w, dirfd, path, 0), fd;

	if (error)
		return error;
	w->resolve = resolve;
	if (resolve & RESOLVE_CACHED)
		return -EAGAIN;
	if (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) {
		error = walk_keep_below(w, dirfd);
		if (error)
			return error;
	}
	error = open_walked(w, flags, mode, &f);
	if (error)
		return error;
	fd = fd_install(f, flags & O_CLOEXEC ? FD_CLOEXEC : 0, 0);
	if (fd < 0)
		file_put(f);
	return fd;
}

SYSCALL3(open, uint64_t, path, uint32_t, flags, uint32_t, mode)
{
	return open_at(AT_FDCWD, path, flags & OPEN_KNOWN, mode, 0);
}

SYSCALL4(openat, int, dirfd, uint64_t, path, uint32_t, flags, uint32_t, mode)
{
	return open_at(dirfd, path, flags & OPEN_KNOWN, mode, 0);
}

SYSCALL2(creat, uint64_t, path, uint32_t, mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, 0);
}

/* openat2(2): what is unknown is refused, and a longer structure is fine when the rest of it is zero. */
static int how_from_user(struct open_how *how, uint64_t user, uint64_t size)
{
	int error;

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	error = copy_from_user(how, user, sizeof(*how));
	for (uint64_t at = sizeof(*how); !error && at < size; at++) {
		uint8_t byte;

		error = copy_from_user(&byte, user + at, 1) ?: (byte ? -E2BIG : 0);
	}
	if (error)
		return error;
	if (how->flags & ~(uint64_t)OPEN_KNOWN || how->resolve & ~(uint64_t)RESOLVE_KNOWN)
		return -EINVAL;
	if ((how->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how->mode & ~07777UL || (how->mode && !(how->flags & (O_CREAT | 020000000))))
		return -EINVAL;
	if (how->flags & O_PATH && how->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
		return -EINVAL;
	return 0;
}

SYSCALL4(openat2, int, dirfd, uint64_t, path, uint64_t, user, uint64_t, size)
{
	struct open_how how;
	int error = how_from_user(&how, user, size);

	return error ? error : open_at(dirfd, path, (uint32_t)how.flags, (uint32_t)how.mode, (uint32_t)how.resolve);
}

SYSCALL0(name_to_handle_at)
{
	return -EOPNOTSUPP;
}
