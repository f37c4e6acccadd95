/*
 * Waking a thread that waits in the host (poll, epoll_wait) because something happened inside. A kick is a host epoll
 * instance with one descriptor that is always ready, armed with EPOLLONESHOT: arming it ends the wait, cannot be lost
 * and cannot block, and nothing has to be drained.
 */
#ifndef ADYTON_KERNEL_EPOLL_KICK_H
#define ADYTON_KERNEL_EPOLL_KICK_H

#include "abi/types.h"

struct kick {
	int host_fd; /* the host epoll instance: readable when fired */
	uint32_t fired; /* atomic */
	struct kick *next_free;
};

/* Put the always ready descriptor, disarmed, into a host epoll instance under this id. 0 or a negative errno. */
int kick_add(int host_epoll, uint64_t id) must_check;
/* Arm it: whoever waits on the instance comes back once. */
void kick_fire_at(int host_epoll, uint64_t id);

/* One for a wait of this thread's; they are kept and used again. NULL: out of memory or descriptors. */
struct kick *kick_get(void) must_check;
void kick_put(struct kick *k);
void kick_fire(struct kick *k);

#endif
