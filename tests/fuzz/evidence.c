/* Evidence in any encoding: whatever is given, the verifier ends with a refusal that both forms can print. */
#include <stdlib.h>

#include "attest/attest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attest *attest;
	static struct attest_verdict v;
	static char text[128 << 10];
	struct attest_request r = { .evidence = { data, size }, .now = 1767225600 };

	if (!attest)
		attest = attest_new();
	if (!attest)
		abort();
	for (int trailing = 0; trailing < 2; trailing++) {
		r.trailing_ok = trailing;
		attest_verify(attest, &r, &v);
		/* Without collateral and VEK nothing is genuine. */
		if (v.genuine || v.accepted || v.refusal.reason == ATTEST_OK)
			abort();
		if (attest_verdict_json(&v, text, sizeof(text)) < 0 || attest_verdict_text(&v, text, sizeof(text)) < 0)
			abort();
	}
	return 0;
}
