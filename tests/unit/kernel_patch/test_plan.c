/*
 * Rewritten call sites, run natively: the kernel's place is taken by code that answers with what it finds in registers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
/* after those */
#include <cmocka.h>

#include "kernel/patch/plan.h"

#define SITE 64U    /* where SYSCALL stands in the text */
#define STUB 1024U
#define ENTRY 2048U

static uint8_t *text; /* a page that can be written and run */

/* Code before SYSCALL, SYSCALL, code behind it; `from` is where it is entered, relative to the SYSCALL. */
static void lay_out(const char *before, size_t before_size, const char *behind, size_t behind_size)
{
	memset(text, 0xcc, 4096);
	memcpy(text + SITE - before_size, before, before_size);
	memcpy(text + SITE, "\x0f\x05", 2);
	memcpy(text + SITE + 2, behind, behind_size);
	/* The kernel: rax = (rax << 32) + rsi, back to rcx. */
	memcpy(text + ENTRY, "\x48\xc1\xe0\x20\x48\x01\xf0\xff\xe1", 9);
}

static enum patch_way way(const struct patch_trap *t)
{
	return patch_way(text + SITE - PATCH_WINDOW, PATCH_WINDOW, PATCH_WINDOW, t);
}

static void rewrite(const struct patch_trap *t, enum patch_way how)
{
	struct patch_plan plan = { 0 };
	uint64_t stub = (uint64_t)text + STUB;

	if (how == PATCH_OVER)
		stub = patch_stub_next(t->site, stub);
	assert_true(patch_stub_fits(how, t->site, stub));
	patch_plan(&plan, how, text + SITE - PATCH_WINDOW, PATCH_WINDOW, t, stub, (uint64_t)text + ENTRY);
	memcpy((uint8_t *)stub, plan.stub, sizeof(plan.stub));
	memcpy(text + SITE + plan.offset, plan.site, plan.size);
}

static uint64_t run(size_t before, uint64_t argument)
{
	uint64_t (*code)(uint64_t) = NULL;
	uint8_t *at = text + SITE - before;

	memcpy(&code, &at, sizeof(code));
	return code(argument);
}

static int setup(void **state)
{
	(void)state;
	text = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return text == MAP_FAILED;
}

static void test_number(void **state)
{
	struct patch_trap t = { .site = (uint64_t)text + SITE, .rax = 39 };

	(void)state;
	lay_out("\x31\xf6\xb8\x27\0\0\0", 7, "\xc3", 1); /* xor esi, esi; mov $39, eax */
	assert_int_equal(way(&t), PATCH_BEFORE);
	rewrite(&t, PATCH_BEFORE);
	assert_int_equal(run(7, 0), 39UL << 32);
	assert_memory_equal(text + SITE, "\x0f\x05", 2); /* who jumps to it still traps */
	t.rax = 40; /* came here another way */
	lay_out("\x31\xf6\xb8\x27\0\0\0", 7, "\xc3", 1);
	assert_int_equal(way(&t), PATCH_NONE);
}

static void test_lea_rip(void **state)
{
	struct patch_trap t = { .site = (uint64_t)text + SITE, .rax = 14, .rsi = (uint64_t)text + SITE - 0x1234 };

	(void)state;
	lay_out("\x31\xc0\x48\x8d\x35\xcc\xed\xff\xff", 9, "\xc3", 1); /* xor eax, eax; lea -0x1234(%rip), %rsi */
	assert_int_equal(way(&t), PATCH_BEFORE);
	rewrite(&t, PATCH_BEFORE);
	assert_int_equal(run(9, 0), t.rsi);
	assert_memory_equal(text + SITE, "\x0f\x05", 2);
	lay_out("\x31\xc0\x48\x8d\x35\xcc\xed\xff\xff", 9, "\xc3", 1);
	t.rsi++;
	assert_int_equal(way(&t), PATCH_NONE);
}

static void test_lea_rbx(void **state)
{
	/* push %rbx; mov %rdi, %rbx; xor eax, eax; lea 0x8f0(%rbx), %rsi; SYSCALL; pop %rbx; ret */
	static const char code[] = "\x53\x48\x89\xfb\x31\xc0\x48\x8d\xb3\xf0\x08\0";
	struct patch_trap t = { .site = (uint64_t)text + SITE, .rax = 14, .rbx = 0x70000000, .rsi = 0x700008f0 };

	(void)state;
	lay_out(code, 13, "\x5b\xc3", 2);
	assert_int_equal(way(&t), PATCH_BEFORE);
	rewrite(&t, PATCH_BEFORE);
	assert_int_equal(run(13, 0x12345000), 0x123458f0);
	lay_out(code, 13, "\x5b\xc3", 2);
	t.rbx++;
	assert_int_equal(way(&t), PATCH_NONE);
	/* lea into another register says nothing of RSI. */
	t.rbx--;
	text[SITE - 5] = 0xbb;
	assert_int_equal(way(&t), PATCH_NONE);
}

static void test_over(void **state)
{
	struct patch_trap t = { .site = (uint64_t)text + SITE, .rax = 14 };

	(void)state;
	/* cmp; seta al */
	lay_out("\x31\xc0\x31\xf6\x90", 5, "\x48\x3d\x00\xf0\xff\xff\x0f\x97\xc0\x0f\xb6\xc0\xc3", 13);
	assert_int_equal(way(&t), PATCH_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_number), cmocka_unit_test(test_lea_rip),
					    cmocka_unit_test(test_lea_rbx), cmocka_unit_test(test_over) };

	return cmocka_run_group_tests_name("kernel_patch", tests, setup, NULL);
}
