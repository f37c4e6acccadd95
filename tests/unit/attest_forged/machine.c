/* Two layers of evidence: a quote under an operator's root, and over its keys a TDX quote or SNP report below. */
#include "tests/unit/attest_forged/layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct layers l;
static struct attest_verdict v;

/* ---- TDX ---- */

struct row {
	enum attest_reason reason;
	const char *how, *found; /* part of the sentence */
	void (*change)(struct layers *l);
};

#define CHANGE(name, ...) \
	static void name(struct layers *x) \
	{ \
		__VA_ARGS__ \
	}

CHANGE(nothing, (void)x;)
CHANGE(td_v5, forge_order(&x->below, FORGE_TDX_V5); x->below.machine = true;)
CHANGE(td_v5_1_5, forge_order(&x->below, FORGE_TDX_V5_1_5); x->below.machine = true;)
CHANGE(above_tcb_unknown, memset(x->above.pck.components, 1, 16);)

CHANGE(no_format, x->cut = true; x->keep = 8;)
CHANGE(half_a_format, x->cut = true; x->keep = 11;)
CHANGE(no_evidence, x->cut = true; x->keep = 12;)
CHANGE(half_a_quote, x->cut = true; x->keep = 1000;)
CHANGE(byte_missing, x->shorter = 1;)
CHANGE(byte_behind, x->longer = 1;)
CHANGE(format_0, x->format = 0;)
CHANGE(format_3, x->format = 3;)
CHANGE(format_of_snp, x->format = MACHINE_SNP_REPORT;)
CHANGE(format_high, x->format = 0x10000 | MACHINE_TDX_QUOTE;)
CHANGE(enclave_v3, forge_order(&x->below, FORGE_SGX_V3); x->below.machine = true;)
CHANGE(enclave_v4, forge_order(&x->below, FORGE_SGX_V4); x->below.machine = true;)
CHANGE(enclave_v5, forge_order(&x->below, FORGE_SGX_V5); x->below.machine = true;)
CHANGE(no_collateral, x->without_collateral = true;)
CHANGE(expired, x->below.tcb.next = FORGE_NOW - 1;)
CHANGE(certificate_over, x->below.certificates[FORGE_PCK].until = FORGE_NOW - 1;)
CHANGE(certificate_early, x->below.certificates[FORGE_PCK_CA].from = FORGE_NOW + 1;)
CHANGE(list_over, x->below.pck_list.until = FORGE_NOW - 1;)
CHANGE(pck_revoked, x->below.certificates[FORGE_PCK].revoked = true;)
CHANGE(ca_revoked, x->below.certificates[FORGE_PCK_CA].revoked = true;)
CHANGE(signature, x->below.quote_signer = FORGE_OTHER;)
CHANGE(qe_report, x->below.wrong_report_data = true;)
CHANGE(family, x->below.pck.fmspc[0] ^= 1;)
CHANGE(module, x->below.td.body.mrsignerseam[0] ^= 1;)
CHANGE(documents, x->below.document_signer = FORGE_OTHER;)
CHANGE(root_of_above, x->below.machine = false;)
CHANGE(built_in_roots, x->without_root = true;)
CHANGE(bit_0, x->flip = 1;)
CHANGE(bit_511, x->flip = 512;)
CHANGE(other_key, x->above.quote_signer = FORGE_ATTESTATION; x->data = LAYERS_OTHER_KEY;)
CHANGE(other_ca, x->data = LAYERS_OTHER_CA;)
CHANGE(no_data, x->data = LAYERS_ZEROS;)

