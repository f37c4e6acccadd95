/* The configuration: people's files are read, and what is wrong is named with its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "server/core/config.h"

static int read_text(struct config *c, const char *text, struct text_error *error)
{
	*c = (struct config){ .listeners = NULL };
	pool_init(&c->pool);
	return config_read(c, text, strlen(text), error);
}

static void test_hcl(void **state)
{
	static const char text[] =
		"storage \"raft\" {\n  path = \"/opt/vault/data\"\n  node_id = \"a\"\n}\n"
		"listener \"tcp\" {\n  address = \"0.0.0.0:8200\"\n"
		"  tls_disable = \"true\"\n  max_request_size = 1024\n}\n"
		"listener \"unix\" { address = \"/run/v.sock\" }\n"
		"api_addr = \"https://a:8200\"\ndefault_lease_ttl = \"1h\"\nmax_lease_ttl = 7200\nui = 1\n"
		"disable_mlock = true\nplugin_directory = \"/x\"\ntelemetry { disable_hostname = true }\n";
	struct text_error error;
	struct config c;

	(void)state;
	assert_int_equal(read_text(&c, text, &error), 0);
	assert_string_equal(c.storage_type, "file");
	assert_string_equal(c.storage_path, "/opt/vault/data");
	assert_string_equal(c.listeners->address, "0.0.0.0:8200");
	assert_true(c.listeners->tls_disable);
	assert_int_equal(c.listeners->max_request_size, 1024);
	assert_string_equal(c.listeners->next->address, "unix:/run/v.sock");
	assert_int_equal(c.default_lease_ttl, 3600);
	assert_int_equal(c.max_lease_ttl, 7200);
	assert_true(c.ui && c.disable_mlock);
	assert_string_equal(c.seal_type, "shamir");
	assert_int_equal(c.warnings.count, 2);
	config_free(&c);
}

/* As the tests of hvac write it. */
static void test_json(void **state)
{
	static const char text[] =
		"{\"backend\": {\"inmem\": {}}, \"disable_mlock\": true, \"default_lease_ttl\": \"768h\","
		" \"listener\": [{\"tcp\": {\"address\": \"127.0.0.1:8200\", \"tls_cert_file\": \"c\","
		" \"tls_key_file\": \"k\", \"tls_disable\": false}}], \"max_lease_ttl\": \"768h\"}";
	struct text_error error;
	struct config c;

	(void)state;
	assert_int_equal(read_text(&c, text, &error), 0);
	assert_string_equal(c.storage_type, "inmem");
	assert_string_equal(c.listeners->tls_cert_file, "c");
	assert_false(c.listeners->tls_disable);
	config_free(&c);
}

static void test_refused(void **state)
{
	static const struct { const char *text; uint32_t line, column; const char *says; } rows[] = {
		{ "storge \"inmem\" {}\n", 1, 1, "not known" },
		{ "listener \"tcp\" {\n  adress = \"x\"\n}\n", 2, 3, "not known" },
		{ "listener \"tcp\" {\n  address = \"x:1\"\n}\n", 1, 0, "tls_cert_file" },
		{ "listener \"quic\" {}\n", 1, 1, "\"tcp\" or \"unix\"" },
		{ "storage \"consul\" {}\n", 1, 1, "expected storage" },
		{ "storage \"file\" {}\n", 1, 0, "needs a path" },
		{ "seal \"awskms\" {}\n", 1, 1, "expected seal" },
		{ "seal \"static\" {}\n", 1, 0, "needs a key" },
		{ "default_lease_ttl = \"1 hour\"\n", 1, 21, "duration" },
		{ "ui = \"perhaps\"\n", 1, 6, "true or false" },
		{ "listener \"tcp\" { tls_disable = 1\n max_request_size = -1 }\n", 2, 21, "bytes" },
		{ "{\"listener\": 5}", 1, 14, "expected" },
	};
	struct text_error error;
	struct config c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(&c, rows[i].text, &error), -EINVAL);
		if (error.line != rows[i].line || (rows[i].column && error.column != rows[i].column) ||
		    !strstr(error.message, rows[i].says))
			fail_msg("row %zu: %u:%u: %s", i, error.line, error.column, error.message);
		config_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hcl), cmocka_unit_test(test_json), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
