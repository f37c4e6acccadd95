/* Evidence in every encoding that it travels in, and in certificates (RA-TLS). */
#include "attest/cbor.h"
#include "attest/evidence_text.h"
#include "tests/unit/attest_snp/pki.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include <cmocka.h>

#define DICE "2.23.133.5.4.9"
#define GRAMINE "0.6.9.42.840.113741.1337.6"
#define INTEL "1.2.840.113741.1.13.1"

static struct attest *attest;
static struct attest_bytes quote; /* DER of the certificate that it came in is not needed */
static struct attest_request snp;

static int make(void **state)
{
	(void)state;
	attest = attest_new();
	assert_non_null(attest);
	quote = vector("quotes/sgx3-00606a000000-5cfdb51d1d43.bin");
	snp = (struct attest_request){ .evidence = vector("snp-reports/milan-v3-14fd2b6e459c.bin"),
				       .vek = vector("snp-reports/milan-v3-14fd2b6e459c.vcek.der"),
				       .chain = vector("amd-roots/ask_ark_milan.pem"),
				       .now = moment("2025-03-29T16:33:43Z") };
	return 0;
}

static struct attest_bytes text(const char *s)
{
	return (struct attest_bytes){ (const uint8_t *)s, strlen(s) };
}

static char *hex_of(struct attest_bytes b, const char *digits, const char *between)
{
	size_t size = b.size * 4 + 1, n = 0;
	char *out = kept(malloc(size));

	for (size_t i = 0; i < b.size; i++)
		n += (size_t)snprintf(out + n, size - n, "%c%c%s", digits[b.at[i] >> 4], digits[b.at[i] & 15],
				      i % 32 == 31 ? between : "");
	return out;
}

static char *base64_of(struct attest_bytes b, bool url)
{
	char *out = kept(malloc(b.size * 2 + 8));
	int n = EVP_EncodeBlock((uint8_t *)out, b.at, (int)b.size);

	for (int i = 0; url && i < n; i++)
		out[i] = (char)(out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i] == '=' ? '\0' : out[i]);
	return out;
}

static void test_encodings(void **state)
{
	const char *const texts[] = {
		hex_of(snp.evidence, "0123456789abcdef", ""), hex_of(snp.evidence, "0123456789ABCDEF", "\r\n"),
		base64_of(snp.evidence, false), base64_of(snp.evidence, true),
	};
	static struct attest_verdict v;
	struct attest_request q = snp;

	(void)state;
	accepted(attest, &q, &v);
	for (size_t i = 0; i < 4; i++) {
		size_t size = strlen(texts[i]) + 8;
		char *with_space = malloc(size);

		q.evidence = text(texts[i]);
		accepted(attest, &q, &v);
		(void)snprintf(with_space, size, " \n%s\t\n", texts[i]);
		q.evidence = text(with_space);
		q.evidence.size++; /* a NUL behind */
		accepted(attest, &q, &v);
		free(with_space);
	}
}

static void unreadable(const void *at, size_t size)
{
	struct attest_request q = snp;

	q.evidence = (struct attest_bytes){ at, size };
	refused_for(attest, &q, ATTEST_R_evidence_unreadable);
}

