/* Asking about files: stat, statx, access, readlink, statfs, directories' contents. */
#include "abi/linux/dirent.h"
#include "base/mem.h"
#include "kernel/fs/walk.h"
#include "kernel/mm/heap.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

static long stat_at(int dirfd, uint64_t path, unsigned how, uint64_t user)
{
	struct stat st = { 0 };
	int error = walk_stat(dirfd, path, how, &st);

	return error ? error : copy_to_user(user, &st, sizeof(st));
}

SYSCALL2(stat, uint64_t, path, uint64_t, user)
{
	return stat_at(AT_FDCWD, path, WALK_FOLLOW, user);
}

SYSCALL2(lstat, uint64_t, path, uint64_t, user)
{
	return stat_at(AT_FDCWD, path, 0, user);
}

static int stat_fd(int fd, struct stat *st)
{
	_cleanup_file_ struct file *f = fd_get(fd);

	return f ? file_getattr(f, st) : -EBADF;
}

SYSCALL2(fstat, int, fd, uint64_t, user)
{
	struct stat st = { 0 };
	int error = stat_fd(fd, &st);

	return error ? error : copy_to_user(user, &st, sizeof(st));
}

static unsigned how_of(uint32_t flags)
{
	return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

SYSCALL4(newfstatat, int, dirfd, uint64_t, path, uint64_t, user, uint32_t, flags)
{
	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	return stat_at(dirfd, path, how_of(flags), user);
}

static struct statx_timestamp statx_time(uint64_t seconds, uint64_t nanoseconds)
{
	return (struct statx_timestamp){ .tv_sec = (int64_t)seconds, .tv_nsec = (uint32_t)nanoseconds };
}

static void statx_from(struct statx *x, const struct stat *st)
{
	*x = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = (uint32_t)st->st_blksize,
		.stx_nlink = (uint32_t)st->st_nlink,
		.stx_uid = st->st_uid,
		.stx_gid = st->st_gid,
		.stx_mode = (uint16_t)st->st_mode,
		.stx_ino = st->st_ino,
		.stx_size = (uint64_t)st->st_size,
		.stx_blocks = (uint64_t)st->st_blocks,
		.stx_atime = statx_time(st->st_atime, st->st_atime_nsec),
		.stx_ctime = statx_time(st->st_ctime, st->st_ctime_nsec),
		.stx_mtime = statx_time(st->st_mtime, st->st_mtime_nsec),
		.stx_rdev_major = DEV_MAJOR(st->st_rdev),
		.stx_rdev_minor = DEV_MINOR(st->st_rdev),
		.stx_dev_major = DEV_MAJOR(st->st_dev),
		.stx_dev_minor = DEV_MINOR(st->st_dev),
	};
}

