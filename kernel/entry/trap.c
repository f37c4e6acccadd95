/* Faults of the program, and of kernel code that touches the program's memory. On the kernel stack, at CSSA 0. */
#include "abi/linux/errno.h"
#include "cpu/enclu.h"
#include "kernel/entry/entry.h"
#include "kernel/entry/trace.h"
#include "kernel/exec/cpuid.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user.h"
#include "kernel/patch/patch.h"
#include "kernel/signal/signal.h"

#define TRAP_NONE UINT32_MAX /* no fault: a signal interrupted the program, the exit path serves it */
#define PF_WRITE 2U

struct trap_signal {
	uint32_t vector;
	int signal, code;
};

/* Which signal Linux sends for a vector (arch/x86/kernel/traps.c); codes that depend on more are set below. */
static const struct trap_signal trap_signals[] = {
	{ X86_DE, SIGFPE, FPE_INTDIV }, { X86_DB, SIGTRAP, TRAP_TRACE }, { X86_BP, SIGTRAP, SI_KERNEL },
	{ X86_BR, SIGSEGV, SI_KERNEL }, { X86_UD, SIGILL, ILL_ILLOPN }, { X86_GP, SIGSEGV, SI_KERNEL },
	{ X86_MF, SIGFPE, 0 },          { X86_AC, SIGBUS, BUS_ADRALN }, { X86_XM, SIGFPE, 0 },
};

static void trap_page_fault(struct regs *r)
{
	uint64_t address = current->trap_address;
	uint32_t error = current->trap_error;

	switch (address < USER_TOP ? mm_fault(address, error) : MM_FAULT_MAPERR) {
	case MM_FAULT_DONE:
		return;
	case MM_FAULT_MAPERR:
		signal_fault(SIGSEGV, SEGV_MAPERR, address, X86_PF, error & ~1U, address);
		return;
	case MM_FAULT_ACCERR:
		signal_fault(SIGSEGV, SEGV_ACCERR, address, X86_PF, error | 1U, address);
		return;
	case MM_FAULT_BUS:
		signal_fault(SIGBUS, BUS_ADRERR, address, X86_PF, error, address);
		return;
	}
	(void)r;
}

/* SIGFPE's code from the exception flags of the x87 status word or MXCSR, in Linux's order. */
static int trap_fpe_code(uint32_t vector)
{
	uint16_t control = 0, status = 0;
	uint32_t mxcsr = 0, raised;

	if (vector == X86_MF) {
		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
		raised = (uint32_t)status & ~(uint32_t)control & 0x3f;
	} else {
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
		raised = ~(mxcsr >> 7) & mxcsr & 0x3f;
	}
	return raised & 1 ? FPE_FLTINV : raised & 4 ? FPE_FLTDIV : raised & 8 ? FPE_FLTOVF :
	       raised & 0x12 ? FPE_FLTUND : raised & 0x20 ? FPE_FLTRES : 0;
}

/* An instruction that the enclave may not execute and that we execute for it: SYSCALL, CPUID. True when it was one. */
static bool trap_emulate(struct regs *r)
{
	uint8_t code[2];

	if (copy_from_user(code, r->rip, sizeof(code)))
		return false;
	if (code[0] == 0x0f && code[1] == 0x05) {
		patch_trapped_syscall(r);
		return true;
	}
	if (code[0] == 0x0f && code[1] == 0xa2) {
		cpuid_emulate(r);
		return true;
	}
	return patch_rewritten(r->rip); /* by another thread, since this one trapped there: run what is there now */
}

void trap_program(struct regs *r)
{
	uint32_t vector = current->trap_vector;

	if (vector == TRAP_NONE)
		return;
	trace_fault(r);
	if (vector == X86_PF) {
		trap_page_fault(r);
		return;
	}
	if ((vector == X86_UD && trap_emulate(r)) || (vector == X86_BP && patch_breakpoint(r)))
		return;
	for (size_t i = 0; i < sizeof(trap_signals) / sizeof(trap_signals[0]); i++) {
		const struct trap_signal *s = &trap_signals[i];

		if (s->vector != vector)
			continue;
		signal_fault(s->signal, s->signal == SIGFPE && !s->code ? trap_fpe_code(vector) : s->code,
			     vector == X86_GP || vector == X86_BP ? 0 : r->rip, vector, current->trap_error, 0);
		return;
	}
	signal_fault(SIGSEGV, SI_KERNEL, 0, vector, current->trap_error, 0);
}

/*
 * #GP at EREPORT or EGETKEY, whose operands are always good: a software processor without keys, because the host lied
 * or somebody ended the process that has them. enclu() returns that; its return address lies where RSP points.
 */
static bool trap_enclu_refused(struct regs *r)
{
	if (current->trap_vector != X86_GP || r->rip != (uint64_t)enclu_page || r->rax > ENCLU_EGETKEY)
		return false;
	r->rip = *(const uint64_t *)r->rsp;
	r->rsp += sizeof(uint64_t);
	r->rax = ENCLU_REFUSED;
	return true;
}

void trap_kernel(struct regs *r)
{
	uint64_t fixup = user_fixup(r->rip);

	if (current->trap_vector == X86_PF && fixup && current->trap_address < USER_TOP) {
		if (!current->no_fault && mm_fault(current->trap_address, current->trap_error) == MM_FAULT_DONE)
			return;
		r->rip = fixup;
		return;
	}
	if (current->trap_vector == X86_GP && fixup) { /* a non-canonical address */
		r->rip = fixup;
		return;
	}
	if (current->trap_vector == X86_UD && cpuid_emulate_kernel(r))
		return;
	if (trap_enclu_refused(r))
		return;
	if (current->trap_vector == X86_PF && current->trap_address >= ELRANGE_SIZE)
		kernel_die("the host took away memory of its own that the kernel uses, at %p",
			   (void *)current->trap_address);
	kernel_die("kernel fault %u (error %x) at %p, address %p", current->trap_vector, current->trap_error,
		   (void *)r->rip, (void *)current->trap_address);
}
