/* eventfd(2): a counter in the enclave. */
#include "abi/linux/poll.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"

#define EVENTFD_MAX 0xfffffffffffffffeUL

struct eventfd {
	struct lock lock; /* count */
	bool semaphore;
	uint64_t count;
	struct waitq wait;
};

static bool eventfd_readable(void *data)
{
	return __atomic_load_n(&((struct eventfd *)data)->count, __ATOMIC_RELAXED) != 0;
}

static long eventfd_read(struct file *f, const struct iov *to, int64_t *pos)
{
	struct eventfd *e = f->data;
	uint64_t value;
	int error = 0;

	(void)pos;
	if (to->total < sizeof(value))
		return -EINVAL;
	for (;;) {
		lock_acquire(&e->lock);
		value = e->count && e->semaphore ? 1 : e->count;
		e->count -= value;
		lock_release(&e->lock);
		if (value)
			break;
		error = file_nonblocking(f) ? -EAGAIN : sleep_on(&e->wait, eventfd_readable, e, NO_DEADLINE);
		if (error)
			return error;
	}
	sleep_wake(&e->wait, POLLOUT | POLLWRNORM);
	error = iov_put(to, 0, &value, sizeof(value));
	return error ? error : (long)sizeof(value);
}

struct eventfd_writer {
	struct eventfd *e;
	uint64_t value;
};

static bool eventfd_writable(void *data)
{
	const struct eventfd_writer *w = data;

	return EVENTFD_MAX - __atomic_load_n(&w->e->count, __ATOMIC_RELAXED) >= w->value;
}

static bool eventfd_add(struct eventfd *e, uint64_t value)
{
	LOCKED(&e->lock);
	if (EVENTFD_MAX - e->count < value)
		return false;
	e->count += value;
	return true;
}

static long eventfd_write(struct file *f, const struct iov *from, int64_t *pos)
{
	struct eventfd_writer w = { .e = f->data };
	int error;

	(void)pos;
	if (from->total < sizeof(w.value))
		return -EINVAL;
	error = iov_get(from, 0, &w.value, sizeof(w.value));
	if (!error && w.value == ~0UL)
		error = -EINVAL;
	while (!error && !eventfd_add(w.e, w.value))
		error = file_nonblocking(f) ? -EAGAIN : sleep_on(&w.e->wait, eventfd_writable, &w, NO_DEADLINE);
	if (error)
		return error;
	sleep_wake(&w.e->wait, POLLIN | POLLRDNORM);
	return (long)sizeof(w.value);
}

static uint32_t eventfd_poll(struct file *f, struct poll_table *t)
{
	struct eventfd *e = f->data;
	uint64_t count;

	if (t)
		t->attach(t, f, &e->wait);
	lock_acquire(&e->lock);
	count = e->count;
	lock_release(&e->lock);
	return (count ? POLLIN | POLLRDNORM : 0U) | (count < EVENTFD_MAX ? POLLOUT | POLLWRNORM : 0U);
}

static void eventfd_release(struct file *f)
{
	heap_free(f->data);
}

static const struct file_ops eventfd_ops = {
	.kind = "eventfd",
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.getattr = anon_getattr,
	.release = eventfd_release,
};

static long eventfd_make(uint32_t count, uint32_t flags)
{
	struct eventfd *e;
	struct file *f;

	if (flags & ~(uint32_t)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	e = heap_alloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	waitq_init(&e->wait);
	f = anon_file(&eventfd_ops, O_RDWR | (flags & O_NONBLOCK), e, "anon_inode:[eventfd]", 0);
	if (!f) {
		heap_free(e);
		return -ENFILE;
	}
	return anon_install(f, flags & EFD_CLOEXEC);
}

SYSCALL1(eventfd, uint32_t, count)
{
	return eventfd_make(count, 0);
}

SYSCALL2(eventfd2, uint32_t, count, uint32_t, flags)
{
	return eventfd_make(count, flags);
}
