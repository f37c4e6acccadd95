/* A policy as parsed: rules in the order of the text. Shared by the files of this folder only. */
#ifndef ADYTON_SERVER_POLICY_RULE_H
#define ADYTON_SERVER_POLICY_RULE_H

#include "server/policy/policy.h"

/*
 * Stands for a '+' that is a whole segment. A '+' that a template fills in stays itself: what users say of themselves
 * is never a wildcard. No path of a request holds this byte.
 */
#define RULE_ANY '\x01'

struct parameter {
	struct parameter *next;
	const char *name;              /* lower case */
	const struct json *const *values; /* what is meant; strings may begin or end with '*' */
	size_t count;                  /* 0: any value */
};

struct rule {
	struct rule *next;
	const char *path;     /* no '/' in front, no '*' behind */
	bool prefix;          /* a '*' stood behind */
	bool segments;        /* holds RULE_ANY */
	bool templated;       /* holds "{{" */
	unsigned int capabilities;
	uint64_t min_wrapping_ttl, max_wrapping_ttl;
	struct parameter *allowed, *denied;
	struct names required; /* lower case */
};

struct policy {
	const char *name;
	struct rule *first;
	bool root;
};

/* "{{" and "}}" are in pairs. */
bool template_balanced(const char *text);
/* The text with what the identity says; NULL where that says nothing. */
const char *template_fill(struct pool *p, const char *text, const struct policy_identity *identity);

/* Whether a value of a request is among those of a parameter. */
bool parameter_has(struct pool *p, const struct parameter *parameter, const struct json *value);
/* Checks on what a request sends: required, denied, allowed. */
bool parameters_allow(struct pool *p, const struct rule *rule, const struct json *body);

/* '*' in front, behind, or both, as Vault has it. */
bool value_matches(const char *pattern, const char *text);

#endif
