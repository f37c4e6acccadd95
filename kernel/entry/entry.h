/* What entry.S and the C around it share. */
#ifndef ADYTON_KERNEL_ENTRY_ENTRY_H
#define ADYTON_KERNEL_ENTRY_ENTRY_H

#include "kernel/task/thread.h"

/* entry.S */
extern const char enclave_entry[], entry_syscall[], entry_trap_program[], entry_trap_kernel[];
extern const char border_check[], border_left[], border_abort[], run_again[], run_check[], run_left[];
long border_exit(uint64_t why, uint64_t interruptible);

/* Called by entry.S. */
_Noreturn void entry_first(uint64_t why, uint64_t border, uint64_t border_size, uint64_t launch, uint64_t launch_size);
void exception_serve(uint64_t signal);
void trap_program(struct regs *regs);
void trap_kernel(struct regs *regs);
void syscall_dispatch(struct regs *regs);

/* Lies `address` in the kernel's text? (linker script) */
extern const char kernel_text_start[], kernel_text_end[];

#endif
