#include "tests/unit/attest_snp/pki.h"
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cmocka.h>

EVP_PKEY *pki_rsa(void)
{
	static EVP_PKEY *key;

	if (!key)
		key = EVP_RSA_gen(4096);
	assert_non_null(key);
	return kept(key);
}

EVP_PKEY *pki_p384(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");

	assert_non_null(key);
	return kept(key);
}

static struct attest_bytes copied(const void *at, size_t size)
{
	uint8_t *copy = kept(malloc(size + 1));

	memcpy(copy, at, size);
	copy[size] = 0;
	return (struct attest_bytes){ copy, size };
}

struct attest_bytes pki_pem(const char *label, struct attest_bytes der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct attest_bytes out;
	char *text;
	long size;

	assert_true(PEM_write_bio(bio, label, "", der.at, (long)der.size) > 0);
	size = BIO_get_mem_data(bio, &text);
	out = copied(text, (size_t)size);
	BIO_free(bio);
	return out;
}

struct attest_bytes pki_spki(EVP_PKEY *key)
{
	uint8_t *der = NULL;
	int size = i2d_PUBKEY(key, &der);

	assert_true(size > 0);
	return (struct attest_bytes){ kept(der), (size_t)size };
}

static EVP_MD_CTX *signer_of(EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey;

	assert_int_equal(EVP_DigestSignInit(ctx, &pkey, EVP_sha384(), NULL, key), 1);
	if (EVP_PKEY_is_a(key, "RSA")) {
		assert_true(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, 48) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(pkey, EVP_sha384()) > 0);
	}
	return ctx;
}

static X509_NAME *name_of(const char *common)
{
	X509_NAME *name = X509_NAME_new();

	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)common, -1, -1, 0), 1);
	return name;
}

static void extension_add(X509 *x, const char *oid, struct attest_bytes value, int critical)
{
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	X509_EXTENSION *e;

	assert_non_null(object);
	ASN1_OCTET_STRING_set(string, value.at, (int)value.size);
	e = X509_EXTENSION_create_by_OBJ(NULL, object, critical, string);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(string);
	ASN1_OBJECT_free(object);
}

struct attest_bytes pki_certificate(const struct pki_spec *spec)
{
	static const uint8_t ca[] = { 0x30, 0x03, 0x01, 0x01, 0xff }, leaf[] = { 0x30, 0x00 };
	X509 *x = X509_new();
	X509_NAME *subject = name_of(spec->subject), *issuer = name_of(spec->issuer ? spec->issuer : spec->subject);
	EVP_MD_CTX *ctx = signer_of(spec->signer ? spec->signer : spec->key);
	uint8_t *der = NULL;
	int size;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), spec->serial);
	X509_set_subject_name(x, subject);
	X509_set_issuer_name(x, issuer);
	ASN1_TIME_adj(X509_getm_notBefore(x), spec->not_before ? spec->not_before : 1577836800, 0, 0);
	ASN1_TIME_adj(X509_getm_notAfter(x), spec->not_after ? spec->not_after : 1893456000, 0, 0);
	X509_set_pubkey(x, spec->key);
	extension_add(x, "2.5.29.19", spec->ca ? (struct attest_bytes){ ca, sizeof(ca) } :
						 (struct attest_bytes){ leaf, sizeof(leaf) }, 1);
	for (size_t i = 0; i < PKI_EXTENSIONS_MAX && spec->extensions[i].oid; i++)
		extension_add(x, spec->extensions[i].oid, spec->extensions[i].value, 0);
	assert_true(X509_sign_ctx(x, ctx) > 0);
	size = i2d_X509(x, &der);
	assert_true(size > 0);
	EVP_MD_CTX_free(ctx);
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	X509_free(x);
	return (struct attest_bytes){ kept(der), (size_t)size };
}

struct attest_bytes pki_crl(const char *issuer, EVP_PKEY *signer, long serial, int64_t from, int64_t until)
{
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *name = name_of(issuer);
	ASN1_TIME *at = ASN1_TIME_adj(NULL, from, 0, 0), *end = ASN1_TIME_adj(NULL, until, 0, 0);
	EVP_MD_CTX *ctx = signer_of(signer);
	uint8_t *der = NULL;
	int size;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, name);
	X509_CRL_set1_lastUpdate(crl, at);
	X509_CRL_set1_nextUpdate(crl, end);
	if (serial >= 0) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *number = ASN1_INTEGER_new();

		ASN1_INTEGER_set(number, serial);
		X509_REVOKED_set_serialNumber(r, number);
		X509_REVOKED_set_revocationDate(r, at);
		X509_CRL_add0_revoked(crl, r);
		ASN1_INTEGER_free(number);
	}
	assert_true(X509_CRL_sign_ctx(crl, ctx) > 0);
	size = i2d_X509_CRL(crl, &der);
	assert_true(size > 0);
	EVP_MD_CTX_free(ctx);
	X509_NAME_free(name);
	ASN1_TIME_free(at);
	ASN1_TIME_free(end);
	X509_CRL_free(crl);
	return (struct attest_bytes){ kept(der), (size_t)size };
}

static struct attest_bytes integer_of(uint8_t value)
{
	const uint8_t small[] = { 2, 1, value }, large[] = { 2, 2, 0, value };

	return value < 128 ? copied(small, sizeof(small)) : copied(large, sizeof(large));
}

void pki_vek_extensions(struct pki_extension *to, const char *product, const uint8_t tcb[8], const uint8_t *chip,
			size_t chip_size, bool turin)
{
	static const char *const milan[] = { "1", "2", "4", "5", "6", "7", "3", "8" };
	static const char *const turins[] = { "9", "1", "2", "3", "5", "6", "7", "8" };
	uint8_t name[34] = { 0x16, (uint8_t)strlen(product) };
	char oid[64];

	memcpy(name + 2, product, strlen(product));
	*to++ = (struct pki_extension){ "1.3.6.1.4.1.3704.1.2", copied(name, 2 + strlen(product)) };
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(oid, sizeof(oid), "1.3.6.1.4.1.3704.1.3.%s", (turin ? turins : milan)[i]);
		*to++ = (struct pki_extension){ (const char *)copied(oid, strlen(oid)).at, integer_of(tcb[i]) };
	}
	if (chip)
		*to++ = (struct pki_extension){ "1.3.6.1.4.1.3704.1.4", copied(chip, chip_size) };
}

void pki_sign_report(struct snp_report *r, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = signer_of(key);
	uint8_t der[128];
	const uint8_t *at = der;
	size_t size = sizeof(der);
	ECDSA_SIG *sig;

	memset(r->signature_r, 0, sizeof(r->signature_r) + sizeof(r->signature_s));
	assert_int_equal(EVP_DigestSign(ctx, der, &size, (const uint8_t *)r, SNP_REPORT_SIGNED), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
	assert_non_null(sig);
	BN_bn2lebinpad(ECDSA_SIG_get0_r(sig), r->signature_r, 48);
	BN_bn2lebinpad(ECDSA_SIG_get0_s(sig), r->signature_s, 48);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}
