/*
 * Tokens: service tokens ("hvs." and 24 base62 characters) are entries of the store, found by the SHA-256 of a salt and
 * the token, so that who reads the store finds no token; batch tokens ("hvb.") carry themselves, sealed. A service
 * token has an accessor (finds it without being it), may have a parent (and dies with it), and a lease that ends it.
 *
 * Storage, in view "sys/token/": id/<hash>, accessor/<hash of accessor>, parent/<hash>/<hash of child>, roles/<name>.
 */
#ifndef ADYTON_SERVER_TOKEN_TOKEN_H
#define ADYTON_SERVER_TOKEN_TOKEN_H

#include "server/core/request.h"

enum token_type { TOKEN_SERVICE, TOKEN_BATCH };

struct token {
	enum token_type type;
	const char *id;        /* what the client holds; NULL where it was found by its accessor */
	const char *hash;      /* the name of its entry */
	const char *accessor;
	const char *parent;    /* hash; NULL: an orphan */
	const char *path;      /* where it was made: "auth/token/create", "auth/userpass/login/ada" */
	const char *display_name;
	const char *role;
	const char *entity_id;
	const char *mount_accessor; /* of the method that made it */
	const char *bound_key;
	struct names policies;
	struct names bound_cidrs;
	struct blob metadata, internal;
	int64_t created, expires, renewed; /* Unix seconds; expires 0: never */
	uint64_t creation_ttl, explicit_max_ttl, period;
	int64_t not_after;
	uint64_t num_uses;     /* that are left; 0: without limit */
	bool last_use;         /* this request was the last one */
	bool renewable;
	const char *cubbyhole; /* the prefix of its cubbyhole entries */
};

int tokens_open(struct core *core, struct request *r); /* at unseal: 0 or -errno */
void tokens_close(struct core *core);

/*
 * Find the token that r->token_text names and count its use; false: none such (ended, unknown, wrong address or key).
 */
bool token_authenticate(struct request *r);
/* Look one up: NULL where there is none. In r's pool. */
struct token *token_find(struct request *r, const char *text);
struct token *token_by_accessor(struct request *r, const char *accessor);
/*
 * Make the token of r->reply.login, which a handler of `mount` granted, with its lease; puts reply.auth_text. A status
 * (200, or refuse()d).
 */
int token_grant(struct request *r);
/* The root token of init and generate-root: its text, in r's pool. `id`: NULL for a random one. */
const char *token_make_root(struct request *r, const char *id);
/* End a token: its children too unless they are orphaned, its leases, its cubbyhole. Part of r's transaction. */
void token_revoke(struct request *r, const char *hash);
/* Its last use was this one: what core/handle.c asks after the handler. */
void token_used_up(struct request *r);

extern const struct backend token_backend;

#endif
