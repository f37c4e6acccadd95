/* Receiving from UNIX sockets. */
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/ipc/sleep.h"
#include "kernel/net/unix.h"

static bool unix_recv_ready(void *data)
{
	struct unix_socket *u = data;

	LOCKED(&u->lock);
	return (!list_empty(&u->queue) && !u->receiving) || u->read_shut || u->eof || u->error;
}

/*
 * Claim the queue's front: *m is the first message, and `receiving` is ours. 0 with *m NULL: the end.
 * Nobody but the claimer takes messages off, so their bytes are copied without the lock.
 */
static int unix_claim_front(struct unix_socket *u, int64_t deadline, struct unix_message **m)
{
	*m = NULL;
	for (;;) {
		int error = 0;

		lock_acquire(&u->lock);
		if (!list_empty(&u->queue) && !u->receiving) {
			*m = container_of(u->queue.next, struct unix_message, link);
			u->receiving = true;
		} else if (list_empty(&u->queue)) {
			error = u->error;
			u->error = 0;
			if (!error && !u->read_shut && !u->eof)
				error = EAGAIN;
			if (!error && !unix_connects(u))
				error = u->read_shut ? 0 : EAGAIN;
		} else {
			error = EAGAIN;
		}
		lock_release(&u->lock);
		if (error != EAGAIN)
			return -error;
		if (!deadline)
			return -EAGAIN;
		error = sleep_on(&u->wait, unix_recv_ready, u, deadline);
		if (error)
			return error == -ETIMEDOUT ? -EAGAIN : error;
	}
}

/* Give the front back; `taken` bytes of m were read, and m goes when it is used up (`whole`: whatever was read). */
static struct unix_message *unix_release_front(struct unix_socket *u, struct unix_message *m, uint32_t taken,
					       bool whole)
{
	bool gone;

	LOCKED(&u->lock);
	u->receiving = false;
	m->at += taken;
	u->queued -= whole ? m->size : taken;
	gone = whole || m->at == m->size;
	if (!gone)
		return NULL;
	list_del(&m->link);
	u->messages--;
	return m;
}

static void unix_unclaim(struct unix_socket *u)
{
	lock_acquire(&u->lock);
	u->receiving = false;
	lock_release(&u->lock);
	sleep_wake(&u->wait, 0);
}

/* Begin to answer: no address, no control messages yet. Returns the room for those. */
static uint32_t unix_sides_begin(struct host_msg *m)
{
	uint32_t room = m ? m->control_size : 0;

	if (m)
		m->name_size = m->control_size = m->flags = 0;
	return room;
}

static void unix_give_sides(const struct unix_socket *u, const struct unix_message *from, struct host_msg *m,
			    uint32_t room, uint32_t flags)
{
	if (!m)
		return;
	if (!unix_connects(u)) {
		m->name_size = from->name_size;
		memcpy(m->name, from->name, from->name_size);
	}
	if (u->pass_credentials)
		unix_control_give_credentials(from, m, room);
	if (from->file_count)
		unix_control_give_files(from, m, room, flags);
}

static long unix_recv_whole(struct unix_socket *u, const struct iov *data, struct host_msg *m, uint32_t flags,
			    int64_t deadline)
{
	uint32_t room = unix_sides_begin(m), size, fits;
	struct unix_message *msg;
	int error = unix_claim_front(u, deadline, &msg);

	if (error || !msg)
		return error;
	size = msg->size;
	fits = data->total < size ? (uint32_t)data->total : size;
	error = iov_put(data, 0, msg->data, fits);
	if (error) {
		unix_unclaim(u);
		return error;
	}
	unix_give_sides(u, msg, m, room, flags);
	if (m)
		m->flags |= (fits < size ? MSG_TRUNC : 0U) | (u->socket.type == SOCK_SEQPACKET ? MSG_EOR : 0U);
	if (flags & MSG_PEEK) {
		unix_unclaim(u);
	} else {
		unix_message_free(unix_release_front(u, msg, 0, true));
		unix_tell_room(u);
	}
	return flags & MSG_TRUNC ? (long)size : (long)fits;
}

