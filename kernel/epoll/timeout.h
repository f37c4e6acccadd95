/* Timeouts of poll, select and epoll_wait: a program's timeout to a deadline, and what is left of it back. */
#ifndef ADYTON_KERNEL_EPOLL_TIMEOUT_H
#define ADYTON_KERNEL_EPOLL_TIMEOUT_H

#include "kernel/sync/wait.h"

/* Negative: for ever; 0 stays 0, the deadline that asks for no wait at all. */
int64_t timeout_from_ms(int64_t ms);
/* A relative struct timespec or timeval at addr (0: for ever). -EFAULT, -EINVAL. */
int timeout_from_timespec(uint64_t addr, int64_t *deadline) must_check;
int timeout_from_timeval(uint64_t addr, int64_t *deadline) must_check;
/* What is left until a deadline, as the host's rows want it: never negative, NO_DEADLINE stays. */
int64_t timeout_left(int64_t deadline);
/* Linux writes back what is left; it ignores failure. */
void timeout_left_to_timespec(uint64_t addr, int64_t deadline);
void timeout_left_to_timeval(uint64_t addr, int64_t deadline);

#endif
