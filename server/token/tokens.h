/* Tokens, for the files of this folder and for leases. */
#ifndef ADYTON_SERVER_TOKEN_TOKENS_H
#define ADYTON_SERVER_TOKEN_TOKENS_H

#include <pthread.h>

#include "server/core/core.h"
#include "server/token/token.h"

#define TOKEN_SERVICE_PREFIX "hvs."
#define TOKEN_BATCH_PREFIX "hvb."
#define TOKEN_RANDOM 24      /* base62 characters: 142 bits */
#define TOKEN_TEXT_MAX 8192  /* longer ones are none */

struct token_cache;

struct tokens {
	uint8_t salt[32];
	uint8_t batch_key[32];
	struct token_cache *cache;
	pthread_mutex_t uses[64]; /* one use of a token at a time is counted */
};

extern const struct view tokens_view;

/* -- entry.c -- */

/* The name of what a text names: HMAC-SHA-256 under the salt, in hex. */
const char *token_hash(struct request *r, const char *text);
struct token *token_read(struct pool *p, const struct json *entry);
void token_write(struct json_writer *w, const struct token *t);
void token_put(struct request *r, const struct token *t);
/* By its hash, from memory or store; NULL: there is none, or it has ended. */
struct token *token_load(struct request *r, const char *hash);
bool token_ended(const struct request *r, const struct token *t);
bool token_is_root(const struct token *t);

/* -- cache.c: entries that were used lately -- */

struct token_cache *token_cache_make(void);
void token_cache_free(struct token_cache *c);
struct token *token_cache_get(struct token_cache *c, const char *hash, struct pool *p);
/* `since` from before the entry was read from the store: what changed meanwhile is not kept. */
uint64_t token_cache_since(struct token_cache *c, const char *hash);
void token_cache_put(struct token_cache *c, const struct token *t, uint64_t since);
void token_cache_drop(struct token_cache *c, const char *hash);

/* -- batch.c -- */

const char *batch_seal(struct request *r, const struct token *t);
struct token *batch_open(struct request *r, const char *text);

/* -- uses.c -- */

void uses_put(struct request *r, const struct token *t);
/* How many are left; 0: none. */
uint64_t uses_left(struct request *r, const char *hash);
/* Count one, durably, before anything else happens. False: none was left, or the store failed. */
bool uses_count(struct request *r, struct token *t);

/* -- ttl.c -- */

/* As Vault limits the time that is asked for. All in seconds; 0: not said. */
struct ttl_question {
	uint64_t increment, ttl, period, max_ttl, explicit_max_ttl; /* asked for, then what the role says */
	uint64_t default_ttl, limit;                                /* the mount's */
	int64_t issued;                                             /* Unix seconds */
};
/* False: it is past its end. Warnings go to the answer. */
must_check bool ttl_decide(struct request *r, const struct ttl_question *q, uint64_t *ttl);
/* Go's form without the parts that are zero: "768h". */
const char *ttl_text(struct pool *p, uint64_t seconds);

/* -- make.c -- */

/*
 * Store a token whose members are all set but id, hash, accessor and cubbyhole (an id that is set is taken: 400 where
 * it exists), with its lease, and write auth_text.
 * A status.
 */
int token_make(struct request *r, struct token *t, struct mount *m, uint64_t ttl);
/* As an answer's "auth". `entity` gives identity_policies. */
void token_reply(struct request *r, const struct token *t, const struct entity *entity, uint64_t ttl);

/* -- revoke.c -- */

void token_revoke_only(struct request *r, const struct token *t); /* children become orphans */
struct names token_children(struct request *r, const char *hash);
/* After a commit, see after.h. */
void token_gone(struct request *r, const char *hash);
void token_child_made(struct request *r, const char *child, const char *parent);

/* -- renew.c -- */

/* `increment`: seconds, 0: not said. A status; the answer is filled in. */
int token_renew(struct request *r, struct token *t, uint64_t increment);
/* As stored under the accessor: NULL where there is none. */
const char *accessor_token(struct request *r, const char *accessor);

/* -- role.c -- */

struct token_role {
	const char *name;
	struct names allowed_policies, disallowed_policies, allowed_policies_glob, disallowed_policies_glob;
	struct names allowed_entity_aliases, bound_cidrs;
	const char *path_suffix, *type;
	bool orphan, renewable, no_default_policy;
	uint64_t explicit_max_ttl, period, num_uses;
	bool explicit_max_ttl_old, period_old, bound_cidrs_old; /* given under the names of before */
};
struct token_role *role_load(struct request *r, const char *name);
bool names_match(const struct names *globs, const char *name);

int token_roles_list(struct request *r);
int token_role_read(struct request *r);
int token_role_write(struct request *r);
int token_role_delete(struct request *r);
bool token_role_exists(struct request *r);

/* -- other handlers -- */
int token_create(struct request *r);
int token_create_orphan(struct request *r);
int token_create_role(struct request *r);
int token_tidy(struct request *r);

#endif
