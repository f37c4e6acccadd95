/* SNP under a made-up root: what AMD has not done yet, such as revoking a key, and what nobody should. */
#include "tests/unit/attest_snp/pki.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1767225600 /* 2026-01-01 */
#define DAY 86400

static const uint8_t tcb[8] = { 4, 0, 0, 0, 0, 0, 24, 219 };
static EVP_PKEY *vek_key;
static struct attest *attest;
static struct attest_bytes ark, ask, asvk;
static struct snp_report report;
static uint8_t chip[64];

static struct pki_spec ca(const char *subject, const char *issuer, long serial)
{
	return (struct pki_spec){ .subject = subject, .issuer = issuer, .key = pki_rsa(), .signer = pki_rsa(),
				  .ca = true, .serial = serial };
}

static struct pki_spec vek_spec(void)
{
	struct pki_spec s = { .subject = "SEV-VCEK", .issuer = "SEV-Milan", .key = vek_key, .signer = pki_rsa(),
			      .serial = 7 };

	pki_vek_extensions(s.extensions, "Milan-B0", tcb, chip, sizeof(chip), false);
	return s;
}

static int make(void **state)
{
	struct pki_spec s = ca("ARK-Milan", NULL, 1);
	struct attest_refusal why;
	struct attest_bytes pem;

	(void)state;
	memset(chip, 0xc1, sizeof(chip));
	vek_key = pki_p384();
	ark = pki_certificate(&s);
	s = ca("SEV-Milan", "ARK-Milan", 2);
	ask = pki_certificate(&s);
	s = ca("SEV-VLEK-Milan", "ARK-Milan", 3);
	asvk = pki_certificate(&s);
	report = (struct snp_report){ .version = 3, .policy = 0x30000, .signature_algorithm = 1, .cpuid_family = 0x19,
				      .cpuid_model = 1 };
	memcpy(report.reported_tcb, tcb, 8);
	memcpy(report.chip_id, chip, sizeof(chip));
	memset(report.measurement, 0x5a, sizeof(report.measurement));
	attest = attest_new();
	pem = pki_pem("CERTIFICATE", ark);
	return attest_trust(attest, pem.at, pem.size, &why);
}

static struct attest_bytes joined(struct attest_bytes a, struct attest_bytes b)
{
	uint8_t *both = kept(malloc(a.size + b.size));

	memcpy(both, a.at, a.size);
	memcpy(both + a.size, b.at, b.size);
	return (struct attest_bytes){ both, a.size + b.size };
}

static struct attest_request request(struct attest_bytes vek)
{
	pki_sign_report(&report, vek_key);
	return (struct attest_request){ .evidence = { (const uint8_t *)&report, sizeof(report) }, .vek = vek,
					.chain = joined(ask, ark), .now = NOW };
}

static void test_good(void **state)
{
	static struct attest_verdict v;
	struct pki_spec s = vek_spec();
	struct attest_request q = request(pki_certificate(&s));

	(void)state;
	accepted(attest, &q, &v);
	assert_int_equal(v.assurance, ATTEST_SOFTWARE);
	assert_string_not_equal(v.root, "ARK-Milan"); /* which is the name of AMD's key */
	assert_int_equal(v.collateral_until, 1893456000);
	/* The real root is trusted no more, and this one only here. */
	attest_free(attest);
	attest = attest_new();
	refused_for(attest, &q, ATTEST_R_root_not_trusted);
	attest_free(attest);
	assert_int_equal(make(NULL), 0);
}

static struct pki_spec vlek_spec(void)
{
	struct pki_spec s = vek_spec();

	s.subject = "SEV-VLEK";
	s.issuer = "SEV-VLEK-Milan";
	memset(s.extensions, 0, sizeof(s.extensions));
	pki_vek_extensions(s.extensions, "Milan", tcb, NULL, 0, false);
	return s;
}