SYSCALL5(statx, int, dirfd, uint64_t, path, uint32_t, flags, uint32_t, mask, uint64_t, user)
{
	struct stat st = { 0 };
	struct statx x;
	int error;

	if (mask & 0x80000000U || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	error = walk_stat(dirfd, path, how_of(flags), &st);
	if (error)
		return error;
	statx_from(&x, &st);
	return copy_to_user(user, &x, sizeof(x));
}

/*
 * access(2) asks for the real identity; attr_permission() knows the effective one, and they differ only in setuid
 * programs.
 */
static long access_at(int dirfd, uint64_t path, uint32_t mode, uint32_t flags)
{
	_cleanup_walk_ struct walk *w = NULL;
	struct stat st = { 0 };
	int error;

	if (mode & ~7U || flags & ~(uint32_t)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	error = walk_begin(&w, dirfd, path, how_of(flags));
	if (error)
		return error;
	w->st = &st;
	error = walk_run(w, WALK_STAT);
	if (!error && !w->done)
		error = w->file ? file_getattr(w->file, &st) : w->at->ops->getattr(w->at, &st);
	if (error || !mode)
		return error;
	if (mode & W_OK && !w->file && walk_mount(w)->read_only && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return -EROFS;
	return attr_permission(st.st_mode, st.st_uid, st.st_gid, mode);
}

SYSCALL2(access, uint64_t, path, uint32_t, mode)
{
	return access_at(AT_FDCWD, path, mode, 0);
}

SYSCALL3(faccessat, int, dirfd, uint64_t, path, uint32_t, mode)
{
	return access_at(dirfd, path, mode, 0);
}

SYSCALL4(faccessat2, int, dirfd, uint64_t, path, uint32_t, mode, uint32_t, flags)
{
	return access_at(dirfd, path, mode, flags);
}

static long readlink_of(struct inode *i, uint64_t buf, uint64_t size)
{
	char *target;
	long n;

	if (!S_ISLNK(i->mode) || !i->ops->readlink)
		return -EINVAL;
	target = heap_alloc(PATH_MAX);
	if (!target)
		return -ENOMEM;
	n = i->ops->readlink(i, target, PATH_MAX);
	if (n > 0) {
		if ((uint64_t)n > size)
			n = (long)size;
		if (copy_to_user(buf, target, (size_t)n))
			n = -EFAULT;
	}
	heap_free(target);
	return n;
}

SYSCALL4(readlinkat, int, dirfd, uint64_t, path, uint64_t, buf, int, size)
{
	_cleanup_walk_ struct walk *w = NULL;
	_cleanup_inode_ struct inode *own = NULL;
	int error;

	if (size <= 0)
		return -EINVAL;
	error = walk_begin(&w, dirfd, path, WALK_EMPTY) ?: walk_run(w, WALK_INODE);
	if (error)
		return error;
	if (!w->file)
		return readlink_of(w->at, buf, (uint64_t)size);
	/* An empty path: an O_PATH descriptor of a link, else there is nothing to read. */
	if (!(w->file->flags & O_PATH) || file_inode(w->file, &own) || !S_ISLNK(own->mode))
		return -ENOENT;
	return readlink_of(own, buf, (uint64_t)size);
}

SYSCALL3(readlink, uint64_t, path, uint64_t, buf, int, size)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error;

	if (size <= 0)
		return -EINVAL;
	error = walk_begin(&w, AT_FDCWD, path, 0) ?: walk_run(w, WALK_INODE);
	return error ? error : readlink_of(w->at, buf, (uint64_t)size);
}

static long statfs_of(struct inode *i, uint64_t user)
{
	struct statfs st = { 0 };
	int error = i->ops->statfs ? i->ops->statfs(i, &st) : -ENOSYS;

	return error ? error : copy_to_user(user, &st, sizeof(st));
}

SYSCALL2(statfs, uint64_t, path, uint64_t, user)
{
	_cleanup_walk_ struct walk *w = NULL;
	_cleanup_inode_ struct inode *own = NULL;
	int error = walk_begin(&w, AT_FDCWD, path, WALK_FOLLOW) ?: walk_run(w, WALK_INODE);

	if (!error && w->file)
		error = file_inode(w->file, &own);
	return error ? error : statfs_of(own ? own : w->at, user);
}

SYSCALL2(fstatfs, int, fd, uint64_t, user)
{
	_cleanup_file_ struct file *f = fd_get(fd);
	_cleanup_inode_ struct inode *i = NULL;
	struct statfs st = { .f_type = ANON_INODE_FS_MAGIC, .f_bsize = PAGE_SIZE, .f_namelen = NAME_MAX,
			     .f_frsize = PAGE_SIZE };

	if (!f)
		return -EBADF;
	if (!file_inode(f, &i))
		return statfs_of(i, user);
	if (!strcmp(f->ops->kind, "pipe"))
		st.f_type = PIPEFS_MAGIC;
	else if (!strcmp(f->ops->kind, "socket"))
		st.f_type = SOCKFS_MAGIC;
	return copy_to_user(user, &st, sizeof(st));
}

/*
 * Room for names under a mount's parent that the directory itself does not have: one record into the program's buffer.
 */
static long list_missing(struct file *f, uint64_t buf, uint64_t size)
{
	size_t own = strlen(f->name);
	uint64_t record[(sizeof(struct linux_dirent64) + NAME_MAX + 8) / 8] = { 0 };
	struct linux_dirent64 *d = (void *)record;

	if (own == 1)
		own = 0;
	for (; f->mounts_listed < mount_count; f->mounts_listed++) {
		const struct mount *m = &mounts[f->mounts_listed];
		size_t length = strlen(m->name), room;

		if (!m->missing || length <= own + 1 || memcmp(m->name, f->name, own) || m->name[own] != '/' ||
		    strchr(m->name + own + 1, '/'))
			continue;
		room = (sizeof(*d) + (length - own) + 7) & ~7UL;
		if (room > size)
			return -EINVAL;
		*d = (struct linux_dirent64){ .d_ino = m->root->ino, .d_off = INT64_MAX, .d_reclen = (uint16_t)room,
					      .d_type = (uint8_t)(m->root->mode >> 12) };
		memcpy((char *)record + offsetof(struct linux_dirent64, d_name), m->name + own + 1, length - own);
		if (copy_to_user(buf, record, room))
			return -EFAULT;
		f->mounts_listed++;
		return (long)room;
	}
	return 0;
}

static long list(struct file *f, uint64_t buf, uint64_t size)
{
	long n;

	if (!f->ops->readdir)
		return -ENOTDIR;
	if (!user_range_ok(buf, size))
		return -EFAULT;
	n = f->ops->readdir(f, buf, size);
	if (n || !f->name || f->name[0] != '/')
		return n;
	LOCKED(&f->pos_lock);
	return list_missing(f, buf, size);
}

SYSCALL3(getdents64, int, fd, uint64_t, buf, uint32_t, size)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	return f ? list(f, buf, size) : -EBADF;
}

/*
 * The old form has the type in the last byte: each record is as long as the new one or shorter, and is rewritten in
 * place.
 */
SYSCALL3(getdents, int, fd, uint64_t, buf, uint32_t, size)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);
	uint64_t record[(sizeof(struct linux_dirent64) + NAME_MAX + 8) / 8 + 1];
	long n = f ? list(f, buf, size) : -EBADF;

	for (long at = 0; at < n;) {
		struct linux_dirent64 *d = (void *)record;
		char *bytes = (char *)record;
		uint16_t length;
		uint8_t type;

		if (copy_from_user(d, buf + (uint64_t)at, sizeof(*d)))
			return -EFAULT;
		length = d->d_reclen;
		type = d->d_type;
		if (length < sizeof(*d) || length > sizeof(record) ||
		    copy_from_user(record, buf + (uint64_t)at, length))
			return -EFAULT;
		memmove(bytes + 18, bytes + 19, length - 19UL);
		bytes[length - 1] = (char)type;
		if (copy_to_user(buf + (uint64_t)at, record, length))
			return -EFAULT;
		at += length;
	}
	return n;
}
