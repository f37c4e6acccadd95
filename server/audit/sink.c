#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "server/audit/sink.h"

#define SEVERITY_INFO 6
#define DATAGRAM_BUFFER (1 << 20) /* a record with a long list must fit */

/* A kill within write() leaves a record cut: it is ended here, so that the next one is a line of its own. */
static void line_end(const struct sink *s, off_t size)
{
	int fd = size ? open(s->address, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	char last = '\n';

	if (fd < 0) /* empty, or ours to write only */
		return;
	if (pread(fd, &last, 1, size - 1) == 1 && last != '\n')
		(void)!write(s->fd, "\n", 1); /* what is wrong with the file, its next record meets too */
	close(fd);
}

static int file_open(struct sink *s)
{
	struct stat about;
	/* Without waiting: a pipe that nobody reads is an error now, not a server that hangs. */
	int fd = open(s->address, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &about) || fcntl(fd, F_SETFL, O_APPEND)) {
		close(fd);
		return -EIO;
	}
	s->regular = S_ISREG(about.st_mode);
	if (s->regular && s->mode && fchmod(fd, s->mode)) {
		int err = -errno;

		close(fd);
		return err;
	}
	s->fd = fd;
	if (s->regular)
		line_end(s, about.st_size);
	return 0;
}

static int socket_ready(struct sink *s, int fd)
{
	const struct timeval patience = { .tv_sec = s->timeout };
	const int room = DATAGRAM_BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (s->kind != SINK_TCP)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	s->fd = fd;
	return 0;
}

static int local_open(struct sink *s, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(s->address) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, s->address, strlen(s->address) + 1);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return socket_ready(s, fd);
}

static int internet_open(struct sink *s, int type)
{
	const struct addrinfo hints = { .ai_socktype = type };
	const char *colon = strrchr(s->address, ':'), *start = s->address;
	size_t size = colon ? (size_t)(colon - start) : 0;
	struct addrinfo *found;
	char host[256];
	int fd, err = 0;

	if (size >= 2 && start[0] == '[' && start[size - 1] == ']') {
		start++;
		size -= 2;
	}
	if (!colon || !size || size >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, size);
	host[size] = '\0';
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -EHOSTUNREACH;
	fd = socket(found->ai_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err = -errno;
	else
		socket_ready(s, fd); /* before connect(): its patience counts there too */
	if (!err && connect(fd, found->ai_addr, found->ai_addrlen)) {
		err = -errno;
		sink_close(s);
	}
	freeaddrinfo(found);
	return err;
}

int sink_open(struct sink *s)
{
	if (s->fd >= 0)
		return 0;
	switch (s->kind) {
	case SINK_FILE: return file_open(s);
	case SINK_SYSLOG: return local_open(s, SOCK_DGRAM);
	case SINK_UNIX: return local_open(s, SOCK_STREAM);
	case SINK_TCP: return internet_open(s, SOCK_STREAM);
	case SINK_UDP: return internet_open(s, SOCK_DGRAM);
	case SINK_STDOUT:
		s->fd = dup(STDOUT_FILENO);
		return s->fd < 0 ? -errno : 0;
	case SINK_DISCARD: return 0;
	}
	return -EINVAL;
}

void sink_close(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

int sink_reopen(struct sink *s)
{
	int old = s->fd, err;

	if (s->kind != SINK_FILE)
		return 0;
	s->fd = -1;
	err = sink_open(s);
	if (err)
		s->fd = old;
	else if (old >= 0)
		close(old);
	return err;
}

static int write_all(const struct sink *s, const char *at, size_t size)
{
	while (size) {
		ssize_t n = s->kind == SINK_FILE || s->kind == SINK_STDOUT ? write(s->fd, at, size)
									    : send(s->fd, at, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static char *join(const struct line *first, size_t *size)
{
	size_t used = 0;
	char *all;

	*size = 0;
	for (const struct line *l = first; l; l = l->next)
		*size += l->size;
	all = malloc(*size);
	if (!all)
		abort();
	for (const struct line *l = first; l; l = l->next) {
		memcpy(all + used, l->text, l->size);
		used += l->size;
	}
	return all;
}

/* All lines at once and one sync for all. A file that is full keeps no half of a line: it is cut back. */
static int stream_write(struct sink *s, struct line *first)
{
	off_t before = s->regular ? lseek(s->fd, 0, SEEK_END) : 0;
	size_t size;
	char *all = join(first, &size);
	int err = write_all(s, all, size);

	if (!err && s->regular && s->sync && fdatasync(s->fd))
		err = -errno;
	if (err && s->regular && before >= 0 && ftruncate(s->fd, before))
		fprintf(stderr, "adyton-server: audit: %s: a record may be cut: %s\n", s->address, strerror(errno));
	free(all);
	for (struct line *l = first; l; l = l->next)
		l->written = !err;
	return err;
}

/* RFC 3164, as every /dev/log reads it. */
static int syslog_write(struct sink *s, const struct line *l)
{
	char head[160], *message;
	time_t now = time(NULL);
	struct tm t;
	size_t used;
	int err;

	gmtime_r(&now, &t);
	used = (size_t)snprintf(head, sizeof(head), "<%u>", s->facility << 3 | SEVERITY_INFO);
	used += strftime(head + used, sizeof(head) - used, "%b %e %H:%M:%S", &t);
	used += (size_t)snprintf(head + used, sizeof(head) - used, " %.64s[%d]: ", s->tag, getpid());
	message = malloc(used + l->size);
	if (!message)
		abort();
	memcpy(message, head, used);
	memcpy(message + used, l->text, l->size);
	err = send(s->fd, message, used + l->size - 1, MSG_NOSIGNAL) < 0 ? -errno : 0;
	free(message);
	return err;
}

/* A record a datagram. One that is too long for it fails alone. */
static int datagrams_write(struct sink *s, struct line *first)
{
	int worst = 0;

	for (struct line *l = first; l; l = l->next) {
		int err = s->kind == SINK_SYSLOG ? syslog_write(s, l) : write_all(s, l->text, l->size);

		l->written = !err;
		if (err && !worst)
			worst = err;
	}
	return worst;
}

static int write_once(struct sink *s, struct line *first)
{
	int err = sink_open(s);

	if (err)
		return err;
	return s->kind == SINK_SYSLOG || s->kind == SINK_UDP ? datagrams_write(s, first) : stream_write(s, first);
}

/* A connection may have died since the last record: once more with a new one. */
int sink_write(struct sink *s, struct line *first)
{
	bool was_open = s->fd >= 0;
	int err;

	if (s->kind == SINK_DISCARD) {
		for (struct line *l = first; l; l = l->next)
			l->written = true;
		return 0;
	}
	err = write_once(s, first);
	if (!err || s->kind == SINK_FILE || s->kind == SINK_STDOUT || err == -EMSGSIZE)
		return err;
	sink_close(s);
	return was_open ? write_once(s, first) : err;
}
