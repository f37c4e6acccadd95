/* What a key does to a value. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/engine/base64.h"
#include "server/engine/transit.h"

#define PREFIX "vault:v"
#define NO_CONTEXT \
	"missing 'context' for key derivation; the key was created using a derived key, which means additional, " \
	"per-request information must be included in order to perform operations with the key"

const char *transit_split(struct pool *p, const struct transit_key *k, const char *what, const char *text,
			  uint64_t *version, const char **rest)
{
	const char *number = text + sizeof(PREFIX) - 1, *colon;
	char *end;

	if (strncmp(text, PREFIX, sizeof(PREFIX) - 1))
		return pool_printf(p, "invalid %s: no prefix", what);
	colon = strchr(number, ':');
	if (!colon)
		return pool_printf(p, "invalid %s: wrong number of fields", what);
	*version = strtoull(number, &end, 10);
	if (end != colon || *number < '0' || *number > '9')
		return pool_printf(p, "invalid %s: version number could not be decoded", what);
	if (!*version)
		*version = 1; /* keys of Vault's first days began at 0 */
	if (*version > k->latest)
		return pool_printf(p, "invalid %s: version is too new", what);
	if (*version < k->min_decryption || !transit_version(k, *version))
		return "ciphertext or signature version is disallowed by policy (too old)";
	*rest = colon + 1;
	return NULL;
}

/* Which version a client asks for; 0 is the newest. */
static const char *version_choose(struct pool *p, const struct transit_key *k, int64_t asked_for,
				  const struct transit_version **v)
{
	if (asked_for < 0)
		return "requested version for encryption is negative";
	if ((uint64_t)asked_for > k->latest)
		return "requested version for encryption is higher than the latest key version";
	if (asked_for && (uint64_t)asked_for < k->min_encryption)
		return "requested version for encryption is less than the minimum encryption key version";
	*v = transit_version(k, asked_for ? (uint64_t)asked_for : k->latest);
	return *v ? NULL : pool_printf(p, "no key version %ld is available", asked_for);
}

/* key: 64 bytes, of which the second half names nonces where the key is convergent. */
static const char *aead_key(const struct transit_key *k, const struct transit_version *v, struct blob context,
			    uint8_t key[64])
{
	if (!k->derived) {
		memcpy(key, v->secret.at, v->secret.size);
		return NULL;
	}
	if (!context.size)
		return NO_CONTEXT;
	crypto_derive(v->secret, context, key, k->kind->bytes + 32);
	return NULL;
}

/*
 * The nonce is random (96 bits: SP 800-38D section 8.3 wants a rotation before 2^32 messages), or of convergent keys
 * an HMAC of the plaintext, under a key that comes from the context like the other.
 */
static const char *aead_seal(struct pool *p, const struct transit_key *k, const struct transit_version *v,
			     const struct transit_item *item, struct blob plaintext, struct blob *out)
{
	uint8_t key[64], nonce[AEAD_NONCE];
	const char *wrong = aead_key(k, v, item->context, key);

	if (wrong)
		return wrong;
	if (k->convergent) {
		struct blob hmac = crypto_hmac(p, crypto_digest("sha2-256"),
					       (struct blob){ key + k->kind->bytes, 32 }, plaintext);

		memcpy(nonce, hmac.at, sizeof(nonce));
	} else {
		random_bytes(nonce, sizeof(nonce));
	}
	*out = crypto_seal(p, k->kind->aead, key, nonce, item->aad, plaintext);
	mem_wipe(key, sizeof(key));
	return NULL;
}

const char *transit_seal(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			 struct blob plaintext, const char **ciphertext)
{
	const struct transit_version *v;
	const char *wrong = NULL;
	struct blob out;
	char prefix[32];

	if (!transit_encrypts(k->kind))
		wrong = pool_printf(p, "message encryption not supported for key type %s", k->kind->name);
	else
		wrong = version_choose(p, k, item->version, &v);
	if (!wrong && item->aad.size && k->kind->family != FAMILY_AEAD)
		wrong = pool_printf(p, "'associated_data' provided for non-AEAD cipher suite %s", k->kind->name);
	if (!wrong && k->kind->family == FAMILY_AEAD)
		wrong = aead_seal(p, k, v, item, plaintext, &out);
	else if (!wrong)
		wrong = crypto_oaep_seal(p, v->key, crypto_digest("sha2-256"), plaintext, &out);
	if (wrong)
		return wrong;
	snprintf(prefix, sizeof(prefix), PREFIX "%lu:", v->number);
	*ciphertext = base64_behind(p, prefix, out.at, out.size);
	return NULL;
}

const char *transit_encrypt(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			    const char **ciphertext)
{
	struct blob plaintext;
	const char *wrong = base64_read(p, item->text, &plaintext);

	return wrong ? wrong : transit_seal(p, k, item, plaintext, ciphertext);
}

static const char *aead_open(struct pool *p, const struct transit_key *k, const struct transit_version *v,
			     const struct transit_item *item, struct blob sealed, struct blob *plaintext)
{
	uint8_t key[64];
	const char *wrong = aead_key(k, v, item->context, key);

	if (wrong)
		return wrong;
	if (sealed.size < AEAD_NONCE)
		wrong = "invalid ciphertext length";
	else if (!crypto_open(p, k->kind->aead, key, item->aad, sealed, plaintext))
		wrong = k->kind->aead == AEAD_CHACHA20_POLY1305 ?
				"chacha20poly1305: message authentication failed" :
				"cipher: message authentication failed";
	mem_wipe(key, sizeof(key));
	return wrong;
}

const char *transit_decrypt(struct pool *p, const struct transit_key *k, const struct transit_item *item,
			    struct blob *plaintext)
{
	const struct transit_version *v;
	const char *wrong, *rest;
	uint64_t number;
	struct blob sealed;

	if (!transit_encrypts(k->kind))
		return pool_printf(p, "message decryption not supported for key type %s", k->kind->name);
	wrong = transit_split(p, k, "ciphertext", item->text, &number, &rest);
	if (wrong)
		return wrong;
	if (base64_read(p, rest, &sealed))
		return "invalid ciphertext: could not decode base64";
	if (item->aad.size && k->kind->family != FAMILY_AEAD)
		return pool_printf(p, "'associated_data' provided for non-AEAD cipher suite %s", k->kind->name);
	v = transit_version(k, number);
	if (k->kind->family == FAMILY_AEAD)
		return aead_open(p, k, v, item, sealed, plaintext);
	if (!v->has_private)
		return "requested version for decryption does not contain a private part";
	return crypto_oaep_open(p, v->key, crypto_digest("sha2-256"), sealed, plaintext);
}

EVP_PKEY *transit_signer(struct pool *p, const struct transit_version *v, const struct transit_key *k,
			 struct blob context, const char **wrong)
{
	uint8_t seed[32];
	EVP_PKEY *key;

	(void)p;
	if (!k->derived) {
		EVP_PKEY_up_ref(v->key);
		return v->key;
	}
	if (!context.size) {
		*wrong = "error deriving key: " NO_CONTEXT;
		return NULL;
	}
	crypto_derive(v->secret, context, seed, sizeof(seed));
	key = crypto_ed25519(seed);
	mem_wipe(seed, sizeof(seed));
	return key;
}
