/* What is written here, read by libcrypto: certificates, requests, revocation lists, answers of OCSP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/ocsp.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/crl.h"
#include "server/engine/pki/ocsp.h"

static struct pool pool;
static const struct {
	const char *type;
	int64_t bits;
	bool pss;
} kinds[] = {
	{ "rsa", 2048, false }, { "rsa", 2048, true }, { "ec", 224, false }, { "ec", 256, false }, { "ec", 384, false },
	{ "ec", 521, false }, { "ed25519", 0, false },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

uint64_t mount_max_ttl(const struct core *core, const struct mount *m);
uint64_t mount_max_ttl(const struct core *core, const struct mount *m)
{
	(void)core;
	(void)m;
	return 3600;
}

static struct names one(const char *text)
{
	struct names names = { NULL, 0 };

	names_add(&pool, &names, text);
	return names;
}

static struct blob root_make(size_t kind, struct pki_key *key)
{
	struct pki_wish w = { .not_before = 1700000000, .not_after = 2700000000, .constraints = true, .ca = true,
			      .path_length = -1, .key_usage = PKI_CERT_SIGN | PKI_CRL_SIGN };
	struct names organization = one("Ours, Inc");
	struct pki_subject subject = { .common_name = "Root", .organization = &organization };
	struct blob der;

	assert_true(pki_key_make(&pool, kinds[kind].type, kinds[kind].bits, key));
	pki_serial_make(w.serial, 1700000000123456789);
	w.subject = pki_name(&pool, &subject);
	w.spki = key->spki;
	w.skid = (struct blob){ key->skid, 20 };
	assert_true(pki_certificate(&pool, &w, w.subject, w.skid, key,
				    pki_algorithm(key->type, key->bits, 0, kinds[kind].pss), &der));
	return der;
}

/* Each kind of key signs itself; what is read is what was wished, byte for byte when written again. */
static void roots(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct pki_key key, again;
		struct blob der = root_make(i, &key), pkcs8;
		struct pki_cert c;
		unsigned char *written = NULL;
		int size;

		assert_true(pki_cert_read(&pool, der, &c));
		assert_true(c.ca && c.self_issued);
		assert_int_equal(c.path_length, -1);
		assert_int_equal(c.key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		assert_string_equal(c.common_name, "Root");
		assert_string_equal(c.key_type, kinds[i].type);
		assert_int_equal(c.not_before, 1700000000);
		assert_int_equal(c.not_after, 2700000000);
		assert_int_equal(c.spki.size, key.spki.size);
		assert_memory_equal(c.spki.at, key.spki.at, key.spki.size);
		assert_true(pki_cert_signed_by(&c, &c));
		size = i2d_X509(c.x509, &written);
		assert_int_equal(size, (int)der.size);
		assert_memory_equal(written, der.at, der.size);
		OPENSSL_free(written);
		assert_true(pki_key_read(&pool, key.der, &again));
		assert_int_equal(EVP_PKEY_eq(key.pkey, again.pkey), 1);
		pki_key_close(&again);
		assert_true(pki_key_pkcs8(&pool, &key, &pkcs8));
		assert_true(pki_key_read(&pool, pkcs8, &again));
		assert_int_equal(EVP_PKEY_eq(key.pkey, again.pkey), 1);
		assert_memory_equal(again.skid, key.skid, 20);
		pki_key_close(&again);
		pki_key_close(&key);
		pki_cert_close(&c);
	}
}

