/*
 * ACL policies exactly as Vault matches them: HCL or JSON text kept verbatim, paths with a trailing '*' (prefix) and
 * '+'
 * (one segment), capabilities, allowed, denied and required parameters, templates of the identity. Several policies are
 * OR-ed, deny wins; the best path decides (vault-api 6.6).
 */
#ifndef ADYTON_SERVER_POLICY_POLICY_H
#define ADYTON_SERVER_POLICY_POLICY_H

#include "server/core/request.h"

enum capability {
	CAP_DENY = 1, CAP_CREATE = 2, CAP_READ = 4, CAP_UPDATE = 8, CAP_DELETE = 16, CAP_LIST = 32, CAP_SUDO = 64,
	CAP_PATCH = 128, CAP_ROOT = 256, /* not a word of the language: the root policy */
};

struct policy; /* one text, parsed */

/* A text is right: 0, or -EINVAL with the error. *out may be NULL. The policy lives in the pool. */
must_check int policy_parse(struct pool *pool, const char *name, const char *text, size_t size, struct policy **out,
			    struct text_error *error);

/* What fills templates; any may be NULL or empty. */
struct policy_identity {
	const struct entity *entity;
};

/* The policies of one token, templates filled, ready to be asked. */
struct policy_set;
struct policy_set *policy_set_make(struct pool *pool, struct policy *const *policies, size_t count,
				   const struct policy_identity *identity);

/* What a path allows: an OR of enum capability. LIST paths end in '/'. */
unsigned int policy_capabilities(const struct policy_set *set, const char *path);

/* Whether anything at or below `prefix` ("secret/") is allowed at all: what listings of mounts show. */
bool policy_has_any(const struct policy_set *set, const char *prefix);

struct policy_question {
	enum operation operation;
	const char *path;
	const struct json *body; /* for parameters */
	uint64_t wrap_ttl;       /* seconds; 0: not wrapped */
	bool sudo;               /* the path is root-protected */
};
struct policy_answer {
	bool allowed;
	bool root;
	struct names granting; /* names of the policies that grant it, for the audit log */
};
void policy_decide(const struct policy_set *set, const struct policy_question *question, struct pool *pool,
		   struct policy_answer *answer);

/* -- those that the server keeps, in view "sys/policy/"; parsed ones are cached -- */

int policies_open(struct core *core, struct request *r);
void policies_close(struct core *core);
/* The set for r->token and its entity: fills in r->policies and r->root. */
void policies_of_request(struct request *r);
/* For another token (capabilities, resultant-acl). */
struct policy_set *policies_set(struct request *r, const struct names *names, const struct entity *entity);
extern const char policy_default_text[]; /* what init writes as "default" */

#endif
