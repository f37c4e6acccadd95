/* Policies: what each key accepts and refuses, and what is an error in one. */
#include "attest/claims.h"
#include "attest/policy.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1767225600 /* 2026-01-01 */
#define DAY 86400
#define H32 "1111111111111111111111111111111111111111111111111111111111111111"
#define H48 H32 "11111111111111111111111111111111"
#define O32 "2222222222222222222222222222222222222222222222222222222222222222"
#define O48 O32 "22222222222222222222222222222222"

static struct attest_verdict v;

/* A genuine verdict that a policy with its measurement accepts; every field that a policy may name is 0x11... */
static void verdict_of(enum attest_tee tee)
{
	memset(&v, 0, sizeof(v));
	v.genuine = true;
	v.tee = tee;
	v.assurance = ATTEST_HARDWARE;
	v.status = tee == ATTEST_SNP ? ATTEST_STATUS_NONE : ATTEST_UpToDate;
	v.tcb_date = v.fix_date = -1;
	v.tcb_evaluation_number = v.qe_evaluation_number = 17;
	(void)snprintf(v.root, sizeof(v.root), "A root");
	memset(v.root_sha256, 0x11, sizeof(v.root_sha256));
	if (tee == ATTEST_SGX) {
		memset(v.claims.sgx.mrenclave, 0x11, 32);
		memset(v.claims.sgx.mrsigner, 0x11, 32);
		v.claims.sgx.isv_prod_id = 7;
		v.claims.sgx.isv_svn = 3;
	} else if (tee == ATTEST_TDX) {
		memset(v.claims.tdx.mrtd, 0x11, 48);
		memset(v.claims.tdx.mrseam, 0x11, 48);
		memset(v.claims.tdx.rtmr, 0x11, sizeof(v.claims.tdx.rtmr));
		v.claims.tdx.td_attributes = TDX_SEPT_VE_DISABLE;
	} else {
		memset(v.claims.snp.measurement, 0x11, 48);
		memset(v.claims.snp.host_data, 0x11, 32);
		memset(v.claims.snp.id_key_digest, 0x11, 48);
		memset(v.claims.snp.author_key_digest, 0x11, 48);
		v.claims.snp.flags = SNP_AUTHOR_KEY_EN;
		v.claims.snp.guest_svn = 3;
		v.claims.snp.reported = (struct attest_snp_tcb){ 1, 4, 0, 24, 219 };
		v.claims.snp.committed = (struct attest_snp_tcb){ 1, 4, 0, 24, 218 };
	}
}

static struct attest_policy *policy_of(const char *text)
{
	struct attest_policy *p;
	struct attest_refusal why;

	if (attest_policy_parse(text, strlen(text), &p, &why))
		fail_msg("%s\n%s", text, why.found);
	return p;
}

/* What the policy says of the verdict at hand. */
static void applied(const char *text, enum attest_reason reason)
{
	const struct attest_request r = { .now = NOW };
	struct attest_policy *p = text ? policy_of(text) : NULL;
	struct attest_verdict copy = v;

	policy_apply(p, &r, &copy);
	if (copy.refusal.reason != reason)
		fail_msg("%s\nexpected %s, found %s (%s | %s)", text ? text : "no policy", attest_reason_token(reason),
			 attest_reason_token(copy.refusal.reason), copy.refusal.expected, copy.refusal.found);
	assert_int_equal(copy.accepted, reason == ATTEST_OK);
	if (reason != ATTEST_OK)
		assert_true(copy.refusal.expected[0] && copy.refusal.found[0]);
	attest_policy_free(p);
}

static void keys(const char *text, enum attest_reason reason)
{
	char whole[4096];

	(void)snprintf(whole, sizeof(whole), "accept \"a\" {\n%s\n}\n", text);
	applied(whole, reason);
}

