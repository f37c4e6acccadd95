/*
 * Entities as requests need them, with the policies of all their groups, remembered: a request costs no walk.
 *
 * Every change of entities and groups is made durable and then raises `generation` (store_changed). An entity is
 * remembered under the generation that was read before the store was, so that what was read during a change is never
 * taken for new. Between the two a request may still see the old one: the change is not answered yet.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "server/auth/oidc_state.h"
#include "server/core/core.h"
#include "server/identity/cache.h"
#include "server/identity/store.h"

#define SLOTS 512
#define GROUPS_MAX 1024 /* that one entity is in, with inherited ones */

struct slot {
	struct pool pool;
	const struct entity *entity; /* in the pool; NULL: empty */
	uint64_t generation;
};

struct identity {
	_Atomic uint64_t generation;
	pthread_mutex_t lock; /* guards slots */
	struct slot slots[SLOTS];
	struct oidc_states *codes; /* of the OpenID provider */
};

int identity_open(struct request *r, struct mount *m)
{
	struct identity *i = calloc(1, sizeof(*i));

	if (i)
		i->codes = oidc_states_make();
	if (!i || !i->codes) {
		free(i);
		return refuse(r, 500, "no memory for remembered entities");
	}
	pthread_mutex_init(&i->lock, NULL);
	m->state = i;
	return 200;
}

void identity_close(struct mount *m)
{
	struct identity *i = m->state;

	m->state = NULL;
	if (!i)
		return;
	for (size_t s = 0; s < SLOTS; s++)
		pool_close(&i->slots[s].pool);
	pthread_mutex_destroy(&i->lock);
	oidc_states_free(i->codes);
	free(i);
}

struct oidc_states *identity_codes(const struct request *r)
{
	return ((struct identity *)identity_mount(r->core)->state)->codes;
}

void store_changed(struct request *r)
{
	struct identity *i = identity_mount(r->core)->state;

	(void)request_commit(r); /* where it failed the request fails, and raising the generation harms nobody */
	atomic_fetch_add(&i->generation, 1);
}

static struct blob blob_copy(struct pool *p, struct blob b)
{
	return (struct blob){ (const uint8_t *)pool_copy(p, (const char *)b.at, b.size), b.size };
}

static struct entity *entity_copy(struct pool *p, const struct entity *from)
{
	struct entity *e = pool_take(p, sizeof(*e));
	struct entity_alias *aliases = pool_take(p, from->alias_count * sizeof(*aliases));
	struct entity_group *groups = pool_take(p, from->group_count * sizeof(*groups));

	*e = *from;
	e->id = pool_text(p, from->id);
	e->name = pool_text(p, from->name);
	e->metadata = blob_copy(p, from->metadata);
	e->policies = names_copy(p, &from->policies);
	for (size_t i = 0; i < from->alias_count; i++)
		aliases[i] = (struct entity_alias){
			.id = pool_text(p, from->aliases[i].id),
			.name = pool_text(p, from->aliases[i].name),
			.mount_accessor = pool_text(p, from->aliases[i].mount_accessor),
			.metadata = blob_copy(p, from->aliases[i].metadata),
		};
	for (size_t i = 0; i < from->group_count; i++)
		groups[i] = (struct entity_group){
			.id = pool_text(p, from->groups[i].id),
			.name = pool_text(p, from->groups[i].name),
			.metadata = blob_copy(p, from->groups[i].metadata),
			.direct = from->groups[i].direct,
			.alias_name = pool_text(p, from->groups[i].alias_name),
			.alias_accessor = pool_text(p, from->groups[i].alias_accessor),
		};
	e->aliases = aliases;
	e->groups = groups;
	return e;
}

static void group_add(struct request *r, struct entity *e, struct entity_group *to, const struct group *g, bool direct)
{
	*to = (struct entity_group){
		.id = g->id, .name = g->name, .metadata = g->metadata, .direct = direct,
		.alias_name = g->alias ? g->alias->name : "",
		.alias_accessor = g->alias ? g->alias->mount_accessor : "",
	};
	for (size_t i = 0; i < g->policies.count; i++)
		names_add(&r->pool, &e->policies, g->policies.at[i]);
}