static void test_vlek(void **state)
{
	static struct attest_verdict v;
	struct pki_spec s = vlek_spec();
	struct attest_request q;

	(void)state;
	report.flags = 1 << 2;
	q = request(pki_certificate(&s));
	q.chain = joined(asvk, ark);
	accepted(attest, &q, &v);
	assert_true(v.claims.snp.vlek);
	/* A VLEK that the ASK issued, or a VCEK that the ASVK issued. */
	s.issuer = "SEV-Milan";
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_kind);
	report.flags = 0;
	s = vek_spec();
	s.issuer = "SEV-VLEK-Milan";
	q = request(pki_certificate(&s));
	q.chain = joined(asvk, ark);
	refused_for(attest, &q, ATTEST_R_vek_kind);
	report.flags = 7 << 2;
	s = vek_spec();
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_kind);
	report.flags = 0;
}

static void test_masked_chip(void **state)
{
	static struct attest_verdict v;
	struct pki_spec s = vek_spec();
	struct attest_request q;

	(void)state;
	memset(report.chip_id, 0, sizeof(report.chip_id));
	q = request(pki_certificate(&s));
	accepted(attest, &q, &v);
	memset(report.chip_id, 0xc2, sizeof(report.chip_id));
	q = request(q.vek);
	refused_for(attest, &q, ATTEST_R_vek_chip);
	memcpy(report.chip_id, chip, sizeof(chip));
}

static size_t extension_at(const struct pki_spec *s, const char *oid)
{
	size_t i = 0;

	while (strcmp(s->extensions[i].oid, oid))
		i++;
	return i;
}

static void without(struct pki_spec *s, const char *oid)
{
	for (size_t i = extension_at(s, oid); i + 1 < PKI_EXTENSIONS_MAX; i++)
		s->extensions[i] = s->extensions[i + 1];
}

static void test_extensions(void **state)
{
	static const char *const needed[] = { "1.3.6.1.4.1.3704.1.2", "1.3.6.1.4.1.3704.1.3.1",
					      "1.3.6.1.4.1.3704.1.3.5", "1.3.6.1.4.1.3704.1.3.8",
					      "1.3.6.1.4.1.3704.1.4" };
	static const uint8_t bad[][4] = { { 2, 1 }, { 2, 2, 1, 0 }, { 4, 1, 4 }, { 2, 1, 4, 0 }, { 2, 1, 0xff } };
	static struct attest_verdict v;
	struct attest_request q;
	struct pki_spec s;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		s = vek_spec();
		without(&s, needed[i]);
		q = request(pki_certificate(&s));
		refused_for(attest, &q, ATTEST_R_vek_extension_malformed);
		s = vek_spec();
		s.extensions[extension_at(&s, "1.3.6.1.4.1.3704.1.3.1")].value =
			(struct attest_bytes){ bad[i], i == 0 ? 2 : i == 2 || i == 4 ? 3 : 4 };
		q = request(pki_certificate(&s));
		refused_for(attest, &q, ATTEST_R_vek_extension_malformed);
	}
	s = vek_spec();
	s.extensions[extension_at(&s, "1.3.6.1.4.1.3704.1.4")].value.size = 63;
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_extension_malformed);
	/* The chip's id inside an OCTET STRING is as good. */
	s = vek_spec();
	s.extensions[extension_at(&s, "1.3.6.1.4.1.3704.1.4")].value =
		joined((struct attest_bytes){ (const uint8_t *)"\x04\x40", 2 }, (struct attest_bytes){ chip, 64 });
	q = request(pki_certificate(&s));
	accepted(attest, &q, &v);
}

static void test_product(void **state)
{
	struct pki_spec s = vek_spec();
	struct attest_request q;

	(void)state;
	memset(s.extensions, 0, sizeof(s.extensions));
	pki_vek_extensions(s.extensions, "Venice", tcb, chip, sizeof(chip), false);
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_product);
	memset(s.extensions, 0, sizeof(s.extensions));
	pki_vek_extensions(s.extensions, "Genoa", tcb, chip, sizeof(chip), false);
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_product);
	memset(s.extensions, 0, sizeof(s.extensions));
	pki_vek_extensions(s.extensions, "Milano", tcb, chip, sizeof(chip), false);
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_product);
	s = vek_spec();
	report.cpuid_model = 0xa0; /* Bergamo */
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_vek_product);
	report.cpuid_model = 1;
}

