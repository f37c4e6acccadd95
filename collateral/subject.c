#include "collateral/subject.h"
#include "attest/evidence.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "attest/snp.h"
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const products[] = { "Milan", "Genoa", "Turin" };

void subject_name(const struct subject *s, char name[SUBJECT_NAME_MAX])
{
	char hex[129], tcb[17];

	if (s->tee == ATTEST_SNP) {
		hex_encode(s->chip_id, sizeof(s->chip_id), hex);
		hex_encode(s->tcb, sizeof(s->tcb), tcb);
		(void)snprintf(name, SUBJECT_NAME_MAX, "snp-%s-%s-%s", s->product, hex, tcb);
		return;
	}
	hex_encode(s->fmspc, sizeof(s->fmspc), hex);
	(void)snprintf(name, SUBJECT_NAME_MAX, "%s-%s-%s", s->tee == ATTEST_TDX ? "tdx" : "sgx", hex,
		       s->processor ? "processor" : "platform");
}

static bool subject_parse_snp(struct subject *s, const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++)
		if (size == 5 + 1 + 128 + 1 + 16 && memcmp(name, products[i], 5) == 0) {
			(void)snprintf(s->product, sizeof(s->product), "%s", products[i]);
			return name[5] == '-' && hex_decode(name + 6, 128, s->chip_id, 64) && name[134] == '-' &&
			       hex_decode(name + 135, 16, s->tcb, 8);
		}
	return false;
}

bool subject_parse(struct subject *s, const char *name, size_t size)
{
	struct subject to = { 0 };
	bool good;

	if (size < 4 || name[3] != '-')
		return false;
	to.tee = memcmp(name, "sgx", 3) == 0 ? ATTEST_SGX :
		 memcmp(name, "tdx", 3) == 0 ? ATTEST_TDX :
		 memcmp(name, "snp", 3) == 0 ? ATTEST_SNP : ATTEST_TEE_NONE;
	if (to.tee == ATTEST_SNP) {
		good = subject_parse_snp(&to, name + 4, size - 4);
	} else {
		to.processor = size == 26 && memcmp(name + 16, "-processor", 10) == 0;
		good = to.tee && size > 16 && hex_decode(name + 4, 12, to.fmspc, 6) &&
		       (to.processor || (size == 25 && memcmp(name + 16, "-platform", 9) == 0));
	}
	if (good)
		*s = to;
	return good;
}

static bool subject_of_quote(struct subject *s, const uint8_t *evidence, size_t size, struct attest_refusal *why)
{
	static struct certificates certificates;
	struct attest_platform platform;
	struct pck_chain chain;
	struct quote q;

	certificates.count = certificates.used = 0;
	if (!quote_read((struct attest_bytes){ evidence, size }, &q, why) ||
	    !certificates_read(q.chain, &certificates) || !pck_sort(&certificates, &chain, why) ||
	    !pck_platform(chain.leaf, &platform, why))
		return false;
	s->tee = q.tee;
	memcpy(s->fmspc, platform.fmspc, sizeof(s->fmspc));
	s->processor = pck_has_role(chain.ca, PCK_ROLE_PROCESSOR_CA);
	return true;
}

/* A report of version 2 does not say what processor it is from: then `product` must have been set. */
static int subject_of_report(struct subject *s, struct attest_bytes report, struct fail *f)
{
	const struct snp_report *raw = (const struct snp_report *)report.at;
	struct attest_refusal why = { 0 };
	struct attest_snp claims;
	const char *product;

	if (!snp_report_read(report, &claims, &why))
		return fail(f, "evidence: %s", *why.found ? why.found : "an SNP report that cannot be read");
	if (SNP_SIGNING_KEY(raw->flags) != SNP_SIGNED_BY_VCEK)
		return fail(f, "evidence: a VLEK signed it, and those only the cloud's operator can get: use --from");
	product = snp_product_name(claims.product);
	if (product)
		(void)snprintf(s->product, sizeof(s->product), "%s", product);
	if (!*s->product)
		return fail(f, "evidence: the report does not say from which processor it is: expected --product");
	s->tee = ATTEST_SNP;
	memcpy(s->chip_id, raw->chip_id, sizeof(s->chip_id));
	memcpy(s->tcb, raw->reported_tcb, sizeof(s->tcb));
	return 0;
}

int subject_of_evidence(struct subject *s, const uint8_t *evidence, size_t size, struct fail *f)
{
	struct attest_request r = { .evidence = { evidence, size }, .trailing_ok = true };
	struct attest_refusal why = { 0 };
	struct attest_verdict *v = calloc(1, sizeof(*v));
	struct evidence *e = malloc(sizeof(*e));
	struct attest *a = attest_new();
	int err = -1;

	if (!a || !e || !v || !evidence_decode(a, &r, e, v))
		(void)fail(f, "evidence: expected a quote or an SNP report (%s)", v ? v->refusal.found : "");
	else if (e->kind == EVIDENCE_SNP)
		err = subject_of_report(s, e->bytes, f);
	else if (subject_of_quote(s, e->bytes.at, e->bytes.size, &why))
		err = 0;
	else
		(void)fail(f, "evidence: expected a quote with a PCK certificate chain (%s)",
			   *why.found ? why.found : why.expected);
	attest_free(a);
	free(e);
	free(v);
	return err;
}

bool subject_product(struct subject *s, const char *name)
{
	for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++)
		if (strcmp(products[i], name) == 0) {
			(void)snprintf(s->product, sizeof(s->product), "%s", name);
			return true;
		}
	return false;
}
