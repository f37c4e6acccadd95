/* TLS of a listener: one context, exchanged as a whole when certificates are read anew, and sessions of it. */
#ifndef ADYTON_SERVER_HTTP_TLS_H
#define ADYTON_SERVER_HTTP_TLS_H

#include "server/core/config.h"
#include "server/core/request.h"

struct tls;
struct ssl_st;

struct core;

/* NULL with a message. */
struct tls *tls_make(const struct listener *listener, struct core *core, char *error, size_t size);
/* Read the files again; where that fails all stays as it was. */
bool tls_reload(struct tls *tls, char *error, size_t size);
void tls_free(struct tls *tls);

/* A session over a socket; NULL: no memory. */
struct ssl_st *tls_session(struct tls *tls, int fd);
/* The client's certificates, in the request's pool. */
void tls_certificates(struct ssl_st *session, struct request *r);
/* What binds to this connection (RFC 9266); false: nothing does. */
#define TLS_EXPORTER_SIZE 32
bool tls_exporter(struct ssl_st *session, uint8_t out[TLS_EXPORTER_SIZE]);

/* A socket, or a session over it. Neither ever waits. */
struct stream {
	int fd;
	struct ssl_st *session;
	bool wants_write; /* after -EAGAIN: what to wait for */
};
/* Bytes; 0: the other side is done; -EAGAIN; -EIO: the connection is dead. */
long stream_read(struct stream *s, void *to, size_t size);
long stream_write(struct stream *s, const void *from, size_t size);
bool stream_pending(const struct stream *s); /* was something read that nobody has taken? */
/* 0, -EAGAIN, -EIO */
int stream_handshake(struct stream *s);
void stream_finish(struct stream *s); /* no more will be written */
void stream_close(struct stream *s);

#endif
