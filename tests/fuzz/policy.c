/* Policies: parsing ends, every error has a place, and what was parsed can be applied. */
#include <stdlib.h>

#include "attest/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attest_verdict v;
	const struct attest_request r = { .now = 1767225600 };
	struct attest_policy *policy;
	struct attest_refusal why;
	int err = attest_policy_parse(data, size, &policy, &why);

	if (err == -12)
		abort();
	if (err && (why.found[0] < '1' || why.found[0] > '9'))
		abort();
	for (enum attest_tee tee = ATTEST_SGX; !err && tee <= ATTEST_SNP; tee++) {
		v = (struct attest_verdict){ .genuine = true, .tee = tee, .status = ATTEST_UpToDate, .tcb_date = 0,
					     .fix_date = 0, .assurance = ATTEST_HARDWARE };
		policy_apply(policy, &r, &v);
		if (v.accepted != (v.refusal.reason == ATTEST_OK))
			abort();
	}
	if (!err)
		attest_policy_free(policy);
	return 0;
}