static const struct row rows[] = {
	{ ATTEST_OK, "nothing", "", nothing },
	{ ATTEST_OK, "a quote of version 5", "", td_v5 },
	{ ATTEST_OK, "a body of TDX 1.5", "", td_v5_1_5 },
	{ ATTEST_R_tcb_level_not_found, "the platform's TCB", "", above_tcb_unknown },
	{ ATTEST_R_machine_evidence, "only the mark", "0 bytes", no_format },
	{ ATTEST_R_machine_evidence, "three bytes of format", "3 bytes", half_a_format },
	{ ATTEST_R_machine_evidence, "a format alone", "evidence_truncated", no_evidence },
	{ ATTEST_R_machine_evidence, "half a quote", "evidence_truncated", half_a_quote },
	{ ATTEST_R_machine_evidence, "a byte less", "evidence_truncated", byte_missing },
	{ ATTEST_R_machine_evidence, "a byte more", "trailing_bytes", byte_behind },
	{ ATTEST_R_machine_evidence, "format 0", "0", format_0 },
	{ ATTEST_R_machine_evidence, "format 3", "3", format_3 },
	{ ATTEST_R_machine_evidence, "a TDX quote called SNP", "bytes", format_of_snp },
	{ ATTEST_R_machine_evidence, "a format of 32 bits", "65537", format_high },
	{ ATTEST_R_machine_evidence, "an enclave, v3", "an enclave", enclave_v3 },
	{ ATTEST_R_machine_evidence, "an enclave, v4", "an enclave", enclave_v4 },
	{ ATTEST_R_machine_evidence, "an enclave, v5", "an enclave", enclave_v5 },
	{ ATTEST_R_machine_evidence, "no collateral of the machine", "collateral_missing", no_collateral },
	{ ATTEST_R_machine_evidence, "TCB info over", "tcb_info_expired", expired },
	{ ATTEST_R_machine_evidence, "certificate over", "certificate_expired", certificate_over },
	{ ATTEST_R_machine_evidence, "certificate early", "certificate_not_yet_valid", certificate_early },
	{ ATTEST_R_machine_evidence, "revocation list over", "crl_expired", list_over },
	{ ATTEST_R_machine_evidence, "PCK revoked", "pck_revoked", pck_revoked },
	{ ATTEST_R_machine_evidence, "CA revoked", "ca_revoked", ca_revoked },
	{ ATTEST_R_machine_evidence, "signed by another", "quote_signature", signature },
	{ ATTEST_R_machine_evidence, "QE report of another key", "qe_report_data", qe_report },
	{ ATTEST_R_machine_evidence, "another family", "fmspc_mismatch", family },
	{ ATTEST_R_machine_evidence, "another's TDX module", "tdx_module_signer", module },
	{ ATTEST_R_machine_evidence, "documents by another", "tcb_info_signature", documents },
	{ ATTEST_R_machine_evidence, "a machine of the operator's own root", "tcb_signing_chain", root_of_above },
	{ ATTEST_R_machine_evidence, "Intel's and AMD's roots only", "tcb_signing_chain", built_in_roots },
	{ ATTEST_R_machine_binding, "the first bit", "", bit_0 },
	{ ATTEST_R_machine_binding, "the last bit", "", bit_511 },
	{ ATTEST_R_machine_binding, "another attestation key", "", other_key },
	{ ATTEST_R_machine_binding, "another operator's CA", "", other_ca },
	{ ATTEST_R_machine_binding, "zeros", "", no_data },
};

static bool row_holds(const struct row *row)
{
	bool good, genuine = row->reason == ATTEST_OK || row->reason == ATTEST_R_tcb_level_not_found;

	layers_order(&l);
	row->change(&l);
	layers_judge(&l, NULL, &v);
	good = has_reason(&v, row->reason, row->how);
	if (good && !strstr(v.refusal.found, row->found)) {
		print_error("%s: expected %s, found %s\n", row->how, row->found, v.refusal.found);
		good = false;
	}
	return good && v.genuine == genuine && v.accepted == (row->reason == ATTEST_OK) &&
	       (v.assurance == ATTEST_SOFTWARE_ON_HARDWARE) == genuine;
}

static void test_tdx_rows(void **state)
{
	bool good = true;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!row_holds(&rows[i])) {
			print_error("the row: %s\n", rows[i].how);
			good = false;
		}
	}
	assert_true(good);
}

/* The verdict says both layers, and which root holds each. */
static void test_tdx_verdict(void **state)
{
	(void)state;
	layers_order(&l);
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_OK, "both layers");
	assert_true(v.genuine);
	assert_int_equal(v.tee, ATTEST_SGX);
	assert_int_equal(v.assurance, ATTEST_SOFTWARE_ON_HARDWARE);
	assert_string_equal(v.root, "Adyton Forge SGX Root CA");
	assert_int_equal(v.machine_tee, ATTEST_TDX);
	assert_int_equal(v.machine_format, ATTEST_QUOTE_V4);
	assert_string_equal(v.machine_root, "Forged Machines Root CA");
	assert_memory_not_equal(v.machine_root_sha256, v.root_sha256, 32);
	assert_int_equal(v.machine_status, ATTEST_UpToDate);
	assert_int_equal(v.machine_evaluation_number, 17);
	assert_memory_equal(v.machine.tdx.mrtd, l.below.td.body.mrtd, 48);
	assert_true(v.machine_tcb_date > 0);
	/* What ends first, of either. */
	layers_order(&l);
	l.below.tcb.next = FORGE_NOW + 60;
	layers_judge(&l, NULL, &v);
	assert_int_equal(v.collateral_until, FORGE_NOW + 60);
}

