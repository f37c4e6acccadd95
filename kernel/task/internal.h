/* Between the files of this folder. */
#ifndef ADYTON_KERNEL_TASK_INTERNAL_H
#define ADYTON_KERNEL_TASK_INTERNAL_H

#include "kernel/task/task.h"

/* pool.c: thread blocks with their TCS, kept for reuse. NULL: no memory. */
struct thread *pool_take(void) must_check;
/* The last act of a thread but host_thread_exit(): see pool.c. */
void pool_give(struct thread *t);

/* Fields of a thread that is about to start, but for those that the entry code owns. */
void thread_prepare(struct thread *t);
/* Let the host run it. 0 or -EAGAIN. */
int thread_launch(struct thread *t) must_check;

/* sched.c: a thread of the host may have served another thread before; make it schedule as this one wants. */
void sched_begin(const struct thread *t);

/* futex.c */
void futex_wake_address(uint64_t addr, int count);
/* Walk the robust list of the leaving thread and mark what it held. */
void futex_exit_robust(struct thread *t);

#endif