static void test_unreadable(void **state)
{
	static const char *const texts[] = { "", " ", "hello, world", "abc", "03000", "AA-/", "A===", "AAA=A", "QQ=",
					     "-----BEGIN CERTIFICATE-----\nAAAA",
					     "-----BEGIN X-----\nAAAA\n-----END X-----",
					     "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", "/////w==" };
	static const uint8_t zeros[64], ones[] = { 0xff, 0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		unreadable(texts[i], strlen(texts[i]));
	unreadable(zeros, sizeof(zeros));
	unreadable(ones, sizeof(ones));
}

static void test_sizes(void **state)
{
	struct attest_request q = snp;
	uint8_t *large = malloc(ATTEST_EVIDENCE_MAX + 1);
	char *hex;

	(void)state;
	memset(large, 'a', ATTEST_EVIDENCE_MAX + 1);
	q.evidence = (struct attest_bytes){ large, ATTEST_EVIDENCE_MAX + 1 };
	refused_for(attest, &q, ATTEST_R_evidence_too_large);
	q.evidence.size--;
	refused_for(attest, &q, ATTEST_R_evidence_too_large);
	for (size_t size = 4; size < 1184; size += 59) {
		q.evidence = (struct attest_bytes){ snp.evidence.at, size };
		refused_for(attest, &q, ATTEST_R_evidence_truncated);
		q.evidence = (struct attest_bytes){ quote.at, size };
		refused_for(attest, &q, ATTEST_R_evidence_truncated);
	}
	memcpy(large, quote.at, quote.size);
	large[quote.size] = 0;
	q.evidence = (struct attest_bytes){ large, quote.size + 1 };
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	q.trailing_ok = true;
	refused_for(attest, &q, ATTEST_R_collateral_missing);
	hex = hex_of(q.evidence, "0123456789abcdef", "");
	q.evidence = text(hex);
	refused_for(attest, &q, ATTEST_R_collateral_missing);
	q.trailing_ok = false;
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	free(hex);
	free(large);
}

/* Lengths inside a quote: of the signature data, the authentication data and the certification data. */
static void test_lengths(void **state)
{
	const size_t authentication = 436 + 64 + 64 + 384 + 64;
	const size_t places[] = { authentication, authentication + 1, authentication + 2 + 32 + 2 };
	uint8_t *copy = malloc(quote.size);
	struct attest_request q = { .evidence = { copy, quote.size }, .now = snp.now };

	(void)state;
	memcpy(copy, quote.at, quote.size);
	for (size_t i = 0; i < 3; i++) {
		copy[places[i]] ^= 0x55;
		refused_for(attest, &q, ATTEST_R_signature_data_malformed);
		copy[places[i]] ^= 0x55;
	}
	refused_for(attest, &q, ATTEST_R_collateral_missing);
	free(copy);
}

static struct attest_collateral *collateral_of(const char *name)
{
	struct attest_bytes json = vector("collateral-sets/%s.json", name);
	struct attest_collateral *c = NULL;
	struct attest_refusal why;

	assert_int_equal(attest_collateral_parse(attest, json.at, json.size, &c, &why), 0);
	return c;
}

static void test_real_certificates(void **state)
{
	struct attest_collateral *c = collateral_of("sgx-00606a000000-2025-08");
	struct attest_request q = { .evidence = vector("ra-tls-certs/gramine-cert.pem"), .collateral = c,
				    .now = moment("2025-08-30T00:00:00Z") };
	static struct attest_verdict v;
	uint8_t *changed;

	(void)state;
	attest_verify(attest, &q, &v);
	assert_true(v.genuine);
	assert_true(v.claims.certificate);
	assert_int_equal(v.claims.public_key_sha256[0], 0x5a);
	assert_int_equal(v.refusal.reason, ATTEST_R_policy_debug);
	/* Two blocks, or one and a half. */
	changed = malloc(2 * q.evidence.size);
	memcpy(changed, q.evidence.at, q.evidence.size);
	memcpy(changed + q.evidence.size, q.evidence.at, q.evidence.size);
	q.evidence = (struct attest_bytes){ changed, 2 * q.evidence.size };
	refused_for(attest, &q, ATTEST_R_trailing_bytes);
	free(changed);
	/* Certificates have dates, and the quote's do not stand in for them. */
	q.evidence = vector("ra-tls-certs/rats-tls-cert.pem");
	refused_for(attest, &q, ATTEST_R_certificate_expired);
	q.now = moment("2022-12-01T00:00:00Z");
	refused_for(attest, &q, ATTEST_R_certificate_not_yet_valid);
	/* Bound, as its collateral is only missing. */
	q = (struct attest_request){ .evidence = vector("ra-tls-certs/intel-sgxsdk-cert.pem"),
				     .now = moment("2025-08-30T00:00:00Z") };
	refused_for(attest, &q, ATTEST_R_collateral_missing);
	attest_collateral_free(c);
}

static struct attest_bytes der_of_pem(struct attest_bytes pem)
{
	uint8_t *der = kept(malloc(pem.size));
	bool certificate;
	long n = evidence_text_decode(&pem, der, pem.size, &certificate);

	assert_true(certificate && n > 0);
	return (struct attest_bytes){ der, (size_t)n };
}

static void test_each_byte_of_a_certificate_counts(void **state)
{
	static const char *const names[] = { "gramine", "intel-sgxsdk", "rats-tls" };
	static struct attest_verdict v;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct attest_bytes der = der_of_pem(vector("ra-tls-certs/%s-cert.pem", names[i]));
		uint8_t *copy = malloc(der.size);
		struct attest_request q = { .evidence = { copy, der.size }, .now = moment("2023-06-01T00:00:00Z") };

		memcpy(copy, der.at, der.size);
		refused_for(attest, &q, ATTEST_R_collateral_missing);
		for (size_t at = i; at < der.size; at += 23) {
			copy[at] ^= (uint8_t)(1 << at % 8);
			attest_verify(attest, &q, &v);
			if (v.refusal.reason == ATTEST_OK || v.refusal.reason >= ATTEST_R_collateral_missing)
				fail_msg("%s: %s with byte %zu changed", names[i],
					 attest_reason_token(v.refusal.reason), at);
			copy[at] ^= (uint8_t)(1 << at % 8);
		}
		free(copy);
	}
}

