/* `adyton verify` with collateral from files. */
#ifndef ADYTON_CLI_VERIFY_H
#define ADYTON_CLI_VERIFY_H

#include "attest/attest.h"
#include "cli/cli.h"

/*
 * -1 with the sentence when a file cannot be read; a bundle that cannot be believed is a verdict. machine: the bundle
 * for the machine below, or size 0.
 */
int verify_with_bundle(struct attest *a, const struct attest_request *r, const char *path, struct attest_bytes machine,
		       struct attest_verdict *v, struct fail *f);
/* Of the *.json in a folder those for the evidence's technology and FMSPC are tried, and the best verdict counts. */
int verify_with_folder(struct attest *a, const struct attest_request *r, const char *path, struct attest_bytes machine,
		       struct attest_verdict *v, struct fail *f);

#endif
