/*
 * ENCLU leaf functions: from the stub page (enter.S) to the function, under the processor's lock. Unlike silicon's they
 * leave no meaning in RFLAGS (ZF says the same as RAX there): callers look at RAX.
 */
#include "base/mem.h"
#include "cpu/soft/epcm.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

int leaf_operand(struct soft_leaf *leaf, void *to, uint64_t from, uint64_t size, uint64_t align)
{
	if (from & (align - 1) || !soft_in_elrange(from, size))
		return leaf_gp(leaf);
	if (!memory_touch(from, EPCM_R))
		return leaf_pf(leaf, from);
	memcpy(to, (const void *)from, size);
	return 0;
}

int soft_leaf_dispatch(struct soft_leaf *leaf)
{
	static int (*const functions[])(struct soft_leaf *) = {
		[ENCLU_EREPORT] = ereport, [ENCLU_EGETKEY] = egetkey,	    [ENCLU_EACCEPT] = eaccept,
		[ENCLU_EMODPE] = emodpe,   [ENCLU_EACCEPTCOPY] = eacceptcopy,
	};
	uint32_t number = (uint32_t)leaf->rax;
	int ret;

	leaf->vector = 0;
	/* EENTER and ERESUME from inside, and leaf functions that this processor does not have: #GP(0). */
	if (number >= sizeof(functions) / sizeof(functions[0]) || !functions[number])
		return leaf_gp(leaf);
	lock_acquire(&soft.lock);
	ret = functions[number](leaf);
	lock_release(&soft.lock);
	return ret;
}
