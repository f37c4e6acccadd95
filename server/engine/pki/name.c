/* Distinguished and alternative names, as DER (RFC 5280 sections 4.1.2.4 and 4.2.1.6). */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/cert.h"

/* X.680's PrintableString, and '*' and '&' as Go's library counts them in. */
static bool name_printable(const char *s)
{
	for (; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') && !(*s >= '0' && *s <= '9') &&
		    !strchr(" '()+,-./:=?", *s))
			return false;
	return true;
}

static struct blob name_attribute(struct pool *pool, const char *oid, const char *value)
{
	struct asn a;
	size_t mark;

	asn_init(&a, pool);
	mark = asn_open(&a, ASN_SEQUENCE);
	asn_oid(&a, oid);
	asn_text(&a, name_printable(value) ? ASN_PRINTABLE : ASN_UTF8, value);
	asn_close(&a, mark);
	return asn_blob(&a);
}

/* DER sorts a SET OF by its members' bytes, the shorter as if padded with zeros: X.690 section 11.6. */
static int attribute_compare(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;
	int order = memcmp(x->at, y->at, x->size < y->size ? x->size : y->size);

	return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* One relative name of all values of a kind, each once. */
static void name_put(struct asn *a, const char *oid, const struct names *values)
{
	struct names once = { NULL, 0 };
	struct blob *parts;
	size_t mark;

	for (size_t i = 0; values && i < values->count; i++)
		if (*values->at[i] && !names_have(&once, values->at[i]))
			names_add(a->pool, &once, values->at[i]);
	if (!once.count)
		return;
	parts = pool_take(a->pool, once.count * sizeof(*parts));
	for (size_t i = 0; i < once.count; i++)
		parts[i] = name_attribute(a->pool, oid, once.at[i]);
	qsort(parts, once.count, sizeof(*parts), attribute_compare);
	mark = asn_open(a, ASN_SET);
	for (size_t i = 0; i < once.count; i++)
		asn_raw(a, parts[i].at, parts[i].size);
	asn_close(a, mark);
}

static void name_put_one(struct asn *a, const char *oid, const char *value)
{
	struct names one = { &value, 1 };

	if (value)
		name_put(a, oid, &one);
}

struct blob pki_name(struct pool *pool, const struct pki_subject *s)
{
	struct asn a;
	size_t mark;

	asn_init(&a, pool);
	mark = asn_open(&a, ASN_SEQUENCE);
	name_put(&a, "2.5.4.6", s->country);
	name_put(&a, "2.5.4.10", s->organization);
	name_put(&a, "2.5.4.11", s->ou);
	name_put(&a, "2.5.4.7", s->locality);
	name_put(&a, "2.5.4.8", s->province);
	name_put(&a, "2.5.4.9", s->street_address);
	name_put(&a, "2.5.4.17", s->postal_code);
	name_put_one(&a, "2.5.4.3", s->common_name);
	name_put_one(&a, "2.5.4.5", s->serial_number);
	for (size_t i = 0; s->user_ids && i < s->user_ids->count; i++)
		name_put_one(&a, "0.9.2342.19200300.100.1.1", s->user_ids->at[i]);
	asn_close(&a, mark);
	return asn_blob(&a);
}

/* otherName: [0] { type-id, [0] EXPLICIT UTF8String } */
static bool other_put(struct asn *a, const char *other)
{
	const char *semicolon = strchr(other, ';'), *colon = semicolon ? strchr(semicolon, ':') : NULL;
	size_t mark, inner;

	if (!colon)
		return false;
	mark = asn_open(a, ASN_CONTEXT_MADE);
	if (!asn_oid(a, pool_copy(a->pool, other, (size_t)(semicolon - other))))
		return false;
	inner = asn_open(a, ASN_CONTEXT_MADE);
	asn_text(a, ASN_UTF8, colon + 1);
	asn_close(a, inner);
	asn_close(a, mark);
	return true;
}

bool pki_sans_encode(struct pool *pool, const struct pki_sans *s, struct blob *out)
{
	struct asn a;
	size_t mark;

	*out = (struct blob){ NULL, 0 };
	if (!s->dns.count && !s->emails.count && !s->uris.count && !s->others.count && !s->ip_count)
		return true;
	asn_init(&a, pool);
	mark = asn_open(&a, ASN_SEQUENCE);
	for (size_t i = 0; i < s->others.count; i++)
		if (!other_put(&a, s->others.at[i]))
			return false;
	for (size_t i = 0; i < s->dns.count; i++)
		asn_text(&a, ASN_CONTEXT + 2, s->dns.at[i]);
	for (size_t i = 0; i < s->emails.count; i++)
		asn_text(&a, ASN_CONTEXT + 1, s->emails.at[i]);
	for (size_t i = 0; i < s->ip_count; i++)
		asn_put(&a, ASN_CONTEXT + 7, s->ips[i].at, s->ips[i].size);
	for (size_t i = 0; i < s->uris.count; i++)
		asn_text(&a, ASN_CONTEXT + 6, s->uris.at[i]);
	asn_close(&a, mark);
	*out = asn_blob(&a);
	return true;
}
