/* Key/value storage with and without versions, and cubbyholes. */
#include "tests/unit/server_engine/harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/engine/kv2.h"
#include "server/token/token.h"

static struct bench b;

static void text_is(const struct json *data, const char *way, const char *expected)
{
	assert_string_equal(data_text(&b, data, way), expected);
}

static void raw_is(const struct json *data, const char *way, const char *expected)
{
	assert_string_equal(data_raw(&b, data, way), expected);
}

/* What was written comes back as it was written, numbers that no machine has included. */
#define ODD \
	"{\"a\":1.10,\"b\":9223372036854775808,\"c\":1e400,\"d\":[null,{}],\"\\u0065\\\"\":\"\\ud83d\\ude00\",\"\":-0}"

static void v1_keeps(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &kv_v1_backend);
	expect(&b, 404, OP_READ, "x/y", NULL);
	expect(&b, 404, OP_READ, "", NULL);
	expect(&b, 400, OP_UPDATE, "", "{\"a\":1}");
	assert_string_equal(last_error, "missing path");
	expect(&b, 400, OP_UPDATE, "x/y", "{}");
	assert_string_equal(last_error, "missing data fields");
	expect(&b, 400, OP_UPDATE, "x/", "{\"a\":1}");
	expect(&b, 204, OP_UPDATE, "x/y", ODD);
	data = expect(&b, 200, OP_READ, "x/y", NULL);
	raw_is(data, "a", "1.10");
	raw_is(data, "b", "9223372036854775808");
	raw_is(data, "c", "1e400");
	raw_is(data, "d", "[null,{}]");
	text_is(data, "e\"", "\xf0\x9f\x98\x80");
	assert_int_equal(b.lease_duration, 768 * 3600);
	expect(&b, 204, OP_UPDATE, "x/z", "{\"ttl\":\"1h\"}");
	expect(&b, 200, OP_READ, "x/z", NULL);
	assert_int_equal(b.lease_duration, 3600);
	expect(&b, 204, OP_UPDATE, "x/z", "{\"lease\":90}");
	expect(&b, 200, OP_READ, "x/z", NULL);
	assert_int_equal(b.lease_duration, 90);
	data = expect(&b, 200, OP_LIST, "x", NULL);
	raw_is(data, "keys", "[\"y\",\"z\"]");
	raw_is(expect(&b, 200, OP_LIST, "", NULL), "keys", "[\"x/\"]");
	expect(&b, 204, OP_DELETE, "x/y", NULL);
	expect(&b, 204, OP_DELETE, "x/z", NULL);
	expect(&b, 404, OP_LIST, "", NULL);
	bench_close(&b);
}

static void v2_versions(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 404, OP_READ, "data/a/b", NULL);
	data = expect(&b, 200, OP_UPDATE, "data/a/b", "{\"data\":" ODD "}");
	assert_int_equal(data_int(data, "version"), 1);
	text_is(data, "created_time", "2023-11-14T22:13:20.123456789Z");
	raw_is(data, "custom_metadata", "null");
	text_is(data, "deletion_time", "");
	data = expect(&b, 200, OP_READ, "data/a/b", NULL);
	raw_is(data, "data", ODD);
	raw_is(data, "metadata.version", "1");
	expect(&b, 200, OP_UPDATE, "data/a/b", "{\"data\":{\"a\":2}}");
	data = expect(&b, 200, OP_READ, "data/a/b", "{\"version\":1}");
	raw_is(data, "data.c", "1e400");
	raw_is(expect(&b, 200, OP_READ, "data/a/b", "{\"version\":\"0\"}"), "data", "{\"a\":2}");
	expect(&b, 404, OP_READ, "data/a/b", "{\"version\":3}");
	expect(&b, 400, OP_UPDATE, "data/a/b", "{\"options\":{}}");
	assert_string_equal(last_error, "no data provided");
	expect(&b, 400, OP_UPDATE, "data/a/b", "{\"data\":[]}");
	expect(&b, 400, OP_READ, "data/a/b", "{\"version\":\"x\"}");
	bench_close(&b);
}

