/* Reading and writing a connection, with TLS or without. */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/tls.h"

/* What a call's failure means. The error queue is the thread's: it is left empty for the next connection. */
static int session_result(struct stream *s, int result)
{
	int error = SSL_get_error(s->session, result);

	ERR_clear_error();
	s->wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	return error == SSL_ERROR_ZERO_RETURN ? 0 : -EIO;
}

static long socket_result(struct stream *s, ssize_t result, bool writing)
{
	s->wants_write = writing;
	if (result >= 0)
		return result;
	return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EIO;
}

long stream_read(struct stream *s, void *to, size_t size)
{
	int got;

	if (!s->session)
		return socket_result(s, recv(s->fd, to, size, 0), false);
	got = SSL_read(s->session, to, size > INT_MAX ? INT_MAX : (int)size);
	return got > 0 ? got : session_result(s, got);
}

long stream_write(struct stream *s, const void *from, size_t size)
{
	int put;

	if (!s->session)
		return socket_result(s, send(s->fd, from, size, MSG_NOSIGNAL), true);
	put = SSL_write(s->session, from, size > INT_MAX ? INT_MAX : (int)size);
	return put > 0 ? put : session_result(s, put);
}

bool stream_pending(const struct stream *s)
{
	return s->session && SSL_has_pending(s->session);
}

int stream_handshake(struct stream *s)
{
	int done;

	if (!s->session || SSL_is_init_finished(s->session))
		return 0;
	done = SSL_do_handshake(s->session);
	if (done == 1)
		return 0;
	done = session_result(s, done);
	return done ? done : -EIO;
}

void stream_finish(struct stream *s)
{
	if (s->session)
		SSL_shutdown(s->session);
	ERR_clear_error();
	shutdown(s->fd, SHUT_WR);
}

void stream_close(struct stream *s)
{
	SSL_free(s->session);
	close(s->fd);
}
