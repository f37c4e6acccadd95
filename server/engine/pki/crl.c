/* Revocation lists, written and signed: RFC 5280 section 5. See crl.h. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/crl.h"

#define SECOND 1000000000LL

struct blob pki_crl_entry(struct pool *pool, struct blob serial, int64_t revoked_at)
{
	struct asn a;
	size_t mark;

	asn_init(&a, pool);
	mark = asn_open(&a, ASN_SEQUENCE);
	asn_integer(&a, serial.at, serial.size);
	asn_time(&a, revoked_at / SECOND);
	asn_close(&a, mark);
	return asn_blob(&a);
}

static void put_number(struct asn *a, const char *oid, bool critical, int64_t number)
{
	struct asn value;

	asn_init(&value, a->pool);
	asn_u64(&value, ASN_INTEGER, (uint64_t)number);
	pki_put_extension(a, oid, critical, asn_blob(&value));
}

bool pki_crl_sign(struct pool *pool, const struct pki_crl *crl, const struct pki_cert *issuer,
		  const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob *out)
{
	size_t tbs, part, list;
	struct asn a;

	if (!algorithm)
		return false;
	asn_init(&a, pool);
	tbs = asn_open(&a, ASN_SEQUENCE);
	asn_u64(&a, ASN_INTEGER, 1); /* version 2 */
	pki_put_algorithm(&a, algorithm);
	asn_raw(&a, issuer->subject.at, issuer->subject.size);
	asn_time(&a, crl->this_update);
	asn_time(&a, crl->next_update);
	if (crl->entries.size) { /* an empty list is left out */
		part = asn_open(&a, ASN_SEQUENCE);
		asn_raw(&a, crl->entries.at, crl->entries.size);
		asn_close(&a, part);
	}
	part = asn_open(&a, ASN_CONTEXT_MADE);
	list = asn_open(&a, ASN_SEQUENCE);
	pki_put_akid(&a, issuer->skid);
	put_number(&a, "2.5.29.20", false, crl->number);
	if (crl->base >= 0)
		put_number(&a, "2.5.29.27", true, crl->base);
	else if (crl->freshest)
		pki_put_points(&a, "2.5.29.46", crl->freshest);
	asn_raw(&a, crl->extra.at, crl->extra.size);
	asn_close(&a, list);
	asn_close(&a, part);
	asn_close(&a, tbs);
	return pki_sign(pool, key, algorithm, asn_blob(&a), out);
}
