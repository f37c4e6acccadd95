/* System call instructions of the program: the first time they trap, from then on they jump. */
#ifndef ADYTON_KERNEL_PATCH_PATCH_H
#define ADYTON_KERNEL_PATCH_PATCH_H

#include "kernel/task/regs.h"

/*
 * The program trapped at a real SYSCALL instruction (r->rip points at it): rewrite the site if that is safe, then serve
 * it.
 */
void patch_trapped_syscall(struct regs *r);

/* INT3 at a place that a rewritten site overlaps: lead the program on. False: it is the program's own. */
bool patch_breakpoint(struct regs *r);

/* exec: text and stubs are gone, and no thread is left that could stand in them. */
void patch_exec(void);

/* Has this site's own instruction been replaced? Then who trapped there before can simply run on. */
bool patch_rewritten(uint64_t site);

struct patch_counts {
	uint64_t traps, patched, unpatchable;
};
void patch_counts(struct patch_counts *out);

#endif
