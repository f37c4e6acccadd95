/*
 * How a system call site is rewritten. Input: the call's number (8 bytes), the stub's distance (4), bytes around the
 * site, RBX and RSI (8 each).
 * Only bytes of the site's neighbourhood change, the jump reaches the stub, and the stub comes back behind the site.
 */
#include "tests/fuzz/kernel.h"

#include <string.h>

#include "kernel/patch/plan.h"

#define SITE 0x400000000UL
#define ENTRY 0xfc00001000UL

static uint64_t plan_target(const uint8_t *jump, uint64_t at)
{
	int32_t displacement;

	memcpy(&displacement, jump + 1, 4);
	return at + 5 + (uint64_t)(int64_t)displacement;
}

static void plan_look(const struct patch_plan *p, enum patch_way way, uint64_t stub)
{
	uint64_t at = SITE + (uint64_t)(int64_t)p->offset;

	fuzz_check(p->size >= 5 && p->size <= 7, "five to seven bytes change");
	fuzz_check(p->site[0] == 0xe9 && plan_target(p->site, at) == stub, "the jump goes to the stub");
	if (way == PATCH_BEFORE)
		fuzz_check(p->offset == -(int32_t)p->size, "the SYSCALL stays");
	else
		fuzz_check(!p->offset && p->size == 5 && p->site[2] == 0xcc, "INT3 stands where the CMP began");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct patch_plan p = { 0 };
	uint8_t text[2 * PATCH_WINDOW] = { 0 };
	struct patch_trap trap = { .site = SITE };
	uint64_t stub;
	int32_t distance;
	enum patch_way way;

	if (size < 12 + sizeof(text))
		return 0;
	memcpy(&trap.rax, data, 8);
	memcpy(&distance, data + 8, 4);
	memcpy(text, data + 12, sizeof(text));
	if (size >= 12 + sizeof(text) + 16) {
		memcpy(&trap.rbx, data + 12 + sizeof(text), 8);
		memcpy(&trap.rsi, data + 20 + sizeof(text), 8);
		trap.rdi = trap.rsi;
		trap.rdx = trap.rbx;
	}
	way = patch_way(text, PATCH_WINDOW, PATCH_WINDOW, &trap);
	if (way == PATCH_NONE)
		return 0;
	stub = SITE + (uint64_t)(int64_t)distance;
	if (way == PATCH_OVER)
		stub = patch_stub_next(SITE, stub);
	if (!patch_stub_fits(way, SITE, stub))
		return 0;
	patch_plan(&p, way, text, PATCH_WINDOW, &trap, stub, ENTRY);
	plan_look(&p, way, stub);
	return 0;
}
