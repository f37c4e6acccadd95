#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/core/backends.h"
#include "server/core/mounts.h"

const struct view mounts_view = { "core/mounts/" };

struct mount *mount_find(const struct core *core, const char *path, const char **rest)
{
	struct mount *found = NULL;
	size_t best = 0;

	list_for_each(at, &core->mounts) {
		struct mount *m = container_of(at, struct mount, link);
		size_t n = strlen(m->path);

		/* "secret" alone is the mount's root, too */
		if (n > best &&
		    (!strncmp(path, m->path, n) || (strlen(path) == n - 1 && !strncmp(path, m->path, n - 1)))) {
			found = m;
			best = n;
		}
	}
	if (found && rest)
		*rest = strlen(path) < best ? "" : path + best;
	return found;
}

struct mount *mount_of_accessor(const struct core *core, const char *accessor)
{
	list_for_each(at, &core->mounts) {
		struct mount *m = container_of(at, struct mount, link);

		if (!strcmp(m->accessor, accessor))
			return m;
	}
	return NULL;
}

const char *mount_option(struct pool *p, const struct mount *m, const char *name)
{
	struct text_error error;

	if (!m->options.size)
		return NULL;
	return pool_json_member(p, pool_read_json(p, (const char *)m->options.at, m->options.size, &error), name);
}

uint64_t mount_default_ttl(const struct core *core, const struct mount *m)
{
	return m && m->default_lease_ttl ? m->default_lease_ttl : core->config->default_lease_ttl;
}

uint64_t mount_max_ttl(const struct core *core, const struct mount *m)
{
	return m && m->max_lease_ttl ? m->max_lease_ttl : core->config->max_lease_ttl;
}

struct mount *mount_make(void)
{
	struct mount *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	pool_init(&m->pool);
	list_init(&m->link);
	return m;
}

void mount_free(struct mount *m)
{
	struct pool pool = m->pool;

	if (m->backend && m->backend->close && m->state)
		m->backend->close(m);
	list_del(&m->link);
	pool_close(&pool);
	free(m);
}

void mount_insert(struct core *core, struct mount *m)
{
	struct list *before = &core->mounts;

	list_for_each(at, &core->mounts) {
		if (strcmp(container_of(at, struct mount, link)->path, m->path) > 0)
			break;
		before = at;
	}
	list_add_head(before, &m->link);
}

const char *mount_keep(struct mount *m, const char *text)
{
	return pool_text(&m->pool, text ? text : "");
}

struct blob mount_keep_json(struct mount *m, const struct json *value)
{
	if (!value || value->kind != JSON_OBJECT || !value->count)
		return (struct blob){ NULL, 0 };
	return (struct blob){ (const uint8_t *)pool_copy(&m->pool, value->span.at, value->span.size),
			      value->span.size };
}

/* Options are strings in every answer; what a client sent as number or boolean becomes one. */
struct blob mount_keep_options(struct mount *m, const struct json *value)
{
	struct json_writer w;

	if (!value || value->kind != JSON_OBJECT || !value->count)
		return (struct blob){ NULL, 0 };
	pool_json(&m->pool, &w);
	json_object(&w, NULL);
	for (const struct json *o = value->first; o; o = o->next) {
		char *name = pool_take(&m->pool, o->name.size + 1);
		const char *text = o->kind == JSON_STRING ? pool_json_text(&m->pool, o) :
							    pool_copy(&m->pool, o->span.at, o->span.size);

		if (json_decode(o->name, name, o->name.size + 1) >= 0 && text && o->kind != JSON_NULL)
			json_put_string(&w, name, text);
	}
	json_close(&w);
	return pool_json_end(&w);
}

bool mount_flag(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_BOOL);

	return value && json_true(value);
}

/* System mounts keep their data under names of their own: their entries are found without the table. */
static const char *mount_prefix(struct mount *m)
{
	static const struct {
		const struct backend *backend;
		const char *prefix;
	} fixed[] = { { &sys_backend, "sys/" } };

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].backend == m->backend)
			return fixed[i].prefix;
	if (!strcmp(m->path, "auth/token/"))
		return "sys/token/";
	if (!strcmp(m->path, "identity/"))
		return "identity/";
	return pool_printf(&m->pool, "%s/%s/", m->backend->class == MOUNT_AUTH ? "auth" : "logical", m->uuid);
}

