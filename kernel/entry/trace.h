/* --trace: a strace-like line for each system call, through the host to stderr. Program data goes with it: debugging only. */
#ifndef ADYTON_KERNEL_ENTRY_TRACE_H
#define ADYTON_KERNEL_ENTRY_TRACE_H

#include "kernel/task/regs.h"

extern bool trace_on;

void trace_start(uint32_t what); /* LAUNCH_TRACE_* */
void trace_enter(const struct regs *r);
void trace_leave(const struct regs *r);

#endif
