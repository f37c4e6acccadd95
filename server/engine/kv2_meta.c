/* What is stored of a key of versioned storage. */
#include <string.h>

#include "server/engine/kv2.h"

#define SECOND 1000000000LL
#define KV2_VERSIONS 10 /* kept, where nobody says */

static uint64_t member_u64(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_NUMBER);
	uint64_t number = 0;

	return value && json_u64(value, &number) ? number : 0;
}

static int64_t number_i64(const struct json *value)
{
	int64_t number = 0;

	return value && value->kind == JSON_NUMBER && json_i64(value, &number) ? number : 0;
}

static bool member_true(const struct json *object, const char *name)
{
	const struct json *value = json_member_of(object, name, JSON_BOOL);

	return value && json_true(value);
}

void kv2_config_read(struct request *r, struct kv2_config *c)
{
	const struct json *entry = entry_read(r, &r->mount->view, "config");

	c->max_versions = member_u64(entry, "max_versions");
	c->cas_required = member_true(entry, "cas_required");
	c->delete_version_after = number_i64(json_member(entry, "delete_version_after"));
}

static const char *meta_key(struct request *r, const char *key)
{
	return pool_printf(&r->pool, "meta/%s", key);
}

const char *kv2_data_key(struct request *r, const char *key, uint64_t number)
{
	return pool_printf(&r->pool, "data/%s/%lu", key, number);
}

/* Each is [number, created, deleted, destroyed]. Room for one more is kept: most who read will add one. */
static void versions_read(struct request *r, struct kv2_meta *m, const struct json *list)
{
	m->versions = pool_take(&r->pool, (list->count + 1) * sizeof(*m->versions));
	for (const struct json *row = list->first; row; row = row->next) {
		struct kv2_version *v = &m->versions[m->count++];

		v->number = (uint64_t)number_i64(json_at(row, 0));
		v->created = number_i64(json_at(row, 1));
		v->deleted = number_i64(json_at(row, 2));
		v->destroyed = number_i64(json_at(row, 3)) != 0;
	}
}

bool kv2_meta_read(struct request *r, const char *key, struct kv2_meta *m)
{
	const struct json *entry = entry_read(r, &r->mount->view, meta_key(r, key));
	const struct json *custom = json_member_of(entry, "custom", JSON_OBJECT);
	const struct json *list = json_member_of(entry, "versions", JSON_ARRAY);

	*m = (struct kv2_meta){ .key = key };
	if (!list) {
		m->versions = pool_take(&r->pool, sizeof(*m->versions));
		return false;
	}
	m->current = member_u64(entry, "current");
	m->oldest = member_u64(entry, "oldest");
	m->max_versions = member_u64(entry, "max_versions");
	m->cas_required = member_true(entry, "cas_required");
	m->delete_version_after = number_i64(json_member(entry, "delete_version_after"));
	m->created = number_i64(json_member(entry, "created"));
	m->updated = number_i64(json_member(entry, "updated"));
	if (custom)
		m->custom = (struct blob){ (const uint8_t *)custom->span.at, custom->span.size };
	versions_read(r, m, list);
	return true;
}

void kv2_meta_write(struct request *r, const struct kv2_meta *m)
{
	struct json_writer *w = entry_write(r);

	json_put_u64(w, "current", m->current);
	json_put_u64(w, "oldest", m->oldest);
	json_put_u64(w, "max_versions", m->max_versions);
	json_put_bool(w, "cas_required", m->cas_required);
	json_put_i64(w, "delete_version_after", m->delete_version_after);
	json_put_i64(w, "created", m->created);
	json_put_i64(w, "updated", m->updated);
	if (m->custom.size)
		json_put_raw(w, "custom", (const char *)m->custom.at, m->custom.size);
	json_array(w, "versions");
	for (size_t i = 0; i < m->count; i++) {
		json_array(w, NULL);
		json_put_u64(w, NULL, m->versions[i].number);
		json_put_i64(w, NULL, m->versions[i].created);
		json_put_i64(w, NULL, m->versions[i].deleted);
		json_put_u64(w, NULL, m->versions[i].destroyed);
		json_close(w);
	}
	json_close(w);
	entry_written(r, &r->mount->view, meta_key(r, m->key), w);
}

struct kv2_version *kv2_version(const struct kv2_meta *m, uint64_t number)
{
	for (size_t i = m->count; i; i--)
		if (m->versions[i - 1].number == number)
			return &m->versions[i - 1];
	return NULL;
}

bool kv2_is_deleted(const struct request *r, const struct kv2_version *v)
{
	return v->deleted && v->deleted <= r->now;
}

/* The shorter of the mount's and the key's, where both are set. */
int64_t kv2_end(const struct request *r, const struct kv2_config *c, const struct kv2_meta *m)
{
	int64_t seconds = m->delete_version_after, end;

	if (c->delete_version_after == KV2_NEVER)
		return 0;
	if (c->delete_version_after && (!seconds || c->delete_version_after < seconds))
		seconds = c->delete_version_after;
	if (!seconds || __builtin_mul_overflow(seconds, SECOND, &end) || __builtin_add_overflow(end, r->now, &end))
		return 0;
	return end;
}

/*
 * The window of versions as Vault moves it: `oldest` stays 0 until as many versions were written as are kept, and the
 * larger of the mount's and the key's number counts.
 */
static void versions_trim(struct request *r, const struct kv2_config *c, struct kv2_meta *m)
{
	uint64_t keep = m->max_versions > c->max_versions ? m->max_versions : c->max_versions;
	size_t gone = 0;

	if (!keep)
		keep = KV2_VERSIONS;
	if (m->current - m->oldest < keep)
		return;
	m->oldest = m->current - keep + 1;
	for (; gone < m->count && m->versions[gone].number < m->oldest; gone++)
		entry_delete(r, &r->mount->view, kv2_data_key(r, m->key, m->versions[gone].number));
	m->count -= gone;
	memmove(m->versions, m->versions + gone, m->count * sizeof(*m->versions));
}

struct kv2_version *kv2_add(struct request *r, const struct kv2_config *c, struct kv2_meta *m, struct blob secret)
{
	m->versions[m->count++] = (struct kv2_version){ .number = ++m->current, .created = r->now,
							.deleted = kv2_end(r, c, m) };
	m->updated = r->now;
	if (!m->created)
		m->created = r->now;
	versions_trim(r, c, m);
	entry_put(r, &r->mount->view, kv2_data_key(r, m->key, m->current), secret.at, secret.size);
	kv2_meta_write(r, m);
	return &m->versions[m->count - 1];
}

void kv2_put_time(struct request *r, struct json_writer *w, const char *name, int64_t nanoseconds)
{
	json_put_string(w, name, nanoseconds ? time_text(&r->pool, nanoseconds) : "");
}

void kv2_put_custom(struct json_writer *w, const struct kv2_meta *m)
{
	if (m->custom.size)
		json_put_raw(w, "custom_metadata", (const char *)m->custom.at, m->custom.size);
	else
		json_put_null(w, "custom_metadata");
}
