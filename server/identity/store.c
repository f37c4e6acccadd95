/* Entities and their aliases in the store. */
#include "server/identity/store.h"

#include <string.h>

#include "server/core/core.h"

static const struct record_row alias_rows[] = {
	RECORD(alias, id, RECORD_TEXT, 0),
	RECORD(alias, canonical_id, RECORD_TEXT, 0),
	RECORD(alias, name, RECORD_TEXT, 0),
	RECORD(alias, mount_accessor, RECORD_TEXT, 0),
	RECORD(alias, metadata, RECORD_MAP, RECORD_NULL),
	RECORD(alias, custom_metadata, RECORD_MAP, 0),
	RECORD(alias, creation_time, RECORD_COUNT, RECORD_KEPT),
	RECORD(alias, last_update_time, RECORD_COUNT, RECORD_KEPT),
	RECORD(alias, merged_from_canonical_ids, RECORD_LIST, RECORD_NULL),
	RECORD(alias, local, RECORD_BOOL, 0),
	RECORD_END,
};

static const struct record_row person_rows[] = {
	RECORD(person, id, RECORD_TEXT, 0),
	RECORD(person, name, RECORD_TEXT, 0),
	RECORD(person, metadata, RECORD_MAP, 0),
	RECORD(person, policies, RECORD_LIST, 0),
	RECORD(person, merged_entity_ids, RECORD_LIST, 0),
	RECORD(person, disabled, RECORD_BOOL, 0),
	RECORD(person, creation_time, RECORD_COUNT, 0),
	RECORD(person, last_update_time, RECORD_COUNT, 0),
	RECORD_END,
};

static const struct record_row group_rows[] = {
	RECORD(group, id, RECORD_TEXT, 0),
	RECORD(group, name, RECORD_TEXT, 0),
	RECORD(group, type, RECORD_TEXT, 0),
	RECORD(group, metadata, RECORD_MAP, 0),
	RECORD(group, policies, RECORD_LIST, 0),
	RECORD(group, member_entity_ids, RECORD_LIST, 0),
	RECORD(group, member_group_ids, RECORD_LIST, 0),
	RECORD(group, creation_time, RECORD_COUNT, 0),
	RECORD(group, last_update_time, RECORD_COUNT, 0),
	RECORD(group, modify_index, RECORD_COUNT, 0),
	RECORD_END,
};

struct mount *identity_mount(const struct core *core)
{
	const char *rest;

	return mount_find(core, "identity/", &rest);
}

static const struct view *view_of(const struct request *r)
{
	return &identity_mount(r->core)->view;
}

void store_lock(struct request *r)
{
	entry_lock(r, LOCK_IDENTITY, view_of(r), "all");
}

/* -- indexes: an entry that says an id -- */

static const char *index_get(struct request *r, const char *key)
{
	return pool_json_member(&r->pool, entry_read(r, view_of(r), key), "id");
}

static void index_put(struct request *r, const char *key, const char *id)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "id", id);
	entry_written(r, view_of(r), key, w);
}

static const char *name_key(struct request *r, const char *kind, const char *name)
{
	return pool_printf(&r->pool, "%s-name/%s", kind, hash_name(&r->pool, kind, lower_text(&r->pool, name)));
}

static const char *alias_key(struct request *r, bool of_group, const char *id)
{
	return pool_printf(&r->pool, "%s/%s", of_group ? "group-alias" : "alias", id);
}

static const char *alias_of_key(struct request *r, bool of_group, const char *accessor, const char *name)
{
	return pool_printf(&r->pool, "%s/%s", of_group ? "group-alias-of" : "alias-of",
			   hash_name(&r->pool, accessor, name));
}

const char *alias_owner(struct request *r, bool of_group, const char *alias_id)
{
	return index_get(r, alias_key(r, of_group, alias_id));
}

const char *alias_owner_at(struct request *r, bool of_group, const char *mount_accessor, const char *name)
{
	return index_get(r, alias_of_key(r, of_group, mount_accessor, name));
}

static void alias_index(struct request *r, bool of_group, const struct alias *a, const char *owner)
{
	index_put(r, alias_key(r, of_group, a->id), owner);
	index_put(r, alias_of_key(r, of_group, a->mount_accessor, a->name), owner);
}

/* Its indexes go, unless `kept` (which may be NULL) is written with the same ones afterwards. */
static void alias_unindex(struct request *r, bool of_group, const struct alias *a, const struct alias *kept)
{
	if (!kept)
		entry_delete(r, view_of(r), alias_key(r, of_group, a->id));
	if (!kept || strcmp(kept->mount_accessor, a->mount_accessor) || strcmp(kept->name, a->name))
		entry_delete(r, view_of(r), alias_of_key(r, of_group, a->mount_accessor, a->name));
}

