/* The SGX processor itself behind cpu/encls.h. Never run on silicon: see driver.h. */
#include "base/mem.h"
#include "cpu/hw/driver.h"
#include "cpu/hw/signal.h"
#include "cpu/hw/vdso.h"

_Static_assert(offsetof(struct hw_thread, host_rsp) == HW_THREAD_RSP, "enter.h");
_Static_assert(offsetof(struct hw_thread, run) == HW_THREAD_RUN, "enter.h");
_Static_assert(offsetof(struct cpu_run, function) == 8, "enter.S");
_Static_assert(offsetof(struct cpu_run, regs) == HW_RUN_REGS, "enter.h");
_Static_assert(offsetof(struct cpu_run, interrupt) == HW_RUN_INTERRUPT, "enter.h");

static int hw_create_all(const struct cpu_options *options, const struct sgx_secs *secs)
{
	const uint8_t *vdso = (const uint8_t *)vdso_find();
	int ret = vdso ? hw_vdso_init(vdso, vdso_size(vdso)) : -LINUX_ENODEV;

	return ret ? ret : hw_create(options, secs);
}

/* What the vDSO's return means. */
static int hw_exit(long ret, const struct hw_vdso_run *v, struct cpu_run *run)
{
	if (ret == 1) /* hw_signal_landing: the handler has filled in the rest */
		return 0;
	if (ret < 0 && ret != -LINUX_EFAULT)
		return (int)ret;
	if (v->function == ENCLU_EEXIT) {
		run->exit = CPU_EXIT_EEXIT;
		if (run->served && run->served(run))
			run->exit = CPU_EXIT_SERVED;
		return 0;
	}
	/* EENTER itself faulted: nothing is inside (no TCS there, TCS busy, no SSA frame left). */
	if (v->function == ENCLU_EENTER)
		return v->exception_vector == X86_PF ? -LINUX_EFAULT : -LINUX_EINVAL;
	run->exit = CPU_EXIT_EXCEPTION;
	run->vector = v->exception_vector;
	run->error_code = v->exception_error_code;
	run->address = v->exception_addr;
	return 0;
}

static int hw_enter(struct cpu_run *run)
{
	uintptr_t base = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)HW_BLOCK_MASK;
	struct hw_thread *thread = (struct hw_thread *)base;
	struct hw_vdso_run v = { .tcs = run->tcs };

	if (thread->self != thread || (run->function != ENCLU_EENTER && run->function != ENCLU_ERESUME))
		return -LINUX_EINVAL;
	return hw_exit(hw_asm_enter(thread, run, &v, (hw_vdso_enter_fn *)hw_vdso.enter), &v, run);
}

const struct cpu_ops cpu_hw = {
	.name = "hw",
	.create = hw_create_all,
	.add = hw_add,
	.init = hw_init,
	.restrict_permissions = hw_restrict_permissions,
	.modify_type = hw_modify_type,
	.remove = hw_remove,
	.thread_init = hw_thread_init,
	.enter = hw_enter,
	.counters = hw_counters,
};
