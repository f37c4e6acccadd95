/*
 * CPUID may not be executed inside an enclave: the host answers, the kernel keeps what programs may rely on in bounds.
 */
#ifndef ADYTON_KERNEL_EXEC_CPUID_H
#define ADYTON_KERNEL_EXEC_CPUID_H

#include "kernel/task/regs.h"

/* The program trapped at CPUID (0f a2): give it the answer and step over it. */
void cpuid_emulate(struct regs *r);
/* Kernel code trapped (the crypto library asks once, at the start). True when it was CPUID. */
bool cpuid_emulate_kernel(struct regs *r);

#endif
