/* kernel/fs/walk_text.c: names are appended as the plainest code would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fs/walk_step.h"

static struct walk w;
static char expected[WALK_ROOM];
static uint32_t seed = 1;

static uint32_t pick(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % below;
}

/* By names: what walk_append() is to do. *taken becomes how much of the text it takes; returns the new length. */
static size_t append(char *name, const char *text, size_t size, size_t *taken)
{
	size_t length = strcmp(name, "/") ? strlen(name) : 0, at = 0;

	while (at < size && text[at]) {
		size_t n = strcspn(text + at, "/");

		if (at + n > size)
			n = size - at;
		if (n == 2 && !memcmp(text + at, "..", 2))
			break;
		if (n && !(n == 1 && text[at] == '.')) {
			name[length++] = '/';
			memcpy(name + length, text + at, n);
			length += n;
		}
		at += n ? n : 1;
	}
	if (!length)
		length = 1;
	name[length] = 0;
	*taken = at;
	return length;
}

static void check(const char *start, const char *text, size_t size)
{
	size_t taken = size, want, length;

	memset(&w, '/', sizeof(w)); /* slashes everywhere: nothing behind the end may count */
	memcpy(w.text, text, strlen(text) + 1);
	memcpy(w.name, start, strlen(start) + 1);
	memcpy(expected, start, strlen(start) + 1);
	w.length = strlen(start);
	length = walk_append(&w, w.text, &taken);
	assert_int_equal(length, append(expected, text, size, &want));
	assert_string_equal(w.name, expected);
	assert_int_equal(taken, want);
}

static void test_append(void **state)
{
	static const char letters[] = "ab...///";

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[64];
		size_t n = pick(40);
		bool plain = pick(2); /* mostly names, else hardly any text would be without dots */

		for (size_t i = 0; i < n; i++)
			text[i] = plain && pick(8) ? (char)('a' + pick(26)) : letters[pick(8)];
		text[n] = 0;
		check(pick(2) ? "/" : "/usr/share", text, SIZE_MAX);
		check(pick(2) ? "/" : "/usr/share", text, strcspn(text, "/"));
	}
}

static void test_edges(void **state)
{
	(void)state;
	check("/", "", SIZE_MAX);
	check("/", "a", SIZE_MAX);
	check("/", "abcdefg/", SIZE_MAX);
	check("/", "abcdefgh/", SIZE_MAX);
	check("/", "abcdefg/.", SIZE_MAX);
	check("/", "abcdefg/..", SIZE_MAX);
	check("/", "abcdefg/...", SIZE_MAX);
	check("/", "abcdefg/\1", SIZE_MAX);
	check("/", "abcdef./\1/.", SIZE_MAX);
	check("/a", "./.hidden/x", SIZE_MAX);
	check("/a", "../x", SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
