/* The host, the heap and the program's memory for tests of kernel/task, signal, sync and time. */
#ifndef ADYTON_TESTS_UNIT_KERNEL_TASK_FAKE_H
#define ADYTON_TESTS_UNIT_KERNEL_TASK_FAKE_H

#include "kernel/task/task.h"
#include "tests/unit/kernel_task/host_threads.h"

#define FAKE_USER 0x10000000UL /* the program's memory: FAKE_USER_SIZE bytes */
#define FAKE_USER_SIZE 0x100000UL
#define FAKE_THREADS 16

/* A clean process with one thread, which is the calling one. */
void fake_reset(void);
/* A further thread of the process; runs fn on a real thread, with its own `current`. */
struct thread *fake_thread(void (*fn)(void *), void *arg);
void fake_join(void);
/* Only the struct: on no real thread, parked nowhere. */
struct thread *fake_thread_idle(void);

/* Run fn on a thread of the process of its own: the status with which it ended the process, or -1 when it came back. */
int fake_exit_status(void (*fn)(void));
extern uint32_t fake_interrupts;       /* host_interrupt calls */
extern uint32_t fake_kills;            /* host_kill calls */
extern int64_t fake_clock_shift;       /* added to what the host's clock says */
extern uint32_t fake_clock_calls;

static inline void *user(uint64_t offset)
{
	return (void *)(FAKE_USER + offset);
}

#endif
