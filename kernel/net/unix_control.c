/*
 * SCM_RIGHTS and SCM_CREDENTIALS between ends inside. Descriptors in flight hold their files: a cycle of them is not
 * found.
 */
#include "base/mem.h"
#include "kernel/ipc/anon.h"
#include "kernel/mm/heap.h"
#include "kernel/net/control.h"
#include "kernel/net/unix.h"
#include "kernel/task/process.h"

static int unix_take_files(struct unix_message *m, const struct cmsghdr *c)
{
	uint32_t count = (uint32_t)(c->cmsg_len - sizeof(*c)) / 4;
	const int32_t *fds = (const int32_t *)(const void *)(c + 1);

	if (m->files || count > SCM_MAX_FD)
		return -EINVAL;
	m->files = heap_alloc((count + 1UL) * sizeof(*m->files));
	if (!m->files)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		m->files[i] = fd_get(fds[i]);
		if (!m->files[i])
			return -EBADF; /* what was taken goes with the message */
		m->file_count++;
	}
	return 0;
}

static bool unix_may_claim(const struct ucred *c)
{
	const struct credentials *own = &init_process.cred;

	if (!own->euid)
		return true;
	return c->pid == init_process.pid && (c->uid == own->uid || c->uid == own->euid || c->uid == own->suid) &&
	       (c->gid == own->gid || c->gid == own->egid || c->gid == own->sgid);
}

int unix_control_check_credentials(const struct cmsghdr *c)
{
	struct ucred claimed;

	if (c->cmsg_len != CMSG_LEN(sizeof(claimed)))
		return -EINVAL;
	memcpy(&claimed, c + 1, sizeof(claimed));
	return unix_may_claim(&claimed) ? 0 : -EPERM;
}

static int unix_take_credentials(struct unix_message *m, const struct cmsghdr *c)
{
	int error = unix_control_check_credentials(c);

	if (!error)
		memcpy(&m->credentials, c + 1, sizeof(m->credentials));
	return error;
}

int unix_control_take(struct unix_message *m, const struct host_msg *from)
{
	const struct cmsghdr *c;
	uint32_t at = 0;
	int error;

	while ((c = control_next(from->control, from->control_size, &at, &error))) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			error = unix_take_files(m, c);
		else if (c->cmsg_type == SCM_CREDENTIALS)
			error = unix_take_credentials(m, c);
		else
			error = -EINVAL;
		if (error)
			return error;
	}
	return error;
}

/* Append a control message; false (and MSG_CTRUNC) when there is no room even for a part. */
static bool unix_give(struct host_msg *m, uint32_t room, uint32_t type, const void *data, uint32_t size)
{
	struct cmsghdr c = { .cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = (int32_t)type };

	if (room - m->control_size < CMSG_LEN(size)) {
		m->flags |= MSG_CTRUNC;
		return false;
	}
	memcpy(m->control + m->control_size, &c, sizeof(c));
	memcpy(m->control + m->control_size + sizeof(c), data, size);
	m->control_size += (uint32_t)CMSG_SPACE(size);
	if (m->control_size > room)
		m->control_size = room;
	return true;
}

void unix_control_give_credentials(const struct unix_message *from, struct host_msg *m, uint32_t room)
{
	(void)unix_give(m, room, SCM_CREDENTIALS, &from->credentials, sizeof(from->credentials));
}

/* As many descriptors as there is room for; the others are dropped, as Linux does. */
void unix_control_give_files(const struct unix_message *from, struct host_msg *m, uint32_t room, uint32_t flags)
{
	int32_t fds[SCM_MAX_FD];
	uint32_t fit = 0, n = 0;

	if (room - m->control_size > sizeof(struct cmsghdr))
		fit = (uint32_t)(room - m->control_size - sizeof(struct cmsghdr)) / 4;
	while (n < fit && n < from->file_count) {
		int fd = anon_install(file_get(from->files[n]), flags & MSG_CMSG_CLOEXEC);

		if (fd < 0)
			break;
		fds[n++] = fd;
	}
	if (n < from->file_count)
		m->flags |= MSG_CTRUNC;
	if (n)
		(void)unix_give(m, room, SCM_RIGHTS, fds, n * 4);
}