/* -- aliases -- */

struct alias *alias_new(struct request *r, const char *canonical_id, const char *accessor, const char *name)
{
	struct alias *a = pool_take(&r->pool, sizeof(*a));

	record_init(alias_rows, a);
	a->id = pool_uuid(&r->pool);
	a->canonical_id = canonical_id;
	a->mount_accessor = accessor;
	a->name = name;
	a->creation_time = a->last_update_time = r->now;
	return a;
}

struct alias *alias_find(struct alias *first, const char *id)
{
	while (first && strcmp(first->id, id))
		first = first->next;
	return first;
}

struct alias *person_alias_at(const struct person *e, const char *mount_accessor)
{
	struct alias *a = e->aliases;

	while (a && strcmp(a->mount_accessor, mount_accessor))
		a = a->next;
	return a;
}

static void mount_show(struct request *r, struct json_writer *w, const char *accessor)
{
	const struct mount *m = mount_of_accessor(r->core, accessor);

	if (!m)
		return;
	json_put_string(w, "mount_path", m->path);
	json_put_string(w, "mount_type", m->type);
}

void alias_show(struct request *r, struct json_writer *w, const struct alias *a, bool whole)
{
	record_show(w, alias_rows, a);
	json_put_string(w, "creation_time", time_text(&r->pool, a->creation_time));
	json_put_string(w, "last_update_time", time_text(&r->pool, a->last_update_time));
	mount_show(r, w, a->mount_accessor);
	if (whole)
		json_put_string(w, "namespace_id", "root");
}

void alias_show_short(struct request *r, struct json_writer *w, const struct alias *a)
{
	json_object(w, NULL);
	json_put_string(w, "id", a->id);
	json_put_string(w, "mount_accessor", a->mount_accessor);
	json_put_string(w, "name", a->name);
	mount_show(r, w, a->mount_accessor);
	json_close(w);
}

static struct alias *aliases_load(struct request *r, const struct json *array)
{
	struct alias *first = NULL, **last = &first;

	for (const struct json *at = array ? array->first : NULL; at; at = at->next) {
		*last = pool_take(&r->pool, sizeof(**last));
		record_load(&r->pool, alias_rows, at, *last);
		last = &(*last)->next;
	}
	return first;
}

static void aliases_store(struct json_writer *w, const struct alias *a)
{
	json_array(w, "aliases");
	for (; a; a = a->next) {
		json_object(w, NULL);
		record_store(w, alias_rows, a);
		json_close(w);
	}
	json_close(w);
}

/* -- entities -- */

struct person *person_load(struct request *r, const char *id)
{
	const struct json *stored = *id ? entry_read(r, view_of(r), pool_printf(&r->pool, "entity/%s", id)) : NULL;
	struct person *e;

	if (!stored)
		return NULL;
	e = pool_take(&r->pool, sizeof(*e));
	record_load(&r->pool, person_rows, stored, e);
	e->aliases = aliases_load(r, json_member_of(stored, "aliases", JSON_ARRAY));
	return e;
}

struct person *person_by_name(struct request *r, const char *name)
{
	const char *id = index_get(r, name_key(r, "entity", name));

	return id ? person_load(r, id) : NULL;
}

struct person *person_new(struct request *r)
{
	struct person *e = pool_take(&r->pool, sizeof(*e));

	record_init(person_rows, e);
	e->id = pool_uuid(&r->pool);
	e->name = pool_printf(&r->pool, "entity_%.8s", pool_uuid(&r->pool));
	e->creation_time = r->now;
	return e;
}

struct person *person_copy(struct request *r, const struct person *e)
{
	struct person *copy = pool_take(&r->pool, sizeof(*copy));
	struct alias **last = &copy->aliases;

	*copy = *e;
	for (const struct alias *a = e->aliases; a; a = a->next) {
		*last = pool_take(&r->pool, sizeof(**last));
		**last = *a;
		last = &(*last)->next;
	}
	*last = NULL;
	return copy;
}

void person_put(struct request *r, const struct person *e, const struct person *before)
{
	struct person now = *e;
	struct json_writer *w = entry_write(r);

	now.last_update_time = r->now;
	record_store(w, person_rows, &now);
	aliases_store(w, e->aliases);
	entry_written(r, view_of(r), pool_printf(&r->pool, "entity/%s", e->id), w);
	if (before && strcasecmp(before->name, e->name))
		entry_delete(r, view_of(r), name_key(r, "entity", before->name));
	index_put(r, name_key(r, "entity", e->name), e->id);
	for (const struct alias *a = before ? before->aliases : NULL; a; a = a->next)
		alias_unindex(r, false, a, alias_find(e->aliases, a->id));
	for (const struct alias *a = e->aliases; a; a = a->next)
		alias_index(r, false, a, e->id);
}

