/* What verifiers of identity tokens ask: the issuer, its keys, whether a token is still good. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/oidc.h"
#include "server/identity/store.h"

static const char *issuer_said(struct request *r)
{
	const char *said = pool_json_member(&r->pool, entry_read(r, &identity_mount(r->core)->view, "oidc/config"),
					    "issuer");

	return said ? said : "";
}

const char *oidc_address(struct request *r, const char *issuer)
{
	const char *address = *issuer ? issuer : r->core->config->api_addr;

	return address ? address : "";
}

const char *oidc_issuer(struct request *r)
{
	return pool_printf(&r->pool, "%s/v1/identity/oidc", oidc_address(r, issuer_said(r)));
}

int oidc_config_read(struct request *r)
{
	json_put_string(reply_data(r), "issuer", issuer_said(r));
	return 200;
}

/* A scheme and a host, perhaps with a port, and nothing else. */
bool oidc_address_right(const char *text)
{
	const char *host = !strncmp(text, "https://", 8) ? text + 8 : !strncmp(text, "http://", 7) ? text + 7 : "";

	return *host && !strpbrk(host, "/?#@ ") && *host != ':';
}

int oidc_config_write(struct request *r)
{
	const char *issuer = ask_text_or(r, "issuer", "");
	struct json_writer *w;

	if (!asked(r, "issuer"))
		return 204;
	if (*issuer && !oidc_address_right(issuer))
		return refuse(r, 400, "invalid issuer, which must include only a scheme, host, and optional port (e.g. "
			      "https://example.com:8200)");
	oidc_lock(r);
	w = entry_write(r);
	json_put_string(w, "issuer", issuer);
	entry_written(r, &r->mount->view, "oidc/config", w);
	if (!*issuer)
		return 204;
	reply_warning(r, "If \"issuer\" is set explicitly, all tokens must be validated against that address, "
		      "including those issued by "
		      "secondary clusters. Setting issuer to \"\" will restore the default behavior "
		      "of using the cluster's api_addr as the issuer.");
	return 200;
}

static int reply_json(struct request *r, struct json_writer *w)
{
	struct blob text;

	json_close(w);
	text = pool_json_end(w);
	return reply_raw(r, 200, "application/json", text.at, text.size);
}

int oidc_discovery(struct request *r)
{
	static const char *const algs[] = { "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA" };
	const char *issuer = oidc_issuer(r);
	struct json_writer w;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "issuer", issuer);
	json_put_string(&w, "jwks_uri", pool_printf(&r->pool, "%s/.well-known/keys", issuer));
	json_array(&w, "response_types_supported");
	json_put_string(&w, NULL, "id_token");
	json_close(&w);
	json_array(&w, "subject_types_supported");
	json_put_string(&w, NULL, "public");
	json_close(&w);
	json_array(&w, "id_token_signing_alg_values_supported");
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		json_put_string(&w, NULL, algs[i]);
	json_close(&w);
	return reply_json(r, &w);
}

int oidc_public_keys(struct request *r)
{
	struct blob text = signing_keys_public(r, NULL);

	return reply_raw(r, 200, "application/json", text.at, text.size);
}

static const char *introspect(struct request *r)
{
	const char *client = ask_text_or(r, "client_id", ""), *why, *sub, *iss, *aud;
	const struct json *exp;
	const struct entity *e;
	struct jwt t;
	int64_t end;

	why = signing_keys_verify(r, ask_text_or(r, "token", ""), &t);
	if (why)
		return why;
	sub = pool_json_member(&r->pool, t.claims, "sub");
	iss = pool_json_member(&r->pool, t.claims, "iss");
	aud = pool_json_member(&r->pool, t.claims, "aud");
	exp = json_member_of(t.claims, "exp", JSON_NUMBER);
	if (!iss || strcmp(iss, oidc_issuer(r)))
		return "error validating claims: validation failed, invalid issuer claim (iss)";
	if (*client && (!aud || strcmp(aud, client)))
		return "error validating claims: validation failed, invalid audience claim (aud)";
	if (!exp || !json_i64(exp, &end) || request_seconds(r) > end)
		return "error validating claims: validation failed, token is expired (exp)";
	e = sub ? entity_find(r, sub) : NULL;
	if (!e)
		return "entity was not found";
	return e->disabled ? "entity is disabled" : NULL;
}

int oidc_introspect(struct request *r)
{
	const char *why = introspect(r);
	struct json_writer w;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_bool(&w, "active", !why);
	if (why)
		json_put_string(&w, "error", why);
	return reply_json(r, &w);
}

#define END { NULL, FIELD_ANY, NULL }
static const struct field config_fields[] = {
	{ "issuer", FIELD_STRING, "Scheme and host of the issuer's address; \"\": the server's own." }, END,
};
static const struct field key_fields[] = {
	{ "rotation_period", FIELD_SECONDS, "How often the signing key changes; a day." },
	{ "verification_ttl", FIELD_SECONDS, "How long its signatures can be verified afterwards; a day." },
	{ "algorithm", FIELD_STRING, "RS256, RS384, RS512, ES256, ES384, ES512 or EdDSA." },
	{ "allowed_client_ids", FIELD_LIST, "Who may be meant by tokens that it signs; \"*\": anybody." }, END,
};
static const struct field rotate_fields[] = {
	{ "verification_ttl", FIELD_SECONDS, "How long signatures until now can be verified." }, END,
};
static const struct field role_fields[] = {
	{ "key", FIELD_STRING, "The named key that signs." },
	{ "template", FIELD_STRING, "Claims as JSON with directives, plain or in base64." },
	{ "client_id", FIELD_STRING, "Who is meant by the tokens; random unless said." },
	{ "ttl", FIELD_SECONDS, "How long a token is good; a day." }, END,
};
static const struct field introspect_fields[] = {
	{ "token", FIELD_STRING, "The token." }, { "client_id", FIELD_STRING, "Who must be meant." }, END,
};

static const struct route routes[] = {
	{ .pattern = "oidc/config", .read = oidc_config_read, .update = oidc_config_write, .fields = config_fields,
	  .text = "Configure identity tokens." },
	{ .pattern = "oidc/key", .list = oidc_key_list, .text = "List the keys." },
	{ .pattern = "oidc/key/{name}", .read = oidc_key_read, .update = oidc_key_write, .delete = oidc_key_delete,
	  .fields = key_fields, .text = "A named key." },
	{ .pattern = "oidc/key/{name}/rotate", .update = oidc_key_rotate, .fields = rotate_fields,
	  .text = "Let the next key sign." },
	{ .pattern = "oidc/role", .list = oidc_role_list, .text = "List the roles." },
	{ .pattern = "oidc/role/{name}", .read = oidc_role_read, .update = oidc_role_write, .delete = oidc_role_delete,
	  .fields = role_fields, .text = "What tokens say, and to whom." },
	{ .pattern = "oidc/token/{name}", .read = oidc_token, .text = "A token of the entity that asks." },
	{ .pattern = "oidc/introspect", .update = oidc_introspect, .fields = introspect_fields,
	  .text = "Whether a token is good, and its entity too." },
	{ .pattern = "oidc/.well-known/openid-configuration", .flags = ROUTE_OPEN, .read = oidc_discovery,
	  .text = "The issuer's description." },
	{ .pattern = "oidc/.well-known/keys", .flags = ROUTE_OPEN, .read = oidc_public_keys,
	  .text = "The issuer's public keys." },
};

const struct route_table oidc_tables[] = { ROUTES(routes), { .also = provider_tables }, { NULL } };
