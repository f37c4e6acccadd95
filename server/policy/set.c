/*
 * The rules of several policies as one answer. Rules of one path are merged when the set is made. A path is asked for
 * by hash: once as a whole, and once at each length that a prefix has, in one pass over it; only paths with '+' are
 * tried one by one. Which of these wins: Vault's order, see better().
 */
#include <string.h>

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

static uint64_t path_hash(const char *path, size_t size)
{
	uint64_t hash = FNV_START;

	for (size_t i = 0; i < size; i++)
		hash = FNV_STEP(hash, path[i]);
	return hash;
}

static struct merged **table_slot(const struct table *t, uint64_t hash, const char *path, size_t size)
{
	for (size_t i = (hash ^ hash >> 32) & t->mask;; i = (i + 1) & t->mask) {
		struct merged *m = t->slots[i];

		if (!m || (m->hash == hash && m->size == size && !memcmp(m->rule.path, path, size)))
			return &t->slots[i];
	}
}

/* -- making -- */

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

/* -- asking -- */

static const struct merged *set_exact(const struct policy_set *set, const char *path, size_t size)
{
	return *table_slot(&set->exact, path_hash(path, size), path, size);
}

static const struct merged *set_prefix(const struct policy_set *set, const char *path, size_t size)
{
	const struct merged *best = NULL;
	uint64_t hash = FNV_START;

	if (!set->has_prefixes)
		return NULL;
	for (size_t i = 0; i <= size && i <= set->longest; i++) {
		if (set->lengths[i / 64] >> i % 64 & 1) {
			const struct merged *m = *table_slot(&set->prefixes, hash, path, i);

			best = m ? m : best;
		}
		if (i < size)
			hash = FNV_STEP(hash, path[i]);
	}
	return best;
}

/* Segment by segment; the last one of a prefix need only begin the path's. */
static bool segments_match(const struct merged *m, const char *path, size_t size)
{
	const char *pattern = m->rule.path, *end = path + size;

	for (;;) {
		size_t want = strcspn(pattern, "/");
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t have = (size_t)((slash ? slash : end) - path);
		bool last = !pattern[want], any = want == 1 && *pattern == RULE_ANY;

		if (last && m->rule.prefix)
			return have >= want && !memcmp(path, pattern, want);
		if (!any && (want != have || memcmp(path, pattern, want) != 0))
			return false;
		if (last || !slash)
			return last && !slash;
		pattern += want + 1;
		path = slash + 1;
	}
}

/*
 * Vault's order among paths with wildcards: where the first one stands, the later the better; one that ends is better
 * than a prefix; the fewer '+' the better; the longer the better; and so that there is always an order, by bytes.
 */
static bool better(const struct merged *a, const struct merged *b)
{
	if (a->first_wildcard != b->first_wildcard)
		return a->first_wildcard > b->first_wildcard;
	if (a->rule.prefix != b->rule.prefix)
		return !a->rule.prefix;
	if (a->wildcards != b->wildcards)
		return a->wildcards < b->wildcards;
	if (a->size != b->size)
		return a->size > b->size;
	return strcmp(a->rule.path, b->rule.path) > 0;
}

static const struct merged *set_wildcard(const struct policy_set *set, const char *path, size_t size)
{
	const struct merged *best = set_prefix(set, path, size);

	for (const struct merged *m = set->segments; m; m = m->next)
		if ((!best || better(m, best)) && segments_match(m, path, size))
			best = m;
	return best;
}

/* A listing's path ends in '/', and a rule without it speaks of it too, where no other does. */
static const struct merged *set_find(const struct policy_set *set, const char *path, bool list)
{
	size_t size = strlen(path);
	bool slash = list && size && path[size - 1] == '/';
	const struct merged *m = set_exact(set, path, size);

	if (!m && slash)
		m = set_exact(set, path, size - 1);
	if (!m)
		m = set_wildcard(set, path, size);
	if (!m && slash)
		m = set_wildcard(set, path, size - 1);
	return m;
}

unsigned int policy_capabilities(const struct policy_set *set, const char *path)
{
	const struct merged *m;

	if (set->root)
		return CAP_ROOT;
	m = set_find(set, path + strspn(path, "/"), true);
	return m ? m->rule.capabilities : 0;
}

static const unsigned int operation_capability[OP_COUNT] = {
	[OP_READ] = CAP_READ, [OP_LIST] = CAP_LIST, [OP_CREATE] = CAP_CREATE, [OP_UPDATE] = CAP_UPDATE,
	[OP_PATCH] = CAP_PATCH, [OP_DELETE] = CAP_DELETE,
};

static bool wrapping_allows(const struct rule *rule, uint64_t ttl)
{
	if (rule->max_wrapping_ttl && (!ttl || ttl > rule->max_wrapping_ttl))
		return false;
	if (rule->min_wrapping_ttl && (!ttl || ttl < rule->min_wrapping_ttl))
		return false;
	return !rule->max_wrapping_ttl || rule->max_wrapping_ttl >= rule->min_wrapping_ttl;
}

static bool merged_allows(struct pool *pool, const struct merged *m, const struct policy_question *q)
{
	if (!(m->rule.capabilities & operation_capability[q->operation]))
		return false;
	if (q->sudo && !(m->rule.capabilities & CAP_SUDO))
		return false;
	if (!wrapping_allows(&m->rule, q->wrap_ttl))
		return false;
	if (q->operation == OP_LIST || q->operation == OP_DELETE)
		return true;
	return parameters_allow(pool, &m->rule, q->body);
}

void policy_decide(const struct policy_set *set, const struct policy_question *question, struct pool *pool,
		   struct policy_answer *answer)
{
	const struct merged *m;

	*answer = (struct policy_answer){ .allowed = set->root, .root = set->root };
	if (set->root) {
		names_add(pool, &answer->granting, "root");
		return;
	}
	if (question->operation == OP_HELP) {
		answer->allowed = true;
		return;
	}
	m = set_find(set, question->path + strspn(question->path, "/"), question->operation == OP_LIST);
	if (!m || !merged_allows(pool, m, question))
		return;
	answer->allowed = true;
	for (const struct grant *g = m->grants; g; g = g->next)
		if (g->capabilities & operation_capability[question->operation])
			names_add(pool, &answer->granting, g->policy);
}

/* -- showing -- */

bool policy_set_root(const struct policy_set *set)
{
	return set->root;
}

/* As it was written: '+' for RULE_ANY, and the '*' where there is a '+' before it. */
static void each_segments(const struct merged *m, void (*fn)(void *, const char *, bool, unsigned int), void *context)
{
	_cleanup_pool_ struct pool p;
	char *path;

	pool_init(&p);
	path = pool_printf(&p, "%s%s", m->rule.path, m->rule.prefix ? "*" : "");
	for (char *c = path; *c; c++)
		*c = *c == RULE_ANY ? '+' : *c;
	fn(context, path, true, m->rule.capabilities);
}

void policy_set_each(const struct policy_set *set, void (*fn)(void *, const char *, bool, unsigned int), void *context)
{
	const struct table *const tables[] = { &set->exact, &set->prefixes };

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i <= tables[t]->mask; i++)
			if (tables[t]->slots[i])
				fn(context, tables[t]->slots[i]->rule.path, t == 1, tables[t]->slots[i]->rule.capabilities);
	for (const struct merged *m = set->segments; m; m = m->next)
		each_segments(m, fn, context);
}
