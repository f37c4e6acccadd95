/* Bodies of requests, and the key=value arguments that fill them. */
#include "client/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void body_start(struct json_writer *w)
{
	json_write_init(w, keep(256), 256, false);
	w->text.grow = keep_grow;
	json_object(w, NULL);
}

const char *body_end(struct json_writer *w)
{
	json_close(w);
	if (json_write_end(w) < 0) {
		(void)complain(1, "the data are not UTF-8 text");
		exit(1);
	}
	return w->text.at;
}

const char *body_of(const char *name, const char *value)
{
	struct json_writer w;

	body_start(&w);
	json_put_string(&w, name, value);
	return body_end(&w);
}

char *file_read(const char *path, size_t *size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct text t = { .grow = keep_grow };
	char part[4096];
	size_t n;
	bool bad;

	if (!f)
		return NULL;
	keep_grow(&t, 0);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		text_put_bytes(&t, part, n);
	explicit_bzero(part, sizeof(part));
	bad = ferror(f);
	if (f != stdin)
		(void)fclose(f);
	*size = t.used;
	return bad ? NULL : t.at;
}

char *secret_prompt(const char *what)
{
	struct termios before, quiet;
	bool terminal = isatty(0) && tcgetattr(0, &before) == 0;
	char line[4096];
	char *got;

	(void)fprintf(stderr, "%s (will be hidden): ", what);
	if (terminal) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(0, TCSAFLUSH, &quiet);
	}
	got = fgets(line, sizeof(line), stdin);
	if (terminal)
		(void)tcsetattr(0, TCSAFLUSH, &before);
	(void)fputc('\n', stderr);
	if (!got)
		return NULL;
	got = keep_bytes(line, strcspn(line, "\r\n"));
	explicit_bzero(line, sizeof(line));
	return got;
}

static const char *json_string(const char *s, size_t size)
{
	struct json_writer w;

	json_write_init(&w, keep(256), 256, false);
	w.text.grow = keep_grow;
	json_put_bytes(&w, NULL, s, size);
	return json_write_end(&w) < 0 ? NULL : w.text.at;
}

static void pair_put(struct pair **pairs, const char *name, const char *json)
{
	struct pair *p;

	while (*pairs)
		pairs = &(*pairs)->next;
	p = *pairs = keep(sizeof(*p));
	p->name = name;
	p->json = json;
}

/* @file and -: a whole object. */
static int pairs_object(const char *path, struct pair **pairs)
{
	struct answer a = { 0 };

	a.body = file_read(path, &a.size);
	if (!a.body)
		return complain(-1, "Failed to parse K=V data: %s: %s", path, strerror(errno));
	answer_parse(&a);
	if (!a.json || a.json->kind != JSON_OBJECT)
		return complain(-1, "Failed to parse K=V data: %s: expected a JSON object",
				strcmp(path, "-") ? path : "standard input");
	for (const struct json *m = a.json->first; m; m = m->next)
		pair_put(pairs, value_name(m), keep_bytes(m->span.at, m->span.size));
	return 0;
}

static int pairs_one(const char *operand, struct pair **pairs)
{
	const char *value = strchr(operand, '='), *json;
	size_t size;

	if (*operand == '@' || strcmp(operand, "-") == 0)
		return pairs_object(*operand == '@' ? operand + 1 : operand, pairs);
	if (!value)
		return complain(-1, "Failed to parse K=V data: invalid key/value pair \"%s\": format must be key=value",
				operand);
	const char *name = keep_bytes(operand, (size_t)(value - operand));

	value++;
	if (*value == '@' || strcmp(value, "-") == 0) {
		const char *path = *value == '@' ? value + 1 : value;

		value = file_read(path, &size);
		if (!value)
			return complain(-1, "Failed to parse K=V data: error reading file: %s: %s", path,
					strerror(errno));
	} else {
		value += value[0] == '\\' && value[1] == '@';
		size = strlen(value);
	}
	json = json_string(value, size);
	if (!json)
		return complain(-1, "Failed to parse K=V data: the value of %s is not UTF-8 text", name);
	pair_put(pairs, name, json);
	return 0;
}

int pairs_read(char **operands, struct pair **pairs)
{
	*pairs = NULL;
	for (; *operands; operands++)
		if (pairs_one(*operands, pairs))
			return -1;
	return 0;
}

/* A key that stands there several times is a list, where it first stood. */
void pairs_write(struct json_writer *w, const struct pair *pairs)
{
	for (const struct pair *p = pairs; p; p = p->next) {
		const struct pair *before = pairs, *q = p->next;

		while (before != p && strcmp(before->name, p->name))
			before = before->next;
		if (before != p)
			continue;
		while (q && strcmp(q->name, p->name))
			q = q->next;
		if (!q) {
			json_put_raw(w, p->name, p->json, strlen(p->json));
			continue;
		}
		json_array(w, p->name);
		for (q = p; q; q = q->next)
			if (strcmp(q->name, p->name) == 0)
				json_put_raw(w, NULL, q->json, strlen(q->json));
		json_close(w);
	}
}

const char *pair_value(const struct pair *pairs, const char *name)
{
	for (const struct pair *p = pairs; p; p = p->next) {
		struct answer a = { .body = p->json, .size = strlen(p->json) };

		if (strcmp(p->name, name))
			continue;
		answer_parse(&a);
		return value_text(a.json);
	}
	return NULL;
}
