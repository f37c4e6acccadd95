/* SNP reports of real machines: what snp-expected.tsv says of each, and that no bit of them can be changed. */
#include "abi/evidence.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	char report[64], product[16], key[8], at[32];
	unsigned int version, vmpl;
	unsigned long long policy, reported_tcb;
	struct attest_bytes bytes, vek, chain;
};

static struct row rows[32];
static size_t row_count;
static struct attest *attest;

static void row_documents(struct row *r)
{
	const char *kind = strcmp(r->key, "VLEK") ? "vcek" : "vlek";

	r->bytes = vector("snp-reports/%s.bin", r->report);
	if (!vector_exists("snp-reports/%s.%s.der", r->report, kind))
		return;
	r->vek = vector("snp-reports/%s.%s.der", r->report, kind);
	if (strcmp(r->product, "turin") == 0 || strcmp(kind, "vlek") == 0)
		r->chain = vector("amd-roots/ask_ark_%s_%s.pem", r->product, kind);
	else
		r->chain = vector("amd-roots/ask_ark_%s.pem", r->product);
}

static int rows_read(void **state)
{
	char *line = strchr((char *)(uintptr_t)vector("snp-expected.tsv").at, '\n');

	(void)state;
	attest = attest_new();
	assert_non_null(attest);
	while (line && line[1]) {
		struct row *r = &rows[row_count];
		int n = sscanf(line + 1, "%63[^\t]\t%15[^\t]\t%u\t%llx\t%u\t%7[^\t]\t%llx\t%*[^\t]\t%*[^\t]\t%31[^\n]",
			       r->report, r->product, &r->version, &r->policy, &r->vmpl, r->key, &r->reported_tcb,
			       r->at);

		assert_true(n >= 7);
		row_documents(r);
		row_count++;
		line = strchr(line + 1, '\n');
	}
	assert_int_equal(row_count, 14);
	return 0;
}

static struct attest_request request(const struct row *r)
{
	return (struct attest_request){ .evidence = r->bytes, .vek = r->vek, .chain = r->chain,
					.now = r->at[0] ? moment(r->at) : moment("2025-01-01T00:00:00Z") };
}

static const struct row *row_of(const char *report)
{
	for (size_t i = 0; i < row_count; i++)
		if (strcmp(rows[i].report, report) == 0)
			return &rows[i];
	fail_msg("no row %s", report);
	return NULL;
}

/* The bytes of TCB_VERSION as a number, by the product's own layout. */
static unsigned long long tcb_number(const struct attest_snp *s)
{
	const struct attest_snp_tcb *t = &s->reported;

	if (s->product == ATTEST_TURIN)
		return t->fmc | (unsigned long long)t->bootloader << 8 | (unsigned long long)t->tee << 16 |
		       (unsigned long long)t->snp << 24 | (unsigned long long)t->microcode << 56;
	return t->bootloader | (unsigned long long)t->tee << 8 | (unsigned long long)t->snp << 48 |
	       (unsigned long long)t->microcode << 56;
}

static unsigned long long tcb_expected(const struct row *r)
{
	unsigned long long swapped = 0;

	for (int i = 0; i < 8; i++) /* the table has the bytes in the report's order */
		swapped |= (r->reported_tcb >> 8 * (7 - i) & 255) << 8 * i;
	return swapped;
}

static void test_expected(void **state)
{
	static struct attest_verdict v;
	static const char *const products[] = { "unk", "milan", "genoa", "turin" };
	static const char *const roots[] = { "", "ARK-Milan", "ARK-Genoa", "ARK-Turin" };

	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		const struct row *r = &rows[i];
		struct attest_request q = request(r);
		const struct attest_snp *s = &v.claims.snp;

		attest_verify(attest, &q, &v);
		assert_int_equal(v.tee, ATTEST_SNP);
		assert_int_equal(v.format, ATTEST_SNP_REPORT);
		assert_int_equal(s->version, r->version);
		assert_int_equal(s->policy, r->policy);
		assert_int_equal(s->vmpl, r->vmpl);
		if (!r->vek.size) {
			assert_false(v.genuine);
			assert_int_equal(v.refusal.reason, ATTEST_R_vek_missing);
			continue;
		}
		if (!v.genuine)
			fail_msg("%s: %s: %s", r->report, attest_reason_token(v.refusal.reason), v.refusal.found);
		assert_string_equal(products[s->product], r->product);
		assert_string_equal(roots[s->product], v.root);
		assert_int_equal(v.assurance, ATTEST_HARDWARE);
		assert_int_equal(s->vlek, strcmp(r->key, "VLEK") == 0);
		assert_true(tcb_number(s) == tcb_expected(r));
		assert_int_equal(v.status, ATTEST_STATUS_NONE);
		assert_false(s->crl_checked);
		/* One of them is of a machine that can be debugged. */
		assert_int_equal(v.accepted, !(r->policy >> 19 & 1));
		assert_int_equal(v.refusal.reason, v.accepted ? ATTEST_OK : ATTEST_R_policy_debug);
	}
}