static void test_tcb(void **state)
{
	uint8_t other[8];
	struct pki_spec s = vek_spec();
	struct attest_request q;
	static struct attest_verdict v;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		memcpy(other, tcb, 8);
		other[i]++;
		memset(s.extensions, 0, sizeof(s.extensions));
		pki_vek_extensions(s.extensions, "Milan-B0", other, chip, sizeof(chip), false);
		memcpy(report.current_tcb, i == 7 ? other : tcb, 8);
		q = request(pki_certificate(&s));
		refused_for(attest, &q, ATTEST_R_vek_tcb);
	}
	attest_verify(attest, &q, &v);
	assert_string_equal(v.refusal.expected, "bootloader 4, tee 0, snp 24, microcode 219, fmc 0");
	assert_string_equal(v.refusal.found, "bootloader 4, tee 0, snp 24, microcode 220, fmc 0, which is the current "
					     "TCB and not the reported one");
	memset(report.current_tcb, 0, 8);
}

static void test_signature(void **state)
{
	EVP_PKEY *key = vek_key;
	struct pki_spec s = vek_spec();
	struct attest_request q = request(pki_certificate(&s));

	(void)state;
	vek_key = pki_p384();
	q = request(q.vek);
	refused_for(attest, &q, ATTEST_R_snp_signature);
	vek_key = key;
	/* Other algorithms than AMD's, although they hold. */
	s.key = pki_rsa();
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_certificate_malformed);
	s = vek_spec();
	s.signer = vek_key;
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_chain_signature);
	/* An issuer that is no CA. */
	struct pki_spec no_ca = ca("SEV-Milan", "ARK-Milan", 2);

	no_ca.ca = false;
	s = vek_spec();
	q = request(pki_certificate(&s));
	q.chain = joined(pki_certificate(&no_ca), ark);
	refused_for(attest, &q, ATTEST_R_chain_signature);
}

static void test_dates(void **state)
{
	struct pki_spec s = vek_spec();
	struct attest_request q;

	(void)state;
	s.not_before = NOW + 1;
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_certificate_not_yet_valid);
	s.not_before = 0;
	s.not_after = NOW - 1;
	q = request(pki_certificate(&s));
	refused_for(attest, &q, ATTEST_R_certificate_expired);
}

static struct attest_collateral *bundle(struct attest_bytes crl)
{
	static const char hex[] = "0123456789abcdef";
	size_t size = 2 * crl.size + 64;
	char *json = malloc(size);
	size_t n = (size_t)snprintf(json, size, "{\"ark_crl\":\"");
	struct attest_collateral *c = NULL;
	struct attest_refusal why;

	for (size_t i = 0; i < crl.size; i++) {
		json[n++] = hex[crl.at[i] >> 4];
		json[n++] = hex[crl.at[i] & 15];
	}
	n += (size_t)snprintf(json + n, size - n, "\"}");
	assert_int_equal(attest_collateral_parse(attest, json, n, &c, &why), 0);
	free(json);
	return kept(c);
}

static void request_with_crl(struct attest_request q, struct attest_bytes crl, enum attest_reason reason)
{
	static struct attest_verdict v;
	struct attest_collateral *c = bundle(crl);

	q.collateral = c;
	if (reason == ATTEST_OK)
		accepted(attest, &q, &v);
	else
		refused_for(attest, &q, reason);
	attest_collateral_free(c);
}

static void with_crl(struct attest_bytes crl, enum attest_reason reason)
{
	struct pki_spec s = vek_spec();

	request_with_crl(request(pki_certificate(&s)), crl, reason);
}

