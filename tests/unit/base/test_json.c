#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_write.h"

static struct json values[4096];
static struct json_reader reader = { values, 4096, 0 };
static struct text_error error;

static const struct json *read_good(const char *text)
{
	int err = json_read(&reader, text, strlen(text), &error);

	if (err)
		print_error("%s: %u:%u %s\n", text, error.line, error.column, error.message);
	assert_int_equal(err, 0);
	return values;
}

static void test_values(void **state)
{
	const struct json *root =
		read_good(" {\"a\": [1, -2.5e+3, true, null, \"x\\u0000y\"], \"\\u0062\": {\"c\": {}}} ");
	const struct json *a = json_member_of(root, "a", JSON_ARRAY);
	char out[8];
	uint64_t u;

	(void)state;
	assert_int_equal(a->count, 5);
	assert_true(json_u64(json_at(a, 0), &u));
	assert_int_equal(u, 1);
	assert_memory_equal(json_at(a, 1)->span.at, "-2.5e+3", 7);
	assert_int_equal(json_at(a, 1)->span.size, 7);
	assert_true(json_true(json_at(a, 2)));
	assert_int_equal(json_at(a, 3)->kind, JSON_NULL);
	assert_int_equal(json_decode(json_inside(json_at(a, 4)), out, sizeof(out)), 3);
	assert_memory_equal(out, "x\0y", 3);
	assert_int_equal(json_decode(json_inside(json_at(a, 4)), out, 2), -34);
	assert_null(json_at(a, 5));
	assert_non_null(json_member(json_member(root, "b"), "c"));
	assert_null(json_member(root, "none"));
	assert_null(json_member_of(root, "a", JSON_OBJECT));
	assert_memory_equal(json_member(root, "b")->span.at, "{\"c\": {}}", 9);
}

static void test_numbers(void **state)
{
	int64_t i;
	uint64_t u;

	(void)state;
	assert_true(json_u64(read_good("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_false(json_u64(read_good("18446744073709551616"), &u));
	assert_false(json_u64(read_good("1.0"), &u));
	assert_false(json_u64(read_good("-1"), &u));
	assert_true(json_i64(read_good("-9223372036854775808"), &i));
	assert_true(i == INT64_MIN);
	assert_false(json_i64(read_good("9223372036854775808"), &i));
	assert_false(json_i64(read_good("-9223372036854775809"), &i));
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"{",
		"[1,]",
		"{\"a\":1,}",
		"[1 2]",
		"{a:1}",
		"{\"a\" 1}",
		"01",
		"1.",
		".5",
		"1e",
		"+1",
		"-",
		"tru",
		"nul",
		"\"\n\"",
		"\"\\x\"",
		"\"\\ud800\"",
		"\"\\udc00\\ud800\"",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"\"abc",
		"[1]2",
		"{\"a\":1,\"\\u0061\":2}",
		"{\"x\":{\"a\":1,\"b\":2,\"a\":3}}",
		"// c\n1",
		"'a'",
		"NaN",
		"[",
		"]",
		"{\"a\":}",
		"\"\\u12\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (json_read(&reader, bad[i], strlen(bad[i]), &error) != -22)
			fail_msg("accepted %s", bad[i]);
	assert_int_equal(json_read(&reader, "[1,\n  x]", 8, &error), -22);
	assert_int_equal(error.line, 2);
	assert_int_equal(error.column, 3);
	assert_string_equal(error.message, "expected a value, found 'x'");
}

static void test_bounds(void **state)
{
	struct json_reader small = { values, 3, 0 };
	char text[256] = "";

	(void)state;
	assert_int_equal(json_read(&small, "[1,2]", 5, &error), 0);
	assert_int_equal(json_read(&small, "[1,2,3]", 7, &error), -12);
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	assert_int_equal(json_read(&reader, text, 128, &error), 0);
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	assert_int_equal(json_read(&reader, text, 130, &error), -22);
}

/* A big object must not take time that grows with the square of its members. */
static void test_many_members(void **state)
{
	size_t count = 200000, used = 1;
	char *text = malloc(count * 16);
	struct json_reader big = { calloc(count + 1, sizeof(struct json)), count + 1, 0 };

	(void)state;
	assert_non_null(text);
	assert_non_null(big.values);
	text[0] = '{';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, 16, "\"%zu\":1,", (i * 7919) % count);
	text[used - 1] = '}';
	assert_int_equal(json_read(&big, text, used, &error), 0);
	free(big.values);
	free(text);
}

static void test_write(void **state)
{
	static const char expected[] =
		"{\"a\":[1,-9223372036854775808,true,null,\"\\u0001\\n\\\"\\\\\xc3\xa9\"],\"e\":{},\"r\":1.10,"
		"\"h\":\"00ff\"}";
	char buffer[256];
	struct json_writer w;

	(void)state;
	json_write_init(&w, buffer, sizeof(buffer), false);
	json_object(&w, NULL);
	json_array(&w, "a");
	json_put_u64(&w, NULL, 1);
	json_put_i64(&w, NULL, INT64_MIN);
	json_put_bool(&w, NULL, true);
	json_put_null(&w, NULL);
	json_put_string(&w, NULL, "\1\n\"\\\xc3\xa9");
	json_close(&w);
	json_object(&w, "e");
	json_close(&w);
	json_put_raw(&w, "r", "1.10", 4);
	json_put_hex(&w, "h", (const uint8_t *)"\0\xff", 2);
	json_close(&w);
	assert_int_equal(json_write_end(&w), strlen(expected));
	assert_string_equal(buffer, expected);
	(void)read_good(buffer);
}

static void test_write_misused(void **state)
{
	char buffer[4];
	struct json_writer w;

	(void)state;
	json_write_init(&w, buffer, sizeof(buffer), false);
	json_array(&w, NULL);
	assert_int_equal(json_write_end(&w), -22);
	json_put_u64(&w, "name in an array", 1);
	json_close(&w);
	assert_int_equal(json_write_end(&w), -22);
	json_write_init(&w, buffer, sizeof(buffer), false);
	json_put_string(&w, NULL, "ab");
	assert_int_equal(json_write_end(&w), -34);
	json_write_init(&w, buffer, sizeof(buffer), false);
	json_put_string(&w, NULL, "\xff");
	assert_int_equal(json_write_end(&w), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	     cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refused),	     cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_many_members), cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_misused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
