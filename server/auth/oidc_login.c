/*
 * OpenID Connect's authorization code flow: auth_url sends the person to the issuer's page, the issuer sends them back
 * with a code, which the callback exchanges for an ID token. State, nonce and PKCE bind the two ends to one login.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "crypto/sha256.h"
#include "server/auth/fetch.h"
#include "server/auth/jwt_auth.h"
#include "server/auth/oidc_state.h"
#include "server/core/core.h"

#define FAILED "Vault login failed. "
#define ANSWER_MAX (256 << 10)

static const char *port_of(const char *host, const char *end)
{
	const char *colon = memrchr(host, ':', (size_t)(end - host));

	return colon && !memchr(colon, ']', (size_t)(end - colon)) ? colon : end;
}

static bool is_loopback(const char *host, size_t size)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (size == strlen(names[i]) && !memcmp(host, names[i], size))
			return true;
	return false;
}

/* RFC 8252 7.3: on loopback the port is the client's to choose; all else is compared as it stands. */
static bool redirect_same(const char *uri, const char *allowed)
{
	const char *host = strstr(uri, "://"), *other = strstr(allowed, "://"), *end, *other_end;

	if (!strcmp(uri, allowed))
		return true;
	if (!host || !other || host - uri != other - allowed || memcmp(uri, allowed, (size_t)(host - uri)))
		return false;
	host += 3;
	other += 3;
	end = host + strcspn(host, "/?#");
	other_end = other + strcspn(other, "/?#");
	return strcmp(end, other_end) == 0 && is_loopback(host, (size_t)(port_of(host, end) - host)) &&
	       port_of(host, end) - host == port_of(other, other_end) - other &&
	       !memcmp(host, other, (size_t)(port_of(host, end) - host));
}

static bool redirect_allowed(const struct jwt_role *role, const char *uri)
{
	for (size_t i = 0; i < role->allowed_redirect_uris.count; i++)
		if (redirect_same(uri, role->allowed_redirect_uris.at[i]))
			return true;
	return false;
}

static const char *scopes_text(struct request *r, const struct jwt_role *role)
{
	const char *text = "openid";

	for (size_t i = 0; i < role->oidc_scopes.count; i++)
		if (strcmp(role->oidc_scopes.at[i], "openid"))
			text = pool_printf(&r->pool, "%s %s", text, role->oidc_scopes.at[i]);
	return url_encoded(&r->pool, text);
}

static const char *url_of(struct request *r, const struct jwt_config *c, const struct jwt_role *role,
			  const struct oidc_state *s, const char *endpoint)
{
	uint8_t digest[SHA256_SIZE];
	const char *url;

	sha256(s->verifier, strlen(s->verifier), digest);
	url = pool_printf(&r->pool,
			  "%s%cclient_id=%s&code_challenge=%s&code_challenge_method=S256&nonce=%s&redirect_uri=%s"
			  "&response_type=code&scope=%s&state=%s", endpoint, strchr(endpoint, '?') ? '&' : '?',
			  url_encoded(&r->pool, c->oidc_client_id),
			  base64url(&r->pool, digest, sizeof(digest)), s->nonce,
			  url_encoded(&r->pool, s->redirect_uri), scopes_text(r, role), s->state);
	return role->max_age ? pool_printf(&r->pool, "%s&max_age=%lu", url, role->max_age) : url;
}

