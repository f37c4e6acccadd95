/* Verdicts as JSON and as text: every word is there, and no buffer is too small to say so. */
#include "base/json.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct attest_verdict v;
static char text[128 << 10];

static void verdict_of(enum attest_tee tee)
{
	memset(&v, 0, sizeof(v));
	v.tee = tee;
	v.genuine = v.accepted = true;
	v.assurance = ATTEST_HARDWARE;
	v.format = tee == ATTEST_SNP ? ATTEST_SNP_REPORT : ATTEST_QUOTE_V4;
	v.tcb_date = v.fix_date = -1;
	v.collateral_until = INT64_MAX;
	(void)snprintf(v.root, sizeof(v.root), "A root");
}

static const struct json *json_of_verdict(void)
{
	static struct json values[4096];
	struct json_reader r = { values, sizeof(values) / sizeof(values[0]), 0 };
	struct text_error error;
	long n = attest_verdict_json(&v, text, sizeof(text));

	assert_true(n > 0 && (size_t)n == strlen(text));
	assert_int_equal(json_read(&r, text, (size_t)n, &error), 0);
	return values;
}

static bool member_is(const struct json *object, const char *name, const char *value)
{
	const struct json *m = json_member(object, name);

	assert_non_null(m);
	return value ? m->kind == JSON_STRING && json_equals(m, value) : m->kind == JSON_NULL;
}

static void test_words(void **state)
{
	(void)state;
	for (int i = ATTEST_OK + 1; i < ATTEST_REASONS; i++) {
		assert_true(strlen(attest_reason_token((enum attest_reason)i)) > 3);
		assert_true(strlen(attest_reason_step((enum attest_reason)i)) > 1);
		assert_true(strlen(attest_reason_sentence((enum attest_reason)i)) > 10);
		for (int j = ATTEST_OK; j < i; j++)
			assert_string_not_equal(attest_reason_token((enum attest_reason)i),
						attest_reason_token((enum attest_reason)j));
	}
	assert_string_equal(attest_reason_token(ATTEST_OK), "ok");
	assert_string_equal(attest_reason_token(ATTEST_R_pck_revoked), "pck_revoked");
	assert_string_equal(attest_reason_token(ATTEST_REASONS), "unknown");
	assert_null(attest_status_name(ATTEST_STATUS_NONE));
	assert_string_equal(attest_status_name(ATTEST_UpToDate), "UpToDate");
	assert_string_equal(attest_status_name(ATTEST_NotSupported), "NotSupported");
	assert_null(attest_status_name((enum attest_status)(ATTEST_NotSupported + 1)));
	assert_string_equal(attest_tee_name(ATTEST_SNP), "snp");
	assert_null(attest_tee_name((enum attest_tee)7));
	assert_string_equal(attest_format_name(ATTEST_SNP_REPORT), "snp-report");
	assert_string_equal(attest_assurance_name(ATTEST_SOFTWARE_ON_HARDWARE), "software on hardware");
}

static void test_json_of_each_technology(void **state)
{
	static const char *const measurement[] = { "", "mrenclave", "mrtd", "measurement" };

	(void)state;
	for (enum attest_tee tee = ATTEST_TEE_NONE; tee <= ATTEST_SNP; tee++) {
		const struct json *root, *claims;

		verdict_of(tee);
		root = json_of_verdict();
		claims = json_member(root, "claims");
		assert_true(member_is(root, "tee", attest_tee_name(tee)));
		assert_true(member_is(root, "refusal", NULL));
		assert_int_equal(claims->kind, JSON_OBJECT);
		if (tee != ATTEST_TEE_NONE)
			assert_non_null(json_member_of(claims, measurement[tee], JSON_STRING));
		assert_int_equal(json_member(root, "tcb_evaluation_number")->kind,
				 tee == ATTEST_SNP ? JSON_NULL : JSON_NUMBER);
		assert_null(json_member(root, "machine"));
	}
	verdict_of(ATTEST_TDX);
	assert_null(json_member(json_member(json_of_verdict(), "claims"), "mrservicetd"));
	v.claims.tdx.is_1_5 = true;
	assert_non_null(json_member(json_member(json_of_verdict(), "claims"), "mrservicetd"));
}

