/* Sockets of the host: one call inside is one call there, with the program's own buffers. */
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/epoll/epoll.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/hostfd.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/net/control.h"
#include "kernel/net/rights.h"
#include "kernel/net/socket.h"

static const struct socket_ops hostsock_ops;

#define HOSTSOCK_FEW 8

/* What is left of a stream transfer that did not fit in one call; `done` bytes went. Ends where a call moves less. */
static long hostsock_rest(struct file *f, const struct iov *v, uint64_t done, uint32_t flags, bool write)
{
	struct piece few[HOSTSOCK_FEW], *space = few;
	struct iov part;

	if (v->count > HOSTSOCK_FEW)
		space = heap_alloc(v->count * sizeof(*space));
	while (space && done < v->total) {
		long n;

		iov_slice(&part, space, v, done, v->total - done);
		n = write ? host_send(f->host_fd, &part, (long)flags) : host_recv(f->host_fd, &part, (long)flags);
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if ((uint64_t)n < HOST_BUFFER)
			break;
	}
	if (space != few)
		heap_free(space);
	return (long)done;
}

static long hostsock_send_plain(struct file *f, const struct iov *data, uint32_t flags)
{
	const struct socket *s = f->data;
	long r;

	if (data->total > HOST_BUFFER && !socket_streams(s))
		return -EMSGSIZE;
	r = host_send(f->host_fd, data, (long)(flags | MSG_NOSIGNAL));
	if (r >= (long)HOST_BUFFER && (uint64_t)r < data->total)
		r = hostsock_rest(f, data, (uint64_t)r, flags | MSG_NOSIGNAL, true);
	return r;
}

/* The UNIX name in a message, as the host knows it. */
static long hostsock_send_named(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags)
{
	struct unix_host_name host;
	struct host_addr addr;
	struct host_msg out = *m;
	long r;

	addr.size = m->name_size;
	memcpy(addr.addr, m->name, sizeof(addr.addr));
	r = unix_name_host(&addr, false, &host);
	if (r)
		return r;
	out.name_size = host.addr.size;
	memcpy(out.name, host.addr.addr, sizeof(out.name));
	r = host_sendmsg(f->host_fd, data, &out, (long)flags);
	unix_name_host_end(&host);
	return r;
}

static long hostsock_send_unix(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags)
{
	struct rights *r = NULL;
	long n = m->control_size ? rights_begin(m, &r) : 0;

	if (n)
		return n;
	if (r)
		m = &r->message;
	n = m->name_size ? hostsock_send_named(f, data, m, flags) : host_sendmsg(f->host_fd, data, m, (long)flags);
	if (r)
		rights_end(r);
	return n;
}

static long hostsock_send_sides(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags)
{
	const struct socket *s = f->data;
	int error = s->domain == AF_UNIX ? 0 : control_check_send(m);

	if (error)
		return error;
	if (data->total > HOST_BUFFER && !socket_streams(s))
		return -EMSGSIZE;
	if (s->domain == AF_UNIX)
		return hostsock_send_unix(f, data, m, flags);
	return host_sendmsg(f->host_fd, data, m, (long)flags);
}

static long hostsock_send(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags)
{
	const struct socket *s = f->data;
	long r;

	if (flags & MSG_ZEROCOPY)
		flags &= ~(uint32_t)MSG_ZEROCOPY; /* a hint; SO_ZEROCOPY was refused, so nobody waits for the notice */
	if (m) {
		r = hostsock_send_sides(f, data, m, flags | MSG_NOSIGNAL);
	} else {
		r = hostsock_send_plain(f, data, flags);
	}
	return socket_streams(s) ? socket_pipe_result(r, flags) : r;
}

static long hostsock_recv(struct file *f, const struct iov *data, struct host_msg *m, uint32_t flags)
{
	const struct socket *s = f->data;
	bool close_on_exec = flags & MSG_CMSG_CLOEXEC;
	long r;

	flags &= ~(uint32_t)MSG_CMSG_CLOEXEC;
	if (!m) {
		r = host_recv(f->host_fd, data, (long)flags);
		if (flags & MSG_WAITALL && r >= (long)HOST_BUFFER && (uint64_t)r < data->total)
			r = hostsock_rest(f, data, (uint64_t)r, flags, false);
		return r;
	}
	if (s->domain == AF_UNIX)
		flags |= MSG_CMSG_CLOEXEC;
	r = host_recvmsg(f->host_fd, data, m, (long)flags);
	if (r >= 0 && s->domain == AF_UNIX)
		rights_receive(m, close_on_exec);
	else if (r >= 0)
		control_clean_received(m);
	return r;
}

