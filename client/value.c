/* Values of an answer, as Vault's command line shows them. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

static const char *span_text(struct json_span inside)
{
	char *s = keep(inside.size + 1);

	return json_decode(inside, s, inside.size) < 0 ? "" : s;
}

const char *value_text(const struct json *v)
{
	if (!v)
		return "";
	return v->kind == JSON_STRING ? span_text(json_inside(v)) :
	       v->kind == JSON_NULL   ? "" : keep_bytes(v->span.at, v->span.size);
}

const char *value_name(const struct json *member)
{
	return span_text(member->name);
}

static int value_compare(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;

	if (x->name.at && y->name.at)
		return strcmp(value_name(x), value_name(y));
	return strcmp(value_text(x), value_text(y));
}

const struct json **value_sorted(const struct json *v, size_t *count)
{
	const struct json **all;

	*count = 0;
	if (!v || (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY))
		return NULL;
	all = keep((v->count + 1) * sizeof(*all));
	for (const struct json *m = v->first; m; m = m->next)
		all[(*count)++] = m;
	if (*count)
		qsort(all, *count, sizeof(*all), value_compare);
	return all;
}

static void show_value(struct text *t, const struct json *v)
{
	const struct json **members;
	size_t count;

	if (v->kind == JSON_NULL) {
		text_put(t, "<nil>");
	} else if (v->kind == JSON_ARRAY) {
		text_put(t, "[");
		for (const struct json *e = v->first; e; e = e->next) {
			show_value(t, e);
			text_put(t, e->next ? " " : "");
		}
		text_put(t, "]");
	} else if (v->kind == JSON_OBJECT) {
		members = value_sorted(v, &count);
		text_put(t, "map[");
		for (size_t i = 0; i < count; i++) {
			text_put(t, i ? " " : "");
			text_put(t, value_name(members[i]));
			text_put(t, ":");
			show_value(t, members[i]);
		}
		text_put(t, "]");
	} else {
		text_put(t, value_text(v));
	}
}

const char *value_show(const struct json *v)
{
	struct text t = { .grow = keep_grow };

	if (!v)
		return "<nil>";
	keep_grow(&t, 0);
	show_value(&t, v);
	return t.at;
}

const char *value_quoted(const struct json *list)
{
	struct text t = { .grow = keep_grow };

	keep_grow(&t, 0);
	text_put(&t, "[");
	for (const struct json *e = list && list->kind == JSON_ARRAY ? list->first : NULL; e; e = e->next) {
		text_put_bytes(&t, e->span.at, e->span.size);
		text_put(&t, e->next ? " " : "");
	}
	text_put(&t, "]");
	return t.at;
}

bool value_is_duration(const char *name)
{
	static const char *const words[] = { "period", "ttl", "duration" };
	size_t length = strlen(name);

	if (strcmp(name, "lease_max") == 0 || strcmp(name, "ttl_max") == 0)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (length >= n && strcmp(name + length - n, words[i]) == 0 &&
		    (length == n || name[length - n - 1] == '_'))
			return true;
	}
	return false;
}

const char *value_duration(const struct json *v)
{
	int64_t seconds;
	struct text t = { .grow = keep_grow };

	if (!v || v->kind != JSON_NUMBER || !json_i64(v, &seconds))
		return value_show(v);
	if (seconds <= 0)
		return seconds ? keep_format("%lds", (long)seconds) : "0s";
	keep_grow(&t, 0);
	if (seconds >= 3600)
		text_put(&t, keep_format("%ldh", (long)(seconds / 3600)));
	if (seconds / 60 % 60 || (seconds >= 3600 && seconds % 60))
		text_put(&t, keep_format("%ldm", (long)(seconds / 60 % 60)));
	if (seconds % 60)
		text_put(&t, keep_format("%lds", (long)(seconds % 60)));
	return t.at;
}

void value_write(struct json_writer *w, const char *name, const struct json *v)
{
	const struct json **members;
	size_t count;

	if (v->kind == JSON_OBJECT) {
		members = value_sorted(v, &count);
		json_object(w, name);
		for (size_t i = 0; i < count; i++)
			value_write(w, value_name(members[i]), members[i]);
		json_close(w);
	} else if (v->kind == JSON_ARRAY) {
		json_array(w, name);
		for (const struct json *e = v->first; e; e = e->next)
			value_write(w, NULL, e);
		json_close(w);
	} else {
		json_put_raw(w, name, v->span.at, v->span.size);
	}
}
