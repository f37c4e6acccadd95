/* The bytes that rewrite a system call site, against expectations made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/patch/plan.h"

#define SITE 0x400000000UL
#define ENTRY 0x1122334455667788UL
#define REACH (2 * GIB - MIB)

#define NOPS "\x90\x90\x90\x90\x90\x90\x90\x90"
#define MOV_EAX "\x90\x90\x90\xb8\x27\x00\x00\x00" /* mov $39, %eax */
#define MOV_RAX "\x90\x48\xc7\xc0\x27\x00\x00\x00" /* mov $39, %rax */
#define MOV_R9 "\x90\x90\x90\x4c\x8b\x4c\x24\x08"  /* mov 8(%rsp), %r9 */
#define PLAIN "\x0f\x05\xc3\x90\x90\x90\x90\x90"
#define CMP_4096 "\x0f\x05\x48\x3d\x00\xf0\xff\xff"
#define CMP_4095 "\x0f\x05\x48\x3d\x01\xf0\xff\xff"
static const struct patch_trap trap = { .site = SITE, .rax = 39 };

#define TEXT(before, from) ((const uint8_t *)before from)

static enum patch_way way_within(const uint8_t *text, size_t before, size_t after, uint64_t rax)
{
	const struct patch_trap t = { .site = SITE, .rax = rax };

	return patch_way(text, before, after, &t);
}

static enum patch_way way(const uint8_t *text, uint64_t rax)
{
	return way_within(text, 8, 8, rax);
}

/* Where a rip-relative operand of 4 bytes at `bytes`, which lie at `at`, points. */
static uint64_t target(const uint8_t *bytes, uint64_t at)
{
	int32_t displacement;

	memcpy(&displacement, bytes, 4);
	return at + 4 + (uint64_t)(int64_t)displacement;
}

static void knows_the_ways(void **state)
{
	(void)state;
	assert_int_equal(way(TEXT(MOV_EAX, PLAIN), 39), PATCH_BEFORE);
	assert_int_equal(way(TEXT(MOV_RAX, PLAIN), 39), PATCH_BEFORE);
	assert_int_equal(way(TEXT(MOV_R9, PLAIN), 1234), PATCH_BEFORE);
	assert_int_equal(way(TEXT(NOPS, CMP_4096), 39), PATCH_OVER);
	assert_int_equal(way(TEXT(NOPS, CMP_4095), 39), PATCH_OVER);
	/* Bytes that look like the MOV of another number are none; nothing is known; it is no SYSCALL. */
	assert_int_equal(way(TEXT(MOV_EAX, PLAIN), 40), PATCH_NONE);
	assert_int_equal(way(TEXT(MOV_RAX, PLAIN), 40), PATCH_NONE);
	assert_int_equal(way(TEXT(NOPS, PLAIN), 39), PATCH_NONE);
	assert_int_equal(way(TEXT(MOV_EAX, "\x0f\x34\xc3\x90\x90\x90\x90\x90"), 39), PATCH_NONE);
	/* A page's edge hides what would be needed. */
	assert_int_equal(way_within(TEXT(MOV_EAX, PLAIN) + 4, 4, 8, 39), PATCH_NONE);
	assert_int_equal(way_within(TEXT(NOPS, CMP_4096), 8, 7, 39), PATCH_NONE);
	/* Not what lies behind the site, where the page in front of it is enough. */
	assert_int_equal(way_within(TEXT(MOV_EAX, PLAIN), 8, 1, 39), PATCH_BEFORE);
	assert_int_equal(way_within(TEXT(MOV_EAX, PLAIN), 8, 0, 39), PATCH_NONE);
}

static void knows_moves_of_arguments(void **state)
{
	/* glibc's open(): mov $AT_FDCWD, %edi. The register has to agree, and it must not be R15D. */
	struct patch_trap t = { .site = SITE, .rax = 257, .rdi = 0xffffff9c };
	uint8_t text[16] = "\x48\x89\xfe\xbf\x9c\xff\xff\xff\x0f\x05\xc3";

	(void)state;
	assert_int_equal(patch_way(text, 8, 8, &t), PATCH_BEFORE);
	t.rdi = UINT64_MAX - 99;
	assert_int_equal(patch_way(text, 8, 8, &t), PATCH_NONE);
	t.rdi = 0xffffff9c;
	text[2] = 0x41;
	assert_int_equal(patch_way(text, 8, 8, &t), PATCH_NONE);
	memcpy(text, "\x90\x90\x90\xb9\x9c\xff\xff\xff", 8); /* ECX: SYSCALL has overwritten it */
	assert_int_equal(patch_way(text, 8, 8, &t), PATCH_NONE);
}

/* lea back(%rip), %rcx; jmp *0(%rip); the entry's address. */
static void enters(const uint8_t *code, uint64_t at, uint64_t back)
{
	const uint64_t entry = ENTRY;

	assert_memory_equal(code, "\x48\x8d\x0d", 3);
	assert_int_equal(target(code + 3, at + 3), back);
	assert_memory_equal(code + 7, "\xff\x25\x00\x00\x00\x00", 6);
	assert_memory_equal(code + 13, &entry, 8);
}