/* The measurement and one more key. */
static void with(const char *text, enum attest_reason reason)
{
	char whole[2048];

	(void)snprintf(whole, sizeof(whole), "measurements = [\"*\"]\n%s", text);
	keys(whole, reason);
}

static void test_without_policy(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	applied(NULL, ATTEST_OK);
	for (enum attest_status s = ATTEST_UpToDate; s <= ATTEST_OutOfDateConfigurationNeeded; s++) {
		v.status = s;
		applied(NULL, ATTEST_OK);
	}
	v.status = ATTEST_Revoked;
	applied(NULL, ATTEST_R_policy_status);
	v.status = ATTEST_UpToDate;
	v.claims.sgx.attributes = SGX_DEBUG;
	applied(NULL, ATTEST_R_policy_debug);
	verdict_of(ATTEST_TDX);
	v.claims.tdx.td_attributes = TDX_DEBUG;
	applied(NULL, ATTEST_R_policy_debug);
	verdict_of(ATTEST_SNP);
	applied(NULL, ATTEST_OK);
	v.claims.snp.policy = SNP_POLICY_DEBUG;
	applied(NULL, ATTEST_R_policy_debug);
	verdict_of(ATTEST_SGX);
	v.machine_tee = ATTEST_SNP;
	v.machine.snp.policy = SNP_POLICY_DEBUG;
	applied(NULL, ATTEST_R_policy_debug);
}

/* Denied by default: an empty policy, an empty block, a key that names nothing. */
static void test_denied_by_default(void **state)
{
	(void)state;
	for (enum attest_tee tee = ATTEST_SGX; tee <= ATTEST_SNP; tee++) {
		verdict_of(tee);
		applied("", ATTEST_R_policy_empty);
		applied("# nothing\n", ATTEST_R_policy_empty);
		applied("{}", ATTEST_R_policy_empty);
		keys("", ATTEST_R_policy_measurement);
		keys("measurements = []", ATTEST_R_policy_measurement);
		keys("statuses = [\"UpToDate\"]", ATTEST_R_policy_measurement);
		keys("signers = [\"" H32 "\"] products = [7]", ATTEST_R_policy_measurement);
		keys("roots = []", ATTEST_R_policy_root);
	}
	verdict_of(ATTEST_SGX);
	v.status = ATTEST_OutOfDate;
	with("", ATTEST_R_policy_status);
	v.status = ATTEST_UpToDate;
	v.advisory_count = 1;
	(void)snprintf(v.advisories[0], sizeof(v.advisories[0]), "INTEL-SA-00615");
	with("", ATTEST_R_policy_advisory);
	v.advisory_count = 0;
	v.assurance = ATTEST_SOFTWARE_ON_HARDWARE;
	with("", ATTEST_R_policy_assurance);
	v.assurance = ATTEST_HARDWARE;
	v.claims.sgx.attributes = SGX_DEBUG;
	with("", ATTEST_R_policy_debug);
	verdict_of(ATTEST_TDX);
	v.claims.tdx.td_attributes = 0;
	with("", ATTEST_R_policy_sept_ve);
	verdict_of(ATTEST_TDX);
	v.claims.tdx.mrservicetd[47] = 1;
	with("", ATTEST_R_policy_service_td);
	verdict_of(ATTEST_SNP);
	v.claims.snp.vmpl = 1;
	with("", ATTEST_R_policy_vmpl);
}

