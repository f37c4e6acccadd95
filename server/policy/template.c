/* {{identity.entity.name}} and its like in the paths of policies. */
#include <string.h>

#include "server/identity/identity.h"
#include "server/policy/rule.h"

bool template_balanced(const char *text)
{
	for (;;) {
		const char *open = strstr(text, "{{"), *close = strstr(text, "}}"), *next;

		if (!open)
			return !close;
		if (!close || close < open)
			return false;
		next = strstr(open + 2, "{{");
		if (next && next < close)
			return false;
		text = close + 2;
	}
}

/* The part behind a word, or NULL: after("entity.id", "entity.") is "id". */
static const char *after(const char *text, const char *word)
{
	size_t size = strlen(word);

	return strncmp(text, word, size) ? NULL : text + size;
}

static const char *of_metadata(struct pool *p, struct blob metadata, const char *name)
{
	struct text_error error;
	const struct json *root = metadata.size ?
		pool_read_json(p, (const char *)metadata.at, metadata.size, &error) : NULL;

	return pool_json_member(p, root, name);
}

static const char *of_alias(struct pool *p, const struct entity *entity, const char *what)
{
	const char *dot = strchr(what, '.');

	for (size_t i = 0; dot && i < entity->alias_count; i++) {
		const struct entity_alias *a = &entity->aliases[i];
		size_t size = strlen(a->mount_accessor);

		if (size != (size_t)(dot - what) || memcmp(a->mount_accessor, what, size))
			continue;
		if (!strcmp(dot, ".id"))
			return a->id;
		if (!strcmp(dot, ".name"))
			return a->name;
		return after(dot, ".metadata.") ? of_metadata(p, a->metadata, dot + 10) : NULL;
	}
	return NULL;
}

static const char *of_entity(struct pool *p, const struct entity *entity, const char *what)
{
	if (!strcmp(what, "id"))
		return entity->id;
	if (!strcmp(what, "name"))
		return entity->name;
	if (after(what, "metadata."))
		return of_metadata(p, entity->metadata, what + 9);
	return after(what, "aliases.") ? of_alias(p, entity, what + 8) : NULL;
}

/* "ids.<id>.name", "names.<name>.metadata.<key>": only of groups that the entity is in. */
static const char *of_group(struct pool *p, const struct entity *entity, const char *what)
{
	bool by_id = after(what, "ids.") != NULL;
	const char *key = by_id ? what + 4 : after(what, "names."), *dot = key ? strchr(key, '.') : NULL;

	for (size_t i = 0; dot && i < entity->group_count; i++) {
		const struct entity_group *g = &entity->groups[i];
		const char *is = by_id ? g->id : g->name;

		if (!is || strlen(is) != (size_t)(dot - key) || memcmp(is, key, (size_t)(dot - key)))
			continue;
		if (!strcmp(dot, ".id"))
			return g->id;
		if (!strcmp(dot, ".name"))
			return g->name;
		return after(dot, ".metadata.") ? of_metadata(p, g->metadata, dot + 10) : NULL;
	}
	return NULL;
}

static const char *template_value(struct pool *p, const char *selector, const struct policy_identity *identity)
{
	const struct entity *entity = identity ? identity->entity : NULL;
	const char *value = NULL;

	if (entity && after(selector, "identity.entity."))
		value = of_entity(p, entity, selector + 16);
	else if (entity && after(selector, "identity.groups."))
		value = of_group(p, entity, selector + 16);
	return value && *value ? value : NULL;
}

const char *template_fill(struct pool *p, const char *text, const struct policy_identity *identity)
{
	const char *filled = "", *open;

	for (; (open = strstr(text, "{{")); ) {
		const char *from = open + 2, *close = strstr(from, "}}"), *end = close, *value;

		while (from < end && strchr(" \t", *from))
			from++;
		while (end > from && strchr(" \t", end[-1]))
			end--;
		value = template_value(p, pool_copy(p, from, (size_t)(end - from)), identity);
		if (!value)
			return NULL;
		filled = pool_printf(p, "%s%.*s%s", filled, (int)(open - text), text, value);
		text = close + 2;
	}
	return pool_printf(p, "%s%s", filled, text);
}
