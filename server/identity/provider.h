/*
 * The OpenID provider: this server as an issuer for other people's applications (OpenID Connect Core 1.0, code flow).
 * A client may ask a provider that allows it for the claims of an entity that its assignments allow.
 */
#ifndef ADYTON_SERVER_IDENTITY_PROVIDER_H
#define ADYTON_SERVER_IDENTITY_PROVIDER_H

#include "server/auth/record.h"
#include "server/identity/oidc.h"

struct client {
	const char *name, *key, *client_type, *client_id, *client_secret;
	struct names redirect_uris, assignments;
	uint64_t id_token_ttl, access_token_ttl;
};

struct provider {
	const char *name, *issuer;
	struct names allowed_client_ids, scopes_supported;
};

bool client_load(struct request *r, const char *name, struct client *c);
bool client_by_id(struct request *r, const char *id, struct client *c);
bool client_public(const struct client *c);
bool provider_load(struct request *r, const char *name, struct provider *p);
const char *provider_issuer(struct request *r, const struct provider *p);
bool provider_allows(const struct provider *p, const char *client_id);
/* One of the client's assignments names the entity, or a group that it is in. */
bool client_assigned(struct request *r, const struct client *c, const struct entity *e);
/*
 * What the asked-for scopes say of an entity. NULL, or that two of them say the same claim.
 */
const char *scopes_claims(struct request *r, const struct provider *p, const char *scope, const struct entity *e,
			  struct json_writer *w, struct names *taken);
bool scope_has(const char *scope, const char *name); /* a word of a list with blanks */

/* Bare JSON: w is an object that is open. An error as OAuth words it, with the request's state. */
int provider_reply(struct request *r, int status, struct json_writer *w);
int provider_error(struct request *r, int status, const char *error, const char *description);

/* provider_flow.c */
int provider_authorize(struct request *r);
int provider_token(struct request *r);
int provider_userinfo(struct request *r);
int provider_discovery(struct request *r);
int provider_keys(struct request *r);

#endif
