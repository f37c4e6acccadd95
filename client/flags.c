/* Flags as Go's programs take them: -name=value, -name value, --name; those of true or false alone; up to the first
 * operand. What the verb does not list is refused. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What every verb takes. */
#define FLAGS_OF_ALL \
	"address ca-cert ca-path client-cert client-key tls-server-name tls-skip-verify! namespace ns wrap-ttl " \
	"header% output-curl-string! non-interactive! format field detailed! token help! h! "

/* Where `name` stands in a list of flags: behind it is its kind. */
static const char *flag_listed(const char *list, const char *name, size_t size)
{
	while (*list) {
		size_t word = strcspn(list, " ");

		if (word >= size && word <= size + 1 && strncmp(list, name, size) == 0 &&
		    (word == size || strchr("!*%#", list[size])))
			return list + size;
		list += word + strspn(list + word, " ");
	}
	return NULL;
}

static char flag_kind(const struct verb *v, const char *name, size_t size)
{
	const char *at = flag_listed(v->flags, name, size);

	if (!at)
		at = flag_listed(FLAGS_OF_ALL, name, size);
	return !at ? '\0' : *at && *at != ' ' ? *at : '=';
}

static bool flag_truth(const char *s, bool *out)
{
	static const char *const words[] = { "0", "f", "false", "1", "t", "true" };

	for (size_t i = 0; i < 6; i++)
		if (strcasecmp(s, words[i]) == 0) {
			*out = i >= 3;
			return true;
		}
	return false;
}

static bool flag_whole_number(const char *s)
{
	char *end;

	(void)strtol(s, &end, 10);
	return *s && !*end;
}

static int flag_check(const char *name, const char *value, char kind)
{
	bool truth;

	if (kind == '!' && !flag_truth(value, &truth))
		return complain(1, "invalid boolean value \"%s\" for -%s", value, name);
	if (kind == '#' && !flag_whole_number(value))
		return complain(1, "invalid value \"%s\" for flag -%s: expected a whole number", value, name);
	if (kind == '%' && !strchr(value, '='))
		return complain(1, "invalid value \"%s\" for flag -%s: missing = in KV pair: %s", value, name, value);
	return 0;
}

/* One flag at argv[*at]; *at then is its last argument. */
static int flag_take(struct client *c, int argc, char **argv, int *at, struct given ***end)
{
	const char *name = argv[*at] + 1 + (argv[*at][1] == '-');
	size_t size = strcspn(name, "=");
	char kind = flag_kind(c->verb, name, size);
	struct given *g = keep(sizeof(*g));

	g->name = keep_bytes(name, size);
	if (!kind)
		return complain(1, "flag provided but not defined: -%s", g->name);
	if (name[size])
		g->value = name + size + 1;
	else if (kind == '!')
		g->value = "true";
	else if (*at + 1 < argc)
		g->value = argv[++*at];
	else
		return complain(1, "flag needs an argument: -%s", g->name);
	**end = g;
	*end = &g->next;
	return flag_check(g->name, g->value, kind);
}

int flags_read(struct client *c, int argc, char **argv)
{
	struct given **end = &c->given;
	int at, status;

	for (at = 0; at < argc; at++) {
		if (argv[at][0] != '-' || !argv[at][1])
			break;
		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		status = flag_take(c, argc, argv, &at, &end);
		if (status)
			return status;
	}
	c->operands = argv + at;
	c->count = argc - at;
	if (flag(c, "help") || flag(c, "h"))
		return 0;
	if (c->count < c->verb->least)
		return complain(1, "Not enough arguments (expected %d, got %d)", c->verb->least, c->count);
	if (c->verb->most >= 0 && c->count > c->verb->most)
		return complain(1, "Too many arguments (expected %d, got %d)", c->verb->most, c->count);
	return 0;
}

const char *flag(const struct client *c, const char *name)
{
	const char *value = NULL;

	for (const struct given *g = c->given; g; g = g->next)
		if (strcmp(g->name, name) == 0)
			value = g->value;
	return value;
}

bool flag_true(const struct client *c, const char *name)
{
	const char *value = flag(c, name);
	bool truth = false;

	return value && flag_truth(value, &truth) && truth;
}

/* Values may also come several in one, between commas. */
static void flag_list(const struct client *c, struct json_writer *w, const char *name, const char *member)
{
	json_array(w, member);
	for (const struct given *g = c->given; g; g = g->next) {
		const char *s = strcmp(g->name, name) ? "" : g->value;

		while (*s) {
			size_t n = strcspn(s, ",");

			if (n)
				json_put_bytes(w, NULL, s, n);
			s += n + (s[n] == ',');
		}
	}
	json_close(w);
}

static void flag_map(const struct client *c, struct json_writer *w, const char *name, const char *member)
{
	json_object(w, member);
	for (const struct given *g = c->given; g; g = g->next) {
		size_t n = strcspn(g->value, "=");

		if (strcmp(g->name, name) == 0)
			json_put_string(w, keep_bytes(g->value, n), g->value + n + 1);
	}
	json_close(w);
}

static void flag_write(const struct client *c, struct json_writer *w, const char *name, const char *member)
{
	const char *value = flag(c, name);
	bool truth;

	if (!value)
		return;
	switch (flag_kind(c->verb, name, strlen(name))) {
	case '!':
		if (flag_truth(value, &truth))
			json_put_bool(w, member, truth);
		return;
	case '*':
		flag_list(c, w, name, member);
		return;
	case '%':
		flag_map(c, w, name, member);
		return;
	case '#':
		json_put_i64(w, member, strtol(value, NULL, 10));
		return;
	default:
		json_put_string(w, member, value);
	}
}

void flags_body(const struct client *c, struct json_writer *w, const char *spec)
{
	while (*spec) {
		size_t word = strcspn(spec, " "), name = strcspn(spec, ": ");
		char *member = name < word ? keep_bytes(spec + name + 1, word - name - 1) : keep_bytes(spec, name);

		for (char *p = member; name == word && *p; p++)
			if (*p == '-')
				*p = '_';
		flag_write(c, w, keep_bytes(spec, name), member);
		spec += word + strspn(spec + word, " ");
	}
}

static void flags_print(const char *list)
{
	while (*list) {
		size_t word = strcspn(list, " "), size = word - (strchr("!*%#", list[word - 1]) != NULL);
		char kind = size < word ? list[size] : '=';

		(void)printf("  -%.*s%s\n", (int)size, list, kind == '!' ? "" : kind == '#' ? "=N" :
			     kind == '%' ? "=KEY=VALUE ..." : kind == '*' ? "=TEXT ..." : "=TEXT");
		list += word + strspn(list + word, " ");
	}
}

void flags_help(const struct verb *v, const char *called)
{
	(void)printf("Usage: %s %s [options] %s\n\n  %s\n", called, v->name, v->operands, v->summary);
	if (*v->flags)
		(void)puts("\nOptions:\n");
	flags_print(v->flags);
	(void)puts("\nOptions of every command:\n");
	flags_print(FLAGS_OF_ALL);
}
