#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "init/init.h"

_Noreturn void init_fail(const char *format, ...)
{
	va_list arguments;

	fputs("adyton-init: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	_exit(125);
}

void item_split(char *text, const char **path, const char **field)
{
	char *hash = strchr(text, '#');

	if (!hash || hash == text || !hash[1])
		init_fail("\"%s\": expected PATH#FIELD, such as secret/data/app#password", text);
	*hash = '\0';
	*path = text + (!strncmp(text, "v1/", 3) ? 3 : 0);
	*field = hash + 1;
	for (const char *at = *path; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || strchr("?%\"\\", *at))
			init_fail("the secret's path \"%s\" has a character that paths have not", *path);
}

/* "NAME=PATH#FIELD", for files "DEST=PATH#FIELD" or "DEST:0400=PATH#FIELD". */
static void item_add(struct init_options *o, char kind, char *text)
{
	struct init_item *item = &o->items[o->count];
	char *equals = strchr(text, '='), *colon;

	if (o->count == INIT_ITEMS_MAX)
		init_fail("more than %d secrets", INIT_ITEMS_MAX);
	if (!equals)
		init_fail("\"%s\": expected %s=PATH#FIELD", text, kind == 'e' ? "NAME" : "FILE");
	*equals = '\0';
	*item = (struct init_item){ .kind = kind, .to = text, .mode = 0400 };
	colon = kind == 'f' ? strrchr(text, ':') : NULL;
	if (colon) {
		*colon = '\0';
		item->mode = (unsigned int)strtoul(colon + 1, NULL, 8) & 0777;
	}
	if (kind == 'f' && *item->to != '/')
		init_fail("the file \"%s\" is not an absolute path", item->to);
	item_split(equals + 1, &item->path, &item->field);
	o->count++;
}

static void own_file_add(struct init_options *o, char kind, const char *path)
{
	if (o->count == INIT_ITEMS_MAX)
		init_fail("more than %d secrets", INIT_ITEMS_MAX);
	if (*path != '/')
		init_fail("the file \"%s\" is not an absolute path", path);
	o->items[o->count++] = (struct init_item){ .kind = kind, .to = path, .mode = 0400 };
}

static void option_take(struct init_options *o, const char *name, char *value)
{
	if (!strcmp(name, "--server"))
		o->server = value;
	else if (!strcmp(name, "--mount"))
		o->mount = value;
	else if (!strcmp(name, "--role"))
		o->role = value;
	else if (!strcmp(name, "--devices"))
		o->devices = value;
	else if (!strcmp(name, "--patience"))
		o->patience = (unsigned int)strtoul(value, NULL, 10);
	else if (!strcmp(name, "--environment"))
		item_add(o, 'e', value);
	else if (!strcmp(name, "--file"))
		item_add(o, 'f', value);
	else if (!strcmp(name, "--token-file"))
		own_file_add(o, 't', value);
	else if (!strcmp(name, "--identity-file"))
		own_file_add(o, 'i', value);
	else if (strcmp(name, "--cluster-key") != 0)
		init_fail("unknown option \"%s\"", name);
	else if (!hex_decode(value, strlen(value), o->cluster_key, sizeof(o->cluster_key)))
		init_fail("--cluster-key: expected 64 hexadecimal digits");
}

void options_read(struct init_options *o, int argc, char **argv)
{
	bool pinned = false;
	int i = 1;

	*o = (struct init_options){ .mount = "attest", .devices = "/dev/attestation", .patience = 30 };
	for (; i + 1 < argc && !strncmp(argv[i], "--", 2) && argv[i][2]; i += 2) {
		pinned |= !strcmp(argv[i], "--cluster-key");
		option_take(o, argv[i], argv[i + 1]);
	}
	if (i >= argc || strcmp(argv[i], "--") != 0 || i + 1 >= argc)
		init_fail(
			"usage: adyton-init --server HOST:PORT --cluster-key HEX --role ROLE [OPTION VALUE]... "
			"-- PROGRAM ...");
	if (!o->server || !o->role || !pinned)
		init_fail("--server, --cluster-key and --role are needed");
	o->program = argv + i + 1;
}