static void test_programs(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	keys("measurements = [\"" H32 "\"]", ATTEST_OK);
	keys("measurements = \"" H32 "\"", ATTEST_OK);
	keys("measurements = [\"" O32 "\", \"" H32 "\"]", ATTEST_OK);
	keys("measurements = [\"" O32 "\"]", ATTEST_R_policy_measurement);
	keys("measurements = [\"" H48 "\"]", ATTEST_R_policy_measurement);
	keys("signers = [\"" H32 "\"] products = [6, 7] min_version = 3", ATTEST_OK);
	keys("signers = [\"" O32 "\"] products = [7] min_version = 3", ATTEST_R_policy_signer);
	keys("signers = [\"" H32 "\"] products = 8 min_version = 3", ATTEST_R_policy_product);
	keys("signers = [\"" H32 "\"] products = [7] min_version = 4", ATTEST_R_policy_version);
	verdict_of(ATTEST_TDX);
	keys("measurements = [\"" H48 "\"]", ATTEST_OK);
	keys("measurements = [\"" H32 "\"]", ATTEST_R_policy_measurement);
	with("signers = [\"" H32 "\"]", ATTEST_R_policy_signer);
	with("products = [7]", ATTEST_R_policy_product);
	with("min_version = 0", ATTEST_R_policy_version);
	verdict_of(ATTEST_SNP);
	keys("measurements = [\"" H48 "\"]", ATTEST_OK);
	keys("id_keys = [\"" H48 "\"]", ATTEST_OK);
	keys("author_keys = [\"" H48 "\"] min_version = 3", ATTEST_OK);
	keys("author_keys = [\"" H48 "\"] min_version = 4", ATTEST_R_policy_version);
	keys("id_keys = [\"" O48 "\"]", ATTEST_R_policy_id_key);
	keys("id_keys = []", ATTEST_R_policy_measurement);
	with("id_keys = []", ATTEST_R_policy_id_key);
	keys("author_keys = [\"" O48 "\"]", ATTEST_R_policy_id_key);
	v.claims.snp.flags = 0; /* without AUTHOR_KEY_EN the digest is only bytes */
	keys("author_keys = [\"" H48 "\"]", ATTEST_R_policy_id_key);
}

static void test_standing(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	with("tee = [\"sgx\"]", ATTEST_OK);
	with("tee = [\"tdx\", \"snp\"]", ATTEST_R_policy_tee);
	with("roots = [\"A root\"]", ATTEST_OK);
	with("roots = [\"" H32 "\"]", ATTEST_OK);
	with("roots = [\"A roo\", \"A root \", \"" O32 "\"]", ATTEST_R_policy_root);
	v.assurance = ATTEST_SOFTWARE;
	with("assurance = \"software\"", ATTEST_OK);
	with("assurance = \"software on hardware\"", ATTEST_R_policy_assurance);
	v.assurance = ATTEST_HARDWARE;
	with("assurance = \"software\"", ATTEST_OK);
	v.status = ATTEST_OutOfDate;
	with("statuses = [\"SWHardeningNeeded\", \"OutOfDate\"]", ATTEST_OK);
	with("statuses = [\"SWHardeningNeeded\"]", ATTEST_R_policy_status);
	v.status = ATTEST_Revoked;
	with("statuses = [\"Revoked\"]", ATTEST_OK);
	v.status = ATTEST_UpToDate;
	v.machine_status = ATTEST_OutOfDate;
	with("", ATTEST_R_policy_status);
	v.machine_status = ATTEST_STATUS_NONE;
	v.advisory_count = 2;
	(void)snprintf(v.advisories[0], sizeof(v.advisories[0]), "INTEL-SA-00615");
	(void)snprintf(v.advisories[1], sizeof(v.advisories[1]), "INTEL-SA-00657");
	with("advisories = [\"INTEL-SA-00657\", \"INTEL-SA-00615\"]", ATTEST_OK);
	with("advisories = [\"*\"]", ATTEST_OK);
	with("advisories = [\"INTEL-SA-00615\"]", ATTEST_R_policy_advisory);
	v.advisory_count = 0;
	with("min_evaluation_number = 17", ATTEST_OK);
	with("min_evaluation_number = 18", ATTEST_R_policy_evaluation_number);
	v.qe_evaluation_number = 16;
	with("min_evaluation_number = 17", ATTEST_R_policy_evaluation_number);
	v.claims.sgx.attributes = SGX_DEBUG;
	with("debug = true", ATTEST_OK);
	with("debug = false", ATTEST_R_policy_debug);
	v.claims.sgx.attributes = 0;
	v.claims.sgx.report_data[0] = 0xab;
	with("report_data = \"ab\"", ATTEST_OK);
	with("report_data = \"AB00\"", ATTEST_OK);
	with("report_data = \"ab01\"", ATTEST_R_report_data_mismatch);
}

