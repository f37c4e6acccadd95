#include "kernel/net/rights.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/hostfs.h"
#include "kernel/ipc/anon.h"
#include "kernel/mm/heap.h"
#include "kernel/net/control.h"
#include "kernel/net/socket.h"
#include "kernel/net/unix.h"

int rights_adopt(int host_fd, struct file **out)
{
	struct stat st;
	long error = host_fstat(host_fd, &st);

	if (error)
		return (int)error;
	return S_ISSOCK(st.st_mode) ? hostsock_adopt(host_fd, out) : hostfs_adopt(host_fd, out);
}

/* The control area is a copy of our own: numbers are replaced in it. */
static int rights_take(struct rights *r, const struct cmsghdr *c)
{
	uint64_t count = (c->cmsg_len - sizeof(*c)) / 4;
	int32_t *fds = (int32_t *)(uintptr_t)(c + 1);

	if (count > SCM_MAX_FD - r->count)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		struct file *f = fd_get(fds[i]);

		if (!f)
			return -EBADF;
		r->files[r->count++] = f;
		if (!hostfs_file_is(f) && f->ops != &hostsock_file_ops)
			return -EOPNOTSUPP;
		fds[i] = f->host_fd;
	}
	return 0;
}

static int rights_translate(struct rights *r)
{
	const struct cmsghdr *c;
	uint32_t at = 0;
	int error;

	while ((c = control_next(r->message.control, r->message.control_size, &at, &error))) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			error = rights_take(r, c);
		else if (c->cmsg_type == SCM_CREDENTIALS)
			error = unix_control_check_credentials(c);
		if (error)
			return error;
	}
	return error;
}

int rights_begin(const struct host_msg *from, struct rights **out)
{
	struct rights *r = heap_alloc(sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->message = *from;
	r->count = 0;
	error = rights_translate(r);
	if (error)
		rights_end(r);
	else
		*out = r;
	return error;
}

void rights_end(struct rights *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		file_put(r->files[i]);
	heap_free(r);
}

/* How many of the message's descriptors could be installed. Those that could not are closed. */
static uint32_t rights_install(int32_t *fds, uint32_t count, bool close_on_exec)
{
	uint32_t done = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct file *f;
		int fd = -EBADF;

		if (!rights_adopt(fds[i], &f)) {
			if (done == i)
				fd = anon_install(f, close_on_exec);
			else
				file_put(f);
		}
		if (fd >= 0)
			fds[done++] = fd;
	}
	return done;
}

/* Make a message of the area shorter; the rest moves up. Returns where the next one begins. */
static uint32_t rights_shorten(struct host_msg *m, uint32_t from, uint32_t next, uint32_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(m->control + from);
	uint32_t end = from + (uint32_t)(size ? CMSG_SPACE(size) : 0);

	m->flags |= MSG_CTRUNC;
	if (size)
		c->cmsg_len = CMSG_LEN(size);
	if (end >= next)
		return next;
	memmove(m->control + end, m->control + next, m->control_size - next);
	m->control_size -= next - end;
	return end;
}

void rights_receive(struct host_msg *m, bool close_on_exec)
{
	const struct cmsghdr *c;
	uint32_t at = 0, from = 0;
	int error;

	control_bound_received(m);
	m->flags &= ~(uint32_t)MSG_CMSG_CLOEXEC; /* as the host was asked: not the program's flag */
	while ((c = control_next(m->control, m->control_size, &at, &error))) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
			uint32_t count = (uint32_t)((c->cmsg_len - sizeof(*c)) / 4);
			uint32_t done = rights_install((int32_t *)(uintptr_t)(c + 1), count, close_on_exec);

			if (done < count)
				at = rights_shorten(m, from, at, done * 4);
		}
		from = at;
	}
	if (error)
		m->control_size = from;
}
