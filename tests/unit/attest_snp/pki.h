/* Certificates, revocation lists and SNP reports of a made-up AMD, to provoke what real evidence does not show. */
#ifndef ADYTON_TESTS_UNIT_ATTEST_SNP_PKI_H
#define ADYTON_TESTS_UNIT_ATTEST_SNP_PKI_H

#include <openssl/x509.h>

#include "abi/evidence.h"
#include "attest/attest.h"

#define PKI_EXTENSIONS_MAX 16

struct pki_extension {
	const char *oid; /* NULL: the end */
	struct attest_bytes value;
};

struct pki_spec {
	const char *subject, *issuer;
	EVP_PKEY *key, *signer;
	bool ca;
	long serial;
	int64_t not_before, not_after;
	struct pki_extension extensions[PKI_EXTENSIONS_MAX];
};

EVP_PKEY *pki_rsa(void);  /* RSA-4096, one for the whole program: making it takes seconds */
EVP_PKEY *pki_p384(void); /* a new one each time */

/* RSA keys sign as AMD does (PSS, SHA-384), EC keys with SHA-384. Never freed. */
struct attest_bytes pki_certificate(const struct pki_spec *spec);
/* Of one serial number, or none (< 0). */
struct attest_bytes pki_crl(const char *issuer, EVP_PKEY *signer, long serial, int64_t from, int64_t until);
struct attest_bytes pki_pem(const char *label, struct attest_bytes der);
struct attest_bytes pki_spki(EVP_PKEY *key);

/* The extensions of a VEK; `chip` may be NULL. `fmc` < 0: none. */
void pki_vek_extensions(struct pki_extension *to, const char *product, const uint8_t tcb[8], const uint8_t *chip,
			size_t chip_size, bool turin);
void pki_sign_report(struct snp_report *r, EVP_PKEY *key);

#endif
