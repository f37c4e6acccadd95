/* The instance, its items, and epoll_ctl(2). */
#include "kernel/epoll/epoll.h"
#include "kernel/ipc/anon.h"
#include "kernel/ipc/sleep.h"
#include "kernel/mm/heap.h"
#include "kernel/border/hostcall.h"
#include "base/mem.h"

/*
 * Serialises epoll_ctl and the removal of closed files: every file's list of items, and the graph of nested instances.
 * Held around host calls that never block.
 */
static struct lock epoll_ctl_lock;

struct epoll_item *epoll_find(const struct epoll *ep, int fd, const struct file *f)
{
	struct epoll_item *item = (uint32_t)fd < ep->by_fd_size ? ep->by_fd[fd] : NULL;

	while (item && item->file != f)
		item = item->next_in_fd;
	return item;
}

/* Make by_fd[fd] exist. epoll->lock is held. */
static int epoll_reach(struct epoll *ep, int fd)
{
	uint32_t size = ep->by_fd_size ? ep->by_fd_size : 32;
	struct epoll_item **grown;

	if ((uint32_t)fd < ep->by_fd_size)
		return 0;
	while (size <= (uint32_t)fd)
		size *= 2;
	grown = heap_alloc(size * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (ep->by_fd)
		memcpy(grown, ep->by_fd, ep->by_fd_size * sizeof(*grown));
	heap_free(ep->by_fd);
	ep->by_fd = grown;
	ep->by_fd_size = size;
	return 0;
}

/* Both locks are held. */
static void epoll_link(struct epoll_item *item)
{
	struct epoll *ep = item->epoll;

	item->next_in_fd = ep->by_fd[item->fd];
	ep->by_fd[item->fd] = item;
	item->next_in_file = item->file->epoll_items;
	__atomic_store_n(&item->file->epoll_items, item, __ATOMIC_RELEASE);
}

static void epoll_unlink(struct epoll_item *item)
{
	struct epoll_item **at = &item->epoll->by_fd[item->fd];

	while (*at != item)
		at = &(*at)->next_in_fd;
	*at = item->next_in_fd;
	at = &item->file->epoll_items;
	while (*at != item)
		at = &(*at)->next_in_file;
	__atomic_store_n(at, item->next_in_file, __ATOMIC_RELEASE);
}

/* Both locks are held. Nobody can reach the item afterwards: its queues' wake-ups have ended. */
static void epoll_remove(struct epoll_item *item)
{
	epoll_ready_unwatch(item);
	epoll_host_remove(item);
	epoll_unlink(item);
	heap_free(item);
}

/* Attach to whatever the file is: an object of the enclave, a descriptor of the host, or both. */
static int epoll_start(struct epoll_item *item)
{
	struct file *f = item->file;
	struct epoll *nested = epoll_of(f);
	int error = 0;

	if (nested) {
		LOCKED(&nested->lock);
		error = epoll_host_open(nested);
	}
	if (!error && f->host_fd >= 0)
		error = epoll_host_add(item);
	if (error || !f->ops->poll)
		return error;
	epoll_ready_watch(item);
	return 0;
}

static int epoll_add(struct epoll *ep, int fd, struct file *f, const struct epoll_event *ev)
{
	struct epoll_item *item;
	int error = epoll_reach(ep, fd);

	if (error)
		return error;
	item = heap_alloc(sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->epoll = ep;
	item->file = f;
	item->fd = fd;
	item->host_fd = -1;
	item->seq = ep->seq++ & 0x7fffffff; /* so that no id is EPOLL_KICK_ID */
	item->events = ev->events | EPOLLERR | EPOLLHUP;
	item->data = ev->data;
	list_init(&item->ready_link);
	epoll_link(item);
	error = epoll_start(item);
	if (error)
		epoll_remove(item);
	return error;
}

static int epoll_modify(struct epoll_item *item, const struct epoll_event *ev)
{
	int error = 0;

	__atomic_store_n(&item->events, ev->events | EPOLLERR | EPOLLHUP, __ATOMIC_SEQ_CST);
	item->data = ev->data;
	if (item->host_fd >= 0)
		error = epoll_host_change(item);
	if (!error && item->waiters)
		epoll_ready_watch(item);
	return error;
}

/*
 * Would `ep` be reached from `from`, or the nest be too deep? epoll_ctl_lock is held. Recursion ends at EPOLL_NEST_MAX.
 */
static bool epoll_loops(const struct epoll *ep, const struct epoll *from, int depth)
{
	if (from == ep || depth > EPOLL_NEST_MAX)
		return true;
	for (uint32_t fd = 0; fd < from->by_fd_size; fd++) {
		for (const struct epoll_item *i = from->by_fd[fd]; i; i = i->next_in_fd) {
			const struct epoll *nested = epoll_of(i->file);

			if (nested && epoll_loops(ep, nested, depth + 1))
				return true;
		}
	}
	return false;
}

/* How many instances stand above this one. */
static int epoll_height(const struct epoll *ep, int depth)
{
	int most = depth;

	for (const struct epoll_item *i = ep->file->epoll_items; i && depth <= EPOLL_NEST_MAX; i = i->next_in_file) {
		int height = epoll_height(i->epoll, depth + 1);

		most = height > most ? height : most;
	}
	return most;
}

static int epoll_check_exclusive(int op, const struct file *f, uint32_t events)
{
	if (!(events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || epoll_of(f) ||
	    events & ~(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE))
		return -EINVAL;
	return 0;
}

static int epoll_ctl_locked(struct epoll *ep, int op, int fd, struct file *f, const struct epoll_event *ev)
{
	struct epoll_item *item;

	if (op == EPOLL_CTL_ADD && epoll_of(f) && epoll_loops(ep, epoll_of(f), epoll_height(ep, 0) + 1))
		return -ELOOP;
	LOCKED(&ep->lock);
	item = epoll_find(ep, fd, f);
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : epoll_add(ep, fd, f, ev);
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		return item->events & EPOLLEXCLUSIVE ? -EINVAL : epoll_modify(item, ev);
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		epoll_remove(item);
		return 0;
	}
	return -EINVAL;
}

static int epoll_ctl_check(struct file *epf, int op, struct file *f, uint32_t events)
{
	if (!f->ops->poll && f->host_fd < 0)
		return -EPERM;
	if (f == epf || !epoll_of(epf))
		return -EINVAL;
	return epoll_check_exclusive(op, f, events);
}

SYSCALL4(epoll_ctl, int, epfd, int, op, int, fd, uint64_t, event)
{
	_cleanup_file_ struct file *epf = NULL;
	_cleanup_file_ struct file *f = NULL;
	struct epoll_event ev = { 0 };
	int error;

	if (op != EPOLL_CTL_DEL && copy_from_user(&ev, event, sizeof(ev)))
		return -EFAULT;
	epf = fd_get(epfd);
	f = fd_get(fd);
	if (!epf || !f)
		return -EBADF;
	error = epoll_ctl_check(epf, op, f, ev.events);
	if (error)
		return error;
	LOCKED(&epoll_ctl_lock);
	return epoll_ctl_locked(epf->data, op, fd, f, &ev);
}

void epoll_file_released_slow(struct file *f)
{
	LOCKED(&epoll_ctl_lock);
	while (f->epoll_items) {
		struct epoll_item *item = f->epoll_items;
		struct epoll *ep = item->epoll;

		lock_acquire(&ep->lock);
		epoll_remove(item);
		lock_release(&ep->lock);
	}
}

void epoll_file_hosted(struct file *f)
{
	if (!__atomic_load_n(&f->epoll_items, __ATOMIC_ACQUIRE))
		return;
	LOCKED(&epoll_ctl_lock);
	for (struct epoll_item *item = f->epoll_items; item; item = item->next_in_file) {
		LOCKED(&item->epoll->lock);
		epoll_ready_unwatch(item);
		if (item->host_fd < 0 && epoll_host_add(item))
			epoll_ready_add(item); /* cannot be watched: better one event too many than none */
	}
}

static uint32_t epoll_poll(struct file *f, struct poll_table *t)
{
	struct epoll *ep = f->data;

	if (t)
		t->attach(t, f, &ep->wait);
	return epoll_ready_any(ep) ? POLLIN | POLLRDNORM : 0;
}

static void epoll_release(struct file *f)
{
	struct epoll *ep = f->data;

	lock_acquire(&epoll_ctl_lock);
	lock_acquire(&ep->lock);
	for (uint32_t fd = 0; fd < ep->by_fd_size; fd++)
		while (ep->by_fd[fd])
			epoll_remove(ep->by_fd[fd]);
	lock_release(&ep->lock);
	lock_release(&epoll_ctl_lock);
	if (ep->host_fd >= 0)
		(void)host_close(ep->host_fd);
	heap_free(ep->by_fd);
	heap_free(ep->buffer);
	heap_free(ep);
}

const struct file_ops epoll_ops = {
	.kind = "epoll",
	.poll = epoll_poll,
	.getattr = anon_getattr,
	.release = epoll_release,
};

static long epoll_make(uint32_t flags)
{
	struct epoll *ep;
	struct file *f;

	if (flags & ~(uint32_t)EPOLL_CLOEXEC)
		return -EINVAL;
	ep = heap_alloc(sizeof(*ep));
	if (!ep)
		return -ENOMEM;
	ep->host_fd = -1;
	list_init(&ep->ready);
	waitq_init(&ep->wait);
	f = anon_file(&epoll_ops, O_RDWR, ep, "anon_inode:[eventpoll]", 0);
	if (!f) {
		heap_free(ep);
		return -ENFILE;
	}
	ep->file = f;
	return anon_install(f, flags & EPOLL_CLOEXEC);
}

SYSCALL1(epoll_create, int, size)
{
	return size > 0 ? epoll_make(0) : -EINVAL;
}

SYSCALL1(epoll_create1, uint32_t, flags)
{
	return epoll_make(flags);
}
