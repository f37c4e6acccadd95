/* UNIX sockets between ends of one process. */
#include "tests/unit/kernel_io/libc.h"
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static int *open_pair(int type)
{
	int *fds = arena(8);

	note("socketpair: %ld", CALL(SYS_socketpair, AF_UNIX, type, 0, fds));
	return fds;
}

static void close_both(const int *fds)
{
	CALL(SYS_close, fds[0]);
	CALL(SYS_close, fds[1]);
}

static void note_poll(const char *what, int fd)
{
	struct pollfd *p = arena(sizeof(*p));

	p->fd = fd;
	p->events = POLLIN | POLLOUT | POLLRDHUP;
	note("%s: %ld %x", what, CALL(SYS_poll, p, 1, 0), p->revents);
}

static void note_bytes(const char *what, const uint8_t *p, long n)
{
	note("%s: %ld %.*s", what, n, n > 0 && n < 60 ? (int)n : 0, p);
}

static long say(int fd, const char *text, int flags)
{
	return CALL(SYS_sendto, fd, arena_copy(text, strlen(text)), strlen(text), flags, 0, 0);
}

static void hear(const char *what, int fd, size_t size, int flags)
{
	uint8_t *to = arena(size + 1);

	note_bytes(what, to, CALL(SYS_recvfrom, fd, to, size, flags, 0, 0));
}

static void streams(void)
{
	int *fds = open_pair(SOCK_STREAM | SOCK_NONBLOCK), *count = arena(4);
	uint8_t *big = arena(300000);
	long sent, r, have = 0;

	note_poll("fresh", fds[0]);
	hear("empty", fds[0], 10, 0);
	note("say: %ld %ld", say(fds[0], "hello ", 0), say(fds[0], "world", 0));
	note_poll("waiting", fds[1]);
	note("ioctl: %ld", CALL(SYS_ioctl, fds[1], FIONREAD, count));
	note("holds %d", *count);
	hear("peek", fds[1], 4, MSG_PEEK);
	hear("two at once", fds[1], 8, 0);
	hear("rest", fds[1], 100, 0);
	hear("no more", fds[1], 100, MSG_DONTWAIT);
	note("nothing: %ld", CALL(SYS_write, fds[0], big, 0));
	hear("nothing came", fds[1], 100, 0);
	sent = CALL(SYS_write, fds[0], big, 300000);
	note("a part: %d", sent > 50000 && sent < 300000);
	note("full: %ld", CALL(SYS_write, fds[0], big, 300000) < 0 ? -EAGAIN : 0L);
	while ((r = CALL(SYS_read, fds[1], big, 70000)) > 0)
		have += r;
	note("all: %d", have >= sent);
	note("bad address: %ld %ld", CALL(SYS_write, fds[0], 8, 10), CALL(SYS_sendto, fds[0], 8, 10, 0, 0, 0));
	close_both(fds);
}

static void shutdowns(void)
{
	int *fds = open_pair(SOCK_STREAM);

	say(fds[0], "last", 0);
	note("shutdown: %ld", CALL(SYS_shutdown, fds[0], SHUT_WR));
	note("broken: %ld", say(fds[0], "x", MSG_NOSIGNAL));
	note_poll("writer", fds[0]);
	note_poll("reader", fds[1]);
	hear("last", fds[1], 10, 0);
	hear("end", fds[1], 10, 0);
	note("back: %ld", say(fds[1], "back", 0));
	hear("back", fds[0], 10, 0);
	note("shutdown: %ld", CALL(SYS_shutdown, fds[0], SHUT_RD));
	note("broken: %ld", say(fds[1], "x", MSG_NOSIGNAL));
	note_poll("both", fds[0]);
	note_poll("both", fds[1]);
	note("bad how: %ld", CALL(SYS_shutdown, fds[0], 3));
	close_both(fds);
	fds = open_pair(SOCK_STREAM);
	say(fds[1], "unread", 0);
	say(fds[0], "read", 0);
	CALL(SYS_close, fds[0]);
	note_poll("gone", fds[1]);
	hear("was there", fds[1], 10, 0);
	hear("then", fds[1], 10, 0);
	hear("then", fds[1], 10, 0);
	note("broken: %ld", say(fds[1], "x", MSG_NOSIGNAL));
	CALL(SYS_close, fds[1]);
}

