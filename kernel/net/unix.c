/* A UNIX socket's life, its readiness, and the operations without data. */
#include "kernel/net/unix.h"
#include "abi/linux/poll.h"
#include "base/mem.h"
#include "kernel/fs/vfs.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/task/process.h"
#include "kernel/time/clock.h"

static const struct socket_ops unix_ops;

struct ucred unix_own_credentials(void)
{
	const struct process *p = &init_process;

	return (struct ucred){ .pid = p->pid, .uid = p->cred.euid, .gid = p->cred.egid };
}

struct unix_socket *unix_new(uint32_t type)
{
	struct unix_socket *u = heap_alloc(sizeof(*u));

	if (!u)
		return NULL;
	/* Linux: SOCK_RAW of AF_UNIX is SOCK_DGRAM. */
	u->socket = (struct socket){ .ops = &unix_ops, .domain = AF_UNIX, .ino = anon_ino(),
				     .type = (uint16_t)(type == SOCK_RAW ? SOCK_DGRAM : type) };
	u->refs = 1;
	u->send_buffer = u->receive_buffer = UNIX_BUFFER;
	waitq_init(&u->wait);
	list_init(&u->fans);
	list_init(&u->fan_link);
	list_init(&u->queue);
	list_init(&u->backlog);
	list_init(&u->backlog_link);
	list_init(&u->name_link);
	return u;
}

struct unix_socket *unix_get(struct unix_socket *u)
{
	__atomic_fetch_add(&u->refs, 1, __ATOMIC_RELAXED);
	return u;
}

void unix_put(struct unix_socket *u)
{
	if (u && !__atomic_sub_fetch(&u->refs, 1, __ATOMIC_ACQ_REL))
		heap_free(u);
}

struct unix_socket *unix_peer(struct unix_socket *u)
{
	LOCKED(&u->lock);
	return u->peer ? unix_get(u->peer) : NULL;
}

int64_t unix_deadline(const struct file *f, int64_t timeout, uint32_t flags)
{
	if (flags & MSG_DONTWAIT || file_nonblocking(f))
		return 0;
	return timeout ? clock_monotonic_ns() + timeout : NO_DEADLINE;
}

bool unix_has_room(const struct unix_socket *u)
{
	if (unix_connects(u))
		return u->queued < u->receive_buffer;
	return u->messages < UNIX_DATAGRAMS_MAX && u->queued < u->receive_buffer;
}

void unix_tell_room(struct unix_socket *u)
{
	LOCKED(&u->lock);
	list_for_each(at, &u->fans)
		sleep_wake(&container_of(at, struct unix_socket, fan_link)->wait, POLLOUT | POLLWRNORM | POLLWRBAND);
	sleep_wake(&u->wait, 0); /* senders to a full queue sleep there */
}

static void unix_drop_queue(struct list *queue)
{
	list_for_each_safe(at, queue)
		unix_message_free(container_of(at, struct unix_message, link));
}

static void unix_list_move(struct list *to, struct list *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to->prev->next = to;
	list_init(from);
}

/* The peer of a connected end learns that we are gone. */
static void unix_leave_peer(struct unix_socket *u, struct unix_socket *peer, bool reset)
{
	lock_acquire(&peer->lock);
	list_del(&u->fan_link);
	if (unix_connects(u)) {
		peer->eof = peer->peer_gone = true;
		if (reset)
			peer->error = ECONNRESET;
	}
	lock_release(&peer->lock);
	if (unix_connects(u))
		sleep_wake(&peer->wait, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM);
	unix_put(peer);
}

void unix_close(struct unix_socket *u)
{
	struct list queue, backlog;
	struct unix_socket *peer;

	unix_name_remove(u);
	lock_acquire(&u->lock);
	u->dead = true;
	peer = u->peer;
	u->peer = NULL;
	unix_list_move(&queue, &u->queue);
	unix_list_move(&backlog, &u->backlog);
	lock_release(&u->lock);
	if (peer)
		unix_leave_peer(u, peer, !list_empty(&queue) || u->unaccepted);
	unix_tell_room(u);
	unix_drop_queue(&queue);
	list_for_each_safe(at, &backlog) {
		struct unix_socket *end = container_of(at, struct unix_socket, backlog_link);

		list_del(at);
		unix_close(end); /* never a listener itself, so this goes one deep */
	}
	if (u->inode)
		inode_put(u->inode);
	u->inode = NULL;
	unix_put(u);
}

void unix_former_release(struct socket *s)
{
	unix_close(container_of(s, struct unix_socket, socket));
}

