/*
 * Asynchronous exits (SDM 39.3): every fault and signal that finds a thread inside the enclave ends here, leaves its
 * state in the SSA frame, and sends the thread back to the host. enter.S names the places where a signal can arrive.
 */
#include "cpu/soft/aex.h"

#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"

extern const char soft_aex_landing[];

#define RFLAGS_CLEAN 0x202UL
#define MXCSR_OFFSET 24
#define MXCSR_DEFAULT 0x1f80U
#define XSTATE_BV_OFFSET 512
#define XSTATE_LEGACY_BYTES 576U
#define XSTATE_PKRU (1UL << 9)

bool aex_is_fault(int signal, const struct linux_siginfo *info)
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

struct aex_cause aex_exception(uint16_t vector, uint32_t type)
{
	return (struct aex_cause){ .exit_info = SGX_EXIT(vector, type), .exception = true, .vector = vector };
}

static struct aex_cause cause_page_fault(uint64_t address, uint64_t error_code)
{
	struct aex_cause cause = aex_exception(X86_PF, SGX_EXIT_HARDWARE);

	cause.address = address;
	cause.error_code = (uint16_t)error_code;
	return cause;
}

bool aex_at_cpuid(uint64_t rip)
{
	return ((const uint8_t *)rip)[0] == 0x0f && ((const uint8_t *)rip)[1] == 0xa2;
}

/* Strict mode: CPUID faults, which is #UD in an enclave. */
static bool is_cpuid(uint64_t rip)
{
	return soft.options.strict && soft_in_elrange(rip, 2) && (epcm_access(epcm_read(rip)) & EPCM_R) &&
	       aex_at_cpuid(rip);
}

struct aex_cause aex_cause_of_fault(int signal, const struct linux_siginfo *info, struct linux_mcontext *m)
{
	switch (signal) {
	case LINUX_SIGSYS: /* `syscall` is #UD inside an enclave: RIP is at the instruction */
		m->rip -= 2;
		return aex_exception(X86_UD, SGX_EXIT_HARDWARE);
	case LINUX_SIGILL:
		return aex_exception(X86_UD, SGX_EXIT_HARDWARE);
	case LINUX_SIGTRAP:
		return m->trap == X86_BP ? aex_exception(X86_BP, SGX_EXIT_SOFTWARE)
					 : aex_exception(X86_DB, SGX_EXIT_HARDWARE);
	case LINUX_SIGFPE:
		return aex_exception(m->trap == X86_MF || m->trap == X86_XM ? (uint16_t)m->trap : X86_DE,
				       SGX_EXIT_HARDWARE);
	case LINUX_SIGBUS:
		if (m->trap == X86_AC)
			return aex_exception(X86_AC, SGX_EXIT_HARDWARE);
		return cause_page_fault(info->address, m->error_code | 4);
	default:
		if (m->trap == X86_PF)
			return cause_page_fault(m->cr2, m->error_code);
		return aex_exception(is_cpuid(m->rip) ? X86_UD : X86_GP, SGX_EXIT_HARDWARE);
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

void aex(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause)
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

void aex_resuming(struct soft_thread *thread, struct linux_mcontext *m, const struct aex_cause *cause)
{
	save_cause(frame_gpr(aex_frame(thread->tcs)), cause);
	leave(thread, m, cause);
}