/* Of what is not genuine nothing is passed on, even if a step had noted it. */
static void test_not_genuine(void **state)
{
	const struct json *root, *refusal;

	(void)state;
	verdict_of(ATTEST_SGX);
	v.genuine = v.accepted = false;
	v.status = v.qe_status = ATTEST_UpToDate;
	v.tcb_date = 1767225600;
	v.tcb_evaluation_number = 17;
	v.advisory_count = 1;
	(void)snprintf(v.advisories[0], sizeof(v.advisories[0]), "INTEL-SA-00615");
	v.refusal.reason = ATTEST_R_pck_revoked;
	(void)snprintf(v.refusal.found, sizeof(v.refusal.found), "a \"quoted\" name\n");
	root = json_of_verdict();
	for (size_t i = 0; i < 6; i++) {
		static const char *const null[] = { "assurance", "status", "tcb_date", "qe_status",
						    "tcb_evaluation_number", "root" };

		assert_true(member_is(root, null[i], NULL));
	}
	assert_int_equal(json_member(root, "advisories")->count, 0);
	refusal = json_member(root, "refusal");
	assert_true(member_is(refusal, "reason", "pck_revoked"));
	assert_true(member_is(refusal, "step", "crl"));
	assert_true(member_is(refusal, "expected", ""));
	assert_true(member_is(refusal, "found", "a \"quoted\" name\n"));
	v.genuine = true;
	root = json_of_verdict();
	assert_true(member_is(root, "tcb_date", "2026-01-01"));
	assert_int_equal(json_member(root, "advisories")->count, 1);
}

static void test_machine(void **state)
{
	const struct json *machine;

	(void)state;
	verdict_of(ATTEST_SGX);
	v.assurance = ATTEST_SOFTWARE_ON_HARDWARE;
	v.machine_tee = ATTEST_SNP;
	v.machine.snp.vmpl = 3;
	machine = json_member(json_of_verdict(), "machine");
	assert_true(member_is(machine, "tee", "snp"));
	assert_non_null(json_member(json_member(machine, "claims"), "vmpl"));
	/* Of evidence that is not genuine no root is named, here as little as above. */
	(void)snprintf(v.machine_root, sizeof(v.machine_root), "A machine's root");
	v.machine_format = ATTEST_SNP_REPORT;
	machine = json_member(json_of_verdict(), "machine");
	assert_true(member_is(machine, "root", "A machine's root"));
	assert_true(member_is(machine, "format", "snp-report"));
	assert_true(attest_verdict_text(&v, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "\nmachine below   snp-report\nroot            A machine's root\n"));
	v.genuine = false;
	machine = json_member(json_of_verdict(), "machine");
	assert_int_equal(json_member(machine, "root")->kind, JSON_NULL);
	assert_true(attest_verdict_text(&v, text, sizeof(text)) > 0);
	assert_null(strstr(text, "A machine's root"));
}

/* An exact allocation, so that a sanitizer sees a byte too far. */
static void fits_not(long (*form)(const struct attest_verdict *, char *, size_t), size_t size)
{
	char *small = malloc(size);

	assert_int_equal(form(&v, small, size), -34);
	free(small);
}

/* With every advisory, the longest texts, and each size of buffer around what is needed. */
static void test_sizes(void **state)
{
	long (*const forms[])(const struct attest_verdict *, char *, size_t) = { attest_verdict_json,
										  attest_verdict_text };

	(void)state;
	for (enum attest_tee tee = ATTEST_SGX; tee <= ATTEST_SNP; tee++) {
		verdict_of(tee);
		v.advisory_count = ATTEST_ADVISORIES_MAX;
		for (size_t i = 0; i < ATTEST_ADVISORIES_MAX; i++)
			memset(v.advisories[i], 'A', ATTEST_ADVISORY_SIZE - 1);
		v.refusal.reason = ATTEST_R_policy_advisory;
		memset(v.refusal.expected, 'e', ATTEST_TEXT_SIZE - 1);
		memset(v.refusal.found, 1, ATTEST_TEXT_SIZE - 1);
		v.collateral_until = INT64_MAX - 1;
		v.status = ATTEST_ConfigurationAndSWHardeningNeeded;
		v.tcb_date = v.fix_date = 0;
		v.claims.platform.known = v.claims.certificate = true;
		v.machine_tee = tee;
		v.machine_format = ATTEST_SNP_REPORT;
		v.machine = v.claims;
		v.machine_advisory_count = ATTEST_ADVISORIES_MAX;
		memcpy(v.machine_advisories, v.advisories, sizeof(v.machine_advisories));
		memset(v.machine_root, 'r', sizeof(v.machine_root) - 1);
		for (size_t i = 0; i < 2; i++) {
			long n = forms[i](&v, text, sizeof(text));

			assert_true(n > 0);
			for (size_t size = 1; size <= (size_t)n; size += size + 64 < (size_t)n ? 61 : 1)
				fits_not(forms[i], size);
			assert_int_equal(forms[i](&v, text, (size_t)n + 1), n);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	cmocka_unit_test(test_json_of_each_technology),
		cmocka_unit_test(test_not_genuine), cmocka_unit_test(test_machine),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
