/*
 * X.509 v3 certificates (RFC 5280, 4.1), read strictly: what is not expected is refused, and algorithms are compared as
 * the bytes that DER gives them.
 */
#include "attest/certificate.h"
#include "attest/moment.h"

#define BLOB(...) { .size = sizeof((const uint8_t[]){ __VA_ARGS__ }), .bytes = { __VA_ARGS__ } }

struct blob {
	uint8_t size;
	uint8_t bytes[76];
};

/* AlgorithmIdentifiers, whole. RFC 5758 3.2; the second form of the first has a NULL that OpenSSL never writes. */
static const struct {
	enum signature_kind kind;
	struct blob blob;
} certificate_algorithms[] = {
	{ SIGNATURE_ECDSA_SHA256, BLOB(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02) },
	{ SIGNATURE_ECDSA_SHA256, BLOB(0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 5, 0) },
	{ SIGNATURE_ECDSA_SHA384, BLOB(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03) },
	/* RSASSA-PSS (RFC 4055 3.1), SHA-384, MGF1 SHA-384, salt 48; AMD also writes the default trailer. */
	{ SIGNATURE_RSA_PSS_SHA384,
	  BLOB(0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0, 0x0f,
	       0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c,
	       0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09,
	       0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30) },
	{ SIGNATURE_RSA_PSS_SHA384,
	  BLOB(0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x39, 0xa0, 0x0f,
	       0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa1, 0x1c,
	       0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09,
	       0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3,
	       0x03, 0x02, 0x01, 0x01) },
};

/* Algorithms of keys, and how many bytes the BIT STRING has before x (the 04 of an uncompressed point). */
static const struct {
	enum key_kind kind;
	uint8_t size; /* of the point with its 04 */
	struct blob blob;
} certificate_keys[] = {
	{ KEY_P256, 65,
	  BLOB(0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
	       0x3d, 0x03, 0x01, 0x07) },
	{ KEY_P384, 97,
	  BLOB(0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
	       0x22) },
	{ KEY_RSA, 0, BLOB(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00) },
};

enum signature_kind signature_kind_of(struct attest_bytes algorithm)
{
	for (size_t i = 0; i < sizeof(certificate_algorithms) / sizeof(certificate_algorithms[0]); i++) {
		const struct blob *b = &certificate_algorithms[i].blob;

		if (bytes_equal(algorithm, bytes_of(b->bytes, b->size)))
			return certificate_algorithms[i].kind;
	}
	return SIGNATURE_UNKNOWN;
}

bool bit_string_take(struct der *d, struct attest_bytes *content)
{
	struct attest_bytes b = der_take(d, DER_BIT_STRING);

	if (d->failed || b.size < 1 || b.at[0] != 0)
		return false;
	*content = bytes_of(b.at + 1, b.size - 1);
	return true;
}

/* A key of an unknown kind is none that signs anything here, but its bytes are still what evidence is bound to. */
static bool certificate_read_key(struct der *tbs, struct public_key *key)
{
	struct attest_bytes content, algorithm, bits;
	struct der d;

	key->spki = der_take_whole(tbs, DER_SEQUENCE, &content);
	d = der_of(content);
	algorithm = der_take_whole(&d, DER_SEQUENCE, NULL);
	if (tbs->failed || !bit_string_take(&d, &bits) || !der_done(&d))
		return false;
	key->kind = KEY_UNKNOWN;
	key->bits = bits;
	for (size_t i = 0; i < sizeof(certificate_keys) / sizeof(certificate_keys[0]); i++) {
		const struct blob *b = &certificate_keys[i].blob;
		size_t size = certificate_keys[i].size;

		if (!bytes_equal(algorithm, bytes_of(b->bytes, b->size)))
			continue;
		if (size && (bits.size != size || bits.at[0] != 4))
			return false;
		key->kind = certificate_keys[i].kind;
		key->bits = size ? bytes_of(bits.at + 1, size - 1) : bits;
	}
	return true;
}

/* The common name (2.5.4.3) for messages and roles: printable ASCII that fits, else "". */
static bool certificate_read_name(struct attest_bytes rdns, char name[64])
{
	static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };
	struct der d = der_of(rdns);

	name[0] = '\0';
	while (d.at < d.end && !d.failed) {
		struct der set = der_of(der_take(&d, DER_SET)), pair = der_of(der_take(&set, DER_SEQUENCE));
		struct attest_bytes oid = der_take(&pair, DER_OID), value = der_take(&pair, der_peek(&pair));
		bool plain = value.size > 0 && value.size < 64;

		if (!der_done(&pair) || set.failed)
			return false;
		for (size_t i = 0; i < value.size; i++)
			plain = plain && value.at[i] >= 0x20 && value.at[i] < 0x7f;
		if (!plain || !bytes_equal(oid, bytes_of(common_name, sizeof(common_name))))
			continue;
		memcpy(name, value.at, value.size);
		name[value.size] = '\0';
	}
	return der_done(&d);
}

/* One Extension: OID, critical DEFAULT FALSE, value. */
static bool certificate_take_extension(struct der *d, struct attest_bytes *oid, bool *critical,
				       struct attest_bytes *value)
{
	struct der e = der_of(der_take(d, DER_SEQUENCE));

