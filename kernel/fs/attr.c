/* Changing attributes: chmod, chown, times, sizes. */
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "kernel/fs/sizelimit.h"
#include "kernel/fs/walk.h"
#include "kernel/syscall.h"

static int apply_inode(struct inode *i, const struct inode_attr *a)
{
	if (i->mount && i->mount->read_only)
		return -EROFS;
	return i->ops->setattr ? i->ops->setattr(i, a) : -EPERM;
}

static int apply_file(struct file *f, const struct inode_attr *a)
{
	_cleanup_inode_ struct inode *i = NULL;
	int error;

	if (f->ops->setattr)
		return f->ops->setattr(f, a);
	error = file_inode(f, &i);
	return error ? (error == -ENOTDIR ? -EINVAL : error) : apply_inode(i, a);
}

static long set_at(int dirfd, uint64_t path, unsigned how, const struct inode_attr *a)
{
	_cleanup_walk_ struct walk *w = NULL;
	int error = walk_begin(&w, dirfd, path, how) ?: walk_run(w, WALK_INODE);

	if (error)
		return error;
	return w->file ? apply_file(w->file, a) : apply_inode(w->at, a);
}

static long set_fd(int fd, const struct inode_attr *a)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	return f ? apply_file(f, a) : -EBADF;
}

static struct inode_attr attr_mode(uint32_t mode)
{
	return (struct inode_attr){ .valid = ATTR_MODE, .mode = mode & 07777 };
}

static struct inode_attr attr_owner(uint32_t uid, uint32_t gid)
{
	return (struct inode_attr){ .valid = (uid == ~0U ? 0 : ATTR_UID) | (gid == ~0U ? 0 : ATTR_GID),
				    .uid = uid,
				    .gid = gid };
}

SYSCALL2(chmod, uint64_t, path, uint32_t, mode)
{
	struct inode_attr a = attr_mode(mode);

	return set_at(AT_FDCWD, path, WALK_FOLLOW, &a);
}

SYSCALL3(fchmodat, int, dirfd, uint64_t, path, uint32_t, mode)
{
	struct inode_attr a = attr_mode(mode);

	return set_at(dirfd, path, WALK_FOLLOW, &a);
}

SYSCALL2(fchmod, int, fd, uint32_t, mode)
{
	struct inode_attr a = attr_mode(mode);

	return set_fd(fd, &a);
}

SYSCALL3(chown, uint64_t, path, uint32_t, uid, uint32_t, gid)
{
	struct inode_attr a = attr_owner(uid, gid);

	return set_at(AT_FDCWD, path, WALK_FOLLOW, &a);
}

SYSCALL3(lchown, uint64_t, path, uint32_t, uid, uint32_t, gid)
{
	struct inode_attr a = attr_owner(uid, gid);

	return set_at(AT_FDCWD, path, 0, &a);
}

SYSCALL3(fchown, int, fd, uint32_t, uid, uint32_t, gid)
{
	struct inode_attr a = attr_owner(uid, gid);

	return set_fd(fd, &a);
}

SYSCALL5(fchownat, int, dirfd, uint64_t, path, uint32_t, uid, uint32_t, gid, uint32_t, flags)
{
	struct inode_attr a = attr_owner(uid, gid);

	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return set_at(dirfd, path,
		      (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0), &a);
}

/* One of the two times of utimensat. */
static int attr_time(struct inode_attr *a, const struct timespec *ts, uint32_t set, uint32_t now, struct timespec *to)
{
	if (ts->tv_nsec == UTIME_OMIT)
		return 0;
	if (ts->tv_nsec == UTIME_NOW) {
		a->valid |= now;
		return 0;
	}
	if (ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	a->valid |= set;
	*to = *ts;
	return 0;
}

static int attr_times(struct inode_attr *a, const struct timespec ts[2])
{
	*a = (struct inode_attr){ 0 };
	return attr_time(a, &ts[0], ATTR_ATIME, ATTR_ATIME_NOW, &a->atime) ?:
	       attr_time(a, &ts[1], ATTR_MTIME, ATTR_MTIME_NOW, &a->mtime);
}

static long set_times(int dirfd, uint64_t path, uint32_t flags, const struct timespec ts[2])
{
	struct inode_attr a;
	int error = attr_times(&a, ts);

	if (error)
		return error;
	if (!path && dirfd != AT_FDCWD && !flags)
		return set_fd(dirfd, &a);
	return set_at(dirfd, path,
		      (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0), &a);
}

#define BOTH_NOW { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } }

SYSCALL4(utimensat, int, dirfd, uint64_t, path, uint64_t, times, uint32_t, flags)
{
	struct timespec ts[2] = BOTH_NOW;

	if (times && copy_from_user(ts, times, sizeof(ts)))
		return -EFAULT;
	if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!path && dirfd == AT_FDCWD)
		return -EFAULT;
	return set_times(dirfd, path, flags, ts);
}

