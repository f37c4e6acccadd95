/*
 * The keys of a mount's issuer: public keys of the configuration, or those at an address, which are fetched when they
 * are old or when none of them verifies a token. Nobody can make us fetch more than once in FETCH_PAUSE.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/auth/fetch.h"
#include "server/auth/jwt_auth.h"
#include "server/core/core.h"

#define KEYS_MAX 64
#define DOCUMENT_MAX (256 << 10)
#define SECOND 1000000000LL
#define FETCH_PAUSE (5 * SECOND)
#define FRESH (300 * SECOND)
#define STALE (3600 * SECOND) /* an issuer that cannot be asked is believed no longer than this */

struct keyset {
	pthread_mutex_t lock; /* guards what follows; not held while fetching */
	struct pool pool;     /* kid, alg and source live in it */
	const char *source;   /* what the keys were made of; NULL: there are none */
	int64_t fetched, tried;
	size_t count;
	struct jwt_key keys[KEYS_MAX];
};

struct keyset *keyset_make(void)
{
	struct keyset *k = calloc(1, sizeof(*k));

	if (k)
		pthread_mutex_init(&k->lock, NULL);
	return k;
}

static void keys_drop(struct keyset *k)
{
	for (size_t i = 0; i < k->count; i++)
		jwt_key_free(&k->keys[i]);
	k->count = 0;
	k->source = NULL;
	pool_close(&k->pool);
}

