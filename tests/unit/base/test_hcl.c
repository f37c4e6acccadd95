#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hcl.h"

struct parsed {
	struct arena arena;
	const struct hcl_node *body;
	struct text_error error;
	int result;
};

static void parse_bytes(struct parsed *p, const char *text, size_t size)
{
	memset(p, 0, sizeof(*p));
	p->arena.size = HCL_ARENA(size);
	p->arena.at = malloc(p->arena.size);
	assert_non_null(p->arena.at);
	p->result = hcl_parse(text, size, &p->arena, &p->body, &p->error);
}

static void parse(struct parsed *p, const char *text)
{
	parse_bytes(p, text, strlen(text));
}

static void parsed_free(struct parsed *p)
{
	free(p->arena.at);
}

static void want_string(const char *text, const char *expected)
{
	struct parsed p;

	parse(&p, text);
	assert_int_equal(p.result, 0);
	assert_non_null(p.body->first);
	assert_int_equal(p.body->first->kind, HCL_STRING);
	assert_string_equal(p.body->first->text.at, expected);
	assert_int_equal(p.body->first->text.size, strlen(expected));
	parsed_free(&p);
}

static void test_strings(void **state)
{
	(void)state;
	want_string("a = \"\"", "");
	want_string("a = \"x\\n\\t\\\"\\\\\\u00e9\\U0001F600 \xc3\xa9\"", "x\n\t\"\\\xc3\xa9\xf0\x9f\x98\x80 \xc3\xa9");
	want_string("a = \"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80");
	want_string("a = \"${b}\"", "${b}");
	want_string("{\"a\": \"b\\/c\"}", "b/c");
}

static void test_heredocs(void **state)
{
	(void)state;
	want_string("a = <<EOT\nx \\n\n  y\nEOT\n", "x \\n\n  y\n");
	want_string("a = <<-EOT\n    x\n      y\n\n    z\n  EOT\n", "x\n  y\n\nz\n");
	want_string("a = <<EOT\nEOT", "");
	want_string("a = <<EOT\nEOTX\n EOT\nb = 1", "EOTX\n");
}

static void test_body(void **state)
{
	struct parsed p;
	const struct hcl_node *block, *n;
	uint64_t value;

	(void)state;
	parse(&p,
	      "# one\n// two\n/* three\n */\nx = 12 y = true\n"
		  "box \"a\" b { z = [1, \"q\", [], {k = -0.5e3},] }\nbox \"c\" \"d\" {}");
	assert_int_equal(p.result, 0);
	assert_true(hcl_u64(hcl_find(p.body, "x"), &value));
	assert_int_equal(value, 12);
	assert_true(hcl_find(p.body, "y")->truth);
	block = hcl_find(p.body, "box");
	assert_int_equal(block->kind, HCL_BLOCK);
	assert_string_equal(block->labels->text.at, "a");
	assert_string_equal(block->labels->next->text.at, "b");
	n = hcl_find(block, "z");
	assert_int_equal(n->kind, HCL_LIST);
	assert_int_equal(n->first->kind, HCL_NUMBER);
	assert_string_equal(n->first->next->next->next->first->text.at, "-0.5e3");
	assert_false(hcl_u64(n->first->next->next->next->first, &value));
	assert_int_equal(n->at.line, 6);
	assert_int_equal(n->at.column, 13);
	assert_int_equal(n->value.column, 17);
	assert_null(hcl_find(p.body, "none"));
	parsed_free(&p);
}

static int note_block(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct text *out = context;

	(void)error;
	for (unsigned int i = 0; i < block->label_count; i++) {
		text_put(out, block->labels[i].at);
		text_put(out, "/");
	}
	text_put(out, hcl_find(block->at, "k")->text.at);
	text_put(out, " ");
	return 0;
}

static void want_blocks(const char *text, const char *expected)
{
	char buffer[256];
	struct text out;
	struct parsed p;
	int err = 0;

	text_init(&out, buffer, sizeof(buffer));
	parse(&p, text);
	assert_int_equal(p.result, 0);
	for (const struct hcl_node *n = p.body->first; n && !err; n = n->next)
		err = hcl_blocks(n, 2, note_block, &out, &p.error);
	assert_int_equal(err, 0);
	assert_string_equal(buffer, expected);
	parsed_free(&p);
}