static long set_timevals(int dirfd, uint64_t path, uint64_t times)
{
	struct timespec ts[2] = BOTH_NOW;
	struct timeval tv[2];

	if (times) {
		if (copy_from_user(tv, times, sizeof(tv)))
			return -EFAULT;
		for (int i = 0; i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= USEC_PER_SEC)
				return -EINVAL;
			ts[i] = (struct timespec){ .tv_sec = tv[i].tv_sec, .tv_nsec = tv[i].tv_usec * 1000 };
		}
	}
	return set_times(dirfd, path, 0, ts);
}

SYSCALL2(utimes, uint64_t, path, uint64_t, times)
{
	return set_timevals(AT_FDCWD, path, times);
}

SYSCALL3(futimesat, int, dirfd, uint64_t, path, uint64_t, times)
{
	return set_timevals(dirfd, path, times);
}

SYSCALL2(utime, uint64_t, path, uint64_t, times)
{
	struct timespec ts[2] = BOTH_NOW;
	struct utimbuf t;

	if (times) {
		if (copy_from_user(&t, times, sizeof(t)))
			return -EFAULT;
		ts[0] = (struct timespec){ .tv_sec = t.actime };
		ts[1] = (struct timespec){ .tv_sec = t.modtime };
	}
	return set_times(AT_FDCWD, path, 0, ts);
}

SYSCALL2(truncate, uint64_t, path, int64_t, size)
{
	_cleanup_walk_ struct walk *w = NULL;
	struct inode_attr a = { .valid = ATTR_SIZE, .size = (uint64_t)size };
	int error;

	if (size < 0)
		return -EINVAL;
	error = walk_begin(&w, AT_FDCWD, path, WALK_FOLLOW) ?: walk_run(w, WALK_INODE);
	if (error)
		return error;
	if (w->file)
		return sizelimit_resize(w->file, size) ?: apply_file(w->file, &a);
	if (!S_ISREG(w->at->mode))
		return S_ISDIR(w->at->mode) ? -EISDIR : -EINVAL;
	error = inode_permission(w->at, W_OK) ?: sizelimit_resize_inode(w->at, size);
	return error ? error : apply_inode(w->at, &a);
}

SYSCALL2(ftruncate, int, fd, int64_t, size)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);
	struct inode_attr a = { .valid = ATTR_SIZE, .size = (uint64_t)size };

	if (!f)
		return -EBADF;
	if (size < 0 || (f->flags & O_ACCMODE) == O_RDONLY || (f->inode && !S_ISREG(f->inode->mode)))
		return -EINVAL;
	return sizelimit_resize(f, size) ?: apply_file(f, &a);
}

SYSCALL4(fallocate, int, fd, int, mode, int64_t, offset, int64_t, length)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	if (offset < 0 || length <= 0)
		return -EINVAL;
	if ((f->flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (offset > INT64_MAX - length)
		return -EFBIG;
	if (f->inode && S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!f->ops->fallocate)
		return f->ops->seek ? -EOPNOTSUPP : -ESPIPE;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && sizelimit_resize(f, offset + length))
		return -EFBIG;
	return f->ops->fallocate(f, mode, offset, length);
}

/* Advice: host files pass it on where it may help; nothing depends on it. */
SYSCALL4(fadvise64, int, fd, int64_t, offset, int64_t, length, int, advice)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	(void)offset;
	if (!f)
		return -EBADF;
	if (!f->ops->seek)
		return -ESPIPE;
	return length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE ? -EINVAL : 0;
}

SYSCALL3(readahead, int, fd, int64_t, offset, uint64_t, count)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	(void)offset;
	(void)count;
	if (!f || (f->flags & O_ACCMODE) == O_WRONLY)
		return -EBADF;
	return f->ops->map_page ? 0 : -EINVAL;
}
