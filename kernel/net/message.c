/* sendto, recvfrom, sendmsg, recvmsg and their plural forms. */
#include "kernel/net/message.h"
#include "base/mem.h"
#include "kernel/epoll/timeout.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/time/clock.h"

/* Name and control that are sent go in; for receiving only the room counts. */
static int message_read_sides(struct message *m, bool receive)
{
	const struct msghdr *h = &m->head;

	if (h->msg_name && h->msg_namelen < 0)
		return -EINVAL;
	m->m.name_size = h->msg_name ? (uint32_t)h->msg_namelen : 0;
	if (receive && m->m.name_size > sizeof(m->m.name))
		m->m.name_size = sizeof(m->m.name);
	if (m->m.name_size > sizeof(m->m.name))
		return -EINVAL;
	m->m.control_size = h->msg_control ? (uint32_t)h->msg_controllen : 0;
	if (h->msg_control && h->msg_controllen > sizeof(m->m.control)) {
		if (!receive)
			return -ENOBUFS;
		m->m.control_size = sizeof(m->m.control);
	}
	m->plain = !m->m.name_size && !m->m.control_size;
	if (receive)
		return 0;
	if (copy_from_user(m->m.name, h->msg_name, m->m.name_size))
		return -EFAULT;
	return copy_from_user(m->m.control, h->msg_control, m->m.control_size);
}

int message_read(struct message *m, uint64_t user, bool receive)
{
	int error = copy_from_user(&m->head, user, sizeof(m->head));

	m->pieces = m->few;
	m->m.flags = 0;
	if (error)
		return error;
	if (m->head.msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	if (m->head.msg_iovlen > MESSAGE_FEW)
		m->pieces = heap_alloc(m->head.msg_iovlen * sizeof(struct piece));
	if (!m->pieces)
		return -ENOMEM;
	error = message_read_sides(m, receive);
	if (!error)
		error = iov_from_user(&m->data, m->pieces, m->head.msg_iov, m->head.msg_iovlen);
	if (error)
		message_end(m);
	return error;
}

void message_end(struct message *m)
{
	if (m->pieces != m->few)
		heap_free(m->pieces);
	m->pieces = m->few;
}

int message_write_back(struct message *m, uint64_t user)
{
	struct msghdr *h = &m->head;
	uint32_t size = m->m.name_size;

	if (h->msg_name) {
		if (size > (uint32_t)h->msg_namelen)
			size = (uint32_t)h->msg_namelen;
		if (size > sizeof(m->m.name))
			size = sizeof(m->m.name);
		if (copy_to_user(h->msg_name, m->m.name, size))
			return -EFAULT;
		h->msg_namelen = (int32_t)m->m.name_size;
	}
	if (h->msg_control && copy_to_user(h->msg_control, m->m.control, m->m.control_size))
		return -EFAULT;
	h->msg_controllen = m->m.control_size;
	h->msg_flags = m->m.flags;
	return copy_to_user(user, h, sizeof(*h));
}

static long message_send_to(struct file *f, const struct socket *s, const struct iov *data, uint64_t addr,
			    uint32_t size, uint32_t flags)
{
	struct host_msg m = { 0 };

	if (size > sizeof(m.name))
		return -EINVAL;
	m.name_size = size;
	if (copy_from_user(m.name, addr, size))
		return -EFAULT;
	return s->ops->send(f, data, &m, flags);
}

SYSCALL6(sendto, int, fd, uint64_t, buf, uint64_t, size, uint32_t, flags, uint64_t, addr, uint32_t, addr_size)
{
	_cleanup_file_ struct file *f = NULL;
	struct iov data = IOV_USER(buf, size);
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (error)
		return error;
	if (!user_range_ok(buf, size))
		return -EFAULT;
	if (!addr)
		return s->ops->send(f, &data, NULL, flags);
	return message_send_to(f, s, &data, addr, addr_size, flags);
}

static long message_receive_from(struct file *f, const struct socket *s, const struct iov *data, uint32_t flags,
				 uint64_t addr, uint64_t size_addr)
{
	struct host_msg m = { .name_size = sizeof(m.name) };
	struct host_addr from = { 0 };
	long r = s->ops->recv(f, data, &m, flags);
	int error;

	if (r < 0)
		return r;
	from.size = m.name_size;
	memcpy(from.addr, m.name, sizeof(m.name));
	error = socket_addr_to_user(addr, size_addr, &from);
	return error ? error : r;
}

SYSCALL6(recvfrom, int, fd, uint64_t, buf, uint64_t, size, uint32_t, flags, uint64_t, addr, uint64_t, size_addr)
{
	_cleanup_file_ struct file *f = NULL;
	struct iov data = IOV_USER(buf, size);
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	if (error)
		return error;
	if (!user_range_ok(buf, size))
		return -EFAULT;
	if (!addr)
		return s->ops->recv(f, &data, NULL, flags);
	return message_receive_from(f, s, &data, flags, addr, size_addr);
}

static long message_send(struct file *f, const struct socket *s, uint64_t user, uint32_t flags)
{
	struct message m;
	long r = message_read(&m, user, false);

	if (r)
		return r;
	r = s->ops->send(f, &m.data, m.plain ? NULL : &m.m, flags);
	message_end(&m);
	return r;
}

SYSCALL3(sendmsg, int, fd, uint64_t, msg, uint32_t, flags)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	return error ? error : message_send(f, s, msg, flags);
}