void keyset_free(struct keyset *k)
{
	if (!k)
		return;
	keys_drop(k);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static bool is_remote(const struct jwt_config *c)
{
	return *c->jwks_url || *c->oidc_discovery_url;
}

static const struct json *document_fetch(struct request *r, const char *url, const char *ca, const char **why)
{
	struct text_error error;
	const struct json *root;
	struct blob body;

	*why = fetch(&r->pool, &(struct fetch){ .url = url, .ca_pem = ca, .size_max = DOCUMENT_MAX }, &body);
	if (*why)
		return NULL;
	root = pool_read_json(&r->pool, (const char *)body.at, body.size, &error);
	if (root && root->kind == JSON_OBJECT)
		return root;
	*why = pool_printf(&r->pool, "%s: expected a JSON object", url);
	return NULL;
}

/* OpenID Connect Discovery 4: the document must say the issuer that it was asked for. */
const struct json *discovery_fetch(struct request *r, const struct jwt_config *c, const char **why)
{
	size_t size = strlen(c->oidc_discovery_url);
	const struct json *document;
	const char *issuer, *base;

	while (size && c->oidc_discovery_url[size - 1] == '/')
		size--;
	base = pool_copy(&r->pool, c->oidc_discovery_url, size);
	document = document_fetch(r, pool_printf(&r->pool, "%s/.well-known/openid-configuration", base),
				  c->oidc_discovery_ca_pem, why);
	if (!document)
		return NULL;
	issuer = pool_json_member(&r->pool, document, "issuer");
	if (issuer && (!strcmp(issuer, c->oidc_discovery_url) || !strcmp(issuer, base)))
		return document;
	*why = pool_printf(&r->pool, "oidc: issuer did not match the issuer returned by provider, expected \"%s\" got "
			   "\"%s\"", c->oidc_discovery_url, issuer ? issuer : "");
	return NULL;
}

static const struct json *jwks_fetch(struct request *r, const struct jwt_config *c, const char **why)
{
	const struct json *document;
	const char *url;

	if (*c->jwks_url)
		return document_fetch(r, c->jwks_url, c->jwks_ca_pem, why);
	document = discovery_fetch(r, c, why);
	if (!document)
		return NULL;
	url = pool_json_member(&r->pool, document, "jwks_uri");
	if (url)
		return document_fetch(r, url, c->oidc_discovery_ca_pem, why);
	*why = "the issuer names no \"jwks_uri\"";
	return NULL;
}

static const char *keys_of_jwks(struct request *r, const struct json *jwks, struct jwt_key *keys, size_t *count)
{
	const struct json *array = json_member_of(jwks, "keys", JSON_ARRAY);
	const char *why;

	if (!array)
		return "expected an object with \"keys\"";
	for (const struct json *jwk = array->first; jwk && *count < KEYS_MAX; jwk = jwk->next) {
		why = jwk->kind == JSON_OBJECT ? jwt_key_of_jwk(&r->pool, jwk, keys + *count)
					       : "a key that is no object";
		if (!why)
			(*count)++;
		else if (*why)
			return why;
	}
	return NULL;
}

static const char *keys_of_pems(const struct names *pems, struct jwt_key *keys, size_t *count)
{
	for (size_t i = 0; i < pems->count && *count < KEYS_MAX; i++) {
		const char *why = jwt_key_of_pem(pems->at[i], keys + *count);

		if (why)
			return why;
		(*count)++;
	}
	return NULL;
}

static const char *keys_get(struct request *r, const struct jwt_config *c, struct jwt_key *keys, size_t *count)
{
	const struct json *jwks;
	const char *why = NULL;

	*count = 0;
	if (!is_remote(c))
		return keys_of_pems(&c->jwt_validation_pubkeys, keys, count);
	jwks = jwks_fetch(r, c, &why);
	return jwks ? keys_of_jwks(r, jwks, keys, count) : why;
}

const char *keyset_check(struct request *r, const struct jwt_config *c)
{
	struct jwt_key *keys = pool_take(&r->pool, KEYS_MAX * sizeof(*keys));
	size_t count;
	const char *why = keys_get(r, c, keys, &count);

	for (size_t i = 0; i < count; i++)
		jwt_key_free(keys + i);
	return why;
}

/* What keys were made of: another configuration has others. */
static const char *source_of(struct request *r, const struct jwt_config *c)
{
	const char *text = pool_printf(&r->pool, "%s\n%s\n%s\n%s", c->jwks_url, c->jwks_ca_pem, c->oidc_discovery_url,
				       c->oidc_discovery_ca_pem);

	for (size_t i = 0; i < c->jwt_validation_pubkeys.count; i++)
		text = pool_printf(&r->pool, "%s\n%s", text, c->jwt_validation_pubkeys.at[i]);
	return text;
}

/* `again`: the keys that are there were not the right ones. */
static bool is_due(const struct keyset *k, const struct jwt_config *c, const char *source, int64_t now, bool again)
{
	bool ours = k->source && !strcmp(k->source, source);

	if (!is_remote(c))
		return !ours;
	if (ours && !again && now < k->fetched + FRESH)
		return false;
	return !ours || now >= k->tried + FETCH_PAUSE;
}

static void keys_take(struct keyset *k, const char *source, int64_t now, const struct jwt_key *keys, size_t count)
{
	keys_drop(k);
	k->source = pool_text(&k->pool, source);
	k->fetched = now;
	k->count = count;
	for (size_t i = 0; i < count; i++) {
		k->keys[i] = keys[i];
		k->keys[i].kid = keys[i].kid ? pool_text(&k->pool, keys[i].kid) : NULL;
		k->keys[i].alg = keys[i].alg ? pool_text(&k->pool, keys[i].alg) : NULL;
	}
}

static const char *refresh(struct request *r, struct keyset *k, const struct jwt_config *c, const char *source,
			   bool again)
{
	struct jwt_key *keys;
	const char *why;
	size_t count;
	bool due;

	pthread_mutex_lock(&k->lock);
	due = is_due(k, c, source, r->now, again);
	if (due)
		k->tried = r->now; /* who comes meanwhile makes do with what is there */
	pthread_mutex_unlock(&k->lock);
	if (!due)
		return NULL;
	keys = pool_take(&r->pool, KEYS_MAX * sizeof(*keys));
	why = keys_get(r, c, keys, &count);
	if (why) {
		for (size_t i = 0; i < count; i++)
			jwt_key_free(keys + i);
		return why;
	}
	pthread_mutex_lock(&k->lock);
	keys_take(k, source, r->now, keys, count);
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* Keys that may be the right ones, each with a reference of its own. */
static size_t candidates(struct request *r, struct keyset *k, const char *source, bool remote, const struct jwt *t,
			 struct jwt_key *keys)
{
	size_t count = 0;

	pthread_mutex_lock(&k->lock);
	if (k->source && !strcmp(k->source, source) && (!remote || r->now < k->fetched + STALE))
		for (size_t i = 0; i < k->count; i++) {
			const struct jwt_key *key = k->keys + i;

			if (t->kid && key->kid && strcmp(t->kid, key->kid))
				continue;
			EVP_PKEY_up_ref(key->pkey);
			keys[count++] = (struct jwt_key){ .pkey = key->pkey,
							  .alg = key->alg ? pool_text(&r->pool, key->alg) : NULL };
		}
	pthread_mutex_unlock(&k->lock);
	return count;
}

static bool verified(struct request *r, struct keyset *k, const char *source, bool remote, const struct jwt *t)
{
	struct jwt_key *keys = pool_take(&r->pool, KEYS_MAX * sizeof(*keys));
	size_t count = candidates(r, k, source, remote, t, keys);
	bool good = false;

	for (size_t i = 0; i < count; i++) {
		good = good || jwt_verify(t, keys + i);
		jwt_key_free(keys + i);
	}
	return good;
}

const char *keyset_verify(struct request *r, struct keyset *k, const struct jwt_config *c, const struct jwt *t)
{
	const char *source = source_of(r, c), *why = refresh(r, k, c, source, false);
	bool remote = is_remote(c);

	if (verified(r, k, source, remote, t))
		return NULL;
	if (why)
		return why;
	why = remote ? refresh(r, k, c, source, true) : NULL;
	if (why)
		return why;
	if (remote && verified(r, k, source, remote, t))
		return NULL;
	return remote ? "error verifying token signature: failed to verify id token signature"
		      : "error verifying token signature: no known key successfully validated the token signature";
}
