#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "server/core/core.h"
#include "server/http/connection.h"
#include "server/http/map.h"
#include "server/sys/settings.h"
#include "server/sys/watch.h"

#define IN_FIRST 4096
#define IN_SPARE 2048      /* behind the head, for coded chunks */
#define DRAIN_MAX (1 << 20) /* bytes that are read and dropped after a refusal, so that the client reads why */

int64_t connection_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}

static bool in_room(struct connection *c, size_t size)
{
	char *at;

	if (c->in_size >= size)
		return true;
	at = wiped_regrow(c->in, c->in_used, c->in_used, size);
	if (!at)
		return false;
	c->in = at;
	c->in_size = size;
	return true;
}

/* Idle connections hold no buffers; used bytes were wiped. */
static void in_free(struct connection *c)
{
	free(c->in);
	c->in = NULL;
	c->in_size = c->in_seen = 0;
}

/* The request is answered: what was read of the next one stays. */
static void request_forget(struct connection *c)
{
	size_t rest = c->in_used - c->head_size;

	body_free(c);
	free(c->head);
	c->head = NULL;
	memmove(c->in, c->in + c->head_size, rest);
	mem_wipe(c->in + rest, c->head_size);
	c->in_used = rest;
	c->in_seen = c->head_size = 0;
}

static enum connection_next enter(struct connection *c, enum connection_state state)
{
	c->state = state;
	c->began = connection_clock();
	return GO_ON;
}

/* All was sent: read the next request, or end. A client that still sends would lose the answer if we closed at once. */
static enum connection_next answered(struct connection *c)
{
	wiped_free(c->out, c->out_size);
	c->out = NULL;
	c->out_size = c->out_at = 0;
	if (!c->close) {
		enter(c, HEAD);
		return c->in_used || stream_pending(&c->stream) ? GO_ON : WAIT_READ;
	}
	stream_finish(&c->stream);
	return enter(c, DRAIN);
}

/* Send what can be sent; the rest is kept. */
static enum connection_next send_answer(struct connection *c, const void *at, size_t size)
{
	size_t put = 0;

	while (put < size) {
		long n = stream_write(&c->stream, (const char *)at + put, size - put);

		if (n > 0) {
			put += (size_t)n;
			continue;
		}
		if (n != -EAGAIN)
			return CLOSE;
		c->out_size = size - put;
		c->out = malloc(c->out_size);
		if (!c->out)
			return CLOSE;
		memcpy(c->out, (const char *)at + put, c->out_size);
		c->state = WRITE;
		c->began = connection_clock();
		return connection_waits(c, n);
	}
	return answered(c);
}

static enum connection_next run_write(struct connection *c)
{
	while (c->out_at < c->out_size) {
		long n = stream_write(&c->stream, c->out + c->out_at, c->out_size - c->out_at);

		if (n <= 0)
			return n ? connection_waits(c, n) : CLOSE;
		c->out_at += (size_t)n;
		c->began = connection_clock();
	}
	return answered(c);
}

enum connection_next connection_refuse(struct connection *c, const struct gate_error *why)
{
	char answer[512];

	body_free(c);
	c->close = true;
	return send_answer(c, answer, map_refusal(why, answer, sizeof(answer)));
}

static void origin_fill(const struct connection *c, struct request *r)
{
	r->origin.remote_address = c->peer;
	r->origin.remote_port = c->port;
	r->origin.tls = c->stream.session;
	if (!c->stream.session)
		return;
	tls_certificates(c->stream.session, r);
	if (c->has_exporter)
		r->origin.exporter = (struct blob){ c->exporter, sizeof(c->exporter) };
}

static void handle(struct request *r, const char *method)
{
	struct flight flight;

	flight_begin(&flight, r, method);
	core_handle(r);
	flight_end(&flight);
}

enum connection_next connection_request(struct connection *c)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct blob answer;
	int status;

	request_begin(&r, c->shared->core);
	origin_fill(c, &r);
	status = map_forwarded(&r, c->head, c->door->listener->x_forwarded_for_authorized_addrs);
	if (!status)
		status = map_request(&r, c->head, c->body, c->body_used);
	if (!status)
		status = quota_admit(&r);
	if (status)
		r.reply.status = status;
	else
		handle(&r, c->head->method);
	c->close = c->head->close || atomic_load(&c->shared->stopping);
	answer = map_answer(&r, c->head, c->close);
	request_forget(c);
	return send_answer(c, answer.at, answer.size);
}

