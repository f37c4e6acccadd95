#include "attest/ra_tls.h"
#include "attest/cbor.h"

#include <string.h>

#define TAG_QUOTE 60000 /* interoperable RA-TLS: CMW of a DCAP quote */

static const uint8_t oid_dice[] = { 0x67, 0x81, 0x05, 0x05, 0x04, 0x09 };
static const uint8_t oid_gramine[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x8a, 0x39, 0x06 };
static const uint8_t oid_intel[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* How many extensions have this OID; *value is the last one's. */
static size_t extension_count(const struct certificate *c, struct attest_bytes oid, struct attest_bytes *value)
{
	struct der all = der_of(c->extensions);
	size_t count = 0;

	while (!all.failed && all.at < all.end) {
		struct der one = der_of(der_take(&all, DER_SEQUENCE));
		struct attest_bytes id = der_take(&one, DER_OID), content;

		if (der_peek(&one) == DER_BOOLEAN)
			(void)der_take(&one, DER_BOOLEAN);
		content = der_take(&one, DER_OCTET_STRING);
		if (one.failed || !bytes_equal(id, oid))
			continue;
		*value = content;
		count++;
	}
	return count;
}

static bool dice_read(struct attest_bytes value, struct ra_tls *to, struct attest_refusal *why)
{
	struct cbor c = cbor_of(value);
	uint64_t tag = cbor_take(&c, CBOR_TAG);

	if (!c.failed && tag != TAG_QUOTE)
		return refuse(why, ATTEST_R_certificate_has_no_evidence, "a quote, CBOR tag 60000", "CBOR tag %llu",
			      (unsigned long long)tag);
	if (cbor_take(&c, CBOR_ARRAY) != 2)
		c.failed = true;
	to->quote = cbor_take_string(&c, CBOR_BYTES);
	to->claims = cbor_take_string(&c, CBOR_BYTES);
	if (!cbor_done(&c) || !to->claims.size)
		return refuse(why, ATTEST_R_certificate_malformed, "tagged evidence, CBOR [quote, claims]",
			      "%zu bytes of something else", value.size);
	return true;
}

bool ra_tls_find(const struct certificate *c, struct ra_tls *to, struct attest_refusal *why)
{
	struct attest_bytes dice = { 0 }, gramine = { 0 }, intel = { 0 };
	size_t dices = extension_count(c, bytes_of(oid_dice, sizeof(oid_dice)), &dice);
	size_t gramines = extension_count(c, bytes_of(oid_gramine, sizeof(oid_gramine)), &gramine);
	size_t intels = extension_count(c, bytes_of(oid_intel, sizeof(oid_intel)), &intel);

	*to = (struct ra_tls){ 0 };
	if (dices > 1 || gramines > 1 || intels > 1)
		return refuse(why, ATTEST_R_certificate_malformed, "each extension once", "one of evidence twice");
	if (dices)
		return dice_read(dice, to, why);
	/* In a PCK certificate Intel's OID holds a SEQUENCE, which no quote begins with. */
	if (gramines || (intels && intel.size && intel.at[0] != DER_SEQUENCE)) {
		to->quote = gramines ? gramine : intel;
		return true;
	}
	return refuse(why, ATTEST_R_certificate_has_no_evidence, "an extension with a quote",
		      "a certificate of \"%s\" without one", c->name);
}

/* IANA's named information hashes: the algorithms that claims may use. */
static const char *claims_hash(uint64_t id)
{
	switch (id) {
	case 1:
		return "SHA256";
	case 7:
		return "SHA384";
	case 8:
		return "SHA512";
	}
	return NULL;
}

/* The value of pubkey-hash: [algorithm, hash]. */
static bool claim_matches(const struct attest *a, struct attest_bytes claim, struct attest_bytes spki)
{
	struct cbor c = cbor_of(claim);
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct attest_bytes hash;
	const char *name;
	size_t size = 0;

	if (cbor_take(&c, CBOR_ARRAY) != 2)
		return false;
	name = claims_hash(cbor_take(&c, CBOR_UNSIGNED));
	hash = cbor_take_string(&c, CBOR_BYTES);
	return cbor_done(&c) && name && EVP_Q_digest(a->libctx, name, NULL, spki.at, spki.size, digest, &size) &&
	       bytes_equal(hash, bytes_of(digest, size));
}

/* A map from texts to anything, with pubkey-hash in it once. */
static bool claims_name_key(const struct attest *a, struct attest_bytes claims, struct attest_bytes spki)
{
	static const char wanted[] = "pubkey-hash";
	struct cbor c = cbor_of(claims);
	uint64_t count = cbor_take(&c, CBOR_MAP);
	struct attest_bytes claim = { 0 };
	size_t found = 0;

	for (uint64_t i = 0; i < count && !c.failed; i++) {
		struct attest_bytes name = cbor_take_string(&c, CBOR_TEXT);

		if (bytes_equal(name, bytes_of(wanted, sizeof(wanted) - 1))) {
			claim = cbor_take_string(&c, CBOR_BYTES);
			found++;
		} else {
			cbor_skip(&c);
		}
	}
	return cbor_done(&c) && found == 1 && claim_matches(a, claim, spki);
}

static bool report_data_is_hash(const struct attest *a, const uint8_t report_data[64], struct attest_bytes of)
{
	uint8_t want[64] = { 0 };

	attest_sha256(a, of, want);
	return memcmp(want, report_data, sizeof(want)) == 0;
}

bool ra_tls_bound(const struct attest *a, const struct certificate *c, const struct ra_tls *found,
		  const uint8_t report_data[64], struct attest_refusal *why)
{
	if (!bytes_equal(c->issuer, c->subject) || !signature_holds(a, &c->key, c->algorithm, c->tbs, c->signature))
		return refuse(why, ATTEST_R_certificate_binding, "a certificate signed by its own key",
			      "one that was signed by another key or was changed");
	if (!report_data_is_hash(a, report_data, found->claims.size ? found->claims : c->key.spki))
		return refuse(why, ATTEST_R_certificate_binding,
			      found->claims.size ? "report data that is SHA-256 of the certificate's claims" :
						   "report data that is SHA-256 of the certificate's key",
			      "another value");
	if (found->claims.size && !claims_name_key(a, found->claims, c->key.spki))
		return refuse(why, ATTEST_R_certificate_binding, "claims with the hash of the certificate's key",
			      "none, or another key's");
	return true;
}
