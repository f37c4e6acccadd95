/* Real evidence, which is not part of the project: where it is absent, tests say so and skip. */
#ifndef ADYTON_TESTS_UNIT_ATTEST_SNP_VECTORS_H
#define ADYTON_TESTS_UNIT_ATTEST_SNP_VECTORS_H

#include "attest/attest.h"

#define TEST_SKIPPED 77

/* Whether the folder is there; says on stderr when it is not. */
bool vectors_present(void);
/* A whole file of it, with a NUL behind. Fails the test when it is missing; never freed. */
struct attest_bytes vector(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool vector_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* What a test keeps to its end; reachable, so that a leak checker shows what the library loses, and only that. */
void *kept(void *pointer);
/* "2025-03-29T16:33:43Z" */
int64_t moment(const char *text);

/* A verdict, which must have this reason; `genuine` follows from it being a reason of policy. */
void refused_for(struct attest *a, const struct attest_request *r, enum attest_reason reason);
void accepted(struct attest *a, const struct attest_request *r, struct attest_verdict *v);

#endif
