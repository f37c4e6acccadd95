/*
 * Copies over the border: whole aligned words outside the enclave, exactly the bytes inside it. "Outside" is the window
 * here; what lies around it and around the inside buffer must not change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "kernel/mm/user.h"

#define SIZES 700
#define GUARD 64

static uint8_t window[SIZES + 3 * GUARD] __attribute__((aligned(64)));
static uint8_t inside[SIZES + 3 * GUARD] __attribute__((aligned(64)));

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 37 + 11);
}

static void out_whole_words(void **state)
{
	(void)state;
	for (size_t size = 0; size < SIZES; size++) {
		size_t offset = size % 17, whole = (size + 7) & ~(size_t)7;

		for (size_t i = 0; i < sizeof(inside); i++)
			inside[i] = pattern(i);
		memset(window, 0xa5, sizeof(window));
		assert_int_equal(user_words_out((uint64_t)window + GUARD, (uint64_t)inside + offset, size), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(window[GUARD + i], pattern(offset + i));
		for (size_t i = size; i < whole; i++) /* the last word is filled up, not left as it was */
			assert_int_equal(window[GUARD + i], 0);
		for (size_t i = 0; i < GUARD; i++)
			assert_true(window[i] == 0xa5 && window[GUARD + whole + i] == 0xa5);
	}
}

static void in_exact_bytes(void **state)
{
	(void)state;
	for (size_t size = 0; size < SIZES; size++) {
		size_t offset = size % 17;

		for (size_t i = 0; i < sizeof(window); i++)
			window[i] = pattern(i);
		memset(inside, 0xa5, sizeof(inside));
		assert_int_equal(user_words_in((uint64_t)inside + GUARD + offset, (uint64_t)window, size), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(inside[GUARD + offset + i], pattern(i));
		for (size_t i = 0; i < GUARD; i++)
			assert_true(inside[offset + i] == 0xa5 && inside[GUARD + offset + size + i] == 0xa5);
	}
}

/* What lies inside is never touched beyond its end: the next page may not be there. */
static void ends_at_a_page(void **state)
{
	uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(pages != MAP_FAILED);
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	for (size_t size = 0; size < 300; size++) {
		assert_int_equal(user_words_out((uint64_t)window, (uint64_t)pages + 4096 - size, size), 0);
		assert_int_equal(user_words_in((uint64_t)pages + 4096 - size, (uint64_t)window, size), 0);
	}
	(void)munmap(pages, 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_whole_words),
		cmocka_unit_test(in_exact_bytes),
		cmocka_unit_test(ends_at_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
