/* Descriptors that travel through UNIX sockets of the host: only files of the host can, in both directions. */
#ifndef ADYTON_KERNEL_NET_RIGHTS_H
#define ADYTON_KERNEL_NET_RIGHTS_H

#include "abi/hostcall.h"
#include "abi/linux/socket.h"

struct file;

/* A message on its way out: its control area names the host's descriptors, whose files are held until rights_end(). */
struct rights {
	struct host_msg message;
	uint32_t count;
	struct file *files[SCM_MAX_FD];
};

/* *out is heap memory. -EBADF, -EINVAL, -EPERM; -EOPNOTSUPP: a file that exists only inside. */
int rights_begin(const struct host_msg *from, struct rights **out) must_check;
void rights_end(struct rights *r);
/* What came: bound what the host reported, and install the descriptors; cut (MSG_CTRUNC) where that fails. */
void rights_receive(struct host_msg *m, bool close_on_exec);
/* A descriptor that is open in the host becomes a file, by what it is. */
int rights_adopt(int host_fd, struct file **out) must_check;

#endif
