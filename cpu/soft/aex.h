/* Asynchronous exits: from a fault or a signal (signal.c) to the SSA frame and back to the host (aex.c). */
#ifndef ADYTON_CPU_SOFT_AEX_H
#define ADYTON_CPU_SOFT_AEX_H

#include "cpu/linux/signal.h"
#include "cpu/soft/soft.h"

/* What the exit tells the host, and the enclave through EXITINFO. */
struct aex_cause {
	uint32_t exit_info;
	bool exception;
	uint16_t vector;
	uint16_t error_code;
	uint32_t signal;
	uint64_t address;
};

static inline uint64_t read_fs(void)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static inline uint64_t read_gs(void)
{
	uint64_t base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

/* A fault that the kernel raised on an instruction, as against a signal that somebody sent. */
bool aex_is_fault(int signal, const struct linux_siginfo *info);
struct aex_cause aex_exception(uint16_t vector, uint32_t type);
/* What a fault of enclave code means to it; steps RIP back to a `syscall`. */
struct aex_cause aex_cause_of_fault(int signal, const struct linux_siginfo *info, struct linux_mcontext *m);
bool aex_at_cpuid(uint64_t rip);

/* Leave with the state that the signal frame holds; sigreturn then goes on in the host. */
void aex(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause);
/* ERESUME has committed but not yet loaded all registers: the SSA frame already holds the state. */
void aex_resuming(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause);

#endif
