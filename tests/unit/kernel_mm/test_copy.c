/* kernel/mm/copy.S: what is copied, and that nothing is touched behind the end of what the program has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PAGE 4096

long user_copy_bytes(uint64_t to, uint64_t from, size_t size);
long user_copy_string(char *to, uint64_t from, size_t size);

static char *page; /* the next one is not there */
static char to[PAGE], expected[PAGE];

static int map(void **state)
{
	(void)state;
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED || mprotect(page + PAGE, PAGE, PROT_NONE))
		return -1;
	for (size_t i = 0; i < PAGE; i++)
		page[i] = (char)(i % 250 + 1);
	return 0;
}

static void test_bytes(void **state)
{
	(void)state;
	for (size_t size = 0; size < 600; size++) {
		for (size_t shift = 0; shift < 9; shift++) {
			memset(to, 0x55, sizeof(to));
			memset(expected, 0x55, sizeof(expected));
			memcpy(expected + shift, page + PAGE - size, size);
			assert_int_equal(user_copy_bytes((uint64_t)to + shift, (uint64_t)page + PAGE - size, size), 0);
			assert_memory_equal(to, expected, sizeof(to));
		}
	}
}

/* Every length, every distance from the page's end, and every bound around the length. */
static void test_string(void **state)
{
	(void)state;
	for (size_t length = 0; length < 70; length++) {
		for (size_t behind = 0; behind < 20; behind++) {
			char *at = page + PAGE - 1 - length - behind;
			char kept = at[length];

			at[length] = 0;
			for (size_t size = length > 9 ? length - 9 : 0; size < length + 12; size++) {
				size_t n = size <= length ? size : length + 1;

				memset(to, 0x55, sizeof(to));
				memset(expected, 0x55, sizeof(expected));
				memcpy(expected, at, n);
				assert_int_equal(user_copy_string(to, (uint64_t)at, size),
						 size < length ? size : length);
				assert_memory_equal(to, expected, sizeof(to));
			}
			at[length] = kept;
		}
	}
}

/* Without an end in this page the bound is what keeps it from the next. */
static void test_string_bound(void **state)
{
	(void)state;
	for (size_t size = 0; size < 100; size++) {
		memset(to, 0x55, sizeof(to));
		assert_int_equal(user_copy_string(to, (uint64_t)page + PAGE - size, size), size);
		assert_memory_equal(to, page + PAGE - size, size);
		assert_int_equal(to[size], 0x55);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_string_bound),
	};

	return cmocka_run_group_tests(tests, map, NULL);
}
