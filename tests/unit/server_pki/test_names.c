/* Which names a role allows, what is a host name, Punycode, times: the checks alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/role.h"

static struct pool pool;

uint64_t mount_max_ttl(const struct core *core, const struct mount *m);
uint64_t mount_max_ttl(const struct core *core, const struct mount *m)
{
	(void)core;
	(void)m;
	return 3600;
}

static struct names list(const char *text)
{
	struct names names = { NULL, 0 };

	while (*text) {
		size_t size = strcspn(text, ",");

		names_add(&pool, &names, pool_copy(&pool, text, size));
		text += size + (text[size] == ',');
	}
	return names;
}

static void globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "", "", true }, { "*", "", true }, { "*", "abc", true }, { "a*", "abc", true }, { "*c", "abc", true },
		{ "a*c", "abc", true }, { "a*c", "ac", true }, { "a*b*c", "aXbYbZc", true }, { "a*c", "abd", false },
		{ "", "a", false }, { "abc", "ab", false }, { "a*a", "a", false }, { "**", "x", true },
		{ "*.example.com", "a.example.com", true }, { "*.example.com", "example.com", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pki_glob(rows[i].pattern, rows[i].text), rows[i].matches);
}

static void hostnames(void **state)
{
	static const char *const good[] = {
		"a", "a.b", "*.a.b", "a-b.c", "_sip._tcp.x", "xn--bcher-kva.x", "a.", "1.2"
	};
	static const char *const bad[] = { "",  ".",     ".a",  "a..b", "-a", "a-",  "a b",
					   "*", "a.*.b", "a/b", "ä",    "*.", "a-.b" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(pki_hostname(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pki_hostname(bad[i]));
}

/* RFC 3492 section 7.1 (lower case, as labels), and what is refused. */
static void punycode(void **state)
{
	static const struct {
		const char *name, *ascii; /* NULL: refused */
	} rows[] = {
		{ "bücher.example", "xn--bcher-kva.example" },
		{ "他们为什么不说中文", "xn--ihqwcrb4cv8a8dqg056pqjye" },
		{ "почемужеонинеговорятпорусски", "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l" },
		{ "ú", "xn--rda" }, { "plain.Name", "plain.Name" }, { "My CA", "My CA" }, { "a.", "a." },
		{ "", NULL }, { "a..b", NULL }, { ".a", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "\xff.x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *bad = NULL, *ascii = pki_to_ascii(&pool, rows[i].name, &bad);

		if (rows[i].ascii)
			assert_string_equal(ascii, rows[i].ascii);
		else
			assert_true(!ascii && bad);
	}
}

enum { BARE = 1, SUB = 2, GLOB = 4, ANY = 8, NO_WILD = 16, LOOSE = 32, DISPLAY = 64, NO_LOCAL = 128 };

static void allowed(void **state)
{
	static const struct {
		unsigned int flags;
		const char *domains, *name;
		bool allowed;
	} rows[] = {
		{ 0, "a.org", "a.org", false },
		{ BARE, "a.org", "a.org", true },
		{ BARE, "a.org", "A.ORG", true },
		{ BARE, "a.org", "x.a.org", false },
		{ SUB, "a.org", "x.a.org", true },
		{ SUB, "a.org", "a.org", false },
		{ SUB, "a.org", "xa.org", false },
		{ SUB, "a.org", "x.y.a.org", true },
		{ SUB, "a.org", "*.a.org", true },
		{ SUB, "a.org", "*.x.a.org", true },
		{ SUB | NO_WILD, "a.org", "*.a.org", false },
		{ SUB, "a.org", "x.*.a.org", false },
		{ SUB, "a.org", "**.a.org", false },
		{ SUB, "a.org", "x*y.a.org", true },
		{ SUB, "a.org", "-*.a.org", false },
		{ BARE, "*.a.org", "*.a.org", true },
		{ SUB, "a.org,", "x.b.org", false },
		{ GLOB, "w*.a.org", "web.a.org", true },
		{ GLOB, "w*.a.org", "a.org", false },
		{ 0, "w*.a.org", "web.a.org", false },
		{ ANY, "", "anything", true },
		{ ANY, "", "not a host", false },
		{ ANY | LOOSE, "", "not a host", true },
		{ ANY | NO_WILD, "", "*.x", false },
		{ ANY, "", "", true },
		{ BARE, "a.org", "me@a.org", true },
		{ SUB, "a.org", "me@a.org", false },
		{ SUB, "a.org", "me@x.a.org", true },
		{ BARE, "a.org", "me@you@a.org", false },
		{ BARE, "a.org", "*@a.org", true },
		{ ANY, "", "me@*.a.org", false },
		{ 0, "", "localhost", true },
		{ NO_LOCAL, "", "localhost", false },
		{ 0, "", "x.localhost", false },
		{ SUB, "", "x.localhost", true },
		{ 0, "", "localdomain", true },
		{ DISPLAY, "", "ada", true },
		{ DISPLAY | SUB, "", "x.ada", true },
		{ DISPLAY, "", "x.ada", false },
		{ 0, "", "ada", false },
		{ SUB, "a.org", "x.a.org.", false },
		{ SUB, "a.org", "x..a.org", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int f = rows[i].flags;
		struct pki_role role = {
			.allow_bare_domains = f & BARE, .allow_subdomains = f & SUB, .allow_glob_domains = f & GLOB,
			.allow_any_name = f & ANY, .allow_wildcard_certificates = !(f & NO_WILD),
			.enforce_hostnames = !(f & LOOSE), .allow_token_displayname = f & DISPLAY,
			.allow_localhost = !(f & NO_LOCAL), .allowed_domains = list(rows[i].domains),
		};

		if (pki_name_allowed(&role, "ada", &pool, rows[i].name) != rows[i].allowed)
			fail_msg("row %zu: %s", i, rows[i].name);
	}
}

static void others(void **state)
{
	static const struct {
		const char *allowed, *asked, *error; /* NULL: allowed */
	} rows[] = {
		{ "*", "1.2.3;UTF8:x", NULL }, { "1.2.3;UTF8:*", "1.2.3;utf-8:x", NULL },
		{ "1.2.3;UTF8:a*", "1.2.3;UTF8:b", "other SAN b not allowed for OID 1.2.3 by this role" },
		{ "", "1.2.3;UTF8:b", "other SAN OID 1.2.3 not allowed by this role" },
		{ "*", "1.2.3", "could not parse requested other SAN: expected a semicolon in other SAN \"1.2.3\"" },
		{ "*", "1.2.3;x", "could not parse requested other SAN: expected a colon in other SAN \"1.2.3;x\"" },
		{ "*", "1.2.3;IA5:x", "could not parse requested other SAN: only utf8 other SANs are supported; found "
		  "non-supported type in other SAN \"1.2.3;IA5:x\"" },
		{ "*", "x;UTF8:x", "could not parse requested other SAN: expected an object identifier in other SAN "
		  "\"x;UTF8:x\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct names may = list(rows[i].allowed), want = list(rows[i].asked);
		const char *error = pki_others_refused(&pool, &may, &want);

		if (rows[i].error)
			assert_string_equal(error, rows[i].error);
		else
			assert_null(error);
	}
}

static void times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: not a time */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2027-01-02T03:04:05Z", 1798859045 },
		{ "2027-01-02T03:04:05.678Z", 1798859045 },
		{ "2027-01-02T05:04:05+02:00", 1798859045 },
		{ "2027-01-02T01:34:05-01:30", 1798859045 },
		{ "2028-02-29T00:00:00Z", 1835395200 },
		{ "2027-02-29T00:00:00Z", -1 },
		{ "2027-13-01T00:00:00Z", -1 },
		{ "2027-01-01", -1 },
		{ "2027-01-01T00:00:00", -1 },
		{ "2027-01-01 00:00:00Z", -1 },
		{ "", -1 },
		{ "2027-01-01T24:00:00Z", -1 },
		{ "2027-01-01T00:00:00Zx", -1 },
		{ "27-01-01T00:00:00Z", -1 },
	};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool good = pki_time_read(rows[i].text, &seconds);

		assert_int_equal(good, rows[i].seconds >= 0);
		if (good)
			assert_int_equal(seconds, rows[i].seconds);
	}
}

