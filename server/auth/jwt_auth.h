/*
 * jwt and oidc: logins by a token that an issuer signed. Storage in the mount's view: config, role/<name>. The issuer's
 * keys are remembered in the mount's state.
 */
#ifndef ADYTON_SERVER_AUTH_JWT_AUTH_H
#define ADYTON_SERVER_AUTH_JWT_AUTH_H

#include "server/auth/jwt.h"
#include "server/auth/oidc_state.h"
#include "server/auth/record.h"
#include "server/auth/token_params.h"

struct jwt_config {
	const char *oidc_discovery_url, *oidc_discovery_ca_pem, *oidc_client_id, *oidc_client_secret;
	const char *oidc_response_mode, *jwks_url, *jwks_ca_pem, *default_role, *bound_issuer;
	struct names oidc_response_types, jwt_validation_pubkeys, jwt_supported_algs;
	bool namespace_in_state;
};

struct jwt_role {
	const char *name, *key;
	const char *role_type; /* "jwt", "oidc" */
	int64_t expiration_leeway, not_before_leeway, clock_skew_leeway; /* seconds; 0: as usual; negative: none */
	struct names bound_audiences, oidc_scopes, allowed_redirect_uris;
	const char *bound_subject, *bound_claims_type, *user_claim, *groups_claim;
	struct blob bound_claims, claim_mappings;
	bool user_claim_json_pointer, verbose_oidc_logging;
	uint64_t max_age;
	struct token_params token;
};

bool jwt_config_load(struct request *r, struct jwt_config *c);
bool jwt_role_load(struct request *r, const struct mount *m, const char *name, struct jwt_role *role);

int jwt_auth_open(struct request *r, struct mount *m);
void jwt_auth_close(struct mount *m);
struct keyset;
struct oidc_states;
struct keyset *jwt_keyset(const struct mount *m);
struct oidc_states *jwt_states(const struct mount *m);

/* jwt_keyset.c: whether a key of the configured issuer verifies the token; NULL, or why not. */
struct keyset *keyset_make(void);
void keyset_free(struct keyset *k);
const char *keyset_verify(struct request *r, struct keyset *k, const struct jwt_config *c, const struct jwt *t);
/* The keys can be had; NULL, or why not. */
const char *keyset_check(struct request *r, const struct jwt_config *c);
/* The issuer's own description of itself: an object, or NULL with *why. */
const struct json *discovery_fetch(struct request *r, const struct jwt_config *c, const char **why);

/* jwt_claims.c: a claim by name, or by JSON pointer (RFC 6901) where it begins with '/'; NULL: it is not there. */
const struct json *claim_find(struct pool *p, const struct json *claims, const char *name);
/* RFC 7519 4.1: issuer, subject, audience and times; NULL, or what is wrong. `audiences`: who may be meant. */
const char *claims_check(struct request *r, const struct jwt_config *c, const struct jwt_role *role,
			 const struct json *claims, const struct names *audiences);
const char *claims_bound(struct request *r, const struct jwt_role *role, const struct json *claims);

/* jwt_login.c: the token is verified: answer with a login of its subject. */
int jwt_login_grant(struct request *r, const struct jwt_role *role, const struct json *claims);
int jwt_login(struct request *r);
bool jwt_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login);

/* jwt_role.c, jwt_config.c */
int jwt_roles_list(struct request *r);
int jwt_role_read(struct request *r);
int jwt_role_write(struct request *r);
int jwt_role_delete(struct request *r);
bool jwt_role_exists(struct request *r);
int jwt_config_read(struct request *r);
int jwt_config_write(struct request *r);

/* oidc_login.c: the authorization code flow */
int oidc_auth_url(struct request *r);
int oidc_callback(struct request *r);

#endif