static void v2_cas(void **state)
{
	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":1}}");
	assert_string_equal(last_error, "check-and-set parameter did not match the current version");
	expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":0}}");
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":0}}");
	expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":\"1\"}}");
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":\"one\"}}");
	assert_string_equal(last_error, "error parsing check-and-set parameter");
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":-2}}");
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{},\"options\":{\"cas\":18446744073709551618}}");
	expect(&b, 204, OP_UPDATE, "metadata/k", "{\"cas_required\":true}");
	expect(&b, 400, OP_UPDATE, "data/k", "{\"data\":{}}");
	assert_string_equal(last_error, "check-and-set parameter required for this call");
	expect(&b, 400, OP_PATCH, "data/k", "{\"data\":{}}");
	expect(&b, 200, OP_PATCH, "data/k", "{\"data\":{},\"options\":{\"cas\":2}}");
	expect(&b, 204, OP_UPDATE, "config", "{\"cas_required\":true}");
	expect(&b, 400, OP_UPDATE, "data/other", "{\"data\":{}}");
	expect(&b, 200, OP_UPDATE, "metadata/k", "{\"cas_required\":false}");
	assert_non_null(strstr(last_warning, "mandated by backend config"));
	bench_close(&b);
}

static void v2_window(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &kv_v2_backend);
	for (int i = 1; i <= 9; i++)
		expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{\"n\":%d}}", i);
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "metadata/k", NULL), "oldest_version"), 0);
	for (int i = 10; i <= 12; i++)
		expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{\"n\":%d}}", i);
	data = expect(&b, 200, OP_READ, "metadata/k", NULL);
	assert_int_equal(data_int(data, "oldest_version"), 3);
	assert_int_equal(data_int(data, "current_version"), 12);
	assert_int_equal(data_at(&b, data, "versions")->count, 10);
	expect(&b, 404, OP_READ, "data/k", "{\"version\":2}");
	raw_is(expect(&b, 200, OP_READ, "data/k", "{\"version\":3}"), "data.n", "3");
	expect(&b, 204, OP_UPDATE, "metadata/k", "{\"max_versions\":2}");
	expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{}}");
	data = expect(&b, 200, OP_READ, "metadata/k", NULL);
	assert_int_equal(data_at(&b, data, "versions")->count, 2);
	assert_int_equal(data_int(data, "max_versions"), 2);
	expect(&b, 204, OP_DELETE, "metadata/k", NULL);
	expect(&b, 404, OP_READ, "data/k", NULL);
	expect(&b, 404, OP_READ, "metadata/k", NULL);
	expect(&b, 400, OP_UPDATE, "metadata/k", "{\"max_versions\":-1}");
	bench_close(&b);
}

static void v2_delete(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 204, OP_DELETE, "data/k", NULL);
	for (int i = 1; i <= 3; i++)
		expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{\"n\":%d}}", i);
	expect(&b, 204, OP_DELETE, "data/k", NULL);
	data = expect(&b, 404, OP_READ, "data/k", NULL);
	raw_is(data, "data", "null");
	text_is(data, "metadata.deletion_time", "2023-11-14T22:13:20.123456789Z");
	expect(&b, 404, OP_PATCH, "data/k", "{\"data\":{}}");
	expect(&b, 204, OP_UPDATE, "undelete/k", "{\"versions\":[3]}");
	raw_is(expect(&b, 200, OP_READ, "data/k", NULL), "data.n", "3");
	expect(&b, 204, OP_UPDATE, "delete/k", "{\"versions\":\"1, 2\"}");
	expect(&b, 404, OP_READ, "data/k", "{\"version\":1}");
	expect(&b, 204, OP_UPDATE, "destroy/k", "{\"versions\":[\"2\",7]}");
	data = expect(&b, 404, OP_READ, "data/k", "{\"version\":2}");
	raw_is(data, "metadata.destroyed", "true");
	expect(&b, 204, OP_UPDATE, "undelete/k", "{\"versions\":[1,2]}");
	expect(&b, 200, OP_READ, "data/k", "{\"version\":1}");
	expect(&b, 404, OP_READ, "data/k", "{\"version\":2}");
	expect(&b, 400, OP_UPDATE, "delete/k", "{}");
	assert_string_equal(last_error, "No version number provided");
	expect(&b, 400, OP_UPDATE, "destroy/k", "{\"versions\":[]}");
	assert_string_equal(last_error, "no version number provided");
	expect(&b, 400, OP_UPDATE, "destroy/k", "{\"versions\":[\"x\"]}");
	expect(&b, 204, OP_UPDATE, "destroy/none", "{\"versions\":[1]}");
	bench_close(&b);
}

