/*
 * Of a certificate's keys the newest is taken that can encrypt, is not revoked and is not for something else.
 * Signatures are not verified: the certificate comes from the operator as it is, and what it says about itself only
 * chooses among its own keys.
 */
#include <string.h>

#include <openssl/evp.h>

#include "base/bytes.h"
#include "server/seal/pgp_key.h"

enum packet_tag {
	PACKET_SIGNATURE = 2,
	PACKET_SECRET = 5,
	PACKET_PRIMARY = 6,
	PACKET_SECRET_SUBKEY = 7,
	PACKET_SUBKEY = 14
};

#define SIGNATURE_BINDING 0x18
#define SIGNATURE_SUBKEY_REVOCATION 0x28
#define SIGNATURE_KEY_REVOCATION 0x20
#define SUBPACKET_KEY_FLAGS 27
#define FLAGS_ENCRYPT 0x0c

struct packet {
	uint8_t tag;
	struct blob body;
};

static uint32_t new_length(struct bytes_reader *r)
{
	uint32_t first = bytes_u8(r);

	if (first < 192)
		return first;
	if (first < 224)
		return ((first - 192) << 8) + bytes_u8(r) + 192;
	if (first < 255)
		r->failed = true; /* partial: not of keys */
	return (uint32_t)bytes_take_be(r, 4);
}

static bool packet_next(struct bytes_reader *r, struct packet *p)
{
	uint8_t head = bytes_u8(r);
	uint32_t size;

	if (r->failed || !(head & 0x80))
		return false;
	if (head & 0x40) {
		p->tag = head & 0x3f;
		size = new_length(r);
	} else {
		p->tag = head >> 2 & 0x0f;
		if ((head & 3) == 3)
			return false; /* to the end of the file */
		size = (uint32_t)bytes_take_be(r, (size_t)1 << (head & 3));
	}
	p->body = (struct blob){ bytes_take(r, size), size };
	return !r->failed;
}

/* RFC 4880 section 12.2. */
static void fingerprint_of(struct blob body, uint8_t out[PGP_FINGERPRINT])
{
	uint8_t head[3] = { 0x99, (uint8_t)(body.size >> 8), (uint8_t)body.size };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	EVP_DigestInit_ex(ctx, EVP_sha1(), NULL);
	EVP_DigestUpdate(ctx, head, sizeof(head));
	EVP_DigestUpdate(ctx, body.at, body.size);
	EVP_DigestFinal_ex(ctx, out, NULL);
	EVP_MD_CTX_free(ctx);
}

static struct blob mpi_take(struct bytes_reader *r)
{
	size_t size = ((size_t)bytes_take_be(r, 2) + 7) / 8;

	return (struct blob){ bytes_take(r, size), size };
}

/* The key of a packet, where it is one to encrypt to. */
static bool key_read(struct pgp_key *key, struct blob body)
{
	struct bytes_reader r = { .at = body.at, .left = body.size };
	uint8_t size;

	if (bytes_u8(&r) != 4)
		return false;
	bytes_take(&r, 4);
	key->algorithm = bytes_u8(&r);
	if (key->algorithm == PGP_RSA || key->algorithm == PGP_RSA_ENCRYPT) {
		key->modulus = mpi_take(&r);
		key->exponent = mpi_take(&r);
	} else if (key->algorithm == PGP_ECDH) {
		size = bytes_u8(&r);
		key->oid = (struct blob){ bytes_take(&r, size), size };
		key->point = mpi_take(&r);
		if (bytes_u8(&r) != 3 || bytes_u8(&r) != 1)
			return false;
		key->kdf_hash = bytes_u8(&r);
		key->kdf_cipher = bytes_u8(&r);
	} else {
		return false;
	}
	return !r.failed && !r.left && body.size <= UINT16_MAX;
}

/* The key flags of a signature's hashed part; true where it has none: then anything is allowed. */
static bool signature_encrypts(struct blob body)
{
	struct bytes_reader r = { .at = body.at, .left = body.size }, sub;
	size_t size;

	if (bytes_u8(&r) != 4)
		return true;
	bytes_take(&r, 3);
	size = (size_t)bytes_take_be(&r, 2);
	sub = (struct bytes_reader){ .at = bytes_take(&r, size), .left = size, .failed = r.failed };
	while (!sub.failed && sub.left) {
		uint32_t length = new_length(&sub);
		const uint8_t *at = bytes_take(&sub, length);

		if (at && length >= 2 && (at[0] & 0x7f) == SUBPACKET_KEY_FLAGS)
			return at[1] & FLAGS_ENCRYPT;
	}
	return true;
}

struct candidate {
	struct pgp_key key;
	bool usable, primary;
};

static uint8_t signature_type(struct blob body)
{
	return body.size >= 2 && body.at[0] == 4 ? body.at[1] : body.size >= 3 && body.at[0] == 3 ? body.at[2] : 0;
}

/* What a signature says about the key before it. */
static void candidate_judge(struct candidate *c, struct blob signature)
{
	uint8_t type = signature_type(signature);

	if (type == SIGNATURE_SUBKEY_REVOCATION || type == SIGNATURE_KEY_REVOCATION)
		c->usable = false;
	else if (type == SIGNATURE_BINDING || (c->primary && type >= 0x10 && type <= 0x13))
		c->usable = c->usable && signature_encrypts(signature);
}

/* The last usable subkey, or else the primary key. */
static void candidate_settle(struct pgp_key *key, bool *found, const struct candidate *c)
{
	uint8_t primary[PGP_FINGERPRINT];

	if (!c->usable || (c->primary && *found))
		return;
	memcpy(primary, key->primary, sizeof(primary));
	*key = c->key;
	memcpy(key->primary, primary, sizeof(primary));
	*found = true;
}

const char *pgp_key_read(struct pgp_key *key, struct blob bytes)
{
	struct bytes_reader r = { .at = bytes.at, .left = bytes.size };
	struct candidate c = { .usable = false };
	struct pgp_key first = { .algorithm = 0 };
	bool found = false, any = false;
	struct packet p;

	*key = (struct pgp_key){ .algorithm = 0 };
	while (r.left) {
		if (!packet_next(&r, &p))
			return "error parsing given PGP key: a packet is malformed";
		if (p.tag == PACKET_SECRET || p.tag == PACKET_SECRET_SUBKEY)
			return "error parsing given PGP key: expected a public key, found a secret one";
		if (!any && p.tag != PACKET_PRIMARY)
			return "error parsing given PGP key: expected a public key first";
		if (p.tag == PACKET_SIGNATURE) {
			candidate_judge(&c, p.body);
		} else if (p.tag == PACKET_PRIMARY || p.tag == PACKET_SUBKEY) {
			if (any && p.tag == PACKET_PRIMARY)
				return "error parsing given PGP key: expected one certificate, found two";
			candidate_settle(key, &found, &c);
			c = (struct candidate){ .primary = p.tag == PACKET_PRIMARY };
			c.usable = key_read(&c.key, p.body);
			fingerprint_of(p.body, c.key.fingerprint);
			if (!any) {
				first = c.key;
				memcpy(key->primary, c.key.fingerprint, PGP_FINGERPRINT);
			}
			any = true;
		}
	}
	candidate_settle(key, &found, &c);
	memcpy(key->primary, first.fingerprint, PGP_FINGERPRINT);
	if (!any)
		return "error parsing given PGP key: it is empty";
	return found ? NULL : "error parsing given PGP key: expected an RSA or ECDH key to encrypt to, found none";
}
