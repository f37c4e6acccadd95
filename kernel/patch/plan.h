/*
 * How one system call site can be rewritten. Pure functions over bytes, so that they are tested outside the enclave.
 *
 * Two ways, by what stands around the instruction (counted over real binaries, most calls fall under them):
 *   BEFORE  an instruction of five bytes or more that we know stands right before it: the jump takes its place, the
 *           stub does its work. The SYSCALL stays: who jumps straight to it still traps.
 *   OVER    an instruction of three bytes or more that we know stands right behind it, most often a CMP of RAX with
 *           -4095: a jump of 5 bytes takes the place of SYSCALL and of that instruction's first three, the stub does
 *           it. Somebody can still come to where it began: a thread that was in this call when it was rewritten, a
 *           signal handler that returns, a jump. So stubs are placed where the jump's third byte is INT3, and the trap
 *           code leads whoever runs into it to the stub's end.
 *
 * In both, a call is restarted by stepping back two bytes from the return address that the kernel sees: BEFORE finds
 * the SYSCALL there, OVER a jump of two bytes to the stub's beginning. No stub contains a SYSCALL: it would trap, be
 * counted as a site like any other, and be rewritten.
 */
#ifndef ADYTON_KERNEL_PATCH_PLAN_H
#define ADYTON_KERNEL_PATCH_PLAN_H

#include "abi/types.h"

#define PATCH_WINDOW 10 /* bytes looked at on each side of the site */
#define PATCH_STUB_SIZE 48

enum patch_way { PATCH_NONE, PATCH_BEFORE, PATCH_OVER };

struct patch_plan {
	int32_t offset; /* of the rewritten bytes, relative to the site */
	uint32_t size;
	uint8_t site[8];
	uint8_t stub[PATCH_STUB_SIZE];
	uint64_t tail; /* OVER: where the instruction behind the site is done and the program goes on */
};

/* The site as it trapped: what stood in the registers confirms how the bytes before it are read. */
struct patch_trap {
	uint64_t site, rax, rbx, rsi, rdi, rdx;
};

/*
 * Which way this site can be rewritten. text: the bytes around it in its page, `before` of them in front of it, `after`
 * from it on; of the SYSCALL itself, which trapped, only the first has to be there.
 */
enum patch_way patch_way(const uint8_t *text, size_t before, size_t after, const struct patch_trap *t);
/* May a stub for this site begin there? */
bool patch_stub_fits(enum patch_way way, uint64_t site, uint64_t stub);
/* OVER: the first address at or above `from` where it may; 256 of them follow each other. */
uint64_t patch_stub_next(uint64_t site, uint64_t from);
/* The bytes. entry: where the stub goes. */
void patch_plan(struct patch_plan *p, enum patch_way way, const uint8_t *text, size_t before,
		const struct patch_trap *t, uint64_t stub, uint64_t entry);

#endif
