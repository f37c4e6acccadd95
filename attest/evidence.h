/*
 * Evidence as it is given: binary, hex, base64 (also the URL alphabet) or PEM; a quote, a SNP report with or without
 * its certificate table, or an X.509 certificate that carries a quote (RA-TLS).
 */
#ifndef ADYTON_ATTEST_EVIDENCE_H
#define ADYTON_ATTEST_EVIDENCE_H

#include "attest/internal.h"

#define EVIDENCE_DECODED_MAX (256 << 10) /* bytes that hex, base64 or PEM may stand for */

enum evidence_kind { EVIDENCE_NONE, EVIDENCE_QUOTE, EVIDENCE_SNP };

struct evidence {
	enum evidence_kind kind;
	struct attest_bytes bytes; /* exactly the quote; the SNP report and the certificate table behind it */
	uint8_t report_data[64];
	bool has_certificate;      /* it was in a certificate ... */
	struct certificate certificate;
	uint8_t decoded[EVIDENCE_DECODED_MAX];
};

/*
 * Everything about the evidence that needs no other document: encoding, size, kind, and for a certificate its
 * signature by its own key and that the evidence is bound to this key. Fills in v->claims.certificate and
 * v->claims.public_key_sha256. *e is large: allocate it; spans point into it and into r->evidence.
 */
bool evidence_decode(const struct attest *a, const struct attest_request *r, struct evidence *e,
		     struct attest_verdict *v);

/*
 * The certificate around the evidence is valid at r->now. Call it once the steps are done: it takes the refusal over if
 * that comes later in the published order, and then the verdict is not genuine. True where there is no certificate.
 */
bool evidence_valid_at(const struct evidence *e, const struct attest_request *r, struct attest_verdict *v);

/* A certificate table of SNP's extended report (configfs-tsm's auxblob): the VEK and its chain, each DER. */
struct snp_table {
	struct attest_bytes vcek, vlek, ask, ark; /* size 0: not there */
};

bool snp_table_read(struct attest_bytes bytes, struct snp_table *to);

#endif
