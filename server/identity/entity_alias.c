/* Aliases of entities: identity/entity-alias, and its older names alias and persona. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

/* The request's words, "entity_id" being the older one of "canonical_id". */
struct wish {
	const char *canonical_id, *name, *mount_accessor;
	struct blob custom_metadata;
	bool custom;
};

static int wish_ask(struct request *r, struct wish *wish)
{
	*wish = (struct wish){
		.canonical_id = ask_text_or(r, "canonical_id", ""),
		.name = ask_text_or(r, "name", ""),
		.mount_accessor = ask_text_or(r, "mount_accessor", ""),
		.custom = asked(r, "custom_metadata"),
	};
	if (!*wish->canonical_id)
		wish->canonical_id = ask_text_or(r, "entity_id", "");
	if (wish->custom && !ask_pairs(r, "custom_metadata", &wish->custom_metadata))
		return refuse(r, 400, "failed to parse custom_metadata: expected an object of strings");
	return 0;
}

static int alias_answer(struct request *r, const struct alias *a, const char *owner)
{
	struct json_writer *w;

	store_changed(r);
	w = reply_data(r);
	json_put_string(w, "id", a->id);
	json_put_string(w, "canonical_id", owner);
	return 200;
}

static int alias_create(struct request *r, const struct wish *wish)
{
	struct mount *m = mount_of_accessor(r->core, wish->mount_accessor);
	struct person *e = *wish->canonical_id ? person_load(r, wish->canonical_id) : NULL, *before = NULL;
	struct alias *a;

	if (*wish->canonical_id && !e)
		return refuse(r, 400, "invalid canonical ID");
	if (e && person_alias_at(e, wish->mount_accessor))
		return refuse(r, 400, "Alias already exists for requested entity and mount accessor");
	if (e)
		before = person_copy(r, e);
	else
		e = person_new(r);
	a = alias_new(r, e->id, wish->mount_accessor, wish->name);
	a->custom_metadata = wish->custom_metadata;
	a->local = m->local;
	a->next = e->aliases;
	e->aliases = a;
	person_put(r, e, before);
	return alias_answer(r, a, e->id);
}

static void alias_unlink(struct person *e, const struct alias *a)
{
	struct alias **at = &e->aliases;

	while (*at && *at != a)
		at = &(*at)->next;
	if (*at)
		*at = a->next;
}

/* It goes to another entity where the request says so; 0, or a refusal. `was`: *e as it is stored. */
static int alias_move(struct request *r, const struct wish *wish, struct person **e, const struct person *was,
		      struct alias *a)
{
	struct person *to, *before;

	if (!*wish->canonical_id || !strcmp(wish->canonical_id, (*e)->id))
		return 0;
	to = person_load(r, wish->canonical_id);
	if (!to)
		return refuse(r, 400, "given 'canonical_id' is not associated with an entity");
	if (person_alias_at(to, a->mount_accessor))
		return refuse(r, 400, "Alias cannot be updated as the given entity already has an alias for this "
			      "mount ");
	alias_unlink(*e, a);
	person_put(r, *e, was);
	before = person_copy(r, to);
	a->canonical_id = to->id;
	a->next = to->aliases;
	to->aliases = a;
	person_put(r, to, before);
	*e = to;
	return 0;
}

