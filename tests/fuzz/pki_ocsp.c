/* Requests for a certificate's status: what is taken repeats what was asked, within its bytes. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct blob part, const uint8_t *data, size_t size)
{
	if (part.size && (part.at < data || part.at + part.size > data + size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_ocsp_request q;
	struct pool pool;

	pool_init(&pool);
	if (pki_ocsp_read(&pool, (struct blob){ data, size }, &q)) {
		within(q.id, data, size);
		within(q.name_hash, data, size);
		within(q.key_hash, data, size);
		within(q.serial, data, size);
		within(q.nonce, data, size);
		if (!q.digest || !q.serial.size)
			abort();
	}
	pool_close(&pool);
	return 0;
}
