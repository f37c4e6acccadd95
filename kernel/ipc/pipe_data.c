/* The bytes of a pipe: its ring, reading and writing. */
#include "base/mem.h"
#include "abi/linux/poll.h"
#include "kernel/ipc/pipe.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"

/* Up to here bytes go through the stack, so that one short hold of the lock is enough. */
#define PIPE_SMALL 256

uint32_t pipe_room(const struct pipe *p)
{
	return p->capacity > p->used ? p->capacity - p->used : 0;
}

/* The lock is held and neither side is busy with the ring. Make room for `size` bytes beyond those used. */
static int pipe_grow(struct pipe *p, uint32_t size)
{
	uint32_t want = p->allocated ? p->allocated : (uint32_t)PAGE_SIZE, first = p->allocated - p->head;
	uint8_t *ring;

	while (want < p->used + size)
		want *= 2;
	if (want == p->allocated)
		return 0;
	ring = heap_pages(want / PAGE_SIZE);
	if (!ring)
		return -ENOMEM;
	if (first > p->used)
		first = p->used;
	if (p->ring) {
		memcpy(ring, p->ring + p->head, first);
		memcpy(ring + first, p->ring, p->used - first);
		heap_pages_free(p->ring, p->allocated / PAGE_SIZE);
	}
	p->ring = ring;
	p->allocated = want;
	p->head = 0;
	return 0;
}

/* The pieces of the ring that [offset, offset+size) from the oldest byte lies in: one, or two where it wraps. */
static uint32_t pipe_span(const struct pipe *p, uint32_t offset, uint32_t size, uint8_t **at)
{
	uint32_t start = (p->head + offset) & (p->allocated - 1), first = p->allocated - start;

	*at = p->ring + start;
	return first < size ? first : size;
}

static void pipe_ring_put(struct pipe *p, const uint8_t *from, uint32_t size)
{
	uint8_t *at;
	uint32_t first = pipe_span(p, p->used, size, &at);

	memcpy(at, from, first);
	memcpy(p->ring, from + first, size - first);
	p->used += size;
}

static void pipe_ring_peek(const struct pipe *p, uint8_t *to, uint32_t size)
{
	uint8_t *at;
	uint32_t first = pipe_span(p, 0, size, &at);

	memcpy(to, at, first);
	memcpy(to + first, p->ring, size - first);
}

/* The lock is held; returns whether writers that wait for room should look again. */
static bool pipe_consume(struct pipe *p, uint32_t size)
{
	bool tight = pipe_room(p) < PIPE_BUF;

	p->head = (p->head + size) & (p->allocated - 1);
	p->used -= size;
	if (!p->used && !p->filling)
		p->head = 0; /* small traffic stays in the same cache lines */
	return tight && pipe_room(p) >= PIPE_BUF;
}

static bool pipe_readable(void *data)
{
	const struct pipe *p = data;

	return !__atomic_load_n(&p->draining, __ATOMIC_RELAXED) &&
	       (__atomic_load_n(&p->used, __ATOMIC_RELAXED) || !__atomic_load_n(&p->writers, __ATOMIC_RELAXED));
}

/* Take the lock when there are bytes to take. 1: it is held; 0: end of file; else an error. */
static long pipe_lock_readable(struct pipe *p, bool nonblock)
{
	for (;;) {
		int error;

		lock_acquire(&p->lock);
		if (p->used && !p->draining)
			return 1;
		if (!p->used && !p->writers) {
			lock_release(&p->lock);
			return 0;
		}
		lock_release(&p->lock);
		if (nonblock && !__atomic_load_n(&p->draining, __ATOMIC_RELAXED))
			return -EAGAIN;
		error = sleep_on(&p->read_wait, pipe_readable, p, NO_DEADLINE);
		if (error)
			return error;
	}
}

/* Copy out while `draining` keeps others from the ring's front; the lock is held on entry and exit. */
static int pipe_drain(struct pipe *p, const struct iov *to, uint32_t size)
{
	uint8_t *at;
	uint32_t first = pipe_span(p, 0, size, &at);
	int error;

	p->draining = true;
	lock_release(&p->lock);
	error = iov_put(to, 0, at, first);
	if (!error && first < size)
		error = iov_put(to, first, p->ring, size - first);
	lock_acquire(&p->lock);
	p->draining = false;
	return error;
}

long pipe_read(struct file *f, const struct iov *to, int64_t *pos)
{
	struct pipe *p = f->data;
	uint8_t small[PIPE_SMALL];
	uint32_t size;
	bool roomy = false;
	long r;

	(void)pos;
	if (!to->total)
		return 0;
	r = pipe_lock_readable(p, file_nonblocking(f));
	if (r <= 0)
		return r;
	size = to->total < p->used ? (uint32_t)to->total : p->used;
	if (size <= PIPE_SMALL) {
		pipe_ring_peek(p, small, size);
		roomy = pipe_consume(p, size);
		lock_release(&p->lock);
		r = iov_put(to, 0, small, size);
	} else {
		r = pipe_drain(p, to, size);
		if (!r)
			roomy = pipe_consume(p, size);
		lock_release(&p->lock);
		sleep_wake(&p->read_wait, 0);
		if (!roomy)
			sleep_wake(&p->write_wait, 0); /* who waits to grow the ring */
	}
	if (roomy)
		sleep_wake(&p->write_wait, POLLOUT | POLLWRNORM);
	return r ? r : (long)size;
}

