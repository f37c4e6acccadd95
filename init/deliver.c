/* Secrets on their way to the program. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "init/init.h"

#define REFERENCE "${secret:"

/* Engines answer with data; version 2 of kv has the secret's own data, and metadata, inside that. */
static const struct json *secret_data(const struct answer *a)
{
	const struct json *data = json_member_of(a->root, "data", JSON_OBJECT);
	const struct json *inner = json_member_of(data, "data", JSON_OBJECT);

	return inner && json_member(data, "metadata") ? inner : data;
}

void secret_fetch(struct connection *c, const char *path, const char *field, char value[INIT_VALUE_MAX])
{
	struct answer a = connection_ask(c, "GET", path, "");
	const struct json *member;
	struct json_span span;
	long size;

	if (a.status != 200)
		init_fail("secret %s: %s (status %d)", path, a.status == 404 ? "there is none" : answer_error(&a),
			  a.status);
	member = json_member(secret_data(&a), field);
	if (!member || member->kind == JSON_NULL)
		init_fail("secret %s has no member \"%s\"", path, field);
	span = member->kind == JSON_STRING ? json_inside(member) : member->span;
	if (member->kind == JSON_STRING)
		size = json_decode(span, value, INIT_VALUE_MAX - 1);
	else
		size = span.size < INIT_VALUE_MAX ? (long)span.size : -ERANGE;
	if (size < 0)
		init_fail("secret %s: \"%s\" is longer than 64 KiB", path, field);
	if (member->kind != JSON_STRING)
		memcpy(value, span.at, (size_t)size);
	value[size] = '\0';
	if (memchr(value, 0, (size_t)size))
		init_fail("secret %s: \"%s\" has a NUL inside", path, field);
}

static void folders_make(const char *path)
{
	char folder[4096];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdir(folder, 0700) && errno != EEXIST)
			init_fail("%s: %s (secrets go to a tmpfs)", folder, strerror(errno));
	}
}

static void file_write(const struct init_item *item, const char *value)
{
	size_t size = strlen(value);
	int fd;

	folders_make(item->to);
	fd = open(item->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, item->mode);
	if (fd < 0)
		init_fail("%s: %s", item->to, strerror(errno));
	if (write(fd, value, size) != (ssize_t)size || close(fd))
		init_fail("%s: cannot be written", item->to);
}

void items_deliver(struct connection *c)
{
	static char value[INIT_VALUE_MAX];

	for (size_t i = 0; i < c->options->count; i++) {
		const struct init_item *item = &c->options->items[i];

		if (item->kind == 't')
			(void)snprintf(value, sizeof(value), "%s", c->token);
		else if (item->kind == 'i')
			connection_identity(c, value);
		else
			secret_fetch(c, item->path, item->field, value);
		if (item->kind != 'e')
			file_write(item, value);
		else if (setenv(item->to, value, 1))
			init_fail("the variable \"%s\" cannot be set", item->to);
		mem_wipe(value, sizeof(value));
	}
}

/* "${secret:path#field}" at `at`: its value into `to`; what stands behind it is returned. */
static char *reference_fill(struct connection *c, char *at, FILE *to)
{
	static char value[INIT_VALUE_MAX];
	char *end = strchr(at, '}');
	const char *path, *field;

	if (!end)
		init_fail("the argument \"%s\" has a reference without an end", at);
	*end = '\0';
	item_split(at + strlen(REFERENCE), &path, &field);
	secret_fetch(c, path, field, value);
	fputs(value, to);
	mem_wipe(value, sizeof(value));
	return end + 1;
}

/* From left to right, so that a secret's own text is never looked at for references. */
static char *argument_fill(struct connection *c, char *argument)
{
	char *filled = NULL, *at = argument;
	size_t size;
	FILE *to = open_memstream(&filled, &size);

	if (!to)
		init_fail("no memory");
	for (char *next; (next = strstr(at, REFERENCE)) != NULL;) {
		fwrite(at, 1, (size_t)(next - at), to);
		at = reference_fill(c, next, to);
	}
	fputs(at, to);
	if (fclose(to))
		init_fail("no memory");
	return filled;
}

void arguments_fill(struct connection *c, char **arguments)
{
	for (char **a = arguments; *a; a++)
		if (strstr(*a, REFERENCE))
			*a = argument_fill(c, *a);
}
