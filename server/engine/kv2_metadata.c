/* metadata/<key>: settings of a key, what is known of its versions, and its end. */
#include <string.h>

#include "server/engine/json_merge.h"
#include "server/engine/kv2.h"
#include "server/engine/whole.h"

static void put_versions(struct request *r, struct json_writer *w, const struct kv2_meta *m)
{
	json_object(w, "versions");
	for (size_t i = 0; i < m->count; i++) {
		json_object(w, pool_printf(&r->pool, "%lu", m->versions[i].number));
		kv2_put_time(r, w, "created_time", m->versions[i].created);
		kv2_put_time(r, w, "deletion_time", m->versions[i].deleted);
		json_put_bool(w, "destroyed", m->versions[i].destroyed);
		json_close(w);
	}
	json_close(w);
}

int kv2_metadata_read(struct request *r)
{
	const char *key = ask_text_or(r, "path", "");
	struct json_writer *w;
	struct kv2_meta m;

	if (!*key)
		return kv2_astray(r);
	if (!kv2_meta_read(r, key, &m))
		return 404;
	w = reply_data(r);
	json_put_bool(w, "cas_required", m.cas_required);
	kv2_put_time(r, w, "created_time", m.created);
	json_put_u64(w, "current_version", m.current);
	kv2_put_custom(w, &m);
	json_put_string(w, "delete_version_after", duration_text(&r->pool, (uint64_t)m.delete_version_after));
	json_put_u64(w, "max_versions", m.max_versions);
	json_put_u64(w, "oldest_version", m.oldest);
	kv2_put_time(r, w, "updated_time", m.updated);
	put_versions(r, w, &m);
	return 200;
}

int kv2_metadata_list(struct request *r)
{
	struct names keys = entry_list(r, &r->mount->view, pool_printf(&r->pool, "meta/%s", path_folder(r)));

	return reply_keys(r, &keys);
}

/* What both write and patch set, where it was sent. False: refused. */
static bool settings_take(struct request *r, struct kv2_meta *m)
{
	if (!kv2_max_versions_asked(r, &m->max_versions) ||
	    !kv2_duration_asked(r, "delete_version_after", &m->delete_version_after))
		return false;
	if (m->delete_version_after < 0) {
		refuse(r, 400, "Field validation failed: cannot provide negative value for \"delete_version_after\"");
		return false;
	}
	m->cas_required = ask_bool(r, "cas_required", m->cas_required);
	return true;
}

static int metadata_written(struct request *r, const struct kv2_meta *m)
{
	struct kv2_config c;

	kv2_config_read(r, &c);
	kv2_meta_write(r, m);
	if (!c.cas_required || !asked(r, "cas_required") || m->cas_required)
		return 204;
	reply_warning(r,
		      "\"cas_required\" set to false, but is mandated by backend config. This value will be ignored.");
	return 200;
}

int kv2_metadata_write(struct request *r)
{
	const char *key = path_to_write(r);
	struct kv2_meta m;

	if (!key)
		return 400;
	if (!asked(r, "max_versions") && !asked(r, "cas_required") && !asked(r, "delete_version_after") &&
	    !asked(r, "custom_metadata"))
		return 204;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!kv2_meta_read(r, key, &m))
		m.created = m.updated = r->now;
	if (!settings_take(r, &m))
		return 400;
	if (asked(r, "custom_metadata")) {
		m.custom = kv2_custom_asked(r, false);
		if (!m.custom.size)
			return 400;
	}
	return metadata_written(r, &m);
}

static bool is_null(const struct request *r, const char *name)
{
	const struct json *value = json_member(r->body, name);

	return value && value->kind == JSON_NULL;
}

/* An object of strings that results may have more members than either had: the limit holds for the whole. */
static bool custom_patch(struct request *r, struct kv2_meta *m)
{
	struct text_error error;
	struct blob patch = kv2_custom_asked(r, true);
	const struct json *target, *change, *result;

	if (!patch.size)
		return false;
	target = m->custom.size ? pool_read_json(&r->pool, (const char *)m->custom.at, m->custom.size, &error) : NULL;
	change = pool_read_json(&r->pool, (const char *)patch.at, patch.size, &error);
	m->custom = json_merge(&r->pool, target, change);
	result = pool_read_json(&r->pool, (const char *)m->custom.at, m->custom.size, &error);
	if (result && result->count <= 64)
		return true;
	refuse(r, 400, "custom_metadata validation failed: payload must contain at most 64 keys, provided %u",
	       result ? result->count : 0);
	return false;
}

int kv2_metadata_patch(struct request *r)
{
	const char *key = path_to_write(r);
	struct kv2_meta m;

	if (!key)
		return 400;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!kv2_meta_read(r, key, &m))
		return 404;
	if (is_null(r, "max_versions"))
		m.max_versions = 0;
	if (is_null(r, "cas_required"))
		m.cas_required = false;
	if (is_null(r, "delete_version_after"))
		m.delete_version_after = 0;
	if (is_null(r, "custom_metadata"))
		m.custom.size = 0;
	if (!settings_take(r, &m) || (asked(r, "custom_metadata") && !custom_patch(r, &m)))
		return 400;
	return metadata_written(r, &m);
}

int kv2_metadata_delete(struct request *r)
{
	const char *key = ask_text_or(r, "path", "");
	struct kv2_meta m;

	if (!*key)
		return kv2_astray(r);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!kv2_meta_read(r, key, &m))
		return 204;
	for (size_t i = 0; i < m.count; i++)
		entry_delete(r, &r->mount->view, kv2_data_key(r, key, m.versions[i].number));
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "meta/%s", key));
	return 204;
}