/* A VLEK's issuer is the ASVK: that one's revocation counts, and the ASK's does not. */
static void test_vlek_revocation(void **state)
{
	struct pki_spec s = vlek_spec();
	struct attest_request q;
	EVP_PKEY *rsa = pki_rsa();

	(void)state;
	report.flags = 1 << 2;
	q = request(pki_certificate(&s));
	q.chain = joined(asvk, ark);
	request_with_crl(q, pki_crl("ARK-Milan", rsa, -1, NOW - DAY, NOW + DAY), ATTEST_OK);
	request_with_crl(q, pki_crl("ARK-Milan", rsa, 2, NOW - DAY, NOW + DAY), ATTEST_OK);
	request_with_crl(q, pki_crl("ARK-Milan", rsa, 3, NOW - DAY, NOW + DAY), ATTEST_R_ask_revoked);
	request_with_crl(q, pki_crl("SEV-VLEK-Milan", rsa, 7, NOW - DAY, NOW + DAY), ATTEST_R_vek_revoked);
	request_with_crl(q, pki_crl("SEV-Milan", rsa, 7, NOW - DAY, NOW + DAY), ATTEST_R_crl_issuer);
	report.flags = 0;
}

static void test_revocation(void **state)
{
	static struct attest_verdict v;
	struct attest_policy *policy;
	struct attest_refusal why;
	struct pki_spec s = vek_spec();
	struct attest_request q = request(pki_certificate(&s));
	const char text[] = "accept \"a\" { measurements = \"*\" assurance = \"software\" require_crl = true }";
	EVP_PKEY *rsa = pki_rsa();

	(void)state;
	with_crl(pki_crl("ARK-Milan", rsa, -1, NOW - DAY, NOW + DAY), ATTEST_OK);
	with_crl(pki_crl("ARK-Milan", rsa, 3, NOW - DAY, NOW + DAY), ATTEST_OK); /* the ASVK */
	/* The VEK's number, but of another issuer. */
	with_crl(pki_crl("ARK-Milan", rsa, 7, NOW - DAY, NOW + DAY), ATTEST_OK);
	with_crl(pki_crl("ARK-Milan", rsa, 2, NOW - DAY, NOW + DAY), ATTEST_R_ask_revoked);
	with_crl(pki_crl("SEV-Milan", rsa, 2, NOW - DAY, NOW + DAY), ATTEST_OK);
	with_crl(pki_crl("SEV-Milan", rsa, 7, NOW - DAY, NOW + DAY), ATTEST_R_vek_revoked);
	with_crl(pki_crl("ARK-Genoa", rsa, -1, NOW - DAY, NOW + DAY), ATTEST_R_crl_issuer);
	with_crl(pki_crl("ARK-Milan", vek_key, -1, NOW - DAY, NOW + DAY), ATTEST_R_crl_signature);
	with_crl(pki_crl("ARK-Milan", rsa, -1, NOW + 1, NOW + DAY), ATTEST_R_crl_not_yet_valid);
	with_crl(pki_crl("ARK-Milan", rsa, -1, NOW - DAY, NOW - 1), ATTEST_R_crl_expired);
	/* Without a list: only a policy minds. */
	assert_int_equal(attest_policy_parse(text, sizeof(text) - 1, &policy, &why), 0);
	q.policy = policy;
	refused_for(attest, &q, ATTEST_R_policy_crl_missing);
	q.collateral = bundle(pki_crl("ARK-Milan", rsa, -1, NOW - DAY, NOW + DAY));
	accepted(attest, &q, &v);
	assert_true(v.claims.snp.crl_checked);
	assert_int_equal(v.collateral_until, NOW + DAY);
	/* An ASK's own list says nothing of ASKs. */
	q.collateral = bundle(pki_crl("SEV-Milan", rsa, -1, NOW - DAY, NOW + DAY));
	refused_for(attest, &q, ATTEST_R_policy_crl_missing);
	attest_policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	   cmocka_unit_test(test_vlek),	  cmocka_unit_test(test_masked_chip),
		cmocka_unit_test(test_extensions), cmocka_unit_test(test_product), cmocka_unit_test(test_tcb),
		cmocka_unit_test(test_signature),  cmocka_unit_test(test_dates),  cmocka_unit_test(test_revocation),
		cmocka_unit_test(test_vlek_revocation),
	};

	return cmocka_run_group_tests(tests, make, NULL);
}
