/* Sending to UNIX sockets. */
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
