/* A pipe as a file, and the calls that make one. Its bytes: pipe_data.c. */
#include "kernel/ipc/pipe.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/fifo.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"

static uint32_t pipe_poll(struct file *f, struct poll_table *t)
{
	struct pipe *p = f->data;
	uint32_t access = f->flags & O_ACCMODE, ready = 0;

	if (t && access != O_WRONLY)
		t->attach(t, f, &p->read_wait);
	if (t && access != O_RDONLY)
		t->attach(t, f, &p->write_wait);
	LOCKED(&p->lock);
	if (access != O_WRONLY) {
		if (p->used)
			ready |= POLLIN | POLLRDNORM;
		if (!p->writers && fifo_had_writer(p, f))
			ready |= POLLHUP;
	}
	if (access != O_RDONLY) {
		if (pipe_room(p) >= PIPE_BUF)
			ready |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			ready |= POLLERR;
	}
	return ready;
}

static long pipe_ioctl(struct file *f, uint32_t request, uint64_t arg)
{
	struct pipe *p = f->data;

	if (request != FIONREAD)
		return -ENOTTY;
	return put_user_u32(arg, __atomic_load_n(&p->used, __ATOMIC_RELAXED));
}

static int pipe_getattr(struct file *f, struct stat *st)
{
	struct pipe *p = f->data;

	if (f->inode)
		return file_inode_getattr(f, st);
	anon_stat(st, S_IFIFO | 0600, p->ino);
	return 0;
}

static int pipe_set_flags(struct file *f, uint32_t flags)
{
	(void)f;
	return flags & O_DIRECT ? -EINVAL : 0; /* packet mode is not served */
}

/* Change the capacity. Linux: -EBUSY when it holds more than would fit. The lock is held. */
static long pipe_resize(struct pipe *p, uint32_t size)
{
	uint32_t capacity = (uint32_t)PAGE_SIZE;

	while (capacity < size)
		capacity *= 2;
	if (capacity < p->used)
		return -EBUSY;
	p->capacity = capacity;
	return (long)capacity;
}

static long pipe_fcntl(struct file *f, int cmd, uint64_t arg)
{
	struct pipe *p = f->data;
	long r;

	if (cmd == F_GETPIPE_SZ)
		return (long)__atomic_load_n(&p->capacity, __ATOMIC_RELAXED);
	if (cmd != F_SETPIPE_SZ)
		return -EINVAL;
	if ((uint32_t)arg > 1U << 31)
		return -EINVAL;
	if ((uint32_t)arg > PIPE_SIZE_MAX)
		return -EPERM;
	lock_acquire(&p->lock);
	r = pipe_resize(p, (uint32_t)arg);
	lock_release(&p->lock);
	sleep_wake(&p->write_wait, POLLOUT | POLLWRNORM);
	return r;
}

struct pipe *pipe_new(void)
{
	struct pipe *p = heap_alloc(sizeof(*p));

	if (!p)
		return NULL;
	p->capacity = PIPE_DEFAULT_SIZE;
	p->ino = anon_ino();
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	list_init(&p->fifo_link);
	return p;
}

void pipe_free(struct pipe *p)
{
	if (p->ring)
		heap_pages_free(p->ring, p->allocated / PAGE_SIZE);
	heap_free(p);
}

static void pipe_release(struct file *f)
{
	struct pipe *p = f->data;
	uint32_t access = f->flags & O_ACCMODE;
	bool last;

	lock_acquire(&p->lock);
	p->readers -= access != O_WRONLY;
	p->writers -= access != O_RDONLY;
	lock_release(&p->lock);
	sleep_wake(&p->read_wait, POLLIN | POLLHUP | POLLRDNORM);
	sleep_wake(&p->write_wait, POLLOUT | POLLERR | POLLWRNORM);
	last = fifo_unref(p);
	if (last)
		pipe_free(p);
}

const struct file_ops pipe_ops = {
	.kind = "pipe",
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.getattr = pipe_getattr,
	.set_flags = pipe_set_flags,
	.fcntl = pipe_fcntl,
	.release = pipe_release,
};

static long pipe_make(uint64_t fds, uint32_t flags)
{
	struct file *read_end, *write_end;
	struct pipe *p;

	if (flags & ~(uint32_t)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	p = pipe_new();
	if (!p)
		return -ENOMEM;
	p->refs = 2;
	p->readers = p->writers = 1;
	read_end = anon_file(&pipe_ops, O_RDONLY | (flags & O_NONBLOCK), p, "pipe:[%lu]", p->ino);
	write_end = anon_file(&pipe_ops, O_WRONLY | (flags & O_NONBLOCK), p, "pipe:[%lu]", p->ino);
	if (!read_end || !write_end) {
		p->refs = 1U + (read_end && write_end);
		if (!read_end && !write_end)
			pipe_free(p);
		file_put(read_end);
		file_put(write_end);
		return -ENFILE;
	}
	return anon_install_pair(read_end, write_end, flags & O_CLOEXEC, fds);
}

SYSCALL1(pipe, uint64_t, fds)
{
	return pipe_make(fds, 0);
}

SYSCALL2(pipe2, uint64_t, fds, uint32_t, flags)
{
	return pipe_make(fds, flags);
}
