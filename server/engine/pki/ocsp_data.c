/* Requests read and answers written: RFC 6960 section 4. */
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/ocsp.h"

static const struct {
	const char *oid, *name;
} digests[] = {
	{ "1.3.14.3.2.26", "SHA1" }, { "2.16.840.1.101.3.4.2.1", "SHA256" }, { "2.16.840.1.101.3.4.2.2", "SHA384" },
	{ "2.16.840.1.101.3.4.2.3", "SHA512" },
};
#define DIGESTS (sizeof(digests) / sizeof(digests[0]))

static bool oid_is(struct pool *pool, struct blob contents, const char *oid)
{
	struct asn a;

	asn_init(&a, pool);
	asn_oid(&a, oid);
	return a.used == contents.size + 2 && !memcmp(a.at + 2, contents.at, contents.size);
}

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static bool id_read(struct pool *pool, struct blob id, struct pki_ocsp_request *q)
{
	struct blob algorithm, oid;

	if (!asn_take(&id, ASN_SEQUENCE, &algorithm) || !asn_take(&algorithm, ASN_OID, &oid) ||
	    !asn_take(&id, ASN_OCTETS, &q->name_hash) || !asn_take(&id, ASN_OCTETS, &q->key_hash) ||
	    !asn_take(&id, ASN_INTEGER, &q->serial) || id.size || !q->serial.size || q->serial.size > 32)
		return false;
	for (size_t i = 0; i < DIGESTS; i++)
		if (oid_is(pool, oid, digests[i].oid))
			q->digest = digests[i].name;
	return q->digest;
}

/* The nonce of RFC 8954: 1 to 32 bytes; libraries of before send them without their OCTET STRING. */
static void nonce_read(struct pool *pool, struct blob extensions, struct pki_ocsp_request *q)
{
	struct blob list, one, oid, value, critical;

	if (!asn_take(&extensions, ASN_SEQUENCE, &list))
		return;
	while (asn_take(&list, ASN_SEQUENCE, &one)) {
		if (!asn_take(&one, ASN_OID, &oid))
			return;
		(void)asn_take(&one, ASN_BOOLEAN, &critical);
		if (asn_take(&one, ASN_OCTETS, &value) && value.size && value.size <= 64 &&
		    oid_is(pool, oid, "1.3.6.1.5.5.7.48.1.2"))
			q->nonce = value;
	}
}

bool pki_ocsp_read(struct pool *pool, struct blob der, struct pki_ocsp_request *q)
{
	struct blob request, tbs, list, one, part;

	*q = (struct pki_ocsp_request){ .digest = NULL };
	if (der.size > PKI_OCSP_MAX || !asn_take(&der, ASN_SEQUENCE, &request) || der.size ||
	    !asn_take(&request, ASN_SEQUENCE, &tbs))
		return false;
	(void)asn_take(&tbs, ASN_CONTEXT_MADE, &part);     /* version */
	(void)asn_take(&tbs, ASN_CONTEXT_MADE + 1, &part); /* who asks */
	if (!asn_take(&tbs, ASN_SEQUENCE, &list) || !asn_take(&list, ASN_SEQUENCE, &one))
		return false;
	q->id = one;
	if (!asn_take(&one, ASN_SEQUENCE, &part) || !id_read(pool, part, q))
		return false;
	q->id.size -= one.size;
	if (asn_take(&tbs, ASN_CONTEXT_MADE + 2, &part))
		nonce_read(pool, part, q);
	return true;
}

