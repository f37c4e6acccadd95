/* What collateral is about, and so under which name it is cached: a family of platforms, or one SNP chip at one TCB. */
#ifndef ADYTON_COLLATERAL_SUBJECT_H
#define ADYTON_COLLATERAL_SUBJECT_H

#include "attest/attest.h"
#include "image/fail.h"

#define SUBJECT_NAME_MAX 192

struct subject {
	enum attest_tee tee;
	uint8_t fmspc[6]; /* SGX, TDX */
	bool processor;   /* the PCK certificate is of the Processor CA, else of the Platform CA */
	char product[8];  /* SNP: Milan, Genoa, Turin */
	uint8_t chip_id[64], tcb[8];
};

/* "sgx-00606a000000-platform", "snp-Milan-<chip id>-<TCB>" */
void subject_name(const struct subject *s, char name[SUBJECT_NAME_MAX]);
bool subject_parse(struct subject *s, const char *name, size_t size);
/* "Milan", "Genoa", "Turin" */
bool subject_product(struct subject *s, const char *name);
/* From a quote or an SNP report, in any encoding. */
int subject_of_evidence(struct subject *s, const uint8_t *evidence, size_t size, struct fail *f);

#endif