/* To the second, and in both forms. */
static void test_ages(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	with("grace_since_fix = \"30d\"", ATTEST_OK); /* nothing better */
	with("max_tcb_age = \"30d\"", ATTEST_R_policy_tcb_age); /* no date */
	v.tcb_date = v.fix_date = NOW - 30 * DAY;
	with("max_tcb_age = \"30d\" grace_since_fix = \"30d\"", ATTEST_OK);
	with("max_tcb_age = \"720h\"", ATTEST_OK);
	with("max_tcb_age = \"719h\"", ATTEST_R_policy_tcb_age);
	with("max_tcb_age = \"43199m\"", ATTEST_R_policy_tcb_age);
	with("grace_since_fix = \"2592000s\"", ATTEST_OK);
	with("grace_since_fix = \"2591999s\"", ATTEST_R_policy_fix_age);
	with("grace_since_fix = \"4w\"", ATTEST_R_policy_fix_age);
	verdict_of(ATTEST_SNP);
	with("max_tcb_age = \"30d\"", ATTEST_R_policy_tcb_age);
	with("min_evaluation_number = 18", ATTEST_R_policy_evaluation_number);
}

static void test_tdx(void **state)
{
	(void)state;
	verdict_of(ATTEST_TDX);
	with("mrseam = [\"" H48 "\"]", ATTEST_OK);
	with("mrseam = [\"" O48 "\"]", ATTEST_R_policy_measurement);
	with("rtmr0 = \"" H48 "\" rtmr3 = [\"" O48 "\", \"" H48 "\"]", ATTEST_OK);
	with("rtmr2 = \"" O48 "\"", ATTEST_R_policy_rtmr);
	with("sept_ve_disable = true", ATTEST_OK);
	v.claims.tdx.td_attributes = 0;
	with("sept_ve_disable = true", ATTEST_R_policy_sept_ve);
	with("sept_ve_disable = false", ATTEST_OK);
	v.claims.tdx.td_attributes = TDX_SEPT_VE_DISABLE;
	memset(v.claims.tdx.mrservicetd, 0x11, 48);
	with("mrservicetd = \"" H48 "\"", ATTEST_OK);
	with("mrservicetd = \"" O48 "\"", ATTEST_R_policy_service_td);
	verdict_of(ATTEST_SGX);
	with("mrseam = [\"" H48 "\"]", ATTEST_R_policy_measurement);
	with("rtmr0 = \"" H48 "\"", ATTEST_R_policy_rtmr);
	with("mrservicetd = \"" H48 "\"", ATTEST_R_policy_service_td);
}