static void records(int type)
{
	int *fds = open_pair(type | SOCK_NONBLOCK);
	struct msghdr *h = arena(sizeof(*h));
	struct iovec *v = arena(2 * sizeof(*v));
	uint8_t *to = arena(32);
	int *count = arena(4);

	note("say: %ld %ld", say(fds[0], "first", 0), say(fds[0], "second", 0));
	CALL(SYS_ioctl, fds[1], FIONREAD, count);
	note("next holds %d", *count);
	hear("cut", fds[1], 3, 0);
	hear("true size", fds[1], 3, MSG_TRUNC);
	v[0] = (struct iovec){ to, 2 };
	v[1] = (struct iovec){ to + 2, 2 };
	*h = (struct msghdr){ .msg_iov = v, .msg_iovlen = 2 };
	say(fds[0], "third", 0);
	note("recvmsg: %ld", CALL(SYS_recvmsg, fds[1], h, 0));
	note("flags %x", (unsigned)h->msg_flags & (MSG_TRUNC | MSG_CTRUNC));
	note("nothing: %ld", CALL(SYS_sendto, fds[0], to, 0, 0, 0, 0));
	hear("nothing", fds[1], 10, 0);
	hear("empty", fds[1], 10, 0);
	note_poll("before", fds[1]);
	CALL(SYS_close, fds[0]);
	note_poll("after", fds[1]);
	hear("gone", fds[1], 10, 0);
	note("gone: %ld", say(fds[1], "x", MSG_NOSIGNAL));
	note("then: %ld", say(fds[1], "x", MSG_NOSIGNAL));
	CALL(SYS_close, fds[1]);
}

static void datagram_pair(void)
{
	records(SOCK_DGRAM);
}

static void seqpacket_pair(void)
{
	records(SOCK_SEQPACKET);
}

static struct sockaddr_un *name(const char *text, unsigned *size)
{
	struct sockaddr_un *a = arena(sizeof(*a) + 8);
	size_t n = strlen(text);

	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, text, n);
	if (a->sun_path[0] == '@')
		a->sun_path[0] = 0;
	*size = (unsigned)(offsetof(struct sockaddr_un, sun_path) + n + (a->sun_path[0] != 0));
	return a;
}

static void note_name(const char *what, long nr, int fd)
{
	struct sockaddr_un *a = arena(sizeof(*a) + 8);
	unsigned *size = arena(4);
	long r;

	*size = sizeof(*a);
	r = CALL(nr, fd, a, size);
	note("%s: %ld size %u %s", what, r, *size, a->sun_path[0] ? a->sun_path : a->sun_path + 1);
}

static void connections(const char *text, int type)
{
	int l = (int)CALL(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK, 0), c, d, s;
	struct sockaddr_un *peer = arena(sizeof(*peer) + 8);
	struct sockaddr_un *a;
	unsigned size, *peer_size = arena(4);
	int *value = arena(16);

	CALL(SYS_unlink, arena_copy(text, strlen(text) + 1));
	a = name(text, &size);
	note_name("unbound", SYS_getsockname, l);
	note_poll("unconnected", l);
	note("listen unbound: %ld", CALL(SYS_listen, l, 1));
	c = (int)CALL(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK, 0);
	note("nobody: %ld", CALL(SYS_connect, c, a, size));
	note("bind: %ld", CALL(SYS_bind, l, a, size));
	note("bind again: %ld", CALL(SYS_bind, l, a, size));
	note_name("bound", SYS_getsockname, l);
	note("not listening: %ld", CALL(SYS_connect, c, a, size));
	note("listen: %ld", CALL(SYS_listen, l, 0));
	note("nobody came: %ld", CALL(SYS_accept4, l, 0, 0, 0));
	note_poll("before", l);
	note("connect: %ld", CALL(SYS_connect, c, a, size));
	note("connect again: %ld", CALL(SYS_connect, c, a, size));
	d = (int)CALL(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK, 0);
	note("full: %ld", CALL(SYS_connect, d, a, size));
	note_poll("waiting", l);
	note_name("peer", SYS_getpeername, c);
	note("early: %ld", say(c, "early", 0));
	*peer_size = sizeof(*peer);
	s = note_fd("accept", CALL(SYS_accept4, l, peer, peer_size, SOCK_NONBLOCK));
	note("peer size %u", *peer_size);
	hear("early", s, 10, 0);
	note_name("accepted", SYS_getsockname, s);
	note("now: %ld", CALL(SYS_connect, d, a, size));
	*peer_size = 12;
	note("peercred: %ld", CALL(SYS_getsockopt, s, SOL_SOCKET, SO_PEERCRED, value, peer_size));
	note("self: %d %d %d", value[0] == getpid(), value[1] == (int)geteuid(), value[2] == (int)getegid());
	*peer_size = 4;
	note("listening: %ld", CALL(SYS_getsockopt, l, SOL_SOCKET, SO_ACCEPTCONN, value, peer_size));
	note("%d", *value);
	note("other type: %ld", CALL(SYS_bind, c, a, 2000));
	CALL(SYS_close, l);
	note_poll("never accepted", d);
	hear("never accepted", d, 10, 0);
	hear("then", d, 10, 0);
	CALL(SYS_close, d);
	CALL(SYS_close, c);
	hear("closed", s, 10, 0);
	CALL(SYS_close, s);
	d = (int)CALL(SYS_socket, AF_UNIX, type, 0);
	note("closed: %ld", CALL(SYS_connect, d, a, size));
	CALL(SYS_close, d);
}

