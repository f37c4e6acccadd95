/*
 * inotify(7) for what lies in host directories: the host watches. Files of the enclave cannot be watched: -EOPNOTSUPP.
 */
#include "abi/linux/poll.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"
#include "kernel/fs/walk.h"
#include "kernel/ipc/hostfd.h"
#include "kernel/ipc/sleep.h"
#include "kernel/kernel.h"

/* FIONREAD is the only one. */
static long inotify_ioctl(struct file *f, uint32_t request, uint64_t arg)
{
	return hostfs_ioctl(f, request, arg);
}

static const struct file_ops inotify_ops = {
	.kind = "inotify",
	.read = hostfd_read,
	.ioctl = inotify_ioctl,
	.getattr = hostfd_getattr,
	.set_flags = hostfd_set_flags,
	.release = hostfd_release,
};

static long inotify_make(uint32_t flags)
{
	long fd;

	if (flags & ~(uint32_t)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	fd = host_inotify_init1((long)(flags | IN_CLOEXEC));
	if (fd < 0)
		return fd;
	return hostfd_install(&inotify_ops, (int)fd, O_RDONLY | (flags & O_NONBLOCK), flags & IN_CLOEXEC,
			      "anon_inode:inotify");
}

SYSCALL0(inotify_init)
{
	return inotify_make(0);
}

SYSCALL1(inotify_init1, uint32_t, flags)
{
	return inotify_make(flags);
}

static int inotify_get(int fd, struct file **f)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	return (*f)->ops == &inotify_ops ? 0 : -EINVAL;
}

/* The host reaches the file through the descriptor that stands for it there. */
static long inotify_watch(struct file *f, const struct inode *i, uint32_t mask)
{
	char path[40];

	if (!hostfs_inode_is(i))
		return -EOPNOTSUPP;
	format(path, sizeof(path), "/proc/self/fd/%d", container_of(i, const struct hostfs_inode, inode)->fd);
	return host_inotify_add_watch(f->host_fd, path, (long)(mask & ~IN_DONT_FOLLOW));
}

SYSCALL3(inotify_add_watch, int, fd, uint64_t, path, uint32_t, mask)
{
	_cleanup_file_ struct file *f = NULL;
	_cleanup_walk_ struct walk *w = NULL;
	int error;

	if (!(mask & (IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED)))
		return -EINVAL;
	error = inotify_get(fd, &f);
	if (!error)
		error = walk_begin(&w, AT_FDCWD, path, mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW);
	if (!error)
		error = walk_run(w, WALK_INODE);
	if (!error)
		error = inode_permission(w->at, R_OK);
	return error ? error : inotify_watch(f, w->at, mask);
}

SYSCALL2(inotify_rm_watch, int, fd, int, wd)
{
	_cleanup_file_ struct file *f = NULL;
	int error = inotify_get(fd, &f);

	return error ? error : host_inotify_rm_watch(f->host_fd, wd);
}