static void test_each_byte_counts(void **state)
{
	static struct attest_verdict v;

	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		struct attest_request q = request(&rows[i]);
		uint8_t copy[sizeof(struct snp_report)];
		size_t step = i % 4 ? 37 : 3; /* and each row begins elsewhere */

		if (!rows[i].vek.size)
			continue;
		memcpy(copy, rows[i].bytes.at, sizeof(copy));
		q.evidence = (struct attest_bytes){ copy, sizeof(copy) };
		for (size_t at = i % step; at < sizeof(copy); at += step) {
			copy[at] ^= (uint8_t)(1 << (at + i) % 8);
			attest_verify(attest, &q, &v);
			if (v.genuine || v.accepted || v.refusal.reason == ATTEST_OK)
				fail_msg("%s: genuine with byte %zu changed", rows[i].report, at);
			copy[at] ^= (uint8_t)(1 << (at + i) % 8);
		}
	}
}

static void test_each_byte_of_the_vek_counts(void **state)
{
	static const char *const reports[] = { "milan-v2-120d77b213c8", "milan-v3-decdab949afc",
					       "turin-v5-85da705e19cd" };
	static struct attest_verdict v;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct row *r = row_of(reports[i]);
		struct attest_request q = request(r);
		uint8_t *copy = malloc(r->vek.size);

		memcpy(copy, r->vek.at, r->vek.size);
		q.vek.at = copy;
		for (size_t at = 0; at < r->vek.size; at++) {
			copy[at] ^= (uint8_t)(1 << at % 8);
			attest_verify(attest, &q, &v);
			if (v.genuine)
				fail_msg("%s: genuine with byte %zu of the VEK changed", r->report, at);
			copy[at] ^= (uint8_t)(1 << at % 8);
		}
		free(copy);
	}
}

/* A report with one byte changed is refused for this reason. */
static void changed(const char *report, size_t at, uint8_t to, enum attest_reason reason)
{
	const struct row *r = row_of(report);
	struct attest_request q = request(r);
	uint8_t copy[sizeof(struct snp_report)];

	memcpy(copy, r->bytes.at, sizeof(copy));
	copy[at] = to;
	q.evidence = (struct attest_bytes){ copy, sizeof(copy) };
	refused_for(attest, &q, reason);
}

#define AT(field) offsetof(struct snp_report, field)

static void test_reasons_of_the_report(void **state)
{
	const char *v2 = "milan-v2-120d77b213c8", *v3 = "milan-v3-14fd2b6e459c", *v5 = "turin-v5-85da705e19cd";

	(void)state;
	changed(v2, AT(version), 1, ATTEST_R_snp_version_unknown);
	changed(v2, AT(version), 4, ATTEST_R_snp_version_unknown);
	changed(v5, AT(version), 6, ATTEST_R_snp_version_unknown);
	changed(v2, AT(reserved0), 1, ATTEST_R_snp_reserved_not_zero);
	changed(v2, AT(cpuid_model), 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(reserved1), 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(launch_mit_vector), 1, ATTEST_R_snp_reserved_not_zero);
	changed(v5, AT(launch_mit_vector), 0x3e, ATTEST_R_snp_signature);
	changed(v5, AT(reserved4), 1, ATTEST_R_snp_reserved_not_zero);
	changed(v5, AT(reserved4) + 151, 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(flags), 0x20, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(signature_r) + 48, 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(signature_s) + 71, 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(reserved5) + 367, 1, ATTEST_R_snp_reserved_not_zero);
	changed(v3, AT(signature_algorithm), 2, ATTEST_R_snp_algorithm_unknown);
	changed(v3, AT(cpuid_family), 0x17, ATTEST_R_snp_product_unknown);
	changed(v3, AT(cpuid_model), 0x20, ATTEST_R_snp_product_unknown);
	changed(v5, AT(cpuid_model), 0x12, ATTEST_R_snp_product_unknown);
	changed(v3, AT(cpuid_model), 0x11, ATTEST_R_vek_product);
	changed(v3, AT(cpuid_model), 0xa0, ATTEST_R_vek_product);
	changed(v3, AT(flags), 4, ATTEST_R_vek_kind);
	changed(v3, AT(flags), 7 << 2, ATTEST_R_vek_kind);
	changed("milan-v3-decdab949afc", AT(flags), 0, ATTEST_R_vek_kind);
	changed(v3, AT(chip_id), 0xff, ATTEST_R_vek_chip);
	changed(v5, AT(chip_id) + 8, 1, ATTEST_R_vek_chip);
	changed(v3, AT(reported_tcb) + 7, 1, ATTEST_R_vek_tcb);
	changed(v3, AT(reported_tcb) + 3, 1, ATTEST_R_vek_tcb);
	changed(v3, AT(measurement), 1, ATTEST_R_snp_signature);
	changed(v3, AT(signature_r), 1, ATTEST_R_snp_signature);
}

