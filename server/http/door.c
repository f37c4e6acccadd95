#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/auth/cidr.h"
#include "server/http/door.h"
#include "server/http/map.h"

#define BACKLOG 1024

union any_address {
	struct sockaddr plain;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage all;
};

static bool failed(const struct listener *l, const char *step, const char *reason, char *error, size_t size)
{
	snprintf(error, size, "listener %s: %s: %s", l->address, step, reason);
	return false;
}

/* "127.0.0.1:8200", "[::1]:8200", ":8200", "localhost:8200" */
static bool address_resolve(const struct listener *l, struct addrinfo **found, char *error, size_t size)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	const char *colon = strrchr(l->address, ':'), *start = l->address;
	size_t host_size = colon ? (size_t)(colon - start) : 0;
	char host[256];
	int status;

	if (!colon || host_size >= sizeof(host))
		return failed(l, "address", "expected HOST:PORT", error, size);
	if (host_size >= 2 && start[0] == '[' && start[host_size - 1] == ']') {
		start++;
		host_size -= 2;
	}
	memcpy(host, start, host_size);
	host[host_size] = '\0';
	status = getaddrinfo(host_size ? host : NULL, colon + 1, &hints, found);
	return !status || failed(l, "address", gai_strerror(status), error, size);
}

static bool tcp_open(struct door *d, char *error, size_t size)
{
	struct addrinfo *found;
	const int on = 1;
	bool done;

	if (!address_resolve(d->listener, &found, error, size))
		return false;
	d->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	done = d->fd >= 0 && !bind(d->fd, found->ai_addr, found->ai_addrlen) && !listen(d->fd, BACKLOG);
	freeaddrinfo(found);
	return done || failed(d->listener, "listen", strerror(errno), error, size);
}

/* A socket that a dead server left is taken over; one that somebody answers at is not. */
static bool left_behind(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat about;
	bool dead;

	if (lstat(address->sun_path, &about) || !S_ISSOCK(about.st_mode)) {
		close(fd);
		return false;
	}
	dead = connect(fd, (const struct sockaddr *)address, sizeof(*address)) && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static bool unix_open(struct door *d, const char *path, char *error, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	bool done;

	if (strlen(path) >= sizeof(address.sun_path))
		return failed(d->listener, "listen", "the path is too long", error, size);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (left_behind(&address))
		unlink(path);
	d->local = true;
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mask = umask(0077); /* only its owner; whoever wants more changes its mode */
	done = d->fd >= 0 && !bind(d->fd, (const struct sockaddr *)&address, sizeof(address)) &&
	       !listen(d->fd, BACKLOG);
	umask(mask);
	return done || failed(d->listener, "listen", strerror(errno), error, size);
}

static bool ranges_right(const struct listener *l, char *error, size_t size)
{
	_cleanup_pool_ struct pool pool = { .last = NULL };
	struct names ranges;
	const char *wrong;

	if (!l->x_forwarded_for_authorized_addrs)
		return true;
	ranges = map_ranges(&pool, l->x_forwarded_for_authorized_addrs);
	wrong = cidrs_wrong(&ranges);
	return !wrong || failed(l, "x_forwarded_for_authorized_addrs: no block of addresses", wrong, error, size);
}

bool door_open(struct door *d, const struct listener *listener, struct core *core, char *error, size_t size)
{
	bool local = !strncmp(listener->address, "unix:", 5);
	char reason[256];

	d->listener = listener;
	d->fd = -1;
	if (!ranges_right(listener, error, size))
		return false;
	if (!listener->tls_disable && !local) {
		d->tls = tls_make(listener, core, reason, sizeof(reason));
		if (!d->tls)
			return failed(listener, "TLS", reason, error, size);
	}
	return local ? unix_open(d, listener->address + 5, error, size) : tcp_open(d, error, size);
}

void door_close(struct door *d)
{
	if (d->fd < 0)
		return;
	close(d->fd);
	d->fd = -1;
	if (d->local)
		unlink(d->listener->address + 5);
}

void door_free(struct door *d)
{
	door_close(d);
	tls_free(d->tls);
}

static void peer_put(struct connection *c, const union any_address *a)
{
	if (a->plain.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->v4.sin_addr, c->peer, sizeof(c->peer));
		c->port = ntohs(a->v4.sin_port);
	} else if (a->plain.sa_family == AF_INET6) {
		/* An IPv4 client of a socket for both keeps its own name, which bound CIDRs are compared with. */
		if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
			inet_ntop(AF_INET, &a->v6.sin6_addr.s6_addr[12], c->peer, sizeof(c->peer));
		else
			inet_ntop(AF_INET6, &a->v6.sin6_addr, c->peer, sizeof(c->peer));
		c->port = ntohs(a->v6.sin6_port);
	} else {
		memcpy(c->peer, "unix", sizeof("unix"));
	}
}

int door_accept(const struct door *d, struct connection *c)
{
	union any_address address = { .plain.sa_family = AF_UNIX };
	socklen_t size = sizeof(address);
	const int on = 1;
	int fd = accept4(d->fd, &address.plain, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!d->local)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	peer_put(c, &address);
	c->door = d;
	c->stream.fd = fd;
	return fd;
}

uint16_t door_port(const struct door *d)
{
	union any_address address;
	socklen_t size = sizeof(address);

	if (getsockname(d->fd, &address.plain, &size))
		return 0;
	return address.plain.sa_family == AF_INET ? ntohs(address.v4.sin_port)
		: address.plain.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : 0;
}
