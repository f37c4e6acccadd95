/* What a rule says about the members of a request. */
#include <ctype.h>
#include <string.h>

#include "server/policy/rule.h"

bool value_matches(const char *pattern, const char *text)
{
	size_t size = strlen(pattern), have = strlen(text);
	bool front = size > 1 && pattern[0] == '*', behind = size > 1 && pattern[size - 1] == '*';

	if (front && behind)
		return memmem(text, have, pattern + 1, size - 2) != NULL;
	if (front)
		return have >= size - 1 && !strcmp(text + have - (size - 1), pattern + 1);
	if (behind)
		return !strncmp(text, pattern, size - 1);
	return !strcmp(pattern, text);
}

static bool same_elements(struct pool *p, const struct json *a, const struct json *b);

/* Values that mean the same; numbers as they are written. */
static bool same_value(struct pool *p, const struct json *a, const struct json *b)
{
	const char *x, *y;

	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case JSON_STRING:
		x = pool_json_text(p, a);
		y = pool_json_text(p, b);
		return x && y && !strcmp(x, y);
	case JSON_ARRAY:
	case JSON_OBJECT:
		return a->count == b->count && same_elements(p, a, b);
	default:
		return a->span.size == b->span.size && !memcmp(a->span.at, b->span.at, a->span.size);
	}
}

static bool same_elements(struct pool *p, const struct json *a, const struct json *b)
{
	const struct json *y = b->first;

	for (const struct json *x = a->first; x; x = x->next) {
		if (a->kind == JSON_OBJECT) {
			char *name = pool_take(p, x->name.size + 1);

			y = json_decode(x->name, name, x->name.size) < 0 ? NULL : json_member(b, name);
		}
		if (!y || !same_value(p, x, y))
			return false;
		y = a->kind == JSON_OBJECT ? NULL : y->next;
	}
	return true;
}

bool parameter_has(struct pool *p, const struct parameter *parameter, const struct json *value)
{
	for (size_t i = 0; i < parameter->count; i++) {
		const struct json *v = parameter->values[i];

		if (v->kind == JSON_STRING && value->kind == JSON_STRING) {
			const char *pattern = pool_json_text(p, v), *text = pool_json_text(p, value);

			if (pattern && text && value_matches(pattern, text))
				return true;
		} else if (same_value(p, v, value)) {
			return true;
		}
	}
	return parameter->count == 0;
}

static const struct parameter *parameter_find(const struct parameter *list, const char *name)
{
	for (const struct parameter *p = list; p; p = p->next)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

/* A member's name in lower case, as rules have it. */
static const char *member_name(struct pool *p, const struct json *member)
{
	char *name = pool_take(p, member->name.size + 1);

	if (json_decode(member->name, name, member->name.size) < 0)
		return "";
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static bool denies(struct pool *p, const struct parameter *denied, const struct json *body)
{
	if (parameter_find(denied, "*"))
		return true;
	for (const struct json *m = body->first; m; m = m->next) {
		const struct parameter *d = parameter_find(denied, member_name(p, m));

		if (d && parameter_has(p, d, m))
			return true;
	}
	return false;
}

static bool allows(struct pool *p, const struct parameter *allowed, const struct json *body)
{
	bool all = parameter_find(allowed, "*") != NULL;

	if (all && !allowed->next)
		return true;
	for (const struct json *m = body->first; m; m = m->next) {
		const struct parameter *a = parameter_find(allowed, member_name(p, m));

		if (a ? !parameter_has(p, a, m) : !all)
			return false;
	}
	return true;
}

bool parameters_allow(struct pool *p, const struct rule *rule, const struct json *body)
{
	for (size_t i = 0; i < rule->required.count; i++)
		if (!json_member(body, rule->required.at[i]))
			return false;
	if (!body || !body->first)
		return true;
	if (rule->denied && denies(p, rule->denied, body))
		return false;
	return !rule->allowed || allows(p, rule->allowed, body);
}
