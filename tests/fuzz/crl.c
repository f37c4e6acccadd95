/* Revocation lists in every encoding: the spans lie inside, and a serial number that the list begins with is found. */
#include <stdlib.h>

#include "attest/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct attest_bytes part, struct attest_bytes whole)
{
	if (part.size && (part.at < whole.at || part.at + part.size > whole.at + whole.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *to = malloc(size + 1);
	long length = to ? crl_decode((struct attest_bytes){ data, size }, to, size) : -1;
	struct attest_bytes whole = { to, length > 0 ? (size_t)length : 0 };
	struct crl crl;
	struct der list, entry;

	if (!to || length > (long)size)
		abort();
	if (whole.size && crl_read(whole, &crl)) {
		inside(crl.tbs, whole);
		inside(crl.issuer, whole);
		inside(crl.signature, whole);
		inside(crl.revoked, whole);
		list = der_of(crl.revoked);
		entry = der_of(der_take(&list, DER_SEQUENCE));
		if (crl.revoked.size && !crl_has(&crl, der_take(&entry, DER_INTEGER)))
			abort();
		if (crl_has(&crl, (struct attest_bytes){ NULL, 0 }))
			abort();
	}
	free(to);
	return 0;
}