static long message_receive(struct file *f, const struct socket *s, uint64_t user, uint32_t flags)
{
	struct message m;
	long r = message_read(&m, user, true);
	int error;

	if (r)
		return r;
	/* Streams have neither boundaries nor, when nothing is asked for, anything to say beside the bytes. */
	r = s->ops->recv(f, &m.data, m.plain && socket_streams(s) && !(flags & MSG_ERRQUEUE) ? NULL : &m.m, flags);
	if (r >= 0) {
		m.m.flags |= flags & MSG_CMSG_CLOEXEC; /* Linux hands it back */
		if (m.plain && socket_streams(s))
			m.m.name_size = m.m.control_size = 0;
		error = message_write_back(&m, user);
		r = error ? error : r;
	}
	message_end(&m);
	return r;
}

SYSCALL3(recvmsg, int, fd, uint64_t, msg, uint32_t, flags)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	return error ? error : message_receive(f, s, msg, flags);
}

#define MMSG_LEN offsetof(struct mmsghdr, msg_len)

SYSCALL4(sendmmsg, int, fd, uint64_t, messages, uint32_t, count, uint32_t, flags)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	uint32_t i;
	long r = socket_get(fd, &f, &s);

	if (r)
		return r;
	if (count > UIO_MAXIOV)
		count = UIO_MAXIOV;
	for (i = 0; i < count; i++) {
		uint64_t user = messages + i * sizeof(struct mmsghdr);

		r = message_send(f, s, user, flags);
		if (r >= 0)
			r = put_user_u32(user + MMSG_LEN, (uint32_t)r);
		if (r < 0)
			break;
	}
	return i ? (long)i : r;
}

/* The timeout is looked at after each message, as recvmmsg(2) says under BUGS. */
SYSCALL5(recvmmsg, int, fd, uint64_t, messages, uint32_t, count, uint32_t, flags, uint64_t, timeout)
{
	_cleanup_file_ struct file *f = NULL;
	uint32_t i = 0, how = flags & ~(uint32_t)MSG_WAITFORONE;
	int64_t deadline;
	struct socket *s;
	long r = timeout_from_timespec(timeout, &deadline);

	if (!r)
		r = socket_get(fd, &f, &s);
	if (r)
		return r;
	if (count > UIO_MAXIOV)
		count = UIO_MAXIOV;
	while (i < count) {
		uint64_t user = messages + i * sizeof(struct mmsghdr);

		r = message_receive(f, s, user, how);
		if (r >= 0)
			r = put_user_u32(user + MMSG_LEN, (uint32_t)r);
		if (r < 0)
			break;
		i++;
		if (flags & MSG_WAITFORONE)
			how |= MSG_DONTWAIT;
		if (deadline != NO_DEADLINE && clock_monotonic_ns() >= deadline)
			break;
	}
	if (i)
		timeout_left_to_timespec(timeout, deadline);
	return i ? (long)i : r;
}
