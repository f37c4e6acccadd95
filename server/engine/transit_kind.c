/* The kinds of keys, and how each is made. */
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/engine/transit.h"

static const struct transit_kind kinds[] = {
	{ .name = "aes128-gcm96", .family = FAMILY_AEAD, .aead = AEAD_AES_128_GCM, .bytes = 16 },
	{ .name = "aes256-gcm96", .family = FAMILY_AEAD, .aead = AEAD_AES_256_GCM, .bytes = 32 },
	{ .name = "chacha20-poly1305", .family = FAMILY_AEAD, .aead = AEAD_CHACHA20_POLY1305, .bytes = 32 },
	{ .name = "ed25519", .family = FAMILY_ED25519 },
	{ .name = "ecdsa-p256", .family = FAMILY_EC, .group = "prime256v1", .curve = "P-256" },
	{ .name = "ecdsa-p384", .family = FAMILY_EC, .group = "secp384r1", .curve = "P-384" },
	{ .name = "ecdsa-p521", .family = FAMILY_EC, .group = "secp521r1", .curve = "P-521" },
	{ .name = "rsa-2048", .family = FAMILY_RSA, .bits = 2048 },
	{ .name = "rsa-3072", .family = FAMILY_RSA, .bits = 3072 },
	{ .name = "rsa-4096", .family = FAMILY_RSA, .bits = 4096 },
	{ .name = "hmac", .family = FAMILY_HMAC },
};

const struct transit_kind *transit_kind(const char *name)
{
	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

bool transit_encrypts(const struct transit_kind *kind)
{
	return kind->family == FAMILY_AEAD || kind->family == FAMILY_RSA;
}

bool transit_signs(const struct transit_kind *kind)
{
	return kind->family == FAMILY_ED25519 || kind->family == FAMILY_EC || kind->family == FAMILY_RSA;
}

bool transit_derives(const struct transit_kind *kind)
{
	return kind->family == FAMILY_AEAD || kind->family == FAMILY_ED25519;
}

struct transit_version *transit_version(const struct transit_key *k, uint64_t number)
{
	for (size_t i = k->count; i; i--)
		if (k->versions[i - 1].number == number)
			return &k->versions[i - 1];
	return NULL;
}

struct transit_version *transit_add(struct transit_key *k, int64_t now)
{
	struct transit_version *versions = pool_take(&k->pool, (k->count + 1) * sizeof(*versions));

	if (k->count)
		memcpy(versions, k->versions, k->count * sizeof(*versions));
	k->versions = versions;
	versions[k->count] = (struct transit_version){ .number = ++k->latest, .created = now };
	if (!k->min_decryption)
		k->min_decryption = 1;
	return &versions[k->count++];
}

static struct blob random_blob(struct pool *p, size_t size)
{
	uint8_t *bytes = pool_take(p, size);

	random_bytes(bytes, size);
	return (struct blob){ bytes, size };
}

/* A derived Ed25519 key is what keys are derived from: as long as Go's private keys, as Vault has it. */
void transit_generate(struct transit_key *k, int64_t now)
{
	struct transit_version *v = transit_add(k, now);
	uint8_t seed[32];

	v->has_private = true;
	v->hmac = random_blob(&k->pool, 32);
	switch (k->kind->family) {
	case FAMILY_AEAD:
		v->secret = random_blob(&k->pool, k->kind->bytes);
		break;
	case FAMILY_HMAC:
		v->secret = v->hmac = random_blob(&k->pool, k->key_size);
		break;
	case FAMILY_ED25519:
		if (k->derived) {
			v->secret = random_blob(&k->pool, 64);
			break;
		}
		random_bytes(seed, sizeof(seed));
		v->key = crypto_ed25519(seed);
		mem_wipe(seed, sizeof(seed));
		break;
	case FAMILY_EC:
		v->key = crypto_generate_ec(k->kind->group);
		break;
	case FAMILY_RSA:
		v->key = crypto_generate_rsa(k->kind->bits);
		break;
	}
}