/* One layer alone is one layer: without the mark it is software, and under a maker's root the mark is no mark. */
static void test_one_layer(void **state)
{
	uint8_t random[32] = MACHINE_MAGIC;

	(void)state;
	layers_order(&l);
	l.plain = true;
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_OK, "one layer");
	assert_int_equal(v.assurance, ATTEST_SOFTWARE);
	assert_int_equal(v.machine_tee, ATTEST_TEE_NONE);
	random[0] ^= 1;
	layers_order(&l);
	l.plain = true;
	l.above.auth = random;
	l.above.auth_size = sizeof(random);
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_OK, "nearly the mark");
	assert_int_equal(v.assurance, ATTEST_SOFTWARE);
	l.above.auth_size = 7;
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_OK, "less than the mark");
	layers_order(&l);
	l.data = LAYERS_ZEROS;
	l.above_by_a_maker = true;
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_OK, "the mark in a quote of a maker's");
	assert_int_equal(v.assurance, ATTEST_HARDWARE);
	assert_int_equal(v.machine_tee, ATTEST_TEE_NONE);
}

/* How old the machine is counts as much as how old the platform is. */
static void test_tdx_status(void **state)
{
	(void)state;
	layers_order(&l);
	memset(l.below.pck.components, 3, 16);
	memset(l.below.pck.cpu_svn, 3, 16);
	l.below.pck.pce_svn = 8;
	layers_judge(&l, NULL, &v);
	assert_true(v.genuine && v.accepted);
	assert_int_equal(v.status, ATTEST_UpToDate);
	assert_int_equal(v.machine_status, ATTEST_OutOfDate);
	assert_int_equal(v.machine_advisory_count, 1);
	assert_int_equal(v.advisory_count, 0);
	layers_order(&l);
	l.below.levels.at[0].status = "Revoked";
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_R_policy_status, "a revoked level of the machine");
	assert_true(v.genuine);
	layers_order(&l);
	memset(l.below.pck.components, 1, 16);
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_R_policy_status, "no level of the machine");
	assert_int_equal(v.machine_status, ATTEST_NotSupported);
	layers_order(&l);
	l.below.td.body.td_attributes |= 1;
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_R_policy_debug, "a machine with DEBUG");
	assert_non_null(strstr(v.refusal.found, "machine below"));
}

/* ---- Policy ---- */

#define PROGRAM "measurements = [\"" H32("33") "\"]\n"
#define MRTD "machine_measurements = [\"" H32("66") "66666666666666666666666666666666\"]\n"
#define OTHER "machine_measurements = [\"" H32("67") "66666666666666666666666666666666\"]\n"
#define BELOW "assurance = \"software on hardware\"\n"
#define RTMR0(digits) "rtmr0 = [\"" H32(digits) digits digits digits digits digits digits digits digits \
	digits digits digits digits digits digits digits digits "\"]\n"
#define H32(d) d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d d

static const struct {
	const char *keys;
	enum attest_reason reason;
} policies[] = {
	{ PROGRAM MRTD, ATTEST_R_policy_assurance },
	{ PROGRAM BELOW, ATTEST_R_policy_measurement },
	{ PROGRAM BELOW "machine_measurements = []\n", ATTEST_R_policy_measurement },
	{ PROGRAM BELOW OTHER, ATTEST_R_policy_measurement },
	{ PROGRAM BELOW MRTD, ATTEST_OK },
	{ BELOW MRTD, ATTEST_R_policy_measurement },
	{ PROGRAM "assurance = \"software\"\n", ATTEST_OK },
	{ PROGRAM "assurance = \"software\"\n" OTHER, ATTEST_R_policy_measurement },
	{ PROGRAM BELOW MRTD "machine_roots = [\"Intel SGX Root CA\"]\n", ATTEST_R_policy_root },
	{ PROGRAM BELOW MRTD "machine_roots = [\"Adyton Forge SGX Root CA\"]\n", ATTEST_R_policy_root },
	{ PROGRAM BELOW MRTD "machine_roots = [\"Forged Machines Root CA\"]\n", ATTEST_OK },
	{ PROGRAM BELOW MRTD RTMR0("00"), ATTEST_OK },
	{ PROGRAM BELOW MRTD RTMR0("01"), ATTEST_R_policy_rtmr },
	{ PROGRAM BELOW MRTD "vmpl = [3]\n", ATTEST_OK },
	{ PROGRAM BELOW MRTD "min_snp_tcb = { tee = 0 }\n", ATTEST_R_policy_snp_tcb },
	{ PROGRAM BELOW MRTD "max_tcb_age = \"90d\"\n", ATTEST_OK },
	{ PROGRAM BELOW MRTD "max_tcb_age = \"60d\"\n", ATTEST_R_policy_tcb_age },
	{ PROGRAM BELOW MRTD "min_evaluation_number = 17\n", ATTEST_OK },
	{ PROGRAM BELOW MRTD "min_evaluation_number = 18\n", ATTEST_R_policy_evaluation_number },
};

