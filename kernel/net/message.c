#include "kernel/net/message.h"
#include "kernel/mm/heap.h"

static uint32_t message_room(uint64_t user, uint64_t size, size_t most)
{
	return !user ? 0 : size < most ? (uint32_t)size : (uint32_t)most;
}

/* The host gets `sides` whole: nothing of an earlier use of this stack may be left in it. */
static int message_read_sides(struct message *m, bool receive)
{
	const struct msghdr *h = &m->head;
	struct host_msg *s = &m->sides;
	uint32_t name, control;

	if (h->msg_name && h->msg_namelen < 0)
		return -EINVAL;
	if (!receive && h->msg_control && h->msg_controllen > sizeof(s->control))
		return -ENOBUFS;
	name = message_room(h->msg_name, (uint64_t)h->msg_namelen, sizeof(s->name));
	control = message_room(h->msg_control, h->msg_controllen, sizeof(s->control));
	m->plain = !name && !control;
	if (m->plain && !receive)
		return 0;
	*s = (struct host_msg){ .name_size = name, .control_size = control };
	if (receive)
		return 0;
	return copy_from_user(s->name, h->msg_name, s->name_size)
			?: copy_from_user(s->control, h->msg_control, s->control_size);
}

static int message_read_data(struct message *m)
{
	if (m->head.msg_iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	if (m->head.msg_iovlen > MESSAGE_FEW)
		m->pieces = heap_alloc(m->head.msg_iovlen * sizeof(struct piece));
	return m->pieces ? iov_from_user(&m->data, m->pieces, m->head.msg_iov, m->head.msg_iovlen) : -ENOMEM;
}

int message_read(struct message *m, uint64_t user, bool receive)
{
	int error = copy_from_user(&m->head, user, sizeof(m->head));

	m->pieces = m->few;
	if (!error)
		error = message_read_sides(m, receive) ?: message_read_data(m);
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

/* An address longer than the room for it is cut, and its whole length told. */
int message_write_back(struct message *m, uint64_t user)
{
	struct msghdr *h = &m->head;
	const struct host_msg *s = &m->sides;

	if (h->msg_name) {
		uint32_t room = message_room(h->msg_name, (uint64_t)h->msg_namelen, sizeof(s->name));

		if (copy_to_user(h->msg_name, s->name, s->name_size < room ? s->name_size : room))
			return -EFAULT;
		h->msg_namelen = (int32_t)s->name_size;
	}
	if (h->msg_control && copy_to_user(h->msg_control, s->control, s->control_size))
		return -EFAULT;
	h->msg_controllen = s->control_size;
	h->msg_flags = s->flags;
	return copy_to_user(user, h, sizeof(*h));
}
