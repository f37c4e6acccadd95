/* Two layers with a SEV-SNP guest below, of a made-up AMD. */
#include "tests/unit/attest_forged/layers.h"
#include "tests/unit/attest_snp/pki.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EVIDENCE_MAX 16384

/* As their text has them: VCEK, ASK, ARK. */
static const uint8_t guids[3][16] = {
	{ 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
	{ 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
	{ 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae },
};

static struct layers l;
static struct attest_verdict v;

/* What a test changes. */
static struct snp {
	struct snp_report report;
	bool without_table;
	int64_t vcek_until;
	EVP_PKEY *signer; /* NULL: the VCEK */
} s;

static EVP_PKEY *vcek_key;
static struct attest_bytes certificates[3]; /* VCEK, ASK, ARK */
static uint8_t evidence[EVIDENCE_MAX];

static int make(void **state)
{
	struct pki_spec ca = { .subject = "ARK-Milan", .key = pki_rsa(), .signer = pki_rsa(), .ca = true, .serial = 1 };

	(void)state;
	vcek_key = pki_p384();
	certificates[2] = pki_certificate(&ca);
	ca.subject = "SEV-Milan";
	ca.issuer = "ARK-Milan";
	ca.serial = 2;
	certificates[1] = pki_certificate(&ca);
	return 0;
}

static void order(void)
{
	static const uint8_t tcb[8] = { 4, 0, 0, 0, 0, 0, 24, 219 };

	layers_order(&l);
	memset(&s, 0, sizeof(s));
	s.report = (struct snp_report){ .version = 3, .policy = 0x30000, .signature_algorithm = 1,
					.cpuid_family = 0x19, .cpuid_model = 1 };
	memcpy(s.report.reported_tcb, tcb, 8);
	memcpy(s.report.committed_tcb, tcb, 8);
	memset(s.report.chip_id, 0xc1, 64);
	memset(s.report.measurement, 0x66, 48);
}

static struct attest_bytes vcek_make(void)
{
	struct pki_spec spec = { .subject = "SEV-VCEK", .issuer = "SEV-Milan", .key = vcek_key, .signer = pki_rsa(),
				 .serial = 7, .not_after = s.vcek_until };

	pki_vek_extensions(spec.extensions, "Milan-B0", s.report.reported_tcb, s.report.chip_id, 64, false);
	return pki_certificate(&spec);
}

/* As the host gives it: entries, an end of zeros, the certificates. */
static size_t put_table(uint8_t *to)
{
	uint32_t at = 4 * 24;

	memset(to, 0, at);
	for (size_t i = 0; i < 3; i++) {
		uint32_t size = (uint32_t)certificates[i].size;

		memcpy(to + 24 * i, guids[i], 16);
		memcpy(to + 24 * i + 16, &at, 4);
		memcpy(to + 24 * i + 20, &size, 4);
		memcpy(to + at, certificates[i].at, size);
		at += size;
	}
	return at;
}

static void judge_snp(const char *keys)
{
	size_t size = sizeof(s.report);

	certificates[0] = vcek_make();
	layers_data(&l, s.report.report_data);
	pki_sign_report(&s.report, s.signer ? s.signer : vcek_key);
	memcpy(evidence, &s.report, size);
	if (!s.without_table)
		size += put_table(evidence + size);
	l.format = l.format == MACHINE_TDX_QUOTE ? MACHINE_SNP_REPORT : l.format;
	l.evidence = evidence;
	l.evidence_size = size;
	l.root = (const char *)pki_pem("CERTIFICATE", certificates[2]).at;
	layers_judge(&l, keys, &v);
}

static void expect(enum attest_reason reason, const char *found)
{
	expect_reason(&v, reason, found);
	assert_non_null(strstr(v.refusal.found, found));
	assert_int_equal(v.genuine, reason == ATTEST_OK || reason > ATTEST_R_tcb_level_not_found);
}

static void test_good(void **state)
{
	(void)state;
	order();
	judge_snp(NULL);
	expect(ATTEST_OK, "");
	assert_int_equal(v.assurance, ATTEST_SOFTWARE_ON_HARDWARE);
	assert_int_equal(v.tee, ATTEST_SGX);
	assert_int_equal(v.machine_tee, ATTEST_SNP);
	assert_int_equal(v.machine_format, ATTEST_SNP_REPORT);
	assert_int_equal(v.machine_status, ATTEST_STATUS_NONE);
	assert_memory_equal(v.machine.snp.measurement, s.report.measurement, 48);
	assert_true(strncmp(v.machine_root, "key ", 4) == 0); /* AMD's names are for AMD's keys */
}

static char *hex_of(struct attest_bytes b)
{
	char *hex = kept(malloc(2 * b.size + 1));

	for (size_t i = 0; i < b.size; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", b.at[i]);
	return hex;
}

static const char *bundle_of(const char *members)
{
	char *text = kept(malloc(strlen(members) + 16384));
	struct attest_bytes chain = { kept(malloc(8192)), certificates[1].size + certificates[2].size };

	memcpy((uint8_t *)(uintptr_t)chain.at, certificates[1].at, certificates[1].size);
	memcpy((uint8_t *)(uintptr_t)chain.at + certificates[1].size, certificates[2].at, certificates[2].size);
	(void)snprintf(text, strlen(members) + 16384, "{\"vek\": \"%s\", \"vek_chain\": \"%s\"%s}",
		       hex_of(certificates[0]), hex_of(chain), members);
	return text;
}

/* The host gave no certificates: they come with the collateral. */
static void test_collateral(void **state)
{
	char crl[8192];

	(void)state;
	order();
	s.without_table = true;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "vek_missing");
	l.collateral = bundle_of("");
	judge_snp(NULL);
	expect(ATTEST_OK, "");
	assert_false(v.machine.snp.crl_checked);
	(void)snprintf(crl, sizeof(crl), ", \"ark_crl\": \"%s\"",
		       hex_of(pki_crl("ARK-Milan", pki_rsa(), 99, FORGE_NOW - 1, FORGE_NOW + 9)));
	l.collateral = bundle_of(crl);
	judge_snp(NULL);
	expect(ATTEST_OK, "");
	assert_true(v.machine.snp.crl_checked);
	assert_int_equal(v.collateral_until, FORGE_NOW + 9);
	(void)snprintf(crl, sizeof(crl), ", \"ark_crl\": \"%s\"",
		       hex_of(pki_crl("ARK-Milan", pki_rsa(), 2, FORGE_NOW - 1, FORGE_NOW + 9)));
	l.collateral = bundle_of(crl);
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "ask_revoked");
	(void)snprintf(crl, sizeof(crl), ", \"ark_crl\": \"%s\"",
		       hex_of(pki_crl("SEV-Milan", pki_rsa(), 7, FORGE_NOW - 1, FORGE_NOW + 9)));
	l.collateral = bundle_of(crl);
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "vek_revoked");
}

