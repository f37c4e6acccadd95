/* The configuration of a jwt or oidc mount: whose tokens it takes, and where their keys are. */
#include <stdlib.h>
#include <string.h>

#include "server/auth/auth.h"
#include "server/auth/jwt_auth.h"
#include "server/core/core.h"

static const struct record_row rows[] = {
	RECORD(jwt_config, oidc_discovery_url, RECORD_TEXT, 0),
	RECORD(jwt_config, oidc_discovery_ca_pem, RECORD_TEXT, 0),
	RECORD(jwt_config, oidc_client_id, RECORD_TEXT, 0),
	RECORD(jwt_config, oidc_client_secret, RECORD_TEXT, RECORD_KEPT),
	RECORD(jwt_config, oidc_response_mode, RECORD_TEXT, 0),
	RECORD(jwt_config, oidc_response_types, RECORD_LIST, 0),
	RECORD(jwt_config, jwks_url, RECORD_TEXT, 0),
	RECORD(jwt_config, jwks_ca_pem, RECORD_TEXT, 0),
	RECORD(jwt_config, default_role, RECORD_TEXT, 0),
	RECORD(jwt_config, jwt_validation_pubkeys, RECORD_LIST, 0),
	RECORD(jwt_config, jwt_supported_algs, RECORD_LIST, 0),
	RECORD(jwt_config, bound_issuer, RECORD_TEXT, 0),
	RECORD(jwt_config, namespace_in_state, RECORD_BOOL, 0),
	RECORD_END,
};

struct jwt_state {
	struct keyset *keys;
	struct oidc_states *states;
};

struct keyset *jwt_keyset(const struct mount *m)
{
	return ((struct jwt_state *)m->state)->keys;
}

struct oidc_states *jwt_states(const struct mount *m)
{
	return ((struct jwt_state *)m->state)->states;
}

void jwt_auth_close(struct mount *m)
{
	struct jwt_state *s = m->state;

	m->state = NULL;
	if (!s)
		return;
	keyset_free(s->keys);
	oidc_states_free(s->states);
	free(s);
}

int jwt_auth_open(struct request *r, struct mount *m)
{
	struct jwt_state *s = calloc(1, sizeof(*s));

	m->state = s;
	if (s) {
		s->keys = keyset_make();
		s->states = oidc_states_make();
		if (s->keys && s->states)
			return 200;
		jwt_auth_close(m);
	}
	return refuse(r, 500, "no memory for the keys of an issuer");
}

bool jwt_config_load(struct request *r, struct jwt_config *c)
{
	const struct json *stored = entry_read(r, &r->mount->view, "config");

	record_init(rows, c);
	if (stored)
		record_load(&r->pool, rows, stored, c);
	return stored;
}

int jwt_config_read(struct request *r)
{
	struct jwt_config c;
	struct json_writer *w;

	if (!jwt_config_load(r, &c))
		return 404;
	w = reply_data(r);
	record_show(w, rows, &c);
	json_object(w, "provider_config");
	json_close(w);
	return 200;
}

