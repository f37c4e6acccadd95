/*
 * The host epoll instance behind one of ours. Its 64 bits of data are (seq, fd) of the item: the host may lie about
 * them.
 */
#include "abi/linux/errno.h"
#include "kernel/border/hostcall.h"
#include "kernel/epoll/epoll.h"
#include "kernel/epoll/kick.h"
#include "kernel/ipc/sleep.h"

int epoll_host_open(struct epoll *ep)
{
	int fd, error;

	if (ep->host_fd >= 0)
		return 0;
	fd = (int)host_epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0)
		return fd;
	error = kick_add(fd, EPOLL_KICK_ID);
	if (error < 0) {
		(void)host_close(fd);
		return error;
	}
	__atomic_store_n(&ep->host_fd, fd, __ATOMIC_SEQ_CST);
	ep->file->host_fd = fd; /* now it can be polled on both sides */
	sleep_wake(&ep->wait, 0); /* parked threads have to wait in the host from now on */
	return 0;
}

static int epoll_host_ctl(const struct epoll_item *item, int op, int host_fd)
{
	struct epoll_event ev = {
		.events = item->events & ~EPOLLWAKEUP,
		.data = (uint64_t)item->seq << 32 | (uint32_t)item->fd,
	};

	return (int)host_epoll_ctl(item->epoll->host_fd, op, host_fd, &ev);
}

/* The same host descriptor may be a member twice, under two descriptors of the program: the second is a duplicate. */
static int epoll_host_add_duplicate(struct epoll_item *item)
{
	int fd = (int)host_fcntl(item->file->host_fd, F_DUPFD_CLOEXEC, 0), error;

	if (fd < 0)
		return fd;
	error = epoll_host_ctl(item, EPOLL_CTL_ADD, fd);
	if (error) {
		(void)host_close(fd);
		return error;
	}
	item->host_fd = fd;
	item->host_dup = true;
	return 0;
}

int epoll_host_add(struct epoll_item *item)
{
	int error = epoll_host_open(item->epoll);

	if (!error)
		error = epoll_host_ctl(item, EPOLL_CTL_ADD, item->file->host_fd);
	if (error == -EEXIST)
		return epoll_host_add_duplicate(item);
	if (!error)
		item->host_fd = item->file->host_fd;
	return error;
}

int epoll_host_change(struct epoll_item *item)
{
	return epoll_host_ctl(item, EPOLL_CTL_MOD, item->host_fd);
}

void epoll_host_remove(struct epoll_item *item)
{
	if (item->host_fd < 0)
		return;
	(void)host_epoll_ctl(item->epoll->host_fd, EPOLL_CTL_DEL, item->host_fd, NULL);
	if (item->host_dup)
		(void)host_close(item->host_fd);
	item->host_fd = -1;
	item->host_dup = false;
}

static struct epoll_item *epoll_host_item(const struct epoll *ep, uint64_t id)
{
	uint32_t fd = (uint32_t)id;
	struct epoll_item *item = fd < ep->by_fd_size ? ep->by_fd[fd] : NULL;

	while (item && (item->seq != id >> 32 || item->host_fd < 0))
		item = item->next_in_fd;
	return item;
}

/* Events of items that are gone are late, not wrong. */
int epoll_host_translate(struct epoll *ep, struct epoll_event *events, int count)
{
	int n = 0;

	LOCKED(&ep->lock);
	for (int i = 0; i < count; i++) {
		uint32_t ready = events[i].events;
		uint64_t id = events[i].data;
		struct epoll_item *item;

		if (id == EPOLL_KICK_ID) {
			__atomic_store_n(&ep->kicked, 0, __ATOMIC_SEQ_CST);
			continue;
		}
		item = epoll_host_item(ep, id);
		if (!item || !(ready & item->events & ~EPOLL_PRIVATE))
			continue;
		events[n++] =
			(struct epoll_event){ .events = ready & item->events & ~EPOLL_PRIVATE, .data = item->data };
		if (item->events & EPOLLONESHOT)
			__atomic_store_n(&item->events, item->events & EPOLL_PRIVATE, __ATOMIC_RELAXED);
	}
	return n;
}