/* As in Vault an address that is not allowed, or an issuer that cannot be asked, is an empty auth_url. */
int oidc_auth_url(struct request *r)
{
	const char *name = ask_text_or(r, "role", ""), *redirect = ask_text_or(r, "redirect_uri", ""), *why;
	const struct json *document = NULL;
	const char *endpoint, *url = "";
	struct jwt_config c;
	struct jwt_role role;
	struct oidc_state *s;

	if (!jwt_config_load(r, &c))
		return refuse(r, 400, "could not load configuration");
	if (!*c.oidc_client_id)
		return refuse(r, 400, "OIDC login is not configured for this mount");
	if (!*name)
		name = c.default_role;
	if (!*name)
		return refuse(r, 400, "missing role");
	if (!*redirect)
		return refuse(r, 400, "missing redirect_uri");
	if (!jwt_role_load(r, r->mount, name, &role))
		return refuse(r, 400, "role \"%s\" could not be found", name);
	if (!strcmp(role.role_type, "oidc") && redirect_allowed(&role, redirect))
		document = discovery_fetch(r, &c, &why);
	if (document) {
		endpoint = pool_json_member(&r->pool, document, "authorization_endpoint");
		s = oidc_state_add(jwt_states(r->mount), &r->pool, r->now, redirect, role.name,
				   ask_text_or(r, "client_nonce", ""));
		url = url_of(r, &c, &role, s, endpoint ? endpoint : ""); /* an issuer of tokens alone has none */
	}
	json_put_string(reply_data(r), "auth_url", url);
	return 200;
}

/* The code for tokens (RFC 6749 4.1.3). The client's secret goes in the header, each part encoded (2.3.1). */
static const struct json *exchange(struct request *r, const struct jwt_config *c, const struct oidc_state *s,
				   const char *endpoint, const char **why)
{
	const char *secret = pool_printf(&r->pool, "%s:%s", url_encoded(&r->pool, c->oidc_client_id),
					 url_encoded(&r->pool, c->oidc_client_secret));
	struct fetch f = {
		.url = endpoint, .ca_pem = c->oidc_discovery_ca_pem, .size_max = ANSWER_MAX,
		.authorization = pool_printf(&r->pool, "Basic %s", pool_base64(&r->pool, secret, strlen(secret))),
		.form = pool_printf(&r->pool, "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s",
				    url_encoded(&r->pool, ask_text_or(r, "code", "")),
				    url_encoded(&r->pool, s->redirect_uri), s->verifier),
	};
	struct text_error error;
	const struct json *answer;
	struct blob body;

	*why = fetch(&r->pool, &f, &body);
	if (*why)
		return NULL;
	answer = pool_read_json(&r->pool, (const char *)body.at, body.size, &error);
	if (!answer || answer->kind != JSON_OBJECT)
		*why = "expected a JSON object";
	return answer;
}

/* OpenID Connect Core 3.1.3.7. */
static const char *id_token_check(struct request *r, const struct jwt_config *c, const struct jwt_role *role,
				  const struct oidc_state *s, const struct jwt *t)
{
	const char *nonce = pool_json_member(&r->pool, t->claims, "nonce");
	const char *azp = pool_json_member(&r->pool, t->claims, "azp");
	const struct json *aud = json_member_of(t->claims, "aud", JSON_ARRAY);
	struct names audiences = role->bound_audiences;
	const char *why;
	int64_t seen;

	if (!audiences.count)
		names_add(&r->pool, &audiences, c->oidc_client_id);
	why = keyset_verify(r, jwt_keyset(r->mount), c, t);
	if (!why)
		why = claims_check(r, c, role, t->claims, &audiences);
	if (why)
		return why;
	if (!nonce || strcmp(nonce, s->nonce))
		return "invalid ID token nonce.";
	if (aud && aud->count > 1 && (!azp || strcmp(azp, c->oidc_client_id)))
		return "invalid authorized party (azp) claim";
	if (role->max_age && (!json_i64(json_member_of(t->claims, "auth_time", JSON_NUMBER), &seen) ||
			      request_seconds(r) > seen + (int64_t)role->max_age + 60))
		return "invalid auth_time claim: the person was not seen within max_age";
	return NULL;
}

