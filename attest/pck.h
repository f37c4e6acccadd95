/* PCK certificates: what Intel says in them about a platform, and their chain. */
#ifndef ADYTON_ATTEST_PCK_H
#define ADYTON_ATTEST_PCK_H

#include "attest/internal.h"

struct pck_chain {
	const struct certificate *leaf, *ca, *root;
};

/* Sort a chain of exactly three by the names that Intel gives to the roles. */
bool pck_sort(const struct certificates *all, struct pck_chain *chain, struct attest_refusal *why);
/* The SGX extension (1.2.840.113741.1.13.1) of a PCK certificate. */
bool pck_platform(const struct certificate *leaf, struct attest_platform *to, struct attest_refusal *why);
/* Whether a certificate's name is "<maker> <role>", as "Intel SGX PCK Certificate". */
bool pck_has_role(const struct certificate *c, const char *role);

#define PCK_ROLE_LEAF "SGX PCK Certificate"
#define PCK_ROLE_PROCESSOR_CA "SGX PCK Processor CA"
#define PCK_ROLE_PLATFORM_CA "SGX PCK Platform CA"
#define PCK_ROLE_TCB_SIGNING "SGX TCB Signing"

#endif
