/*
 * One thread accepts and looks after time; workers run connections. Connections wait in one epoll set, each armed for
 * one event, so that whoever is woken owns it. A worker that waits for a commit holds up nobody: when the last free one
 * takes something up, another is started, until there are WORKERS_MAX, which is how many requests can share a commit.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/http/door.h"

#define WORKERS_FIRST 2
#define WORKERS_MAX 64
#define WORKER_STACK (512 * 1024)
#define DOORS_MAX 16
#define STOP_PATIENCE 10 /* seconds for what runs */

struct http {
	struct http_shared shared;
	struct door doors[DOORS_MAX];
	size_t door_count;
	int epoll, wake;            /* wake: readable once workers shall end */
	pthread_t doorkeeper, workers[WORKERS_MAX];
	pthread_mutex_t mutex;      /* guards connections, connection_count, worker_count */
	struct list connections;
	size_t connection_count;
	size_t worker_count;
	_Atomic long free_workers;
	_Atomic bool doors_closed;
	uint16_t port;
};

static void *worker_main(void *argument);

static void worker_start(struct http *h)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WORKER_STACK);
	pthread_mutex_lock(&h->mutex);
	if (h->worker_count < WORKERS_MAX && !atomic_load(&h->shared.stopping) &&
	    !pthread_create(&h->workers[h->worker_count], &attributes, worker_main, h)) {
		h->worker_count++;
		atomic_fetch_add(&h->free_workers, 1);
	}
	pthread_mutex_unlock(&h->mutex);
	pthread_attr_destroy(&attributes);
}

static void connection_remove(struct http *h, struct connection *c)
{
	pthread_mutex_lock(&h->mutex);
	list_del(&c->link);
	h->connection_count--;
	pthread_mutex_unlock(&h->mutex);
	connection_free(c); /* closing takes it out of the epoll set */
}

/* Once `idle` is written another worker may own the connection, as soon as it is armed, or have freed it. */
static void connection_arm(struct http *h, struct connection *c, enum connection_next next, int how)
{
	struct epoll_event event = {
		.events = (next == WAIT_WRITE ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT, .data.ptr = c,
	};
	int fd = c->stream.fd;

	atomic_store(&c->deadline, connection_deadline(c));
	atomic_store(&c->idle, c->state == HANDSHAKE || (c->state == HEAD && !c->in_used));
	if (epoll_ctl(h->epoll, how, fd, &event))
		connection_remove(h, c);
}

static void connection_serve(struct http *h, struct connection *c)
{
	enum connection_next next;

	/* Reads what connection_arm() wrote last: all that the worker before wrote is seen from here on. */
	atomic_exchange(&c->idle, false);
	atomic_store(&c->deadline, INT64_MAX);
	next = connection_run(c);
	if (next == CLOSE)
		connection_remove(h, c);
	else
		connection_arm(h, c, next, EPOLL_CTL_MOD);
}

static void *worker_main(void *argument)
{
	struct http *h = argument;

	for (;;) {
		struct epoll_event event;

		if (epoll_wait(h->epoll, &event, 1, -1) != 1)
			continue;
		if (!event.data.ptr)
			return NULL;
		if (atomic_fetch_sub(&h->free_workers, 1) == 1)
			worker_start(h);
		connection_serve(h, event.data.ptr);
		atomic_fetch_add(&h->free_workers, 1);
	}
}

/* Too many: who waits longest without asking anything gives way. */
static void connection_evict(struct http *h)
{
	struct connection *oldest = NULL;

	pthread_mutex_lock(&h->mutex);
	list_for_each(at, &h->connections) {
		struct connection *c = container_of(at, struct connection, link);

		if (!oldest || atomic_load(&c->deadline) < atomic_load(&oldest->deadline))
			oldest = c;
	}
	if (oldest)
		shutdown(oldest->stream.fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->mutex);
}

static bool connection_begin(struct http *h, const struct door *d)
{
	struct connection *c = calloc(1, sizeof(*c));
	int fd = c ? door_accept(d, c) : -ENOMEM;
	bool crowded;

	if (fd < 0) {
		free(c);
		if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
			connection_evict(h);
		return false;
	}
	c->shared = &h->shared;
	c->state = d->tls ? HANDSHAKE : HEAD;
	c->began = connection_clock();
	list_init(&c->link);
	if (d->tls) {
		c->stream.session = tls_session(d->tls, fd);
		if (!c->stream.session) {
			connection_free(c);
			return true;
		}
	}
	pthread_mutex_lock(&h->mutex);
	list_add_tail(&h->connections, &c->link);
	crowded = ++h->connection_count > CONNECTIONS_MAX;
	pthread_mutex_unlock(&h->mutex);
	if (crowded)
		connection_evict(h);
	connection_arm(h, c, WAIT_READ, EPOLL_CTL_ADD);
	return true;
}

/* Shutting down wakes whoever is to find out. `idle` ones too: those between two requests. */
static void connections_expire(struct http *h, bool idle)
{
	int64_t now = connection_clock();

	pthread_mutex_lock(&h->mutex);
	list_for_each(at, &h->connections) {
		struct connection *c = container_of(at, struct connection, link);
		int64_t deadline = atomic_load(&c->deadline);

		if (deadline < now || (idle && atomic_load(&c->idle)))
			shutdown(c->stream.fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&h->mutex);
}

static void *doorkeeper_main(void *argument)
{
	struct http *h = argument;
	struct pollfd waits[DOORS_MAX];
	int64_t looked = connection_clock();

	while (!atomic_load(&h->shared.stopping)) {
		for (size_t i = 0; i < h->door_count; i++)
			waits[i] = (struct pollfd){ .fd = h->doors[i].fd, .events = POLLIN };
		if (poll(waits, h->door_count, 1000) < 0)
			continue;
		for (size_t i = 0; i < h->door_count; i++)
			for (int burst = 0; waits[i].revents && burst < 64 && connection_begin(h, &h->doors[i]);
			     burst++)
				;
		if (connection_clock() != looked) {
			looked = connection_clock();
			connections_expire(h, false);
		}
	}
	return NULL;
}

static void files_limit_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < CONNECTIONS_MAX + 256)
		fprintf(stderr,
			"adyton-server: the limit of open files is %lu: fewer than %d connections are possible\n",
			(unsigned long)limit.rlim_cur, CONNECTIONS_MAX);
}

