/*
 * The handler of every signal. enter.S names the places where a signal can arrive between the instructions that the
 * enclave sees; for each it is said here what has happened by then.
 */
#include "base/mem.h"
#include "cpu/soft/aex.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"

#define ALTSTACK_OFFSET 0x1000UL
#define ALTSTACK_SIZE 0x7000UL
#define SPURIOUS_MAX 64U

extern const char __text_start[], __text_end[];
extern const char soft_enter_window[], soft_enter_committed[], soft_enter_end[], soft_enter_abort[];
extern const char soft_resume_window[], soft_resume_committed[], soft_resume_end[];
extern const char soft_eexit[], soft_eexit_committed[], soft_eexit_landing[];
extern const char soft_leaf_entry[], soft_leaf_saving[], soft_leaf_started[];
extern const char soft_leaf_finished[], soft_leaf_return[], soft_leaf_trapped[];
void soft_restorer(void);

static bool at_or_in(uint64_t rip, const char *from, const char *to)
{
	return rip >= (uintptr_t)from && rip < (uintptr_t)to;
}

static bool in_host_text(uint64_t rip)
{
	return at_or_in(rip, __text_start, __text_end);
}

static struct soft_thread *thread_of(const void *altstack)
{
	return (struct soft_thread *)((uintptr_t)altstack & ~(uintptr_t)THREAD_BLOCK_MASK);
}

/* Strict mode: the stub page is the original one, and ENCLU traps. It ends at the stub's own `ret`. */
static void strict_enclu(struct linux_mcontext *m)
{
	m->rip = (uint32_t)m->rax == ENCLU_EEXIT ? (uintptr_t)soft_eexit : (uintptr_t)soft_leaf_entry;
}

/* The host itself may execute CPUID, also on a thread for which it faults. */
static bool host_cpuid(int signal, struct linux_mcontext *m)
{
	uint32_t a = (uint32_t)m->rax, b, c = (uint32_t)m->rcx, d;

	if (!soft.options.strict || signal != LINUX_SIGSEGV || m->trap != X86_GP || !in_host_text(m->rip) ||
	    !aex_at_cpuid(m->rip))
		return false;
	(void)sys_arch_prctl(LINUX_ARCH_SET_CPUID, 1);
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	(void)sys_arch_prctl(LINUX_ARCH_SET_CPUID, 0);
	m->rax = a;
	m->rbx = b;
	m->rcx = c;
	m->rdx = d;
	m->rip += 2;
	return true;
}

/* EENTER has committed: the state is that of the enclave's first instruction. */
static void entered_state(const struct soft_thread *thread, struct linux_mcontext *m)
{
	const struct cpu_regs *regs = &thread->run->regs;

	m->rax = thread->tcs->cssa;
	m->rbx = thread->tcs->address;
	m->rcx = (uintptr_t)soft_eexit_landing;
	m->rdi = regs->rdi;
	m->rsi = regs->rsi;
	m->rdx = regs->rdx;
	m->r8 = regs->r8;
	m->r9 = regs->r9;
	m->r10 = regs->r10;
	m->r11 = m->r12 = m->r13 = m->r14 = m->r15 = m->rbp = 0;
	m->rsp = thread->host_rsp;
	m->rip = thread->tcs->oentry;
}

/* The leaf that runs on the enclave's stack: at most some KiB above RSP. */
static struct soft_leaf *leaf_of(uint64_t rsp)
{
	const uint64_t magic = (uint64_t)LEAF_MAGIC_HIGH << 32 | LEAF_MAGIC_LOW;

	for (const uint64_t *at = (const uint64_t *)rsp;; at++)
		if (*at == magic)
			return (struct soft_leaf *)at;
}

static void leaf_state(const struct soft_leaf *leaf, struct linux_mcontext *m)
{
	m->rax = leaf->rax;
	m->rbx = leaf->rbx;
	m->rcx = leaf->rcx;
	m->rdx = leaf->rdx;
	m->rsi = leaf->rsi;
	m->rdi = leaf->rdi;
	m->rbp = leaf->rbp;
	m->r8 = leaf->r8;
	m->r9 = leaf->r9;
	m->r10 = leaf->r10;
	m->r11 = leaf->r11;
	m->r12 = leaf->r12;
	m->r13 = leaf->r13;
	m->r14 = leaf->r14;
	m->r15 = leaf->r15;
	m->rflags = leaf->rflags;
	m->rsp = (uintptr_t)leaf + LEAF_SIZE;
}

