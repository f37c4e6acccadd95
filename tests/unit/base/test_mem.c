/* base/mem.c itself, under other names: hosted programs have these functions from their libc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "abi/types.h"

/* What mem.h declares, which is not read then. */
#define ADYTON_BASE_MEM_H
#define memmove ours_memmove
#define memcmp ours_memcmp
#define memchr ours_memchr
#define strlen ours_strlen
#define strnlen ours_strnlen
#define strcmp ours_strcmp
#define strncmp ours_strncmp
#define strchr ours_strchr
#define strrchr ours_strrchr
void *ours_memcpy(void *restrict to, const void *restrict from, size_t size);
void *ours_memset(void *to, int byte, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int byte, size_t size);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
size_t str_copy(char *to, size_t size, const char *from);
#include "mem_renamed.h"
#undef memmove
#undef memcmp

#define ROOM 700

static uint8_t from[ROOM], to[ROOM], expected[ROOM];

static void fill(void)
{
	for (size_t i = 0; i < ROOM; i++) {
		from[i] = (uint8_t)(i * 7 + i / 256 + 1);
		to[i] = expected[i] = 0xee;
	}
}

static void test_copy(void **state)
{
	(void)state;
	for (size_t size = 0; size < 600; size++) {
		for (size_t shift = 0; shift < 10; shift++) {
			fill();
			memcpy(expected + shift, from + 9 - shift, size);
			assert_ptr_equal(ours_memcpy(to + shift, from + 9 - shift, size), to + shift);
			assert_memory_equal(to, expected, ROOM);
		}
	}
}

static void test_move(void **state)
{
	(void)state;
	for (size_t size = 0; size < 300; size += size < 40 ? 1 : 13) {
		for (size_t a = 0; a < 40; a++) {
			for (size_t b = 0; b < 40; b++) {
				fill();
				memcpy(to, from, ROOM);
				memcpy(expected, from, ROOM);
				memmove(expected + a, expected + b, size);
				assert_ptr_equal(ours_memmove(to + a, to + b, size), to + a);
				assert_memory_equal(to, expected, ROOM);
			}
		}
	}
}

static void test_set(void **state)
{
	(void)state;
	for (size_t size = 0; size < 600; size++) {
		fill();
		memset(expected + 5, 0x5a, size);
		assert_ptr_equal(ours_memset(to + 5, 0x5a, size), to + 5);
		assert_memory_equal(to, expected, ROOM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
