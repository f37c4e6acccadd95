/* What a quote says of the machine below: whatever stands there, nobody made a machine's evidence for these keys. */
#include <stdlib.h>

#include "attest/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attest *attest;
	static struct attest_verdict v;
	static char text[128 << 10];
	static const struct attest_collateral none;
	static const uint8_t key[64] = { 1 }, other[64] = { 2 };
	const struct public_key ca = public_key_of_point(KEY_P256, other);
	const struct machine_layer layer = { { data, size }, key, &ca };
	const struct attest_request r = { .now = 1767225600, .collateral = &none };

	if (!attest)
		attest = attest_new();
	if (!attest)
		abort();
	if (!machine_is_named(layer.authentication))
		return 0;
	memset(&v, 0, sizeof(v));
	if (machine_verify(attest, &layer, &r, &v) || v.assurance != ATTEST_ASSURANCE_NONE)
		abort();
	if (v.refusal.reason != ATTEST_R_machine_evidence && v.refusal.reason != ATTEST_R_machine_binding)
		abort();
	if (attest_verdict_json(&v, text, sizeof(text)) < 0 || attest_verdict_text(&v, text, sizeof(text)) < 0)
		abort();
	return 0;
}
