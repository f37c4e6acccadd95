/*
 * Asynchronous exits (SDM 39.3): every fault and signal that finds a thread inside the enclave ends here, leaves its
 * state in the SSA frame, and sends the thread back to the host. enter.S names the places where a signal can arrive.
 */
#include "base/mem.h"
#include "cpu/linux/signal.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define ALTSTACK_OFFSET 0x1000UL
#define ALTSTACK_SIZE 0x7000UL
#define TRAP_PF 14
#define RFLAGS_CLEAN 0x202UL
#define MXCSR_OFFSET 24
#define MXCSR_DEFAULT 0x1f80U
#define XSTATE_BV_OFFSET 512
#define XSTATE_LEGACY_BYTES 576U
#define XSTATE_PKRU (1UL << 9)
#define SPURIOUS_MAX 64U

extern const char __text_start[], __text_end[];
extern const char soft_enter_window[], soft_enter_committed[], soft_enter_end[], soft_enter_abort[];
extern const char soft_resume_window[], soft_resume_committed[], soft_resume_end[];
extern const char soft_eexit[], soft_eexit_committed[], soft_eexit_landing[], soft_aex_landing[];
extern const char soft_leaf_entry[], soft_leaf_saving[], soft_leaf_started[];
extern const char soft_leaf_finished[], soft_leaf_return[], soft_leaf_trapped[];
void soft_restorer(void);

/* What the exit tells the host, and the enclave through EXITINFO. */
struct aex_cause {
	uint32_t exit_info;
	bool exception;
	uint16_t vector;
	uint16_t error_code;
	uint32_t signal;
	uint64_t address;
};

static bool at_or_in(uint64_t rip, const char *from, const char *to)
{
	return rip >= (uintptr_t)from && rip < (uintptr_t)to;
}

static bool in_host_text(uint64_t rip)
{
	return at_or_in(rip, __text_start, __text_end);
}

static uint64_t read_fs(void)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

static uint64_t read_gs(void)
{
	uint64_t base;

	__asm__ volatile("rdgsbase %0" : "=r"(base));
	return base;
}

static struct soft_thread *thread_of(const void *altstack)
{
	return (struct soft_thread *)((uintptr_t)altstack & ~(uintptr_t)THREAD_BLOCK_MASK);
}

/* Faults that the kernel raised on an instruction, as against signals that somebody sent. */
static bool is_synchronous(int signal, const struct linux_siginfo *info)
{
	switch (signal) {
	case LINUX_SIGSYS:
		return info->code == LINUX_SYS_USER_DISPATCH;
	case LINUX_SIGILL:
	case LINUX_SIGTRAP:
	case LINUX_SIGBUS:
	case LINUX_SIGFPE:
	case LINUX_SIGSEGV:
		return info->code > 0;
	default:
		return false;
	}
}

static struct aex_cause cause_exception(uint16_t vector, uint32_t type)
{
	return (struct aex_cause){ .exit_info = SGX_EXIT(vector, type), .exception = true, .vector = vector };
}

static struct aex_cause cause_page_fault(uint64_t address, uint64_t error_code)
{
	struct aex_cause cause = cause_exception(X86_PF, SGX_EXIT_HARDWARE);

	cause.address = address;
	cause.error_code = (uint16_t)error_code;
	return cause;
}

/* Strict mode: the stub page is the original one, and ENCLU traps. It ends at the stub's own `ret`. */
static void strict_enclu(struct linux_mcontext *m)
{
	m->rip = (uint32_t)m->rax == ENCLU_EEXIT ? (uintptr_t)soft_eexit : (uintptr_t)soft_leaf_entry;
}

static bool at_cpuid(uint64_t rip)
{
	return ((const uint8_t *)rip)[0] == 0x0f && ((const uint8_t *)rip)[1] == 0xa2;
}

/* Strict mode: CPUID faults, which is #UD in an enclave. */
static bool is_cpuid(uint64_t rip)
{
	return soft.options.strict && soft_in_elrange(rip, 2) && (epcm_access(epcm_read(rip)) & EPCM_R) && at_cpuid(rip);
}