/* A certificate by a key of ours, with an extension of evidence. */
static struct attest_bytes certificate(EVP_PKEY *key, const char *oid, struct attest_bytes value)
{
	struct pki_spec s = { .subject = "ours", .key = key, .extensions = { { oid, value } } };

	return pki_certificate(&s);
}

static void refused_certificate(struct attest_bytes der, enum attest_reason reason)
{
	struct attest_request q = { .evidence = der, .now = moment("2025-08-30T00:00:00Z") };

	refused_for(attest, &q, reason);
}

static struct attest_bytes cbor_of_parts(unsigned int tag, struct attest_bytes q, struct attest_bytes claims)
{
	const uint8_t head[] = { 0xd9, (uint8_t)(tag >> 8), (uint8_t)tag, 0x82, 0x59, (uint8_t)(q.size >> 8),
				 (uint8_t)q.size };
	uint8_t *out = kept(malloc(q.size + claims.size + 16)), *at = out;

	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	memcpy(at, q.at, q.size);
	at += q.size;
	*at++ = 0x58;
	*at++ = (uint8_t)claims.size;
	memcpy(at, claims.at, claims.size);
	return (struct attest_bytes){ out, (size_t)(at + claims.size - out) };
}

/* The real quote with report data of our own: not genuine, but bound or not bound. */
static struct attest_bytes quote_for(struct attest_bytes what)
{
	uint8_t *copy = kept(malloc(quote.size));

	memcpy(copy, quote.at, quote.size);
	SHA256(what.at, what.size, copy + 48 + 320);
	return (struct attest_bytes){ copy, quote.size };
}

static struct attest_bytes claims_for(EVP_PKEY *key, uint8_t algorithm)
{
	struct attest_bytes spki = pki_spki(key);
	uint8_t *out = kept(malloc(128)), size = algorithm == 8 ? 64 : algorithm == 7 ? 48 : 32;

	memcpy(out, "\xa1\x6bpubkey-hash\x58", 14);
	out[14] = (uint8_t)(size + 4);
	out[15] = 0x82;
	out[16] = algorithm;
	out[17] = 0x58;
	out[18] = size;
	if (algorithm == 8)
		SHA512(spki.at, spki.size, out + 19);
	else if (algorithm == 7)
		SHA384(spki.at, spki.size, out + 19);
	else
		SHA256(spki.at, spki.size, out + 19);
	return (struct attest_bytes){ out, (size_t)size + 19 };
}

static void test_binding(void **state)
{
	static const uint8_t algorithms[] = { 1, 7, 8 };
	EVP_PKEY *key = pki_p384(), *other = pki_p384();
	struct attest_bytes good = claims_for(key, 1), theirs = claims_for(other, 1), odd = claims_for(key, 2);
	struct attest_bytes spki = pki_spki(key);
	struct pki_spec s = { .subject = "ours", .key = key, .signer = other,
			      .extensions = { { GRAMINE, quote_for(spki) } } };

	(void)state;
	/* A genuine quote in a certificate of somebody else's is what a relay would show. */
	refused_certificate(certificate(key, GRAMINE, quote), ATTEST_R_certificate_binding);
	refused_certificate(certificate(key, INTEL, quote), ATTEST_R_certificate_binding);
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote, good)), ATTEST_R_certificate_binding);
	/* Bound: the next refusal. */
	refused_certificate(certificate(key, GRAMINE, quote_for(spki)), ATTEST_R_collateral_missing);
	refused_certificate(certificate(key, INTEL, quote_for(spki)), ATTEST_R_collateral_missing);
	for (size_t i = 0; i < 3; i++) {
		struct attest_bytes claims = claims_for(key, algorithms[i]);

		refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(claims), claims)),
				    ATTEST_R_collateral_missing);
	}
	/* Claims that the quote vouches for, of another key or an unknown hash. */
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(theirs), theirs)),
			    ATTEST_R_certificate_binding);
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(odd), odd)),
			    ATTEST_R_certificate_binding);
	/* Signed by another key, or issued by another name. */
	refused_certificate(pki_certificate(&s), ATTEST_R_certificate_binding);
	s.signer = NULL;
	s.issuer = "theirs";
	refused_certificate(pki_certificate(&s), ATTEST_R_certificate_binding);
}

