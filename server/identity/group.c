/* Groups: made, read, changed, deleted, listed. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

static bool group_external(const struct group *g)
{
	return !strcmp(g->type, "external");
}

/* Whether `group` is `above` or lies in it: then above cannot lie in group. */
static bool group_within(struct request *r, const char *group, const char *above)
{
	struct names seen = { NULL, 0 };

	names_add(&r->pool, &seen, above);
	for (size_t i = 0; i < seen.count; i++) {
		const struct group *g = group_load(r, seen.at[i]);

		if (!strcmp(seen.at[i], group))
			return true;
		for (size_t k = 0; g && k < g->member_group_ids.count; k++)
			if (!names_have(&seen, g->member_group_ids.at[k]))
				names_add(&r->pool, &seen, g->member_group_ids.at[k]);
	}
	return false;
}

static struct names ask_ids(struct request *r, const char *name)
{
	struct names ids = ask_list(r, name);

	names_sort(&ids);
	return ids;
}

static int members_ask(struct request *r, struct group *g)
{
	if (asked(r, "member_entity_ids")) {
		if (group_external(g))
			return refuse(r, 400, "member entities can't be set manually for external groups");
		g->member_entity_ids = ask_ids(r, "member_entity_ids");
		for (size_t i = 0; i < g->member_entity_ids.count; i++)
			if (!person_load(r, g->member_entity_ids.at[i]))
				return refuse_plain(r, "invalid entity ID \"%s\"", g->member_entity_ids.at[i]);
	}
	if (!asked(r, "member_group_ids"))
		return 0;
	if (group_external(g))
		return refuse(r, 400, "member groups can't be set for external groups");
	g->member_group_ids = ask_ids(r, "member_group_ids");
	for (size_t i = 0; i < g->member_group_ids.count; i++) {
		if (!group_load(r, g->member_group_ids.at[i]))
			return refuse_plain(r, "invalid member group ID \"%s\"", g->member_group_ids.at[i]);
		if (group_within(r, g->id, g->member_group_ids.at[i]))
			return refuse(r, 400, "cycle detected for member group ID \"%s\"", g->member_group_ids.at[i]);
	}
	return 0;
}

static int group_ask(struct request *r, struct group *g, const char *name)
{
	const char *type = ask_text_or(r, "type", "");
	const struct group *named = *name ? group_by_name(r, name) : NULL;

	if (asked(r, "policies")) {
		struct names policies = ask_list(r, "policies");

		g->policies = policies_tidy(r, &policies);
	}
	if (names_have(&g->policies, "root"))
		return refuse(r, 400, "policies cannot contain root");
	if (asked(r, "type") && *g->type && strcmp(type, g->type))
		return refuse(r, 400, "group type cannot be changed");
	if (!*g->type)
		g->type = *type ? type : "internal";
	if (strcmp(g->type, "internal") && !group_external(g))
		return refuse(r, 400, "invalid group type \"%s\"", g->type);
	if (named && strcmp(named->id, g->id))
		return refuse(r, 400, "group name is already in use");
	if (*name)
		g->name = name;
	if (asked(r, "metadata") && !ask_pairs(r, "metadata", &g->metadata))
		return refuse(r, 400, "failed to parse metadata: expected an object of strings, or pairs such as "
			      "\"key=value\"");
	return members_ask(r, g);
}

static int group_store(struct request *r, struct group *g, const char *name, bool known)
{
	struct group before = *g;
	int status = group_ask(r, g, name);
	struct json_writer *w;

	if (status)
		return status;
	group_put(r, g, known ? &before : NULL);
	store_changed(r);
	if (known)
		return 204;
	w = reply_data(r);
	json_put_string(w, "id", g->id);
	json_put_string(w, "name", g->name);
	return 200;
}

static struct group *group_new(struct request *r)
{
	struct group *g = pool_take(&r->pool, sizeof(*g));

	g->id = pool_uuid(&r->pool);
	g->name = pool_printf(&r->pool, "group_%.8s", pool_uuid(&r->pool));
	g->type = "";
	g->creation_time = r->now;
	return g;
}

/* POST group, group/id/<id>, group/name/<name>: by id, else by name, else new. */
int group_write(struct request *r)
{
	const char *id = ask_text_or(r, "id", ""), *name = ask_text_or(r, "name", "");
	struct group *g = NULL;

	store_lock(r);
	if (*id) {
		g = group_load(r, id);
		if (!g)
			return refuse(r, 400, "invalid group ID");
	} else if (*name) {
		g = group_by_name(r, name);
	}
	return g ? group_store(r, g, name, true) : group_store(r, group_new(r), name, false);
}

static void list_or_null(struct json_writer *w, const char *name, const struct names *names)
{
	if (names->count)
		names_put(w, name, names);
	else
		json_put_null(w, name);
}

int group_show(struct request *r, const struct group *g)
{
	struct names parents;
	struct json_writer *w;

	if (!g)
		return 404;
	parents = groups_of(r, g->id);
	w = reply_data(r);
	json_put_string(w, "id", g->id);
	json_put_string(w, "name", g->name);
	json_put_string(w, "type", g->type);
	json_put_string(w, "namespace_id", "root");
	json_put_i64(w, "modify_index", g->modify_index);
	json_put_string(w, "creation_time", time_text(&r->pool, g->creation_time));
	json_put_string(w, "last_update_time", time_text(&r->pool, g->last_update_time));
	list_or_null(w, "policies", &g->policies);
	list_or_null(w, "parent_group_ids", &parents);
	list_or_null(w, "member_group_ids", &g->member_group_ids);
	list_or_null(w, "member_entity_ids", &g->member_entity_ids);
	if (g->metadata.size)
		json_put_raw(w, "metadata", (const char *)g->metadata.at, g->metadata.size);
	else
		json_put_null(w, "metadata");
	json_object(w, "alias");
	if (g->alias)
		alias_show(r, w, g->alias, false);
	json_close(w);
	return 200;
}

int group_read_by_id(struct request *r)
{
	return group_show(r, group_load(r, ask_text_or(r, "id", "")));
}

int group_read_by_name(struct request *r)
{
	return group_show(r, group_by_name(r, ask_text_or(r, "name", "")));
}

static int group_remove(struct request *r, const struct group *g)
{
	if (!g)
		return 204;
	group_delete(r, g);
	store_changed(r);
	return 204;
}

int group_delete_by_id(struct request *r)
{
	store_lock(r);
	return group_remove(r, group_load(r, ask_text_or(r, "id", "")));
}

int group_delete_by_name(struct request *r)
{
	store_lock(r);
	return group_remove(r, group_by_name(r, ask_text_or(r, "name", "")));
}

static const char *group_info(struct request *r, const char *id, struct json_writer *w)
{
	const struct group *g = group_load(r, id);

	if (!g)
		return NULL;
	json_object(w, id);
	json_put_string(w, "name", g->name);
	json_put_u64(w, "num_member_entities", g->member_entity_ids.count);
	json_put_u64(w, "num_parent_groups", groups_of(r, id).count);
	if (g->alias) {
		json_array(w, "aliases");
		alias_show_short(r, w, g->alias);
		json_close(w);
	}
	json_close(w);
	return g->name;
}

int group_list_by_id(struct request *r)
{
	return list_with_info(r, "group", false, group_info);
}

int group_list_by_name(struct request *r)
{
	return list_with_info(r, "group", true, group_info);
}
