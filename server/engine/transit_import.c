/* Keys from outside: wrapping_key, import, import_version; and byok-export, which makes what import takes. */
#include <string.h>

#include "base/mem.h"
#include "crypto/random.h"
#include "server/engine/base64.h"
#include "server/engine/transit.h"

#define WRAPPING_BITS 4096
#define WRAPPED_SIZE (WRAPPING_BITS / 8)

/* The mount's RSA key for imports, made at its first use. To be freed. */
static EVP_PKEY *wrapping_key(struct request *r)
{
	const struct json *entry;
	struct json_writer *w;
	struct blob der;
	EVP_PKEY *key;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "wrapping_key");
	entry = entry_read(r, &r->mount->view, "wrapping_key");
	if (entry && !base64_read(&r->pool, pool_json_member(&r->pool, entry, "private"), &der))
		return crypto_read_pkcs8(der);
	key = crypto_generate_rsa(WRAPPING_BITS);
	der = crypto_pkcs8(&r->pool, key);
	w = entry_write(r);
	json_put_string(w, "private", base64_behind(&r->pool, "", der.at, der.size));
	entry_written(r, &r->mount->view, "wrapping_key", w);
	return key;
}

int transit_wrapping_key(struct request *r)
{
	EVP_PKEY *key = wrapping_key(r);

	if (!key)
		return 500;
	json_put_string(reply_data(r), "public_key", crypto_pem(&r->pool, "PUBLIC KEY", crypto_spki(&r->pool, key)));
	EVP_PKEY_free(key);
	return 200;
}

/* An AES key under RSA-OAEP, behind it the material under that key (RFC 5649). */
static const char *material_open(struct request *r, const EVP_MD *md, struct blob *material)
{
	struct blob wrapped, ephemeral;
	const char *wrong = base64_read(&r->pool, ask_text(r, "ciphertext"), &wrapped);
	EVP_PKEY *key;

	if (wrong)
		return wrong;
	if (wrapped.size <= WRAPPED_SIZE)
		return "provided ciphertext is too short";
	key = wrapping_key(r);
	if (!key)
		return "error importing key: wrapping key was nil";
	wrong = crypto_oaep_open(&r->pool, key, md, (struct blob){ wrapped.at, WRAPPED_SIZE }, &ephemeral);
	EVP_PKEY_free(key);
	if (wrong)
		return wrong;
	if (ephemeral.size != 32)
		return "expected ephemeral AES key to be 256-bit";
	return crypto_unwrap(&r->pool, ephemeral.at,
			     (struct blob){ wrapped.at + WRAPPED_SIZE, wrapped.size - WRAPPED_SIZE }, material);
}

static const char *pair_check(struct request *r, const struct transit_kind *kind, EVP_PKEY *key)
{
	char group[32];
	size_t size;

	if (kind->family == FAMILY_ED25519 && EVP_PKEY_is_a(key, "ED25519") == 1)
		return NULL;
	if (kind->family == FAMILY_RSA && EVP_PKEY_is_a(key, "RSA") == 1)
		return EVP_PKEY_get_bits(key) == (int)kind->bits ? NULL :
		       pool_printf(&r->pool, "invalid key size: expected %u bytes, got %d bytes", kind->bits / 8,
				   EVP_PKEY_get_size(key));
	if (kind->family == FAMILY_EC && EVP_PKEY_is_a(key, "EC") == 1)
		return EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 && !strcmp(group, kind->group) ?
		       NULL : pool_printf(&r->pool, "invalid curve: expected %s", kind->curve);
	return pool_printf(&r->pool, "invalid key type: expected %s", kind->name);
}

static const char *symmetric_take(struct request *r, struct transit_key *k, struct transit_version *v,
				  struct blob material)
{
	bool fits = k->kind->family == FAMILY_AEAD ? material.size == k->kind->bytes :
						     material.size >= HMAC_KEY_LEAST && material.size <= HMAC_KEY_MOST;

	if (!fits)
		return pool_printf(&r->pool, "invalid key size %zu bytes for key type %s", material.size,
				   k->kind->name);
	v->secret = (struct blob){ (const uint8_t *)pool_copy(&k->pool, (const char *)material.at, material.size),
				   material.size };
	v->has_private = true;
	if (k->kind->family == FAMILY_HMAC) {
		v->hmac = v->secret;
		k->key_size = material.size;
	}
	return NULL;
}

/* What was sent becomes the material of v, a version of k. private: in ciphertext; else a public key in PEM. */
static const char *material_take(struct request *r, struct transit_key *k, struct transit_version *v,
				 struct blob material, bool private)
{
	const char *wrong;
	uint8_t raw[64];
	EVP_PKEY *key;