static bool doors_open(struct http *h, char *error, size_t size)
{
	for (const struct listener *l = h->shared.core->config->listeners; l; l = l->next) {
		if (h->door_count == DOORS_MAX) {
			snprintf(error, size, "there are more than %d listeners", DOORS_MAX);
			return false;
		}
		h->door_count++;
		if (!door_open(&h->doors[h->door_count - 1], l, h->shared.core, error, size))
			return false;
	}
	if (!h->door_count)
		snprintf(error, size, "the configuration has no listener");
	return h->door_count;
}

static void http_free(struct http *h)
{
	for (size_t i = 0; i < h->door_count; i++)
		door_free(&h->doors[i]);
	if (h->epoll >= 0)
		close(h->epoll);
	if (h->wake >= 0)
		close(h->wake);
	pthread_mutex_destroy(&h->mutex);
	free(h);
}

struct http *http_start(struct core *core, char *error, size_t size)
{
	struct http *h = calloc(1, sizeof(*h));
	struct epoll_event wake = { .events = EPOLLIN };

	if (!h)
		abort();
	h->shared.core = core;
	pthread_mutex_init(&h->mutex, NULL);
	list_init(&h->connections);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	files_limit_raise();
	if (!doors_open(h, error, size)) {
		http_free(h);
		return NULL;
	}
	h->port = door_port(&h->doors[0]);
	if (h->epoll < 0 || h->wake < 0 || epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->wake, &wake) ||
	    pthread_create(&h->doorkeeper, NULL, doorkeeper_main, h)) {
		snprintf(error, size, "starting to listen: %s", strerror(errno));
		http_free(h);
		return NULL;
	}
	for (int i = 0; i < WORKERS_FIRST; i++)
		worker_start(h);
	return h;
}

uint16_t http_port(const struct http *h)
{
	return h->port;
}

void http_reload(struct http *h)
{
	char error[256];

	for (size_t i = 0; i < h->door_count; i++)
		if (h->doors[i].tls && !tls_reload(h->doors[i].tls, error, sizeof(error)))
			fprintf(stderr, "adyton-server: listener %s: certificates stay as they were: %s\n",
				h->doors[i].listener->address, error);
}

static size_t connections_left(struct http *h)
{
	size_t count;

	pthread_mutex_lock(&h->mutex);
	count = h->connection_count;
	pthread_mutex_unlock(&h->mutex);
	return count;
}

void http_stop(struct http *h)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t end = connection_clock() + STOP_PATIENCE;
	uint64_t one = 1;

	atomic_store(&h->shared.stopping, true);
	for (size_t i = 0; i < h->door_count; i++)
		shutdown(h->doors[i].fd, SHUT_RDWR); /* wakes the doorkeeper */
	pthread_join(h->doorkeeper, NULL);
	for (size_t i = 0; i < h->door_count; i++)
		door_close(&h->doors[i]);
	while (connections_left(h) && connection_clock() < end) {
		connections_expire(h, true);
		nanosleep(&moment, NULL);
	}
	if (write(h->wake, &one, sizeof(one)) != sizeof(one))
		fprintf(stderr, "adyton-server: waking workers: %s\n", strerror(errno));
	for (size_t i = 0; i < h->worker_count; i++)
		pthread_join(h->workers[i], NULL);
	while (!list_empty(&h->connections))
		connection_remove(h, container_of(h->connections.next, struct connection, link));
	http_free(h);
}
