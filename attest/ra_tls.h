/*
 * Quotes in X.509 certificates. Three forms are in use, and all of them hash the key as its DER SubjectPublicKeyInfo:
 *
 *     2.23.133.5.4.9           TCG DICE, "interoperable RA-TLS": CBOR tag 60000 [quote, claims]; report data is
 *                              SHA-256 of the claims, and these hold the key's hash (Gramine from 1.8, Intel's SDK,
 *                              rats-tls)
 *     06 09 2A 86 48 ...       Gramine before: the quote; report data is SHA-256 of the key. The OID's encoding is
 *                              wrong, and everyone's
 *     1.2.840.113741.1.13.1    Intel's SDK: the quote, beside the first form. The OID of PCK certificates' extension
 */
#ifndef ADYTON_ATTEST_RA_TLS_H
#define ADYTON_ATTEST_RA_TLS_H

#include "attest/internal.h"

struct ra_tls {
	struct attest_bytes quote;
	struct attest_bytes claims; /* size 0: the report data is of the key itself */
};

/* certificate_malformed, certificate_has_no_evidence. */
bool ra_tls_find(const struct certificate *c, struct ra_tls *to, struct attest_refusal *why);
/* The certificate is signed by its own key, and the report data vouches for this key: else certificate_binding. */
bool ra_tls_bound(const struct attest *a, const struct certificate *c, const struct ra_tls *found,
		  const uint8_t report_data[64], struct attest_refusal *why);

#endif
