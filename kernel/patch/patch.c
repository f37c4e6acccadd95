#include "kernel/patch/patch.h"
#include "kernel/entry/entry.h"

static struct patch_counts patch_count;

void patch_trapped_syscall(struct regs *r)
{
	__atomic_fetch_add(&patch_count.traps, 1, __ATOMIC_RELAXED);
	/* As the instruction leaves them: RCX where the program goes on, R11 its flags. */
	r->orig_rax = r->rax;
	r->rip += 2;
	r->rcx = r->rip;
	r->r11 = r->rflags;
	syscall_dispatch(r);
}

void patch_counts(struct patch_counts *out)
{
	*out = patch_count;
}
