/*
 * DER, written front to back into a pool (ITU-T X.690 section 10). What certificates, lists and answers are made of
 * here: building them so costs no allocation each, and what is signed is exactly what was written.
 */
#ifndef ADYTON_SERVER_ENGINE_PKI_ASN_H
#define ADYTON_SERVER_ENGINE_PKI_ASN_H

#include "server/core/pool.h"

enum {
	ASN_BOOLEAN = 0x01, ASN_INTEGER = 0x02, ASN_BITS = 0x03, ASN_OCTETS = 0x04, ASN_NULL = 0x05, ASN_OID = 0x06,
	ASN_ENUM = 0x0a, ASN_UTF8 = 0x0c, ASN_PRINTABLE = 0x13, ASN_IA5 = 0x16, ASN_UTC_TIME = 0x17,
	ASN_TIME = 0x18, ASN_SEQUENCE = 0x30, ASN_SET = 0x31,
	ASN_CONTEXT = 0x80, ASN_CONTEXT_MADE = 0xa0, /* primitive and constructed; add the number */
};

struct asn {
	struct pool *pool;
	uint8_t *at;
	size_t size, used;
};

void asn_init(struct asn *a, struct pool *pool);
struct blob asn_blob(const struct asn *a);

/* A value whose contents follow until asn_close() with what asn_open() gave. */
size_t asn_open(struct asn *a, unsigned int tag);
void asn_close(struct asn *a, size_t mark);
/* A BIT STRING with no unused bits, or an OCTET STRING, that holds DER. */
size_t asn_open_bits(struct asn *a);

void asn_raw(struct asn *a, const void *bytes, size_t size); /* DER already */
void asn_put(struct asn *a, unsigned int tag, const void *bytes, size_t size);
void asn_text(struct asn *a, unsigned int tag, const char *text);
void asn_bool(struct asn *a, bool value);
void asn_u64(struct asn *a, unsigned int tag, uint64_t value);
/* A positive INTEGER from its big-endian bytes. */
void asn_integer(struct asn *a, const uint8_t *bytes, size_t size);
/* RFC 5280 section 4.1.2.5: UTCTime to 2049, GeneralizedTime from 2050. */
void asn_time(struct asn *a, int64_t seconds);
void asn_generalized(struct asn *a, int64_t seconds);
/* "1.2.840"; false: not an object identifier, and nothing was written. */
bool asn_oid(struct asn *a, const char *dotted);

/* Reading: the first value of *in, which then holds what follows; false: malformed, or not DER's shortest form. */
bool asn_next(struct blob *in, unsigned int *tag, struct blob *contents);
/* The same with the tag that must stand there. */
bool asn_take(struct blob *in, unsigned int tag, struct blob *contents);

#endif
