/*
 * Sockets. Two kinds: those of the host (INET, INET6, netlink, UNIX towards other processes) and UNIX sockets between
 * ends of this process, which never leave the enclave. A UNIX socket is born inside and moves to the host when it is
 * bound or connected to a name that lives there.
 */
#ifndef ADYTON_KERNEL_NET_SOCKET_H
#define ADYTON_KERNEL_NET_SOCKET_H

#include "abi/hostcall.h"
#include "abi/linux/socket.h"
#include "kernel/fs/file.h"

struct inode;

struct socket_ops {
	int (*bind)(struct file *f, const struct host_addr *addr);
	int (*connect)(struct file *f, const struct host_addr *addr);
	int (*listen)(struct file *f, int backlog);
	/* A new file, nonblocking when `flags` (SOCK_*) says so. peer NULL: not wanted. */
	int (*accept)(struct file *f, struct file **out, struct host_addr *peer, uint32_t flags);
	int (*name)(struct file *f, struct host_addr *addr, bool peer);
	int (*shutdown)(struct file *f, int how);
	int (*set_option)(struct file *f, int level, int name, const void *value, uint32_t size);
	/* Length of the value, cut to size. */
	long (*get_option)(struct file *f, int level, int name, void *value, uint32_t size);
	/* m: address and control; NULL: none given, or none wanted. */
	long (*send)(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags);
	long (*recv)(struct file *f, const struct iov *data, struct host_msg *m, uint32_t flags);
};

/* What file->data of a socket begins with. */
struct socket {
	const struct socket_ops *ops;
	uint16_t domain, type, protocol;
	uint64_t ino;
	struct host_addr *bound; /* UNIX sockets of the host: the name that the program gave; heap */
	struct host_addr *reached; /* the same for the name that it connected to */
	struct socket *former; /* host sockets: the UNIX socket that this one was, kept for who still waits on it */
};

extern const struct file_ops hostsock_file_ops;
extern const struct file_ops unix_file_ops;

static inline struct socket *socket_of(const struct file *f)
{
	return f->ops == &hostsock_file_ops || f->ops == &unix_file_ops ? f->data : NULL;
}

/* The stream kinds: bytes without boundaries, EPIPE raises SIGPIPE. */
static inline bool socket_streams(const struct socket *s)
{
	return s->type == SOCK_STREAM;
}

/* -EPIPE: SIGPIPE, unless MSG_NOSIGNAL was said. Returns r. */
long socket_pipe_result(long r, uint32_t flags);

int hostsock_make(int domain, uint32_t type, int protocol, uint32_t flags, struct file **out) must_check;
/* A descriptor that the host has open already, from before the start. */
int hostsock_adopt(int host_fd, struct file **out) must_check;
/* f, an undecided UNIX socket, becomes a host socket. */
int hostsock_take_over(struct file *f) must_check;
long hostsock_ioctl(struct file *f, uint32_t request, uint64_t arg);
/* The requests about network interfaces, which a socket of any domain answers: glibc asks UNIX ones. */
long hostsock_ioctl_any(uint32_t request, uint64_t arg);

int unix_make(uint32_t type, uint32_t flags, struct file **out) must_check;
int unix_make_pair(uint32_t type, uint32_t flags, struct file **a, struct file **b) must_check;
/* A UNIX name as the host knows it, for bind (the name is new) or for reaching it. */
struct unix_host_name {
	struct host_addr addr;
	struct inode *hold; /* what the name in addr stands on: unix_name_host_end() puts it */
};
int unix_name_host(const struct host_addr *addr, bool bind, struct unix_host_name *out) must_check;
void unix_name_host_end(struct unix_host_name *name);
/* The UNIX half of a host socket that was born inside. */
void unix_former_release(struct socket *s);

/* The socket behind a descriptor: a reference in *f. -EBADF, -ENOTSOCK. */
int socket_get(int fd, struct file **f, struct socket **s) must_check;
/* An address of the program: -EINVAL, -EFAULT. */
int socket_addr_from_user(struct host_addr *to, uint64_t addr, uint32_t size) must_check;
/* Give an address as accept(2) does: cut to *size_addr, which then says how long it is. addr 0: not wanted. */
int socket_addr_to_user(uint64_t addr, uint64_t size_addr, const struct host_addr *from) must_check;

#endif