static void test_policies(void **state)
{
	bool good = true;

	(void)state;
	layers_order(&l);
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		layers_judge(&l, policies[i].keys, &v);
		good = has_reason(&v, policies[i].reason, policies[i].keys) && v.genuine && good;
	}
	assert_true(good);
}

/* What only the machine's layer lacks. */
static void test_policies_of_machines(void **state)
{
	static const char policy[] = PROGRAM BELOW MRTD;

	(void)state;
	layers_order(&l);
	l.below.identity.evaluation = 16;
	layers_judge(&l, PROGRAM BELOW MRTD "min_evaluation_number = 17\n", &v);
	expect_reason(&v, ATTEST_R_policy_evaluation_number, "the machine's QE identity");
	layers_order(&l);
	l.below.td.body.td_attributes = 0;
	layers_judge(&l, policy, &v);
	expect_reason(&v, ATTEST_R_policy_sept_ve, "SEPT_VE_DISABLE of the machine");
	layers_judge(&l, PROGRAM BELOW MRTD "sept_ve_disable = false\n", &v);
	expect_reason(&v, ATTEST_OK, "without SEPT_VE_DISABLE");
	layers_order(&l);
	td_v5_1_5(&l);
	l.below.td.mrservicetd[0] = 1;
	layers_judge(&l, policy, &v);
	expect_reason(&v, ATTEST_R_policy_service_td, "a service TD of the machine");
	layers_order(&l);
	memset(l.below.pck.components, 3, 16);
	l.below.pck.pce_svn = 8;
	layers_judge(&l, policy, &v);
	expect_reason(&v, ATTEST_R_policy_status, "an old machine");
	layers_judge(&l, PROGRAM BELOW MRTD "statuses = [\"UpToDate\", \"OutOfDate\"]\n", &v);
	expect_reason(&v, ATTEST_R_policy_advisory, "the machine's advisory");
	layers_judge(&l, PROGRAM BELOW MRTD "statuses = [\"UpToDate\", \"OutOfDate\"] advisories = [\"*\"]"
			 " grace_since_fix = \"10d\"\n", &v);
	expect_reason(&v, ATTEST_R_policy_fix_age, "the machine's fix");
	layers_order(&l);
	l.below.td.body.td_attributes |= 1;
	layers_judge(&l, policy, &v);
	expect_reason(&v, ATTEST_R_policy_debug, "a machine with DEBUG");
	layers_order(&l);
	l.plain = true;
	layers_judge(&l, policy, &v);
	expect_reason(&v, ATTEST_R_policy_assurance, "no machine");
	layers_judge(&l, PROGRAM "assurance = \"software\"\n" MRTD, &v);
	expect_reason(&v, ATTEST_R_policy_measurement, "no machine, though one is named");
}

/* ---- Collateral ---- */

static void test_bundles(void **state)
{
	static const struct {
		const char *machine, *found;
		enum attest_reason reason;
	} bundles[] = {
		{ "{}", "collateral_malformed", ATTEST_R_machine_evidence },
		{ "{\"tcb_info\": 1}", "collateral_missing", ATTEST_R_machine_evidence },
		{ "[]", "array", ATTEST_R_collateral_malformed },
		{ "null", "null", ATTEST_R_collateral_malformed },
		{ "{\"vek\": \"00\", \"machine\": {\"vek\": \"00\"}}", "a machine below a machine",
		  ATTEST_R_machine_evidence },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		layers_order(&l);
		l.collateral = bundles[i].machine;
		layers_judge(&l, NULL, &v);
		expect_reason(&v, bundles[i].reason, bundles[i].machine);
		assert_non_null(strstr(v.refusal.found, bundles[i].found));
	}
	/* A bundle for SNP only is collateral, though not for a TD. */
	layers_order(&l);
	l.collateral = "{\"vek\": \"00\"}";
	layers_judge(&l, NULL, &v);
	expect_reason(&v, ATTEST_R_machine_evidence, "another technology's bundle");
	assert_non_null(strstr(v.refusal.found, "collateral_missing"));
}

/* Both quotes, all certificates, everything between them: there is no byte that nothing looks at. */
static void test_flips(void **state)
{
	size_t tried;

	(void)state;
	layers_order(&l);
	assert_int_equal(layers_flips(&l, &tried), 0);
	assert_true(tried > 8000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tdx_rows), cmocka_unit_test(test_tdx_verdict), cmocka_unit_test(test_one_layer),
		cmocka_unit_test(test_tdx_status), cmocka_unit_test(test_policies),
		cmocka_unit_test(test_policies_of_machines), cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
