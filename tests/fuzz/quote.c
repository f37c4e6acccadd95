/* Quotes: what was read lies inside, its parts make up the whole, and cutting off bytes is found. */
#include <stdlib.h>

#include "attest/quote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const uint8_t *at, size_t size, struct attest_bytes whole)
{
	if (at < whole.at || size > whole.size || at + size > whole.at + whole.size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_bytes whole = { data, size };
	struct attest_refusal why = { 0 };
	struct attest_verdict *v;
	struct quote q;
	size_t exact = quote_size(whole, &why);

	if (exact > size || (!exact && why.reason == ATTEST_OK))
		abort();
	whole.size = exact ? exact : size;
	if (!quote_read(whole, &q, &why)) {
		if (why.reason == ATTEST_OK)
			abort();
		return 0;
	}
	if (!exact)
		abort();
	inside(q.signed_part.at, q.signed_part.size, whole);
	inside(q.signature, 64, whole);
	inside(q.key, 64, whole);
	inside(q.qe_report, 384, whole);
	inside(q.qe_signature, 64, whole);
	inside(q.authentication.at, q.authentication.size, whole);
	if (q.chain.size)
		inside(q.chain.at, q.chain.size, whole);
	v = calloc(1, sizeof(*v));
	if (!v)
		abort();
	quote_claims(&q, v);
	free(v);
	whole.size--;
	if (quote_read(whole, &q, &why))
		abort();
	return 0;
}
