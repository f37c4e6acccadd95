/* What the fakes need from the system whose headers do not go together with the kernel's. */
#ifndef ADYTON_TESTS_UNIT_KERNEL_TASK_HOST_THREADS_H
#define ADYTON_TESTS_UNIT_KERNEL_TASK_HOST_THREADS_H

#include <stdint.h>

/* The kernel finds `current` through GS. */
void system_set_gs(void *base);
/* Zeroed memory at a low address, where the program's memory lies. */
void *system_low_memory(uint64_t address, uint64_t size);
long system_futex_wait(uint32_t *word, uint32_t value, int64_t deadline_ns);
void system_futex_wake(uint32_t *word);
int64_t system_clock(int clock);
void system_yield(void);
/* A real thread; the handle is for system_join(). */
void *system_thread(void (*fn)(void *), void *arg);
void system_join(void *handle);
_Noreturn void system_thread_exit(void); /* the calling thread */

/* Offsets of the signal frame in the system's headers, in the order of test_signal.c. */
extern const unsigned long system_frame_offsets[];
extern const unsigned system_frame_offset_count;

#endif