static void v2_ends(void **state)
{
	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 204, OP_UPDATE, "config", "{\"delete_version_after\":\"3h25m19s\",\"max_versions\":5}");
	text_is(expect(&b, 200, OP_READ, "config", NULL), "delete_version_after", "3h25m19s");
	text_is(expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{}}"), "deletion_time",
		"2023-11-15T01:38:39.123456789Z");
	expect(&b, 204, OP_UPDATE, "metadata/k", "{\"delete_version_after\":10}");
	text_is(expect(&b, 200, OP_READ, "metadata/k", NULL), "delete_version_after", "10s");
	expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{}}");
	expect(&b, 200, OP_READ, "data/k", NULL);
	b.now += 10000000000;
	expect(&b, 404, OP_READ, "data/k", NULL);
	expect(&b, 200, OP_READ, "data/k", "{\"version\":1}");
	expect(&b, 204, OP_UPDATE, "config", "{\"delete_version_after\":\"-1s\"}");
	text_is(expect(&b, 200, OP_READ, "config", NULL), "delete_version_after", "-1s");
	text_is(expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{}}"), "deletion_time", "");
	expect(&b, 400, OP_UPDATE, "config", "{\"delete_version_after\":\"soon\"}");
	expect(&b, 400, OP_UPDATE, "metadata/k", "{\"delete_version_after\":\"-1s\"}");
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "config", NULL), "max_versions"), 5);
	bench_close(&b);
}

/* RFC 7396, appendix A: target, patch, result; the outermost must be objects here. */
static void v2_patch(void **state)
{
	static const char *const rows[][3] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
		{ "{\"a\":1.10,\"x\":1e400}", "{\"\\u0061\":2.50}", "{\"a\":2.50,\"x\":1e400}" },
	};

	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 404, OP_PATCH, "data/none", "{\"data\":{}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":%s}", rows[i][0]);
		expect(&b, 200, OP_PATCH, "data/k", "{\"data\":%s}", rows[i][1]);
		raw_is(expect(&b, 200, OP_READ, "data/k", NULL), "data", rows[i][2]);
	}
	bench_close(&b);
}

static void v2_subkeys(void **state)
{
	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 404, OP_READ, "subkeys/k", NULL);
	expect(&b, 200, OP_UPDATE, "data/k", "{\"data\":{\"a\":{\"b\":{\"c\":1},\"d\":{}},\"e\":[{\"f\":1}]}}");
	raw_is(expect(&b, 200, OP_READ, "subkeys/k", NULL), "subkeys",
	       "{\"a\":{\"b\":{\"c\":null},\"d\":null},\"e\":null}");
	raw_is(expect(&b, 200, OP_READ, "subkeys/k", "{\"depth\":2}"), "subkeys",
	       "{\"a\":{\"b\":null,\"d\":null},\"e\":null}");
	raw_is(expect(&b, 200, OP_READ, "subkeys/k", "{\"depth\":1}"), "subkeys", "{\"a\":null,\"e\":null}");
	expect(&b, 204, OP_DELETE, "data/k", NULL);
	raw_is(expect(&b, 404, OP_READ, "subkeys/k", NULL), "subkeys", "null");
	bench_close(&b);
}

static void v2_metadata(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 404, OP_PATCH, "metadata/k", "{\"max_versions\":1}");
	expect(&b, 204, OP_UPDATE, "metadata/k", "{\"custom_metadata\":{\"a\":\"b\",\"n\":1.50,\"t\":true}}");
	data = expect(&b, 200, OP_READ, "metadata/k", NULL);
	raw_is(data, "custom_metadata", "{\"a\":\"b\",\"n\":\"1.50\",\"t\":\"1\"}");
	assert_int_equal(data_int(data, "current_version"), 0);
	expect(&b, 204, OP_PATCH, "metadata/k", "{\"custom_metadata\":{\"a\":null,\"z\":\"y\"},\"max_versions\":7}");
	data = expect(&b, 200, OP_READ, "metadata/k", NULL);
	raw_is(data, "custom_metadata", "{\"n\":\"1.50\",\"t\":\"1\",\"z\":\"y\"}");
	assert_int_equal(data_int(data, "max_versions"), 7);
	expect(&b, 204, OP_PATCH, "metadata/k", "{\"custom_metadata\":null,\"max_versions\":null}");
	data = expect(&b, 200, OP_READ, "metadata/k", NULL);
	raw_is(data, "custom_metadata", "null");
	assert_int_equal(data_int(data, "max_versions"), 0);
	expect(&b, 400, OP_UPDATE, "metadata/k", "{\"custom_metadata\":{\"a\":{}}}");
	expect(&b, 400, OP_UPDATE, "metadata/k", "{\"custom_metadata\":{\"a\":\"\",\"\":\"b\\n\"}}");
	assert_string_equal(
		last_error,
		"3 errors occurred:\n"
		"\t* custom_metadata validation failed: length of value for key \"a\" is 0 but must be 0 < len(value) "
		"<= 512\n"
		"\t* custom_metadata validation failed: length of key \"\" is 0 but must be 0 < len(key) <= 128\n"
		"\t* custom_metadata validation failed: value for key \"\" contains unprintable characters\n\n");
	expect(&b, 200, OP_UPDATE, "data/dir/a", "{\"data\":{}}");
	raw_is(expect(&b, 200, OP_LIST, "metadata", NULL), "keys", "[\"dir/\",\"k\"]");
	raw_is(expect(&b, 200, OP_LIST, "metadata/", NULL), "keys", "[\"dir/\",\"k\"]");
	raw_is(expect(&b, 200, OP_LIST, "metadata/dir/", NULL), "keys", "[\"a\"]");
	bench_close(&b);
}

