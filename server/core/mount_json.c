/* How mounts look in answers. */
#include <string.h>

#include "server/core/mounts.h"

void mount_put_config(struct json_writer *w, const struct mount *m)
{
	_cleanup_pool_ struct pool p = { NULL };
	const struct json *config = NULL;
	struct text_error error;

	pool_init(&p);
	if (m->config.size)
		config = pool_read_json(&p, (const char *)m->config.at, m->config.size, &error);
	json_put_u64(w, "default_lease_ttl", m->default_lease_ttl);
	json_put_u64(w, "max_lease_ttl", m->max_lease_ttl);
	json_put_bool(w, "force_no_cache", mount_flag(config, "force_no_cache"));
	for (const struct json *c = config ? config->first : NULL; c; c = c->next) {
		char *name = pool_take(&p, c->name.size + 1);
		bool shown = json_decode(c->name, name, c->name.size) < 0;

		for (size_t i = 0; i < 3; i++) {
			static const char *const above[] = { "default_lease_ttl", "max_lease_ttl", "force_no_cache" };

			shown |= !strcmp(name, above[i]);
		}
		if (!shown)
			json_put_raw(w, name, c->span.at, c->span.size);
	}
	if (m->backend->class == MOUNT_AUTH && !m->token_type)
		json_put_string(w, "token_type", "default-service");
}

static void put_options(struct json_writer *w, const struct mount *m)
{
	if (m->options.size)
		json_put_raw(w, "options", (const char *)m->options.at, m->options.size);
	else
		json_put_null(w, "options");
}

static void put_members(struct json_writer *w, const struct mount *m)
{
	json_put_string(w, "accessor", m->accessor);
	json_object(w, "config");
	mount_put_config(w, m);
	json_close(w);
	json_put_string(w, "deprecation_status", "supported");
	json_put_string(w, "description", m->description);
	json_put_bool(w, "external_entropy_access", m->external_entropy_access);
	json_put_bool(w, "local", m->local);
	put_options(w, m);
	json_put_string(w, "plugin_version", "");
	json_put_string(w, "running_plugin_version", "v" ADYTON_VERSION "+builtin");
	json_put_string(w, "running_sha256", "");
	json_put_bool(w, "seal_wrap", m->seal_wrap);
	json_put_string(w, "type", m->type);
	json_put_string(w, "uuid", m->uuid);
}

void mount_put(struct json_writer *w, const char *name, const struct mount *m)
{
	json_object(w, name);
	put_members(w, m);
	json_close(w);
}

void mount_put_members(struct request *r, const struct mount *m)
{
	put_members(reply_data(r), m);
}

const char *mount_path(struct pool *p, const char *path)
{
	size_t size = strlen(path);

	return pool_printf(p, "%s%s", path, size && path[size - 1] == '/' ? "" : "/");
}
