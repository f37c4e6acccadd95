/* --trace: a strace-like line for each system call, through the host to stderr. */
#ifndef ADYTON_KERNEL_ENTRY_TRACE_H
#define ADYTON_KERNEL_ENTRY_TRACE_H

#include "kernel/task/regs.h"

extern bool trace_on;

/* what: LAUNCH_TRACE_*; names: only these, separated by commas, or NULL; strings: show what pointers point to. */
void trace_start(uint32_t what, const char *names, bool strings);
void trace_enter(const struct regs *r);
void trace_leave(const struct regs *r);
void trace_fault(const struct regs *r);               /* of the program: current->trap_* */
void trace_signal(int signal, uint64_t handler);      /* being delivered */

#endif
