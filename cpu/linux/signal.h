/* The kernel's own layout of a signal frame on x86-64 (uapi sigcontext.h, ucontext.h), and the calls around it. */
#ifndef ADYTON_CPU_LINUX_SIGNAL_H
#define ADYTON_CPU_LINUX_SIGNAL_H

#include "cpu/linux/sys.h"

#define LINUX_SIGHUP 1
#define LINUX_SIGQUIT 3
#define LINUX_SIGILL 4
#define LINUX_SIGTRAP 5
#define LINUX_SIGABRT 6
#define LINUX_SIGBUS 7
#define LINUX_SIGFPE 8
#define LINUX_SIGKILL 9
#define LINUX_SIGSEGV 11
#define LINUX_SIGSTOP 19
#define LINUX_SIGSYS 31
#define LINUX_SIGMAX 64
#define LINUX_SI_KERNEL 0x80
#define LINUX_SYS_USER_DISPATCH 2

#define LINUX_SA_SIGINFO 4UL
#define LINUX_SA_ONSTACK 0x08000000UL
#define LINUX_SA_RESTART 0x10000000UL
#define LINUX_SA_RESTORER 0x04000000UL

#define LINUX_PR_SET_SYSCALL_USER_DISPATCH 59
#define LINUX_PR_SYS_DISPATCH_ON 1
#define LINUX_ARCH_SET_CPUID 0x1012

struct linux_sigaction {
	void (*handler)(int signal, void *siginfo, void *ucontext);
	uint64_t flags;
	void (*restorer)(void);
	uint64_t mask;
};

struct linux_stack {
	void *base;
	int32_t flags;
	uint32_t reserved;
	uint64_t size;
};

struct linux_siginfo {
	int32_t signo, error, code, reserved;
	uint64_t address; /* of a fault; the instruction behind `syscall` for SIGSYS */
	uint8_t rest[104];
};

/* struct sigcontext: also the order in which ucontext keeps registers. */
struct linux_mcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error_code, trap, old_mask, cr2;
	uint8_t *fpstate; /* XSAVE area, standard format */
	uint64_t reserved[8];
};

struct linux_ucontext {
	uint64_t flags;
	struct linux_ucontext *link;
	struct linux_stack stack;
	struct linux_mcontext m;
	uint64_t mask;
};

/* sw_reserved, at byte 464 of the XSAVE area. */
#define LINUX_FPSTATE_SW 464
#define LINUX_FP_XSTATE_MAGIC1 0x46505853U
struct linux_fpstate_sw {
	uint32_t magic1;
	uint32_t extended_size;
	uint64_t features;
	uint32_t xstate_size;
};

_Static_assert(sizeof(struct linux_siginfo) == 128, "siginfo");
_Static_assert(offsetof(struct linux_ucontext, m) == 40, "ucontext");
_Static_assert(offsetof(struct linux_ucontext, mask) == 296, "ucontext");

static inline long sys_sigaction(int signal, const struct linux_sigaction *action)
{
	return sys_raw6(SYS_RT_SIGACTION, signal, (long)action, 0, sizeof(action->mask), 0, 0);
}

#endif
