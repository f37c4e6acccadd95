/* Sockets and timers of the host, through the handlers. */
#include "tests/unit/kernel_io/libc.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

static struct sockaddr_in *loopback(void)
{
	struct sockaddr_in *a = arena(sizeof(*a));

	a->sin_family = AF_INET;
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static int listener(struct sockaddr_in *a)
{
	int l = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	unsigned *size = arena(4);

	*size = sizeof(*a);
	note("bind: %ld", CALL(SYS_bind, l, a, sizeof(*a)));
	note("listen: %ld", CALL(SYS_listen, l, 5));
	note("name: %ld, %u, port %d", CALL(SYS_getsockname, l, a, size), *size, a->sin_port != 0);
	return l;
}

static int wait_for(int fd, int events)
{
	struct pollfd *p = arena(sizeof(*p));

	p->fd = fd;
	p->events = (short)events;
	CALL(SYS_poll, p, 1, 5000);
	return p->revents;
}

static void note_option(const char *what, int fd, int level, int option)
{
	int *value = arena(16);
	unsigned *size = arena(4);
	long r;

	*size = 4;
	r = CALL(SYS_getsockopt, fd, level, option, value, size);
	note("%s: %ld %d %u", what, r, *value, *size);
}

static void tcp(void)
{
	struct sockaddr_in *a = loopback(), *peer = arena(sizeof(*peer));
	int l = listener(a), c = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), s;
	unsigned *size = arena(4);
	uint8_t *bytes = arena(300), *big = arena(700000);
	struct iovec *v = arena(2 * sizeof(*v));
	struct msghdr *h = arena(sizeof(*h));
	int *one = arena(4), *count = arena(4);
	long r, sent = 0, have = 0;

	*one = 1;
	note("nobody: %ld", CALL(SYS_accept4, l, 0, 0, 0));
	note("not connected: %ld", CALL(SYS_read, c, bytes, 1));
	note("connect: %ld", CALL(SYS_connect, c, a, sizeof(*a)));
	note("writable: %x", wait_for(c, POLLOUT));
	note_option("error", c, SOL_SOCKET, SO_ERROR);
	wait_for(l, POLLIN);
	*size = sizeof(*peer);
	s = note_fd("accept", CALL(SYS_accept4, l, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC));
	note("peer: %u %x", *size, ntohl(peer->sin_addr.s_addr));
	note("nodelay: %ld", CALL(SYS_setsockopt, s, IPPROTO_TCP, TCP_NODELAY, one, 4));
	note_option("nodelay", s, IPPROTO_TCP, TCP_NODELAY);
	note_option("type", s, SOL_SOCKET, SO_TYPE);
	note("empty: %ld", CALL(SYS_read, s, bytes, 100));
	v[0] = (struct iovec){ (void *)arena_copy("GET ", 4), 4 };
	v[1] = (struct iovec){ (void *)arena_copy("/ HTTP/1.0", 10), 10 };
	*h = (struct msghdr){ .msg_iov = v, .msg_iovlen = 2 };
	note("sendmsg: %ld", CALL(SYS_sendmsg, c, h, MSG_NOSIGNAL));
	wait_for(s, POLLIN);
	note("ioctl: %ld", CALL(SYS_ioctl, s, FIONREAD, count));
	note("holds %d", *count);
	note("peek: %ld", CALL(SYS_recvfrom, s, bytes, 100, MSG_PEEK, 0, 0));
	note("read: %ld %s", CALL(SYS_read, s, bytes, 100), bytes);
	note("flags: %ld", CALL(SYS_fcntl, c, F_GETFL, 0) & O_NONBLOCK);
	/* More than the border takes in one call. */
	while (sent < 700000 && (r = CALL(SYS_write, c, big + sent, 700000 - sent)) != 0) {
		if (r > 0)
			sent += r;
		while ((r = CALL(SYS_read, s, big, 400000)) > 0)
			have += r;
	}
	while (have < 700000 && wait_for(s, POLLIN) && (r = CALL(SYS_read, s, big, 400000)) > 0)
		have += r;
	note("moved %ld %ld", sent, have);
	note("shutdown: %ld", CALL(SYS_shutdown, c, SHUT_WR));
	note("broken: %ld", CALL(SYS_sendto, c, bytes, 1, MSG_NOSIGNAL, 0, 0));
	note("hup: %x", wait_for(s, POLLIN | POLLRDHUP));
	note("end: %ld", CALL(SYS_read, s, bytes, 10));
	note("refused option: %ld", CALL(SYS_setsockopt, c, 12345, 1, one, 4) < 0 ? -1L : 0L);
	CALL(SYS_close, c);
	CALL(SYS_close, s);
	CALL(SYS_close, l);
	c = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
	note("refused: %ld", CALL(SYS_connect, c, a, sizeof(*a)));
	CALL(SYS_close, c);
}

