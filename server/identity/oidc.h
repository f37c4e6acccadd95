/*
 * Identity tokens: JSON Web Tokens that say who an entity is, for others to verify. Storage in the identity mount's
 * view: oidc/config, oidc/key/<name>, oidc/role/<name>; of the OpenID provider oidc/{assignment,scope,client,provider}/
 * <name> and oidc/client-id/<id>.
 *
 * All changes hold one lock (oidc_lock).
 */
#ifndef ADYTON_SERVER_IDENTITY_OIDC_H
#define ADYTON_SERVER_IDENTITY_OIDC_H

#include "server/auth/jwt.h"
#include "server/auth/record.h"
#include "server/identity/identity.h"

void oidc_lock(struct request *r);
const char *oidc_issuer(struct request *r); /* "<address>/v1/identity/oidc" */
const char *oidc_address(struct request *r, const char *issuer); /* `issuer`, or where clients reach this server */

/* One key of a ring: the first signs, the second is shown before its time, the others are shown until they expire. */
struct ring_key {
	const char *kid, *der; /* base64: PKCS #8, or of an old key SubjectPublicKeyInfo */
	int64_t expires;       /* Unix seconds; 0: not yet known */
	struct ring_key *next;
};

bool oidc_address_right(const char *text); /* scheme and host, perhaps a port, nothing more */

struct signing_key {
	const char *name, *algorithm;
	uint64_t rotation_period, verification_ttl;
	struct names allowed_client_ids;
	int64_t next_rotation; /* Unix seconds */
	struct ring_key *ring;
};

bool signing_key_load(struct request *r, const char *name, struct signing_key *k);
/* The key "default" is made when it is first asked for. */
bool signing_key_wanted(struct request *r, const char *name, struct signing_key *k);
/* oidc_ring.c: two new keys, after the algorithm changed; the next key signs from now on. False: libcrypto failed. */
bool signing_key_begin(struct request *r, struct signing_key *k);
bool signing_key_rotate(struct request *r, struct signing_key *k, uint64_t verification_ttl);
bool signing_key_allows(const struct signing_key *k, const char *client_id);
char *signing_key_sign(struct request *r, const struct signing_key *k, struct blob claims);
/* {"keys": [...]}: of all keys, or of those that fn says yes to. */
struct blob signing_keys_public(struct request *r, const struct names *names);
/* Whether one of our keys signed it; NULL, or why not. */
const char *signing_keys_verify(struct request *r, const char *text, struct jwt *t);
void signing_keys_tick(struct request *r, struct mount *m);

/*
 * A template of claims with "{{identity.entity.name}}" and so on, filled for an entity (NULL: an empty one). NULL with
 * *why where it is wrong.
 */
const struct json *claims_template(struct request *r, const char *text, const struct entity *e, const char **why);
/* Members of a filled template, but for those that a token has of its own. */
void claims_put(struct request *r, struct json_writer *w, const struct json *members, struct names *taken);
/* It is right, and decoded where it was base64: 0, or a refusal. */
int claims_template_check(struct request *r, const char **text);
const char *claims_reserved(const char *name); /* the name, where it is one of a token's own; else NULL */

/* oidc_key.c */
int oidc_key_list(struct request *r);
int oidc_key_read(struct request *r);
int oidc_key_write(struct request *r);
int oidc_key_delete(struct request *r);
int oidc_key_rotate(struct request *r);
/* oidc_role.c */
int oidc_role_list(struct request *r);
int oidc_role_read(struct request *r);
int oidc_role_write(struct request *r);
int oidc_role_delete(struct request *r);
int oidc_token(struct request *r);
/* Names of the roles (or clients: `kind`) that use a key, and the longest of their tokens' lives. */
struct names oidc_users_of_key(struct request *r, const char *kind, const char *key, uint64_t *longest);
/* oidc_known.c */
int oidc_config_read(struct request *r);
int oidc_config_write(struct request *r);
int oidc_discovery(struct request *r);
int oidc_public_keys(struct request *r);
int oidc_introspect(struct request *r);

extern const struct route_table oidc_tables[], provider_tables[];

#endif