static void abstract_stream(void)
{
	connections("@adyton-io-test", SOCK_STREAM);
}

static void path_seqpacket(void)
{
	connections("/tmp/adyton-io-test.sock", SOCK_SEQPACKET);
	CALL(SYS_unlink, arena_copy("/tmp/adyton-io-test.sock", 25));
}

static void named_datagrams(void)
{
	int a = (int)CALL(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int b = (int)CALL(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	unsigned size, other_size, *from_size = arena(4);
	struct sockaddr_un *to = name("@adyton-io-a", &size), *other = name("@adyton-io-b", &other_size);
	struct sockaddr_un *from = arena(sizeof(*from));
	uint8_t *bytes = arena(100);

	note("bind: %ld", CALL(SYS_bind, a, to, size));
	note("unconnected: %ld", say(b, "x", 0));
	note("sendto: %ld", CALL(SYS_sendto, b, bytes, 3, 0, to, size));
	*from_size = sizeof(*from);
	note("recvfrom: %ld", CALL(SYS_recvfrom, a, bytes, 100, 0, from, from_size));
	note("unnamed: %u", *from_size);
	note("bind: %ld", CALL(SYS_bind, b, other, other_size));
	note("connect: %ld", CALL(SYS_connect, b, to, size));
	note("send: %ld", say(b, "connected", 0));
	*from_size = sizeof(*from);
	note("recvfrom: %ld", CALL(SYS_recvfrom, a, bytes, 100, 0, from, from_size));
	note("from %u %s", *from_size, from->sun_path + 1);
	note("connect back: %ld", CALL(SYS_connect, a, other, other_size));
	note("a third: %ld", CALL(SYS_sendto, (int)CALL(SYS_socket, AF_UNIX, SOCK_DGRAM, 0), bytes, 1, 0, to, size));
	note("nobody: %ld", CALL(SYS_sendto, b, bytes, 1, 0, name("@adyton-io-c", &size), size));
	CALL(SYS_close, a);
	note("refused: %ld", say(b, "x", 0));
	note("forgotten: %ld", say(b, "x", 0));
	CALL(SYS_close, b);
}

struct rights {
	struct msghdr h;
	struct iovec v;
	union {
		struct cmsghdr c;
		uint8_t bytes[CMSG_SPACE(64)];
	} control;
	char byte[8];
};

static long send_fds(int socket, const int *fds, unsigned count)
{
	struct rights *r = arena(sizeof(*r));

	r->byte[0] = 'F';
	r->v = (struct iovec){ r->byte, 1 };
	r->h = (struct msghdr){ .msg_iov = &r->v, .msg_iovlen = 1, .msg_control = &r->control,
				.msg_controllen = CMSG_SPACE(count * 4UL) };
	r->control.c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(count * 4UL), .cmsg_level = SOL_SOCKET,
					 .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&r->control.c), fds, count * 4UL);
	return CALL(SYS_sendmsg, socket, &r->h, MSG_NOSIGNAL);
}

