/* Host memory, for the few who start a thread: everybody else calls host_<name>() (hostcall.h). */
#ifndef ADYTON_KERNEL_BORDER_BORDER_H
#define ADYTON_KERNEL_BORDER_BORDER_H

#include "kernel/task/thread.h"

/* Wholly outside ELRANGE and in the lower half? */
bool border_address_ok(uint64_t address, uint64_t size) must_check;
/* Give a thread its window, as the host named it at the thread's first entry. 0 or -EINVAL. */
int border_set(struct thread *t, uint64_t address, uint64_t size) must_check;
/* Copy from host memory, once. 0 or -EFAULT where the range touches the enclave or begins inside a word. */
int border_read(void *to, uint64_t address, uint64_t size) must_check;

#endif
