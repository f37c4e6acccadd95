#include "kernel/patch/plan.h"
#include "base/mem.h"

#define JMP_REL32 0xe9
#define JMP_REL8 0xeb

/* What is written into a stub, byte by byte. */
struct emitter {
	uint8_t *to;
	uint64_t at; /* address of *to */
};

static void emit(struct emitter *e, const void *bytes, size_t size)
{
	memcpy(e->to, bytes, size);
	e->to += size;
	e->at += size;
}

/* `opcode` bytes, then a 32-bit displacement to target, counted from its own end. */
static void emit_relative(struct emitter *e, const void *opcode, size_t size, uint64_t target)
{
	int32_t displacement = (int32_t)(int64_t)(target - (e->at + size + 4));

	emit(e, opcode, size);
	emit(e, &displacement, 4);
}

/* lea target(%rip), %rcx; then jmp to the kernel through the 8 bytes that follow it. */
static void emit_enter(struct emitter *e, uint64_t back, uint64_t entry)
{
	emit_relative(e, "\x48\x8d\x0d", 3, back);
	emit(e, "\xff\x25\0\0\0\0", 6);
	emit(e, &entry, 8);
}

/* Bytes of the instruction right before the site that a stub can do in its place; 0: none that we know. */
static size_t patch_before(const uint8_t *site, size_t before, uint64_t rax)
{
	uint32_t number;

	if (before >= 7 && !memcmp(site - 7, "\x48\xc7\xc0", 3)) { /* mov $imm32, %rax */
		memcpy(&number, site - 4, 4);
		if (rax == (uint64_t)(int64_t)(int32_t)number)
			return 7;
	}
	if (before >= 5 && site[-5] == 0xb8) { /* mov $imm32, %eax */
		memcpy(&number, site - 4, 4);
		if (rax == number)
			return 5;
	}
	if (before >= 5 && !memcmp(site - 5, "\x4c\x8b\x4c\x24", 4)) /* mov disp8(%rsp), %r9: syscall(3) of glibc */
		return 5;
	return 0;
}

static bool patch_cmp_follows(const uint8_t *site, size_t after)
{
	return after >= 8 && !memcmp(site + 2, "\x48\x3d", 2) && (site[4] == 0x00 || site[4] == 0x01) &&
	       !memcmp(site + 5, "\xf0\xff\xff", 3);
}

/* Would a jump of this many bytes, whose displacement ends at `end`, lead into (site, site + 8)? */
static bool patch_lands(const uint8_t *site, const uint8_t *end, int64_t displacement)
{
	int64_t at = (end - site) + displacement;

	return at > 0 && at < 8;
}

/* Read every offset near by as if a jump stood there. Too careful is fine. */
static bool patch_jumped_to(const uint8_t *text, size_t size, const uint8_t *site)
{
	int32_t displacement;

	for (size_t i = 0; i + 2 <= size; i++) {
		const uint8_t *at = text + i;

		if (at >= site && at < site + 8)
			continue;
		if ((*at == JMP_REL8 || (*at & 0xf0) == 0x70 || (*at & 0xfc) == 0xe0) &&
		    patch_lands(site, at + 2, (int8_t)at[1]))
			return true;
		if (i + 6 > size || (*at != JMP_REL32 && (*at != 0x0f || (at[1] & 0xf0) != 0x80)))
			continue;
		memcpy(&displacement, at + (*at == 0x0f ? 2 : 1), 4);
		if (patch_lands(site, at + (*at == 0x0f ? 6 : 5), displacement))
			return true;
	}
	return false;
}

static void plan_before(struct patch_plan *p, const uint8_t *at, size_t size, uint64_t site, uint64_t stub, uint64_t entry)
{
	struct emitter jump = { p->site, site - size }, e = { p->stub, stub };

	p->offset = -(int32_t)size;
	p->size = (uint32_t)size;
	memset(p->site, 0x90, sizeof(p->site));
	emit_relative(&jump, "\xe9", 1, stub);
	emit(&e, at - size, size);
	emit_enter(&e, site + 2, entry);
}

static void plan_over(struct patch_plan *p, const uint8_t *at, uint64_t site, uint64_t stub, uint64_t entry)
{
	struct emitter jump = { p->site, site }, e = { p->stub, stub };

	p->offset = 0;
	p->size = 5;
	emit_relative(&jump, "\xe9", 1, stub);
	emit_enter(&e, stub + 7 + 6 + 8 + 2, entry);
	emit(&e, "\x0f\x05", 2); /* a restarted call comes back to this one: it traps, and does the same */
	emit(&e, at + 2, 6);     /* the CMP */
	emit_relative(&e, "\xe9", 1, site + 8);
}

bool patch_possible(const uint8_t *text, size_t before, size_t after, uint64_t rax)
{
	const uint8_t *site = text + before;

	if (after < 2 || site[0] != 0x0f || site[1] != 0x05)
		return false;
	return patch_before(site, before, rax) ||
	       (patch_cmp_follows(site, after) && !patch_jumped_to(text, before + after, site));
}

bool patch_plan(struct patch_plan *p, const uint8_t *text, size_t before, size_t after, uint64_t site, uint64_t stub,
		uint64_t entry, uint64_t rax)
{
	const uint8_t *at = text + before;
	int64_t distance = (int64_t)(stub - site);
	size_t size;

	if (!patch_possible(text, before, after, rax) || distance > (int64_t)(2 * GIB - MIB) ||
	    distance < -(int64_t)(2 * GIB - MIB))
		return false;
	size = patch_before(at, before, rax);
	if (size)
		plan_before(p, at, size, site, stub, entry);
	else
		plan_over(p, at, site, stub, entry);
	return true;
}