bool pki_ocsp_matches(struct pool *pool, const struct pki_ocsp_request *q, const struct pki_cert *issuer)
{
	struct blob spki = issuer->spki, outer, key;
	uint8_t digest[64];
	unsigned int size;

	(void)pool;
	if (!pki_digest(q->digest, issuer->subject, digest, &size) || size != q->name_hash.size ||
	    memcmp(digest, q->name_hash.at, size))
		return false;
	return asn_take(&spki, ASN_SEQUENCE, &outer) && asn_take(&outer, ASN_SEQUENCE, &key) &&
	       asn_take(&outer, ASN_BITS, &key) && key.size > 1 &&
	       pki_digest(q->digest, (struct blob){ key.at + 1, key.size - 1 }, digest, &size) &&
	       size == q->key_hash.size && !memcmp(digest, q->key_hash.at, size);
}

static void put_single(struct asn *a, const struct pki_ocsp_request *q, const struct pki_ocsp_answer *answer)
{
	size_t one = asn_open(a, ASN_SEQUENCE), part;

	asn_raw(a, q->id.at, q->id.size);
	if (answer->status == PKI_OCSP_REVOKED) {
		part = asn_open(a, ASN_CONTEXT_MADE + 1);
		asn_generalized(a, answer->revoked_at);
		asn_close(a, part);
	} else {
		asn_put(a, answer->status == PKI_OCSP_GOOD ? ASN_CONTEXT : ASN_CONTEXT + 2, "", 0);
	}
	asn_generalized(a, answer->now);
	if (answer->next_update) {
		part = asn_open(a, ASN_CONTEXT_MADE);
		asn_generalized(a, answer->next_update);
		asn_close(a, part);
	}
	asn_close(a, one);
}

static struct blob response_tbs(struct pool *pool, const struct pki_ocsp_request *q,
				const struct pki_ocsp_answer *answer, const struct pki_cert *issuer)
{
	struct asn a;
	size_t tbs, part, list;

	asn_init(&a, pool);
	tbs = asn_open(&a, ASN_SEQUENCE);
	part = asn_open(&a, ASN_CONTEXT_MADE + 1); /* the responder, by name */
	asn_raw(&a, issuer->subject.at, issuer->subject.size);
	asn_close(&a, part);
	asn_generalized(&a, answer->now);
	list = asn_open(&a, ASN_SEQUENCE);
	put_single(&a, q, answer);
	asn_close(&a, list);
	if (q->nonce.size) {
		part = asn_open(&a, ASN_CONTEXT_MADE + 1);
		list = asn_open(&a, ASN_SEQUENCE);
		pki_put_extension(&a, "1.3.6.1.5.5.7.48.1.2", false, q->nonce);
		asn_close(&a, list);
		asn_close(&a, part);
	}
	asn_close(&a, tbs);
	return asn_blob(&a);
}

bool pki_ocsp_sign(struct pool *pool, const struct pki_ocsp_request *q, const struct pki_ocsp_answer *answer,
		   const struct pki_cert *issuer, const struct pki_key *key, struct blob *out)
{
	struct blob basic;
	size_t outer, bytes, inner;
	struct asn a;

	if (!pki_sign(pool, key, pki_algorithm(key->type, key->bits, 0, false),
		      response_tbs(pool, q, answer, issuer), &basic))
		return false;
	asn_init(&a, pool);
	outer = asn_open(&a, ASN_SEQUENCE);
	asn_put(&a, ASN_ENUM, "", 1); /* successful */
	bytes = asn_open(&a, ASN_CONTEXT_MADE);
	inner = asn_open(&a, ASN_SEQUENCE);
	asn_oid(&a, "1.3.6.1.5.5.7.48.1.1");
	asn_put(&a, ASN_OCTETS, basic.at, basic.size);
	asn_close(&a, inner);
	asn_close(&a, bytes);
	asn_close(&a, outer);
	*out = asn_blob(&a);
	return true;
}

struct blob pki_ocsp_error(struct pool *pool, unsigned int code)
{
	struct asn a;
	size_t outer;

	asn_init(&a, pool);
	outer = asn_open(&a, ASN_SEQUENCE);
	asn_u64(&a, ASN_ENUM, code);
	asn_close(&a, outer);
	return asn_blob(&a);
}