	*oid = der_take(&e, DER_OID);
	*critical = false;
	if (der_peek(&e) == DER_BOOLEAN) {
		struct attest_bytes b = der_take(&e, DER_BOOLEAN);

		/* DER does not write defaults; FALSE is tolerated, because OpenSSL wrote it once. */
		if (b.size != 1 || (b.at[0] != 0xff && b.at[0] != 0))
			return false;
		*critical = b.at[0];
	}
	*value = der_take(&e, DER_OCTET_STRING);
	return der_done(&e) && !d->failed;
}

/* BasicConstraints ::= SEQUENCE { cA DEFAULT FALSE, pathLen OPTIONAL }: chains here are too short for pathLen. */
static bool certificate_basic_constraints(struct attest_bytes value, bool *ca)
{
	struct der outer = der_of(value), d = der_of(der_take(&outer, DER_SEQUENCE));

	if (der_peek(&d) == DER_BOOLEAN) {
		struct attest_bytes b = der_take(&d, DER_BOOLEAN);

		*ca = b.size == 1 && b.at[0] == 0xff;
	}
	if (der_peek(&d) == DER_INTEGER)
		(void)der_take_u64(&d);
	return der_done(&d) && der_done(&outer);
}

static bool certificate_key_usage(struct attest_bytes value, struct certificate *c)
{
	struct der d = der_of(value);
	struct attest_bytes b = der_take(&d, DER_BIT_STRING);

	c->key_usage_present = true;
	if (!der_done(&d) || b.size < 1 || b.size > 3 || b.at[0] > 7)
		return false;
	c->key_usage = b.size > 1 ? b.at[1] : 0;
	return true;
}

static bool certificate_read_extensions(struct certificate *c)
{
	static const uint8_t basic_constraints[] = { 0x55, 0x1d, 0x13 }, key_usage[] = { 0x55, 0x1d, 0x0f };
	struct der d = der_of(c->extensions);
	bool seen[2] = { false, false };

	while (d.at < d.end && !d.failed) {
		struct attest_bytes oid, value;
		bool critical;
		int known;

		if (!certificate_take_extension(&d, &oid, &critical, &value))
			return false;
		known = bytes_equal(oid, bytes_of(basic_constraints, 3)) ? 0 :
			bytes_equal(oid, bytes_of(key_usage, 3))	 ? 1 :
									   -1;
		if (known < 0) {
			c->critical_unknown |= critical;
			continue;
		}
		if (seen[known] ||
		    !(known ? certificate_key_usage(value, c) : certificate_basic_constraints(value, &c->ca)))
			return false;
		seen[known] = true;
	}
	return der_done(&d);
}

bool certificate_extension(const struct certificate *c, const void *oid, size_t oid_size, struct attest_bytes *value)
{
	struct der d = der_of(c->extensions);
	bool found = false;

	while (d.at < d.end && !d.failed) {
		struct attest_bytes o, v;
		bool critical;

		if (!certificate_take_extension(&d, &o, &critical, &v))
			return false;
		if (!bytes_equal(o, bytes_of(oid, oid_size)))
			continue;
		if (found) /* twice: which one holds? */
			return false;
		*value = v;
		found = true;
	}
	return found;
}

static bool certificate_read_tbs(struct attest_bytes content, struct attest_bytes algorithm, struct certificate *c)
{
	static const uint8_t version_3[] = { 0x02, 0x01, 0x02 };
	struct der d = der_of(content), validity, wrapped;
	struct attest_bytes inner, rdns;

	if (!bytes_equal(der_take(&d, 0xa0), bytes_of(version_3, sizeof(version_3))))
		return false;
	c->serial = der_take(&d, DER_INTEGER);
	inner = der_take_whole(&d, DER_SEQUENCE, NULL);
	c->issuer = der_take_whole(&d, DER_SEQUENCE, NULL);
	validity = der_of(der_take(&d, DER_SEQUENCE));
	c->subject = der_take_whole(&d, DER_SEQUENCE, &rdns);
	if (d.failed || c->serial.size == 0 || !bytes_equal(inner, algorithm) ||
	    !moment_take(&validity, &c->not_before) || !moment_take(&validity, &c->not_after) || !der_done(&validity) ||
	    !certificate_read_name(rdns, c->name) || !certificate_read_key(&d, &c->key))
		return false;
	if (der_peek(&d) == 0xa3) {
		wrapped = der_of(der_take(&d, 0xa3));
		c->extensions = der_take(&wrapped, DER_SEQUENCE);
		if (!der_done(&wrapped) || !certificate_read_extensions(c))
			return false;
	}
	return der_done(&d);
}

bool certificate_read(struct attest_bytes der, struct certificate *c)
{
	struct der outer = der_of(der), d;
	struct attest_bytes content, algorithm, tbs;

	memset(c, 0, sizeof(*c));
	c->der = der_take_whole(&outer, DER_SEQUENCE, &content);
	if (!der_done(&outer))
		return false;
	d = der_of(content);
	c->tbs = der_take_whole(&d, DER_SEQUENCE, &tbs);
	algorithm = der_take_whole(&d, DER_SEQUENCE, NULL);
	c->algorithm = signature_kind_of(algorithm);
	return bit_string_take(&d, &c->signature) && der_done(&d) && certificate_read_tbs(tbs, algorithm, c);
}