/* What a write still wants: `need` bytes of room before it goes on. */
struct pipe_writer {
	struct pipe *p;
	uint32_t need;
};

/* Is there room, and is the ring free to take it? The lock is held, or the answer is only a hint. */
static bool pipe_writable(const struct pipe *p, uint32_t need)
{
	return pipe_room(p) >= need && !p->filling && (p->used + need <= p->allocated || !p->draining);
}

static bool pipe_writer_ready(void *data)
{
	const struct pipe_writer *w = data;
	struct pipe *p = w->p;

	LOCKED(&p->lock);
	return !p->readers || pipe_writable(p, w->need);
}

/* 0: the lock is held and there is room for `need` bytes; else an error. */
static long pipe_lock_writable(struct pipe *p, uint32_t need, bool nonblock)
{
	struct pipe_writer w = { p, need };

	for (;;) {
		bool full;
		int error;

		lock_acquire(&p->lock);
		full = pipe_room(p) < need;
		if (!p->readers) {
			lock_release(&p->lock);
			return -EPIPE;
		}
		if (pipe_writable(p, need))
			return 0;
		lock_release(&p->lock);
		if (nonblock && full)
			return -EAGAIN;
		error = sleep_on(&p->write_wait, pipe_writer_ready, &w, NO_DEADLINE);
		if (error)
			return error;
	}
}

/* Copy in while `filling` keeps other writers away; the lock is held on entry and exit. */
static int pipe_fill(struct pipe *p, const struct iov *from, uint64_t done, uint32_t size)
{
	uint8_t *at;
	uint32_t first = pipe_span(p, p->used, size, &at);
	int error;

	p->filling = true;
	lock_release(&p->lock);
	error = iov_get(from, done, at, first);
	if (!error && first < size)
		error = iov_get(from, done + first, p->ring, size - first);
	lock_acquire(&p->lock);
	p->filling = false;
	if (!error)
		p->used += size;
	return error;
}

/* How many bytes may go in now. The lock is held and there is room. While somebody drains, the ring cannot move. */
static uint32_t pipe_portion(const struct pipe *p, uint64_t left)
{
	uint32_t room = p->draining ? p->allocated - p->used : pipe_room(p);

	return left < room ? (uint32_t)left : room;
}

static long pipe_put(struct pipe *p, const struct iov *from, uint64_t done, bool nonblock)
{
	uint64_t left = from->total - done;
	bool atomic = from->total <= PIPE_BUF;
	uint8_t small[PIPE_SMALL];
	uint32_t size, need = left < PIPE_BUF ? (uint32_t)left : PIPE_BUF;
	long r = 0;

	if (!atomic && nonblock)
		need = 1;
	if (left <= PIPE_SMALL)
		r = iov_get(from, done, small, left);
	if (!r)
		r = pipe_lock_writable(p, need, nonblock);
	if (r)
		return r;
	size = pipe_portion(p, left);
	r = p->draining ? 0 : pipe_grow(p, size);
	if (!r && left <= PIPE_SMALL)
		pipe_ring_put(p, small, size);
	else if (!r)
		r = pipe_fill(p, from, done, size);
	lock_release(&p->lock);
	if (!r)
		sleep_wake(&p->read_wait, POLLIN | POLLRDNORM);
	if (left > PIPE_SMALL)
		sleep_wake(&p->write_wait, 0);
	return r ? r : (long)size;
}

long pipe_write_iov(struct file *f, const struct iov *from, bool nonblock)
{
	struct pipe *p = f->data;
	uint64_t done = 0;

	while (done < from->total) {
		long r = pipe_put(p, from, done, nonblock);

		if (r < 0) {
			if (r == -EPIPE)
				signal_own(SIGPIPE);
			return done ? (long)done : r;
		}
		done += (uint64_t)r;
	}
	return (long)done;
}

long pipe_write(struct file *f, const struct iov *from, int64_t *pos)
{
	(void)pos;
	return pipe_write_iov(f, from, file_nonblocking(f));
}

static long pipe_take(struct file *f, void *to, size_t size, bool nonblock, bool consume)
{
	struct pipe *p = f->data;
	bool roomy;
	long r = pipe_lock_readable(p, nonblock);

	if (r <= 0)
		return r;
	if (size > p->used)
		size = p->used;
	pipe_ring_peek(p, to, (uint32_t)size);
	roomy = consume && pipe_consume(p, (uint32_t)size);
	lock_release(&p->lock);
	if (roomy)
		sleep_wake(&p->write_wait, POLLOUT | POLLWRNORM);
	return (long)size;
}

long pipe_read_kernel(struct file *f, void *to, size_t size, bool nonblock)
{
	return pipe_take(f, to, size, nonblock, true);
}

long pipe_peek_kernel(struct file *f, void *to, size_t size, bool nonblock)
{
	return pipe_take(f, to, size, nonblock, false);
}

long pipe_wait_room(struct file *f, bool nonblock)
{
	struct pipe *p = f->data;
	long r = pipe_lock_writable(p, 1, nonblock);
	uint32_t room;

	if (r)
		return r;
	room = pipe_room(p);
	lock_release(&p->lock);
	return (long)room;
}
