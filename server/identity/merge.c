/* identity/entity/merge: several entities become one. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

static int merge_check(struct request *r, const struct names *ids, const char *to, const struct names *keep)
{
	if (ids->count > 1 && keep->count > 1)
		return refuse(r, 400, "aliases conflicts cannot be resolved with multiple from entity ids - merge one "
			      "entity at a time");
	for (size_t i = 0; i < ids->count; i++) {
		if (!strcmp(ids->at[i], to))
			return refuse(r, 400, "to_entity_id should not be present in from_entity_ids");
		if (!person_load(r, ids->at[i]))
			return refuse(r, 400, "entity id to merge from is invalid");
	}
	return 0;
}

/* Both have an alias at one mount: the one that the request keeps stays. -1: it keeps neither. */
static int clash_settle(struct person *to, struct alias *mine, const struct alias *theirs, const struct names *keep)
{
	struct alias **at = &to->aliases;

	if (names_have(keep, mine->id))
		return 1; /* theirs goes */
	if (!names_have(keep, theirs->id))
		return -1;
	while (*at != mine)
		at = &(*at)->next;
	*at = mine->next;
	return 0;
}

static int aliases_take(struct request *r, struct person *to, const struct person *from, const struct names *keep)
{
	for (const struct alias *theirs = from->aliases; theirs; theirs = theirs->next) {
		struct alias *mine = person_alias_at(to, theirs->mount_accessor);
		int dropped = mine ? clash_settle(to, mine, theirs, keep) : 0;
		struct alias *taken;

		if (dropped < 0)
			return refuse(r, 400, "toEntity and at least one fromEntity have aliases with the same mount "
				      "accessor, repeat the merge request specifying exactly one fromEntity, clashes: "
				      "mountAccessor: %s, toEntity ID: %s, fromEntity ID: %s, conflicting toEntity "
				      "alias ID: %s, conflicting fromEntity alias ID: %s", theirs->mount_accessor,
				      to->id, from->id, mine->id, theirs->id);
		if (dropped)
			continue;
		taken = pool_take(&r->pool, sizeof(*taken));
		*taken = *theirs;
		taken->canonical_id = to->id;
		names_add(&r->pool, &taken->merged_from_canonical_ids, from->id);
		taken->next = to->aliases;
		to->aliases = taken;
	}
	return 0;
}

/* In the groups that `from` was in, `to` takes its place. */
static void groups_take(struct request *r, const struct person *to, const struct person *from)
{
	struct names groups = groups_of(r, from->id);

	for (size_t i = 0; i < groups.count; i++) {
		struct group *g = group_load(r, groups.at[i]), before;

		if (!g)
			continue;
		before = *g;
		g->member_entity_ids = names_without(&r->pool, &before.member_entity_ids, from->id);
		if (!names_have(&g->member_entity_ids, to->id))
			names_add(&r->pool, &g->member_entity_ids, to->id);
		group_put(r, g, &before);
	}
}

int entity_merge(struct request *r)
{
	const char *to_id = ask_text_or(r, "to_entity_id", "");
	struct names ids = ask_list(r, "from_entity_ids"), keep = ask_list(r, "conflicting_alias_ids_to_keep");
	struct person *to, *before;
	int status;

	if (!*to_id)
		return refuse(r, 400, "missing entity id to merge to");
	if (!ids.count)
		return refuse(r, 400, "missing entity ids to merge from");
	names_sort(&ids);
	store_lock(r);
	to = person_load(r, to_id);
	if (!to)
		return refuse(r, 400, "entity id to merge to is invalid");
	status = merge_check(r, &ids, to_id, &keep);
	before = person_copy(r, to);
	for (size_t i = 0; !status && i < ids.count; i++) {
		const struct person *from = person_load(r, ids.at[i]);
		struct json_writer *w;

		status = aliases_take(r, to, from, &keep);
		if (status)
			return status;
		for (size_t k = 0; k < from->merged_entity_ids.count; k++)
			names_add(&r->pool, &to->merged_entity_ids, from->merged_entity_ids.at[k]);
		names_add(&r->pool, &to->merged_entity_ids, from->id);
		groups_take(r, to, from);
		person_delete(r, from);
		w = entry_write(r);
		json_put_string(w, "id", to->id);
		entry_written(r, &r->mount->view, pool_printf(&r->pool, "merged/%s", from->id), w);
	}
	if (status)
		return status;
	person_put(r, to, before);
	store_changed(r);
	return 204;
}
