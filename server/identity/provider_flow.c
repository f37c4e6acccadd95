/*
 * The code flow of the OpenID provider (OpenID Connect Core 3.1, RFC 6749 4.1, RFC 7636). A code lives 5 minutes in
 * memory and is good once. An access token is a JWT of our own that only our userinfo endpoint takes: its audience is
 * that endpoint, so that neither passes for the other.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "crypto/sha256.h"
#include "server/auth/oidc_state.h"
#include "server/core/core.h"
#include "server/identity/cache.h"
#include "server/identity/provider.h"
#include "server/identity/store.h"
#include "server/token/token.h"

#define CODE_LIFE 300

/* -- authorize -- */

static const char *challenge_wrong(struct request *r, const struct client *c)
{
	const char *challenge = ask_text_or(r, "code_challenge", "");
	const char *method = ask_text_or(r, "code_challenge_method", "plain");

	if (!*challenge)
		return client_public(c) ? "PKCE is required for public clients" : NULL;
	if (strcmp(method, "plain") && strcmp(method, "S256"))
		return "invalid code_challenge_method";
	return strlen(challenge) < 43 || strlen(challenge) > 128 ? "invalid code_challenge" : NULL;
}

/* 0: the client may ask. */
static int client_ask(struct request *r, struct client *c, struct provider *p)
{
	const char *id = ask_text_or(r, "client_id", ""), *uri = ask_text_or(r, "redirect_uri", "");

	if (!*id)
		return provider_error(r, 400, "invalid_client_id", "client_id parameter is required");
	if (!client_by_id(r, id, c))
		return provider_error(r, 400, "invalid_client_id", "client with client_id not found");
	if (!*uri)
		return provider_error(r, 400, "invalid_request", "redirect_uri parameter is required");
	if (!names_have(&c->redirect_uris, uri))
		return provider_error(r, 400, "invalid_redirect_uri", "redirect_uri is not allowed for the client");
	if (!provider_load(r, ask_text_or(r, "name", ""), p))
		return provider_error(r, 400, "invalid_request", "provider not found");
	if (!provider_allows(p, c->client_id))
		return provider_error(r, 400, "unauthorized_client", "client is not authorized to use the provider");
	return 0;
}

static int wish_check(struct request *r, const struct client *c)
{
	const char *type = ask_text_or(r, "response_type", ""), *why = challenge_wrong(r, c);
	int64_t age = ask_int(r, "max_age", 0);

	if (asked(r, "request"))
		return provider_error(r, 400, "request_not_supported", "request parameter is not supported");
	if (asked(r, "request_uri"))
		return provider_error(r, 400, "request_uri_not_supported", "request_uri parameter is not supported");
	if (!scope_has(ask_text_or(r, "scope", ""), "openid"))
		return provider_error(r, 400, "invalid_request", "scope parameter must contain the \"openid\" value");
	if (!*type)
		return provider_error(r, 400, "invalid_request", "response_type parameter is required");
	if (strcmp(type, "code"))
		return provider_error(r, 400, "unsupported_response_type", "unsupported response_type value");
	if (why)
		return provider_error(r, 400, "invalid_request", why);
	if (asked(r, "max_age") && age < 1)
		return provider_error(r, 400, "invalid_request", "max_age must be greater than zero");
	if (age && request_seconds(r) > r->token->created + age)
		return provider_error(r, 400, "max_age_violation", "active re-authentication is required by max_age");
	return 0;
}

/* What the code stands for, as text: it rests among the logins under way. */
static const char *grant_text(struct request *r, const struct client *c, const struct provider *p,
			      const struct entity *e)
{
	static const char *const kept[] = { "scope", "nonce", "code_challenge", "code_challenge_method" };
	struct json_writer w;
	struct blob text;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "client_id", c->client_id);
	json_put_string(&w, "provider", p->name);
	json_put_string(&w, "entity", e->id);
	json_put_i64(&w, "at", request_seconds(r));
	if (asked(r, "max_age"))
		json_put_i64(&w, "auth_time", r->token->created);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		json_put_string(&w, kept[i], ask_text_or(r, kept[i], ""));
	json_close(&w);
	text = pool_json_end(&w);
	return pool_copy(&r->pool, (const char *)text.at, text.size);
}

