/* DCAP quotes, taken apart. */
#ifndef ADYTON_ATTEST_QUOTE_H
#define ADYTON_ATTEST_QUOTE_H

#include "abi/evidence.h"
#include "attest/internal.h"

/* Spans into the quote, which must stay. */
struct quote {
	enum attest_format format;
	enum attest_tee tee;
	bool body_1_5;
	struct attest_bytes signed_part; /* header to body */
	const uint8_t *body;
	const uint8_t *signature, *key; /* r, s by the attestation key; x, y */
	const uint8_t *qe_report;       /* 384 bytes */
	const uint8_t *qe_signature;    /* r, s by the PCK key */
	struct attest_bytes authentication;
	struct attest_bytes chain; /* PEM; size 0: there is none */
	uint16_t certification;    /* type of the certification data */
};

/* All of `bytes` is one quote, and its lengths add up. */
bool quote_read(struct attest_bytes bytes, struct quote *q, struct attest_refusal *why);
/* A report body of an enclave (a quote's or its QE's). */
void quote_sgx_body(const uint8_t *body, struct attest_sgx *to);
/* Technology, format and what the body says. */
void quote_claims(const struct quote *q, struct attest_verdict *v);

#endif
