/* A key as it is stored, and as it is backed up: JSON with its material in base64. */
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/transit.h"

static void put_blob(struct json_writer *w, struct pool *p, const char *name, struct blob b)
{
	if (b.size)
		json_put_string(w, name, base64_behind(p, "", b.at, b.size));
}

static void put_version(struct json_writer *w, struct pool *p, const struct transit_version *v)
{
	json_object(w, NULL);
	json_put_u64(w, "number", v->number);
	json_put_i64(w, "created", v->created);
	put_blob(w, p, "secret", v->secret);
	put_blob(w, p, "hmac", v->hmac);
	if (v->key && v->has_private)
		put_blob(w, p, "private", crypto_pkcs8(p, v->key));
	else if (v->key)
		put_blob(w, p, "public", crypto_spki(p, v->key));
	if (v->chain)
		json_put_string(w, "chain", v->chain);
	json_close(w);
}

/* Members of numbers and of flags, the same in both directions. */
#define NUMBERS(X) \
	X(min_decryption) X(min_encryption) X(min_available) X(latest) X(key_size) X(auto_rotate) X(backup_version) \
	X(restore_version)
#define MOMENTS(X) X(backup_time) X(restore_time)
#define FLAGS(X) \
	X(derived) X(convergent) X(exportable) X(plaintext_backup) X(deletion_allowed) X(imported) X(rotation_allowed)

void transit_put(struct json_writer *w, struct pool *p, const struct transit_key *k)
{
	json_put_string(w, "name", k->name);
	json_put_string(w, "type", k->kind->name);
#define PUT(member) json_put_u64(w, #member, k->member);
	NUMBERS(PUT)
#undef PUT
#define PUT(member) json_put_i64(w, #member, k->member);
	MOMENTS(PUT)
#undef PUT
#define PUT(member) json_put_bool(w, #member, k->member);
	FLAGS(PUT)
#undef PUT
	json_array(w, "versions");
	for (size_t i = 0; i < k->count; i++)
		put_version(w, p, &k->versions[i]);
	json_close(w);
}

static uint64_t take_u64(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_NUMBER);
	uint64_t number = 0;

	return value && json_u64(value, &number) ? number : 0;
}

static int64_t take_i64(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_NUMBER);
	int64_t number = 0;

	return value && json_i64(value, &number) ? number : 0;
}

static bool take_flag(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_BOOL);

	return value && json_true(value);
}

static bool take_blob(struct pool *p, const struct json *object, const char *name, struct blob *to)
{
	*to = (struct blob){ NULL, 0 };
	return !json_member(object, name) || !base64_read(p, pool_json_member(p, object, name), to);
}

/* Whether the key is of its kind: what a restored backup holds is not known before. */
static bool version_fits(const struct transit_key *k, const struct transit_version *v)
{
	switch (k->kind->family) {
	case FAMILY_AEAD:
		return v->secret.size == k->kind->bytes;
	case FAMILY_HMAC:
		return v->secret.size >= HMAC_KEY_LEAST && v->secret.size <= HMAC_KEY_MOST;
	case FAMILY_ED25519:
		return k->derived ? v->secret.size == 64 : v->key && EVP_PKEY_is_a(v->key, "ED25519") == 1;
	case FAMILY_EC:
		return v->key && EVP_PKEY_is_a(v->key, "EC") == 1;
	case FAMILY_RSA:
		return v->key && EVP_PKEY_is_a(v->key, "RSA") == 1;
	}
	return false;
}

static bool version_parse(struct transit_key *k, const struct json *row, struct transit_version *v)
{
	struct blob private, public;

	v->number = take_u64(row, "number");
	v->created = take_i64(row, "created");
	v->chain = pool_json_member(&k->pool, row, "chain");
	if (!take_blob(&k->pool, row, "secret", &v->secret) || !take_blob(&k->pool, row, "hmac", &v->hmac) ||
	    !take_blob(&k->pool, row, "private", &private) || !take_blob(&k->pool, row, "public", &public))
		return false;
	v->has_private = v->secret.size || private.size;
	if (private.size)
		v->key = crypto_read_pkcs8(private);
	else if (public.size)
		v->key = crypto_read_spki(public);
	return version_fits(k, v);
}

static bool versions_fit(const struct transit_key *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->versions[i].number != k->latest - (k->count - 1 - i))
			return false;
	return k->count && k->latest >= k->count && k->min_decryption >= k->versions[0].number &&
	       k->min_decryption <= k->latest && k->min_encryption <= k->latest &&
	       (!k->derived || transit_derives(k->kind)) && (!k->convergent || k->derived);
}

struct transit_key *transit_parse(const char *name, const struct json *entry)
{
	const struct json *versions = json_member_of(entry, "versions", JSON_ARRAY);
	struct transit_key *k = transit_make(name, NULL);
	const char *type = pool_json_member(&k->pool, entry, "type");
	bool good = versions && type;

	k->kind = transit_kind(type);
#define TAKE(member) k->member = take_u64(entry, #member);
	NUMBERS(TAKE)
#undef TAKE
#define TAKE(member) k->member = take_i64(entry, #member);
	MOMENTS(TAKE)
#undef TAKE
#define TAKE(member) k->member = take_flag(entry, #member);
	FLAGS(TAKE)
#undef TAKE
	if (good && k->kind)
		k->versions = pool_take(&k->pool, versions->count * sizeof(*k->versions));
	for (const struct json *row = good && k->kind ? versions->first : NULL; row && good; row = row->next)
		good = version_parse(k, row, &k->versions[k->count++]);
	if (good && k->kind && versions_fit(k))
		return k;
	transit_release(k);
	return NULL;
}
