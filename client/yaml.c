/* YAML in the one style that Vault's command line writes: members sorted, lists not indented. */
#include "client/client.h"

#include <string.h>
#include <strings.h>

/* Text that no reader of YAML takes for something else. All other strings stand as JSON, which is YAML too. */
static bool yaml_plain(const char *s)
{
	static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return false;
	if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/", *s) || !*s)
		return false;
	for (const char *p = s; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+=- ", *p))
			return false;
	return s[strlen(s) - 1] != ' ';
}

static void yaml_scalar(const struct json *v)
{
	const char *text = value_text(v);

	if (v->kind == JSON_STRING && yaml_plain(text))
		(void)printf("%s\n", text);
	else if (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT)
		(void)puts(v->kind == JSON_ARRAY ? "[]" : "{}");
	else
		(void)printf("%.*s\n", (int)v->span.size, v->span.at);
}

static void yaml_value(const struct json *v, int depth, bool begun)
{
	const struct json **members;
	size_t count;

	members = v->kind == JSON_OBJECT ? value_sorted(v, &count) : NULL;
	for (size_t i = 0; members && i < count; i++) {
		const struct json *m = members[i];
		bool nested = (m->kind == JSON_OBJECT || m->kind == JSON_ARRAY) && m->first;
		const char *name = value_name(m);

		(void)printf("%*s", begun && !i ? 0 : depth, "");
		(void)printf(yaml_plain(name) ? "%s:%s" : "\"%s\":%s", name, nested ? "\n" : " ");
		if (nested)
			yaml_value(m, m->kind == JSON_ARRAY ? depth : depth + 2, false);
		else
			yaml_scalar(m);
	}
	for (const struct json *e = v->kind == JSON_ARRAY ? v->first : NULL; e; e = e->next) {
		(void)printf("%*s- ", begun && e == v->first ? 0 : depth, "");
		if (e->first)
			yaml_value(e, depth + 2, true);
		else
			yaml_scalar(e);
	}
}

void yaml_print(const struct json *v)
{
	if (v->first)
		yaml_value(v, 0, false);
	else
		yaml_scalar(v);
}