static void test_wrong_documents(void **state)
{
	const struct row *r = row_of("milan-v3-14fd2b6e459c"), *other = row_of("milan-v3-e75e8d4efa81");
	struct attest_request q = request(r);

	(void)state;
	q.vek = other->vek;
	q.now = moment(other->at);
	refused_for(attest, &q, ATTEST_R_vek_chip);
	q = request(r);
	q.chain = row_of("genoa-v3-42898c8be404")->chain;
	refused_for(attest, &q, ATTEST_R_vek_chain_missing);
	q.chain = row_of("milan-v3-decdab949afc")->chain; /* the ASVK's */
	refused_for(attest, &q, ATTEST_R_vek_chain_missing);
	q.chain.size = 0;
	refused_for(attest, &q, ATTEST_R_vek_chain_missing);
	q.vek.size = 0;
	refused_for(attest, &q, ATTEST_R_vek_missing);
	q = request(r);
	q.vek.size--;
	refused_for(attest, &q, ATTEST_R_certificate_malformed);
	q.vek = r->chain;
	refused_for(attest, &q, ATTEST_R_certificate_malformed);
	q = request(r);
	q.now = moment("2020-01-01T00:00:00Z");
	refused_for(attest, &q, ATTEST_R_certificate_not_yet_valid);
	q.now = moment("2040-01-01T00:00:00Z");
	refused_for(attest, &q, ATTEST_R_certificate_expired);
}

static void test_roots(void **state)
{
	const struct row *r = row_of("milan-v2-120d77b213c8");
	struct attest_bytes genoa = vector("amd-roots/ask_ark_genoa.pem");
	struct attest_bytes milan = vector("amd-roots/ask_ark_milan.pem");
	struct attest *a = attest_new();
	struct attest_request q = request(r);
	struct attest_refusal why;
	static struct attest_verdict v;

	(void)state;
	assert_int_equal(attest_trust(a, genoa.at, genoa.size, &why), 0);
	refused_for(a, &q, ATTEST_R_root_not_trusted);
	assert_int_equal(attest_trust(a, milan.at, milan.size, &why), 0);
	accepted(a, &q, &v);
	assert_int_equal(v.assurance, ATTEST_HARDWARE);
	attest_free(a);
}

/* Certificates with all names right that AMD's key did not sign. */
static void test_forged_veks(void **state)
{
	static const char *const forged[] = { "legacy", "new" };
	struct attest_request q = request(row_of("milan-v2-120d77b213c8"));

	(void)state;
	q.now = moment("2024-01-01T00:00:00Z");
	for (size_t i = 0; i < 2; i++) {
		q.vek = vector("snp-negative/test-vcek-invalid-%s.der", forged[i]);
		refused_for(attest, &q, ATTEST_R_chain_signature);
	}
}

static size_t table_entry(uint8_t *table, size_t entry, const uint8_t guid[16], size_t at, struct attest_bytes cert)
{
	uint32_t numbers[2] = { (uint32_t)at, (uint32_t)cert.size };

	memcpy(table + 24 * entry, guid, 16);
	memcpy(table + 24 * entry + 16, numbers, 8);
	memcpy(table + at, cert.at, cert.size);
	return at + cert.size;
}

/* As outblob and auxblob of configfs-tsm, and as the VEK alone. */
static void test_certificate_table(void **state)
{
	static const uint8_t vcek[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
					  0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
	static const uint8_t ask[16] = { 0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, /* as EFI writes GUIDs */
					 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 };
	const struct row *r = row_of("milan-v3-14fd2b6e459c");
	struct attest_request q = request(r);
	static uint8_t both[1184 + 16384];
	uint8_t *table = both + 1184;
	static struct attest_verdict v;
	size_t end;

	(void)state;
	memcpy(both, r->bytes.at, 1184);
	end = table_entry(table, 0, vcek, 24 * 3, r->vek);
	(void)table_entry(table, 1, ask, end, r->chain);
	q.evidence = (struct attest_bytes){ both, sizeof(both) };
	q.vek.size = q.chain.size = 0;
	accepted(attest, &q, &v);
	q = request(r);
	q.vek = (struct attest_bytes){ table, 16384 };
	q.chain.size = 0;
	accepted(attest, &q, &v);
	/* Bytes behind the certificates, an entry beyond the end, and none at all. */
	q.evidence = (struct attest_bytes){ both, sizeof(both) };
	table[16383] = 1;
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	table[16383] = 0;
	table[23] = 1;
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	q.trailing_ok = true;
	q.vek = r->vek;
	q.chain = r->chain;
	accepted(attest, &q, &v);
	q.trailing_ok = false;
	q.evidence.size = 1185;
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	q.evidence.size = 1183;
	refused_for(attest, &q, ATTEST_R_evidence_truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_each_byte_counts),
		cmocka_unit_test(test_each_byte_of_the_vek_counts),
		cmocka_unit_test(test_reasons_of_the_report),
		cmocka_unit_test(test_wrong_documents),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_forged_veks),
		cmocka_unit_test(test_certificate_table),
	};

	return vectors_present() ? cmocka_run_group_tests(tests, rows_read, NULL) : TEST_SKIPPED;
}
