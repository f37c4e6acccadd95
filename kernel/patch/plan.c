#include "kernel/patch/plan.h"
#include "abi/linux/syscall_nr.h"
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

/* mov $imm32 into EAX, EDX, ESI or EDI: does the register say so too? */
static bool patch_mov_before(const uint8_t *site, size_t before, const struct patch_trap *t)
{
	const uint64_t *const registers[8] = { [0] = &t->rax, [2] = &t->rdx, [6] = &t->rsi, [7] = &t->rdi };
	const uint64_t *value = before >= 5 && (site[-5] & 0xf8) == 0xb8 ? registers[site[-5] & 7] : NULL;
	uint32_t number;

	if (!value || (before > 5 && site[-6] == 0x41)) /* that prefix makes it R8D and so on */
		return false;
	memcpy(&number, site - 4, 4);
	return *value == number;
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
	if (patch_mov_before(site, before, t))
		return 5;
	if (before >= 5 && !memcmp(site - 5, "\x4c\x8b\x4c\x24", 4)) /* mov disp8(%rsp), %r9: syscall(3) of glibc */
		return 5;
	return 0;
}

/*
 * Instructions of three bytes and more that compilers put behind a system call, that do the same wherever they stand,
 * and that cannot fault there: they work on registers, or on the thread's own descriptor.
 */
static const struct patch_behind {
	uint8_t size, bytes[3], mask[3];
} patch_behind_known[] = {
	{ 6, { 0x48, 0x3d, 0x00 }, { 0xff, 0xff, 0x00 } }, /* cmp $imm32, %rax */
	{ 5, { 0x3d, 0x00, 0x00 }, { 0xff, 0x00, 0x00 } }, /* cmp $imm32, %eax */
	{ 4, { 0x48, 0x83, 0xf8 }, { 0xfe, 0xff, 0xf8 } }, /* cmp $imm8, any 64-bit register */
	{ 3, { 0x83, 0xf8, 0x00 }, { 0xff, 0xf8, 0x00 } }, /* cmp $imm8, any 32-bit register */
	{ 3, { 0x40, 0x85, 0xc0 }, { 0xf0, 0xff, 0xc0 } }, /* test, mov, movslq between registers, with REX */
	{ 3, { 0x40, 0x89, 0xc0 }, { 0xf0, 0xff, 0xc0 } },
	{ 3, { 0x40, 0x63, 0xc0 }, { 0xf0, 0xff, 0xc0 } },
	{ 7, { 0x80, 0xbb, 0x00 }, { 0xff, 0xff, 0x00 } }, /* cmpb $imm8, disp32(%rbx): glibc where threads begin */
};

/* Its size, or 0: none that we know. Behind a call that does not come back there may be anything. */
static size_t patch_behind(const uint8_t *site, size_t after, const struct patch_trap *t)
{
	if (t->rax == __NR_exit || t->rax == __NR_exit_group || t->rax == __NR_rt_sigreturn)
		return 0;
	for (size_t i = 0; i < sizeof(patch_behind_known) / sizeof(patch_behind_known[0]); i++) {
		const struct patch_behind *k = &patch_behind_known[i];

		if (after >= 2U + k->size && (site[2] & k->mask[0]) == k->bytes[0] &&
		    (site[3] & k->mask[1]) == k->bytes[1] && (site[4] & k->mask[2]) == k->bytes[2])
			return k->size;
	}
	return 0;
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

static void plan_over(struct patch_plan *p, const uint8_t *at, size_t size, uint64_t site, uint64_t stub,
		      uint64_t entry)
{
	struct emitter jump = { p->site, site }, e = { p->stub, stub };

	p->offset = 0;
	p->size = 5;
	p->tail = stub + 7 + 6 + 8 + 2;
	emit_relative(&jump, "\xe9", 1, stub);
	emit_enter(&e, p->tail, entry);
	emit(&e, "\xeb\xe9", 2); /* where a restarted call comes back: to the stub's beginning */
	emit(&e, at + 2, size);
	emit_relative(&e, "\xe9", 1, site + 2 + size);
}

enum patch_way patch_way(const uint8_t *text, size_t before, size_t after, const struct patch_trap *t)
{
	const uint8_t *site = text + before;

	if (!after || site[0] != 0x0f || (after > 1 && site[1] != 0x05))
		return PATCH_NONE;
	if (patch_before(site, before, t))
		return PATCH_BEFORE;
	return patch_behind(site, after, t) ? PATCH_OVER : PATCH_NONE;
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
		plan_over(p, at, patch_behind(at, PATCH_WINDOW, t), t->site, stub, entry);
}
