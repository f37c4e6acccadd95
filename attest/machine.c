/*
 * Two layers of evidence: under an operator's root, what a quote says is as true as the software that made it. Inside
 * a TDX or SEV-SNP guest that software was measured, and the guest's evidence is over the quote's keys. Everything
 * about the guest is verified as if it came alone, with collateral and roots of its own.
 */
#include "attest/machine.h"
#include "attest/evidence.h"
#include "attest/quote.h"

#include <stdlib.h>

struct machine_check {
	struct attest machines; /* trusts the machines' roots */
	struct attest_request request;
	struct attest_verdict verdict; /* on the machine alone */
};

bool machine_is_named(struct attest_bytes authentication)
{
	return authentication.size >= sizeof(MACHINE_MAGIC) - 1 &&
	       memcmp(authentication.at, MACHINE_MAGIC, sizeof(MACHINE_MAGIC) - 1) == 0;
}

bool machine_refuse(const struct attest_refusal *inner, struct attest_refusal *why)
{
	return refuse(why, ATTEST_R_machine_evidence, inner->expected[0] ? inner->expected : NULL, "%s, %s%s%s",
		      attest_reason_token(inner->reason), attest_reason_sentence(inner->reason),
		      inner->found[0] ? ": " : "", inner->found);
}

/* Exactly a SNP report, and behind it a certificate table or nothing. */
static bool machine_is_report(struct attest_bytes evidence)
{
	const size_t size = sizeof(struct snp_report);
	struct snp_table table;

	return evidence.size == size ||
	       (evidence.size > size && snp_table_read(bytes_of(evidence.at + size, evidence.size - size), &table));
}

/* An enclave is no machine. So a machine has no machine, and this goes one layer deep. */
static bool machine_is_enclave(struct attest_bytes evidence)
{
	struct attest_refusal ignored;
	struct quote q;

	return quote_read(evidence, &q, &ignored) && q.tee != ATTEST_TDX;
}

static bool machine_judge(struct machine_check *m, struct attest_bytes authentication, struct attest_refusal *why)
{
	struct bytes_reader r = { authentication.at, authentication.size, false };
	struct attest_bytes evidence;
	uint32_t format;

	(void)bytes_take(&r, sizeof(MACHINE_MAGIC) - 1);
	format = bytes_u32(&r);
	evidence = bytes_of(r.at, r.left);
	if (r.failed)
		return refuse(why, ATTEST_R_machine_evidence, "a format and evidence behind the mark " MACHINE_MAGIC,
			      "%zu bytes", r.left);
	switch (format) {
	case MACHINE_TDX_QUOTE:
		if (machine_is_enclave(evidence))
			return refuse(why, ATTEST_R_machine_evidence, "a quote of a TD", "one of an enclave");
		return quote_verify(&m->machines, evidence, &m->request, &m->verdict) ||
		       machine_refuse(&m->verdict.refusal, why);
	case MACHINE_SNP_REPORT:
		if (!machine_is_report(evidence))
			return refuse(why, ATTEST_R_machine_evidence,
				      "a SNP report of 1184 bytes, with its certificate table or nothing behind it",
				      "%zu bytes", evidence.size);
		return snp_verify(&m->machines, evidence, &m->request, &m->verdict) ||
		       machine_refuse(&m->verdict.refusal, why);
	default:
		return refuse(why, ATTEST_R_machine_evidence, "format 1, a TDX quote, or 2, a SNP report", "%u",
			      format);
	}
}

/* The machine vouches for this attestation key, and for whose platform it is. */
static bool machine_is_bound(const struct attest *a, const struct machine_layer *layer,
			     const struct attest_verdict *machine, struct attest_refusal *why)
{
	const uint8_t *found = machine->tee == ATTEST_TDX ? machine->claims.tdx.report_data :
							    machine->claims.snp.report_data;
	uint8_t keys[MACHINE_KEYS_BYTES], expected[64];
	char hex[2][2 * 64 + 1];

	if (layer->ca->kind != KEY_P256)
		return refuse(why, ATTEST_R_machine_binding, "a PCK CA with a key on P-256", "another key");
	memcpy(keys, layer->key, 64);
	memcpy(keys + 64, layer->ca->bits.at, 64);
	if (EVP_Digest(keys, sizeof(keys), expected, NULL, a->sha512, NULL) != 1)
		return refuse(why, ATTEST_R_no_memory, NULL, NULL);
	if (memcmp(expected, found, sizeof(expected)) == 0)
		return true;
	hex_encode(expected, sizeof(expected), hex[0]);
	hex_encode(found, sizeof(expected), hex[1]);
	return refuse(why, ATTEST_R_machine_binding, hex[0], "%s", hex[1]);
}

static void machine_note(const struct attest_verdict *from, struct attest_verdict *v)
{
	v->machine_tee = from->tee;
	v->machine_format = from->format;
	v->machine = from->claims;
	if (!from->genuine)
		return;
	v->machine_status = from->status;
	v->machine_tcb_date = from->tcb_date;
	v->machine_fix_date = from->fix_date;
	v->machine_evaluation_number = from->qe_evaluation_number < from->tcb_evaluation_number ?
					       from->qe_evaluation_number : from->tcb_evaluation_number;
	memcpy(v->machine_root, from->root, sizeof(v->machine_root));
	memcpy(v->machine_root_sha256, from->root_sha256, sizeof(v->machine_root_sha256));
	v->machine_advisory_count = from->advisory_count;
	memcpy(v->machine_advisories, from->advisories, sizeof(v->machine_advisories));
	if (from->collateral_until < v->collateral_until)
		v->collateral_until = from->collateral_until;
}

bool machine_verify(const struct attest *a, const struct machine_layer *layer, const struct attest_request *r,
		    struct attest_verdict *v)
{
	struct machine_check *m = calloc(1, sizeof(*m));
	bool good;

	if (!m)
		return refuse(&v->refusal, ATTEST_R_no_memory, NULL, NULL);
	m->machines = attest_of_machines(a);
	m->request = (struct attest_request){ .now = r->now, .collateral = r->collateral->machine };
	m->verdict.tcb_date = m->verdict.fix_date = -1;
	m->verdict.collateral_until = INT64_MAX;
	good = machine_judge(m, layer->authentication, &v->refusal);
	machine_note(&m->verdict, v);
	good = good && machine_is_bound(a, layer, &m->verdict, &v->refusal);
	if (good)
		v->assurance = ATTEST_SOFTWARE_ON_HARDWARE;
	free(m);
	return good;
}
