/* Configurations from files and folders, and the one of -dev. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/core/config.h"

static int file_read(struct config *c, const char *path, char *error, size_t size)
{
	struct text_error wrong;
	FILE *file = fopen(path, "re");
	size_t used;
	char *text;
	int err;

	if (!file) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	text = malloc(CONFIG_MAX + 1);
	if (!text)
		abort();
	used = fread(text, 1, CONFIG_MAX + 1, file);
	fclose(file);
	err = config_read(c, text, used, &wrong);
	if (err)
		snprintf(error, size, "%s:%u:%u: %s", path, wrong.line, wrong.column, wrong.message);
	explicit_bzero(text, used);
	free(text);
	return err;
}

static int is_config(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return entry->d_name[0] != '.' && ((size > 4 && !strcmp(entry->d_name + size - 4, ".hcl")) ||
					   (size > 5 && !strcmp(entry->d_name + size - 5, ".json")));
}

static int folder_read(struct config *c, const char *path, char *error, size_t size)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_config, alphasort), err = 0;

	if (count <= 0) {
		snprintf(error, size, "%s: %s", path, count ? strerror(errno) : "no *.hcl or *.json in this folder");
		return -EINVAL;
	}
	for (int i = 0; i < count; i++) {
		if (!err)
			err = file_read(c, pool_printf(&c->pool, "%s/%s", path, entries[i]->d_name), error, size);
		free(entries[i]);
	}
	free(entries);
	return err;
}

int config_load(struct config *c, const char *path, char *error, size_t size)
{
	struct stat about;
	int err;

	if (stat(path, &about)) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	err = S_ISDIR(about.st_mode) ? folder_read(c, path, error, size) : file_read(c, path, error, size);
	if (!err && (!c->storage_type || !c->listeners)) {
		snprintf(error, size, "%s: expected a %s, found none", path, c->storage_type ? "listener" : "storage");
		err = -EINVAL;
	}
	return err;
}

void config_dev(struct config *c, const char *root_token, const char *address)
{
	struct listener *l = config_listener(c);

	config_defaults(c);
	l->address = pool_text(&c->pool, address ? address : "127.0.0.1:8200");
	l->tls_disable = true;
	c->storage_type = "inmem";
	c->dev = true;
	c->dev_root_token = root_token ? pool_text(&c->pool, root_token) : NULL;
	if (!c->api_addr)
		c->api_addr = pool_printf(&c->pool, "http://%s", l->address);
}

void config_free(struct config *c)
{
	pool_close(&c->pool);
}
