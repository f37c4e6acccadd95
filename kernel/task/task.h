/* Threads' lives: making, leaving, and the end of the process. */
#ifndef ADYTON_KERNEL_TASK_TASK_H
#define ADYTON_KERNEL_TASK_TASK_H

#include "kernel/task/process.h"
#include "kernel/task/thread.h"

/* The first thread at the start of the process, with everything of struct process that is not somebody else's. */
void task_start(struct thread *first);

/*
 * What a new thread's first entry calls on its kernel stack (kernel/entry): runs the program from thread_regs(current).
 */
_Noreturn void thread_begin(void);

/* Leave: never come back to the program. The last thread's exit ends the process. */
_Noreturn void thread_exit(int code);
/* End the process with a status as wait() reports it: exit code << 8, or the signal number. */
_Noreturn void process_exit(int wait_status);

/* A thread of the kernel's own, which runs `main` and never the program. 0 or -ENOMEM, -EAGAIN. */
int thread_start_kernel(void (*main)(void)) must_check;

/*
 * For exec: end every other thread and wait until they are gone; the caller is the process's first thread from then on.
 * -EAGAIN: another thread is at it (and the caller about to leave).
 */
int task_alone(void) must_check;
/* The running thread shall leave because another one becomes a new program. */
bool task_unwanted(void);

/* Is there a live thread of the program with this number? */
bool task_is_thread(int32_t tid);
/* Call fn for that thread, with process->lock held so that it stays; false when there is none. */
bool task_with_thread(int32_t tid, void (*fn)(struct thread *t, void *data), void *data);

/* entry.S: load thread_regs(current) and run the program, on a fresh kernel stack. */
_Noreturn void entry_run_program(void);

#endif
