#include "kernel/ipc/fifo.h"
#include "kernel/fs/vfs.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/sleep.h"

static struct lock fifo_lock; /* fifos, every pipe's refs */
static struct list fifos = LIST_INIT(fifos);

bool fifo_had_writer(const struct pipe *p, const struct file *f)
{
	/* pos is unused by pipes; a FIFO's reader keeps there how many writers had come when it opened. */
	return !f->inode || (int64_t)p->writer_opens != f->pos;
}

bool fifo_unref(struct pipe *p)
{
	struct inode *inode;

	lock_acquire(&fifo_lock);
	if (--p->refs) {
		lock_release(&fifo_lock);
		return false;
	}
	list_del(&p->fifo_link);
	inode = p->inode;
	lock_release(&fifo_lock);
	if (inode)
		inode_put(inode);
	return true;
}

static struct pipe *fifo_find(struct inode *inode)
{
	list_for_each(at, &fifos) {
		struct pipe *p = container_of(at, struct pipe, fifo_link);

		if (p->inode == inode)
			return p;
	}
	return NULL;
}

static struct pipe *fifo_get(struct inode *inode)
{
	struct pipe *p;

	LOCKED(&fifo_lock);
	p = fifo_find(inode);
	if (!p) {
		p = pipe_new();
		if (!p)
			return NULL;
		p->inode = inode_get(inode);
		list_add_tail(&fifos, &p->fifo_link);
	}
	p->refs++;
	return p;
}

/* Waiting for the other side: it may come and go before we run again, so openings are counted. */
struct fifo_opening {
	struct pipe *p;
	bool for_reader; /* we wait for a reader */
	uint32_t seen;
};

static bool fifo_other_came(void *data)
{
	const struct fifo_opening *o = data;
	const struct pipe *p = o->p;

	if (o->for_reader)
		return __atomic_load_n(&p->readers, __ATOMIC_RELAXED) ||
		       __atomic_load_n(&p->reader_opens, __ATOMIC_RELAXED) != o->seen;
	return __atomic_load_n(&p->writers, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&p->writer_opens, __ATOMIC_RELAXED) != o->seen;
}

static void fifo_join(struct pipe *p, uint32_t access, struct fifo_opening *o)
{
	lock_acquire(&p->lock);
	o->for_reader = access == O_WRONLY;
	o->seen = o->for_reader ? p->reader_opens : p->writer_opens;
	if (access != O_WRONLY) {
		p->readers++;
		p->reader_opens++;
	}
	if (access != O_RDONLY) {
		p->writers++;
		p->writer_opens++;
	}
	lock_release(&p->lock);
	sleep_wake(&p->read_wait, 0);
	sleep_wake(&p->write_wait, 0);
}

int pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out)
{
	uint32_t access = flags & O_ACCMODE;
	struct fifo_opening o = { .p = fifo_get(inode) };
	struct file *f;
	int error = 0;

	if (!o.p)
		return -ENOMEM;
	f = file_new(&pipe_ops, flags & (O_ACCMODE | O_NONBLOCK), o.p);
	if (!f) {
		if (fifo_unref(o.p))
			pipe_free(o.p);
		return -ENFILE;
	}
	f->inode = inode_get(inode);
	f->pos = (int64_t)o.p->writer_opens;
	fifo_join(o.p, access, &o);
	if (access == O_WRONLY && flags & O_NONBLOCK && !fifo_other_came(&o))
		error = -ENXIO;
	while (access != O_RDWR && !(flags & O_NONBLOCK) && !error && !fifo_other_came(&o))
		error = sleep_on(access == O_WRONLY ? &o.p->write_wait : &o.p->read_wait, fifo_other_came, &o,
				 NO_DEADLINE);
	if (error) {
		file_put(f);
		return error;
	}
	*out = f;
	return 0;
}