	if (k->kind->family == FAMILY_AEAD || k->kind->family == FAMILY_HMAC)
		return private ? symmetric_take(r, k, v, material) : "provided type does not support public_key import";
	if (k->derived && !private)
		return "unable to import only public key for derived Ed25519 key: imported key should not be an "
		       "Ed25519 key pair but is instead an HKDF key";
	key = private ? crypto_read_pkcs8(material) : crypto_read_public_pem(ask_text_or(r, "public_key", ""));
	if (!key)
		return pool_printf(&r->pool, "error parsing %s key: %s", private ? "asymmetric" : "public",
				   crypto_reason(&r->pool));
	wrong = pair_check(r, k->kind, key);
	if (wrong || !k->derived) {
		v->key = wrong ? NULL : key;
		v->has_private = private;
		if (wrong)
			EVP_PKEY_free(key);
		return wrong;
	}
	crypto_ed25519_raw(key, raw);
	v->secret = (struct blob){ (const uint8_t *)pool_copy(&k->pool, (const char *)raw, sizeof(raw)), sizeof(raw) };
	v->has_private = true;
	mem_wipe(raw, sizeof(raw));
	EVP_PKEY_free(key);
	return NULL;
}

static const char *version_import(struct request *r, struct transit_key *k, struct blob material, bool private)
{
	struct transit_version v = { .number = 0 }, *added;
	const char *wrong = material_take(r, k, &v, material, private);
	uint8_t *hmac;

	if (wrong)
		return wrong;
	added = transit_add(k, r->now);
	v.number = added->number;
	v.created = added->created;
	if (!v.hmac.size) {
		hmac = pool_take(&k->pool, 32);
		random_bytes(hmac, 32);
		v.hmac = (struct blob){ hmac, 32 };
	}
	*added = v;
	return NULL;
}

/* ciphertext or public_key: 0, or refused. */
static int material_read(struct request *r, bool *private, struct blob *material)
{
	const char *hash = ask_text_or(r, "hash_function", "SHA256"), *wrong = NULL;
	const EVP_MD *md = crypto_digest(hash);

	*private = asked(r, "ciphertext");
	*material = (struct blob){ NULL, 0 };
	if (*private && asked(r, "public_key"))
		return refuse(r, 400, "only one of the following fields, ciphertext and public_key, can be set");
	if (!*private && !asked(r, "public_key"))
		return refuse(r, 400, "one of the following fields, ciphertext and public_key, must be set");
	if (!md)
		return refuse(r, 400, "unknown hash function: %s", hash);
	if (*private)
		wrong = material_open(r, md, material);
	return wrong ? refuse(r, 400, "%s", wrong) : 0;
}

int transit_import(struct request *r)
{
	const char *name = ask_text(r, "name"), *type = ask_text_or(r, "type", "aes256-gcm96"), *wrong;
	const struct transit_kind *kind = transit_kind(type);
	_cleanup_transit_ struct transit_key *k = NULL, *there = NULL;
	struct blob material;
	bool private;
	int status;

	if (asked(r, "convergent_encryption"))
		return refuse(r, 400, "import cannot be used on keys with convergent encryption enabled");
	if (!kind)
		return refuse(r, 400, "unknown key type: %s", type);
	k = transit_make(name, kind);
	k->imported = true;
	k->rotation_allowed = ask_bool(r, "allow_rotation", false);
	status = transit_settings(r, k);
	if (!status && k->auto_rotate && !k->rotation_allowed)
		status = refuse(r, 400, "allow_rotation must be set to true if auto-rotation is enabled");
	if (status)
		return status;
	there = transit_open(r, name);
	if (there)
		return refuse(r, 400,
			      "the import path cannot be used with an existing key; use import-version to rotate "
			      "an existing imported key");
	status = material_read(r, &private, &material);
	if (status)
		return status;
	wrong = version_import(r, k, material, private);
	if (wrong)
		return refuse(r, 400, "error importing key: %s", wrong);
	transit_save(r, k);
	return 204;
}

/* The private part of a version that so far has only its public one. */
static const char *private_complete(struct request *r, struct transit_key *k, uint64_t number, struct blob material,
				    bool private)
{
	struct transit_version *v = transit_version(k, number), full = { .number = 0 };
	const char *wrong;

	if (!v)
		return "no such key version";
	if (v->has_private)
		return "private key imported, key version cannot be updated";
	if (!private)
		return "cannot add a public key to a key version that already has a public key set";
	wrong = material_take(r, k, &full, material, true);
	if (wrong)
		return wrong;
	if (!full.key || EVP_PKEY_eq(full.key, v->key) != 1) {
		EVP_PKEY_free(full.key);
		return "cannot import key, key pair does not match";
	}
	EVP_PKEY_free(v->key);
	v->key = full.key;
	v->has_private = true;
	return NULL;
}

