/* delete/, undelete/ and destroy/: single versions of a key; and the settings of the mount. */
#include "server/engine/kv2.h"
#include "server/engine/whole.h"

static void version_delete(struct request *r, const struct kv2_config *c, const struct kv2_meta *m,
			   struct kv2_version *v)
{
	(void)c;
	(void)m;
	if (!v->destroyed && !kv2_is_deleted(r, v))
		v->deleted = r->now;
}

static void version_undelete(struct request *r, const struct kv2_config *c, const struct kv2_meta *m,
			     struct kv2_version *v)
{
	if (!v->destroyed)
		v->deleted = kv2_end(r, c, m);
}

static void version_destroy(struct request *r, const struct kv2_config *c, const struct kv2_meta *m,
			    struct kv2_version *v)
{
	(void)c;
	v->destroyed = true;
	entry_delete(r, &r->mount->view, kv2_data_key(r, m->key, v->number));
}

/* An unknown key or number is no error: what is asked for holds. */
static int versions_change(struct request *r, const char *none,
			   void (*change)(struct request *, const struct kv2_config *, const struct kv2_meta *,
					  struct kv2_version *))
{
	const char *key = path_to_write(r);
	struct kv2_config c;
	struct kv2_meta m;
	uint64_t *numbers;
	size_t count;

	if (!key || !kv2_versions_asked(r, &numbers, &count))
		return 400;
	if (!count)
		return refuse(r, 400, "%s", none);
	kv2_config_read(r, &c);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, key);
	if (!kv2_meta_read(r, key, &m))
		return 204;
	for (size_t i = 0; i < count; i++) {
		struct kv2_version *v = kv2_version(&m, numbers[i]);

		if (v)
			change(r, &c, &m, v);
	}
	kv2_meta_write(r, &m);
	return 204;
}

int kv2_delete_versions(struct request *r)
{
	return versions_change(r, "No version number provided", version_delete);
}

int kv2_undelete_versions(struct request *r)
{
	return versions_change(r, "No version number provided", version_undelete);
}

int kv2_destroy_versions(struct request *r)
{
	return versions_change(r, "no version number provided", version_destroy);
}

int kv2_config_get(struct request *r)
{
	struct json_writer *w = reply_data(r);
	struct kv2_config c;

	kv2_config_read(r, &c);
	json_put_bool(w, "cas_required", c.cas_required);
	json_put_string(w, "delete_version_after",
			c.delete_version_after < 0 ? "-1s" : duration_text(&r->pool, (uint64_t)c.delete_version_after));
	json_put_u64(w, "max_versions", c.max_versions);
	return 200;
}

int kv2_config_set(struct request *r)
{
	struct json_writer *w;
	struct kv2_config c;

	if (!asked(r, "max_versions") && !asked(r, "cas_required") && !asked(r, "delete_version_after"))
		return 204;
	entry_lock(r, LOCK_ENGINE, &r->mount->view, "");
	kv2_config_read(r, &c);
	if (!kv2_max_versions_asked(r, &c.max_versions) ||
	    !kv2_duration_asked(r, "delete_version_after", &c.delete_version_after))
		return 400;
	if (c.delete_version_after < 0)
		c.delete_version_after = KV2_NEVER;
	w = entry_write(r);
	json_put_u64(w, "max_versions", c.max_versions);
	json_put_bool(w, "cas_required", ask_bool(r, "cas_required", c.cas_required));
	json_put_i64(w, "delete_version_after", c.delete_version_after);
	entry_written(r, &r->mount->view, "config", w);
	return 204;
}