/* A certificate cut anywhere, or with one bit of it turned, is not signed by its issuer, and nothing goes wrong. */
static void broken(void **state)
{
	struct pki_key key;
	struct blob der = root_make(3, &key);
	uint8_t *bytes = (uint8_t *)pool_copy(&pool, (const char *)der.at, der.size);
	struct pki_cert c, whole;

	(void)state;
	assert_true(pki_cert_read(&pool, der, &whole));
	for (size_t i = 0; i < der.size; i++)
		assert_false(pki_cert_read(&pool, (struct blob){ bytes, i }, &c));
	for (size_t i = 0; i < 8 * der.size; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (pki_cert_read(&pool, (struct blob){ bytes, der.size }, &c)) {
			assert_false(pki_cert_signed_by(&c, &whole));
			pki_cert_close(&c);
		}
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	pki_cert_close(&whole);
	pki_key_close(&key);
}

static void requests(void **state)
{
	struct pki_sans sans = { .dns = one("a.org"), .emails = one("me@a.org"), .uris = one("spiffe://a/b"),
				 .others = one("1.2.3;UTF8:x\xc3\xa4"), .ip_count = 1 };
	struct pki_subject subject = { .common_name = "a.org", .serial_number = "7" };
	struct pki_wish w = { .path_length = -1 };
	struct pki_csr csr;
	struct pki_key key;
	struct blob der;

	(void)state;
	assert_true(pki_ip_read(&pool, "192.0.2.1", &sans.ips[0]));
	w.subject = pki_name(&pool, &subject);
	assert_true(pki_sans_encode(&pool, &sans, &w.san));
	for (size_t i = 0; i < KINDS; i++) {
		assert_true(pki_key_make(&pool, kinds[i].type, kinds[i].bits, &key));
		w.spki = key.spki;
		w.constraints = w.ca = i & 1;
		assert_true(pki_request(&pool, &w, &key, pki_algorithm(key.type, key.bits, 0, kinds[i].pss), &der));
		assert_null(pki_csr_read(&pool, der, &csr));
		assert_true(pki_csr_verify(&csr));
		assert_string_equal(csr.common_name, "a.org");
		assert_string_equal(csr.serial_number, "7");
		assert_string_equal(csr.sans.dns.at[0], "a.org");
		assert_string_equal(csr.sans.emails.at[0], "me@a.org");
		assert_string_equal(csr.sans.uris.at[0], "spiffe://a/b");
		assert_string_equal(csr.sans.others.at[0], "1.2.3;UTF-8:x\xc3\xa4");
		assert_memory_equal(csr.sans.ips[0].at, "\xc0\x00\x02\x01", 4);
		assert_int_equal(csr.has_constraints, i & 1);
		pki_csr_close(&csr);
		((uint8_t *)(uintptr_t)der.at)[der.size - 1] ^= 1;
		if (!pki_csr_read(&pool, der, &csr))
			assert_false(pki_csr_verify(&csr));
		pki_csr_close(&csr);
		pki_key_close(&key);
	}
}

/* Values of a relative name are in DER's order whatever order they came in, and each once. */
static void names(void **state)
{
	struct names a = { NULL, 0 }, b = { NULL, 0 };
	struct blob first, second;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		names_add(&pool, &a, (const char *[]){ "x", "aa", "b", "x", "" }[i]);
		names_add(&pool, &b, (const char *[]){ "b", "x", "aa", "aa", "b" }[i]);
	}
	first = pki_name(&pool, &(struct pki_subject){ .ou = &a });
	second = pki_name(&pool, &(struct pki_subject){ .ou = &b });
	assert_int_equal(first.size, second.size);
	assert_memory_equal(first.at, second.at, first.size);
	assert_true(pki_name_empty(pki_name(&pool, &(struct pki_subject){ .common_name = "" })));
}

static void lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		static const uint8_t serial[] = { 0x80, 1, 2 };
		struct pki_crl crl = {
			.number = 300, .base = -1, .this_update = 1700000000, .next_update = 2600000000
		};
		struct pki_key key;
		struct blob der = root_make(i, &key), list;
		const unsigned char *at;
		ASN1_INTEGER *number;
		X509_REVOKED *revoked;
		struct pki_cert c;
		X509_CRL *read;

		assert_true(pki_cert_read(&pool, der, &c));
		crl.entries = pki_crl_entry(&pool, (struct blob){ serial, sizeof(serial) }, 1700000000LL * 1000000000);
		assert_true(
			pki_crl_sign(&pool, &crl, &c, &key, pki_algorithm(key.type, key.bits, 0, kinds[i].pss), &list));
		at = list.at;
		read = d2i_X509_CRL(NULL, &at, (long)list.size);
		assert_non_null(read);
		assert_ptr_equal(at, list.at + list.size);
		assert_int_equal(X509_CRL_verify(read, X509_get0_pubkey(c.x509)), 1);
		assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(read)), 1);
		revoked = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(read), 0);
		assert_int_equal(ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(revoked)), 0x800102);
		number = X509_CRL_get_ext_d2i(read, NID_crl_number, NULL, NULL);
		assert_int_equal(ASN1_INTEGER_get(number), 300);
		ASN1_INTEGER_free(number);
		X509_CRL_free(read);
		pki_cert_close(&c);
		pki_key_close(&key);
	}
}