static void moves_what_stands_before(void **state)
{
	static const struct {
		const uint8_t *text;
		uint32_t size;
	} cases[] = { { TEXT(MOV_EAX, PLAIN), 5 }, { TEXT(MOV_RAX, PLAIN), 7 }, { TEXT(MOV_R9, PLAIN), 5 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const uint64_t stub = SITE + 0x123456;
		uint32_t size = cases[i].size;
		struct patch_plan p = { 0 };

		patch_plan(&p, PATCH_BEFORE, cases[i].text, 8, &trap, stub, ENTRY);
		assert_int_equal(p.offset, -(int32_t)size);
		assert_int_equal(p.size, size);
		assert_int_equal(p.site[0], 0xe9);
		assert_int_equal(target(p.site + 1, SITE - size + 1), stub);
		assert_memory_equal(p.site + 5, "\x90\x90", size - 5);
		assert_memory_equal(p.stub, cases[i].text + 8 - size, size);
		enters(p.stub + size, stub + size, SITE + 2);
	}
}

static void knows_what_stands_behind(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t size; /* 0: not known, or too short */
	} cases[] = {
		{ "\x48\x3d\x01\xf0\xff\xff", 6 }, { "\x48\x3d\x34\x12\x00\x00", 6 },
		{ "\x3d\x00\xf0\xff\xff", 5 },      { "\x48\x83\xf8\xff", 4 },
		{ "\x49\x83\xfc\x01", 4 },          { "\x83\xf8\xda", 3 },
		{ "\x48\x85\xc0", 3 },              { "\x45\x85\xc0", 3 },
		{ "\x48\x89\xc3", 3 },              { "\x48\x63\xd0", 3 },
		{ "\x80\xbb\xf8\x08\0\0\0", 7 },   { "\x48\x89\x03", 0 }, /* a store may fault */
		{ "\x48\x85\x05", 0 },              { "\x85\xc0\x75", 0 },
		{ "\x80\x3d\x11\x22\x33\x44\x00", 0 }, /* counts from RIP */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct patch_trap t = { .site = SITE, .rax = 39 };
		uint64_t stub = patch_stub_next(SITE, SITE + 0x100000);
		uint8_t text[2 * PATCH_WINDOW] = "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x0f\x05";
		struct patch_plan p = { 0 };
		uint32_t size = cases[i].size;

		memcpy(text + PATCH_WINDOW + 2, cases[i].bytes, size ? size : 3);
		assert_int_equal(patch_way(text, PATCH_WINDOW, PATCH_WINDOW, &t), size ? PATCH_OVER : PATCH_NONE);
		t.rax = 60; /* exit: what follows may be no code */
		assert_int_equal(patch_way(text, PATCH_WINDOW, PATCH_WINDOW, &t), PATCH_NONE);
		t.rax = 39;
		if (!size)
			continue;
		assert_int_equal(patch_way(text, PATCH_WINDOW, size + 1, &t), PATCH_NONE);
		patch_plan(&p, PATCH_OVER, text, PATCH_WINDOW, &t, stub, ENTRY);
		assert_memory_equal(p.stub + 23, cases[i].bytes, size);
		assert_int_equal(p.stub[23 + size], 0xe9);
		assert_int_equal(target(p.stub + 24 + size, stub + 24 + size), SITE + 2 + size);
	}
}

static void writes_over_the_comparison(void **state)
{
	const uint64_t stub = patch_stub_next(SITE, SITE + 0x100000);
	struct patch_plan p = { 0 };

	(void)state;
	patch_plan(&p, PATCH_OVER, TEXT(NOPS, CMP_4095), 8, &trap, stub, ENTRY);
	assert_int_equal(p.offset, 0);
	assert_int_equal(p.size, 5);
	assert_int_equal(p.site[0], 0xe9);
	assert_int_equal(target(p.site + 1, SITE + 1), stub);
	assert_int_equal(p.site[2], 0xcc); /* where the CMP began: who comes there traps */
	enters(p.stub, stub, p.tail);
	assert_int_equal(p.tail, stub + 23);
	assert_memory_equal(p.stub + 21, "\xeb\xe9", 2); /* a call is restarted two bytes before the tail ... */
	assert_int_equal(21 + 2 + (int8_t)p.stub[22], 0); /* ... which leads to the stub's beginning */
	assert_memory_equal(p.stub + 23, TEXT(NOPS, CMP_4095) + 10, 6);
	assert_int_equal(p.stub[29], 0xe9);
	assert_int_equal(target(p.stub + 30, stub + 30), SITE + 8);
}

static void places_stubs_where_int3_falls(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 3000; i++) {
		uint64_t site = SITE + i * 7, from = site - 0x80000 + i * 1234;
		uint64_t stub = patch_stub_next(site, from);

		assert_true(stub >= from && stub < from + 0x10000);
		assert_true(patch_stub_fits(PATCH_OVER, site, stub));
	}
	/* Only there. */
	for (uint64_t i = 0; i < 0x10000; i++)
		assert_int_equal(patch_stub_fits(PATCH_OVER, SITE, SITE + 5 + i), (i >> 8) == 0xcc);
}

static void reaches_two_gib_less_a_margin(void **state)
{
	(void)state;
	assert_true(patch_stub_fits(PATCH_BEFORE, SITE, SITE + REACH));
	assert_false(patch_stub_fits(PATCH_BEFORE, SITE, SITE + REACH + 1));
	assert_true(patch_stub_fits(PATCH_BEFORE, SITE, SITE - REACH));
	assert_false(patch_stub_fits(PATCH_BEFORE, SITE, SITE - REACH - 1));
	assert_false(patch_stub_fits(PATCH_OVER, SITE, SITE + 4 * GIB + 5 + 0xcc00));
	assert_false(patch_stub_fits(PATCH_BEFORE, 0x10000, UINT64_MAX - GIB * 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_ways),
		cmocka_unit_test(knows_moves_of_arguments),
		cmocka_unit_test(knows_what_stands_behind),
		cmocka_unit_test(moves_what_stands_before),
		cmocka_unit_test(writes_over_the_comparison),
		cmocka_unit_test(places_stubs_where_int3_falls),
		cmocka_unit_test(reaches_two_gib_less_a_margin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
