#include "kernel/net/control.h"
#include "abi/linux/errno.h"
#include "base/mem.h"

const struct cmsghdr *control_next(const uint8_t *area, uint32_t size, uint32_t *at, int *error)
{
	const struct cmsghdr *c = (const struct cmsghdr *)(const void *)(area + *at);
	uint32_t left = size - *at;

	*error = 0;
	if (*at >= size || left < sizeof(*c))
		return NULL;
	if (c->cmsg_len < sizeof(*c) || c->cmsg_len > left) {
		*error = -EINVAL;
		return NULL;
	}
	left -= (uint32_t)c->cmsg_len;
	*at = left < 8 ? size : *at + (uint32_t)CMSG_ALIGN(c->cmsg_len);
	return c;
}

int control_check_send(const struct host_msg *m)
{
	const struct cmsghdr *c;
	uint32_t at = 0;
	int error;

	while ((c = control_next(m->control, m->control_size, &at, &error))) {
		if (c->cmsg_level == SOL_SOCKET && (c->cmsg_type == SCM_RIGHTS || c->cmsg_type == SCM_CREDENTIALS))
			return -EOPNOTSUPP;
	}
	return error;
}

void control_bound_received(struct host_msg *m)
{
	if (m->name_size > sizeof(m->name))
		m->name_size = sizeof(m->name);
	if (m->control_size > sizeof(m->control))
		m->control_size = sizeof(m->control);
}

/* Only UNIX sockets carry descriptors (rights.c); on others they would be the host's invention: the data says "cut". */
void control_clean_received(struct host_msg *m)
{
	const struct cmsghdr *c;
	uint32_t at = 0, from = 0;
	int error;

	control_bound_received(m);
	while ((c = control_next(m->control, m->control_size, &at, &error))) {
		uint32_t end = at;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			from = end;
			continue;
		}
		memmove(m->control + from, m->control + end, m->control_size - end);
		m->control_size -= end - from;
		m->flags |= MSG_CTRUNC;
		at = from;
	}
	if (error)
		m->control_size = from;
}
