/*
 * How one system call site can be rewritten. Pure functions over bytes, so that they are tested outside the enclave.
 *
 * Two ways, by what stands around the instruction (counted over real binaries, most calls fall under them):
 *   BEFORE  an instruction of five bytes or more that we know stands right before it: the jump takes its place, the stub
 *           does its work. The SYSCALL stays: who jumps straight to it still traps.
 *   OVER    a CMP of RAX with -4096 or -4095 right behind it (6 bytes): the jump takes the place of SYSCALL and of the
 *           CMP's first bytes, the stub does the CMP. Only where no jump near by could lead to the CMP.
 *
 * In both the return address that the kernel sees has a SYSCALL in the two bytes before it, so that a call can be
 * restarted by stepping back two bytes.
 */
#ifndef ADYTON_KERNEL_PATCH_PLAN_H
#define ADYTON_KERNEL_PATCH_PLAN_H

#include "abi/types.h"

#define PATCH_WINDOW 192 /* bytes looked at on each side of the site */
#define PATCH_STUB_SIZE 48

struct patch_plan {
	int32_t offset;   /* of the rewritten bytes, relative to the site */
	uint32_t size;
	uint8_t site[8];
	uint8_t stub[PATCH_STUB_SIZE];
};

/*
 * text: the bytes around the site, `before` of them in front of it, `after` from it on. site, stub: addresses; entry:
 * where the stub goes. rax: the call's number as it trapped. False: this site cannot be rewritten.
 */
bool patch_plan(struct patch_plan *p, const uint8_t *text, size_t before, size_t after, uint64_t site, uint64_t stub,
		uint64_t entry, uint64_t rax);
/* Could it be, wherever the stub lies? */
bool patch_possible(const uint8_t *text, size_t before, size_t after, uint64_t rax);

#endif
