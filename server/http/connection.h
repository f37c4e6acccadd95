/*
 * One connection. At any moment it is either one worker's, which runs it until it would have to wait, or nobody's,
 * waiting in the epoll set. The list of all of them is guarded by http->mutex; another thread may only look at
 * `deadline` and `idle` there, and shut the socket down, which the next worker then finds out.
 */
#ifndef ADYTON_SERVER_HTTP_CONNECTION_H
#define ADYTON_SERVER_HTTP_CONNECTION_H

#include <stdatomic.h>

#include "server/http/gate.h"
#include "server/http/http.h"
#include "server/http/tls.h"

#define CONNECTIONS_MAX 10240
#define BODIES_MAX (256 * 1024 * 1024L) /* of all requests that are being received, in bytes */

/* Seconds: all of a handshake, a head from its first byte, until the next request, without progress of a write. */
enum { TIME_HANDSHAKE = 10, TIME_HEAD = 10, TIME_IDLE = 300, TIME_WRITE = 30, TIME_DRAIN = 2 };

struct door {
	const struct listener *listener;
	struct tls *tls; /* NULL: in the clear */
	int fd;
	bool local;      /* a socket in the file system */
};

/* Shared by all workers. */
struct http_shared {
	struct core *core;
	_Atomic long bodies;     /* bytes of bodies in memory */
	_Atomic bool stopping;
};

enum connection_state { HANDSHAKE, HEAD, BODY, WRITE, DRAIN };

struct connection {
	struct list link;
	struct http_shared *shared;
	const struct door *door;
	struct stream stream;
	enum connection_state state;
	bool close;              /* after the answer */
	bool has_exporter;
	uint8_t exporter[TLS_EXPORTER_SIZE];
	char peer[46];
	uint16_t port;
	int64_t began;           /* what this state's time counts from: seconds, monotonic */
	_Atomic int64_t deadline;
	_Atomic bool idle;       /* between two requests */
	/* What was read and not yet used: a head and, behind it, coded chunks or the next request. */
	char *in;
	size_t in_size, in_used, in_seen;
	size_t head_size;        /* of `in`, once it is complete */
	struct gate_head *head;
	struct gate_chunks chunks;
	char *body;
	size_t body_size, body_used;
	char *out;               /* what could not be written yet */
	size_t out_size, out_at;
	size_t drained;
};

enum connection_next { GO_ON, WAIT_READ, WAIT_WRITE, CLOSE };

int64_t connection_clock(void);
/* Go on as far as it goes without waiting; never GO_ON. */
enum connection_next connection_run(struct connection *c);
/* When to give up, given what it waits for. */
int64_t connection_deadline(const struct connection *c);

/* -- between connection.c and connection_body.c -- */

enum connection_next body_run(struct connection *c);
void body_free(struct connection *c);
extern const struct gate_error body_too_large;
enum connection_next connection_request(struct connection *c); /* it is complete */
enum connection_next connection_refuse(struct connection *c, const struct gate_error *why);
enum connection_next connection_waits(const struct connection *c, long error); /* after a read or write */
/* realloc() would leave the old bytes behind, and a token in them. NULL: no memory. */
char *wiped_regrow(char *old, size_t used, size_t old_size, size_t size);
void wiped_free(char *at, size_t size);

/* Wipes and frees; no longer in any list. */
void connection_free(struct connection *c);

#endif
