#include "kernel/epoll/kick.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/heap.h"
#include "kernel/sync/lock.h"

static struct lock kick_lock; /* ready_fd's making, free_kicks. Held around host calls that never block. */
static int ready_fd = -1;     /* atomic: an eventfd of the host with a count of 1, never read */
static struct kick *free_kicks;

static int kick_ready_fd(void)
{
	long fd = __atomic_load_n(&ready_fd, __ATOMIC_ACQUIRE);

	if (fd >= 0)
		return (int)fd;
	LOCKED(&kick_lock);
	if (ready_fd < 0) {
		fd = host_eventfd2(1, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd < 0)
			return (int)fd;
		__atomic_store_n(&ready_fd, (int)fd, __ATOMIC_RELEASE);
	}
	return ready_fd;
}

int kick_add(int host_epoll, uint64_t id)
{
	struct epoll_event ev = { .events = EPOLLONESHOT, .data = id };
	int fd = kick_ready_fd();

	return fd < 0 ? fd : (int)host_epoll_ctl(host_epoll, EPOLL_CTL_ADD, fd, &ev);
}

void kick_fire_at(int host_epoll, uint64_t id)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT, .data = id };

	(void)host_epoll_ctl(host_epoll, EPOLL_CTL_MOD, ready_fd, &ev);
}

static struct kick *kick_new(void)
{
	struct kick *k = heap_alloc(sizeof(*k));

	if (!k)
		return NULL;
	k->host_fd = (int)host_epoll_create1(EPOLL_CLOEXEC);
	if (k->host_fd >= 0 && kick_add(k->host_fd, 0) >= 0)
		return k;
	if (k->host_fd >= 0)
		(void)host_close(k->host_fd);
	heap_free(k);
	return NULL;
}

struct kick *kick_get(void)
{
	struct kick *k;

	lock_acquire(&kick_lock);
	k = free_kicks;
	if (k)
		free_kicks = k->next_free;
	lock_release(&kick_lock);
	return k ? k : kick_new();
}

void kick_put(struct kick *k)
{
	struct epoll_event disarmed = { .events = EPOLLONESHOT };

	if (!k)
		return;
	if (k->fired)
		(void)host_epoll_ctl(k->host_fd, EPOLL_CTL_MOD, ready_fd, &disarmed);
	k->fired = 0;
	lock_acquire(&kick_lock);
	k->next_free = free_kicks;
	free_kicks = k;
	lock_release(&kick_lock);
}

void kick_fire(struct kick *k)
{
	if (!__atomic_exchange_n(&k->fired, 1, __ATOMIC_SEQ_CST))
		kick_fire_at(k->host_fd, 0);
}