/* The host itself may execute CPUID, also on a thread for which it faults. */
static bool host_cpuid(int signal, struct linux_mcontext *m)
{
	uint32_t a = (uint32_t)m->rax, b, c = (uint32_t)m->rcx, d;

	if (!soft.options.strict || signal != LINUX_SIGSEGV || m->trap != X86_GP || !in_host_text(m->rip) ||
	    !at_cpuid(m->rip))
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

static struct aex_cause cause_of_fault(int signal, const struct linux_siginfo *info, struct linux_mcontext *m)
{
	switch (signal) {
	case LINUX_SIGSYS: /* `syscall` is #UD inside an enclave: RIP is at the instruction */
		m->rip -= 2;
		return cause_exception(X86_UD, SGX_EXIT_HARDWARE);
	case LINUX_SIGILL:
		return cause_exception(X86_UD, SGX_EXIT_HARDWARE);
	case LINUX_SIGTRAP:
		return m->trap == X86_BP ? cause_exception(X86_BP, SGX_EXIT_SOFTWARE)
					 : cause_exception(X86_DB, SGX_EXIT_HARDWARE);
	case LINUX_SIGFPE:
		return cause_exception(m->trap == X86_MF || m->trap == X86_XM ? (uint16_t)m->trap : X86_DE,
				       SGX_EXIT_HARDWARE);
	case LINUX_SIGBUS:
		if (m->trap == X86_AC)
			return cause_exception(X86_AC, SGX_EXIT_HARDWARE);
		return cause_page_fault(info->address, m->error_code | 4);
	default:
		if (m->trap == TRAP_PF)
			return cause_page_fault(m->cr2, m->error_code);
		return cause_exception(is_cpuid(m->rip) ? X86_UD : X86_GP, SGX_EXIT_HARDWARE);
	}
}

/* The frame at SSA[CSSA], made touchable: a thread is never let in without, but other threads may take it away. */
static uint64_t aex_frame(const struct soft_tcs *tcs)
{
	uint64_t frame = tcs->ossa + (uint64_t)tcs->cssa * soft.secs.ssa_frame_size * PAGE_SIZE;
	bool ok = true;

	lock_acquire(&soft.lock);
	for (uint32_t i = 0; i < soft.secs.ssa_frame_size; i++)
		ok &= memory_touch(frame + i * PAGE_SIZE, EPCM_R | EPCM_W);
	lock_release(&soft.lock);
	if (!ok)
		soft_die("the state save area of an enclave thread is gone");
	return frame;
}

static void save_registers(struct sgx_gpr *gpr, const struct linux_mcontext *m)
{
	gpr->rax = m->rax;
	gpr->rcx = m->rcx;
	gpr->rdx = m->rdx;
	gpr->rbx = m->rbx;
	gpr->rsp = m->rsp;
	gpr->rbp = m->rbp;
	gpr->rsi = m->rsi;
	gpr->rdi = m->rdi;
	gpr->r8 = m->r8;
	gpr->r9 = m->r9;
	gpr->r10 = m->r10;
	gpr->r11 = m->r11;
	gpr->r12 = m->r12;
	gpr->r13 = m->r13;
	gpr->r14 = m->r14;
	gpr->r15 = m->r15;
	gpr->rflags = m->rflags;
	gpr->rip = m->rip;
	gpr->fs_base = read_fs();
	gpr->gs_base = read_gs();
}

/*
 * The vector state goes from the signal frame to the start of the SSA frame. XFRM cannot be enforced without XCR0, and
 * what a program uses beyond XFRM must not be lost, so all that Linux saved is kept as long as it fits.
 */
static void save_vectors(uint8_t *frame, const uint8_t *fpstate)
{
	struct linux_fpstate_sw sw;
	uint32_t size = XSTATE_LEGACY_BYTES;

	if (!fpstate) {
		memset(frame, 0, XSTATE_LEGACY_BYTES);
		return;
	}
	memcpy(&sw, fpstate + LINUX_FPSTATE_SW, sizeof(sw));
	if (sw.magic1 == LINUX_FP_XSTATE_MAGIC1)
		size = sw.xstate_size;
	if (size > soft.xsave_bytes)
		soft_die("the vector state does not fit into a state save area frame");
	memcpy(frame, fpstate, size);
	memset(frame + LINUX_FPSTATE_SW, 0, 512 - LINUX_FPSTATE_SW);
}

/* Synthetic state for the host: the interrupt flag alone, no vector contents, where it called from. */
static void restore_host(struct soft_thread *thread, struct linux_mcontext *m)
{
	uint64_t keep = 0;
	uint32_t mxcsr = MXCSR_DEFAULT;

	m->rip = (uintptr_t)soft_aex_landing;
	m->rsp = thread->host_rsp;
	m->rflags = RFLAGS_CLEAN;
	__asm__ volatile("wrfsbase %0" : : "r"(thread->host_fs));
	__asm__ volatile("wrgsbase %0" : : "r"(thread->host_gs));
	if (!m->fpstate)
		return;
	memcpy(&keep, m->fpstate + XSTATE_BV_OFFSET, sizeof(keep));
	keep &= XSTATE_PKRU;
	memcpy(m->fpstate + XSTATE_BV_OFFSET, &keep, sizeof(keep));
	memcpy(m->fpstate + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

static void leave(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause)
{
	struct cpu_run *run = thread->run;

	run->exit = cause->exception ? CPU_EXIT_EXCEPTION : CPU_EXIT_SIGNAL;
	run->vector = cause->vector;
	run->error_code = cause->error_code;
	run->address = PAGE_DOWN(cause->address); /* the host sees no more than the page */
	run->signal = cause->signal;
	thread->tcs->cssa++;
	thread->inside = 0;
	restore_host(thread, m);
	__atomic_fetch_add(&soft.counters.aex, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->tcs->busy, 0, __ATOMIC_RELEASE);
}

static struct sgx_gpr *frame_gpr(uint64_t frame)
{
	return (struct sgx_gpr *)(frame + soft.secs.ssa_frame_size * PAGE_SIZE - sizeof(struct sgx_gpr));
}

/* EXITINFO and EXINFO: #PF and #GP are told to the enclave only where MISCSELECT has EXINFO (SDM table 38-9). */
static void save_cause(struct sgx_gpr *gpr, const struct aex_cause *cause)
{
	bool exinfo = soft.secs.misc_select & SGX_MISC_EXINFO;
	bool memory = cause->exception && (cause->vector == X86_PF || cause->vector == X86_GP);

	gpr->exit_info = memory && !exinfo ? 0 : cause->exit_info;
	if (memory && exinfo) {
		struct sgx_exinfo *info = (struct sgx_exinfo *)gpr - 1;

		*info = (struct sgx_exinfo){ .maddr = cause->address, .errcd = cause->error_code };
	}
}

/* Leave with the state that the signal frame holds. */
static void aex(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause)
{
	uint64_t frame = aex_frame(thread->tcs);
	struct sgx_gpr *gpr = frame_gpr(frame);

	/* Inside the stub page's own instructions ENCLU has not begun. */
	if (m->rip - stub_address < STUB_BYTES && !soft.options.strict)
		m->rip = stub_address;
	save_registers(gpr, m);
	save_vectors((uint8_t *)frame, m->fpstate);
	save_cause(gpr, cause);
	leave(thread, m, cause);
}

/* ERESUME has committed but not yet loaded all registers: the frame already holds the state. */
static void aex_resuming(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause)
{
	save_cause(frame_gpr(aex_frame(thread->tcs)), cause);
	leave(thread, m, cause);
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
		cause = cause_exception((uint16_t)leaf->vector, SGX_EXIT_HARDWARE);
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
	bool synchronous = is_synchronous(signal, info);

	if (signal == LINUX_SIGTRAP && m->rip == (uintptr_t)soft_leaf_trapped) {
		leaf_ended(thread, m);
	} else if (at_or_in(m->rip, soft_resume_committed, soft_resume_end)) {
		if (synchronous) /* IRET refused the frame's RIP or flags */
			cause = cause_exception(X86_GP, SGX_EXIT_HARDWARE);
		aex_resuming(thread, m, &cause);
	} else if (synchronous && at_or_in(m->rip, soft_leaf_entry, soft_leaf_started)) {
		if (fault_is_ours(thread, m)) /* the enclave's stack, accepted but never touched */
			return;
		cause = cause_of_fault(signal, info, m);
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

	if (is_synchronous(signal, info)) {
		if (signal == LINUX_SIGSEGV && m->trap == TRAP_PF && fault_is_ours(thread, m))
			return;
		if (signal == LINUX_SIGILL && m->rip == stub_address && soft.options.strict) {
			strict_enclu(m);
			return;
		}
		cause = cause_of_fault(signal, info, m);
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
	if (entering && is_synchronous(signal, info))
		thread->window_fault = (uint32_t)signal; /* XRSTOR refused the frame */
	else
		soft.options.host_signal(signal, info, uc);
	if (entering)
		uc->m.rip = (uintptr_t)soft_enter_abort;
}

static void aex_handler(int signal, void *siginfo, void *ucontext)
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

int aex_init(void)
{
	const struct linux_sigaction action = {
		.handler = aex_handler,
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

int aex_thread_init(void *thread_stack_base)
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
