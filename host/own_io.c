/* Files, devices, sockets, readiness: rows whose shape differs from the system call's. */
#include "abi/linux/errno.h"
#include "abi/linux/poll.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/time.h"
#include "abi/linux/uio.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/blocking.h"
#include "host/own.h"

long own_fcntl_lock(struct host_thread *t, const uint64_t *slots)
{
	return blocking(t, __NR_fcntl, slots[0], slots[1], slots[2], 0, 0, 0);
}

/* The root file system's data blocks, then its hash blocks, as one run of bytes. */
long own_image_pread(struct host_thread *t, const uint64_t *slots)
{
	uint64_t to = slots[0], size = slots[1], offset = slots[2], at;
	const struct image_header *h = &host.header;

	(void)t;
	if (offset < h->root_size) {
		at = h->root_offset + offset;
		size = size < h->root_size - offset ? size : h->root_size - offset;
	} else {
		offset -= h->root_size;
		if (offset > h->hash_size)
			return -EINVAL;
		at = h->hash_offset + offset;
		size = size < h->hash_size - offset ? size : h->hash_size - offset;
	}
	return sys_raw6(__NR_pread64, host.image_fd, (long)to, (long)size, (long)at, 0, 0);
}

long own_ioctl_none(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_ioctl, (long)slots[0], (long)slots[1], (long)slots[2]);
}

long own_ioctl_get(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_ioctl, (long)slots[0], (long)slots[1], (long)slots[2]);
}

long own_ioctl_set(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_ioctl, (long)slots[0], (long)slots[1], (long)slots[2]);
}

long own_ioctl_both(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_ioctl, (long)slots[0], (long)slots[1], (long)slots[2]);
}

long own_socketpair(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw6(__NR_socketpair, (long)slots[0], (long)slots[1], (long)slots[2], (long)slots[3], 0, 0);
}

long own_accept(struct host_thread *t, const uint64_t *slots)
{
	struct host_addr *a = (struct host_addr *)slots[1];
	long fd;

	if (!a)
		return blocking(t, __NR_accept4, slots[0], 0, 0, slots[2], 0, 0);
	a->size = sizeof(a->addr);
	fd = blocking(t, __NR_accept4, slots[0], (uint64_t)a->addr, (uint64_t)&a->size, slots[2], 0, 0);
	return fd;
}

static long own_name(long nr, const uint64_t *slots)
{
	struct host_addr *a = (struct host_addr *)slots[1];

	a->size = sizeof(a->addr);
	return sys_raw3(nr, (long)slots[0], (long)a->addr, (long)&a->size);
}

long own_getsockname(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return own_name(__NR_getsockname, slots);
}

long own_getpeername(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return own_name(__NR_getpeername, slots);
}

long own_getsockopt(struct host_thread *t, const uint64_t *slots)
{
	uint32_t size = (uint32_t)slots[4];
	long error = sys_raw6(__NR_getsockopt, (long)slots[0], (long)slots[1], (long)slots[2], (long)slots[3],
			      (long)&size, 0);

	(void)t;
	return error ? error : (long)size;
}

long own_send(struct host_thread *t, const uint64_t *slots)
{
	return blocking(t, __NR_sendto, slots[0], slots[1], slots[2], slots[3], 0, 0);
}

long own_recv(struct host_thread *t, const uint64_t *slots)
{
	return blocking(t, __NR_recvfrom, slots[0], slots[1], slots[2], slots[3], 0, 0);
}

static struct msghdr own_msghdr(struct host_msg *m, struct iovec *data)
{
	return (struct msghdr){ .msg_name = (uint64_t)(m->name_size ? m->name : NULL),
				.msg_namelen = (int32_t)m->name_size,
				.msg_iov = (uint64_t)data,
				.msg_iovlen = 1,
				.msg_control = (uint64_t)(m->control_size ? m->control : NULL),
				.msg_controllen = m->control_size };
}

static bool own_msg_ok(const struct host_msg *m)
{
	return m->name_size <= sizeof(m->name) && m->control_size <= sizeof(m->control);
}

long own_sendmsg(struct host_thread *t, const uint64_t *slots)
{
	struct iovec data = { .iov_base = slots[1], .iov_len = slots[2] };
	struct host_msg *m = (struct host_msg *)slots[3];
	struct msghdr h;

	if (!own_msg_ok(m))
		return -EINVAL;
	h = own_msghdr(m, &data);
	return blocking(t, __NR_sendmsg, slots[0], (uint64_t)&h, slots[4], 0, 0, 0);
}

long own_recvmsg(struct host_thread *t, const uint64_t *slots)
{
	struct iovec data = { .iov_base = slots[1], .iov_len = slots[2] };
	struct host_msg *m = (struct host_msg *)slots[3];
	struct msghdr h;
	long n;

	if (!own_msg_ok(m))
		return -EINVAL;
	h = own_msghdr(m, &data);
	n = blocking(t, __NR_recvmsg, slots[0], (uint64_t)&h, slots[4], 0, 0, 0);
	if (n >= 0) {
		m->name_size = (uint32_t)h.msg_namelen;
		m->control_size = (uint32_t)h.msg_controllen;
		m->flags = (uint32_t)h.msg_flags;
	}
	return n;
}

/* As Linux wants it; NULL for never. */
static struct timespec *own_timeout(uint64_t ns, struct timespec *timeout)
{
	*timeout = (struct timespec){ .tv_sec = (long)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };
	return ns == INT64_MAX ? NULL : timeout;
}

long own_poll(struct host_thread *t, const uint64_t *slots)
{
	struct timespec timeout;

	if (!slots[2]) /* only look */
		return sys_raw3(__NR_poll, (long)slots[0], (long)(slots[1] / sizeof(struct pollfd)), 0);
	return blocking(t, __NR_ppoll, slots[0], slots[1] / sizeof(struct pollfd),
			(uint64_t)own_timeout(slots[2], &timeout), 0, 0, 0);
}

long own_epoll_wait(struct host_thread *t, const uint64_t *slots)
{
	struct timespec timeout;
	long n;

	if (!slots[3]) /* only look */
		n = sys_raw6(__NR_epoll_wait, (long)slots[0], (long)slots[1],
			     (long)(slots[2] / sizeof(struct epoll_event)), 0, 0, 0);
	else
		n = blocking(t, __NR_epoll_pwait2, slots[0], slots[1], slots[2] / sizeof(struct epoll_event),
			     (uint64_t)own_timeout(slots[3], &timeout), 0, 0);
	return n < 0 ? n : n * (long)sizeof(struct epoll_event);
}