/* Receive; the descriptors that came, closed by the caller. */
static int take_fds(const char *what, int socket, int *fds, size_t room, size_t size)
{
	struct rights *r = arena(sizeof(*r));
	int n = 0;
	long got;

	r->v = (struct iovec){ r->byte, size };
	r->h = (struct msghdr){ .msg_iov = &r->v, .msg_iovlen = 1, .msg_control = &r->control, .msg_controllen = room };
	got = CALL(SYS_recvmsg, socket, &r->h, 0);
	note("%s: %ld, control %zu, flags %x", what, got, r->h.msg_controllen, (unsigned)r->h.msg_flags);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&r->h); got >= 0 && c; c = CMSG_NXTHDR(&r->h, c)) {
		note("  type %d, %zu bytes", c->cmsg_type, (size_t)c->cmsg_len);
		if (c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (int)((c->cmsg_len - CMSG_LEN(0)) / 4);
		memcpy(fds, CMSG_DATA(c), (size_t)n * 4);
	}
	return n;
}

static void passing(int type)
{
	int *pair = open_pair(type | SOCK_NONBLOCK), *pipe = arena(8), got[4], on = 1, n;
	uint8_t *byte = arena(8);

	CALL(SYS_pipe2, pipe, 0);
	note("send: %ld", send_fds(pair[0], pipe, 2));
	close_both(pipe);
	n = take_fds("both", pair[1], got, 64, 1);
	note("write: %ld", CALL(SYS_write, got[1], byte, 5));
	note("read: %ld", CALL(SYS_read, got[0], byte, 8));
	note("send: %ld", send_fds(pair[0], got, 2));
	for (int i = 0; i < n; i++)
		CALL(SYS_close, got[i]);
	n = take_fds("room for one", pair[1], got, CMSG_LEN(4), 1);
	for (int i = 0; i < n; i++)
		CALL(SYS_close, got[i]);
	note("bad: %ld", send_fds(pair[0], (int[]){ 999 }, 1));
	note("before: %ld", say(pair[0], "x", 0));
	note("with: %ld", send_fds(pair[0], pair, 1));
	note("behind: %ld", say(pair[0], "y", 0));
	for (int k = 0; k < 3; k++) {
		n = take_fds("descriptors end a read", pair[1], got, 64, 8);
		for (int i = 0; i < n; i++)
			CALL(SYS_close, got[i]);
	}
	note("passcred: %ld", CALL(SYS_setsockopt, pair[1], SOL_SOCKET, SO_PASSCRED, arena_copy(&on, 4), 4));
	say(pair[0], "c", 0);
	n = take_fds("credentials", pair[1], got, 64, 8);
	/* Descriptors in a message that nobody took go with the socket. */
	CALL(SYS_pipe2, pipe, 0);
	send_fds(pair[0], pipe + 1, 1);
	CALL(SYS_close, pipe[1]);
	CALL(SYS_close, pair[1]);
	note("end: %ld", CALL(SYS_read, pipe[0], byte, 1));
	CALL(SYS_close, pipe[0]);
	CALL(SYS_close, pair[0]);
}

static void pass_stream(void)
{
	passing(SOCK_STREAM);
}

static void pass_dgram(void)
{
	passing(SOCK_DGRAM);
}

struct flow {
	int fd;
	size_t size;
	uint8_t *bytes;
};

static void flow_out(void *data)
{
	struct flow *f = data;

	CALL(SYS_write, f->fd, f->bytes, f->size);
	CALL(SYS_shutdown, f->fd, SHUT_WR);
}

static void blocking(void)
{
	int *fds = open_pair(SOCK_STREAM);
	struct flow *f = arena(sizeof(*f));
	struct world_thread *t;
	uint8_t *to = arena(1000000);
	long r, have = 0;

	*f = (struct flow){ fds[0], 1000000, arena(1000000) };
	for (size_t i = 0; i < f->size; i++)
		f->bytes[i] = (uint8_t)(i * 17 + i / 777);
	t = world_thread_start(flow_out, f);
	while ((r = CALL(SYS_recvfrom, fds[1], to + have, 50001, have < 300000 ? MSG_WAITALL : 0, 0, 0)) > 0)
		have += r;
	world_thread_join(t);
	note("have %ld, same %d", have, !memcmp(to, f->bytes, f->size));
	close_both(fds);
}

