/*
 * A signal that finds a thread in the enclave comes after AEX: RIP is the AEP, the vDSO's ENCLU, and RAX is ERESUME.
 * The handler makes the call return instead of resuming, so that the host can tell the enclave by an EENTER of its own.
 * Before the ENCLU of an entry nothing has happened, and the call returns -EINTR. After EEXIT the exit stands.
 */
#include "cpu/hw/signal.h"

#include "base/mem.h"
#include "cpu/hw/driver.h"
#include "cpu/hw/vdso.h"

#define ALTSTACK_OFFSET 0x1000UL
#define ALTSTACK_SIZE 0x7000UL
#define ENTER_MAX 512U /* bytes of the vDSO function that are looked at */

extern const char hw_enter_window[], hw_enter_left[], hw_enter_abort[], hw_signal_landing[];
void hw_restorer(void);

struct hw_vdso hw_vdso;

int hw_vdso_init(const uint8_t *image, size_t size)
{
	uint64_t at = vdso_symbol(image, size, "__vdso_sgx_enter_enclave");
	const uint8_t *code = (const uint8_t *)at;
	uint64_t end = (uintptr_t)image + size;

	if (!at || at >= end)
		return -LINUX_ENODEV;
	for (size_t i = 0; i < ENTER_MAX && at + i + 3 <= end; i++) {
		if (code[i] != 0x0f || code[i + 1] != 0x01 || code[i + 2] != 0xd7)
			continue;
		hw_vdso = (struct hw_vdso){ at, at + i };
		return 0;
	}
	return -LINUX_ENODEV;
}

/* #DB and #BP of the enclave come as signals, not through the vDSO's exception fields. */
static bool enclave_trap(int signal, const struct linux_siginfo *info, const struct linux_mcontext *m)
{
	return signal == LINUX_SIGTRAP && info->code > 0 && (m->trap == X86_BP || m->trap == X86_DB);
}

bool hw_signal_redirect(struct hw_thread *thread, int signal, const struct linux_siginfo *info,
			struct linux_mcontext *m)
{
	struct cpu_run *run = thread->run;

	if (!thread->host_rsp)
		return true;
	if (m->rip == hw_vdso.enclu && (uint32_t)m->rax == ENCLU_ERESUME) {
		bool trap = enclave_trap(signal, info, m);

		run->exit = trap ? CPU_EXIT_EXCEPTION : CPU_EXIT_SIGNAL;
		run->vector = trap ? (uint16_t)m->trap : 0;
		run->error_code = 0;
		run->address = 0;
		run->signal = trap ? 0 : (uint32_t)signal;
		m->rip = (uintptr_t)hw_signal_landing;
		m->rsp = thread->host_rsp;
		return false;
	}
	if ((m->rip >= hw_vdso.enter && m->rip <= hw_vdso.enclu) ||
	    (m->rip >= (uintptr_t)hw_enter_window && m->rip < (uintptr_t)hw_enter_left)) {
		m->rip = (uintptr_t)hw_enter_abort;
		m->rsp = thread->host_rsp;
	}
	return true;
}

static void hw_handler(int signal, void *siginfo, void *ucontext)
{
	struct hw_thread *thread = (struct hw_thread *)((uintptr_t)ucontext & ~(uintptr_t)HW_BLOCK_MASK);
	struct linux_ucontext *uc = ucontext;

	if (hw_signal_redirect(thread, signal, siginfo, &uc->m))
		hw_options.host_signal(signal, siginfo, ucontext);
}

static int handlers_init(void)
{
	const struct linux_sigaction action = {
		.handler = hw_handler,
		.flags = LINUX_SA_SIGINFO | LINUX_SA_ONSTACK | LINUX_SA_RESTORER,
		.restorer = hw_restorer,
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

int hw_thread_init(void *thread_stack_base)
{
	struct linux_stack stack = { (char *)thread_stack_base + ALTSTACK_OFFSET, 0, 0, ALTSTACK_SIZE };
	struct hw_thread *thread = thread_stack_base;
	static uint32_t handlers;
	long ret;

	if ((uintptr_t)thread_stack_base & HW_BLOCK_MASK)
		return -LINUX_EINVAL;
	memset(thread, 0, sizeof(*thread));
	thread->self = thread;
	ret = sys_raw3(SYS_SIGALTSTACK, (long)&stack, 0, 0);
	if (!ret && !__atomic_exchange_n(&handlers, 1, __ATOMIC_RELAXED))
		ret = handlers_init();
	return (int)ret;
}
