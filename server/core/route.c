#include <string.h>

#include "server/core/route.h"

/* Vault's names begin and end with a letter, a digit or '_'; between these stand '.', '-' and what serials and mail
 * addresses need. */
static bool name_fits(const char *at, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = at[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!word && (i == 0 || i == size - 1 || !strchr(".-:@+", c)))
			return false;
	}
	return size > 0;
}

static bool parameter_add(struct request *r, const char *name, size_t name_size, const char *value, size_t size)
{
	size_t limit = sizeof(r->parameters) / sizeof(r->parameters[0]);

	if (r->parameter_count == limit)
		return false;
	r->parameters[r->parameter_count].name = pool_copy(&r->pool, name, name_size);
	r->parameters[r->parameter_count++].value = pool_copy(&r->pool, value, size);
	return true;
}

/* "{name*}" and "{name?}" take all that is left, but for what the pattern has behind them. */
static bool match_rest(struct request *r, const char *name, size_t size, const char *rest)
{
	const char *suffix = name + size + 1;
	size_t have = strlen(rest), end = strlen(suffix);

	if (have < end || memcmp(rest + have - end, suffix, end) != 0)
		return false;
	if (have == end && name[size - 1] == '*')
		return false;
	return parameter_add(r, name, size - 1, rest, have - end);
}

static bool route_matches(struct request *r, const char *pattern, const char *rest)
{
	r->parameter_count = 0;
	for (;;) {
		size_t want = strcspn(pattern, "/"), have = strcspn(rest, "/");

		if (want > 2 && *pattern == '{' && strchr("*?", pattern[want - 2]))
			return match_rest(r, pattern + 1, want - 2, rest);
		if (*pattern == '{') {
			if (!name_fits(rest, have) || !parameter_add(r, pattern + 1, want - 2, rest, have))
				return false;
		} else if (want != have || memcmp(pattern, rest, want) != 0) {
			return false;
		}
		pattern += want;
		rest += have;
		if (!*pattern)
			return !*rest || !strcmp(rest, "/");
		pattern++;
		rest += *rest == '/';
	}
}

const struct route *route_find(struct request *r, const struct route_table *tables, const char *rest)
{
	for (const struct route_table *t = tables; t && (t->routes || t->also); t++) {
		const struct route *found = t->also ? route_find(r, t->also, rest) : NULL;

		for (size_t i = 0; !found && i < t->count; i++)
			if (route_matches(r, t->routes[i].pattern, rest))
				found = &t->routes[i];
		if (found)
			return found;
	}
	r->parameter_count = 0;
	return NULL;
}

handler_fn route_handler(const struct route *route, enum operation op)
{
	switch (op) {
	case OP_READ:
		return route->read;
	case OP_LIST:
		return route->list;
	case OP_CREATE:
		return route->create ? route->create : route->update;
	case OP_UPDATE:
		return route->update;
	case OP_PATCH:
		return route->patch;
	case OP_DELETE:
		return route->delete;
	default:
		return NULL;
	}
}
