/* The rings of named keys: keys made, retired, used to sign, shown, and found again by verifiers. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "server/auth/x509.h"
#include "server/core/core.h"
#include "server/identity/oidc.h"
#include "server/identity/store.h"

static const struct view *view_of(const struct request *r)
{
	return &identity_mount(r->core)->view;
}

static const char *der_text(struct request *r, uint8_t *der, int size)
{
	const char *text = size > 0 ? pool_base64(&r->pool, der, (size_t)size) : NULL;

	OPENSSL_clear_free(der, size > 0 ? (size_t)size : 0);
	return text;
}

static struct ring_key *ring_key_make(struct request *r, const char *algorithm)
{
	struct ring_key *one = pool_take(&r->pool, sizeof(*one));
	EVP_PKEY *pkey = jwt_key_make(algorithm);
	PKCS8_PRIV_KEY_INFO *info = pkey ? EVP_PKEY2PKCS8(pkey) : NULL;
	uint8_t *der = NULL;

	one->kid = pool_uuid(&r->pool);
	one->der = info ? der_text(r, der, i2d_PKCS8_PRIV_KEY_INFO(info, &der)) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
	return one->der ? one : NULL;
}

static EVP_PKEY *ring_key_read(struct request *r, const struct ring_key *one)
{
	PKCS8_PRIV_KEY_INFO *info;
	EVP_PKEY *pkey = NULL;
	const uint8_t *at;
	struct blob der;

	if (!pool_base64_read(&r->pool, one->der, &der))
		return NULL;
	at = der.at;
	if (one->expires)
		return d2i_PUBKEY_ex(NULL, &at, (long)der.size, auth_libctx(), NULL);
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.size);
	if (info)
		pkey = EVP_PKCS82PKEY_ex(info, auth_libctx(), NULL);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

/* What it signed can be verified for that long, and then it goes; the private half goes at once. */
static void ring_key_retire(struct request *r, struct ring_key *one, int64_t expires)
{
	EVP_PKEY *pkey = ring_key_read(r, one);
	uint8_t *der = NULL;
	int size = pkey ? i2d_PUBKEY(pkey, &der) : 0;

	one->der = size > 0 ? der_text(r, der, size) : "";
	one->expires = expires;
	EVP_PKEY_free(pkey);
}

static void ring_drop_expired(struct request *r, struct signing_key *k)
{
	for (struct ring_key **at = &k->ring; *at;)
		if ((*at)->expires && request_seconds(r) >= (*at)->expires)
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

/* The next one signs; a new one is shown so that verifiers have it before it is used. */
bool signing_key_rotate(struct request *r, struct signing_key *k, uint64_t verification_ttl)
{
	struct ring_key *now = k->ring, *next = now ? now->next : NULL, *made = ring_key_make(r, k->algorithm);

	if (!now || !next || !made)
		return false;
	ring_key_retire(r, now, request_seconds(r) + (int64_t)verification_ttl);
	now->next = next->next;
	next->next = made;
	made->next = now;
	k->ring = next;
	k->next_rotation = request_seconds(r) + (int64_t)k->rotation_period;
	ring_drop_expired(r, k);
	return true;
}

/* Two new ones; those of another algorithm retire. */
bool signing_key_begin(struct request *r, struct signing_key *k)
{
	struct ring_key *first = ring_key_make(r, k->algorithm), *second = ring_key_make(r, k->algorithm);
	struct ring_key *old = k->ring;

	if (!first || !second)
		return false;
	if (old) {
		ring_key_retire(r, old, request_seconds(r) + (int64_t)k->verification_ttl);
		old->next = old->next ? old->next->next : NULL;
	}
	first->next = second;
	second->next = old;
	k->ring = first;
	return true;
}

bool signing_key_allows(const struct signing_key *k, const char *client_id)
{
	return names_have(&k->allowed_client_ids, "*") || names_have(&k->allowed_client_ids, client_id);
}

char *signing_key_sign(struct request *r, const struct signing_key *k, struct blob claims)
{
	EVP_PKEY *pkey = k->ring && !k->ring->expires ? ring_key_read(r, k->ring) : NULL;
	char *text = pkey ? jwt_sign(&r->pool, pkey, k->algorithm, k->ring->kid, claims) : NULL;

	EVP_PKEY_free(pkey);
	return text;
}

/* An old key may be of another algorithm than the ring's is now: its kind says which. */
static const char *alg_of(const struct signing_key *k, const EVP_PKEY *pkey)
{
	static const char *const algs[] = { "RS256", "ES256", "ES384", "ES512", "EdDSA" };

	if (jwt_key_fits(pkey, k->algorithm))
		return k->algorithm;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (jwt_key_fits(pkey, algs[i]))
			return algs[i];
	return k->algorithm;
}

/* A key that is not well is passed over, and what it would have shown is written nowhere. */
static void ring_put(struct request *r, struct json_writer *w, const struct signing_key *k)
{
	for (const struct ring_key *one = k->ring; one; one = one->next) {
		EVP_PKEY *pkey = one->expires && request_seconds(r) >= one->expires ? NULL : ring_key_read(r, one);

		if (pkey)
			(void)jwt_key_put(&r->pool, w, pkey, alg_of(k, pkey), one->kid);
		EVP_PKEY_free(pkey);
	}
}

struct blob signing_keys_public(struct request *r, const struct names *names)
{
	struct names all = { NULL, 0 };
	struct json_writer w;
	struct signing_key k;

	if (!names)
		all = entry_list(r, view_of(r), "oidc/key/");
	else
		all = *names;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_array(&w, "keys");
	for (size_t i = 0; i < all.count; i++)
		if (signing_key_load(r, all.at[i], &k))
			ring_put(r, &w, &k);
	json_close(&w);
	json_close(&w);
	return pool_json_end(&w);
}

const char *signing_keys_verify(struct request *r, const char *text, struct jwt *t)
{
	struct names names = entry_list(r, view_of(r), "oidc/key/");
	const char *why = jwt_read(&r->pool, text, t);
	struct signing_key k;
	bool good = false;

	if (why)
		return pool_printf(&r->pool, "error parsing token: %s", why);
	for (size_t i = 0; i < names.count && !good; i++) {
		if (!signing_key_load(r, names.at[i], &k))
			continue;
		for (const struct ring_key *one = k.ring; one && !good; one = one->next) {
			struct jwt_key key = { .pkey = NULL };

			if (!t->kid || strcmp(t->kid, one->kid) ||
			    (one->expires && request_seconds(r) >= one->expires))
				continue;
			key.pkey = ring_key_read(r, one);
			good = key.pkey && jwt_verify(t, &key);
			jwt_key_free(&key);
		}
	}
	return good ? NULL : "unable to validate the token signature";
}