/* What is wrong in itself, before anybody is asked for keys. */
static int config_check(struct request *r, const struct jwt_config *c)
{
	const struct json *provider = ask_json(r, "provider_config");
	int ways = !!*c->oidc_discovery_url + !!*c->jwks_url + !!c->jwt_validation_pubkeys.count;

	if (provider && provider->kind == JSON_OBJECT && provider->count)
		return refuse(r, 400, "invalid provider_config: this server knows no provider's own ways, only what "
			      "OpenID Connect says");
	if (ways != 1)
		return refuse(r, 400, "exactly one of 'jwt_validation_pubkeys', 'jwks_url' or 'oidc_discovery_url' "
			      "must be set");
	if (!*c->oidc_client_id != !*c->oidc_client_secret)
		return refuse(r, 400, "both 'oidc_client_id' and 'oidc_client_secret' must be set for OIDC");
	if (strstr(c->oidc_discovery_url, ".well-known/openid-configuration"))
		return refuse(r, 400, "'oidc_discovery_url' contains '.well-known' component");
	if (*c->oidc_client_id && !*c->oidc_discovery_url)
		return refuse(r, 400, "'oidc_discovery_url' must be set for OIDC");
	for (size_t i = 0; i < c->jwt_supported_algs.count; i++)
		if (!jwt_alg_known(c->jwt_supported_algs.at[i]))
			return refuse(r, 400, "invalid jwt_supported_algs: unsupported signing algorithm \"%s\"",
				      c->jwt_supported_algs.at[i]);
	for (size_t i = 0; i < c->oidc_response_types.count; i++)
		if (strcmp(c->oidc_response_types.at[i], "code"))
			return refuse(r, 400, "invalid response_types: \"%s\": this server logs in by 'code' only",
				      c->oidc_response_types.at[i]);
	if (*c->oidc_response_mode && strcmp(c->oidc_response_mode, "query"))
		return refuse(r, 400, "invalid response_mode: \"%s\": this server takes the code by 'query' only",
			      c->oidc_response_mode);
	return 0;
}

int jwt_config_write(struct request *r)
{
	struct jwt_config before, now;
	struct json_writer *w;
	const char *why;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "config");
	/* A write says all of it anew, but for this one. */
	record_init(rows, &now);
	now.namespace_in_state = !jwt_config_load(r, &before) || before.namespace_in_state;
	record_ask(r, rows, &now);
	now.default_role = lower_text(&r->pool, now.default_role);
	status = config_check(r, &now);
	if (status)
		return status;
	why = keyset_check(r, &now);
	if (why)
		return refuse(r, 400, "%s: %s",
			      *now.jwks_url ? "error checking jwks URL"
					    : *now.oidc_discovery_url ? "error checking oidc discovery URL"
								      : "error parsing public key", why);
	w = entry_write(r);
	record_store(w, rows, &now);
	entry_written(r, &r->mount->view, "config", w);
	return 204;
}