int transit_import_version(struct request *r)
{
	const char *name = ask_text(r, "name"), *wrong;
	_cleanup_transit_ struct transit_key *k = transit_open(r, name);
	int64_t number = ask_int(r, "version", 0);
	struct blob material;
	bool private;
	int status;

	if (!k)
		return refuse(r, 400, "no key found with name %s; to import a new key, use the import/ endpoint", name);
	if (!k->imported)
		return refuse(r, 400, "the import_version endpoint can only be used with an imported key");
	status = material_read(r, &private, &material);
	if (status)
		return status;
	if (!number && private && !k->versions[k->count - 1].has_private &&
	    !private_complete(r, k, k->latest, material, private))
		wrong = NULL;
	else if (number)
		wrong = private_complete(r, k, number < 0 ? 0 : (uint64_t)number, material, private);
	else
		wrong = version_import(r, k, material, private);
	if (wrong)
		return refuse(r, 400, "%s", wrong);
	transit_save(r, k);
	return 204;
}

/* A version's material under the destination's RSA key: what import/ of another server takes. */
static const char *byok_wrap(struct request *r, const struct transit_version *v, EVP_PKEY *destination,
			     const EVP_MD *md, const char **text)
{
	struct blob ephemeral, wrapped, material = v->secret;
	uint8_t key[32], *whole;
	const char *wrong;

	if (!v->has_private)
		return "the version has no private part";
	if (v->key)
		material = crypto_pkcs8(&r->pool, v->key);
	random_bytes(key, sizeof(key));
	wrong = crypto_oaep_seal(&r->pool, destination, md, (struct blob){ key, sizeof(key) }, &ephemeral);
	if (!wrong)
		wrong = crypto_wrap(&r->pool, key, material, &wrapped);
	mem_wipe(key, sizeof(key));
	if (wrong)
		return wrong;
	whole = pool_take(&r->pool, ephemeral.size + wrapped.size);
	memcpy(whole, ephemeral.at, ephemeral.size);
	memcpy(whole + ephemeral.size, wrapped.at, wrapped.size);
	*text = base64_behind(&r->pool, "", whole, ephemeral.size + wrapped.size);
	return NULL;
}

static int byok_put(struct request *r, const struct transit_key *source, EVP_PKEY *destination, const EVP_MD *md)
{
	int64_t number = ask_int(r, "version", 0);
	const char *text = "", *wrong = NULL;
	bool latest = ask_text(r, "version") && !strcmp(ask_text(r, "version"), "latest");
	struct json_writer w;
	struct blob keys;
	size_t count = 0;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (size_t i = 0; i < source->count && !wrong; i++) {
		const struct transit_version *v = &source->versions[i];

		if (v->number < source->min_decryption || (latest && v->number != source->latest) ||
		    (!latest && asked(r, "version") && (int64_t)v->number != number))
			continue;
		wrong = byok_wrap(r, v, destination, md, &text);
		json_put_string(&w, pool_printf(&r->pool, "%lu", v->number), text);
		count++;
	}
	json_close(&w);
	keys = pool_json_end(&w);
	if (wrong)
		return refuse(r, 400, "%s", wrong);
	if (!count)
		return refuse(r, 400, "version does not exist or cannot be found");
	json_put_raw(reply_data(r), "keys", (const char *)keys.at, keys.size);
	json_put_string(reply_data(r), "name", source->name);
	json_put_string(reply_data(r), "type", source->kind->name);
	return 200;
}

int transit_byok(struct request *r)
{
	const char *hash = ask_text_or(r, "hash", "SHA256");
	_cleanup_transit_ struct transit_key *destination = transit_get(r, ask_text(r, "destination"));
	_cleanup_transit_ struct transit_key *source = transit_get(r, ask_text(r, "source"));
	const EVP_MD *md = crypto_digest(hash);

	if (!destination || !source)
		return 404;
	if (!source->exportable)
		return refuse(r, 400, "key is not exportable");
	if (destination->kind->family != FAMILY_RSA)
		return refuse(r, 400, "unsupported key type in use; must be a rsa key");
	if (!md)
		return refuse(r, 400, "unknown hash function: %s", hash);
	return byok_put(r, source, destination->versions[destination->count - 1].key, md);
}
