#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void test_reader(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct bytes_reader r = { bytes, sizeof(bytes), false };

	(void)state;
	assert_int_equal(bytes_u8(&r), 1);
	assert_int_equal(bytes_u16(&r), 0x0302);
	assert_int_equal(bytes_take_be(&r, 3), 0x040506);
	assert_int_equal(bytes_u32(&r), 0);
	assert_true(r.failed);
	assert_int_equal(bytes_u8(&r), 0); /* failed once, failed for good */
}

static void test_writer(void **state)
{
	uint8_t bytes[8];
	struct bytes_writer w = { bytes, 7, 0, false };

	(void)state;
	bytes_put_le(&w, 0x0201, 2);
	bytes_put_be(&w, 0x0304, 2);
	bytes_put(&w, "x", 1);
	bytes_put_zero(&w, 2);
	assert_false(w.failed);
	assert_memory_equal(bytes, "\1\2\3\4x\0\0", 7);
	bytes_put_zero(&w, 1);
	assert_true(w.failed);
	assert_int_equal(w.used, 7);
}

static void test_hex(void **state)
{
	uint8_t bytes[3];
	char text[7];

	(void)state;
	assert_true(hex_decode("00fFaB", 6, bytes, 3));
	hex_encode(bytes, 3, text);
	assert_string_equal(text, "00ffab");
	assert_false(hex_decode("00fFa", 5, bytes, 3));
	assert_false(hex_decode("00fFag", 6, bytes, 3));
	assert_false(hex_decode("00fFab00", 8, bytes, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reader),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
