/* Base64: what both forms take, what one takes, and what neither does. */
#include "attest/internal.h"
#include "base/errno.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NO (-EINVAL)

static const struct {
	const char *text, *bytes;
	long strict, any; /* how many bytes, or an error */
} base64_rows[] = {
	{ "", "", 0, 0 },
	{ "  \n\t", "", 0, 0 },
	{ "Zm9v", "foo", 3, 3 },
	{ "Zg==", "f", 1, 1 },
	{ "Zm8=", "fo", 2, 2 },
	{ " Z m\n9\tv\r\n", "foo", 3, 3 },
	{ "Zm8 = ", "fo", 2, 2 },
	{ "+/+/", "\xfb\xff\xbf", 3, 3 },
	/* the other alphabet, and without padding */
	{ "-_-_", "\xfb\xff\xbf", NO, 3 },
	{ "Zg", "f", NO, 1 },
	{ "Zm8", "fo", NO, 2 },
	/* mixed alphabets, wrong padding, digits behind it, bits behind the end, half a digit, other letters */
	{ "+_+_", "", NO, NO },
	{ "Zg=", "", NO, NO },
	{ "Zg===", "", NO, NO },
	{ "Zm9v=", "", NO, NO },
	{ "====", "", NO, NO },
	{ "Zg==Zg==", "", NO, NO },
	{ "Zh==", "", NO, NO },
	{ "Zm9=", "", NO, NO },
	{ "Zh", "", NO, NO },
	{ "Z", "", NO, NO },
	{ "Zm9vZ", "", NO, NO },
	{ "Zm9v.", "", NO, NO },
	{ "Zm9\v", "", NO, NO },
	/* more than there is room for; that it is malformed comes first */
	{ "Zm9vYmFy", "", -ERANGE, -ERANGE },
	{ "Zm9vYg==", "", -ERANGE, -ERANGE },
	{ "Zm9vYmF*", "", NO, NO },
};

static void expect(size_t i, enum base64_form form, long wanted)
{
	const char *text = base64_rows[i].text;
	uint8_t to[4] = { 0, 0, 0, 0x55 };
	long n = base64_decode(bytes_of(text, strlen(text)), form, to, 3);

	if (n != wanted)
		fail_msg("\"%s\", form %d: expected %ld, found %ld", text, form, wanted, n);
	if (n > 0)
		assert_memory_equal(to, base64_rows[i].bytes, (size_t)n);
	assert_int_equal(to[3], 0x55);
}

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64_rows) / sizeof(base64_rows[0]); i++) {
		expect(i, BASE64_STRICT, base64_rows[i].strict);
		expect(i, BASE64_ANY, base64_rows[i].any);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_base64) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