/* Groups by breadth: those it is in, those they are in, each once. */
static void entity_groups(struct request *r, struct entity *e)
{
	struct names ids = groups_of(r, e->id), seen = { NULL, 0 };
	struct entity_group *groups;
	size_t direct = ids.count, count = 0;

	for (size_t i = 0; i < ids.count; i++)
		names_add(&r->pool, &seen, ids.at[i]);
	groups = pool_take(&r->pool, GROUPS_MAX * sizeof(*groups));
	for (size_t i = 0; i < seen.count && count < GROUPS_MAX; i++) {
		const struct group *g = group_load(r, seen.at[i]);
		struct names parents = groups_of(r, seen.at[i]);

		if (g)
			group_add(r, e, groups + count++, g, i < direct);
		for (size_t k = 0; k < parents.count; k++)
			if (!names_have(&seen, parents.at[k]))
				names_add(&r->pool, &seen, parents.at[k]);
	}
	e->groups = groups;
	e->group_count = count;
}

struct entity *entity_make(struct request *r, const struct person *from)
{
	struct entity *e = pool_take(&r->pool, sizeof(*e));
	struct entity_alias *aliases;
	size_t count = 0;

	for (const struct alias *a = from->aliases; a; a = a->next)
		count++;
	aliases = pool_take(&r->pool, count * sizeof(*aliases));
	count = 0;
	for (const struct alias *a = from->aliases; a; a = a->next)
		aliases[count++] = (struct entity_alias){
			.id = a->id, .name = a->name, .mount_accessor = a->mount_accessor, .metadata = a->metadata,
		};
	*e = (struct entity){ .id = from->id, .name = from->name, .disabled = from->disabled,
			      .metadata = from->metadata, .aliases = aliases, .alias_count = count };
	for (size_t i = 0; i < from->policies.count; i++)
		names_add(&r->pool, &e->policies, from->policies.at[i]);
	entity_groups(r, e);
	names_sort(&e->policies);
	return e;
}

static struct slot *slot_of(struct identity *i, const char *id)
{
	uint32_t hash = 2166136261u; /* FNV-1a; ids are random and ours */

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619u;
	return i->slots + hash % SLOTS;
}

static void entity_remember(struct identity *i, const struct entity *e, uint64_t generation)
{
	struct slot *s = slot_of(i, e->id);

	pthread_mutex_lock(&i->lock);
	pool_close(&s->pool);
	s->entity = entity_copy(&s->pool, e);
	s->generation = generation;
	pthread_mutex_unlock(&i->lock);
}

static struct entity *entity_remembered(struct identity *i, struct pool *p, const char *id, uint64_t generation)
{
	struct slot *s = slot_of(i, id);
	struct entity *e = NULL;

	pthread_mutex_lock(&i->lock);
	if (s->entity && s->generation == generation && !strcmp(s->entity->id, id))
		e = entity_copy(p, s->entity);
	pthread_mutex_unlock(&i->lock);
	return e;
}

struct entity *entity_find(struct request *r, const char *id)
{
	struct mount *m = identity_mount(r->core);
	struct identity *i = m ? m->state : NULL;
	uint64_t generation;
	struct person *stored;
	struct entity *e;
	const char *into;

	if (!i || !id || !*id)
		return NULL;
	generation = atomic_load(&i->generation);
	e = entity_remembered(i, &r->pool, id, generation);
	if (e)
		return e;
	stored = person_load(r, id);
	if (!stored) {
		into = pool_json_member(&r->pool,
					entry_read(r, &m->view, pool_printf(&r->pool, "merged/%s", id)), "id");
		return into && strcmp(into, id) ? entity_find(r, into) : NULL;
	}
	e = entity_make(r, stored);
	if (!r->failed)
		entity_remember(i, e, generation);
	return e;
}