static void timeouts(void)
{
	int *fds = open_pair(SOCK_STREAM);
	struct timeval *tv = arena(sizeof(*tv));
	unsigned *size = arena(4);

	tv->tv_usec = 20000;
	note("set: %ld", CALL(SYS_setsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO, tv, sizeof(*tv)));
	*tv = (struct timeval){ 0 };
	*size = sizeof(*tv);
	note("get: %ld", CALL(SYS_getsockopt, fds[0], SOL_SOCKET, SO_RCVTIMEO, tv, size));
	note("%ld %ld", tv->tv_sec, tv->tv_usec / 1000);
	hear("nothing", fds[0], 10, 0);
	close_both(fds);
	note("type: %ld", CALL(SYS_socket, AF_UNIX, SOCK_RDM, 0));
	note("family: %ld", CALL(SYS_socket, 77, SOCK_STREAM, 0));
	note("no socket: %ld", CALL(SYS_connect, 1, tv, 10) == -EBADF ? -ENOTSOCK : CALL(SYS_connect, 1, tv, 10));
}

static void messages(void)
{
	int *fds = open_pair(SOCK_DGRAM | SOCK_NONBLOCK);
	struct mmsghdr *m = arena(4 * sizeof(*m));
	struct iovec *v = arena(4 * sizeof(*v));

	for (int i = 0; i < 4; i++) {
		v[i] = (struct iovec){ arena(20), (size_t)i + 1 };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	note("sendmmsg: %ld", CALL(SYS_sendmmsg, fds[0], m, 3, 0));
	note("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	for (int i = 0; i < 4; i++)
		v[i].iov_len = 20;
	note("recvmmsg: %ld", CALL(SYS_recvmmsg, fds[1], m, 4, 0, 0));
	note("%u %u %u", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	note("none: %ld", CALL(SYS_recvmmsg, fds[1], m, 4, 0, 0));
	close_both(fds);
}

static void edges(void)
{
	int *fds = open_pair(SOCK_STREAM | SOCK_NONBLOCK), ep = (int)CALL(SYS_epoll_create1, 0);
	struct epoll_event *ev = arena(4 * sizeof(*ev));

	ev->events = EPOLLIN | EPOLLET | EPOLLRDHUP;
	CALL(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fds[1], ev);
	note("quiet: %ld", CALL(SYS_epoll_wait, ep, ev, 4, 0));
	say(fds[0], "abc", 0);
	note("came: %ld %x", CALL(SYS_epoll_wait, ep, ev, 4, 0), ev->events);
	note("once: %ld", CALL(SYS_epoll_wait, ep, ev, 4, 0));
	say(fds[0], "d", 0);
	note("more: %ld %x", CALL(SYS_epoll_wait, ep, ev, 4, 0), ev->events);
	CALL(SYS_shutdown, fds[0], SHUT_WR);
	note("shut: %ld %x", CALL(SYS_epoll_wait, ep, ev, 4, 0), ev->events);
	CALL(SYS_close, fds[0]);
	note("gone: %ld %x", CALL(SYS_epoll_wait, ep, ev, 4, 0), ev->events);
	CALL(SYS_close, fds[1]);
	CALL(SYS_close, ep);
}

static void test_pairs(void **state)
{
	(void)state;
	both(streams);
	both(shutdowns);
	both(datagram_pair);
	both(seqpacket_pair);
}

static void test_names(void **state)
{
	(void)state;
	both(abstract_stream);
	both(path_seqpacket);
	both(named_datagrams);
}

static void test_rights(void **state)
{
	(void)state;
	both(pass_stream);
	both(pass_dgram);
}

static void test_flow(void **state)
{
	(void)state;
	both(blocking);
	both(timeouts);
	both(messages);
	both(edges);
}

static void test_leaves_nothing(void **state)
{
	unsigned long calls = inside_host_calls();
	long live = inside_heap_live();

	(void)state;
	both(streams);
	both(abstract_stream);
	both(pass_dgram);
	both(seqpacket_pair);
	assert_int_equal(inside_heap_live(), live);
	assert_int_equal(inside_host_calls(), calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs), cmocka_unit_test(test_names),	     cmocka_unit_test(test_rights),
		cmocka_unit_test(test_flow),  cmocka_unit_test(test_leaves_nothing),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
