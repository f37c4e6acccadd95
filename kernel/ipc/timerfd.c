/* timerfd(2): a timer of the host, which owns the clock anyway. */
#include "abi/linux/time.h"
#include "kernel/border/hostcall.h"
#include "kernel/ipc/hostfd.h"
#include "kernel/syscall.h"

static const struct file_ops timerfd_ops = {
	.kind = "timerfd",
	.read = hostfd_read,
	.getattr = hostfd_getattr,
	.set_flags = hostfd_set_flags,
	.release = hostfd_release,
};

SYSCALL2(timerfd_create, int, clock, uint32_t, flags)
{
	long fd;

	if (flags & ~(uint32_t)(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	fd = host_timerfd_create(clock, (long)(flags | TFD_CLOEXEC));
	if (fd < 0)
		return fd;
	return hostfd_install(&timerfd_ops, (int)fd, O_RDWR | (flags & O_NONBLOCK), flags & TFD_CLOEXEC,
			      "anon_inode:[timerfd]");
}

static int timerfd_get(int fd, struct file **f)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	return (*f)->ops == &timerfd_ops ? 0 : -EINVAL;
}

SYSCALL4(timerfd_settime, int, fd, uint32_t, flags, uint64_t, value, uint64_t, old)
{
	_cleanup_file_ struct file *f = NULL;
	struct itimerspec set, before;
	long r;

	if (copy_from_user(&set, value, sizeof(set)))
		return -EFAULT;
	r = timerfd_get(fd, &f);
	if (!r)
		r = host_timerfd_settime(f->host_fd, (long)flags, &set, &before);
	if (!r && old)
		r = copy_to_user(old, &before, sizeof(before));
	return r;
}

SYSCALL2(timerfd_gettime, int, fd, uint64_t, value)
{
	_cleanup_file_ struct file *f = NULL;
	struct itimerspec now;
	long r = timerfd_get(fd, &f);

	if (!r)
		r = host_timerfd_gettime(f->host_fd, &now);
	return r ? r : copy_to_user(value, &now, sizeof(now));
}
