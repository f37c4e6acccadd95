#include "kernel/epoll/poll.h"
#include "abi/linux/errno.h"
#include "kernel/border/hostcall.h"
#include "kernel/epoll/kick.h"
#include "kernel/epoll/timeout.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/signal/signal.h"

/* One call's wait, while there are objects of the enclave in the set. */
struct poll_wait {
	struct poll_table table;
	struct poll_entry *entry; /* the one being asked */
	struct thread *thread;
	struct kick *kick;  /* NULL: the thread parks */
	uint32_t woken;     /* atomic: something happened since the last look */
	uint32_t sleeping;  /* atomic: the thread is, or is about to be, in the host */
};

int poll_set_init(struct poll_set *s, uint32_t count, void *space)
{
	size_t entries = count * sizeof(struct poll_entry);

	s->memory = NULL;
	if (count > POLL_FEW) {
		space = s->memory = heap_alloc(entries + (count + 1UL) * sizeof(struct pollfd));
		if (!space)
			return -ENOMEM;
	}
	s->count = count;
	s->entries = space;
	s->host = (struct pollfd *)((char *)space + entries);
	return 0;
}

void poll_set_fill(struct poll_set *s, uint32_t i, int fd, uint32_t events, uint32_t missing)
{
	struct poll_entry *e = &s->entries[i];

	e->file = fd < 0 ? NULL : fd_get(fd);
	e->events = events | POLLERR | POLLHUP;
	e->ready = fd < 0 || e->file ? 0 : missing;
	e->waiters = 0;
}

void poll_set_end(struct poll_set *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		file_put(s->entries[i].file);
	heap_free(s->memory);
}

/* A queue's lock is held: no more than note it, and wake the thread once. */
static void poll_wake(struct waiter *w, uint32_t events)
{
	struct poll_wait *p = w->data;
	const struct poll_entry *e = (const struct poll_entry *)(const void *)w->thread;

	if (events && !(events & e->events))
		return;
	__atomic_store_n(&p->woken, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&p->sleeping, __ATOMIC_SEQ_CST))
		return;
	if (p->kick)
		kick_fire(p->kick);
	else
		thread_unpark(p->thread);
}

static void poll_attach(struct poll_table *t, struct file *f, struct waitq *q)
{
	struct poll_wait *p = container_of(t, struct poll_wait, table);
	struct poll_entry *e = p->entry;
	struct waiter *w;

	(void)f;
	if (e->waiters == 2)
		return;
	w = &e->waiter[e->waiters++];
	waiter_init(w, poll_wake, p);
	w->thread = (struct thread *)(void *)e; /* ours to use: only the default wake function takes it for a thread */
	waitq_add_prepared(q, w);
}

static void poll_detach(struct poll_set *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		for (uint32_t k = 0; k < s->entries[i].waiters; k++)
			waitq_remove(s->entries[i].waiter[k].queue, &s->entries[i].waiter[k]);
		s->entries[i].waiters = 0;
	}
}

static bool poll_has_inside(const struct poll_set *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		const struct file *f = s->entries[i].file;

		if (s->entries[i].ready || (f && (f->ops->poll || f->host_fd < 0)))
			return true;
	}
	return false;
}

/* Ask the objects of the enclave; with p, attach to them as well. Returns how many entries are ready. */
static uint32_t poll_inside(struct poll_set *s, struct poll_wait *p)
{
	uint32_t ready = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct poll_entry *e = &s->entries[i];

		if (p)
			p->entry = e;
		if (e->file && e->file->ops->poll)
			e->ready = e->file->ops->poll(e->file, p ? &p->table : NULL) & e->events;
		else if (e->file)
			e->ready = e->file->host_fd < 0 ? POLL_DEFAULT & e->events : 0;
		ready += e->ready != 0;
	}
	return ready;
}

/* The host's part of the set, in order, then the kick. Returns how many. */
static uint32_t poll_host_fill(struct poll_set *s, const struct kick *kick)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct poll_entry *e = &s->entries[i];

		if (e->file && e->file->host_fd >= 0)
			s->host[n++] = (struct pollfd){ .fd = e->file->host_fd, .events = (int16_t)e->events };
	}
	if (n && kick)
		s->host[n++] = (struct pollfd){ .fd = kick->host_fd, .events = POLLIN };
	return n;
}

