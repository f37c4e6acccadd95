/* Certificates and requests, written: RFC 5280 section 4, RFC 2986. */
#include <string.h>

#include "crypto/random.h"
#include "server/engine/pki/asn.h"
#include "server/engine/pki/cert.h"

/*
 * 16 bits of fractions and 32 of seconds before 104 random bits (the CA/Browser Forum asks for 64): certificates that
 * are made one after another are kept beside each other, which makes storing them several times cheaper than under
 * random names. The time says nothing that the certificate does not say itself.
 */
void pki_serial_make(uint8_t serial[20], int64_t now)
{
	uint64_t seconds = (uint64_t)(now / 1000000000), fraction = (uint64_t)(now % 1000000000) * 65536 / 1000000000;

	serial[0] = (uint8_t)(1 + (seconds >> 32 & 0x3f)); /* positive, never zero: one length for all */
	for (int i = 0; i < 4; i++)
		serial[1 + i] = (uint8_t)(seconds >> 8 * (3 - i));
	serial[5] = (uint8_t)(fraction >> 8);
	serial[6] = (uint8_t)fraction;
	random_bytes(serial + 7, 13);
}

const char *pki_serial_text(struct pool *pool, const uint8_t *bytes, size_t size, char separator)
{
	static const char digits[] = "0123456789abcdef";
	char *text = pool_take(pool, 3 * size + 1), *to = text;

	for (size_t i = 0; i < size; i++) {
		if (i)
			*to++ = separator;
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return text;
}

void pki_put_extension(struct asn *a, const char *oid, bool critical, struct blob contents)
{
	size_t mark = asn_open(a, ASN_SEQUENCE);

	asn_oid(a, oid);
	if (critical)
		asn_bool(a, true);
	asn_put(a, ASN_OCTETS, contents.at, contents.size);
	asn_close(a, mark);
}

void pki_put_akid(struct asn *a, struct blob akid)
{
	struct asn value;
	size_t mark;

	if (!akid.size)
		return;
	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	asn_put(&value, ASN_CONTEXT, akid.at, akid.size);
	asn_close(&value, mark);
	pki_put_extension(a, "2.5.29.35", false, asn_blob(&value));
}

/* CRLDistributionPoints: each point { [0] { [0] fullName { [6] URI } } } */
void pki_put_points(struct asn *a, const char *oid, const struct names *urls)
{
	struct asn value;
	size_t mark;

	if (!urls->count)
		return;
	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	for (size_t i = 0; i < urls->count; i++) {
		size_t point = asn_open(&value, ASN_SEQUENCE), name = asn_open(&value, ASN_CONTEXT_MADE),
		       full = asn_open(&value, ASN_CONTEXT_MADE);

		asn_text(&value, ASN_CONTEXT + 6, urls->at[i]);
		asn_close(&value, full);
		asn_close(&value, name);
		asn_close(&value, point);
	}
	asn_close(&value, mark);
	pki_put_extension(a, oid, false, asn_blob(&value));
}

static void put_access(struct asn *a, const char *method, const struct names *urls)
{
	for (size_t i = 0; i < urls->count; i++) {
		size_t mark = asn_open(a, ASN_SEQUENCE);

		asn_oid(a, method);
		asn_text(a, ASN_CONTEXT + 6, urls->at[i]);
		asn_close(a, mark);
	}
}

static void put_key_usage(struct asn *a, unsigned int usage)
{
	uint8_t bits[3] = { 0, 0, 0 };
	unsigned int last = 0;
	struct asn value;

	for (unsigned int i = 0; i < 9; i++)
		if (usage >> i & 1) {
			bits[1 + i / 8] = (uint8_t)(bits[1 + i / 8] | 0x80 >> i % 8);
			last = i;
		}
	bits[0] = (uint8_t)(7 - last % 8); /* a named list has no trailing zero bits */
	asn_init(&value, a->pool);
	asn_put(&value, ASN_BITS, bits, 2 + last / 8);
	pki_put_extension(a, "2.5.29.15", true, asn_blob(&value));
}

static void put_ext_key_usage(struct asn *a, const struct names *oids)
{
	struct asn value;
	size_t mark;

	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	for (size_t i = 0; i < oids->count; i++)
		asn_oid(&value, oids->at[i]);
	asn_close(&value, mark);
	pki_put_extension(a, "2.5.29.37", false, asn_blob(&value));
}

static void put_constraints(struct asn *a, const struct pki_wish *w)
{
	struct asn value;
	size_t mark;

	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	if (w->ca)
		asn_bool(&value, true);
	if (w->ca && w->path_length >= 0)
		asn_u64(&value, ASN_INTEGER, (uint64_t)w->path_length);
	asn_close(&value, mark);
	pki_put_extension(a, "2.5.29.19", true, asn_blob(&value));
}

/* A policy's qualifiers: RFC 5280 section 4.2.1.4. */
static void put_qualifiers(struct asn *a, const char *cps, const char *notice)
{
	size_t list = asn_open(a, ASN_SEQUENCE), one, text;

	if (cps && *cps) {
		one = asn_open(a, ASN_SEQUENCE);
		asn_oid(a, "1.3.6.1.5.5.7.2.1");
		asn_text(a, ASN_IA5, cps);
		asn_close(a, one);
	}
	if (notice && *notice) {
		one = asn_open(a, ASN_SEQUENCE);
		asn_oid(a, "1.3.6.1.5.5.7.2.2");
		text = asn_open(a, ASN_SEQUENCE);
		asn_text(a, ASN_UTF8, notice);
		asn_close(a, text);
		asn_close(a, one);
	}
	asn_close(a, list);
}

static void put_policies(struct asn *a, const struct names *policies)
{
	struct asn value;
	size_t mark;

	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	for (size_t i = 0; i < policies->count; i++) {
		size_t one = asn_open(&value, ASN_SEQUENCE);
		const char *oid = policies->at[i], *cps = NULL, *notice = NULL;
		struct text_error error;

		if (*oid == '{') {
			const struct json *o = pool_read_json(a->pool, oid, strlen(oid), &error);

			oid = pool_json_member(a->pool, o, "oid");
			cps = pool_json_member(a->pool, o, "cps");
			notice = pool_json_member(a->pool, o, "notice");
		}
		asn_oid(&value, oid ? oid : "");
		if ((cps && *cps) || (notice && *notice))
			put_qualifiers(&value, cps, notice);
		asn_close(&value, one);
	}
	asn_close(&value, mark);
	pki_put_extension(a, "2.5.29.32", false, asn_blob(&value));
}

static void put_permitted(struct asn *a, const struct names *domains)
{
	struct asn value;
	size_t mark, list;

	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	list = asn_open(&value, ASN_CONTEXT_MADE);
	for (size_t i = 0; i < domains->count; i++) {
		size_t one = asn_open(&value, ASN_SEQUENCE);

		asn_text(&value, ASN_CONTEXT + 2, domains->at[i]);
		asn_close(&value, one);
	}
	asn_close(&value, list);
	asn_close(&value, mark);
	pki_put_extension(a, "2.5.29.30", true, asn_blob(&value));
}

/* Whether the request that is copied brings this extension itself. */
static bool extra_has(const struct pki_wish *w, struct pool *pool, const char *oid)
{
	struct blob rest = w->extra, extension, found;
	struct asn wanted;

	asn_init(&wanted, pool);
	asn_oid(&wanted, oid);
	while (asn_take(&rest, ASN_SEQUENCE, &extension))
		if (asn_take(&extension, ASN_OID, &found) && found.size + 2 == wanted.used &&
		    !memcmp(found.at, wanted.at + 2, found.size))
			return true;
	return false;
}

static void put_access_points(struct asn *a, const struct pki_urls *urls)
{
	struct asn value;
	size_t mark;

	if (!urls->ocsp_servers.count && !urls->issuing_certificates.count)
		return;
	asn_init(&value, a->pool);
	mark = asn_open(&value, ASN_SEQUENCE);
	put_access(&value, "1.3.6.1.5.5.7.48.1", &urls->ocsp_servers);
	put_access(&value, "1.3.6.1.5.5.7.48.2", &urls->issuing_certificates);
	asn_close(&value, mark);
	pki_put_extension(a, "1.3.6.1.5.5.7.1.1", false, asn_blob(&value));
}

void pki_put_extensions(struct asn *a, const struct pki_wish *w, struct blob akid)
{
#define ABSENT(oid) (!w->extra.size || !extra_has(w, a->pool, oid))
	struct asn skid;

	if (w->key_usage && ABSENT("2.5.29.15"))
		put_key_usage(a, w->key_usage);
	if (w->ext_key_usage.count && ABSENT("2.5.29.37"))
		put_ext_key_usage(a, &w->ext_key_usage);
	if (w->constraints)
		put_constraints(a, w);
	if (w->skid.size && ABSENT("2.5.29.14")) {
		asn_init(&skid, a->pool);
		asn_put(&skid, ASN_OCTETS, w->skid.at, w->skid.size);
		pki_put_extension(a, "2.5.29.14", false, asn_blob(&skid));
	}
	if (ABSENT("2.5.29.35"))
		pki_put_akid(a, akid);
	if (w->urls && ABSENT("1.3.6.1.5.5.7.1.1"))
		put_access_points(a, w->urls);
	if (w->san.size && ABSENT("2.5.29.17"))
		pki_put_extension(a, "2.5.29.17", pki_name_empty(w->subject), w->san);
	if (w->policies.count && ABSENT("2.5.29.32"))
		put_policies(a, &w->policies);
	if (w->permitted_dns.count && ABSENT("2.5.29.30"))
		put_permitted(a, &w->permitted_dns);
	if (w->urls && ABSENT("2.5.29.31"))
		pki_put_points(a, "2.5.29.31", &w->urls->crl_distribution_points);
	if (w->urls && ABSENT("2.5.29.46"))
		pki_put_points(a, "2.5.29.46", &w->urls->delta_crl_distribution_points);
	asn_raw(a, w->extra.at, w->extra.size);
#undef ABSENT
}

bool pki_certificate(struct pool *pool, const struct pki_wish *w, struct blob issuer, struct blob akid,
		     const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob *out)
{
	size_t tbs, part, list;
	struct asn a;

	if (!algorithm)
		return false;
	asn_init(&a, pool);
	tbs = asn_open(&a, ASN_SEQUENCE);
	part = asn_open(&a, ASN_CONTEXT_MADE);
	asn_u64(&a, ASN_INTEGER, 2); /* version 3 */
	asn_close(&a, part);
	asn_integer(&a, w->serial, sizeof(w->serial));
	pki_put_algorithm(&a, algorithm);
	asn_raw(&a, issuer.at, issuer.size);
	part = asn_open(&a, ASN_SEQUENCE);
	asn_time(&a, w->not_before);
	asn_time(&a, w->not_after);
	asn_close(&a, part);
	asn_raw(&a, w->subject.at, w->subject.size);
	asn_raw(&a, w->spki.at, w->spki.size);
	part = asn_open(&a, ASN_CONTEXT_MADE + 3);
	list = asn_open(&a, ASN_SEQUENCE);
	pki_put_extensions(&a, w, akid);
	asn_close(&a, list);
	asn_close(&a, part);
	asn_close(&a, tbs);
	return pki_sign(pool, key, algorithm, asn_blob(&a), out);
}

/* A request carries its extensions in the attribute extensionRequest (PKCS #9, RFC 2985 section 5.4.2). */
bool pki_request(struct pool *pool, const struct pki_wish *w, const struct pki_key *key,
		 const struct pki_algorithm *algorithm, struct blob *out)
{
	size_t tbs, attributes, one, set, list;
	struct asn a;

	asn_init(&a, pool);
	tbs = asn_open(&a, ASN_SEQUENCE);
	asn_u64(&a, ASN_INTEGER, 0);
	asn_raw(&a, w->subject.at, w->subject.size);
	asn_raw(&a, w->spki.at, w->spki.size);
	attributes = asn_open(&a, ASN_CONTEXT_MADE);
	if (w->san.size || w->constraints) {
		one = asn_open(&a, ASN_SEQUENCE);
		asn_oid(&a, "1.2.840.113549.1.9.14");
		set = asn_open(&a, ASN_SET);
		list = asn_open(&a, ASN_SEQUENCE);
		if (w->constraints)
			put_constraints(&a, w);
		if (w->san.size)
			pki_put_extension(&a, "2.5.29.17", false, w->san);
		asn_close(&a, list);
		asn_close(&a, set);
		asn_close(&a, one);
	}
	asn_close(&a, attributes);
	asn_close(&a, tbs);
	return pki_sign(pool, key, algorithm, asn_blob(&a), out);
}