static void udp(void)
{
	struct sockaddr_in *a = loopback(), *from = arena(sizeof(*from));
	int s = (int)CALL(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int c = (int)CALL(SYS_socket, AF_INET, SOCK_DGRAM, 0), *on = arena(4);
	unsigned *size = arena(4);
	uint8_t *bytes = arena(70000);
	struct mmsghdr *m = arena(3 * sizeof(*m));
	struct iovec *v = arena(3 * sizeof(*v));

	*on = 1;
	CALL(SYS_bind, s, a, sizeof(*a));
	*size = sizeof(*a);
	CALL(SYS_getsockname, s, a, size);
	note("pktinfo: %ld", CALL(SYS_setsockopt, s, IPPROTO_IP, IP_PKTINFO, on, 4));
	note("sendto: %ld", CALL(SYS_sendto, c, arena_copy("datagram", 8), 8, 0, a, sizeof(*a)));
	wait_for(s, POLLIN);
	*size = sizeof(*from);
	note("cut: %ld", CALL(SYS_recvfrom, s, bytes, 4, MSG_TRUNC, from, size));
	note("from %u %x", *size, ntohl(from->sin_addr.s_addr));
	note("too big: %ld", CALL(SYS_sendto, c, bytes, 70000, 0, a, sizeof(*a)));
	note("connect: %ld", CALL(SYS_connect, c, a, sizeof(*a)));
	for (int i = 0; i < 3; i++) {
		v[i] = (struct iovec){ bytes + i * 100, 10U + (unsigned)i };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	note("sendmmsg: %ld", CALL(SYS_sendmmsg, c, m, 3, 0));
	wait_for(s, POLLIN);
	for (int i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_control = arena(100);
		m[i].msg_hdr.msg_controllen = 100;
	}
	note("recvmmsg: %ld", CALL(SYS_recvmmsg, s, m, 3, MSG_WAITFORONE, 0));
	for (int i = 0; i < 3; i++)
		note("  %u bytes, control %zu, flags %x", m[i].msg_len, m[i].msg_hdr.msg_controllen,
		     (unsigned)m[i].msg_hdr.msg_flags);
	CALL(SYS_close, s);
	CALL(SYS_close, c);
}

/* What a name service and getifaddrs ask. */
static void interfaces(void)
{
	struct {
		uint32_t length;
		uint16_t type, flags;
		uint32_t seq, pid;
		uint8_t family[8];
	} *ask = arena(sizeof(*ask));
	int n = (int)CALL(SYS_socket, AF_NETLINK, SOCK_RAW, 0), u = (int)CALL(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	uint8_t *answer = arena(32768);
	struct ifreq *r = arena(sizeof(*r));

	ask->length = sizeof(*ask);
	ask->type = 18; /* RTM_GETLINK */
	ask->flags = 0x301;
	note("ask: %d", CALL(SYS_sendto, n, ask, sizeof(*ask), 0, 0, 0) == (long)sizeof(*ask));
	note("answer: %d", CALL(SYS_recvfrom, n, answer, 32768, 0, 0, 0) > 16);
	note("a link: %d", answer[4]);
	memcpy(r->ifr_name, "lo", 3);
	note("index: %ld", CALL(SYS_ioctl, u, SIOCGIFINDEX, r));
	note("is %d", r->ifr_ifindex);
	note("address: %ld", CALL(SYS_ioctl, u, SIOCGIFADDR, r));
	memcpy(r->ifr_name, "none0", 6);
	note("no such: %ld", CALL(SYS_ioctl, u, SIOCGIFINDEX, r));
	CALL(SYS_close, n);
	CALL(SYS_close, u);
}

static void timers(void)
{
	struct itimerspec *set = arena(sizeof(*set)), *old = arena(sizeof(*old));
	int t = (int)CALL(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK), p = (int)CALL(SYS_timerfd_create, 77, 0);
	uint64_t *v = arena(8);

	note("bad clock: %d", p);
	note("not yet: %ld", CALL(SYS_read, t, v, 8));
	set->it_value.tv_nsec = 2000000;
	set->it_interval.tv_nsec = 1000000;
	note("set: %ld", CALL(SYS_timerfd_settime, t, 0, set, old));
	note("old: %ld", old->it_value.tv_nsec);
	note("wait: %x", wait_for(t, POLLIN));
	note("read: %ld %d", CALL(SYS_read, t, v, 8), *v >= 1);
	note("get: %ld", CALL(SYS_timerfd_gettime, t, old));
	note("interval %ld", old->it_interval.tv_nsec);
	note("short: %ld", CALL(SYS_read, t, v, 4));
	note("bad: %ld", CALL(SYS_timerfd_settime, t, 0, 8, 0));
	note("write: %ld", CALL(SYS_write, t, v, 8));
	CALL(SYS_close, t);
}

/* The kernel's own refusals: descriptors and credentials stay inside. */
static void test_refusals(void **state)
{
	struct {
		struct cmsghdr c;
		int fd;
	} *control;
	struct msghdr *h;
	int fd;

	(void)state;
	both(timers);
	control = arena(sizeof(*control));
	h = arena(sizeof(*h));
	fd = (int)inside_call(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
	control->c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	*h = (struct msghdr){ .msg_control = control, .msg_controllen = sizeof(*control) };
	assert_int_equal(inside_call(SYS_sendmsg, fd, (long)h, 0, 0, 0, 0), -EOPNOTSUPP);
	control->c.cmsg_type = SCM_CREDENTIALS;
	assert_int_equal(inside_call(SYS_sendmsg, fd, (long)h, 0, 0, 0, 0), -EOPNOTSUPP);
	assert_int_equal(inside_call(SYS_socket, AF_INET, SOCK_RAW, 1, 0, 0, 0), -EPERM);
	assert_int_equal(inside_call(SYS_socket, 17, SOCK_RAW, 0, 0, 0, 0), -EAFNOSUPPORT);
	assert_int_equal(inside_call(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_FILTER, (long)h, 16, 0), -ENOPROTOOPT);
	inside_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void test_tcp(void **state)
{
	(void)state;
	both(tcp);
}

static void test_udp(void **state)
{
	(void)state;
	both(udp);
}

static void test_interfaces(void **state)
{
	(void)state;
	both(interfaces);
}

static void test_timers(void **state)
{
	(void)state;
	both(timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),	cmocka_unit_test(test_udp),	 cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_timers),	cmocka_unit_test(test_refusals),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