#define END { NULL, FIELD_ANY, NULL }
static const struct field config_fields[] = {
	{ "oidc_discovery_url", FIELD_STRING, "The issuer, whose description leads to its keys." },
	{ "oidc_discovery_ca_pem", FIELD_STRING, "Certificates that vouch for it, in PEM; else the system's." },
	{ "oidc_client_id", FIELD_STRING, "Our identifier with the issuer." },
	{ "oidc_client_secret", FIELD_STRING, "Our secret with the issuer." },
	{ "oidc_response_mode", FIELD_STRING, "\"query\"." },
	{ "oidc_response_types", FIELD_LIST, "\"code\"." },
	{ "jwks_url", FIELD_STRING, "Where the issuer's keys are." },
	{ "jwks_ca_pem", FIELD_STRING, "Certificates that vouch for that server, in PEM; else the system's." },
	{ "default_role", FIELD_STRING, "The role of a login that names none." },
	{ "jwt_validation_pubkeys", FIELD_LIST, "The issuer's public keys, in PEM." },
	{ "jwt_supported_algs", FIELD_LIST, "Algorithms that may have signed; else all that are known." },
	{ "bound_issuer", FIELD_STRING, "What \"iss\" must be." },
	{ "provider_config", FIELD_MAP, "Refused unless empty: no provider's own ways are known." },
	{ "namespace_in_state", FIELD_BOOL, "Kept, and of no effect: there are no namespaces." },
	END,
};
static const struct field role_fields[] = {
	{ "role_type", FIELD_STRING, "\"jwt\": a token is brought. \"oidc\": the issuer's page is visited." },
	{ "bound_subject", FIELD_STRING, "What \"sub\" must be." },
	{ "bound_audiences", FIELD_LIST, "One of them must be in \"aud\"." },
	{ "bound_claims_type", FIELD_STRING, "\"string\", or \"glob\": '*' is any." },
	{ "bound_claims", FIELD_MAP, "Claims and what they must be: a value, or one of a list." },
	{ "claim_mappings", FIELD_ANY, "Claims, and the names that they get in the token's metadata." },
	{ "user_claim", FIELD_STRING, "The claim that names the identity." },
	{ "user_claim_json_pointer", FIELD_BOOL, "It is a JSON pointer." },
	{ "groups_claim", FIELD_STRING, "The claim that lists the identity's groups." },
	{ "expiration_leeway", FIELD_STRING, "How long a token without \"exp\" is good; 0: 150 s, -1: not at all." },
	{ "not_before_leeway", FIELD_STRING, "How long before \"exp\" one without \"nbf\" begins; as above." },
	{ "clock_skew_leeway", FIELD_STRING, "How far clocks may differ; 0: 60 s, -1: not at all." },
	{ "oidc_scopes", FIELD_LIST, "Scopes to ask for besides \"openid\"." },
	{ "allowed_redirect_uris", FIELD_LIST, "Where the issuer may send people back to." },
	{ "verbose_oidc_logging", FIELD_BOOL, "Kept, and of no effect: claims are never logged." },
	{ "max_age", FIELD_SECONDS, "How long ago the issuer may have seen the person." },
	TOKEN_FIELDS,
	TOKEN_OLD_FIELD("policies", FIELD_LIST),
	TOKEN_OLD_FIELD("num_uses", FIELD_INT),
	TOKEN_OLD_FIELD("ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("max_ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("period", FIELD_SECONDS),
	TOKEN_OLD_FIELD("bound_cidrs", FIELD_LIST),
	END,
};
static const struct field login_fields[] = {
	{ "role", FIELD_STRING, "The role to log in by." },
	{ "jwt", FIELD_STRING, "The signed token." },
	END,
};
static const struct field url_fields[] = {
	{ "role", FIELD_STRING, "The role to log in by." },
	{ "redirect_uri", FIELD_STRING, "Where the issuer shall send the person back to." },
	{ "client_nonce", FIELD_STRING, "A secret of the client, to be shown again at the callback." },
	END,
};
static const struct field callback_fields[] = {
	{ "state", FIELD_STRING, "As auth_url gave it to the issuer." },
	{ "code", FIELD_STRING, "The issuer's code." },
	{ "client_nonce", FIELD_STRING, "The secret of the client that was said to auth_url." },
	END,
};

static const struct route routes[] = {
	{ .pattern = "login", .flags = ROUTE_OPEN, .update = jwt_login, .fields = login_fields,
	  .text = "Log in by a signed token." },
	{ .pattern = "role", .list = jwt_roles_list, .text = "List the roles." },
	{ .pattern = "role/{name}", .read = jwt_role_read, .update = jwt_role_write, .delete = jwt_role_delete,
	  .exists = jwt_role_exists, .fields = role_fields, .text = "Which tokens log in, and as what." },
	{ .pattern = "config", .read = jwt_config_read, .update = jwt_config_write, .fields = config_fields,
	  .text = "Whose tokens log in." },
	{ .pattern = "oidc/auth_url", .flags = ROUTE_OPEN, .update = oidc_auth_url, .fields = url_fields,
	  .text = "The issuer's page for a login." },
	{ .pattern = "oidc/callback", .flags = ROUTE_OPEN, .read = oidc_callback, .update = oidc_callback,
	  .fields = callback_fields, .text = "Back from the issuer's page." },
};

static const struct route_table tables[] = { ROUTES(routes), { NULL } };

const struct backend jwt_backend = {
	.type = "jwt", .class = MOUNT_AUTH, .tables = tables, .open = jwt_auth_open, .close = jwt_auth_close,
	.renew_login = jwt_renew,
};
const struct backend oidc_backend = {
	.type = "oidc", .class = MOUNT_AUTH, .tables = tables, .open = jwt_auth_open, .close = jwt_auth_close,
	.renew_login = jwt_renew,
};
