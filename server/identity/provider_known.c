/* What clients of the OpenID provider ask before and after the code flow: its description, its keys, the claims. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/provider.h"
#include "server/identity/store.h"

int provider_reply(struct request *r, int status, struct json_writer *w)
{
	struct blob text;

	json_close(w);
	text = pool_json_end(w);
	return reply_raw(r, status, "application/json", text.at, text.size);
}

int provider_error(struct request *r, int status, const char *error, const char *description)
{
	struct json_writer w;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "error", error);
	json_put_string(&w, "error_description", description);
	if (asked(r, "state"))
		json_put_string(&w, "state", ask_text_or(r, "state", ""));
	return provider_reply(r, status, &w);
}

int provider_userinfo(struct request *r)
{
	const char *text = r->token_text ? r->token_text : "", *aud, *sub, *id;
	struct names taken = { NULL, 0 };
	const struct entity *e;
	struct json_writer w;
	struct provider p;
	struct client c;
	struct jwt t;
	int64_t end;

	if (!provider_load(r, ask_text_or(r, "name", ""), &p))
		return provider_error(r, 400, "invalid_request", "provider not found");
	if (!strchr(text, '.') || !strncmp(text, "hv", 2))
		return refuse(r, 403, "permission denied"); /* a token of another kind, or none */
	if (signing_keys_verify(r, text, &t))
		return provider_error(r, 401, "invalid_token", "access token is malformed or invalid");
	aud = pool_json_member(&r->pool, t.claims, "aud");
	sub = pool_json_member(&r->pool, t.claims, "sub");
	id = pool_json_member(&r->pool, t.claims, "client_id");
	if (!aud || !sub || !id || strcmp(aud, pool_printf(&r->pool, "%s/userinfo", provider_issuer(r, &p))))
		return provider_error(r, 401, "invalid_token", "access token is malformed or invalid");
	if (!json_i64(json_member(t.claims, "exp"), &end) || request_seconds(r) > end)
		return provider_error(r, 401, "invalid_token", "access token is expired");
	e = entity_find(r, sub);
	if (!e || e->disabled)
		return provider_error(r, 403, "access_denied", "identity entity associated with the request not found");
	if (!client_by_id(r, id, &c) || !client_assigned(r, &c, e))
		return provider_error(r, 403, "access_denied", "identity entity not authorized by client assignment");
	if (!provider_allows(&p, id))
		return provider_error(r, 403, "access_denied", "client is not authorized to use the provider");
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "sub", e->id);
	(void)scopes_claims(r, &p, pool_json_member(&r->pool, t.claims, "scope"), e, &w, &taken);
	return provider_reply(r, 200, &w);
}

static void words_put(struct json_writer *w, const char *name, const char *const *words)
{
	json_array(w, name);
	for (; *words; words++)
		json_put_string(w, NULL, *words);
	json_close(w);
}

int provider_discovery(struct request *r)
{
	const char *name = ask_text_or(r, "name", ""), *issuer;
	struct json_writer w;
	struct provider p;

	if (!provider_load(r, name, &p))
		return 404;
	issuer = provider_issuer(r, &p);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "issuer", issuer);
	json_put_string(&w, "jwks_uri", pool_printf(&r->pool, "%s/.well-known/keys", issuer));
	json_put_string(&w, "authorization_endpoint",
			pool_printf(&r->pool, "%s/ui/vault/identity/oidc/provider/%s/authorize",
				    oidc_address(r, p.issuer), name));
	json_put_string(&w, "token_endpoint", pool_printf(&r->pool, "%s/token", issuer));
	json_put_string(&w, "userinfo_endpoint", pool_printf(&r->pool, "%s/userinfo", issuer));
	json_put_bool(&w, "request_parameter_supported", false);
	json_put_bool(&w, "request_uri_parameter_supported", false);
	words_put(&w, "id_token_signing_alg_values_supported",
		  (const char *const[]){ "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA", NULL });
	words_put(&w, "response_types_supported", (const char *const[]){ "code", NULL });
	names_add(&r->pool, &p.scopes_supported, "openid");
	names_put(&w, "scopes_supported", &p.scopes_supported);
	words_put(&w, "claims_supported", (const char *const[]){ NULL });
	words_put(&w, "subject_types_supported", (const char *const[]){ "public", NULL });
	words_put(&w, "grant_types_supported", (const char *const[]){ "authorization_code", NULL });
	words_put(&w, "token_endpoint_auth_methods_supported",
		  (const char *const[]){ "none", "client_secret_basic", "client_secret_post", NULL });
	words_put(&w, "code_challenge_methods_supported", (const char *const[]){ "plain", "S256", NULL });
	return provider_reply(r, 200, &w);
}

/* Of the keys that its clients use. */
int provider_keys(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "oidc/client/"), keys = { NULL, 0 };
	struct provider p;
	struct client c;
	struct blob text;

	if (!provider_load(r, ask_text_or(r, "name", ""), &p))
		return 404;
	for (size_t i = 0; i < names.count; i++)
		if (client_load(r, names.at[i], &c) && provider_allows(&p, c.client_id))
			names_add(&r->pool, &keys, c.key);
	names_sort(&keys);
	text = signing_keys_public(r, &keys);
	return reply_raw(r, 200, "application/json", text.at, text.size);
}
