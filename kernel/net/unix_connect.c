/* bind, connect, listen, accept of UNIX sockets. */
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/ipc/sleep.h"
#include "kernel/net/unix.h"

/* From here on a and b are each other's peer. Nobody else knows them, or a's lock is not needed because b is new. */
void unix_join(struct unix_socket *a, struct unix_socket *b)
{
	a->state = b->state = UNIX_CONNECTED;
	a->peer = unix_get(b);
	b->peer = unix_get(a);
	list_add_tail(&b->fans, &a->fan_link);
	list_add_tail(&a->fans, &b->fan_link);
	a->peer_credentials = b->peer_credentials = unix_own_credentials();
}

int unix_bind(struct file *f, const struct host_addr *given)
{
	struct unix_socket *u = unix_of(f);
	struct host_addr addr = *given;
	int r = unix_name_check(&addr);

	if (r)
		return r;
	if (u->name_size) /* Linux makes the file before it looks */
		return unix_name_exists(&addr) ? -EADDRINUSE : -EINVAL;
	r = unix_name_bind(u, &addr);
	if (r == UNIX_ON_HOST)
		r = hostsock_take_over(f) ?: ((struct socket *)f->data)->ops->bind(f, given);
	return r;
}

int unix_listen(struct file *f, int backlog)
{
	struct unix_socket *u = unix_of(f);

	if (!unix_connects(u))
		return -EOPNOTSUPP;
	LOCKED(&u->lock);
	if (!u->name_size || u->state == UNIX_CONNECTED)
		return -EINVAL;
	u->state = UNIX_LISTENING;
	u->backlog_max = backlog < 0 || backlog > SOMAXCONN ? SOMAXCONN : (uint32_t)backlog;
	return 0;
}

static bool unix_backlog_room(void *data)
{
	const struct unix_socket *l = data;

	return l->dead || __atomic_load_n(&l->backlog_count, __ATOMIC_RELAXED) <= l->backlog_max;
}

/* Put the server's end on the listener's list. 0, -EAGAIN (full), -ECONNREFUSED. */
static int unix_backlog_add(struct unix_socket *l, struct unix_socket *end)
{
	lock_acquire(&l->lock);
	if (l->state != UNIX_LISTENING || l->dead || l->read_shut) {
		lock_release(&l->lock);
		return -ECONNREFUSED;
	}
	if (l->backlog_count > l->backlog_max) {
		lock_release(&l->lock);
		return -EAGAIN;
	}
	list_add_tail(&l->backlog, &end->backlog_link);
	l->backlog_count++;
	lock_release(&l->lock);
	sleep_wake(&l->wait, POLLIN | POLLRDNORM);
	return 0;
}

/* What Linux looks at before the caller's own state. */
static int unix_listener_check(struct unix_socket *l, bool wait)
{
	LOCKED(&l->lock);
	if (l->state != UNIX_LISTENING || l->dead || l->read_shut)
		return -ECONNREFUSED;
	return l->backlog_count > l->backlog_max && !wait ? -EAGAIN : 0;
}

/* Claim u for this connection, so that two threads do not connect it at once. */
static int unix_claim(struct unix_socket *u, bool claim)
{
	LOCKED(&u->lock);
	if (claim && u->state == UNIX_LISTENING)
		return -EINVAL;
	if (claim && u->state == UNIX_CONNECTED)
		return -EISCONN;
	u->state = claim ? UNIX_CONNECTED : UNIX_OPEN;
	return 0;
}

/* Undo unix_join for an end that never got to the listener. */
static void unix_disjoin(struct unix_socket *u, struct unix_socket *end)
{
	lock_acquire(&u->lock);
	u->peer = NULL;
	lock_release(&u->lock);
	unix_put(end);
	unix_close(end); /* tells u, which forgets it below */
	lock_acquire(&u->lock);
	list_init(&u->fan_link);
	u->eof = u->peer_gone = false;
	u->error = 0;
	lock_release(&u->lock);
}

