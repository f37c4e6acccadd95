/*
 * An EENTER with CSSA 1: this thread was interrupted, SSA frame 0 holds its state. Nothing is served here. A fault is
 * turned into a call of trap_program() or trap_kernel() on the thread's kernel stack, by editing the saved registers; a
 * signal is noted. Then ERESUME goes on. So all real work runs at CSSA 0, on one kind of stack, with the program's
 * vector registers live, whether it came by a jump or by a trap.
 *
 * What the host says (the signal's number) is only taken for the signals that a host may send; what happened to the
 * program is read from EXITINFO, which the processor wrote.
 */
#include "base/mem.h"
#include "cpu/enclu.h"
#include "kernel/entry/entry.h"
#include "kernel/kernel.h"
#include "kernel/signal/signal.h"

static struct sgx_gpr *exception_gpr(const struct thread *t)
{
	return (struct sgx_gpr *)(void *)(thread_ssa(t) + SSA_FRAME_PAGES * PAGE_SIZE - sizeof(struct sgx_gpr));
}

static bool exception_in(uint64_t rip, const char *from, const char *to)
{
	return rip >= (uint64_t)from && rip < (uint64_t)to;
}

static void exception_save_regs(struct regs *r, const struct sgx_gpr *g)
{
	*r = (struct regs){ .r15 = g->r15, .r14 = g->r14, .r13 = g->r13, .r12 = g->r12, .rbp = g->rbp, .rbx = g->rbx,
			    .r11 = g->r11, .r10 = g->r10, .r9 = g->r9, .r8 = g->r8, .rax = g->rax, .rcx = g->rcx,
			    .rdx = g->rdx, .rsi = g->rsi, .rdi = g->rdi, .orig_rax = UINT64_MAX, .rip = g->rip,
			    .rflags = g->rflags, .rsp = g->rsp };
}

static void exception_redirect(struct sgx_gpr *g, struct regs *frame, const char *to)
{
	exception_save_regs(frame, g);
	g->rsp = (uint64_t)frame;
	g->rip = (uint64_t)to;
	g->rflags = 2;
	g->exit_info = 0; /* served: a second EENTER must not serve it again */
}

/* What is said or done from here on leaves the way that this entry came, not that of the call that was interrupted. */
static void exception_dies(struct thread *t)
{
	t->host_rsp = t->x_host_rsp;
	t->host_ret = t->x_host_ret;
}

/* Kernel code faulted: its frame goes below its own stack pointer, which must lie well inside this thread's stack. */
static void exception_redirect_kernel(struct thread *t, struct sgx_gpr *g)
{
	uint64_t bottom = thread_block(t) + THREAD_BLOCK_STACK;
	uint64_t frame = (g->rsp - sizeof(struct regs)) & ~15UL;

	if (g->rsp > t->kstack || frame < bottom + 2048) {
		exception_dies(t);
		kernel_die("fault %u at %p on a stack that cannot serve it (rsp %p, address %p)", t->trap_vector,
			   (void *)g->rip, (void *)g->rsp, (void *)t->trap_address);
	}
	exception_redirect(g, (struct regs *)frame, entry_trap_kernel);
}

static void exception_fault(struct thread *t, struct sgx_gpr *g)
{
	const struct sgx_exinfo *info = (const struct sgx_exinfo *)(void *)((uint8_t *)g - sizeof(*info));
	uint32_t vector = SGX_EXIT_VECTOR(g->exit_info);

	t->trap_vector = vector;
	t->trap_error = vector == X86_PF || vector == X86_GP ? info->errcd : 0;
	t->trap_address = vector == X86_PF ? info->maddr : 0;
	if (exception_in(g->rip, kernel_text_start, kernel_text_end))
		exception_redirect_kernel(t, g);
	else /* wherever the program has jumped to */
		exception_redirect(g, thread_regs(t), entry_trap_program);
}

/* There is work for this thread now: make sure that the interrupted code comes to it. */
static void exception_notice(struct thread *t, struct sgx_gpr *g)
{
	uint64_t rip = g->rip;

	if (!thread_has_work(t))
		return;
	if (rip < USER_TOP) {
		t->trap_vector = UINT32_MAX;
		exception_redirect(g, thread_regs(t), entry_trap_program);
	} else if (exception_in(rip, run_check, run_left)) {
		g->rip = (uint64_t)run_again;
	} else if (t->interruptible && t->call_rsp &&
		   (exception_in(rip, border_check, border_left) || rip == (uint64_t)enclu_page)) {
		g->rip = (uint64_t)border_abort;
	}
}

void exception_serve(uint64_t signal)
{
	struct thread *t = current;
	struct sgx_gpr *g = exception_gpr(t);

	if (t->dying) {
		exception_dies(t);
		kernel_stop();
	}
	if (signal)
		signal_from_host(signal <= 64 ? (int)signal : 0);
	if (g->exit_info & SGX_EXIT_VALID)
		exception_fault(t, g);
	else
		exception_notice(t, g);
}
