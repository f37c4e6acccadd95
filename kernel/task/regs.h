/*
 * The program's registers as the kernel's entry code saves them: lowest address first, in the order entry.S pops them.
 * A frame lies at the very top of the thread's kernel stack, always at the same address, from entry until exit.
 */
#ifndef ADYTON_KERNEL_TASK_REGS_H
#define ADYTON_KERNEL_TASK_REGS_H

#define REGS_R15 0
#define REGS_RBX 40
#define REGS_RAX 80
#define REGS_RCX 88
#define REGS_RDI 112
#define REGS_ORIG_RAX 120
#define REGS_RIP 128
#define REGS_RFLAGS 136
#define REGS_RSP 144
#define REGS_SIZE 160 /* 152 and 8 of padding: keeps the stack 16-byte aligned */

#ifndef __ASSEMBLER__
#include "abi/types.h"

struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t orig_rax; /* system call number, or -1 when not in a system call (then nothing is restarted) */
	uint64_t rip, rflags, rsp;
	uint64_t padding;
};
_Static_assert(offsetof(struct regs, rax) == REGS_RAX, "regs");
_Static_assert(offsetof(struct regs, rip) == REGS_RIP, "regs");
_Static_assert(offsetof(struct regs, rsp) == REGS_RSP, "regs");
_Static_assert(sizeof(struct regs) == REGS_SIZE, "regs");
#endif

#endif
