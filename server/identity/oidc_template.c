/*
 * Templates of claims: JSON in which "{{identity.entity.name}}" stands for a whole JSON value, so that no name of
 * anybody can break out of it.
 */
#include <string.h>

#include "server/identity/oidc.h"

static const char *const reserved[] = { "iat", "aud", "exp", "iss", "sub", "namespace", "nonce", "auth_time", "at_hash",
					"c_hash" };

const char *claims_reserved(const char *name)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (!strcmp(reserved[i], name))
			return reserved[i];
	return NULL;
}

/* A JSON value as its text. */
static const char *string_value(struct pool *p, const char *text)
{
	struct json_writer w;
	struct blob b;

	pool_json(p, &w);
	json_array(&w, NULL);
	json_put_string(&w, NULL, text ? text : "");
	json_close(&w);
	b = pool_json_end(&w);
	return pool_copy(p, (const char *)b.at + 1, b.size - 2); /* without the brackets */
}

static const char *object_value(struct pool *p, struct blob object)
{
	return object.size ? pool_copy(p, (const char *)object.at, object.size) : "{}";
}

static const char *member_value(struct pool *p, struct blob object, const char *name)
{
	struct text_error error;
	const struct json *root = object.size ? pool_read_json(p, (const char *)object.at, object.size, &error) : NULL;

	return string_value(p, pool_json_member(p, root, name));
}

static const char *groups_value(struct pool *p, const struct entity *e, bool names)
{
	struct json_writer w;
	struct blob b;

	pool_json(p, &w);
	json_array(&w, NULL);
	for (size_t i = 0; i < e->group_count; i++)
		json_put_string(&w, NULL, names ? e->groups[i].name : e->groups[i].id);
	json_close(&w);
	b = pool_json_end(&w);
	return pool_copy(p, (const char *)b.at, b.size);
}

/* "<accessor>.name", ".id", ".metadata", ".metadata.<key>" */
static const char *alias_value(struct pool *p, const struct entity *e, const char *path)
{
	static const struct entity_alias none;
	const struct entity_alias *a = &none;
	const char *dot = strchr(path, '.');

	if (!dot)
		return NULL;
	for (size_t i = 0; i < e->alias_count; i++)
		if (strlen(e->aliases[i].mount_accessor) == (size_t)(dot - path) &&
		    !memcmp(e->aliases[i].mount_accessor, path, (size_t)(dot - path)))
			a = e->aliases + i;
	if (!strcmp(dot, ".name"))
		return string_value(p, a->name);
	if (!strcmp(dot, ".id"))
		return string_value(p, a->id);
	if (!strcmp(dot, ".metadata"))
		return object_value(p, a->metadata);
	return strncmp(dot, ".metadata.", 10) ? NULL : member_value(p, a->metadata, dot + 10);
}

static const char *time_value(struct request *r, const char *path)
{
	int64_t nanoseconds = 0;
	bool minus = !strncmp(path, ".minus.", 7);

	if (*path && ((strncmp(path, ".plus.", 6) && !minus) ||
		      !duration_read(path + (minus ? 7 : 6), &nanoseconds) || nanoseconds < 0))
		return NULL;
	nanoseconds /= 1000000000;
	return pool_printf(&r->pool, "%ld", request_seconds(r) + (minus ? -nanoseconds : nanoseconds));
}

/* What a directive stands for; NULL: nothing that we know. */
static const char *directive_value(struct request *r, const char *path, const struct entity *e)
{
	struct pool *p = &r->pool;

	if (!strncmp(path, "time.now", 8))
		return time_value(r, path + 8);
	if (strncmp(path, "identity.entity.", 16))
		return NULL;
	path += 16;
	if (!strcmp(path, "id"))
		return string_value(p, e->id);
	if (!strcmp(path, "name"))
		return string_value(p, e->name);
	if (!strcmp(path, "metadata"))
		return object_value(p, e->metadata);
	if (!strncmp(path, "metadata.", 9))
		return member_value(p, e->metadata, path + 9);
	if (!strcmp(path, "groups.names") || !strcmp(path, "groups.ids"))
		return groups_value(p, e, path[7] == 'n');
	return strncmp(path, "aliases.", 8) ? NULL : alias_value(p, e, path + 8);
}

const struct json *claims_template(struct request *r, const char *text, const struct entity *e, const char **why)
{
	static const struct entity nobody;
	const char *filled = "", *open, *close, *path, *value;
	const struct json *root;
	struct text_error error;

	*why = NULL;
	while ((open = strstr(text, "{{"))) {
		close = strstr(open, "}}");
		path = close ? trimmed_text(&r->pool, pool_copy(&r->pool, open + 2, (size_t)(close - open - 2))) : "";
		value = close ? directive_value(r, path, e ? e : &nobody) : NULL;
		if (!value) {
			*why = close ? "no value could be found for one of the template directives"
				     : "unbalanced templating characters";
			return NULL;
		}
		filled = pool_printf(&r->pool, "%s%.*s%s", filled, (int)(open - text), text, value);
		text = close + 2;
	}
	filled = pool_printf(&r->pool, "%s%s", filled, text);
	root = pool_read_json(&r->pool, filled, strlen(filled), &error);
	if (root && root->kind == JSON_OBJECT)
		return root;
	*why = "expected a JSON object";
	return NULL;
}

void claims_put(struct request *r, struct json_writer *w, const struct json *members, struct names *taken)
{
	for (const struct json *m = members ? members->first : NULL; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size + 1) < 0 || claims_reserved(name) ||
		    names_have(taken, name))
			continue;
		names_add(&r->pool, taken, name);
		json_put_raw(w, name, m->span.at, m->span.size);
	}
}

int claims_template_check(struct request *r, const char **text)
{
	const struct json *filled;
	struct blob decoded;
	const char *why;

	if (!**text)
		return 0;
	if (pool_base64_read(&r->pool, *text, &decoded))
		*text = pool_copy(&r->pool, (const char *)decoded.at, decoded.size);
	filled = claims_template(r, *text, NULL, &why);
	if (!filled)
		return refuse(r, 400, "error parsing template JSON: %s", why);
	for (const struct json *m = filled->first; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size + 1) < 0 || claims_reserved(name))
			return refuse(r, 400, "top level key \"%s\" not allowed. Restricted keys: iat, aud, exp, iss, "
				      "sub, namespace, nonce, auth_time, at_hash, c_hash", name);
	}
	return 0;
}