static void v2_too_many_members(void **state)
{
	char body[4096] = "{\"custom_metadata\":{";
	size_t used = strlen(body);

	(void)state;
	bench_open(&b, &kv_v2_backend);
	for (int i = 0; i < 65; i++)
		used += (size_t)snprintf(body + used, sizeof(body) - used, "%s\"k%d\":\"v\"", i ? "," : "", i);
	snprintf(body + used, sizeof(body) - used, "}}");
	expect(&b, 400, OP_UPDATE, "metadata/k", "%s", body);
	assert_non_null(strstr(last_error, "payload must contain at most 64 keys, provided 65"));
	bench_close(&b);
}

static void v2_astray(void **state)
{
	(void)state;
	bench_open(&b, &kv_v2_backend);
	expect(&b, 404, OP_READ, "foo/bar", NULL);
	assert_non_null(strstr(last_warning, "use 'vault kv get' for this operation"));
	expect(&b, 404, OP_UPDATE, "foo", "{\"a\":1}");
	assert_non_null(strstr(last_warning, "'vault kv put'"));
	expect(&b, 404, OP_READ, "metadata", NULL);
	assert_non_null(strstr(last_warning, "Non-listing operations on the root"));
	expect(&b, 404, OP_READ, "data/", NULL);
	assert_non_null(strstr(last_warning, "Non-listing operations on the root"));
	expect(&b, 405, OP_LIST, "data/x", NULL);
	bench_close(&b);
}

static void v1_becomes_v2(void **state)
{
	struct request r;

	(void)state;
	bench_open(&b, &kv_v1_backend);
	expect(&b, 204, OP_UPDATE, "a", "{\"n\":1}");
	expect(&b, 204, OP_UPDATE, "data/a/1", "{\"n\":2}");
	request_begin(&r, &b.core);
	kv2_upgrade(&r, &b.mount);
	assert_true(request_commit(&r));
	request_end(&r);
	b.mount.backend = &kv_v2_backend;
	raw_is(expect(&b, 200, OP_READ, "data/a", NULL), "data", "{\"n\":1}");
	raw_is(expect(&b, 200, OP_READ, "data/data/a/1", NULL), "data", "{\"n\":2}");
	raw_is(expect(&b, 200, OP_LIST, "metadata", NULL), "keys", "[\"a\",\"data/\"]");
	bench_close(&b);
}

static void cubbyhole_is_its_tokens(void **state)
{
	struct token ada = { .cubbyhole = "cubbyhole/ada/" }, bob = { .cubbyhole = "cubbyhole/bob/" };
	struct token batch = { .type = TOKEN_BATCH };

	(void)state;
	bench_open(&b, &cubbyhole_backend);
	b.token = &ada;
	expect(&b, 204, OP_UPDATE, "x", "{\"n\":1.0}");
	raw_is(expect(&b, 200, OP_READ, "x", NULL), "n", "1.0");
	b.token = &bob;
	expect(&b, 404, OP_READ, "x", NULL);
	expect(&b, 404, OP_LIST, "", NULL);
	expect(&b, 204, OP_DELETE, "x", NULL);
	b.token = &ada;
	raw_is(expect(&b, 200, OP_LIST, "", NULL), "keys", "[\"x\"]");
	b.token = &batch;
	expect(&b, 400, OP_READ, "x", NULL);
	assert_string_equal(last_error, "cubbyhole operations are only supported by \"service\" type tokens");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_keeps),       cmocka_unit_test(v2_versions),     cmocka_unit_test(v2_cas),
		cmocka_unit_test(v2_window),      cmocka_unit_test(v2_delete),       cmocka_unit_test(v2_ends),
		cmocka_unit_test(v2_patch),       cmocka_unit_test(v2_subkeys),      cmocka_unit_test(v2_metadata),
		cmocka_unit_test(v2_too_many_members), cmocka_unit_test(v2_astray), cmocka_unit_test(v1_becomes_v2),
		cmocka_unit_test(cubbyhole_is_its_tokens),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
