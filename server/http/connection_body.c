/* Receiving the body of a request, by its length or in chunks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/http/connection.h"

static const struct gate_error too_many_bodies = { 503, "too many large requests at a time" };
const struct gate_error body_too_large = { 413, "request body too large" };

void wiped_free(char *at, size_t size)
{
	if (at)
		mem_wipe(at, size);
	free(at);
}

char *wiped_regrow(char *old, size_t used, size_t old_size, size_t size)
{
	char *at = malloc(size);

	if (at && used)
		memcpy(at, old, used);
	if (at)
		wiped_free(old, old_size);
	return at;
}

void body_free(struct connection *c)
{
	if (!c->body)
		return;
	atomic_fetch_sub(&c->shared->bodies, (long)c->body_size);
	wiped_free(c->body, c->body_used);
	c->body = NULL;
	c->body_size = c->body_used = 0;
}

/* Room for more of the body, which grows with what arrives and not with what was announced. */
static bool body_room(struct connection *c, size_t size)
{
	size_t wanted = c->body_size ? c->body_size : 4096;
	char *at;

	if (c->body_size >= size)
		return true;
	while (wanted < size)
		wanted *= 2;
	if (atomic_fetch_add(&c->shared->bodies, (long)(wanted - c->body_size)) > BODIES_MAX) {
		atomic_fetch_sub(&c->shared->bodies, (long)(wanted - c->body_size));
		return false;
	}
	at = wiped_regrow(c->body, c->body_used, c->body_used, wanted);
	if (!at)
		abort();
	c->body = at;
	c->body_size = wanted;
	return true;
}

static bool body_put(struct connection *c, const char *at, size_t size)
{
	if (!body_room(c, c->body_used + size))
		return false;
	memcpy(c->body + c->body_used, at, size);
	c->body_used += size;
	return true;
}

enum connection_next connection_waits(const struct connection *c, long error)
{
	if (error != -EAGAIN)
		return CLOSE;
	return c->stream.wants_write ? WAIT_WRITE : WAIT_READ;
}

/* What `in` holds behind the head. All of it is content or the coding's until the last chunk. */
static enum gate_progress decode_chunks(struct connection *c, struct gate_error *why)
{
	size_t used, data, at = c->head_size;
	enum gate_progress progress;

	*why = (struct gate_error){ 400, "the chunked coding is malformed" };
	do {
		progress = gate_chunk(&c->chunks, c->in + at, c->in_used - at, &used, &data);
		at += used;
		if (c->body_used + data > c->door->listener->max_request_size) {
			*why = body_too_large;
			progress = CHUNK_BAD;
		} else if (data && !body_put(c, c->in + at - data, data)) {
			*why = too_many_bodies;
			progress = CHUNK_BAD;
		}
	} while (progress == CHUNK_DATA && at < c->in_used);
	memmove(c->in + c->head_size, c->in + at, c->in_used - at);
	c->in_used -= at - c->head_size;
	return progress;
}

static enum connection_next run_chunked(struct connection *c)
{
	for (;;) {
		struct gate_error why;
		enum gate_progress progress = decode_chunks(c, &why);
		long n;

		if (progress == CHUNK_END)
			return connection_request(c);
		if (progress == CHUNK_BAD)
			return connection_refuse(c, &why);
		n = stream_read(&c->stream, c->in + c->in_used, c->in_size - c->in_used);
		if (n <= 0)
			return connection_waits(c, n);
		c->in_used += (size_t)n;
	}
}

/* No byte behind the body is read, so that the next request is not mixed up with it. */
static enum connection_next run_length(struct connection *c)
{
	size_t length = (size_t)c->head->length;
	size_t rest = c->in_used - c->head_size, take = length - c->body_used;

	if (take > rest)
		take = rest;
	if (take && !body_put(c, c->in + c->head_size, take))
		return connection_refuse(c, &too_many_bodies);
	memmove(c->in + c->head_size, c->in + c->head_size + take, rest - take);
	c->in_used -= take;
	while (c->body_used < length) {
		size_t left = length - c->body_used, room = left < 16384 ? left : 16384;
		long n;

		if (!body_room(c, c->body_used + room))
			return connection_refuse(c, &too_many_bodies);
		room = c->body_size - c->body_used;
		n = stream_read(&c->stream, c->body + c->body_used, left < room ? left : room);
		if (n <= 0)
			return connection_waits(c, n);
		c->body_used += (size_t)n;
	}
	return connection_request(c);
}

enum connection_next body_run(struct connection *c)
{
	return c->head->body == BODY_CHUNKED ? run_chunked(c) : run_length(c);
}
