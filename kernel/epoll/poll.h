/*
 * Waiting for any of several files: what poll(2) and select(2) share. A set may hold objects of the enclave, of the
 * host, or both; a file that is both (an epoll instance with host members) is asked on both sides.
 */
#ifndef ADYTON_KERNEL_EPOLL_POLL_H
#define ADYTON_KERNEL_EPOLL_POLL_H

#include "abi/linux/poll.h"
#include "kernel/fs/file.h"

#define POLL_ALWAYS (POLLERR | POLLHUP | POLLNVAL)
#define POLL_DEFAULT (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM) /* what files that cannot wait are: always ready */

struct poll_wait;

struct poll_entry {
	struct file *file; /* a reference; NULL: nothing to ask, `ready` is final */
	uint32_t events;   /* wanted, with POLLERR and POLLHUP */
	uint32_t ready;
	uint32_t waiters;
	struct waiter waiter[2];
};

struct poll_set {
	uint32_t count;
	struct poll_entry *entries;
	struct pollfd *host; /* room for count + 1 */
	void *memory;        /* heap, when it is not the caller's */
};

/* Room for `count` entries: `space` when they fit (POLL_SPACE bytes, aligned for pointers), else the heap. -ENOMEM. */
#define POLL_FEW 6
#define POLL_SPACE (POLL_FEW * (sizeof(struct poll_entry) + sizeof(struct pollfd)) + sizeof(struct pollfd))
int poll_set_init(struct poll_set *s, uint32_t count, void *space) must_check;
/* Entry i: the file behind fd, or final readiness when there is none (`missing`). */
void poll_set_fill(struct poll_set *s, uint32_t i, int fd, uint32_t events, uint32_t missing);
/* Drop the references and the memory. */
void poll_set_end(struct poll_set *s);

/* Wait. Returns how many entries are ready, 0 at the deadline, or -EINTR when a signal is pending. */
long poll_run(struct poll_set *s, int64_t deadline) must_check;

/* Readiness of one file at this moment (POLL* bits), host or not. */
uint32_t poll_file_now(struct file *f, uint32_t events);

#endif
