#include "platform/certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static bool crl_add(X509_CRL *crl, const struct crl_entry *e)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_TIME *at = ASN1_TIME_set(NULL, e->at);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	ASN1_INTEGER *serial = NULL;
	BIGNUM *number = NULL;
	bool good = BN_hex2bn(&number, e->serial) && (serial = BN_to_ASN1_INTEGER(number, NULL)) && revoked && at &&
		    reason && ASN1_ENUMERATED_set(reason, e->reason) &&
		    X509_REVOKED_set_serialNumber(revoked, serial) && X509_REVOKED_set_revocationDate(revoked, at) &&
		    X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, reason, 0, 0) > 0;

	if (good && X509_CRL_add0_revoked(crl, revoked))
		revoked = NULL;
	else
		good = false;
	X509_REVOKED_free(revoked);
	ASN1_TIME_free(at);
	ASN1_ENUMERATED_free(reason);
	ASN1_INTEGER_free(serial);
	BN_free(number);
	return good;
}

static bool crl_extensions(X509_CRL *crl, const struct crl_order *o)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509_EXTENSION *extension;
	X509V3_CTX ctx;
	bool good = number && ASN1_INTEGER_set(number, (long)o->number) &&
		    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) > 0;

	ASN1_INTEGER_free(number);
	X509V3_set_ctx(&ctx, o->issuer, NULL, NULL, crl, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	good = good && extension && X509_CRL_add_ext(crl, extension, -1);
	X509_EXTENSION_free(extension);
	return good;
}

static bool crl_dates(X509_CRL *crl, const struct crl_order *o)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, o->from), *until = ASN1_TIME_set(NULL, o->until);
	bool good = from && until && X509_CRL_set1_lastUpdate(crl, from) && X509_CRL_set1_nextUpdate(crl, until);

	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return good;
}

int crl_make(X509_CRL **to, const struct crl_order *o, struct fail *f)
{
	X509_CRL *crl = X509_CRL_new_ex(keys_context(), NULL);
	EVP_MD *md = EVP_MD_fetch(keys_context(), "SHA256", NULL);
	bool good = crl && md && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		    X509_CRL_set_issuer_name(crl, X509_get_subject_name(o->issuer)) && crl_dates(crl, o) &&
		    crl_extensions(crl, o);

	for (size_t i = 0; good && i < o->count; i++)
		good = crl_add(crl, &o->entries[i]);
	good = good && X509_CRL_sort(crl) && X509_CRL_sign(crl, o->key, md) > 0;
	EVP_MD_free(md);
	*to = crl;
	if (good)
		return 0;
	X509_CRL_free(crl);
	*to = NULL;
	return fail(f, "making a revocation list: %s", ERR_reason_error_string(ERR_get_error()));
}