static long hostsock_read(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)pos;
	return to->total ? host_recv(f->host_fd, to, 0) : 0;
}

static long hostsock_write(struct file *f, const struct iov *from, int64_t *pos)
{
	const struct socket *s = f->data;
	long r = hostsock_send_plain(f, from, 0);

	(void)pos;
	return socket_streams(s) ? socket_pipe_result(r, 0) : r;
}

/* What the program called the socket: the host knows it by another name. */
static void hostsock_remember(struct host_addr **name, const struct host_addr *addr)
{
	if (!*name)
		*name = heap_alloc(sizeof(**name));
	if (*name)
		**name = *addr;
}

static int hostsock_bind(struct file *f, const struct host_addr *addr)
{
	struct unix_host_name host;
	struct socket *s = f->data;
	int error;

	if (s->domain != AF_UNIX)
		return (int)host_bind(f->host_fd, addr->addr, addr->size);
	error = unix_name_host(addr, true, &host);
	if (error)
		return error;
	error = (int)host_bind(f->host_fd, host.addr.addr, host.addr.size);
	unix_name_host_end(&host);
	if (!error)
		hostsock_remember(&s->bound, addr);
	return error;
}

static int hostsock_connect(struct file *f, const struct host_addr *addr)
{
	struct socket *s = f->data;
	struct unix_host_name host;
	int error;

	if (s->domain != AF_UNIX)
		return (int)host_connect(f->host_fd, addr->addr, addr->size);
	error = unix_name_host(addr, false, &host);
	if (error)
		return error;
	error = (int)host_connect(f->host_fd, host.addr.addr, host.addr.size);
	unix_name_host_end(&host);
	if (!error)
		hostsock_remember(&s->reached, addr);
	return error;
}

static int hostsock_listen(struct file *f, int backlog)
{
	return (int)host_listen(f->host_fd, backlog);
}

static struct socket *hostsock_new(uint16_t domain, uint16_t type, uint16_t protocol)
{
	struct socket *s = heap_alloc(sizeof(*s));

	if (s)
		*s = (struct socket){ .ops = &hostsock_ops, .domain = domain, .type = type, .protocol = protocol,
				      .ino = anon_ino() };
	return s;
}

/* Wrap a fresh host descriptor; it is closed on failure. */
static int hostsock_wrap(long host_fd, struct socket *s, uint32_t flags, struct file **out)
{
	struct file *f =
		s ? anon_file(&hostsock_file_ops, O_RDWR | (flags & O_NONBLOCK), s, "socket:[%lu]", s->ino) : NULL;

	if (!f) {
		heap_free(s);
		(void)host_close(host_fd);
		return s ? -ENFILE : -ENOMEM;
	}
	f->host_fd = (int32_t)host_fd;
	*out = f;
	return 0;
}

static int hostsock_accept(struct file *f, struct file **out, struct host_addr *peer, uint32_t flags)
{
	const struct socket *s = f->data;
	long fd = host_accept(f->host_fd, peer, (long)(flags | SOCK_CLOEXEC));
	int error;

	if (fd < 0)
		return (int)fd;
	error = hostsock_wrap(fd, hostsock_new(s->domain, s->type, s->protocol), flags, out);
	if (!error && s->bound)
		hostsock_remember(&((struct socket *)(*out)->data)->bound, s->bound);
	return error;
}

static int hostsock_name(struct file *f, struct host_addr *addr, bool peer)
{
	const struct socket *s = f->data;

	if (!peer && s->bound) {
		*addr = *s->bound;
		return 0;
	}
	if (peer && s->reached) {
		*addr = *s->reached;
		return 0;
	}
	return (int)(peer ? host_getpeername(f->host_fd, addr) : host_getsockname(f->host_fd, addr));
}

static int hostsock_shutdown(struct file *f, int how)
{
	return (int)host_shutdown(f->host_fd, how);
}

