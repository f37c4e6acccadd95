/*
 * X.509 certificates and revocation lists in the profile of Intel's SGX PKI (SGX PCK Certificate and CRL Profile
 * Specification): the same names, extensions and algorithms, so that whoever verifies Intel's evidence verifies ours
 * when told another root.
 */
#ifndef ADYTON_PLATFORM_CERTIFICATE_H
#define ADYTON_PLATFORM_CERTIFICATE_H

#include <openssl/x509.h>

#include "image/keys.h"
#include "platform/sgx_extension.h"

#define CERTIFICATE_SERIAL 20
#define CERTIFICATE_SERIAL_TEXT (2 * CERTIFICATE_SERIAL + 1)

enum certificate_kind { CERTIFICATE_ROOT, CERTIFICATE_PCK_CA, CERTIFICATE_TCB_SIGNING, CERTIFICATE_PCK };

struct certificate_order {
	enum certificate_kind kind;
	const char *common_name;  /* NULL: the kind's own */
	const char *organization;
	EVP_PKEY *key;            /* the subject's; public is enough unless it signs itself */
	X509 *issuer;             /* NULL: itself */
	EVP_PKEY *issuer_key;
	int64_t from, until;
	const struct sgx_extension *extension; /* PCK */
};

must_check int certificate_make(X509 **to, const struct certificate_order *o, struct fail *f);
void certificate_serial(const X509 *x, char text[CERTIFICATE_SERIAL_TEXT]); /* hex */

int64_t certificate_until(const X509 *x);

struct crl_entry {
	char serial[CERTIFICATE_SERIAL_TEXT];
	int64_t at;
	int reason; /* RFC 5280 5.3.1 */
};

struct crl_order {
	X509 *issuer;
	EVP_PKEY *key;
	const struct crl_entry *entries;
	size_t count;
	uint32_t number;
	int64_t from, until;
};

must_check int crl_make(X509_CRL **to, const struct crl_order *o, struct fail *f);

#endif
