/* Forged evidence before the verifier. */
#ifndef ADYTON_TESTS_UNIT_ATTEST_FORGED_JUDGE_H
#define ADYTON_TESTS_UNIT_ATTEST_FORGED_JUDGE_H

#include "attest/attest.h"
#include "tests/lib/forge.h"

/* The verdict when the forger's root is the trusted one; a bundle that is refused is the verdict's refusal. */
void judge(const struct forge_order *o, struct attest_verdict *v);
/* The same for what was forged already, trusting the keys in `pem` (NULL: those built in). */
void judge_forged(const struct forge_order *o, const struct forged *f, const char *pem, struct attest_verdict *v);
/* Says what was found, too, when it is another; the first form lets the test go on. */
bool has_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what);
void expect_reason(const struct attest_verdict *v, enum attest_reason reason, const char *what);
void expect_status(const struct attest_verdict *v, enum attest_status status, const char *what);

#endif
