/*
 * epoll over objects inside and outside the enclave in one set. Host descriptors are members of a host epoll instance,
 * made when the first one is added; objects of the enclave are on a ready list that their wait queues feed. A thread
 * waits in the host when there is a host instance and parks otherwise; inside events kick the host instance (kick.h).
 *
 * Lock order: epoll_ctl_lock, epoll->lock (outer instance before nested), what poll operations take; and, from a
 * wake-up: the object's wait queue, epoll->ready_lock, epoll->wait.
 */
#ifndef ADYTON_KERNEL_EPOLL_EPOLL_H
#define ADYTON_KERNEL_EPOLL_EPOLL_H

#include "abi/linux/poll.h"
#include "kernel/fs/file.h"

/* Flags of an item that are not events (Linux: EP_PRIVATE_BITS). */
#define EPOLL_PRIVATE (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EPOLL_KICK_ID (~0UL)
#define EPOLL_NEST_MAX 4

struct epoll {
	struct lock lock;           /* items, `few`, and every item's events and data */
	struct epoll_item **by_fd;  /* chains of items, by the program's descriptor */
	uint32_t by_fd_size;
	uint32_t seq;               /* the next item's half of its id */
	int host_fd;                /* atomic; -1: no host member yet */

	struct lock ready_lock;     /* ready, ready_count, items' on_ready */
	struct list ready;
	uint32_t ready_count;       /* atomic for lock-free looks */
	uint32_t host_waiters;      /* atomic: threads in, or on their way to, host_epoll_wait */
	uint32_t kicked;            /* atomic: a kick is on its way to one of them */
	struct waitq wait;          /* parked threads, and whoever polls this instance */

	struct epoll_event *buffer; /* atomic: for large waits, taken by one thread at a time */
	struct file *file;
};

struct epoll_item {
	struct epoll *epoll;
	struct file *file;             /* no reference: closing a file removes its items */
	struct epoll_item *next_in_fd;
	struct epoll_item *next_in_file; /* file->epoll_items; epoll_ctl_lock */
	int fd, host_fd;               /* host_fd -1: not a member of the host instance */
	bool host_dup;                 /* host_fd is a duplicate of ours */
	bool on_ready;
	uint32_t seq;
	uint32_t events;               /* atomic: as given, with EPOLLERR and EPOLLHUP; no events once ONESHOT fired */
	uint64_t data;
	struct list ready_link;
	uint32_t waiters;
	struct waiter waiter[2];
};

#define EPOLL_FEW 64  /* events that fit on the stack */
#define EPOLL_MANY 512 /* in the instance's buffer */

extern const struct file_ops epoll_ops;

static inline struct epoll *epoll_of(const struct file *f)
{
	return f->ops == &epoll_ops ? f->data : NULL;
}

/* The last reference to a file goes away: its items go first (called by file_put). */
void epoll_file_released_slow(struct file *f);
static inline void epoll_file_released(struct file *f)
{
	if (__atomic_load_n(&f->epoll_items, __ATOMIC_ACQUIRE))
		epoll_file_released_slow(f);
}
/* A file of the enclave became one of the host (an undecided socket): its items follow. */
void epoll_file_hosted(struct file *f);

/* epoll_ready.c: the ready list. */
void epoll_ready_add(struct epoll_item *item); /* and wake whoever waits */
void epoll_ready_remove(struct epoll_item *item);
/* Attach to the object's queues (once) and look: adds to the ready list when it is. epoll->lock is held. */
void epoll_ready_watch(struct epoll_item *item);
void epoll_ready_unwatch(struct epoll_item *item);
/* Take up to max events that hold now; epoll->lock is held. */
int epoll_ready_collect(struct epoll *ep, struct epoll_event *to, int max) must_check;
/* Does any event of the ready list hold now? Takes epoll->lock. */
bool epoll_ready_any(struct epoll *ep) must_check;
void epoll_ready_wake(struct epoll *ep);

/* epoll_host.c: the host instance. epoll->lock is held, except by epoll_host_wait. */
int epoll_host_open(struct epoll *ep) must_check;
int epoll_host_add(struct epoll_item *item) must_check;
int epoll_host_change(struct epoll_item *item) must_check;
void epoll_host_remove(struct epoll_item *item);
/* Translate what the host reported, in place; returns how many events are the program's. Takes epoll->lock. */
int epoll_host_translate(struct epoll *ep, struct epoll_event *events, int count) must_check;

struct epoll_item *epoll_find(const struct epoll *ep, int fd, const struct file *f);

#endif