static void oids(void **state)
{
	static const struct {
		const char *dotted, *hex; /* NULL: not one */
	} rows[] = {
		{ "1.2.840.113549.1.1.11", "06092a864886f70d01010b" },
		{ "2.5.29.17", "0603551d11" },
		{ "2.999.1", "060388"
			     "3701" },
		{ "0.9.2342.19200300.100.1.1", "060a0992268993f22c640101" },
		{ "1", NULL },
		{ "", NULL },
		{ "3.1", NULL },
		{ "1.40", NULL },
		{ "1.2.", NULL },
		{ "1..2", NULL },
		{ "1.02", NULL },
		{ "1.2x", NULL },
		{ "a.b", NULL },
		{ "1.2.99999999999999999999999", NULL },
	};
	struct asn a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		asn_init(&a, &pool);
		assert_int_equal(asn_oid(&a, rows[i].dotted), rows[i].hex != NULL);
		assert_string_equal(pool_hex(&pool, a.at, a.used), rows[i].hex ? rows[i].hex : "");
	}
}

/* Lengths of one, two and three bytes, and what a strict reader refuses. */
static void lengths(void **state)
{
	static const char *const bad[] = { "\x30\x80\x00",
					   "\x30\x81\x05"
					   "hello",
					   "\x30\x82\x00\x85",
					   "\x30\x85\x01\x01\x01\x01\x01",
					   "\x30",
					   "\x30\x02\x05",
					   "\x1f\x01\x00" };
	static const size_t sizes[] = { 3, 7, 4, 7, 1, 3, 3 };
	uint8_t *bytes = pool_take(&pool, 70000);
	unsigned int tag;
	struct blob in, out;
	struct asn a;

	(void)state;
	for (size_t size = 0; size < 70000; size = size < 300 ? size + 1 : size * 3) {
		asn_init(&a, &pool);
		asn_put(&a, ASN_OCTETS, bytes, size);
		in = asn_blob(&a);
		assert_true(asn_take(&in, ASN_OCTETS, &out));
		assert_int_equal(out.size, size);
		assert_int_equal(in.size, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in = (struct blob){ (const uint8_t *)bad[i], sizes[i] };
		assert_false(asn_next(&in, &tag, &out));
	}
}

static int setup(void **state)
{
	(void)state;
	pool_init(&pool);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pool_close(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs),   cmocka_unit_test(hostnames), cmocka_unit_test(punycode),
		cmocka_unit_test(allowed), cmocka_unit_test(others),    cmocka_unit_test(times),
		cmocka_unit_test(oids),    cmocka_unit_test(lengths),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
