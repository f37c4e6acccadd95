/* kernel/fs/walk_text.c: names are appended as the plainest code would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/fs/walk_step.h"

static struct walk w;
static char expected[WALK_ROOM];

/* By names: what walk_append() is to do. Returns how much of the text it takes. */
static size_t append(char *name, const char *text, size_t size)
{
	size_t at = 0;

	if (!strcmp(name, "/"))
		name[0] = 0;
	while (at < size && text[at]) {
		size_t n = strcspn(text + at, "/");

		if (at + n > size)
			n = size - at;
		if (n == 2 && !memcmp(text + at, "..", 2))
			break;
		if (n && !(n == 1 && text[at] == '.')) {
			strcat(name, "/");
			strncat(name, text + at, n);
		}
		at += n ? n : 1;
	}
	if (!name[0])
		strcpy(name, "/");
	return at;
}

static void check(const char *start, const char *text, size_t size)
{
	size_t taken, want, length;

	memset(&w, 0x2f, sizeof(w)); /* slashes everywhere: nothing behind the end may count */
	strcpy(w.text, text);
	strcpy(w.name, start);
	w.length = strlen(start);
	strcpy(expected, start);
	want = append(expected, text, size);
	taken = size;
	length = walk_append(&w, w.text, &taken);
	assert_string_equal(w.name, expected);
	assert_int_equal(length, strlen(expected));
	assert_int_equal(taken, want);
}

static void test_append(void **state)
{
	static const char letters[] = "ab...///";

	(void)state;
	srand(1);
	for (int round = 0; round < 200000; round++) {
		char text[64];
		size_t n = (size_t)rand() % 40;
		bool plain = rand() % 2; /* mostly names, else hardly any text would be without dots */

		for (size_t i = 0; i < n; i++)
			text[i] = plain && rand() % 8 ? (char)('a' + rand() % 26) : letters[(size_t)rand() % 8];
		text[n] = 0;
		check(rand() % 2 ? "/" : "/usr/share", text, SIZE_MAX);
		check(rand() % 2 ? "/" : "/usr/share", text, strcspn(text, "/"));
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
