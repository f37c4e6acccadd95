#include "collateral/subject.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "base/bytes.h"

#include <stdio.h>
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

int subject_of_evidence(struct subject *s, const uint8_t *evidence, size_t size, struct fail *f)
{
	struct attest_refusal why = { 0 };

	memset(s, 0, sizeof(*s));
	if (subject_of_quote(s, evidence, size, &why))
		return 0;
	return fail(f, "evidence: expected an SGX or TDX quote with a PCK certificate chain (%s)",
		    *why.found ? why.found : why.expected);
}
