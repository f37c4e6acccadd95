/* Making a set: the rules of one path are merged, and each path gets its place in a table. */
#include <string.h>

#include "server/policy/set.h"

uint64_t path_hash(const char *path, size_t size)
{
	uint64_t hash = FNV_START;

	for (size_t i = 0; i < size; i++)
		hash = FNV_STEP(hash, path[i]);
	return hash;
}

struct merged **table_slot(const struct table *t, uint64_t hash, const char *path, size_t size)
{
	for (size_t i = (hash ^ hash >> 32) & t->mask;; i = (i + 1) & t->mask) {
		struct merged *m = t->slots[i];

		if (!m || (m->hash == hash && m->size == size && !memcmp(m->rule.path, path, size)))
			return &t->slots[i];
	}
}

/* As Vault appends lists of values: an empty list is every value and swallows the others. */
static struct parameter *parameters_merge(struct pool *p, struct parameter *old, const struct parameter *more)
{
	for (; more; more = more->next) {
		struct parameter *at = old;

		while (at && strcmp(at->name, more->name) != 0)
			at = at->next;
		if (!at) {
			at = pool_take(p, sizeof(*at));
			*at = (struct parameter){ old, more->name, more->values, more->count };
			old = at;
		} else if (!at->count || !more->count) {
			at->count = 0;
		} else {
			const struct json **values = pool_take(p, (at->count + more->count) * sizeof(struct json *));

			memcpy(values, at->values, at->count * sizeof(struct json *));
			memcpy(values + at->count, more->values, more->count * sizeof(struct json *));
			at->values = values;
			at->count += more->count;
		}
	}
	return old;
}

/* The smaller of two limits that are set. */
static void limit_merge(uint64_t *old, uint64_t more)
{
	if (more && (!*old || more < *old))
		*old = more;
}

static void grant_add(struct pool *p, struct merged *m, const char *policy, unsigned int capabilities)
{
	struct grant *g = pool_take(p, sizeof(*g));

	*g = (struct grant){ NULL, policy, capabilities };
	*m->last_grant = g;
	m->last_grant = &g->next;
}

static void rule_merge(struct pool *p, struct merged *m, const struct rule *more, const char *policy)
{
	struct rule *old = &m->rule;

	if (old->capabilities & CAP_DENY)
		return;
	if (more->capabilities & CAP_DENY) {
		old->capabilities = CAP_DENY;
		old->allowed = old->denied = NULL;
		return;
	}
	old->capabilities |= more->capabilities;
	grant_add(p, m, policy, more->capabilities);
	limit_merge(&old->min_wrapping_ttl, more->min_wrapping_ttl);
	limit_merge(&old->max_wrapping_ttl, more->max_wrapping_ttl);
	old->allowed = parameters_merge(p, old->allowed, more->allowed);
	old->denied = parameters_merge(p, old->denied, more->denied);
	for (size_t i = 0; i < more->required.count; i++)
		if (!names_have(&old->required, more->required.at[i]))
			names_add(p, &old->required, more->required.at[i]);
}

/* Lists of a set are its own: merging changes them. */
static struct merged *merged_make(struct pool *p, const struct rule *rule, const char *path, const char *policy)
{
	struct merged *m = pool_take(p, sizeof(*m));
	const char *any = strchr(path, RULE_ANY);

	m->rule = *rule;
	m->rule.path = path;
	m->rule.allowed = parameters_merge(p, NULL, rule->allowed);
	m->rule.denied = parameters_merge(p, NULL, rule->denied);
	m->rule.required = (struct names){ NULL, 0 };
	for (size_t i = 0; i < rule->required.count; i++)
		names_add(p, &m->rule.required, rule->required.at[i]);
	m->size = strlen(path);
	m->hash = path_hash(path, m->size);
	m->first_wildcard = any ? (size_t)(any - path) : m->size;
	for (const char *at = path; *at; at++)
		m->wildcards += *at == RULE_ANY;
	m->last_grant = &m->grants;
	grant_add(p, m, policy, rule->capabilities);
	return m;
}

static struct merged **set_place(struct policy_set *set, const struct rule *rule, const char *path)
{
	size_t size = strlen(path);
	struct merged **at;

	if (!rule->segments)
		return table_slot(rule->prefix ? &set->prefixes : &set->exact, path_hash(path, size), path, size);
	for (at = &set->segments; *at; at = &(*at)->next)
		if ((*at)->rule.prefix == rule->prefix && !strcmp((*at)->rule.path, path))
			break;
	return at;
}

/* A template that cannot be filled: the rule is not there. */
static void set_add(struct policy_set *set, struct pool *p, const struct rule *rule, const char *policy,
		    const struct policy_identity *identity)
{
	const char *path = rule->templated ? template_fill(p, rule->path, identity) : rule->path;
	struct merged **at;

	if (!path)
		return;
	at = set_place(set, rule, path);
	if (*at)
		rule_merge(p, *at, rule, policy);
	else
		*at = merged_make(p, rule, path, policy);
	if (rule->prefix && !rule->segments && (*at)->size > set->longest)
		set->longest = (*at)->size;
}

static void table_make(struct pool *p, struct table *t, size_t count)
{
	size_t size = 4;

	while (size < 2 * count)
		size *= 2;
	t->slots = pool_take(p, size * sizeof(struct merged *));
	t->mask = size - 1;
}

static void lengths_make(struct pool *p, struct policy_set *set)
{
	set->lengths = pool_take(p, (set->longest / 64 + 1) * sizeof(uint64_t));
	for (size_t i = 0; i <= set->prefixes.mask; i++) {
		const struct merged *m = set->prefixes.slots[i];

		if (!m)
			continue;
		set->lengths[m->size / 64] |= 1ULL << m->size % 64;
		set->has_prefixes = true;
	}
}

struct policy_set *policy_set_make(struct pool *pool, struct policy *const *policies, size_t count,
				   const struct policy_identity *identity)
{
	struct policy_set *set = pool_take(pool, sizeof(*set));
	size_t exact = 0, prefixes = 0;

	for (size_t i = 0; i < count; i++) {
		set->root |= policies[i]->root;
		for (const struct rule *r = policies[i]->first; r; r = r->next)
			*(r->prefix ? &prefixes : &exact) += 1;
	}
	table_make(pool, &set->exact, exact);
	table_make(pool, &set->prefixes, prefixes);
	for (size_t i = 0; i < count; i++)
		for (const struct rule *r = policies[i]->first; r; r = r->next)
			set_add(set, pool, r, policies[i]->name, identity);
	lengths_make(pool, set);
	return set;
}
