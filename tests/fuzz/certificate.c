/* Certificates and chains: the spans lie inside what was copied, names end, and Intel's extension is read. */
#include <stdlib.h>

#include "attest/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct certificates *all, const struct certificate *c)
{
	const struct attest_bytes parts[] = { c->der,	 c->tbs,       c->serial,     c->issuer,  c->subject,
					      c->signature, c->extensions, c->key.spki, c->key.bits };
	struct attest_refusal why;
	struct attest_platform platform;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].size && (parts[i].at < all->der || parts[i].at + parts[i].size > all->der + all->used))
			abort();
	if (memchr(c->name, '\0', sizeof(c->name)) == NULL)
		abort();
	if ((c->key.kind == KEY_P256 && c->key.bits.size != 64) || (c->key.kind == KEY_P384 && c->key.bits.size != 96))
		abort();
	if (pck_platform(c, &platform, &why) != platform.known)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct certificates *all = malloc(sizeof(*all));
	struct attest_refusal why;
	struct pck_chain chain;

	if (!all)
		abort();
	all->count = all->used = 0;
	if (certificates_read((struct attest_bytes){ data, size }, all)) {
		if (all->count == 0 || all->count > CERTIFICATES_MAX || all->used > CERTIFICATES_SIZE)
			abort();
		for (size_t i = 0; i < all->count; i++)
			check(all, &all->at[i]);
		if (pck_sort(all, &chain, &why) && (chain.leaf == chain.ca || chain.ca == chain.root))
			abort();
	}
	free(all);
	return 0;
}
