/* sendto, recvfrom, sendmsg, recvmsg and their plural forms. */
#include "base/mem.h"
#include "kernel/epoll/timeout.h"
#include "kernel/net/message.h"
#include "kernel/syscall.h"
#include "kernel/time/clock.h"

/* The socket, for one buffer of the program. */
static int transfer_begin(int fd, const struct iov *data, struct file **f, struct socket **s)
{
	int error = socket_get(fd, f, s);

	if (error)
		return error;
	return user_range_ok(data->one.addr, data->total) ? 0 : -EFAULT;
}

static long transfer_to(struct file *f, const struct socket *s, const struct iov *data, uint64_t addr, uint32_t size,
			uint32_t flags)
{
	struct host_msg m = { .name_size = size };

	if (size > sizeof(m.name))
		return -EINVAL;
	if (copy_from_user(m.name, addr, size))
		return -EFAULT;
	return s->ops->send(f, data, &m, flags);
}

SYSCALL6(sendto, int, fd, uint64_t, buf, uint64_t, size, uint32_t, flags, uint64_t, addr, uint32_t, addr_size)
{
	_cleanup_file_ struct file *f = NULL;
	struct iov data = IOV_USER(buf, size);
	struct socket *s;
	int error = transfer_begin(fd, &data, &f, &s);

	if (error)
		return error;
	return addr ? transfer_to(f, s, &data, addr, addr_size, flags) : s->ops->send(f, &data, NULL, flags);
}

static long transfer_from(struct file *f, const struct socket *s, const struct iov *data, uint32_t flags, uint64_t addr,
			  uint64_t size_addr)
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
	int error = transfer_begin(fd, &data, &f, &s);

	if (error)
		return error;
	return addr ? transfer_from(f, s, &data, flags, addr, size_addr) : s->ops->recv(f, &data, NULL, flags);
}

/* One message of the program, either way. Bytes moved, or a negative errno. */
typedef long (*transfer_fn)(struct file *f, const struct socket *s, uint64_t user, uint32_t flags);

static long transfer_send(struct file *f, const struct socket *s, uint64_t user, uint32_t flags)
{
	struct message m;
	long r = message_read(&m, user, false);

	if (r)
		return r;
	r = s->ops->send(f, &m.data, m.plain ? NULL : &m.sides, flags);
	message_end(&m);
	return r;
}

static long transfer_receive(struct file *f, const struct socket *s, uint64_t user, uint32_t flags)
{
	struct message m;
	long r = message_read(&m, user, true);
	bool bytes_only;

	if (r)
		return r;
	/* Streams have neither boundaries nor, when nothing is asked for, anything to say beside the bytes. */
	bytes_only = m.plain && socket_streams(s) && !(flags & MSG_ERRQUEUE);
	r = s->ops->recv(f, &m.data, bytes_only ? NULL : &m.sides, flags);
	if (r >= 0) {
		m.sides.flags |= flags & MSG_CMSG_CLOEXEC; /* Linux hands it back */
		r = message_write_back(&m, user) ?: r;
	}
	message_end(&m);
	return r;
}

static long transfer_one(int fd, uint64_t user, uint32_t flags, transfer_fn move)
{
	_cleanup_file_ struct file *f = NULL;
	struct socket *s;
	int error = socket_get(fd, &f, &s);

	return error ? error : move(f, s, user, flags);
}

SYSCALL3(sendmsg, int, fd, uint64_t, msg, uint32_t, flags)
{
	return transfer_one(fd, msg, flags, transfer_send);
}

SYSCALL3(recvmsg, int, fd, uint64_t, msg, uint32_t, flags)
{
	return transfer_one(fd, msg, flags, transfer_receive);
}

/*
 * One after the other, to the first that fails: its error is told only when none went before. The deadline is looked at
 * after each, as recvmmsg(2) says under BUGS.
 */
static long transfer_each(int fd, uint64_t messages, uint32_t count, uint32_t flags, int64_t deadline, transfer_fn move)
{
	_cleanup_file_ struct file *f = NULL;
	uint32_t done = 0, how = flags & ~(uint32_t)MSG_WAITFORONE;
	struct socket *s;
	long error = socket_get(fd, &f, &s);

	while (!error && done < count) {
		uint64_t user = messages + done * sizeof(struct mmsghdr);
		long n = move(f, s, user, how);

		error = n < 0 ? n : put_user_u32(user + offsetof(struct mmsghdr, msg_len), (uint32_t)n);
		done += !error;
		if (flags & MSG_WAITFORONE)
			how |= MSG_DONTWAIT;
		if (deadline != NO_DEADLINE && clock_monotonic_ns() >= deadline)
			break;
	}
	return done ? (long)done : error;
}

SYSCALL4(sendmmsg, int, fd, uint64_t, messages, uint32_t, count, uint32_t, flags)
{
	return transfer_each(fd, messages, count < UIO_MAXIOV ? count : UIO_MAXIOV, flags, NO_DEADLINE, transfer_send);
}

SYSCALL5(recvmmsg, int, fd, uint64_t, messages, uint32_t, count, uint32_t, flags, uint64_t, timeout)
{
	int64_t deadline;
	long r = timeout_from_timespec(timeout, &deadline);

	if (!r)
		r = transfer_each(fd, messages, count, flags, deadline, transfer_receive);
	if (r > 0)
		timeout_left_to_timespec(timeout, deadline);
	return r;
}
