/* Percent-encoding and queries. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "server/http/form.h"

static void test_decode(void **state)
{
	static const struct { const char *text, *decoded;
	} rows[] = {
		{ "a%20b", "a b" }, { "a+b", "a+b" },      { "%C3%B6", "\xc3\xb6" }, { "%e2%82%ac", "\xe2\x82\xac" },
		{ "", "" },         { "a%00b", NULL },     { "a%", NULL },           { "a%2", NULL },
		{ "a%zz", NULL },   { "%0a", NULL },       { "%7f", NULL },          { "%ff", NULL },
		{ "%c0%af", NULL }, { "%ed%a0%80", NULL }, { "%c2%85", NULL },       { "%f4%90%80%80", NULL },
		{ "%e2%82", NULL },
	};
	_cleanup_pool_ struct pool p = { .last = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = form_decode(&p, rows[i].text, strlen(rows[i].text), false);

		if (rows[i].decoded)
			assert_string_equal(got, rows[i].decoded);
		else
			assert_null(got);
	}
	assert_string_equal(form_decode(&p, "a+b", 3, true), "a b");
}

static void test_object(void **state)
{
	static const struct { const char *query, *json;
	} rows[] = {
		{ "", "{}" },
		{ "a=1", "{\"a\":\"1\"}" },
		{ "a=1&b=x%20y+z", "{\"a\":\"1\",\"b\":\"x y z\"}" },
		{ "a=1&b=2&a=3", "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}" },
		{ "a", "{\"a\":\"\"}" },
		{ "&&a=&", "{\"a\":\"\"}" },
		{ "help=1&a==b", "{\"a\":\"=b\"}" },
		{ "pem=a%0Ab", "{\"pem\":\"a\\nb\"}" },
		{ "a%0A=1", NULL },
		{ "a=%00", NULL },
		{ "a=%f", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_pool_ struct pool p = { .last = NULL };
		struct names pairs = { .count = 0 };
		struct blob text;

		assert_int_equal(form_pairs(&p, rows[i].query, strlen(rows[i].query), &pairs), rows[i].json != NULL);
		if (!rows[i].json)
			continue;
		assert_non_null(form_object(&p, &pairs, &text));
		assert_string_equal((const char *)text.at, rows[i].json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decode), cmocka_unit_test(test_object) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
