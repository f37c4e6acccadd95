/*
 * Pipes: a ring of bytes in the enclave. Reads and writes of a pipe leave the enclave only to put a thread to sleep or
 * to wake one that sleeps.
 */
#ifndef ADYTON_KERNEL_IPC_PIPE_H
#define ADYTON_KERNEL_IPC_PIPE_H

#include "kernel/fs/file.h"

#define PIPE_DEFAULT_SIZE 65536U
#define PIPE_SIZE_MAX (1U << 20)

struct pipe {
	struct lock lock; /* everything below but the wait queues */
	uint8_t *ring;    /* allocated bytes, a power of two; grows up to capacity as data comes */
	uint32_t allocated, capacity;
	uint32_t head, used; /* oldest byte; bytes held, without those being filled in */
	uint32_t readers, writers;
	uint32_t reader_opens, writer_opens; /* FIFOs: how often each side was opened, ever */
	/*
	 * Program memory is never touched under `lock` (a fault may take long). Who copies more than a few bytes marks
	 * its side busy instead; others of that side wait on the queue.
	 */
	bool filling, draining;
	uint32_t refs; /* descriptions, and calls that are opening a FIFO; the table's lock */
	uint64_t ino;
	struct inode *inode; /* FIFOs: the name's inode, a reference */
	struct list fifo_link;
	struct waitq read_wait;  /* woken when bytes come or writers go */
	struct waitq write_wait; /* woken when room comes or readers go */
};

extern const struct file_ops pipe_ops;

static inline struct pipe *pipe_of(const struct file *f)
{
	return f && f->ops == &pipe_ops ? f->data : NULL;
}

/* open(2) of a FIFO inode that lives in the enclave; may sleep for the other side. */
int pipe_open_fifo(struct inode *inode, uint32_t flags, struct file **out) must_check;

/* pipe_data.c */
uint32_t pipe_room(const struct pipe *p);
long pipe_read(struct file *f, const struct iov *to, int64_t *pos);
long pipe_write(struct file *f, const struct iov *from, int64_t *pos);

/*
 * For splice and tee: copy from a pipe's front without (peek) or with taking the bytes; to the back. Kernel memory
 * only.
 */
long pipe_read_kernel(struct file *f, void *to, size_t size, bool nonblock) must_check;
long pipe_peek_kernel(struct file *f, void *to, size_t size, bool nonblock) must_check;
long pipe_write_iov(struct file *f, const struct iov *from, bool nonblock) must_check;
/* Wait until a pipe has room for a byte (0), or -EAGAIN, -EPIPE, -ERESTARTSYS. */
long pipe_wait_room(struct file *f, bool nonblock) must_check;

#endif