static void test_snp(void **state)
{
	(void)state;
	verdict_of(ATTEST_SNP);
	v.claims.snp.vmpl = 2;
	with("vmpl = [0, 2]", ATTEST_OK);
	with("vmpl = 1", ATTEST_R_policy_vmpl);
	v.claims.snp.vmpl = 0;
	with("vmpl = []", ATTEST_R_policy_vmpl);
	with("host_data = \"" H32 "\"", ATTEST_OK);
	with("host_data = \"" O32 "\"", ATTEST_R_policy_host_data);
	with("min_snp_tcb = { fmc = 1, bootloader = 4, tee = 0, snp = 24, microcode = 218 }", ATTEST_OK);
	with("min_snp_tcb = { microcode = 219 }", ATTEST_R_policy_snp_tcb); /* reported, but not committed */
	with("min_snp_tcb = { fmc = 2 }", ATTEST_R_policy_snp_tcb);
	with("min_snp_tcb { tee = 1 }", ATTEST_R_policy_snp_tcb);
	with("require_crl = false", ATTEST_OK);
	with("require_crl = true", ATTEST_R_policy_crl_missing);
	v.claims.snp.crl_checked = true;
	with("require_crl = true", ATTEST_OK);
	verdict_of(ATTEST_SGX);
	with("host_data = \"" H32 "\"", ATTEST_R_policy_host_data);
	with("id_keys = \"" H48 "\"", ATTEST_R_policy_id_key);
	with("min_snp_tcb = { tee = 0 }", ATTEST_R_policy_snp_tcb);
	with("require_crl = true", ATTEST_OK);
	with("machine_measurements = \"" H48 "\"", ATTEST_R_policy_measurement);
	v.machine_tee = ATTEST_SNP;
	memset(v.machine.snp.measurement, 0x11, 48);
	with("machine_measurements = \"" H48 "\"", ATTEST_OK);
	with("machine_measurements = \"" O48 "\"", ATTEST_R_policy_measurement);
}

static void test_any_block(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	applied("accept \"a\" { tee = [\"tdx\"] } accept \"b\" { measurements = \"" H32 "\" }", ATTEST_OK);
	applied("accept \"b\" { measurements = \"" H32 "\" } accept \"a\" { tee = [\"tdx\"] }", ATTEST_OK);
	/* The refusal of the one that came furthest. */
	applied("accept \"a\" { tee = [\"tdx\"] } accept \"b\" { measurements = \"" H32 "\" products = 1 }\n"
		"accept \"c\" { roots = [\"x\"] }", ATTEST_R_policy_product);
	applied("{ \"accept\": { \"a\": { \"tee\": [\"tdx\"] }, \"b\": { \"measurements\": \"" H32 "\" } } }",
		ATTEST_OK);
}

/* No level matched: the step that says so keeps its refusal, unless a block names the status. */
static void test_not_supported(void **state)
{
	(void)state;
	verdict_of(ATTEST_SGX);
	v.status = ATTEST_NotSupported;
	v.refusal = (struct attest_refusal){ ATTEST_R_tcb_level_not_found, "a level", "none" };
	applied(NULL, ATTEST_R_tcb_level_not_found);
	with("", ATTEST_R_tcb_level_not_found);
	applied("", ATTEST_R_tcb_level_not_found);
	with("statuses = [\"NotSupported\"]", ATTEST_OK);
	with("statuses = [\"NotSupported\"] tee = [\"snp\"]", ATTEST_R_policy_tee);
}

static void bad(const char *text, const char *place, const char *word)
{
	struct attest_policy *p = NULL;
	struct attest_refusal why;

	assert_int_equal(attest_policy_parse(text, strlen(text), &p, &why), -22);
	if (strncmp(why.found, place, strlen(place)) || why.found[strlen(place)] != ':' || !strstr(why.found, word))
		fail_msg("%s\nexpected %s: ... %s, found %s", text, place, word, why.found);
	assert_null(p);
}

