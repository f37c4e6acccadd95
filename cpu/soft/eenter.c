/* EENTER and ERESUME (SDM 40.4): the checks, then enter.S. */
#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define CANONICAL_TOP 0x800000000000UL

_Static_assert(FRAME_READY == (EPCM_VALID | EPCM_TYPE(SGX_PT_REG) | EPCM_R | EPCM_W |
			       (EPCM_R | EPCM_W) << PAGE_MAPPED_SHIFT), "asm.h");
_Static_assert(FRAME_MASK == (EPCM_VALID | EPCM_TYPE_MASK | EPCM_R | EPCM_W | EPCM_PENDING | EPCM_MODIFIED |
			      (EPCM_R | EPCM_W) << PAGE_MAPPED_SHIFT), "asm.h");

static struct soft_thread *enter_thread(void)
{
	return (struct soft_thread *)((uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)THREAD_BLOCK_MASK);
}

/* The TCS at an address, if the page there is one now. */
static struct soft_tcs *enter_tcs(struct soft_thread *thread, uint64_t address)
{
	struct soft_tcs *tcs = thread->tcs;
	const uint32_t want = EPCM_VALID | EPCM_TYPE(SGX_PT_TCS);

	if ((epcm_read(address) & (want | EPCM_TYPE_MASK | EPCM_PENDING | EPCM_MODIFIED)) != want)
		return NULL;
	if (tcs && __atomic_load_n(&tcs->address, __ATOMIC_ACQUIRE) == address)
		return tcs;
	lock_acquire(&soft.lock);
	tcs = tcs_find(address);
	lock_release(&soft.lock);
	return tcs;
}

/* Every page of an SSA frame is a regular one that the enclave can read and write, and is there. */
static bool ssa_frame_ok(uint64_t frame)
{
	bool ok = true;

	for (uint32_t i = 0; ok && i < soft.secs.ssa_frame_size; i++, frame += PAGE_SIZE) {
		const uint32_t mapped = (EPCM_R | EPCM_W) << PAGE_MAPPED_SHIFT;
		uint32_t word = epcm_read(frame);

		if ((epcm_access(word) & (EPCM_R | EPCM_W)) != (EPCM_R | EPCM_W))
			return false;
		if ((word & mapped) == mapped)
			continue;
		lock_acquire(&soft.lock);
		ok = memory_touch(frame, EPCM_R | EPCM_W);
		lock_release(&soft.lock);
	}
	return ok;
}

static uint64_t ssa_frame(const struct soft_tcs *tcs, uint32_t cssa)
{
	return tcs->ossa + (uint64_t)cssa * soft.secs.ssa_frame_size * PAGE_SIZE;
}

static struct sgx_gpr *ssa_gpr(uint64_t frame)
{
	return (struct sgx_gpr *)(frame + soft.secs.ssa_frame_size * PAGE_SIZE - sizeof(struct sgx_gpr));
}

static long eenter(struct soft_thread *thread, struct cpu_run *run, struct soft_tcs *tcs)
{
	uint64_t frame = ssa_frame(tcs, tcs->cssa);

	if (tcs->cssa >= tcs->nssa)
		return -LINUX_EINVAL;
	if (!ssa_frame_ok(frame))
		return -LINUX_EFAULT;
	thread->frame_word = soft.secs.ssa_frame_size == 1 ? epcm_word(frame) : NULL;
	thread->frame_gpr = ssa_gpr(frame);
	return soft_asm_eenter(thread, run, tcs, tcs->cssa, thread->frame_gpr);
}

static long eresume(struct soft_thread *thread, struct cpu_run *run, struct soft_tcs *tcs)
{
	struct sgx_gpr *gpr;
	uint64_t frame;
	long ret;

	if (!tcs->cssa)
		return -LINUX_EINVAL;
	frame = ssa_frame(tcs, tcs->cssa - 1);
	if (!ssa_frame_ok(frame))
		return -LINUX_EFAULT;
	gpr = ssa_gpr(frame);
	if (gpr->rip >= CANONICAL_TOP || gpr->fs_base >= CANONICAL_TOP || gpr->gs_base >= CANONICAL_TOP)
		return -LINUX_EINVAL;
	tcs->cssa--;
	thread->window_fault = 0;
	ret = soft_asm_eresume(thread, run, (void *)frame, gpr, soft.xsave_mask);
	if (ret >= 0 || thread->exited)
		return ret;
	tcs->cssa++;
	return thread->window_fault ? -LINUX_EINVAL : ret;
}

int soft_enter(struct cpu_run *run)
{
	struct soft_thread *thread = enter_thread();
	struct soft_tcs *tcs;
	uint32_t idle = 0;
	long ret;

	if (thread->self != thread || !(soft.secs.attributes.flags & SGX_ATTR_INIT) || run->tcs & PAGE_MASK)
		return -LINUX_EINVAL;
	tcs = enter_tcs(thread, run->tcs);
	if (!tcs)
		return -LINUX_EFAULT;
	if (!__atomic_compare_exchange_n(&tcs->busy, &idle, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return -LINUX_EBUSY;
	thread->tcs = tcs;
	thread->run = run;
	thread->exited = 0;
	if (run->function == ENCLU_EENTER)
		ret = eenter(thread, run, tcs);
	else
		ret = run->function == ENCLU_ERESUME ? eresume(thread, run, tcs) : -LINUX_EINVAL;
	if (ret < 0) /* not entered; an exit has released the TCS itself */
		__atomic_store_n(&tcs->busy, 0, __ATOMIC_RELEASE);
	if (__atomic_load_n(&memory_pending, __ATOMIC_RELAXED)) {
		lock_acquire(&soft.lock);
		memory_flush();
		lock_release(&soft.lock);
	}
	return ret < 0 ? (int)ret : 0;
}