/* Options whose value is, or holds, an address or a descriptor, or that promise what is not served. */
static bool hostsock_option_refused(const struct socket *s, int level, int name)
{
	/* SO_ATTACH_BPF, _REUSEPORT_?BPF */
	static const uint8_t refused[] = { SO_ATTACH_FILTER, 50, 51, 52, SO_ZEROCOPY };

	if (level == SOL_SOCKET)
		return memchr(refused, name, sizeof(refused)) || (s->domain == AF_UNIX && name == SO_PASSSEC);
	if (level == SOL_TCP)
		return name == TCP_ZEROCOPY_RECEIVE || name == TCP_ULP || name == TCP_REPAIR;
	return level != SOL_IP && level != SOL_IPV6 && level != SOL_UDP && level != SOL_NETLINK;
}

static int hostsock_set_option(struct file *f, int level, int name, const void *value, uint32_t size)
{
	if (hostsock_option_refused(f->data, level, name))
		return -ENOPROTOOPT;
	return (int)host_setsockopt(f->host_fd, level, name, value, size);
}

static long hostsock_get_option(struct file *f, int level, int name, void *value, uint32_t size)
{
	if (hostsock_option_refused(f->data, level, name) && !(level == SOL_SOCKET && name == SO_ZEROCOPY))
		return -ENOPROTOOPT;
	return host_getsockopt(f->host_fd, level, name, value, size);
}

static int hostsock_getattr(struct file *f, struct stat *st)
{
	const struct socket *s = f->data;

	anon_stat(st, S_IFSOCK | 0777, s->ino);
	return 0;
}

static void hostsock_release(struct file *f)
{
	struct socket *s = f->data;

	hostfd_release(f);
	if (s->former)
		unix_former_release(s->former);
	heap_free(s->bound);
	heap_free(s->reached);
	heap_free(s);
}

static const struct socket_ops hostsock_ops = {
	.bind = hostsock_bind,
	.connect = hostsock_connect,
	.listen = hostsock_listen,
	.accept = hostsock_accept,
	.name = hostsock_name,
	.shutdown = hostsock_shutdown,
	.set_option = hostsock_set_option,
	.get_option = hostsock_get_option,
	.send = hostsock_send,
	.recv = hostsock_recv,
};

const struct file_ops hostsock_file_ops = {
	.kind = "socket",
	.hosted = true,
	.read = hostsock_read,
	.write = hostsock_write,
	.ioctl = hostsock_ioctl,
	.getattr = hostsock_getattr,
	.set_flags = hostfd_set_flags,
	.release = hostsock_release,
};

int hostsock_make(int domain, uint32_t type, int protocol, uint32_t flags, struct file **out)
{
	long fd = host_socket(domain, (long)(type | flags | SOCK_CLOEXEC), protocol);

	if (fd < 0)
		return (int)fd;
	return hostsock_wrap(fd, hostsock_new((uint16_t)domain, (uint16_t)type, (uint16_t)protocol), flags, out);
}

static long hostsock_trait(int host_fd, int name)
{
	int32_t value = 0;
	long size = host_getsockopt(host_fd, SOL_SOCKET, name, &value, sizeof(value));

	return size < 0 ? size : size == sizeof(value) && value >= 0 ? value : -EIO;
}

int hostsock_adopt(int host_fd, struct file **out)
{
	long flags = host_fcntl(host_fd, F_GETFL, 0), domain = hostsock_trait(host_fd, SO_DOMAIN);
	long type = hostsock_trait(host_fd, SO_TYPE), protocol = hostsock_trait(host_fd, SO_PROTOCOL);

	if (flags < 0 || domain < 0 || type < 0 || protocol < 0)
		return flags < 0 ? (int)flags : -EIO;
	return hostsock_wrap(host_fd, hostsock_new((uint16_t)domain, (uint16_t)type, (uint16_t)protocol),
			     (uint32_t)flags, out);
}

int hostsock_take_over(struct file *f)
{
	struct socket *old = f->data, *s = hostsock_new(old->domain, old->type, old->protocol);
	uint32_t nonblock = __atomic_load_n(&f->flags, __ATOMIC_RELAXED) & O_NONBLOCK;
	long fd;

	if (!s)
		return -ENOMEM;
	fd = host_socket(AF_UNIX, (long)(old->type | nonblock | SOCK_CLOEXEC), 0);
	if (fd < 0) {
		heap_free(s);
		return (int)fd;
	}
	s->ino = old->ino;
	s->former = old;
	f->host_fd = (int32_t)fd;
	f->data = s;
	__atomic_store_n(&f->ops, &hostsock_file_ops, __ATOMIC_RELEASE);
	epoll_file_hosted(f);
	return 0;
}
