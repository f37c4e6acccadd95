/* Entities: made, read, changed, deleted, listed. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

/* What the request says of an entity; `e` is a new one or the one that it is about. */
static int entity_ask(struct request *r, struct person *e)
{
	if (asked(r, "policies")) {
		struct names policies = ask_list(r, "policies");

		e->policies = policies_tidy(r, &policies);
	}
	if (names_have(&e->policies, "root"))
		return refuse(r, 400, "policies cannot contain root");
	e->disabled = ask_bool(r, "disabled", e->disabled);
	if (asked(r, "metadata") && !ask_pairs(r, "metadata", &e->metadata))
		return refuse(r, 400, "failed to parse metadata: expected an object of strings, or pairs such as "
			      "\"key=value\"");
	return 0;
}

static int entity_store(struct request *r, struct person *e, const char *name, bool known)
{
	struct person *before = known ? person_copy(r, e) : NULL;
	struct json_writer *w;
	int status;

	if (*name)
		e->name = name;
	status = entity_ask(r, e);
	if (status)
		return status;
	person_put(r, e, before);
	store_changed(r);
	if (known)
		return 204;
	w = reply_data(r);
	json_put_string(w, "id", e->id);
	json_put_string(w, "name", e->name);
	json_put_null(w, "aliases");
	return 200;
}

/* POST entity, entity/id/<id> and entity/name/<name> are one: by id, by name, or new. */
int entity_write(struct request *r)
{
	const char *id = ask_text_or(r, "id", ""), *name = ask_text_or(r, "name", "");
	struct person *e = NULL, *named;

	store_lock(r);
	if (*id) {
		e = person_load(r, id);
		if (!e)
			return refuse(r, 400, "entity not found from id");
	}
	named = *name ? person_by_name(r, name) : NULL;
	if (e && named && strcmp(e->id, named->id))
		return refuse(r, 400, "entity name is already in use");
	if (!e)
		e = named;
	return e ? entity_store(r, e, name, true) : entity_store(r, person_new(r), name, false);
}

static void ids_show(struct json_writer *w, const char *name, const struct entity *e, bool direct, bool inherited)
{
	json_array(w, name);
	for (size_t i = 0; i < e->group_count; i++)
		if (e->groups[i].direct ? direct : inherited)
			json_put_string(w, NULL, e->groups[i].id);
	json_close(w);
}

int entity_show(struct request *r, const struct person *e)
{
	const struct entity *whole = e ? entity_find(r, e->id) : NULL;
	struct json_writer *w;

	if (!whole)
		return 404;
	w = reply_data(r);
	json_put_string(w, "id", e->id);
	json_put_string(w, "name", e->name);
	json_put_bool(w, "disabled", e->disabled);
	json_put_string(w, "namespace_id", "root");
	json_put_string(w, "creation_time", time_text(&r->pool, e->creation_time));
	json_put_string(w, "last_update_time", time_text(&r->pool, e->last_update_time));
	names_put(w, "policies", &e->policies);
	if (e->metadata.size)
		json_put_raw(w, "metadata", (const char *)e->metadata.at, e->metadata.size);
	else
		json_put_null(w, "metadata");
	if (e->merged_entity_ids.count)
		names_put(w, "merged_entity_ids", &e->merged_entity_ids);
	else
		json_put_null(w, "merged_entity_ids");
	json_object(w, "mfa_secrets");
	json_close(w);
	json_array(w, "aliases");
	for (const struct alias *a = e->aliases; a; a = a->next) {
		json_object(w, NULL);
		alias_show(r, w, a, false);
		json_close(w);
	}
	json_close(w);
	ids_show(w, "direct_group_ids", whole, true, false);
	ids_show(w, "inherited_group_ids", whole, false, true);
	ids_show(w, "group_ids", whole, true, true);
	return 200;
}

int entity_read_by_id(struct request *r)
{
	return entity_show(r, person_load(r, ask_text_or(r, "id", "")));
}

int entity_read_by_name(struct request *r)
{
	return entity_show(r, person_by_name(r, ask_text_or(r, "name", "")));
}

static int entity_remove(struct request *r, const struct person *e)
{
	if (!e)
		return 204;
	person_delete(r, e);
	store_changed(r);
	return 204;
}

int entity_delete_by_id(struct request *r)
{
	store_lock(r);
	return entity_remove(r, person_load(r, ask_text_or(r, "id", "")));
}

int entity_delete_by_name(struct request *r)
{
	store_lock(r);
	return entity_remove(r, person_by_name(r, ask_text_or(r, "name", "")));
}

int entity_batch_delete(struct request *r)
{
	struct names ids = ask_list(r, "entity_ids");

	if (!ids.count)
		return refuse(r, 400, "missing entity ids to delete");
	store_lock(r);
	for (size_t i = 0; i < ids.count; i++) {
		const struct person *e = person_load(r, ids.at[i]);

		if (e)
			person_delete(r, e);
	}
	store_changed(r);
	return 204;
}

int list_with_info(struct request *r, const char *kind, bool by_name,
		   const char *(*fn)(struct request *r, const char *id, struct json_writer *w))
{
	struct names ids = entry_list(r, &r->mount->view, pool_printf(&r->pool, "%s/", kind)), keys = { NULL, 0 };
	struct json_writer info, *w;
	struct blob text;

	pool_json(&r->pool, &info);
	json_object(&info, NULL);
	for (size_t i = 0; i < ids.count; i++) {
		const char *name = fn(r, ids.at[i], &info);

		if (name)
			names_add(&r->pool, &keys, by_name ? name : ids.at[i]);
	}
	json_close(&info);
	text = pool_json_end(&info);
	if (!keys.count)
		return 404;
	names_sort(&keys);
	w = reply_data(r);
	json_put_raw(w, "key_info", (const char *)text.at, text.size);
	names_put(w, "keys", &keys);
	return 200;
}

static const char *entity_info(struct request *r, const char *id, struct json_writer *w)
{
	const struct person *e = person_load(r, id);

	if (!e)
		return NULL;
	json_object(w, id);
	json_put_string(w, "name", e->name);
	if (e->aliases) {
		json_array(w, "aliases");
		for (const struct alias *a = e->aliases; a; a = a->next)
			alias_show_short(r, w, a);
		json_close(w);
	}
	json_close(w);
	return e->name;
}

int entity_list_by_id(struct request *r)
{
	return list_with_info(r, "entity", false, entity_info);
}

int entity_list_by_name(struct request *r)
{
	return list_with_info(r, "entity", true, entity_info);
}
