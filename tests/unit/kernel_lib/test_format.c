/* The printer of the kernel's messages says what the C library's says, for what it knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* after those */
#include <cmocka.h>

#include "kernel/kernel.h"

#define SAME(...)                                                                                                    \
	do {                                                                                                         \
		char ours[64], theirs[64];                                                                           \
		int n = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                               \
		assert_int_equal(format(ours, sizeof(ours), __VA_ARGS__), n);                                        \
		assert_string_equal(ours, theirs);                                                                   \
	} while (0)

static void test_numbers(void **state)
{
	(void)state;
	SAME("%d %d %u %ld", 0, -7, 4000000000U, INT64_MIN);
	SAME("%5d|%-5d|%05d|%o", -42, -42, -42, 8);
	SAME("%x %lx %08x|%8x|%-8x|", 0xabcU, UINT64_MAX, 0xabcU, 0xabcU, 0xabcU);
	SAME("%#x %#lx %#010x|%#10x|%-#10x|%#x", 0xabcU, 0x3f0000UL, 0xabcU, 0xabcU, 0xabcU, 0U);
	SAME("%#o", 0U);
}

static void test_text(void **state)
{
	(void)state;
	SAME("%s|%5s|%-5s|%.2s|%.*s|%c%%", "abc", "abc", "abc", "abc", 1, "abc", 'x');
	SAME("%p", (void *)0x1234);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers), cmocka_unit_test(test_text) };

	return cmocka_run_group_tests_name("kernel_format", tests, NULL, NULL);
}