/* Step over the return of a finished ENCLU, as if the stub's own `ret` had run. */
static void leaf_returned(struct linux_mcontext *m, uint64_t rsp)
{
	m->rip = *(const uint64_t *)rsp;
	m->rsp = rsp + 8;
}

/* Signals that arrived during a leaf and are not told now come again when the host is back. */
static void raise_again(uint64_t pending)
{
	for (int signal = 1; pending; signal++, pending >>= 1)
		if (pending & 1)
			(void)sys_tgkill((int)sys_getpid(), (int)sys_gettid(), signal);
}

/* The leaf's end: it faults, or signals have waited for it. */
static void leaf_ended(struct soft_thread *thread, struct linux_mcontext *m)
{
	struct soft_leaf *leaf = leaf_of(m->rsp);
	uint64_t pending = leaf->pending;
	struct aex_cause cause = { 0 };

	leaf_state(leaf, m);
	leaf->magic = 0;
	if (leaf->vector) {
		cause = aex_exception((uint16_t)leaf->vector, SGX_EXIT_HARDWARE);
		cause.error_code = (uint16_t)leaf->error_code;
		cause.address = leaf->fault_address;
		m->rip = stub_address;
	} else {
		cause.signal = (uint32_t)__builtin_ctzll(pending) + 1;
		pending &= pending - 1;
		leaf_returned(m, m->rsp);
	}
	aex(thread, m, &cause);
	raise_again(pending);
}

static void leaf_not_begun(struct linux_mcontext *m)
{
	m->rsp += m->rip == (uintptr_t)soft_leaf_entry ? 0 : LEAF_SIZE;
	m->rip = stub_address;
}

/* A page fault on a page that the EPCM grants is ours: make the page table true and go on. */
static bool fault_is_ours(struct soft_thread *thread, const struct linux_mcontext *m)
{
	uint32_t access = m->error_code & 0x10 ? EPCM_X : m->error_code & 2 ? EPCM_W : EPCM_R;
	bool ok;

	if (!soft_in_elrange(m->cr2, 1))
		return false;
	/* Already true: another thread was faster, or Linux has no memory for the page. Not for ever. */
	if (memory_is_mapped(m->cr2, access) && thread->spurious_rip == m->rip && thread->spurious_address == m->cr2) {
		if (++thread->spurious > SPURIOUS_MAX)
			return false;
	} else {
		thread->spurious = 0;
	}
	thread->spurious_rip = m->rip;
	thread->spurious_address = m->cr2;
	lock_acquire(&soft.lock);
	ok = memory_touch(m->cr2, access);
	lock_release(&soft.lock);
	return ok;
}

/* A thread inside whose RIP is in our own text: between the instructions that the enclave sees. */
static void signal_in_processor(int signal, struct linux_siginfo *info, struct linux_ucontext *uc,
				struct soft_thread *thread)
{
	struct linux_mcontext *m = &uc->m;
	struct aex_cause cause = { .signal = (uint32_t)signal };
	bool synchronous = aex_is_fault(signal, info);

	if (signal == LINUX_SIGTRAP && m->rip == (uintptr_t)soft_leaf_trapped) {
		leaf_ended(thread, m);
	} else if (at_or_in(m->rip, soft_resume_committed, soft_resume_end)) {
		if (synchronous) /* IRET refused the frame's RIP or flags */
			cause = aex_exception(X86_GP, SGX_EXIT_HARDWARE);
		aex_resuming(thread, m, &cause);
	} else if (synchronous && at_or_in(m->rip, soft_leaf_entry, soft_leaf_started)) {
		if (fault_is_ours(thread, m)) /* the enclave's stack, accepted but never touched */
			return;
		cause = aex_cause_of_fault(signal, info, m);
		leaf_not_begun(m);
		aex(thread, m, &cause);
	} else if (synchronous) {
		soft.options.host_signal(signal, info, uc);
	} else if (at_or_in(m->rip, soft_enter_committed, soft_enter_end)) {
		entered_state(thread, m);
		aex(thread, m, &cause);
	} else if (at_or_in(m->rip, soft_eexit, soft_eexit_committed)) {
		thread->inside = 0;
		m->rcx = (uintptr_t)thread;
		m->rip = (uintptr_t)soft_eexit_committed;
		soft.options.host_signal(signal, info, uc);
	} else if (at_or_in(m->rip, soft_leaf_entry, soft_leaf_started)) {
		leaf_not_begun(m);
		aex(thread, m, &cause);
	} else if (at_or_in(m->rip, soft_leaf_finished, soft_leaf_return + 1)) {
		leaf_returned(m, m->rsp + (m->rip == (uintptr_t)soft_leaf_return ? 0 : LEAF_SIZE));
		aex(thread, m, &cause);
	} else {
		__atomic_fetch_or(&leaf_of(m->rsp)->pending, 1UL << (signal - 1), __ATOMIC_RELAXED);
	}
}

