/* Items of the enclave: watched through their objects' wait queues, listed when something happened to them. */
#include "base/mem.h"
#include "kernel/epoll/epoll.h"
#include "kernel/epoll/kick.h"
#include "kernel/ipc/sleep.h"

/*
 * Wake one thread, wherever it waits. Whoever sleeps looked at ready_count after it said so (host_waiters, or the wait
 * queue's lock), and we look after we changed ready_count: one of the two sees the other.
 */
void epoll_ready_wake(struct epoll *ep)
{
	if (__atomic_load_n(&ep->host_waiters, __ATOMIC_SEQ_CST) &&
	    !__atomic_exchange_n(&ep->kicked, 1, __ATOMIC_SEQ_CST))
		kick_fire_at(__atomic_load_n(&ep->host_fd, __ATOMIC_ACQUIRE), EPOLL_KICK_ID);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	sleep_wake(&ep->wait, POLLIN | POLLRDNORM);
}

static bool epoll_ready_insert(struct epoll_item *item)
{
	struct epoll *ep = item->epoll;

	LOCKED(&ep->ready_lock);
	if (item->on_ready)
		return false;
	item->on_ready = true;
	list_add_tail(&ep->ready, &item->ready_link);
	__atomic_store_n(&ep->ready_count, ep->ready_count + 1, __ATOMIC_SEQ_CST);
	return true;
}

void epoll_ready_add(struct epoll_item *item)
{
	epoll_ready_insert(item);
	epoll_ready_wake(item->epoll);
}

void epoll_ready_remove(struct epoll_item *item)
{
	struct epoll *ep = item->epoll;

	LOCKED(&ep->ready_lock);
	if (!item->on_ready)
		return;
	item->on_ready = false;
	list_del(&item->ready_link);
	__atomic_store_n(&ep->ready_count, ep->ready_count - 1, __ATOMIC_SEQ_CST);
}

static struct epoll_item *epoll_ready_pop(struct epoll *ep)
{
	struct epoll_item *item;

	LOCKED(&ep->ready_lock);
	if (list_empty(&ep->ready))
		return NULL;
	item = container_of(ep->ready.next, struct epoll_item, ready_link);
	item->on_ready = false;
	list_del(&item->ready_link);
	__atomic_store_n(&ep->ready_count, ep->ready_count - 1, __ATOMIC_SEQ_CST);
	return item;
}

/* From an object's wake-up, with its queue locked. */
static void epoll_ready_event(struct waiter *w, uint32_t events)
{
	struct epoll_item *item = w->data;
	uint32_t wanted = __atomic_load_n(&item->events, __ATOMIC_RELAXED);

	if (wanted & ~EPOLL_PRIVATE & events)
		epoll_ready_add(item);
}

struct epoll_watch {
	struct poll_table table;
	struct epoll_item *item;
};

static void epoll_ready_attach(struct poll_table *t, struct file *f, struct waitq *q)
{
	struct epoll_item *item = container_of(t, struct epoll_watch, table)->item;
	struct waiter *w;

	(void)f;
	if (item->waiters == 2)
		return;
	w = &item->waiter[item->waiters++];
	waiter_init(w, epoll_ready_event, item);
	waitq_add_prepared(q, w);
}

void epoll_ready_watch(struct epoll_item *item)
{
	struct epoll_watch watch = { { epoll_ready_attach }, item };
	struct file *f = item->file;

	if (f->ops->poll(f, item->waiters ? NULL : &watch.table) & item->events)
		epoll_ready_add(item);
}

void epoll_ready_unwatch(struct epoll_item *item)
{
	for (uint32_t i = 0; i < item->waiters; i++)
		waitq_remove(item->waiter[i].queue, &item->waiter[i]);
	item->waiters = 0;
	epoll_ready_remove(item);
}

/* What holds for an item now, among what it wants. */
static uint32_t epoll_ready_now(const struct epoll_item *item)
{
	if (!(item->events & ~EPOLL_PRIVATE))
		return 0;
	return item->file->ops->poll(item->file, NULL) & item->events;
}

/*
 * An item leaves the list before it is asked, so that an event in between lists it again. Level-triggered ones go back
 * to the end while they hold, so that the next wait asks them again and none starves.
 */
int epoll_ready_collect(struct epoll *ep, struct epoll_event *to, int max)
{
	uint32_t left = __atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST);
	int n = 0;

	for (; left && n < max; left--) {
		struct epoll_item *item = epoll_ready_pop(ep);
		uint32_t ready;

		if (!item)
			break;
		ready = epoll_ready_now(item);
		if (!ready)
			continue;
		to[n++] = (struct epoll_event){ .events = ready, .data = item->data };
		if (item->events & EPOLLONESHOT)
			__atomic_store_n(&item->events, item->events & EPOLL_PRIVATE, __ATOMIC_RELAXED);
		else if (!(item->events & EPOLLET))
			epoll_ready_insert(item);
	}
	return n;
}

bool epoll_ready_any(struct epoll *ep)
{
	uint32_t left = __atomic_load_n(&ep->ready_count, __ATOMIC_SEQ_CST);
	struct epoll_item *item;

	if (!left)
		return false;
	LOCKED(&ep->lock);
	for (; left && (item = epoll_ready_pop(ep)); left--) {
		if (epoll_ready_now(item)) {
			epoll_ready_insert(item);
			return true;
		}
	}
	return false;
}