static void unix_release(struct file *f)
{
	unix_close(unix_of(f));
}

static uint32_t unix_poll(struct file *f, struct poll_table *t)
{
	struct unix_socket *u = unix_of(f), *peer;
	uint32_t ready = 0;

	if (t)
		t->attach(t, f, &u->wait);
	peer = unix_peer(u);
	if (!peer || unix_has_room(peer))
		ready |= POLLOUT | POLLWRNORM | POLLWRBAND;
	unix_put(peer);
	LOCKED(&u->lock);
	if (u->state == UNIX_LISTENING)
		return list_empty(&u->backlog) ? 0 : POLLIN | POLLRDNORM;
	if (unix_connects(u) && u->state == UNIX_OPEN)
		ready |= POLLHUP; /* neither connected nor listening: Linux says POLLOUT|POLLHUP */
	if (!list_empty(&u->queue))
		ready |= POLLIN | POLLRDNORM;
	if (u->read_shut || u->eof)
		ready |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (u->peer_gone || ((u->read_shut || u->eof) && u->write_shut))
		ready |= POLLHUP;
	return u->error ? ready | POLLERR : ready;
}

static long unix_read(struct file *f, const struct iov *to, int64_t *pos)
{
	(void)pos;
	return unix_recv(f, to, NULL, 0);
}

static long unix_write(struct file *f, const struct iov *from, int64_t *pos)
{
	(void)pos;
	return unix_send(f, from, NULL, 0);
}

static int unix_getattr(struct file *f, struct stat *st)
{
	anon_stat(st, S_IFSOCK | 0777, unix_of(f)->socket.ino);
	return 0;
}

static void unix_copy_name(const struct unix_socket *u, struct host_addr *addr)
{
	const uint16_t family = AF_UNIX;

	addr->size = u && u->name_size ? u->name_size : (uint32_t)sizeof(family);
	memcpy(addr->addr, &family, sizeof(family));
	if (u && u->name_size)
		memcpy(addr->addr, u->name, u->name_size);
}

static int unix_name(struct file *f, struct host_addr *addr, bool peer)
{
	struct unix_socket *u = unix_of(f), *other;

	if (!peer) {
		unix_copy_name(u, addr);
		return 0;
	}
	other = unix_peer(u);
	if (!other)
		return -ENOTCONN;
	unix_copy_name(other, addr);
	unix_put(other);
	return 0;
}

static int unix_shutdown(struct file *f, int how)
{
	struct unix_socket *u = unix_of(f), *peer = unix_peer(u);
	bool reads = how != SHUT_WR, writes = how != SHUT_RD;

	lock_acquire(&u->lock);
	u->read_shut |= reads;
	u->write_shut |= writes;
	lock_release(&u->lock);
	sleep_wake(&u->wait, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM);
	if (peer && unix_connects(u)) {
		lock_acquire(&peer->lock);
		peer->eof |= writes;
		peer->write_shut |= reads;
		lock_release(&peer->lock);
		sleep_wake(&peer->wait, POLLIN | POLLOUT | POLLHUP | POLLRDHUP | POLLRDNORM | POLLWRNORM);
	}
	unix_put(peer);
	return 0;
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_name,
	.shutdown = unix_shutdown,
	.set_option = unix_set_option,
	.get_option = unix_get_option,
	.send = unix_send,
	.recv = unix_recv,
};

const struct file_ops unix_file_ops = {
	.kind = "socket",
	.read = unix_read,
	.write = unix_write,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.getattr = unix_getattr,
	.release = unix_release,
};

int unix_file(struct unix_socket *u, uint32_t flags, struct file **out)
{
	*out = anon_file(&unix_file_ops, O_RDWR | (flags & O_NONBLOCK), &u->socket, "socket:[%lu]", u->socket.ino);
	if (!*out)
		unix_close(u);
	return *out ? 0 : -ENFILE;
}

int unix_make(uint32_t type, uint32_t flags, struct file **out)
{
	struct unix_socket *u = unix_new(type);

	return u ? unix_file(u, flags, out) : -ENOMEM;
}

int unix_make_pair(uint32_t type, uint32_t flags, struct file **a, struct file **b)
{
	struct unix_socket *first = unix_new(type), *second = unix_new(type);
	int error;

	if (!first || !second) {
		heap_free(first);
		heap_free(second);
		return -ENOMEM;
	}
	unix_join(first, second);
	error = unix_file(first, flags, a);
	if (error) {
		unix_close(second);
		return error;
	}
	error = unix_file(second, flags, b);
	if (error)
		file_put(*a);
	return error;
}