int provider_authorize(struct request *r)
{
	const struct oidc_state *given;
	const struct entity *e;
	struct json_writer w;
	struct provider p;
	struct client c;
	int status = client_ask(r, &c, &p);

	if (!status)
		status = wish_check(r, &c);
	if (status)
		return status;
	e = r->token->entity_id ? entity_find(r, r->token->entity_id) : NULL;
	if (!e)
		return provider_error(r, 400, "access_denied", "identity entity must be associated with the request");
	if (!client_assigned(r, &c, e))
		return provider_error(r, 400, "access_denied", "identity entity not authorized by client assignment");
	given = oidc_state_add(identity_codes(r), &r->pool, r->now, ask_text_or(r, "redirect_uri", ""),
			       grant_text(r, &c, &p, e), "");
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "code", given->state);
	json_put_string(&w, "state", ask_text_or(r, "state", ""));
	return provider_reply(r, 200, &w);
}

/* -- token -- */

/* RFC 6749 2.3.1: in the header, or in the form. False: not a client that we know. */
static bool client_authenticated(struct request *r, struct client *c)
{
	const char *id = ask_text_or(r, "client_id", ""), *secret = ask_text_or(r, "client_secret", ""), *colon;
	struct blob basic;

	if (r->authorization && !strncmp(r->authorization, "Basic ", 6)) {
		if (!pool_base64_read(&r->pool, r->authorization + 6, &basic) || memchr(basic.at, 0, basic.size))
			return false;
		id = pool_copy(&r->pool, (const char *)basic.at, basic.size);
		colon = strchr(id, ':');
		if (!colon)
			return false;
		secret = colon + 1;
		id = pool_copy(&r->pool, id, (size_t)(colon - id));
	}
	if (!client_by_id(r, id, c))
		return false;
	return client_public(c) || (strlen(secret) == strlen(c->client_secret) &&
				    !CRYPTO_memcmp(secret, c->client_secret, strlen(secret)));
}

/* RFC 7636 4.6; NULL where the verifier is that of the challenge. */
static const char *verifier_wrong(struct request *r, const struct json *grant, const struct client *c)
{
	const char *challenge = pool_json_member(&r->pool, grant, "code_challenge");
	const char *method = pool_json_member(&r->pool, grant, "code_challenge_method");
	const char *verifier = ask_text_or(r, "code_verifier", "");
	uint8_t digest[SHA256_SIZE];

	if (!*challenge)
		return *verifier ? "unexpected code_verifier for token exchange"
				 : client_public(c) ? "PKCE is required for public clients" : NULL;
	if (!*verifier)
		return "expected code_verifier for token exchange";
	if (!strcmp(method, "S256")) {
		sha256(verifier, strlen(verifier), digest);
		verifier = base64url(&r->pool, digest, sizeof(digest));
	}
	return strlen(verifier) == strlen(challenge) && !CRYPTO_memcmp(verifier, challenge, strlen(verifier))
		       ? NULL : "invalid code_verifier for token exchange";
}

/* The left half of a hash, of the size that the algorithm's name says (Core 3.1.3.6); none for EdDSA, as in Vault. */
static const char *half_hash(struct request *r, const char *algorithm, const char *text)
{
	static const char *const digests[] = { "SHA256", "SHA384", "SHA512" };
	uint8_t digest[64];
	size_t size = 0;

	for (size_t i = 0; i < 3; i++)
		if (strstr(algorithm, digests[i] + 3) &&
		    EVP_Q_digest(NULL, digests[i], NULL, text, strlen(text), digest, &size) != 1)
			return NULL;
	return size ? base64url(&r->pool, digest, size / 2) : NULL;
}

static void claims_begin(struct request *r, struct json_writer *w, const char *issuer, const char *aud,
			 const struct entity *e, uint64_t ttl)
{
	pool_json(&r->pool, w);
	json_object(w, NULL);
	json_put_string(w, "aud", aud);
	json_put_i64(w, "exp", request_seconds(r) + (int64_t)ttl);
	json_put_i64(w, "iat", request_seconds(r));
	json_put_string(w, "iss", issuer);
	json_put_string(w, "namespace", "root");
	json_put_string(w, "sub", e->id);
}

static const char *access_token(struct request *r, const struct client *c, const struct signing_key *key,
				const char *issuer, const char *scope, const struct entity *e)
{
	struct json_writer w;

	claims_begin(r, &w, issuer, pool_printf(&r->pool, "%s/userinfo", issuer), e, c->access_token_ttl);
	json_put_string(&w, "client_id", c->client_id);
	json_put_string(&w, "scope", scope);
	json_put_string(&w, "jti", pool_uuid(&r->pool));
	json_close(&w);
	return signing_key_sign(r, key, pool_json_end(&w));
}

