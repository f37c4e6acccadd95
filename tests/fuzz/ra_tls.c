/* Certificates that carry evidence: DER, the CBOR inside, and the claims. */
#include <stdlib.h>

#include "attest/cbor.h"
#include "attest/ra_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct attest_bytes all, struct attest_bytes part)
{
	if (part.size && (part.at < all.at || part.size > all.size ||
			  (size_t)(part.at - all.at) > all.size - part.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t report_data[64];
	static struct attest *attest;
	struct attest_bytes all = { data, size };
	struct cbor c = cbor_of(all);
	struct attest_refusal why;
	struct certificate x;
	struct ra_tls found;

	if (!attest)
		attest = attest_new();
	if (!attest)
		abort();
	while (!c.failed && c.at < c.end)
		cbor_skip(&c);
	if (!certificate_read(all, &x) || !ra_tls_find(&x, &found, &why))
		return 0;
	within(all, found.quote);
	within(all, found.claims);
	if (ra_tls_bound(attest, &x, &found, report_data, &why)) /* SHA-256 is never zero */
		abort();
	return 0;
}
