/* The entity of a login: found by its alias, made where it is missing; external groups follow what the login says. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/cache.h"
#include "server/identity/store.h"

static bool blob_same(struct blob a, struct blob b)
{
	return a.size == b.size && (!a.size || !memcmp(a.at, b.at, a.size));
}

/* Made under the lock; who waited for it finds what the other made. */
static const char *entity_made(struct request *r, const struct mount *m, const struct login *login,
			       struct entity **made)
{
	const char *id;
	struct person *e;

	store_lock(r);
	id = alias_owner_at(r, false, m->accessor, login->alias);
	if (id)
		return id;
	e = person_new(r);
	e->aliases = alias_new(r, e->id, m->accessor, login->alias);
	e->aliases->metadata = login->alias_metadata;
	e->aliases->local = m->local;
	person_put(r, e, NULL);
	*made = entity_make(r, e);
	return e->id;
}

/* What the method says about the alias is kept as it last said it. */
static void metadata_follow(struct request *r, const char *id, const struct mount *m, struct blob metadata)
{
	struct person *e = person_load(r, id), *before;
	struct alias *a;

	if (!e)
		return;
	before = person_copy(r, e);
	a = person_alias_at(e, m->accessor);
	if (!a)
		return;
	a->metadata = metadata;
	a->last_update_time = r->now;
	person_put(r, e, before);
}

static void member_set(struct request *r, const char *group, const char *entity, bool member)
{
	struct group *g = group_load(r, group), before;

	if (!g || names_have(&g->member_entity_ids, entity) == member)
		return;
	before = *g;
	g->member_entity_ids = names_without(&r->pool, &before.member_entity_ids, entity);
	if (member)
		names_add(&r->pool, &g->member_entity_ids, entity);
	group_put(r, g, &before);
}

static bool group_here(const struct entity_group *g, const struct mount *m)
{
	return g->direct && *g->alias_accessor && !strcmp(g->alias_accessor, m->accessor);
}

/* Whether the entity's external groups at this mount are those that the login names (of groups that exist). */
static bool groups_differ(struct request *r, const struct entity *e, const struct mount *m, const struct names *names)
{
	for (size_t i = 0; i < e->group_count; i++)
		if (group_here(e->groups + i, m) && !names_have(names, e->groups[i].alias_name))
			return true;
	for (size_t k = 0; k < names->count; k++) {
		bool in = false;

		for (size_t i = 0; !in && i < e->group_count; i++)
			in = group_here(e->groups + i, m) && !strcmp(e->groups[i].alias_name, names->at[k]);
		if (!in && alias_owner_at(r, true, m->accessor, names->at[k]))
			return true;
	}
	return false;
}

static void groups_follow(struct request *r, const struct entity *e, const struct mount *m, const struct names *names)
{
	for (size_t i = 0; i < e->group_count; i++)
		if (group_here(e->groups + i, m) && !names_have(names, e->groups[i].alias_name))
			member_set(r, e->groups[i].id, e->id, false);
	for (size_t k = 0; k < names->count; k++) {
		const char *group = alias_owner_at(r, true, m->accessor, names->at[k]);

		if (group)
			member_set(r, group, e->id, true);
	}
}

static const struct entity_alias *alias_here(const struct entity *e, const struct mount *m)
{
	for (size_t i = 0; i < e->alias_count; i++)
		if (!strcmp(e->aliases[i].mount_accessor, m->accessor))
			return e->aliases + i;
	return NULL;
}

struct entity *entity_of_login(struct request *r, const struct mount *m, const struct login *login)
{
	const struct entity_alias *alias;
	struct entity *e = NULL, *made = NULL;
	bool locked = false, groups, metadata;
	const char *id;

	if (!login->alias || !*login->alias || !identity_mount(r->core))
		return NULL;
	id = alias_owner_at(r, false, m->accessor, login->alias);
	if (!id) {
		id = entity_made(r, m, login, &made);
		locked = true;
	}
	e = made ? made : entity_find(r, id);
	if (!e)
		return NULL;
	groups = groups_differ(r, e, m, &login->group_aliases);
	alias = alias_here(e, m);
	metadata = alias && login->alias_metadata.size && !blob_same(alias->metadata, login->alias_metadata);
	if (!groups && !metadata)
		return e;
	if (!locked)
		store_lock(r);
	if (made)
		store_changed(r); /* so that the entity can be read below */
	if (metadata)
		metadata_follow(r, e->id, m, login->alias_metadata);
	if (groups)
		groups_follow(r, e, m, &login->group_aliases);
	store_changed(r);
	return entity_find(r, e->id);
}
