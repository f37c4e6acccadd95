/* Keys and codes of one-time passwords, as requests. */
#include "tests/unit/server_engine/harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/engine/totp.h"

static struct bench b;

static void text_is(const struct json *data, const char *way, const char *expected)
{
	assert_string_equal(data_text(&b, data, way), expected);
}

/* "12345678901234567890" */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void keys(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &totp_backend);
	expect(&b, 404, OP_READ, "keys/k", NULL);
	expect(&b, 404, OP_LIST, "keys", NULL);
	data = expect(&b, 200, OP_UPDATE, "keys/k", "{\"generate\":true,\"issuer\":\"A B\",\"account_name\":\"c@d\"}");
	assert_non_null(strstr(data_text(&b, data, "url"), "otpauth://totp/A%20B:c@d?algorithm=SHA1&digits=6&issuer="
							   "A%20B&period=30&secret="));
	assert_int_equal(strlen(strstr(data_text(&b, data, "url"), "secret=")), 7 + 32);
	assert_int_equal(strncmp(data_text(&b, data, "barcode"), "iVBORw0KGgo", 11), 0);
	data = expect(&b, 200, OP_UPDATE, "keys/l",
		      "{\"generate\":true,\"issuer\":\"i\",\"account_name\":\"a\",\"qr_size\":0,"
		      "\"key_size\":10,\"algorithm\":\"SHA512\",\"digits\":8}");
	assert_int_equal(strlen(strstr(data_text(&b, data, "url"), "secret=")), 7 + 16);
	assert_null(data_at(&b, data, "barcode"));
	data = expect(&b, 200, OP_READ, "keys/l", NULL);
	text_is(data, "algorithm", "SHA512");
	assert_int_equal(data_int(data, "digits"), 8);
	assert_null(data_at(&b, data, "secret"));
	expect(&b, 204, OP_UPDATE, "keys/m",
	       "{\"generate\":true,\"issuer\":\"i\",\"account_name\":\"a\",\"exported\":false}");
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_LIST, "keys", NULL), "keys"), "[\"k\",\"l\",\"m\"]");
	expect(&b, 204, OP_DELETE, "keys/k", NULL);
	expect(&b, 404, OP_READ, "keys/k", NULL);
	bench_close(&b);
}

static void wrong_keys(void **state)
{
	static const char *const rows[][2] = {
		{ "{}", "the key value is required" },
		{ "{\"generate\":true,\"key\":\"" SECRET "\"}", "a key should not be passed if generate is true" },
		{ "{\"generate\":true,\"url\":\"x\"}", "a url should not be passed if generate is true" },
		{ "{\"generate\":true,\"issuer\":\"i\"}", "the account_name value is required for generated keys" },
		{ "{\"generate\":true,\"account_name\":\"i\"}", "the issuer value is required for generated keys" },
		{ "{\"key\":\"" SECRET "\",\"digits\":7}", "the digits value can only be 6 or 8" },
		{ "{\"key\":\"" SECRET "\",\"algorithm\":\"MD5\"}", "the algorithm value is not valid" },
		{ "{\"key\":\"" SECRET "\",\"period\":0}", "the period value must be greater than zero" },
		{ "{\"key\":\"" SECRET "\",\"skew\":2}", "the skew value must be 0 or 1" },
		{ "{\"key\":\"" SECRET "\",\"qr_size\":-1}",
		  "the qr_size value must be greater than or equal to zero" },
		{ "{\"key\":\"" SECRET "\",\"key_size\":0}", "the key_size value must be greater than zero" },
		{ "{\"key\":\"1\"}", "invalid key value: illegal base32 data" },
		{ "{\"url\":\"nothing\"}", "an error occurred while parsing url string" },
		{ "{\"url\":\"otpauth://totp/a?secret=%zz\"}", "an error occurred while parsing url string" },
		{ "{\"url\":\"otpauth://totp/a?period=x&secret=" SECRET "\"}",
		  "an error occurred while parsing period value in url" },
		{ "{\"url\":\"otpauth://totp/a\"}", "the key value is required" },
	};

	(void)state;
	bench_open(&b, &totp_backend);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(&b, 400, OP_UPDATE, "keys/k", "%s", rows[i][0]);
		assert_string_equal(last_error, rows[i][1]);
	}
	expect(&b, 404, OP_READ, "keys/k", NULL);
	bench_close(&b);
}

