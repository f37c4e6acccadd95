/* Aliases of external groups: the name that a login's method has for the group. */
#include <string.h>

#include "server/core/core.h"
#include "server/identity/handlers.h"
#include "server/identity/store.h"

static struct group *owner_of(struct request *r, const char *alias_id)
{
	const char *owner = *alias_id ? alias_owner(r, true, alias_id) : NULL;
	struct group *g = owner ? group_load(r, owner) : NULL;

	return g && g->alias && !strcmp(g->alias->id, alias_id) ? g : NULL;
}

/* The group that shall have it: 0, or a refusal. NULL: none was named. */
static int target_ask(struct request *r, struct group **to)
{
	const char *canonical = ask_text_or(r, "canonical_id", "");

	*to = *canonical ? group_load(r, canonical) : NULL;
	if (*canonical && !*to)
		return refuse(r, 400, "invalid group ID given in 'canonical_id'");
	if (*to && strcmp((*to)->type, "external"))
		return refuse(r, 400, "alias can't be set on an internal group");
	return 0;
}

static struct group *group_for_alias(struct request *r)
{
	struct group *g = pool_take(&r->pool, sizeof(*g));

	g->id = pool_uuid(&r->pool);
	g->name = pool_printf(&r->pool, "group_%.8s", pool_uuid(&r->pool));
	g->type = "external";
	g->creation_time = r->now;
	return g;
}

/* `a` (new or changed) becomes the alias of `to`, and leaves `from`. */
static int alias_put(struct request *r, struct alias *a, struct group *from, struct group *to, bool known)
{
	struct group before = *to;
	struct json_writer *w;

	if (from && from != to) {
		struct group was = *from;

		from->alias = NULL;
		group_put(r, from, &was);
	}
	a->canonical_id = to->id;
	a->last_update_time = r->now;
	to->alias = a;
	group_put(r, to, known ? &before : NULL);
	store_changed(r);
	w = reply_data(r);
	json_put_string(w, "id", a->id);
	json_put_string(w, "canonical_id", to->id);
	return 200;
}

int group_alias_write(struct request *r)
{
	const char *id = ask_text_or(r, "id", ""), *name = ask_text_or(r, "name", "");
	const char *accessor = ask_text_or(r, "mount_accessor", ""), *other;
	struct group *from = NULL, *to;
	struct mount *m;
	struct alias *a;
	int status;

	store_lock(r);
	if (*id) {
		from = owner_of(r, id);
		if (!from)
			return refuse(r, 400, "invalid group alias ID");
	}
	if (!*name)
		return refuse(r, 400, "missing alias name");
	if (!*accessor)
		return refuse(r, 400, "missing mount_accessor");
	status = target_ask(r, &to);
	if (status)
		return status;
	m = mount_of_accessor(r->core, accessor);
	if (!m)
		return refuse(r, 400, "invalid mount accessor \"%s\"", accessor);
	if (m->local)
		return refuse(r, 400, "mount accessor \"%s\" is a local mount", accessor);
	other = alias_owner_at(r, true, accessor, name);
	if (other && (!from || strcmp(other, from->id)))
		return refuse(r, 400, "combination of mount and group alias name is already in use");
	a = pool_take(&r->pool, sizeof(*a));
	*a = from ? *from->alias : *alias_new(r, "", accessor, name);
	a->name = name;
	a->mount_accessor = accessor;
	if (from && (!to || !strcmp(to->id, from->id)))
		to = from;
	return to ? alias_put(r, a, from, to, true) : alias_put(r, a, from, group_for_alias(r), false);
}

int group_alias_read(struct request *r)
{
	const struct group *g = owner_of(r, ask_text_or(r, "id", ""));

	if (!g)
		return 404;
	alias_show(r, reply_data(r), g->alias, true);
	return 200;
}

int group_alias_delete(struct request *r)
{
	struct group *g, before;

	store_lock(r);
	g = owner_of(r, ask_text_or(r, "id", ""));
	if (!g)
		return 204;
	before = *g;
	g->alias = NULL;
	group_put(r, g, &before);
	store_changed(r);
	return 204;
}

static const char *alias_info(struct request *r, const char *id, struct json_writer *w)
{
	const struct group *g = owner_of(r, id);
	const struct mount *m = g ? mount_of_accessor(r->core, g->alias->mount_accessor) : NULL;

	if (!g)
		return NULL;
	json_object(w, id);
	json_put_string(w, "name", g->alias->name);
	json_put_string(w, "canonical_id", g->id);
	json_put_string(w, "mount_accessor", g->alias->mount_accessor);
	if (m) {
		json_put_string(w, "mount_path", m->path);
		json_put_string(w, "mount_type", m->type);
	}
	json_close(w);
	return g->alias->name;
}

int group_alias_list(struct request *r)
{
	return list_with_info(r, "group-alias", false, alias_info);
}
