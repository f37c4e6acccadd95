/* Waiting on the host's behalf of a thread: blocking.S through the thread's pending word. */
#ifndef ADYTON_HOST_BLOCKING_H
#define ADYTON_HOST_BLOCKING_H

#include "host/host.h"

static inline long blocking(struct host_thread *t, long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			    uint64_t f)
{
	const uint64_t slots[6] = { a, b, c, d, e, f };

	return blocking_call(nr, slots, &t->border->signals);
}

#endif