static int tokens_reply(struct request *r, const struct client *c, const struct provider *p, const struct json *grant,
			const struct entity *e)
{
	const char *issuer = provider_issuer(r, p), *scope = pool_json_member(&r->pool, grant, "scope");
	const char *nonce = pool_json_member(&r->pool, grant, "nonce"), *access, *id = NULL, *why, *hash;
	struct names taken = { NULL, 0 };
	struct signing_key key;
	struct json_writer w;
	int64_t seen;

	if (!signing_key_load(r, c->key, &key) || !signing_key_allows(&key, c->client_id))
		return provider_error(r, 401, "invalid_client", "client is not authorized to use the key");
	access = access_token(r, c, &key, issuer, scope, e);
	claims_begin(r, &w, issuer, c->client_id, e, c->id_token_ttl);
	if (*nonce)
		json_put_string(&w, "nonce", nonce);
	if (json_i64(json_member_of(grant, "auth_time", JSON_NUMBER), &seen))
		json_put_i64(&w, "auth_time", seen);
	hash = access ? half_hash(r, key.algorithm, access) : NULL;
	if (hash)
		json_put_string(&w, "at_hash", hash);
	hash = half_hash(r, key.algorithm, ask_text_or(r, "code", ""));
	if (hash)
		json_put_string(&w, "c_hash", hash);
	why = scopes_claims(r, p, scope, e, &w, &taken);
	if (why)
		return provider_error(r, 400, "invalid_request", why);
	json_close(&w);
	id = signing_key_sign(r, &key, pool_json_end(&w));
	if (!access || !id)
		return provider_error(r, 500, "server_error", "error signing OIDC token");
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "access_token", access);
	json_put_u64(&w, "expires_in", c->access_token_ttl);
	json_put_string(&w, "id_token", id);
	json_put_string(&w, "token_type", "Bearer");
	return provider_reply(r, 200, &w);
}

/* The grant behind a code that this client got from this provider, taken out. */
static const struct json *grant_take(struct request *r, const struct client *c, const struct provider *p,
				     const char **why)
{
	struct oidc_state *s = oidc_state_take(identity_codes(r), &r->pool, r->now, ask_text_or(r, "code", ""));
	struct text_error error;
	const struct json *grant = s ? pool_read_json(&r->pool, s->role, strlen(s->role), &error) : NULL;
	const char *redirect = ask_text_or(r, "redirect_uri", "");
	int64_t at;

	*why = "authorization grant is invalid or expired";
	if (!grant || !json_i64(json_member(grant, "at"), &at) || request_seconds(r) > at + CODE_LIFE)
		return NULL;
	*why = "authorization code was not issued to the client";
	if (strcmp(pool_json_member(&r->pool, grant, "client_id"), c->client_id))
		return NULL;
	*why = "authorization code was not issued by the provider";
	if (strcmp(pool_json_member(&r->pool, grant, "provider"), p->name))
		return NULL;
	*why = "redirect_uri does not match the redirect_uri used in the authorization request";
	if (strcmp(redirect, s->redirect_uri))
		return NULL;
	*why = verifier_wrong(r, grant, c);
	return *why ? NULL : grant;
}

int provider_token(struct request *r)
{
	const struct json *grant;
	const struct entity *e;
	struct provider p;
	struct client c;
	const char *why;

	if (!provider_load(r, ask_text_or(r, "name", ""), &p))
		return provider_error(r, 400, "invalid_request", "provider not found");
	if (!client_authenticated(r, &c))
		return provider_error(r, 401, "invalid_client", "client failed to authenticate");
	if (!provider_allows(&p, c.client_id))
		return provider_error(r, 401, "invalid_client", "client is not authorized to use the provider");
	if (strcmp(ask_text_or(r, "grant_type", ""), "authorization_code"))
		return provider_error(r, 400, "unsupported_grant_type",
				      "unsupported grant_type or parameter is empty value");
	if (!*ask_text_or(r, "code", ""))
		return provider_error(r, 400, "invalid_request", "code parameter is required");
	if (!*ask_text_or(r, "redirect_uri", ""))
		return provider_error(r, 400, "invalid_request", "redirect_uri parameter is required");
	grant = grant_take(r, &c, &p, &why);
	if (!grant)
		return provider_error(r, 400, "invalid_grant", why);
	e = entity_find(r, pool_json_member(&r->pool, grant, "entity"));
	if (!e || e->disabled || !client_assigned(r, &c, e))
		return provider_error(r, 400, "invalid_request", "identity entity not authorized by client assignment");
	return tokens_reply(r, &c, &p, grant, e);
}
