#include "kernel/ipc/hostfd.h"
#include "abi/linux/errno.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"
#include "kernel/ipc/anon.h"

long hostfd_install(const struct file_ops *ops, int host_fd, uint32_t flags, bool close_on_exec, const char *name)
{
	struct file *f = anon_file(ops, flags, NULL, name, anon_ino());

	if (!f) {
		(void)host_close(host_fd);
		return -ENOMEM;
	}
	f->host_fd = host_fd;
	return anon_install(f, close_on_exec);
}

long hostfd_read(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)pos;
	return host_read(f->host_fd, to);
}

int hostfd_set_flags(struct file *f, uint32_t flags)
{
	long r = host_fcntl(f->host_fd, F_SETFL, (long)(flags & (O_NONBLOCK | O_APPEND | O_DIRECT)));

	return r < 0 ? (int)r : 0;
}

int hostfd_getattr(struct file *f, struct stat *st)
{
	anon_stat(st, 0600, 0);
	(void)f;
	return 0;
}

void hostfd_release(struct file *f)
{
	if (f->host_fd >= 0)
		hostfs_close_fd(f->host_fd);
	f->host_fd = -1;
}
