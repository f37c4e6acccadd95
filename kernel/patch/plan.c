#include "kernel/patch/plan.h"
#include "base/mem.h"

#define INT3 0xccU
#define LEA_RIP_RSI 0x35U /* the ModRM bytes */
#define LEA_RBX_RSI 0xb3U
#define REACH (int64_t)(2 * GIB - MIB)

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

/* lea disp32, %rsi before the site, as glibc has it where threads begin and end: is it what RSI came from? */
static bool patch_lea_before(const uint8_t *site, size_t before, const struct patch_trap *t)
{
	int32_t displacement;

	if (before < 7 || memcmp(site - 7, "\x48\x8d", 2) != 0)
		return false;
	memcpy(&displacement, site - 4, 4);
	if (site[-5] == LEA_RIP_RSI)
		return t->rsi == t->site + (uint64_t)(int64_t)displacement;
	return site[-5] == LEA_RBX_RSI && t->rsi == t->rbx + (uint64_t)(int64_t)displacement;
}

/* Bytes of the instruction right before the site that a stub can do in its place; 0: none that we know. */
static size_t patch_before(const uint8_t *site, size_t before, const struct patch_trap *t)
{
	const uint64_t rax = t->rax;
	uint32_t number;

	if (patch_lea_before(site, before, t))
		return 7;
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

/* The instruction before the site as it has to be elsewhere: an address that counts from RIP becomes a constant. */
static void emit_before(struct emitter *e, const uint8_t *at, size_t size, const struct patch_trap *t)
{
	if (size == 7 && at[-6] == 0x8d && at[-5] == LEA_RIP_RSI) {
		emit(e, "\x48\xbe", 2); /* mov $imm64, %rsi */
		emit(e, &t->rsi, 8);
	} else {
		emit(e, at - size, size);
	}
}

static void plan_before(struct patch_plan *p, const uint8_t *at, size_t size, const struct patch_trap *t, uint64_t stub,
			uint64_t entry)
{
	struct emitter jump = { p->site, t->site - size }, e = { p->stub, stub };

	p->offset = -(int32_t)size;
	p->size = (uint32_t)size;
	memset(p->site, 0x90, sizeof(p->site));
	emit_relative(&jump, "\xe9", 1, stub);
	emit_before(&e, at, size, t);
	emit_enter(&e, t->site + 2, entry);
}

static void plan_over(struct patch_plan *p, const uint8_t *at, uint64_t site, uint64_t stub, uint64_t entry)
{
	struct emitter jump = { p->site, site }, e = { p->stub, stub };

	p->offset = 0;
	p->size = 5;
	p->tail = stub + 7 + 6 + 8 + 2;
	emit_relative(&jump, "\xe9", 1, stub);
	emit_enter(&e, p->tail, entry);
	emit(&e, "\xeb\xe9", 2); /* where a restarted call comes back: to the stub's beginning */
	emit(&e, at + 2, 6);     /* the CMP */
	emit_relative(&e, "\xe9", 1, site + 8);
}

enum patch_way patch_way(const uint8_t *text, size_t before, size_t after, const struct patch_trap *t)
{
	const uint8_t *site = text + before;

	if (after < 2 || site[0] != 0x0f || site[1] != 0x05)
		return PATCH_NONE;
	if (patch_before(site, before, t))
		return PATCH_BEFORE;
	return patch_cmp_follows(site, after) ? PATCH_OVER : PATCH_NONE;
}

/* The jump's displacement counts from site + 5; its second byte is the third of the five. */
bool patch_stub_fits(enum patch_way way, uint64_t site, uint64_t stub)
{
	int64_t distance = (int64_t)(stub - site);

	if (distance > REACH || distance < -REACH)
		return false;
	return way == PATCH_BEFORE || ((stub - (site + 5)) >> 8 & 0xff) == INT3;
}

uint64_t patch_stub_next(uint64_t site, uint64_t from)
{
	uint64_t displacement = from - (site + 5);

	if ((displacement >> 8 & 0xff) == INT3)
		return from;
	displacement = (displacement & ~0xffffUL) + (INT3 << 8) + ((displacement & 0xffff) > (INT3 << 8) ? 0x10000 : 0);
	return site + 5 + displacement;
}

void patch_plan(struct patch_plan *p, enum patch_way way, const uint8_t *text, size_t before,
		const struct patch_trap *t, uint64_t stub, uint64_t entry)
{
	const uint8_t *at = text + before;

	if (way == PATCH_BEFORE)
		plan_before(p, at, patch_before(at, before, t), t, stub, entry);
	else
		plan_over(p, at, t->site, stub, entry);
}