static void test_bad(void **state)
{
	(void)state;
	order();
	s.signer = pki_p384();
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "snp_signature");
	order();
	s.vcek_until = FORGE_NOW - 1;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "certificate_expired");
	order();
	l.without_root = true;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "root_not_trusted");
	order();
	l.flip = 77;
	judge_snp(NULL);
	expect(ATTEST_R_machine_binding, "");
	order();
	l.data = LAYERS_OTHER_KEY;
	judge_snp(NULL);
	expect(ATTEST_R_machine_binding, "");
	order();
	l.cut = true;
	l.keep = 12 + 1183;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "1183 bytes");
	l.keep = 12 + 1184 + 30;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "1214 bytes");
	order();
	l.format = 3;
	judge_snp(NULL);
	expect(ATTEST_R_machine_evidence, "3");
}

#define D16(d) d d d d d d d d d d d d d d d d
#define BASE "measurements = [\"" D16("33") D16("33") "\"]\nassurance = \"software on hardware\"\n"
#define NAMED BASE "machine_measurements = [\"" D16("66") D16("66") D16("66") "\"]\n"

static void test_policies(void **state)
{
	static const struct {
		const char *keys;
		enum attest_reason reason;
	} policies[] = {
		{ BASE, ATTEST_R_policy_measurement },
		{ NAMED, ATTEST_OK },
		{ NAMED "min_snp_tcb = { snp = 24, microcode = 219 }\n", ATTEST_OK },
		{ NAMED "min_snp_tcb = { snp = 25 }\n", ATTEST_R_policy_snp_tcb },
		{ NAMED "require_crl = true\n", ATTEST_R_policy_crl_missing },
		{ NAMED "host_data = \"" D16("00") D16("00") "\"\n", ATTEST_OK },
		{ NAMED "host_data = \"" D16("01") D16("00") "\"\n", ATTEST_R_policy_host_data },
		{ NAMED "max_tcb_age = \"90d\"\n", ATTEST_OK }, /* of the platform: a report has no such date */
		{ NAMED "rtmr0 = \"" D16("00") D16("00") D16("00") "\"\n", ATTEST_R_policy_rtmr },
		{ NAMED "id_keys = \"" D16("00") D16("00") D16("01") "\"\n", ATTEST_R_policy_id_key },
		/* A machine's ID key does not say which program runs above. */
		{ "assurance = \"software\"\nid_keys = \"" D16("00") D16("00") D16("00") "\"\n",
		  ATTEST_R_policy_measurement },
	};

	(void)state;
	order();
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		judge_snp(policies[i].keys);
		expect_reason(&v, policies[i].reason, policies[i].keys);
	}
	s.report.vmpl = 2;
	judge_snp(NAMED);
	expect(ATTEST_R_policy_vmpl, "VMPL 2");
	order();
	s.report.policy |= 1 << 19;
	judge_snp(NULL);
	expect(ATTEST_R_policy_debug, "machine below");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_collateral),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