static void urls(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &totp_backend);
	expect(&b, 204, OP_UPDATE, "keys/k",
	       "{\"url\":\"otpauth://totp/Big%%20Co:ada@x.org?secret=%s&period=60&digits=8"
	       "&algorithm=SHA256\"}",
	       SECRET);
	data = expect(&b, 200, OP_READ, "keys/k", NULL);
	text_is(data, "issuer", "Big Co");
	text_is(data, "account_name", "ada@x.org");
	text_is(data, "algorithm", "SHA256");
	assert_int_equal(data_int(data, "period"), 60);
	expect(&b, 204, OP_UPDATE, "keys/k", "{\"url\":\"otpauth://totp/ada?issuer=Big+Co&secret=%s\"}", SECRET);
	data = expect(&b, 200, OP_READ, "keys/k", NULL);
	text_is(data, "issuer", "Big Co");
	text_is(data, "account_name", "ada");
	bench_close(&b);
}

static void codes(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &totp_backend);
	expect(&b, 400, OP_READ, "code/k", NULL);
	assert_string_equal(last_error, "unknown key: k");
	expect(&b, 400, OP_UPDATE, "code/k", "{\"code\":\"1\"}");
	expect(&b, 204, OP_UPDATE, "keys/k", "{\"key\":\"%s\",\"digits\":8}", SECRET);
	b.now = 1111111109 * 1000000000LL;
	data = expect(&b, 200, OP_READ, "code/k", NULL);
	text_is(data, "code", "07081804");
	text_is(data, "period", "30s");
	assert_int_equal(data_int(data, "generated"), 1111111109);
	assert_int_equal(data_int(data, "expire_time"), 1111111110);
	expect(&b, 400, OP_UPDATE, "code/k", "{\"code\":\"\"}");
	assert_string_equal(last_error, "the code value is required");
	expect(&b, 400, OP_UPDATE, "code/k", "{\"code\":\"081804\"}");
	assert_string_equal(last_error, "invalid number of digits for the code");
	expect(&b, 400, OP_UPDATE, "code/k", "{\"code\":\"x7081804\"}");
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_UPDATE, "code/k", "{\"code\":\"17081804\"}"), "valid"),
			    "false");
	b.now += 30 * 1000000000LL; /* the step before counts, too */
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_UPDATE, "code/k", "{\"code\":\"07081804\"}"), "valid"),
			    "true");
	bench_restart(&b);
	expect(&b, 400, OP_UPDATE, "code/k", "{\"code\":\"07081804\"}");
	assert_string_equal(last_error, "code already used; wait until the next time period");
	b.now += 90 * 1000000000LL;
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_UPDATE, "code/k", "{\"code\":\"07081804\"}"), "valid"),
			    "false");
	bench_close(&b);
}

static void skew_of_none(void **state)
{
	(void)state;
	bench_open(&b, &totp_backend);
	expect(&b, 204, OP_UPDATE, "keys/k", "{\"key\":\"%s\",\"digits\":8,\"skew\":0}", SECRET);
	b.now = (1111111109 + 30) * 1000000000LL;
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_UPDATE, "code/k", "{\"code\":\"07081804\"}"), "valid"),
			    "false");
	b.now = 1111111109 * 1000000000LL;
	assert_string_equal(data_raw(&b, expect(&b, 200, OP_UPDATE, "code/k", "{\"code\":\"07081804\"}"), "valid"),
			    "true");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),  cmocka_unit_test(wrong_keys),   cmocka_unit_test(urls),
		cmocka_unit_test(codes), cmocka_unit_test(skew_of_none),
	};

	return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