static void signal_inside(int signal, struct linux_siginfo *info, struct linux_ucontext *uc,
			  struct soft_thread *thread)
{
	struct linux_mcontext *m = &uc->m;
	struct aex_cause cause = { .signal = (uint32_t)signal };

	if (aex_is_fault(signal, info)) {
		if (signal == LINUX_SIGSEGV && m->trap == X86_PF && fault_is_ours(thread, m))
			return;
		if (signal == LINUX_SIGILL && m->rip == stub_address && soft.options.strict) {
			strict_enclu(m);
			return;
		}
		cause = aex_cause_of_fault(signal, info, m);
	}
	aex(thread, m, &cause);
}

/* In host code. On the way in nothing has happened yet: turn back, so that the host looks at its signals first. */
static void signal_in_host(int signal, struct linux_siginfo *info, struct linux_ucontext *uc,
			   struct soft_thread *thread)
{
	bool entering = at_or_in(uc->m.rip, soft_enter_window, soft_enter_committed) ||
			at_or_in(uc->m.rip, soft_resume_window, soft_resume_committed);

	if (host_cpuid(signal, &uc->m))
		return;
	if (entering && aex_is_fault(signal, info))
		thread->window_fault = (uint32_t)signal; /* XRSTOR refused the frame */
	else
		soft.options.host_signal(signal, info, uc);
	if (entering)
		uc->m.rip = (uintptr_t)soft_enter_abort;
}

static void signal_handler(int signal, void *siginfo, void *ucontext)
{
	struct linux_ucontext *uc = ucontext;
	struct soft_thread *thread = thread_of(ucontext);

	if (!thread->inside)
		signal_in_host(signal, siginfo, uc, thread);
	else if (in_host_text(uc->m.rip))
		signal_in_processor(signal, siginfo, uc, thread);
	else
		signal_inside(signal, siginfo, uc, thread);
}

int signal_init(void)
{
	const struct linux_sigaction action = {
		.handler = signal_handler,
		.flags = LINUX_SA_SIGINFO | LINUX_SA_ONSTACK | LINUX_SA_RESTORER,
		.restorer = soft_restorer,
		.mask = ~0UL,
	};

	for (int signal = 1; signal <= LINUX_SIGMAX; signal++) {
		long ret;

		if (signal == LINUX_SIGKILL || signal == LINUX_SIGSTOP)
			continue;
		ret = sys_sigaction(signal, &action);
		if (ret < 0)
			return (int)ret;
	}
	return 0;
}

int signal_thread_init(void *thread_stack_base)
{
	struct soft_thread *thread = thread_stack_base;
	struct linux_stack stack = { (char *)thread_stack_base + ALTSTACK_OFFSET, 0, 0, ALTSTACK_SIZE };
	long ret;

	if ((uintptr_t)thread_stack_base & THREAD_BLOCK_MASK)
		return -LINUX_EINVAL;
	memset(thread, 0, sizeof(*thread));
	thread->host_fs = read_fs();
	thread->host_gs = read_gs();
	ret = sys_raw3(SYS_SIGALTSTACK, (long)&stack, 0, 0);
	if (ret < 0)
		return (int)ret;
	ret = sys_prctl(LINUX_PR_SET_SYSCALL_USER_DISPATCH, LINUX_PR_SYS_DISPATCH_ON, (uintptr_t)__text_start,
			(uint64_t)(__text_end - __text_start), 0);
	if (ret < 0)
		return (int)ret;
	if (soft.options.strict)
		ret = sys_arch_prctl(LINUX_ARCH_SET_CPUID, 0);
	thread->self = thread;
	return ret < 0 ? (int)ret : 0;
}