void person_delete(struct request *r, const struct person *e)
{
	struct names groups = groups_of(r, e->id);

	for (size_t i = 0; i < groups.count; i++) {
		struct group *g = group_load(r, groups.at[i]), before;

		if (!g)
			continue;
		before = *g;
		g->member_entity_ids = names_without(&r->pool, &before.member_entity_ids, e->id);
		group_put(r, g, &before);
	}
	for (const struct alias *a = e->aliases; a; a = a->next)
		alias_unindex(r, false, a, NULL);
	entry_delete(r, view_of(r), name_key(r, "entity", e->name));
	entry_delete(r, view_of(r), pool_printf(&r->pool, "entity/%s", e->id));
}

/* -- groups -- */

struct names groups_of(struct request *r, const char *member)
{
	return entry_list(r, view_of(r), pool_printf(&r->pool, "member/%s/", member));
}

struct group *group_load(struct request *r, const char *id)
{
	const struct json *stored = *id ? entry_read(r, view_of(r), pool_printf(&r->pool, "group/%s", id)) : NULL;
	struct group *g;

	if (!stored)
		return NULL;
	g = pool_take(&r->pool, sizeof(*g));
	record_load(&r->pool, group_rows, stored, g);
	g->alias = aliases_load(r, json_member_of(stored, "aliases", JSON_ARRAY));
	return g;
}

struct group *group_by_name(struct request *r, const char *name)
{
	const char *id = index_get(r, name_key(r, "group", name));

	return id ? group_load(r, id) : NULL;
}

static void members_index(struct request *r, const char *group, const struct names *now, const struct names *before)
{
	for (size_t i = 0; i < before->count; i++)
		if (!names_have(now, before->at[i]))
			entry_delete(r, view_of(r), pool_printf(&r->pool, "member/%s/%s", before->at[i], group));
	for (size_t i = 0; i < now->count; i++)
		if (!names_have(before, now->at[i]))
			entry_put(r, view_of(r), pool_printf(&r->pool, "member/%s/%s", now->at[i], group), "{}", 2);
}

void group_put(struct request *r, const struct group *g, const struct group *before)
{
	static const struct group none;
	const struct group *was = before ? before : &none;
	struct group now = *g;
	struct json_writer *w = entry_write(r);

	now.last_update_time = r->now;
	now.modify_index++;
	record_store(w, group_rows, &now);
	aliases_store(w, g->alias);
	entry_written(r, view_of(r), pool_printf(&r->pool, "group/%s", g->id), w);
	if (was->name && strcasecmp(was->name, g->name))
		entry_delete(r, view_of(r), name_key(r, "group", was->name));
	index_put(r, name_key(r, "group", g->name), g->id);
	members_index(r, g->id, &g->member_entity_ids, &was->member_entity_ids);
	members_index(r, g->id, &g->member_group_ids, &was->member_group_ids);
	if (was->alias)
		alias_unindex(r, true, was->alias, alias_find(g->alias, was->alias->id));
	if (g->alias)
		alias_index(r, true, g->alias, g->id);
}

void group_delete(struct request *r, const struct group *g)
{
	static const struct names nobody;
	struct names parents = groups_of(r, g->id);

	for (size_t i = 0; i < parents.count; i++) {
		struct group *parent = group_load(r, parents.at[i]), before;

		if (!parent)
			continue;
		before = *parent;
		parent->member_group_ids = names_without(&r->pool, &before.member_group_ids, g->id);
		group_put(r, parent, &before);
	}
	members_index(r, g->id, &nobody, &g->member_entity_ids);
	members_index(r, g->id, &nobody, &g->member_group_ids);
	if (g->alias)
		alias_unindex(r, true, g->alias, NULL);
	entry_delete(r, view_of(r), name_key(r, "group", g->name));
	entry_delete(r, view_of(r), pool_printf(&r->pool, "group/%s", g->id));
}

struct names policies_tidy(struct request *r, const struct names *policies)
{
	struct names tidy = { NULL, 0 };

	for (size_t i = 0; i < policies->count; i++)
		names_add(&r->pool, &tidy, lower_text(&r->pool, policies->at[i]));
	names_sort(&tidy);
	return tidy;
}

struct names names_without(struct pool *p, const struct names *names, const char *name)
{
	struct names kept = { NULL, 0 };

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->at[i], name))
			names_add(p, &kept, names->at[i]);
	return kept;
}
