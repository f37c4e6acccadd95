/*
 * Asking a set. A path is looked up by hash: once as a whole, and once at each length that a prefix has, in one pass
 * over it; only paths with '+' are tried one by one. Which of these wins: Vault's order, see better().
 */
#include <string.h>

#include "server/policy/set.h"

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

/* -- what there is at all -- */

static bool grants(const struct merged *m)
{
	return m->rule.capabilities && !(m->rule.capabilities & CAP_DENY);
}

/* One of two paths begins with the other; in the pattern RULE_ANY stands for a segment. */
static bool could_lie_below(const struct merged *m, const char *prefix)
{
	const char *pattern = m->rule.path;

	while (*prefix && *pattern) {
		if (*pattern == RULE_ANY) {
			pattern++;
			prefix += strcspn(prefix, "/");
		} else if (*pattern++ != *prefix++) {
			return false;
		}
	}
	return !*prefix || m->rule.prefix;
}

bool policy_has_any(const struct policy_set *set, const char *prefix)
{
	const struct table *const tables[] = { &set->exact, &set->prefixes };
	const struct merged *best;

	if (set->root)
		return true;
	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i <= tables[t]->mask; i++)
			if (tables[t]->slots[i] && grants(tables[t]->slots[i]) &&
			    !strncmp(tables[t]->slots[i]->rule.path, prefix, strlen(prefix)))
				return true;
	for (const struct merged *m = set->segments; m; m = m->next)
		if (grants(m) && could_lie_below(m, prefix))
			return true;
	best = set_wildcard(set, prefix, strlen(prefix));
	return best && grants(best);
}

/* -- showing -- */

bool policy_set_root(const struct policy_set *set)
{
	return set->root;
}

/* As it was written: '+' for RULE_ANY, and the '*' where there is a '+' before it. */
static void each_segments(const struct merged *m, void (*fn)(void *, const char *, bool, unsigned int), void *context)
{
	_cleanup_pool_ struct pool p = { NULL };
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
				fn(context, tables[t]->slots[i]->rule.path, t == 1,
				   tables[t]->slots[i]->rule.capabilities);
	for (const struct merged *m = set->segments; m; m = m->next)
		each_segments(m, fn, context);
}
