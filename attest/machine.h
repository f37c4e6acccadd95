/* The machine below a software platform, a TDX or SEV-SNP guest with evidence of its own (abi/evidence.h). */
#ifndef ADYTON_ATTEST_MACHINE_H
#define ADYTON_ATTEST_MACHINE_H

#include "attest/internal.h"

struct machine_layer {
	struct attest_bytes authentication; /* of the quote: QE authentication data */
	const uint8_t *key;                 /* its attestation key, 64 bytes */
	const struct public_key *ca;        /* of who issued its PCK certificate */
};

/* Whether the authentication data say that there is one. */
bool machine_is_named(struct attest_bytes authentication);
/*
 * Its evidence is genuine under the machines' roots, and for this quote's keys: the verdict's machine_* fields and its
 * assurance; else machine_evidence or machine_binding. Nothing else in the verdict but collateral_until changes.
 */
bool machine_verify(const struct attest *a, const struct machine_layer *layer, const struct attest_request *r,
		    struct attest_verdict *v);
/* Why a machine's evidence or collateral is refused, as the refusal (machine_evidence) of what lies above. False. */
bool machine_refuse(const struct attest_refusal *inner, struct attest_refusal *why);

#endif