/* A client's request, answered, and taken by the client. */
static void status_of(const EVP_MD *md, enum pki_ocsp_status status, int expected)
{
	struct pki_ocsp_answer answer = { .status = status, .now = 1700000000, .next_update = 2600000000,
					  .revoked_at = 1690000000 };
	struct pki_key key;
	struct blob der = root_make(3, &key), out;
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	struct pki_ocsp_request q;
	unsigned char *bytes = NULL;
	const unsigned char *at;
	OCSP_RESPONSE *response;
	OCSP_BASICRESP *basic;
	ASN1_GENERALIZEDTIME *revoked = NULL;
	OCSP_CERTID *id, *own;
	struct pki_cert c;
	int size, got, reason;

	assert_true(pki_cert_read(&pool, der, &c));
	id = OCSP_cert_to_id(md, c.x509, c.x509);
	own = OCSP_CERTID_dup(id);
	OCSP_request_add0_id(request, id);
	OCSP_request_add1_nonce(request, NULL, -1);
	size = i2d_OCSP_REQUEST(request, &bytes);
	assert_true(pki_ocsp_read(&pool, (struct blob){ bytes, (size_t)size }, &q));
	assert_true(pki_ocsp_matches(&pool, &q, &c));
	assert_true(pki_ocsp_sign(&pool, &q, &answer, &c, &key, &out));
	at = out.at;
	response = d2i_OCSP_RESPONSE(NULL, &at, (long)out.size);
	assert_non_null(response);
	assert_int_equal(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
	basic = OCSP_response_get1_basic(response);
	assert_int_equal(OCSP_check_nonce(request, basic), 1);
	assert_int_equal(OCSP_resp_find_status(basic, own, &got, &reason, &revoked, NULL, NULL), 1);
	assert_int_equal(got, expected);
	assert_int_equal(revoked != NULL, status == PKI_OCSP_REVOKED);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	OCSP_CERTID_free(own);
	OCSP_REQUEST_free(request);
	OPENSSL_free(bytes);
	pki_cert_close(&c);
	pki_key_close(&key);
}

static void ocsp(void **state)
{
	(void)state;
	status_of(EVP_sha1(), PKI_OCSP_GOOD, V_OCSP_CERTSTATUS_GOOD);
	status_of(EVP_sha256(), PKI_OCSP_REVOKED, V_OCSP_CERTSTATUS_REVOKED);
	status_of(EVP_sha512(), PKI_OCSP_UNKNOWN, V_OCSP_CERTSTATUS_UNKNOWN);
}

static void pem(void **state)
{
	static const char *const bad[] = { "x",
					   "-----BEGIN A-----",
					   "-----BEGIN A-----\nAAAA\n-----END B-----",
					   "-----BEGIN A-----\nAAA\n-----END A-----",
					   "-----BEGIN A-----\n-----END A-----",
					   "-----BEGIN A\n-----\nAAAA\n-----END A-----",
					   "-----BEGIN A-----\nProc-Type: 4\n\nAAAA\n-----END A-----" };
	const char *text =
		" \n-----BEGIN A B-----\nAAAA\nBBBB\n-----END A B-----\n\n"
		"-----BEGIN C-----\r\nAA==\r\n-----END C-----\r\n ";
	const char *label;
	struct blob der;

	(void)state;
	assert_int_equal(pki_pem_next(&pool, &text, &label, &der), 1);
	assert_string_equal(label, "A B");
	assert_int_equal(der.size, 6);
	assert_int_equal(pki_pem_next(&pool, &text, &label, &der), 1);
	assert_string_equal(label, "C");
	assert_int_equal(der.size, 1);
	assert_int_equal(pki_pem_next(&pool, &text, &label, &der), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		text = bad[i];
		assert_true(pki_pem_next(&pool, &text, &label, &der) < 0);
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
		cmocka_unit_test(roots), cmocka_unit_test(broken), cmocka_unit_test(requests), cmocka_unit_test(names),
		cmocka_unit_test(lists), cmocka_unit_test(ocsp), cmocka_unit_test(pem),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
