/* Descriptors of the host that are read and written as they are: timerfd, inotify; and what sockets share with them. */
#ifndef ADYTON_KERNEL_IPC_HOSTFD_H
#define ADYTON_KERNEL_IPC_HOSTFD_H

#include "kernel/fs/file.h"

/* Wrap a fresh host descriptor and install it; closes it on failure. */
long hostfd_install(const struct file_ops *ops, int host_fd, uint32_t flags, bool close_on_exec,
		    const char *name) must_check;
long hostfd_read(struct file *f, const struct iov *to, int64_t *pos);
int hostfd_set_flags(struct file *f, uint32_t flags);
int hostfd_getattr(struct file *f, struct stat *st);
void hostfd_release(struct file *f);

#endif
