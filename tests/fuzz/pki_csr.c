/*
 * What clients of the PKI engine send as certificate requests: PEM or DER is read, and what was read is text where it
 * says so, so that it can go into JSON, and alternative names that can be written again.
 */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/role.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct pool *pool, const struct names *names)
{
	struct json_writer w;

	pool_json(pool, &w);
	json_array(&w, NULL);
	for (size_t i = 0; i < names->count; i++)
		json_put_string(&w, NULL, names->at[i]);
	json_close(&w);
	(void)pool_json_end(&w); /* aborts where it is not UTF-8 */
}

static void check(struct pool *pool, const struct pki_csr *csr)
{
	struct names some = { NULL, 0 };
	struct blob san;

	if (csr->common_name)
		names_add(pool, &some, csr->common_name);
	if (csr->serial_number)
		names_add(pool, &some, csr->serial_number);
	check_text(pool, &some);
	check_text(pool, &csr->user_ids);
	check_text(pool, &csr->sans.dns);
	check_text(pool, &csr->sans.emails);
	check_text(pool, &csr->sans.uris);
	check_text(pool, &csr->sans.others);
	if (!pki_sans_encode(pool, &csr->sans, &san))
		abort();
	(void)pki_csr_verify(csr);
}

static void read_one(struct pool *pool, struct blob der)
{
	struct pki_csr csr;

	if (!pki_csr_read(pool, der, &csr))
		check(pool, &csr);
	pki_csr_close(&csr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool pool;
	const char *text, *label;
	struct blob der;

	if (size > 1 << 16)
		return 0;
	pool_init(&pool);
	text = pool_copy(&pool, (const char *)data, size);
	if (pki_pem_next(&pool, &text, &label, &der) == 1)
		read_one(&pool, der);
	read_one(&pool, (struct blob){ data, size });
	pool_close(&pool);
	return 0;
}