static void test_blocks_and_json_agree(void **state)
{
	(void)state;
	want_blocks("b \"x\" \"y\" { k = 1 }\nb x z { k = 2 }", "x/y/1 x/z/2 ");
	want_blocks("{\"b\": {\"x\": {\"y\": {\"k\": 1}, \"z\": {\"k\": 2}}}}", "x/y/1 x/z/2 ");
	want_blocks("{\"b\": {\"x\": {\"y\": [{\"k\": 1}, {\"k\": 2}]}}}", "x/y/1 x/y/2 ");
}

static void test_errors(void **state)
{
	static const struct { const char *text; uint32_t line, column; const char *message;
	} cases[] = {
		{ "a = ", 1, 5,
		  "expected a value: a string, number, true, false, list or map, found the end of the file" },
		{ "a = b", 1, 5, "expected a value (a string stands in quotes), found 'b'" },
		{ "a = \"x", 1, 5, "expected '\"' at the end of this string, found the end of the file" },
		{ "\n a = \"x\n\"", 2, 6, "expected '\"' at the end of this string, found the end of the line" },
		{ "a = \"\xc3\xa9\\q\"", 1, 7, "expected a character or escape of a string in UTF-8, found '\\'" },
		{ "a = \"\\u0000\"", 1, 6, "a string cannot contain the character NUL" },
		{ "a = 64MiB", 1, 7,
		  "expected the end of the number (a number with a unit stands in quotes), found 'M'" },
		{ "a = 012", 1, 5, "expected a number such as 12, -3 or 0.5 (no leading zeros)" },
		{ "a = [1 2]", 1, 8, "expected ',' or ']' in a list, found '2'" },
		{ "a = 1\nb = 2\na = 3", 3, 1, "expected this name once, found it also in line 1" },
		{ "a { \n b = 1", 1, 3, "expected '}' for this '{', found the end of the file" },
		{ "a b = 1", 1, 5, "expected a label or '{', found '='" },
		{ "a 1", 1, 3, "expected '=', a label or '{', found '1'" },
		{ "}", 1, 1, "expected the name of an attribute or block, found '}'" },
		{ "a = 1 /* x", 1, 7, "expected */ at the end of this comment, found the end of the file" },
		{ "a = <<E\nx\n", 1, 5,
		  "expected a line with only the closing word of this text, found the end of the file" },
		{ "{\"a\": 1} b", 1, 10, "expected the end of the file after the last '}', found 'b'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed p;

		parse(&p, cases[i].text);
		assert_int_not_equal(p.result, 0);
		assert_string_equal(p.error.message, cases[i].message);
		assert_int_equal(p.error.line, cases[i].line);
		assert_int_equal(p.error.column, cases[i].column);
		parsed_free(&p);
	}
}

static void test_depth(void **state)
{
	char text[256] = "a = ";
	struct parsed p;

	(void)state;
	memset(text + 4, '[', 64);
	memset(text + 68, ']', 64);
	parse(&p, text);
	assert_int_equal(p.result, 0);
	parsed_free(&p);
	memset(text + 4, '[', 65);
	memset(text + 69, ']', 65);
	parse(&p, text);
	assert_int_not_equal(p.result, 0);
	parsed_free(&p);
}

/* The bound that HCL_ARENA promises, at its dearest texts. */
static void test_arena(void **state)
{
	static const char *const parts[] = { "0,", "\"\",", "[],", "{}," };

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char text[8192] = "a=[";
		struct parsed p;
		size_t n = 3;

		for (; n + 8 < sizeof(text); n += strlen(parts[i]))
			memcpy(text + n, parts[i], strlen(parts[i]));
		text[n] = ']';
		parse(&p, text);
		assert_int_equal(p.result, 0);
		parsed_free(&p);
	}
}

static void test_no_memory(void **state)
{
	static uint8_t memory[512];
	struct arena arena = { memory, sizeof(memory), 0 };
	const struct hcl_node *body;
	struct text_error error;

	(void)state;
	assert_int_equal(hcl_parse("a = [1,2,3,4,5,6,7,8,9]", 23, &arena, &body, &error), -12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings), cmocka_unit_test(test_heredocs),
		cmocka_unit_test(test_body), cmocka_unit_test(test_blocks_and_json_agree),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_arena), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
