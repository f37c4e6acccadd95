/* System calls on sockets but those that carry messages. */
#include "kernel/net/socket.h"
#include "base/mem.h"
#include "kernel/ipc/anon.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"

#define SOCKET_OPTION_MAX 512

long socket_pipe_result(long r, uint32_t flags)
{
	if (r == -EPIPE && !(flags & MSG_NOSIGNAL))
		signal_own(SIGPIPE);
	return r;
}

int socket_addr_from_user(struct host_addr *to, uint64_t addr, uint32_t size)
{
	if (size > sizeof(to->addr))
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	to->size = size;
	return copy_from_user(to->addr, addr, size);
}

int socket_addr_to_user(uint64_t addr, uint64_t size_addr, const struct host_addr *from)
{
	uint32_t room, size = from->size < sizeof(from->addr) ? from->size : (uint32_t)sizeof(from->addr);

	if (!addr)
		return 0;
	if (get_user_u32(&room, size_addr))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	if (copy_to_user(addr, from->addr, size < room ? size : room))
		return -EFAULT;
	return put_user_u32(size_addr, from->size);
}

int socket_get(int fd, struct file **f, struct socket **s)
{
	*f = fd_get(fd);
	if (!*f)
		return -EBADF;
	*s = socket_of(*f);
	return *s ? 0 : -ENOTSOCK;
}

static int socket_check(int domain, uint32_t type, int protocol)
{
	switch (domain) {
	case AF_UNIX:
		if (protocol && protocol != AF_UNIX)
			return -EPROTONOSUPPORT;
		return type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_SEQPACKET || type == SOCK_RAW ?
			       0 : -ESOCKTNOSUPPORT;
	case AF_INET:
	case AF_INET6:
		if (type == SOCK_RAW || type == SOCK_PACKET)
			return -EPERM; /* raw access to the network is the host's affair */
		return 0;
	case AF_NETLINK:
		return protocol == NETLINK_ROUTE ? 0 : -EPROTONOSUPPORT;
	}
	return -EAFNOSUPPORT;
}

static int socket_make(int domain, uint32_t type, int protocol, struct file **out)
{
	uint32_t flags = type & ~(uint32_t)SOCK_TYPE_MASK, kind = type & SOCK_TYPE_MASK;
	int error;

	if (flags & ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK) || kind > SOCK_PACKET)
		return -EINVAL;
	error = socket_check(domain, kind, protocol);
	if (error)
		return error;
	if (domain == AF_UNIX)
		return unix_make(kind, flags, out);
	return hostsock_make(domain, kind, protocol, flags, out);
}

SYSCALL3(socket, int, domain, uint32_t, type, int, protocol)
{
	struct file *f;
	int error = socket_make(domain, type, protocol, &f);

	return error ? error : anon_install(f, type & SOCK_CLOEXEC);
}

SYSCALL4(socketpair, int, domain, uint32_t, type, int, protocol, uint64_t, fds)
{
	uint32_t flags = type & ~(uint32_t)SOCK_TYPE_MASK, kind = type & SOCK_TYPE_MASK;
	struct file *a, *b;
	int error;

	if (flags & ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	error = socket_check(domain, kind, protocol);
	if (!error && domain != AF_UNIX)
		error = -EOPNOTSUPP;
	if (!error)
		error = unix_make_pair(kind, flags, &a, &b);
	return error ? error : anon_install_pair(a, b, type & SOCK_CLOEXEC, fds);
}

SYSCALL3(bind, int, fd, uint64_t, addr, uint32_t, size)
{
	_cleanup_file_ struct file *f = NULL;
	struct host_addr a;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error)
		error = socket_addr_from_user(&a, addr, size);
	return error ? error : s->ops->bind(f, &a);
}

SYSCALL3(connect, int, fd, uint64_t, addr, uint32_t, size)
{
	_cleanup_file_ struct file *f = NULL;
	struct host_addr a;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error)
		error = socket_addr_from_user(&a, addr, size);
	return error ? error : s->ops->connect(f, &a);
}

SYSCALL2(listen, int, fd, int, backlog)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	return error ? error : s->ops->listen(f, backlog);
}

static long socket_accept(int fd, uint64_t addr, uint64_t size_addr, uint32_t flags)
{
	_cleanup_file_ struct file *f = NULL;
	struct host_addr peer = { 0 };
	struct file *fresh;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error && flags & ~(uint32_t)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		error = -EINVAL;
	if (!error)
		error = s->ops->accept(f, &fresh, addr ? &peer : NULL, flags);
	if (error)
		return error;
	error = socket_addr_to_user(addr, size_addr, &peer);
	if (error) {
		file_put(fresh);
		return error;
	}
	return anon_install(fresh, flags & SOCK_CLOEXEC);
}

SYSCALL3(accept, int, fd, uint64_t, addr, uint64_t, size_addr)
{
	return socket_accept(fd, addr, size_addr, 0);
}

SYSCALL4(accept4, int, fd, uint64_t, addr, uint64_t, size_addr, uint32_t, flags)
{
	return socket_accept(fd, addr, size_addr, flags);
}

static long socket_name(int fd, uint64_t addr, uint64_t size_addr, bool peer)
{
	_cleanup_file_ struct file *f = NULL;
	struct host_addr a = { 0 };
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error)
		error = s->ops->name(f, &a, peer);
	if (!error && !addr)
		error = -EFAULT;
	return error ? error : socket_addr_to_user(addr, size_addr, &a);
}

SYSCALL3(getsockname, int, fd, uint64_t, addr, uint64_t, size_addr)
{
	return socket_name(fd, addr, size_addr, false);
}

SYSCALL3(getpeername, int, fd, uint64_t, addr, uint64_t, size_addr)
{
	return socket_name(fd, addr, size_addr, true);
}

SYSCALL2(shutdown, int, fd, int, how)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error && (how < SHUT_RD || how > SHUT_RDWR))
		error = -EINVAL;
	return error ? error : s->ops->shutdown(f, how);
}

/* A value longer than any option that we pass on has its tail ignored by Linux as well. */
SYSCALL5(setsockopt, int, fd, int, level, int, name, uint64_t, value, uint32_t, size)
{
	_cleanup_file_ struct file *f = NULL;
	uint64_t bytes[SOCKET_OPTION_MAX / 8] = { 0 };
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (!error && (int32_t)size < 0)
		error = -EINVAL;
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	if (!error)
		error = copy_from_user(bytes, value, size);
	return error ? error : s->ops->set_option(f, level, name, bytes, size);
}

SYSCALL5(getsockopt, int, fd, int, level, int, name, uint64_t, value, uint64_t, size_addr)
{
	_cleanup_file_ struct file *f = NULL;
	uint64_t bytes[SOCKET_OPTION_MAX / 8] = { 0 };
	struct socket *s;
	uint32_t size;
	long r = socket_get(fd, &f, &s);

	if (!r)
		r = get_user_u32(&size, size_addr);
	if (!r && (int32_t)size < 0)
		r = -EINVAL;
	if (r)
		return r;
	if (size > sizeof(bytes))
		size = sizeof(bytes);
	r = s->ops->get_option(f, level, name, bytes, size);
	if (r < 0)
		return r;
	if (copy_to_user(value, bytes, (size_t)r < size ? (size_t)r : size))
		return -EFAULT;
	return put_user_u32(size_addr, (uint32_t)r);
}
