/* One verification, from bytes to a verdict. */
#include "attest/evidence.h"

#include <stdlib.h>

/* The expected bytes come first, and zeros follow. */
static bool verify_report_data(const struct attest_request *r, struct attest_verdict *v, const uint8_t found[64])
{
	uint8_t expected[64] = { 0 };
	char hex[2][129];

	if (!r->report_data.size)
		return true;
	if (r->report_data.size > sizeof(expected))
		return refuse(&v->refusal, ATTEST_R_report_data_mismatch, "at most 64 bytes to compare", "%zu",
			      r->report_data.size);
	memcpy(expected, r->report_data.at, r->report_data.size);
	if (memcmp(expected, found, sizeof(expected)) == 0)
		return true;
	hex_encode(expected, sizeof(expected), hex[0]);
	hex_encode(found, 64, hex[1]);
	return refuse(&v->refusal, ATTEST_R_report_data_mismatch, hex[0], "%s", hex[1]);
}

static void verify_evidence(struct attest *a, const struct attest_request *r, struct evidence *e,
			    struct attest_verdict *v)
{
	if (!evidence_decode(a, r, e, v))
		return;
	if (e->kind == EVIDENCE_QUOTE)
		(void)quote_verify(a, e->bytes, r, v);
	else
		(void)snp_verify(a, e->bytes, r, v);
	if (!evidence_valid_at(e, r, v) || !v->genuine)
		return;
	/* A level that was not found comes first in the order of reasons. */
	if (v->status == ATTEST_NotSupported || verify_report_data(r, v, e->report_data))
		policy_apply(r->policy, r, v);
	if (v->accepted && !verify_report_data(r, v, e->report_data))
		v->accepted = false;
}

void attest_verify(struct attest *a, const struct attest_request *r, struct attest_verdict *v)
{
	struct evidence *e;

	memset(v, 0, sizeof(*v));
	v->tcb_date = v->fix_date = v->machine_tcb_date = v->machine_fix_date = -1;
	v->collateral_until = INT64_MAX;
	if (r->evidence.size > ATTEST_EVIDENCE_MAX) {
		(void)refuse(&v->refusal, ATTEST_R_evidence_too_large, "at most 1 MiB", "%zu bytes", r->evidence.size);
		return;
	}
	e = malloc(sizeof(*e));
	if (e)
		verify_evidence(a, r, e, v);
	else
		(void)refuse(&v->refusal, ATTEST_R_no_memory, NULL, NULL);
	free(e);
}