static int alias_change(struct request *r, struct wish *wish, const char *owner, const char *id)
{
	struct person *e = person_load(r, owner), *was = e, *before;
	struct alias *a = e ? alias_find(e->aliases, id) : NULL;
	const char *other;
	int status;

	if (!a)
		return refuse(r, 400, "given alias is not associated with an entity");
	if (!*wish->name && !*wish->mount_accessor && !*wish->canonical_id && !wish->custom)
		return 204;
	before = person_copy(r, e);
	if (!*wish->name)
		wish->name = a->name;
	if (!*wish->mount_accessor)
		wish->mount_accessor = a->mount_accessor;
	if (!mount_of_accessor(r->core, wish->mount_accessor))
		return refuse(r, 400, "invalid mount accessor \"%s\"", wish->mount_accessor);
	if (strcmp(wish->mount_accessor, a->mount_accessor) && person_alias_at(e, wish->mount_accessor))
		return refuse(r, 400, "Alias cannot be updated as the entity already has an alias for the given "
			      "'mount_accessor' ");
	other = alias_owner_at(r, false, wish->mount_accessor, wish->name);
	if (other && (strcmp(wish->name, a->name) || strcmp(wish->mount_accessor, a->mount_accessor)))
		return refuse(r, 400, "alias with combination of mount accessor and name already exists");
	a->name = wish->name;
	a->mount_accessor = wish->mount_accessor;
	if (wish->custom)
		a->custom_metadata = wish->custom_metadata;
	a->last_update_time = r->now;
	status = alias_move(r, wish, &e, before, a);
	if (status)
		return status;
	if (e == was)
		person_put(r, e, before);
	return alias_answer(r, a, e->id);
}

int entity_alias_write(struct request *r)
{
	const char *id = ask_text_or(r, "id", ""), *owner;
	struct wish wish;
	int status = wish_ask(r, &wish);

	if (status)
		return status;
	store_lock(r);
	if (*id) {
		owner = alias_owner(r, false, id);
		return owner ? alias_change(r, &wish, owner, id) : refuse(r, 400, "invalid alias ID provided");
	}
	if (!*wish.mount_accessor || !*wish.name)
		return refuse(r, 400, "'id' or 'mount_accessor' and 'name' must be provided");
	if (!mount_of_accessor(r->core, wish.mount_accessor))
		return refuse(r, 400, "invalid mount accessor \"%s\"", wish.mount_accessor);
	owner = alias_owner_at(r, false, wish.mount_accessor, wish.name);
	if (owner) {
		struct person *e = person_load(r, owner);
		struct alias *a = e ? person_alias_at(e, wish.mount_accessor) : NULL;

		if (a)
			return alias_change(r, &wish, owner, a->id);
	}
	return alias_create(r, &wish);
}

static struct alias *alias_named(struct request *r, struct person **e)
{
	const char *id = ask_text_or(r, "id", ""), *owner = *id ? alias_owner(r, false, id) : NULL;

	*e = owner ? person_load(r, owner) : NULL;
	return *e ? alias_find((*e)->aliases, id) : NULL;
}

int entity_alias_read(struct request *r)
{
	struct person *e;
	struct alias *a = alias_named(r, &e);

	if (!a)
		return 404;
	alias_show(r, reply_data(r), a, true);
	return 200;
}

int entity_alias_delete(struct request *r)
{
	struct person *e, *before;
	struct alias *a;

	store_lock(r);
	a = alias_named(r, &e);
	if (!a)
		return 204;
	before = person_copy(r, e);
	alias_unlink(e, a);
	person_put(r, e, before);
	store_changed(r);
	return 204;
}

static const char *alias_info(struct request *r, const char *id, struct json_writer *w)
{
	const char *owner = alias_owner(r, false, id);
	const struct person *e = owner ? person_load(r, owner) : NULL;
	const struct alias *a = e ? alias_find(e->aliases, id) : NULL;
	const struct mount *m = a ? mount_of_accessor(r->core, a->mount_accessor) : NULL;

	if (!a)
		return NULL;
	json_object(w, id);
	json_put_string(w, "name", a->name);
	json_put_string(w, "canonical_id", e->id);
	json_put_string(w, "mount_accessor", a->mount_accessor);
	json_put_bool(w, "local", a->local);
	if (m) {
		json_put_string(w, "mount_path", m->path);
		json_put_string(w, "mount_type", m->type);
	}
	json_close(w);
	return a->name;
}

int entity_alias_list(struct request *r)
{
	return list_with_info(r, "alias", false, alias_info);
}