/* Claims of the ID token, with what the userinfo endpoint says on top. It must speak of the same subject. */
static const struct json *claims_whole(struct request *r, const struct json *claims, const struct json *info)
{
	const char *sub = pool_json_member(&r->pool, claims, "sub"), *other = pool_json_member(&r->pool, info, "sub");
	struct text_error error;
	struct json_writer w;
	struct blob text;

	if (!info || !sub || !other || strcmp(sub, other))
		return claims;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (int turn = 0; turn < 2; turn++)
		for (const struct json *m = turn ? info->first : claims->first; m; m = m->next) {
			char *name = pool_take(&r->pool, m->name.size + 1);

			if (json_decode(m->name, name, m->name.size + 1) >= 0 && (turn || !json_member(info, name)))
				json_put_raw(&w, name, m->span.at, m->span.size);
		}
	json_close(&w);
	text = pool_json_end(&w);
	return pool_read_json(&r->pool, (const char *)text.at, text.size, &error);
}

static const struct json *userinfo(struct request *r, const struct jwt_config *c, const struct json *document,
				   const struct json *tokens)
{
	const char *url = pool_json_member(&r->pool, document, "userinfo_endpoint");
	const char *access = pool_json_member(&r->pool, tokens, "access_token");
	struct text_error error;
	const struct json *info;
	struct blob body;

	if (!url || !access || strpbrk(access, "\r\n"))
		return NULL;
	if (fetch(&r->pool, &(struct fetch){ .url = url, .ca_pem = c->oidc_discovery_ca_pem, .size_max = ANSWER_MAX,
					     .authorization = pool_printf(&r->pool, "Bearer %s", access) }, &body))
		return NULL;
	info = pool_read_json(&r->pool, (const char *)body.at, body.size, &error);
	return info && info->kind == JSON_OBJECT ? info : NULL;
}

static int finish(struct request *r, const struct jwt_config *c, const struct jwt_role *role,
		  const struct oidc_state *s)
{
	const struct json *document, *tokens = NULL;
	const char *why = NULL, *endpoint, *text;
	struct jwt t;

	document = discovery_fetch(r, c, &why);
	endpoint = pool_json_member(&r->pool, document, "token_endpoint");
	if (endpoint)
		tokens = exchange(r, c, s, endpoint, &why);
	if (!tokens)
		return refuse(r, 400, FAILED "Error exchanging oidc code: \"%s\".",
			      why ? why : "the issuer names no \"token_endpoint\"");
	text = pool_json_member(&r->pool, tokens, "id_token");
	if (!text)
		return refuse(r, 400, "Token verification failed. No id_token found in response.");
	why = jwt_read(&r->pool, text, &t);
	if (!why && c->jwt_supported_algs.count && !names_have(&c->jwt_supported_algs, t.alg))
		why = "token signed with unexpected algorithm";
	if (!why)
		why = id_token_check(r, c, role, s, &t);
	if (why)
		return refuse(r, 400, "Token verification failed. %s", why);
	return jwt_login_grant(r, role, claims_whole(r, t.claims, userinfo(r, c, document, tokens)));
}

int oidc_callback(struct request *r)
{
	const char *nonce = ask_text_or(r, "client_nonce", "");
	struct jwt_config c;
	struct jwt_role role;
	struct oidc_state *s;

	if (!jwt_config_load(r, &c))
		return refuse(r, 400, FAILED "Could not load configuration");
	s = oidc_state_take(jwt_states(r->mount), &r->pool, r->now, ask_text_or(r, "state", ""));
	if (!s)
		return refuse(r, 400, FAILED "Expired or missing OAuth state.");
	if (!jwt_role_load(r, r->mount, s->role, &role))
		return refuse(r, 400, FAILED "Role could not be found");
	if (*s->client_nonce && (strlen(nonce) != strlen(s->client_nonce) ||
				 CRYPTO_memcmp(nonce, s->client_nonce, strlen(nonce))))
		return refuse(r, 400, "invalid client_nonce");
	if (!token_params_allow(r, &role.token))
		return refuse(r, 403, "permission denied");
	if (!*ask_text_or(r, "code", ""))
		return refuse(r, 400, FAILED "No code or id_token received.");
	return finish(r, &c, &role, s);
}
