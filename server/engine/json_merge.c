#include <string.h>

#include "server/engine/json_merge.h"

/* Where the result grows: large enough from the beginning, see the callers. */
struct out {
	struct pool *pool;
	char *at;
	size_t used;
};

static void out_put(struct out *o, const char *s, size_t size)
{
	memcpy(o->at + o->used, s, size);
	o->used += size;
}

static void out_name(struct out *o, const struct json *member, bool *filled)
{
	if (*filled)
		out_put(o, ",", 1);
	*filled = true;
	out_put(o, "\"", 1);
	out_put(o, member->name.at, member->name.size);
	out_put(o, "\":", 2);
}

/* Names are compared as decoded: "a" and "\u0061" are one. */
static struct json_span name_decoded(struct pool *p, const struct json *member)
{
	struct json_span name = member->name;
	char *to;
	long size;

	if (!memchr(name.at, '\\', name.size))
		return name;
	to = pool_take(p, name.size + 1);
	size = json_decode(name, to, name.size + 1);
	return (struct json_span){ to, size < 0 ? 0 : (size_t)size };
}

static const struct json *member_like(struct pool *p, const struct json *object, const struct json *like)
{
	struct json_span wanted = name_decoded(p, like);

	for (const struct json *m = object->first; m; m = m->next) {
		struct json_span name = name_decoded(p, m);

		if (name.size == wanted.size && !memcmp(name.at, wanted.at, name.size))
			return m;
	}
	return NULL;
}

/* The depth of both texts is bounded by JSON_DEPTH_MAX, and so is this recursion. */
static void merge_value(struct out *o, const struct json *target, const struct json *patch)
{
	bool filled = false;

	if (patch->kind != JSON_OBJECT) {
		out_put(o, patch->span.at, patch->span.size);
		return;
	}
	if (target && target->kind != JSON_OBJECT)
		target = NULL;
	out_put(o, "{", 1);
	for (const struct json *m = target ? target->first : NULL; m; m = m->next) {
		const struct json *change = member_like(o->pool, patch, m);

		if (change && change->kind == JSON_NULL)
			continue;
		out_name(o, m, &filled);
		if (change)
			merge_value(o, m, change);
		else
			out_put(o, m->span.at, m->span.size);
	}
	for (const struct json *m = patch->first; m; m = m->next) {
		if (m->kind == JSON_NULL || (target && member_like(o->pool, target, m)))
			continue;
		out_name(o, m, &filled);
		merge_value(o, NULL, m);
	}
	out_put(o, "}", 1);
}

/* Each piece of the result, punctuation too, stands in one of the two texts and is taken once. */
struct blob json_merge(struct pool *p, const struct json *target, const struct json *patch)
{
	struct out o = { .pool = p };

	o.at = pool_take(p, (target ? target->span.size : 0) + patch->span.size + 1);
	merge_value(&o, target, patch);
	return (struct blob){ (const uint8_t *)o.at, o.used };
}

static void skeleton_value(struct out *o, const struct json *object, int64_t level, int64_t depth)
{
	bool filled = false;

	out_put(o, "{", 1);
	for (const struct json *m = object->first; m; m = m->next) {
		out_name(o, m, &filled);
		if (m->kind == JSON_OBJECT && m->first && (depth == 0 || level < depth))
			skeleton_value(o, m, level + 1, depth);
		else
			out_put(o, "null", 4);
	}
	out_put(o, "}", 1);
}

/* A value of one character becomes null at most: four times the text is enough. */
struct blob json_skeleton(struct pool *p, const struct json *object, int64_t depth)
{
	struct out o = { .pool = p };

	o.at = pool_take(p, 4 * object->span.size + 1);
	skeleton_value(&o, object, 1, depth);
	return (struct blob){ (const uint8_t *)o.at, o.used };
}

const char *json_name(struct pool *p, const struct json *member)
{
	char *to = pool_take(p, member->name.size + 1);
	long size = json_decode(member->name, to, member->name.size + 1);

	return size >= 0 && !memchr(to, 0, (size_t)size) ? to : NULL;
}