/* What the host said, as far as it was asked. Entries may be ready already from inside. Returns how many are now. */
static uint32_t poll_host_take(struct poll_set *s)
{
	uint32_t n = 0, ready = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		struct poll_entry *e = &s->entries[i];

		if (e->file && e->file->host_fd >= 0 && e->file->host_fd == s->host[n].fd)
			e->ready |= (uint16_t)s->host[n++].revents & (e->events | POLLNVAL);
		ready += e->ready != 0;
	}
	return ready;
}

static long poll_host(const struct poll_set *s, uint32_t n, int64_t deadline)
{
	return host_poll(s->host, n * sizeof(struct pollfd), timeout_left(deadline));
}

/* Sets that only the host can answer: one call, and no more than that. */
static long poll_run_host(struct poll_set *s, int64_t deadline)
{
	uint32_t n = poll_host_fill(s, NULL);
	long r;

	if (!n) {
		while (!(r = thread_park(deadline)))
			;
		return r == -ETIMEDOUT ? 0 : r;
	}
	do
		r = poll_host(s, n, deadline);
	while (sleep_interrupted(r) && !signal_pending(current));
	if (sleep_interrupted(r))
		return -EINTR;
	return r > 0 ? (long)poll_host_take(s) : r;
}

/*
 * Wait once, in the host when it has a part in the set. An inside event between the last look and the wait has set
 * `woken`, or sees `sleeping` and wakes us.
 */
static long poll_sleep(struct poll_set *s, struct poll_wait *p, uint32_t n, int64_t deadline)
{
	long r = 0;

	__atomic_store_n(&p->sleeping, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&p->woken, __ATOMIC_SEQ_CST))
		r = n ? poll_host(s, n, deadline) : thread_park(deadline);
	__atomic_store_n(&p->sleeping, 0, __ATOMIC_SEQ_CST);
	if (n && r == 0 && !__atomic_load_n(&p->woken, __ATOMIC_SEQ_CST))
		return -ETIMEDOUT;
	return r;
}

static long poll_loop(struct poll_set *s, struct poll_wait *p, int64_t deadline)
{
	uint32_t ready = poll_inside(s, deadline ? p : NULL);

	for (;;) {
		uint32_t n = poll_host_fill(s, NULL);
		long r = 0;

		if (ready || !deadline) {
			r = n ? poll_host(s, n, 0) : 0;
			return r > 0 ? (long)poll_host_take(s) : ready;
		}
		if (n && !p->kick) {
			p->kick = kick_get();
			if (!p->kick)
				return -ENOMEM;
		}
		n = poll_host_fill(s, p->kick);
		r = poll_sleep(s, p, n, deadline);
		__atomic_store_n(&p->woken, 0, __ATOMIC_SEQ_CST);
		ready = poll_inside(s, NULL);
		if (n && r > 0)
			ready = poll_host_take(s);
		if (ready)
			return ready;
		if (sleep_interrupted(r) && signal_pending(current))
			return -EINTR;
		if (r < 0 && !sleep_interrupted(r))
			return r == -ETIMEDOUT ? 0 : r;
		if (p->kick && p->kick->fired) { /* disarm before the next sleep */
			kick_put(p->kick);
			p->kick = NULL;
		}
	}
}

long poll_run(struct poll_set *s, int64_t deadline)
{
	struct poll_wait p = { .table = { poll_attach }, .thread = current };
	long r;

	if (!poll_has_inside(s))
		return poll_run_host(s, deadline);
	r = poll_loop(s, &p, deadline);
	poll_detach(s);
	kick_put(p.kick);
	return r;
}

uint32_t poll_file_now(struct file *f, uint32_t events)
{
	struct pollfd host = { .fd = f->host_fd, .events = (int16_t)events };
	uint32_t ready = f->ops->poll ? f->ops->poll(f, NULL) : 0;

	if (f->host_fd < 0)
		return (f->ops->poll ? ready : POLL_DEFAULT) & events;
	if (host_poll(&host, sizeof(host), 0) > 0)
		ready |= (uint16_t)host.revents;
	return ready & events;
}