static void test_without_evidence(void **state)
{
	EVP_PKEY *key = pki_p384();
	struct pki_spec twice = { .subject = "ours", .key = key,
				  .extensions = { { GRAMINE, quote }, { GRAMINE, quote } } };
	struct attest_bytes claims = claims_for(key, 1), good = cbor_of_parts(60000, quote_for(claims), claims);
	struct attest_request q = { .evidence = snp.vek };

	(void)state;
	refused_for(attest, &q, ATTEST_R_certificate_has_no_evidence);
	q.evidence = vector("intel-test-root/sgx/pckCert.pem"); /* its extension has Intel's SDK's OID */
	refused_for(attest, &q, ATTEST_R_certificate_has_no_evidence);
	refused_certificate(certificate(key, DICE, cbor_of_parts(60001, quote, claims)),
			    ATTEST_R_certificate_has_no_evidence);
	refused_certificate(pki_certificate(&twice), ATTEST_R_certificate_malformed);
	for (size_t size = 0; size < good.size; size += size < 8 || size + 100 > good.size ? 1 : 97)
		refused_certificate(certificate(key, DICE, (struct attest_bytes){ good.at, size }),
				    ATTEST_R_certificate_malformed);
	q.evidence = (struct attest_bytes){ (const uint8_t *)"\x30\x82\x01\x00", 4 };
	refused_for(attest, &q, ATTEST_R_certificate_malformed);
	q.evidence = vector("ra-tls-certs/gramine-cert.pem");
	q.evidence.size -= 300;
	refused_for(attest, &q, ATTEST_R_evidence_unreadable);
}

static void test_claims(void **state)
{
	/* "pubkey-hash" beside others; then twice; then with a key that is no text; then cut. */
	EVP_PKEY *key = pki_p384();
	struct attest_bytes one = claims_for(key, 1);
	static uint8_t many[512];
	struct attest_bytes claims = { many, 0 };

	(void)state;
	many[0] = 0xa3;
	memcpy(many + 1, "\x61" "a" "\x83\x01\x20\xf6" "\x61" "b" "\xc1\xfb" "12345678", 18);
	memcpy(many + 19, one.at + 1, one.size - 1);
	claims.size = 18 + one.size;
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(claims), claims)),
			    ATTEST_R_collateral_missing);
	memcpy(many + claims.size, one.at + 1, one.size - 1);
	many[0] = 0xa4;
	claims.size += one.size - 1;
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(claims), claims)),
			    ATTEST_R_certificate_binding);
	many[0] = 0xa3; /* one more than counted */
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(claims), claims)),
			    ATTEST_R_certificate_binding);
	many[1] = 0x41;
	refused_certificate(certificate(key, DICE, cbor_of_parts(60000, quote_for(claims), claims)),
			    ATTEST_R_certificate_binding);
}

static void test_cbor(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		bool good;
	} items[] = {
		{ "\x00", 1, true },	     { "\x17", 1, true },		{ "\x18\x18", 2, true },
		{ "\x18\x17", 2, false },    { "\x19\x00\xff", 3, false },	{ "\x19\x01\x00", 3, true },
		{ "\x1c", 1, false },	     { "\x1f", 1, false },		{ "\x5f\x41" "a\xff", 4, false },
		{ "\x41", 1, false },	     { "\x41" "a", 2, true },		{ "\x82\x01", 2, false },
		{ "\x82\x01\x02", 3, true }, { "\xa1\x01", 2, false },		{ "\xa1\x01\x02", 3, true },
		{ "\x80", 1, true },	     { "\xa0", 1, true },		{ "\xc1\x01", 2, true },
		{ "\xc1", 1, false },	     { "\xf4", 1, true },		{ "\x9f\x01\xff", 3, false },
		{ "\x81\x81\x81\x81\x81\x81\x81\x01", 8, true },
		{ "\x81\x81\x81\x81\x81\x81\x81\x81\x01", 9, false },
		{ "\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, false },
		{ "\x9b\x80\x00\x00\x00\x00\x00\x00\x00\x01", 10, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct cbor c = cbor_of((struct attest_bytes){ (const uint8_t *)items[i].bytes, items[i].size });

		cbor_skip(&c);
		if (cbor_done(&c) != items[i].good)
			fail_msg("item %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cbor),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_real_certificates),
		cmocka_unit_test(test_each_byte_of_a_certificate_counts),
		cmocka_unit_test(test_binding),
		cmocka_unit_test(test_without_evidence),
		cmocka_unit_test(test_claims),
	};

	return vectors_present() ? cmocka_run_group_tests(tests, make, NULL) : TEST_SKIPPED;
}