static void test_errors(void **state)
{
	char *long_text = malloc(POLICY_SIZE_MAX + 2);

	(void)state;
	bad("accept {}", "1:8", "label");
	bad("accept \"a\" \"b\" {}", "1:12", "too many labels");
	bad("reject \"a\" {}", "1:1", "accept");
	bad("accept \"a\" {}\naccept \"a\" {}", "2:1", "another called");
	bad("accept \"a\" {\n  mesurements = []\n}", "2:3", "mesurements");
	bad("accept \"a\" {\n  debug = 1\n}", "2:11", "true or false");
	bad("accept \"a\" {\n  debug = true\n  debug = true\n}", "3:3", "once");
	bad("accept \"a\" { tee = \"sgx\" }", "1:20", "list");
	bad("accept \"a\" { tee = [] }", "1:20", "empty");
	bad("accept \"a\" { tee = [\"sgx\", \"SEV\"] }", "1:28", "SEV");
	bad("accept \"a\" { statuses = [\"uptodate\"] }", "1:26", "uptodate");
	bad("accept \"a\" { statuses = [1] }", "1:26", "a string");
	bad("accept \"a\" { assurance = \"some\" }", "1:26", "some");
	bad("accept \"a\" { assurance = 1 }", "1:26", "a string");
	bad("accept \"a\" { roots = \"x\" }", "1:22", "list");
	bad("accept \"a\" { roots = [1] }", "1:23", "a string");
	bad("accept \"a\" { measurements = [\"11\"] }", "1:30", "64");
	bad("accept \"a\" { measurements = [\"*\", \"" H32 "\"] }", "1:30", "64");
	bad("accept \"a\" { measurements = [1] }", "1:30", "64");
	bad("accept \"a\" { measurements = {} }", "1:29", "list");
	bad("accept \"a\" { signers = [\"" H48 "\"] }", "1:25", "64");
	bad("accept \"a\" { rtmr0 = \"" H32 "\" }", "1:22", "96");
	bad("accept \"a\" { products = [-1] }", "1:26", "0 to");
	bad("accept \"a\" { products = [4294967296] }", "1:26", "0 to");
	bad("accept \"a\" { products = \"7\" }", "1:25", "number");
	bad("accept \"a\" { min_version = 1.5 }", "1:28", "whole");
	bad("accept \"a\" { max_tcb_age = 30 }", "1:28", "duration");
	bad("accept \"a\" { max_tcb_age = \"30\" }", "1:28", "30d");
	bad("accept \"a\" { max_tcb_age = \"d\" }", "1:28", "30d");
	bad("accept \"a\" { max_tcb_age = \"3 d\" }", "1:28", "30d");
	bad("accept \"a\" { max_tcb_age = \"99999999999d\" }", "1:28", "30d");
	bad("accept \"a\" { min_snp_tcb = 4 }", "1:28", "map");
	bad("accept \"a\" { min_snp_tcb = { ucode = 4 } }", "1:30", "microcode");
	bad("accept \"a\" { min_snp_tcb = { tee = 256 } }", "1:36", "255");
	bad("accept \"a\" { report_data = \"1\" }", "1:28", "hexadecimal");
	bad("accept \"a\" { report_data = \"\" }", "1:28", "hexadecimal");
	bad("accept \"a\" { report_data = \"" H32 H32 "11\" }", "1:28", "hexadecimal");
	bad("accept \"a\" {", "1:12", "end");
	memset(long_text, ' ', POLICY_SIZE_MAX + 1);
	long_text[POLICY_SIZE_MAX + 1] = 0;
	bad(long_text, "1:1", "64 KiB");
	long_text[POLICY_SIZE_MAX] = 0;
	attest_policy_free(policy_of(long_text));
	free(long_text);
}

static void test_bounds(void **state)
{
	static char text[65536];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < POLICY_BLOCKS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "accept \"%d\" {}\n", i);
	attest_policy_free(policy_of(text));
	(void)snprintf(text + n, sizeof(text) - n, "accept \"more\" {}");
	bad(text, "65:1", "at most 64");
	n = (size_t)snprintf(text, sizeof(text), "accept \"a\" { products = [0");
	for (int i = 1; i < POLICY_LIST_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", %d", i);
	(void)snprintf(text + n, sizeof(text) - n, "] }");
	attest_policy_free(policy_of(text));
	(void)snprintf(text + n, sizeof(text) - n, ", 1] }");
	bad(text, "1:25", "at most 256");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_policy), cmocka_unit_test(test_denied_by_default),
		cmocka_unit_test(test_programs),       cmocka_unit_test(test_standing),
		cmocka_unit_test(test_ages),	       cmocka_unit_test(test_tdx),
		cmocka_unit_test(test_snp),	       cmocka_unit_test(test_any_block),
		cmocka_unit_test(test_not_supported),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
