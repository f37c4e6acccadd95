/* Collateral in one JSON object with Intel's names; what libadyton-attest and other verifiers read. */
#ifndef ADYTON_PLATFORM_BUNDLE_H
#define ADYTON_PLATFORM_BUNDLE_H

#include "platform/certificate.h"

struct bundle {
	const char *tcb_info, *qe_identity; /* the signed texts */
	EVP_PKEY *tcb_key;
	X509 *tcb_signing, *root, *pck_ca;
	X509_CRL *root_crl, *pck_crl;
};

/* *json is malloc'd and ends with a newline and a NUL. */
must_check int bundle_json(const struct bundle *b, char **json, struct fail *f);
/* PEM of a chain: leaf first. *pem is malloc'd, with a NUL behind it. */
must_check int bundle_chain(X509 *const *chain, size_t count, char **pem, struct fail *f);

#endif