static enum connection_next head_complete(struct connection *c, size_t size)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct gate_error why;

	c->head_size = size;
	c->head = calloc(1, sizeof(*c->head));
	if (!c->head || !in_room(c, size + IN_SPARE))
		return CLOSE;
	if (!gate_read(c->in, size, c->head, &why))
		return connection_refuse(c, &why);
	memset(&c->chunks, 0, sizeof(c->chunks));
	if (c->head->body == BODY_NONE)
		return connection_request(c);
	if (c->head->body == BODY_LENGTH && c->head->length > c->door->listener->max_request_size)
		return connection_refuse(c, &body_too_large);
	/* A few bytes into the buffer of a socket that connection_waits for us. */
	if (c->head->expects && c->in_used == size &&
	    stream_write(&c->stream, go_on, sizeof(go_on) - 1) != sizeof(go_on) - 1)
		return CLOSE;
	return enter(c, BODY);
}

static enum connection_next run_head(struct connection *c)
{
	for (;;) {
		size_t size = gate_find(c->in, c->in_used, c->in_seen);
		long n;

		if (size > GATE_HEAD_MAX || (!size && c->in_used >= GATE_HEAD_MAX))
			return connection_refuse(c, &(struct gate_error){ 431, "the request's headers are too large" });
		if (size)
			return head_complete(c, size);
		c->in_seen = c->in_used;
		if (!in_room(c, c->in_used < IN_FIRST ? IN_FIRST : GATE_HEAD_MAX + 1))
			return CLOSE;
		n = stream_read(&c->stream, c->in + c->in_used, c->in_size - c->in_used);
		if (n <= 0)
			return connection_waits(c, n);
		if (!c->in_used)
			c->began = connection_clock();
		c->in_used += (size_t)n;
		if (c->in[0] < 'A' || c->in[0] > 'Z')
			return connection_refuse(c, &(struct gate_error){ 400, "this is not HTTP" });
	}
}

static enum connection_next run_handshake(struct connection *c)
{
	int error = stream_handshake(&c->stream);

	if (error)
		return connection_waits(c, error);
	if (c->stream.session)
		c->has_exporter = tls_exporter(c->stream.session, c->exporter);
	return enter(c, HEAD);
}

static enum connection_next run_drain(struct connection *c)
{
	char nothing[4096];

	while (c->drained < DRAIN_MAX) {
		long n = stream_read(&c->stream, nothing, sizeof(nothing));

		if (n <= 0)
			return n ? connection_waits(c, n) : CLOSE;
		c->drained += (size_t)n;
	}
	return CLOSE;
}

/* Pipelined requests are answered one after the other, each in the same frame of the stack. */
enum connection_next connection_run(struct connection *c)
{
	static enum connection_next (*const runs[])(struct connection *c) = {
		[HANDSHAKE] = run_handshake, [HEAD] = run_head, [BODY] = body_run, [WRITE] = run_write,
		[DRAIN] = run_drain,
	};

	enum connection_next next;

	do
		next = runs[c->state](c);
	while (next == GO_ON);
	if (c->state == HEAD && !c->in_used)
		in_free(c);
	return next;
}

int64_t connection_deadline(const struct connection *c)
{
	static const int64_t times[] = {
		[HANDSHAKE] = TIME_HANDSHAKE, [WRITE] = TIME_WRITE, [DRAIN] = TIME_DRAIN,
	};

	if (c->state == HEAD)
		return c->began + (c->in_used ? TIME_HEAD : TIME_IDLE);
	if (c->state == BODY)
		return c->began + (int64_t)c->door->listener->max_request_duration;
	return c->began + times[c->state];
}

void connection_free(struct connection *c)
{
	body_free(c);
	wiped_free(c->in, c->in_used);
	wiped_free(c->out, c->out_size);
	free(c->head);
	mem_wipe(c->exporter, sizeof(c->exporter));
	stream_close(&c->stream);
	free(c);
}
