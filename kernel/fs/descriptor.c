/* Calls on descriptors as such: close, dup, fcntl, ioctl. */
#include "abi/linux/ioctl.h"
#include "abi/linux/memfd.h"
#include "kernel/fs/vfs.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"

SYSCALL1(close, int, fd)
{
	return fd_close(fd);
}

SYSCALL3(close_range, uint32_t, first, uint32_t, last, uint32_t, flags)
{
	/* CLOSE_RANGE_UNSHARE: there is one table and one process; a table shared by its threads cannot be left. */
	if (flags & ~(uint32_t)CLOSE_RANGE_CLOEXEC || first > last)
		return -EINVAL;
	return fd_close_range(first, last, flags & CLOSE_RANGE_CLOEXEC);
}

static long dup_above(int fd, uint64_t lowest, uint32_t fd_flags)
{
	struct file *f = fd_get(fd);
	int result;

	if (!f)
		return -EBADF;
	if (lowest >= init_process.limits[RLIMIT_NOFILE].rlim_cur)
		result = -EINVAL;
	else
		result = fd_install(f, fd_flags, (int)lowest);
	if (result < 0)
		file_put(f);
	return result;
}

static long dup_onto(int fd, int to, uint32_t fd_flags)
{
	struct file *f = fd_get(fd);
	int result;

	if (!f)
		return -EBADF;
	result = fd_install_at(f, fd_flags, to);
	if (result < 0)
		file_put(f);
	return result;
}

SYSCALL1(dup, int, fd)
{
	return dup_above(fd, 0, 0);
}

SYSCALL2(dup2, int, fd, int, to)
{
	if (fd == to)
		return fd_flags(fd) < 0 ? -EBADF : to;
	return dup_onto(fd, to, 0);
}

SYSCALL3(dup3, int, fd, int, to, uint32_t, flags)
{
	if (fd == to || flags & ~(uint32_t)O_CLOEXEC)
		return -EINVAL;
	return dup_onto(fd, to, flags & O_CLOEXEC ? FD_CLOEXEC : 0);
}

#define SETTABLE (O_APPEND | O_NONBLOCK | O_DIRECT | FASYNC | O_NOATIME)

static long set_status_flags(struct file *f, uint32_t flags)
{
	uint32_t now = __atomic_load_n(&f->flags, __ATOMIC_RELAXED),
		 want = (now & ~(uint32_t)SETTABLE) | (flags & SETTABLE);
	int error = f->ops->set_flags ? f->ops->set_flags(f, want) : 0;

	if (!error)
		__atomic_store_n(&f->flags, want, __ATOMIC_RELAXED);
	return error;
}

static long owner_ex(struct file *f, int cmd, uint64_t user)
{
	struct f_owner_ex o = { .type = f->owner < 0 ? F_OWNER_PGRP : F_OWNER_PID,
				.pid = f->owner < 0 ? -f->owner : f->owner };
	int error;

	if (cmd == F_GETOWN_EX)
		return copy_to_user(user, &o, sizeof(o));
	error = copy_from_user(&o, user, sizeof(o));
	if (error)
		return error;
	if (o.type < F_OWNER_TID || o.type > F_OWNER_PGRP)
		return -EINVAL;
	f->owner = o.type == F_OWNER_PGRP ? -o.pid : o.pid;
	return 0;
}

/* What is allowed on O_PATH descriptors too. */
static bool command_of_table(int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD || cmd == F_SETFD || cmd == F_GETFL;
}

static long command(struct file *f, int fd, int cmd, uint64_t arg)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_above(fd, (uint32_t)arg, cmd == F_DUPFD ? 0 : FD_CLOEXEC);
	case F_GETFD:
		return fd_flags(fd);
	case F_SETFD:
		return fd_set_flags(fd, (uint32_t)arg & FD_CLOEXEC);
	case F_GETFL:
		return (long)__atomic_load_n(&f->flags, __ATOMIC_RELAXED);
	case F_SETFL:
		return set_status_flags(f, (uint32_t)arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return f->ops->lock_range ? f->ops->lock_range(f, cmd, arg) : -EINVAL;
	case F_SETOWN:
		f->owner = (int32_t)arg;
		return 0;
	case F_GETOWN:
		return f->owner;
	case F_SETOWN_EX:
	case F_GETOWN_EX:
		return owner_ex(f, cmd, arg);
	case F_GETSIG:
		return 0;
	case F_SETSIG: /* SIGIO is the only one that FASYNC could send */
		return arg ? -EINVAL : 0;
	case F_GETLEASE:
		return F_UNLCK;
	default:
		return f->ops->fcntl ? f->ops->fcntl(f, cmd, arg) : -EINVAL;
	}
}

SYSCALL3(fcntl, int, fd, int, cmd, uint64_t, arg)
{
	_cleanup_file_ struct file *f = fd_get(fd);

	if (!f || (f->flags & O_PATH && !command_of_table(cmd)))
		return -EBADF;
	return command(f, fd, cmd, arg);
}

static long set_flag_from_user(struct file *f, uint32_t flag, uint64_t user)
{
	uint32_t on;
	int error = get_user_u32(&on, user);

	if (error)
		return error;
	return set_status_flags(f, on ? f->flags | flag : f->flags & ~flag);
}

SYSCALL3(ioctl, int, fd, uint32_t, request, uint64_t, arg)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	switch (request) {
	case FIOCLEX:
		return fd_set_flags(fd, FD_CLOEXEC);
	case FIONCLEX:
		return fd_set_flags(fd, 0);
	case FIONBIO:
		return set_flag_from_user(f, O_NONBLOCK, arg);
	case FIOASYNC:
		return set_flag_from_user(f, FASYNC, arg);
	default:
		return f->ops->ioctl ? f->ops->ioctl(f, request, arg) : -ENOTTY;
	}
}

SYSCALL2(flock, int, fd, int, operation)
{
	_cleanup_file_ struct file *f = fd_get_opened(fd);

	if (!f)
		return -EBADF;
	if ((operation & ~LOCK_NB) != LOCK_SH && (operation & ~LOCK_NB) != LOCK_EX && (operation & ~LOCK_NB) != LOCK_UN)
		return -EINVAL;
	return f->ops->flock ? f->ops->flock(f, operation) : -EINVAL;
}