/* A stream read over several messages. Descriptors end it: they belong to the bytes before them. */
struct unix_reading {
	struct unix_socket *u;
	const struct iov *data;
	struct host_msg *m;
	uint32_t room, flags;
	uint64_t done;
};

/* Copy from one message; returns how many bytes, and says what goes with them. */
static long unix_read_part(struct unix_reading *r, struct unix_message *msg)
{
	uint64_t left = r->data->total - r->done;
	uint32_t have = msg->size - msg->at, size = left < have ? (uint32_t)left : have;
	int error = iov_put(r->data, r->done, msg->data + msg->at, size);

	if (error)
		return error;
	if (r->m && !r->done && r->u->pass_credentials)
		unix_control_give_credentials(msg, r->m, r->room);
	if (r->m && msg->file_count)
		unix_control_give_files(msg, r->m, r->room, r->flags);
	r->done += size;
	return (long)size;
}

static void unix_drop_files(struct unix_message *msg)
{
	for (uint32_t i = 0; i < msg->file_count; i++)
		file_put(msg->files[i]);
	msg->file_count = 0;
}

/* The front is ours: read it and what follows, leaving all in place. */
static int unix_peek_stream(struct unix_reading *r, struct unix_message *msg)
{
	long n = 0;

	while (msg) {
		bool last;

		n = unix_read_part(r, msg);
		if (n < 0 || msg->file_count)
			break;
		lock_acquire(&r->u->lock);
		last = msg->link.next == &r->u->queue || r->done == r->data->total;
		msg = last ? NULL : container_of(msg->link.next, struct unix_message, link);
		lock_release(&r->u->lock);
	}
	unix_unclaim(r->u);
	return n < 0 ? (int)n : 0;
}

/* 0 to go on, 1 when descriptors came, or an error. */
static int unix_take_stream(struct unix_reading *r, struct unix_message *msg)
{
	bool files = msg->file_count;
	struct unix_message *gone;
	long n = unix_read_part(r, msg);

	if (n < 0) {
		unix_unclaim(r->u);
		return (int)n;
	}
	unix_drop_files(msg); /* given, or not wanted: they come once */
	gone = unix_release_front(r->u, msg, (uint32_t)n, false);
	if (gone)
		unix_message_free(gone);
	unix_tell_room(r->u);
	return files;
}

static bool unix_more(struct unix_socket *u)
{
	LOCKED(&u->lock);
	return !list_empty(&u->queue) && !u->receiving;
}

static long unix_recv_stream(struct unix_socket *u, const struct iov *data, struct host_msg *m, uint32_t flags,
			     int64_t deadline)
{
	struct unix_reading r = { .u = u, .data = data, .m = m, .room = unix_sides_begin(m), .flags = flags };
	bool wait_all = flags & MSG_WAITALL;
	int error = 0;

	while (r.done < data->total && !error) {
		struct unix_message *msg;

		if (r.done && !wait_all && !unix_more(u))
			break; /* an error or the end is for the next call */
		error = unix_claim_front(u, r.done && !wait_all ? 0 : deadline, &msg);
		if (error || !msg)
			break;
		if (flags & MSG_PEEK) {
			error = unix_peek_stream(&r, msg);
			break;
		}
		error = unix_take_stream(&r, msg);
	}
	return r.done ? (long)r.done : error;
}

long unix_recv(struct file *f, const struct iov *data, struct host_msg *m, uint32_t flags)
{
	struct unix_socket *u = unix_of(f);
	int64_t deadline = unix_deadline(f, u->receive_timeout, flags);

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!unix_connects(u))
		return unix_recv_whole(u, data, m, flags, deadline);
	if (u->state != UNIX_CONNECTED)
		return socket_streams(&u->socket) ? -EINVAL : -ENOTCONN;
	if (socket_streams(&u->socket))
		return unix_recv_stream(u, data, m, flags, deadline);
	return unix_recv_whole(u, data, m, flags, deadline);
}
