/* The extension's content: CBOR tag 60000 [quote, claims]. */
#ifndef ADYTON_RATLS_EVIDENCE_H
#define ADYTON_RATLS_EVIDENCE_H

#include "ratls/ratls.h"

#define RATLS_QUOTE_MAX (64U << 10)
#define RATLS_CLAIMS_MAX 256
#define RATLS_EVIDENCE_MAX (RATLS_QUOTE_MAX + RATLS_CLAIMS_MAX + 32)

struct ratls_evidence {
	size_t size;
	uint8_t bytes[RATLS_EVIDENCE_MAX];
};

/* Claims about a key, given as SHA-256 of its SubjectPublicKeyInfo. Their size; 0: the nonce is too long. */
size_t ratls_claims(const struct ratls_request *r, const uint8_t key_sha256[32], uint8_t to[RATLS_CLAIMS_MAX]);
/* Ask the enclave's kernel for a quote whose report data is SHA-256 of the claims. 0, or -1 with `why` set. */
int ratls_evidence_get(const struct ratls_request *r, const uint8_t *claims, size_t size, struct ratls_evidence *to,
		       char why[RATLS_WHY_ROOM]) __attribute__((warn_unused_result));

/* A sentence; always -1. */
int ratls_fail(char why[RATLS_WHY_ROOM], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