static int unix_connect_stream(struct file *f, struct unix_socket *u, struct unix_socket *l)
{
	struct unix_socket *end;
	int64_t deadline = unix_deadline(f, u->send_timeout, 0);
	int error;

	if (l->socket.type != u->socket.type)
		return -EPROTOTYPE;
	error = unix_listener_check(l, deadline);
	if (!error)
		error = unix_claim(u, true);
	if (error)
		return error;
	end = unix_new(u->socket.type);
	if (!end) {
		(void)unix_claim(u, false);
		return -ENOMEM;
	}
	end->unaccepted = true;
	end->name_size = l->name_size;
	memcpy(end->name, l->name, sizeof(end->name));
	lock_acquire(&u->lock);
	unix_join(u, end);
	lock_release(&u->lock);
	while ((error = unix_backlog_add(l, end)) == -EAGAIN && deadline) {
		error = sleep_on(&l->wait, unix_backlog_room, l, deadline);
		if (error)
			break;
	}
	if (error) {
		unix_disjoin(u, end);
		(void)unix_claim(u, false);
	}
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

/* A datagram socket only remembers where it sends to. to NULL: nowhere any more. */
static int unix_connect_dgram(struct unix_socket *u, struct unix_socket *to)
{
	struct unix_socket *old;

	if (to && to->socket.type != u->socket.type)
		return -EPROTOTYPE;
	lock_acquire(&u->lock);
	old = u->peer;
	u->peer = to ? unix_get(to) : NULL;
	u->state = to ? UNIX_CONNECTED : UNIX_OPEN;
	if (to)
		u->peer_credentials = unix_own_credentials();
	lock_release(&u->lock);
	if (old) {
		lock_acquire(&old->lock);
		list_del(&u->fan_link);
		lock_release(&old->lock);
		unix_put(old);
	}
	if (to) {
		lock_acquire(&to->lock);
		list_add_tail(&to->fans, &u->fan_link);
		lock_release(&to->lock);
	}
	return 0;
}

int unix_connect(struct file *f, const struct host_addr *given)
{
	struct unix_socket *u = unix_of(f), *to;
	struct host_addr addr = *given;
	uint16_t family = 0;
	int r;

	memcpy(&family, addr.addr, sizeof(family));
	if (addr.size >= sizeof(family) && family == AF_UNSPEC && !unix_connects(u))
		return unix_connect_dgram(u, NULL);
	r = unix_name_check(&addr);
	if (!r && addr.size <= sizeof(family))
		r = -EINVAL;
	if (!r)
		r = unix_name_find(&addr, &to);
	if (r == UNIX_ON_HOST)
		return hostsock_take_over(f) ?: ((struct socket *)f->data)->ops->connect(f, given);
	if (r)
		return r;
	r = unix_connects(u) ? unix_connect_stream(f, u, to) : unix_connect_dgram(u, to);
	unix_put(to);
	return r;
}

static bool unix_backlog_any(void *data)
{
	struct unix_socket *l = data;

	LOCKED(&l->lock);
	return !list_empty(&l->backlog) || l->read_shut;
}

/* The oldest server end, taken off the list; -EAGAIN, -EINVAL. */
static int unix_backlog_take(struct unix_socket *l, struct unix_socket **end)
{
	LOCKED(&l->lock);
	if (l->state != UNIX_LISTENING || l->read_shut)
		return -EINVAL;
	if (list_empty(&l->backlog))
		return -EAGAIN;
	*end = container_of(l->backlog.next, struct unix_socket, backlog_link);
	list_del(&(*end)->backlog_link);
	(*end)->unaccepted = false;
	l->backlog_count--;
	return 0;
}

int unix_accept(struct file *f, struct file **out, struct host_addr *peer, uint32_t flags)
{
	struct unix_socket *l = unix_of(f), *end;
	int64_t deadline = unix_deadline(f, l->receive_timeout, 0);
	int error;

	if (!unix_connects(l))
		return -EOPNOTSUPP;
	while ((error = unix_backlog_take(l, &end)) == -EAGAIN && deadline) {
		error = sleep_on(&l->wait, unix_backlog_any, l, deadline);
		if (error)
			break;
	}
	if (error)
		return error == -ETIMEDOUT ? -EAGAIN : error;
	sleep_wake(&l->wait, 0); /* who waits for room in the backlog */
	error = unix_file(end, flags, out);
	if (!error && peer)
		error = end->socket.ops->name(*out, peer, true);
	return error;
}
