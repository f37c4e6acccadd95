/* Data between UNIX sockets. */
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/net/unix.h"

struct unix_message *unix_message_new(uint32_t size)
{
	struct unix_message *m = heap_alloc(sizeof(*m) + size);

	if (!m)
		return NULL;
	list_init(&m->link);
	m->size = size;
	return m;
}

void unix_message_free(struct unix_message *m)
{
	for (uint32_t i = 0; i < m->file_count; i++)
		file_put(m->files[i]);
	heap_free(m->files);
	heap_free(m);
}

/* A message with the program's bytes, and what goes with them. */
static int unix_message_make(const struct unix_socket *from, const struct iov *data, uint64_t at, uint32_t size,
			     const struct host_msg *control, struct unix_message **out)
{
	struct unix_message *m = unix_message_new(size);
	int error;

	if (!m)
		return -ENOBUFS;
	m->credentials = unix_own_credentials();
	m->name_size = from->name_size;
	memcpy(m->name, from->name, sizeof(m->name));
	error = iov_get(data, at, m->data, size);
	if (!error && control && !at)
		error = unix_control_take(m, control);
	if (error) {
		unix_message_free(m);
		return error;
	}
	*out = m;
	return 0;
}

static int unix_take_error(struct unix_socket *u)
{
	int error;

	LOCKED(&u->lock);
	error = u->error;
	u->error = 0;
	return -error;
}

/* Why nothing can be put into `to` at all; 0: it can, as far as room goes. to->lock is held. */
static int unix_refusal(const struct unix_socket *from, const struct unix_socket *to)
{
	if (unix_connects(to))
		return to->dead || to->read_shut ? -EPIPE : 0;
	if (to->dead)
		return -ECONNREFUSED;
	if (to->read_shut)
		return -EPIPE;
	return to->peer && to->peer != from ? -EPERM : 0;
}

/* 0: queued; -EAGAIN: full; or a refusal. */
static int unix_enqueue(const struct unix_socket *from, struct unix_socket *to, struct unix_message *m)
{
	int error;

	lock_acquire(&to->lock);
	error = unix_refusal(from, to);
	if (!error && !unix_has_room(to))
		error = -EAGAIN;
	if (!error) {
		list_add_tail(&to->queue, &m->link);
		to->queued += m->size;
		to->messages++;
	}
	lock_release(&to->lock);
	if (!error)
		sleep_wake(&to->wait, POLLIN | POLLRDNORM | POLLRDBAND);
	return error;
}

/* A sender sleeps on the receiver's queue, and its own shutdown ends that too. */
struct unix_sending {
	const struct unix_socket *from;
	struct unix_socket *to;
};

static bool unix_send_ready(void *data)
{
	const struct unix_sending *s = data;

	LOCKED(&s->to->lock);
	return unix_refusal(s->from, s->to) || unix_has_room(s->to);
}

static int unix_deliver(struct unix_socket *from, struct unix_socket *to, struct unix_message *m, int64_t deadline)
{
	struct unix_sending s = { from, to };
	int error;

	for (;;) {
		if (__atomic_load_n(&from->write_shut, __ATOMIC_RELAXED))
			return -EPIPE;
		error = unix_enqueue(from, to, m);
		if (error != -EAGAIN || !deadline)
			return error;
		error = sleep_on(&to->wait, unix_send_ready, &s, deadline);
		if (error)
			return error == -ETIMEDOUT ? -EAGAIN : error;
	}
}

static long unix_send_stream(struct unix_socket *u, struct unix_socket *to, const struct iov *data,
			     const struct host_msg *control, int64_t deadline)
{
	uint64_t done = 0;
	int error = 0;

	while (done < data->total && !error) {
		uint64_t left = data->total - done;
		uint32_t size = left < UNIX_MESSAGE ? (uint32_t)left : UNIX_MESSAGE;
		struct unix_message *m;

		error = unix_message_make(u, data, done, size, control, &m);
		if (error)
			break;
		error = unix_deliver(u, to, m, deadline);
		if (error)
			unix_message_free(m);
		else
			done += size;
	}
	return done ? (long)done : error;
}

static long unix_send_whole(struct unix_socket *u, struct unix_socket *to, const struct iov *data,
			    const struct host_msg *control, int64_t deadline)
{
	struct unix_message *m;
	int error;

	if (data->total > u->send_buffer)
		return -EMSGSIZE;
	error = unix_message_make(u, data, 0, (uint32_t)data->total, control, &m);
	if (error)
		return error;
	error = unix_deliver(u, to, m, deadline);
	if (error)
		unix_message_free(m);
	return error ? error : (long)data->total;
}

/* Whom a call sends to, a reference: the address given, or the peer. UNIX_ON_HOST: f became a host socket. */
static int unix_destination(struct file *f, struct unix_socket *u, const struct host_msg *m, struct unix_socket **to)
{
	struct host_addr addr;
	int r;

	*to = NULL;
	if (m && m->name_size && unix_connects(u))
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (!m || !m->name_size) {
		*to = unix_peer(u);
		return *to ? 0 : u->error ? unix_take_error(u) : -ENOTCONN;
	}
	addr.size = m->name_size;
	memcpy(addr.addr, m->name, sizeof(addr.addr));
	r = unix_name_check(&addr);
	if (!r)
		r = unix_name_find(&addr, to);
	if (r == UNIX_ON_HOST)
		return hostsock_take_over(f) ?: UNIX_ON_HOST;
	if (!r && (*to)->socket.type != u->socket.type) {
		unix_put(*to);
		return -EPROTOTYPE;
	}
	return r;
}

/* A connected datagram peer that went away is forgotten, as Linux does. */
static void unix_forget_dead(struct unix_socket *u, struct unix_socket *dead)
{
	bool ours;

	lock_acquire(&u->lock);
	ours = u->peer == dead;
	if (ours)
		u->peer = NULL;
	lock_release(&u->lock);
	if (!ours)
		return;
	lock_acquire(&dead->lock);
	list_del(&u->fan_link);
	lock_release(&dead->lock);
	unix_put(dead);
}

long unix_send(struct file *f, const struct iov *data, const struct host_msg *m, uint32_t flags)
{
	struct unix_socket *u = unix_of(f), *to;
	int64_t deadline;
	long r;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	r = unix_destination(f, u, m, &to);
	if (r == UNIX_ON_HOST)
		return ((struct socket *)f->data)->ops->send(f, data, m, flags);
	if (r)
		return r;
	deadline = unix_deadline(f, u->send_timeout, flags);
	if (socket_streams(&u->socket))
		r = unix_send_stream(u, to, data, m, deadline);
	else
		r = unix_send_whole(u, to, data, m, deadline);
	if (r == -ECONNREFUSED)
		unix_forget_dead(u, to);
	unix_put(to);
	return unix_connects(u) ? socket_pipe_result(r, flags) : r;
}

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
static struct unix_message *unix_release_front(struct unix_socket *u, struct unix_message *m, uint32_t taken, bool whole)
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
