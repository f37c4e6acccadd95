/* Bundles that are imported: PEM of certificates and keys, in any order and state; and a certificate alone. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct pool *pool, const struct pki_cert *c)
{
	struct json_writer w;

	pool_json(pool, &w);
	json_array(&w, NULL);
	if (c->common_name)
		json_put_string(&w, NULL, c->common_name);
	json_put_string(&w, NULL, c->serial_text);
	json_close(&w);
	(void)pool_json_end(&w); /* aborts where it is not UTF-8 */
	(void)pki_cert_signed_by(c, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool;
	struct pki_cert c;

	if (size > 1 << 16)
		return 0;
	pool_init(&pool);
	(void)pki_bundle_readable(&pool, pool_copy(&pool, (const char *)data, size));
	if (pki_cert_read(&pool, (struct blob){ data, size }, &c)) {
		check(&pool, &c);
		pki_cert_close(&c);
	}
	pool_close(&pool);
	return 0;
}