bool mount_resolve(struct mount *m)
{
	enum mount_class class = strncmp(m->path, "auth/", 5) ? MOUNT_SECRET : MOUNT_AUTH;

	m->backend = backend_find(m->type, class, mount_option(&m->pool, m, "version"));
	if (!m->backend)
		return false;
	m->view.prefix = mount_prefix(m);
	return true;
}

static uint64_t config_seconds(const struct mount *m, const char *name)
{
	_cleanup_pool_ struct pool p = { NULL };
	struct text_error error;
	const struct json *value;
	uint64_t seconds = 0;

	pool_init(&p);
	if (m->config.size) {
		value = json_member_of(pool_read_json(&p, (const char *)m->config.at, m->config.size, &error), name,
				       JSON_NUMBER);
		if (!value || !json_u64(value, &seconds))
			seconds = 0;
	}
	return seconds;
}

/* What is read from the tuning at every request stands beside it. */
void mount_tuned(struct mount *m)
{
	struct text_error error;
	const struct json *config;

	m->default_lease_ttl = config_seconds(m, "default_lease_ttl");
	m->max_lease_ttl = config_seconds(m, "max_lease_ttl");
	config = m->config.size ? pool_read_json(&m->pool, (const char *)m->config.at, m->config.size, &error) : NULL;
	m->token_type = pool_json_member(&m->pool, config, "token_type");
}

static struct mount *mount_read(const struct json *row)
{
	struct mount *m = mount_make();

	m->path = pool_json_member(&m->pool, row, "path");
	m->type = pool_json_member(&m->pool, row, "type");
	m->accessor = pool_json_member(&m->pool, row, "accessor");
	m->uuid = pool_json_member(&m->pool, row, "uuid");
	m->description = mount_keep(m, pool_json_member(&m->pool, row, "description"));
	m->options = mount_keep_json(m, json_member(row, "options"));
	m->config = mount_keep_json(m, json_member(row, "config"));
	m->local = mount_flag(row, "local");
	m->seal_wrap = mount_flag(row, "seal_wrap");
	m->external_entropy_access = mount_flag(row, "external_entropy_access");
	if (m->path && m->type && m->accessor && m->uuid && mount_resolve(m)) {
		mount_tuned(m);
		return m;
	}
	mount_free(m);
	return NULL;
}

void mount_store(struct request *r, const struct mount *m)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "path", m->path);
	json_put_string(w, "type", m->type);
	json_put_string(w, "accessor", m->accessor);
	json_put_string(w, "uuid", m->uuid);
	json_put_string(w, "description", m->description);
	if (m->options.size)
		json_put_raw(w, "options", (const char *)m->options.at, m->options.size);
	if (m->config.size)
		json_put_raw(w, "config", (const char *)m->config.at, m->config.size);
	json_put_bool(w, "local", m->local);
	json_put_bool(w, "seal_wrap", m->seal_wrap);
	json_put_bool(w, "external_entropy_access", m->external_entropy_access);
	entry_written(r, &mounts_view, m->uuid, w);
}

int mounts_load(struct request *r)
{
	struct names uuids = entry_list(r, &mounts_view, "");

	for (size_t i = 0; i < uuids.count; i++) {
		const struct json *row = entry_read(r, &mounts_view, uuids.at[i]);
		struct mount *m = row ? mount_read(row) : NULL;

		if (!m)
			return r->failed ? r->failed : -EBADMSG;
		mount_insert(r->core, m);
	}
	list_for_each(at, &r->core->mounts) {
		struct mount *m = container_of(at, struct mount, link);

		r->mount = m;
		if (m->backend->open && m->backend->open(r, m) >= 400)
			return r->failed ? r->failed : -EBADMSG;
	}
	r->mount = NULL;
	return r->failed;
}

void mounts_unload(struct core *core)
{
	list_for_each_safe(at, &core->mounts)
		mount_free(container_of(at, struct mount, link));
}
