/* Rules of several policies, merged, as set.c makes them and decide.c asks them. */
#ifndef ADYTON_SERVER_POLICY_SET_H
#define ADYTON_SERVER_POLICY_SET_H

#include "server/policy/policies.h"
#include "server/policy/rule.h"

struct grant {
	struct grant *next;
	const char *policy;
	unsigned int capabilities;
};

struct merged {
	struct merged *next;     /* with RULE_ANY */
	struct rule rule;
	struct grant *grants, **last_grant;
	uint64_t hash;
	size_t size, wildcards, first_wildcard;
};

struct table {
	struct merged **slots;   /* open addressing, at most half full */
	size_t mask;
};

struct policy_set {
	bool root;
	struct table exact, prefixes;
	struct merged *segments;
	uint64_t *lengths;       /* bit i: a prefix has this length */
	size_t longest;
	bool has_prefixes;
};

#define FNV_START 14695981039346656037ULL
#define FNV_STEP(hash, c) (((hash) ^ (uint8_t)(c)) * 1099511628211ULL)

uint64_t path_hash(const char *path, size_t size);
/* Where a path stands, or would. */
struct merged **table_slot(const struct table *t, uint64_t hash, const char *path, size_t size);

#endif
