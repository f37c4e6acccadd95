/*
 * libadyton-ratls: a TLS identity that proves what runs. A P-256 key is made inside the enclave, and a certificate for
 * it that carries evidence: extension 2.23.133.5.4.9 with CBOR tag 60000 [quote, claims], as the Confidential
 * Computing Consortium's interoperable RA-TLS has it. The quote's report data is SHA-256 of the claims, and they hold
 * SHA-256 of the key. `adyton verify` and other verifiers of that format judge the certificate; the key never leaves.
 */
#ifndef ADYTON_RATLS_RATLS_H
#define ADYTON_RATLS_RATLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATLS_DEVICES "/dev/attestation" /* where the enclave's kernel gives evidence */
#define RATLS_KEY_ROOM 512
#define RATLS_CERTIFICATE_ROOM (96 << 10)
#define RATLS_NONCE_MAX 64
#define RATLS_WHY_ROOM 512

struct ratls_request {
	const char *name;    /* common name and DNS name of the certificate */
	unsigned int days;   /* how long it is valid */
	const uint8_t *nonce; /* goes into the claims, for freshness; size 0: none */
	size_t nonce_size;
	const char *devices; /* NULL: RATLS_DEVICES */
	const char *key;     /* a key that there is already, PKCS #8 in PEM; NULL: one is made */
	bool without_evidence; /* outside of enclaves: a certificate that says nothing but its key */
};

/* PEM texts. */
struct ratls_identity {
	char key[RATLS_KEY_ROOM]; /* PKCS #8 */
	char certificate[RATLS_CERTIFICATE_ROOM];
};

/* 0, or -1 with a sentence in `why`. */
int ratls_make(const struct ratls_request *request, struct ratls_identity *to, char why[RATLS_WHY_ROOM])
	__attribute__((warn_unused_result));
void ratls_wipe(struct ratls_identity *identity);

#endif
