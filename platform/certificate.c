#include "platform/certificate.h"
#include "image/cleanup.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define CRL_ADDRESS "URI:https://adyton.invalid/" /* RFC 2606: lists come with the collateral, never from there */

static const struct profile {
	const char *common_name, *constraints, *usage, *crl;
} profiles[] = {
	[CERTIFICATE_ROOT] = { "Intel SGX Root CA", "critical,CA:TRUE,pathlen:1", "critical,keyCertSign,cRLSign",
			       CRL_ADDRESS "root-ca.crl" },
	[CERTIFICATE_PCK_CA] = { "Intel SGX PCK Platform CA", "critical,CA:TRUE,pathlen:0",
				 "critical,keyCertSign,cRLSign", CRL_ADDRESS "root-ca.crl" },
	[CERTIFICATE_TCB_SIGNING] = { "Intel SGX TCB Signing", "critical,CA:FALSE",
				      "critical,digitalSignature,nonRepudiation", CRL_ADDRESS "root-ca.crl" },
	[CERTIFICATE_PCK] = { "Intel SGX PCK Certificate", "critical,CA:FALSE",
			      "critical,digitalSignature,nonRepudiation", CRL_ADDRESS "pck-platform-ca.crl" },
};

static bool certificate_name(X509 *x, const struct certificate_order *o)
{
	X509_NAME *name = X509_get_subject_name(x);
	const struct {
		const char *field, *value;
	} parts[] = {
		{ "CN", o->common_name ? o->common_name : profiles[o->kind].common_name },
		{ "O", o->organization },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!X509_NAME_add_entry_by_txt(name, parts[i].field, MBSTRING_UTF8,
						(const unsigned char *)parts[i].value, -1, -1, 0))
			return false;
	return X509_set_issuer_name(x, o->issuer ? X509_get_subject_name(o->issuer) : name);
}

/* Positive and of 20 bytes, as RFC 5280 4.1.2.2 wants it. */
static bool certificate_number(X509 *x)
{
	uint8_t serial[CERTIFICATE_SERIAL];
	BIGNUM *number = NULL;
	bool good = false;

	if (RAND_bytes_ex(keys_context(), serial, sizeof(serial), 0) > 0) {
		serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
		number = BN_bin2bn(serial, sizeof(serial), NULL);
		good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	}
	BN_free(number);
	return good;
}

static bool certificate_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = extension && X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	return good;
}

static bool certificate_sgx(X509 *x, const struct sgx_extension *e)
{
	uint8_t der[SGX_EXTENSION_MAX];
	long size = sgx_extension_encode(e, der, sizeof(der));
	ASN1_OBJECT *oid = OBJ_txt2obj(SGX_EXTENSION_OID, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool good;

	if (size > 0 && oid && value && ASN1_OCTET_STRING_set(value, der, (int)size))
		extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	good = extension && X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(oid);
	return good;
}

/* In the order in which Intel's have them. A root's key identifier stands before the one that refers to it is made. */
static bool certificate_extensions(X509 *x, const struct certificate_order *o)
{
	const struct profile *p = &profiles[o->kind];
	X509 *issuer = o->issuer ? o->issuer : x;

	return certificate_extension(x, issuer, NID_subject_key_identifier, "hash") &&
	       certificate_extension(x, issuer, NID_authority_key_identifier, "keyid:always") &&
	       certificate_extension(x, issuer, NID_crl_distribution_points, p->crl) &&
	       certificate_extension(x, issuer, NID_key_usage, p->usage) &&
	       certificate_extension(x, issuer, NID_basic_constraints, p->constraints) &&
	       (!o->extension || certificate_sgx(x, o->extension));
}

static bool certificate_sign(X509 *x, EVP_PKEY *key)
{
	EVP_MD *md = EVP_MD_fetch(keys_context(), "SHA256", NULL);
	bool good = md && X509_sign(x, key, md) > 0;

	EVP_MD_free(md);
	return good;
}

int certificate_make(X509 **to, const struct certificate_order *o, struct fail *f)
{
	X509 *x = X509_new_ex(keys_context(), NULL);
	bool good = x && X509_set_version(x, X509_VERSION_3) && certificate_number(x) && certificate_name(x, o) &&
		    ASN1_TIME_set(X509_getm_notBefore(x), o->from) && ASN1_TIME_set(X509_getm_notAfter(x), o->until) &&
		    X509_set_pubkey(x, o->key) && certificate_extensions(x, o) && certificate_sign(x, o->issuer_key);

	*to = x;
	if (good)
		return 0;
	X509_free(x);
	*to = NULL;
	return fail(f, "making the certificate %s: %s", profiles[o->kind].common_name,
		    ERR_reason_error_string(ERR_get_error()));
}

void certificate_serial(const X509 *x, char text[CERTIFICATE_SERIAL_TEXT])
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	uint8_t bytes[CERTIFICATE_SERIAL] = { 0 };

	if (number && BN_num_bytes(number) <= CERTIFICATE_SERIAL)
		(void)BN_bn2binpad(number, bytes, sizeof(bytes));
	BN_free(number);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)BIO_snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

int64_t certificate_until(const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) ? timegm(&tm) : 0;
}
