/*
 * What the identity store keeps, in its mount's view:
 *
 *   entity/<id>, group/<id>          the whole, with its aliases
 *   entity-name/<hash>, group-name/<hash>            whose name it is, whatever its case
 *   alias/<id>, group-alias/<id>                     the entity or group that has it
 *   alias-of/<hash>, group-alias-of/<hash>           the same by mount accessor and name
 *   member/<entity or group id>/<group id>           groups that it is in
 *   merged/<id>                                      the entity that took it in
 *
 * All changes hold one lock (store_lock), so that names and aliases are unique; requests that only ask hold none.
 */
#ifndef ADYTON_SERVER_IDENTITY_STORE_H
#define ADYTON_SERVER_IDENTITY_STORE_H

#include "server/auth/record.h"
#include "server/identity/identity.h"

struct alias {
	const char *id, *canonical_id, *name, *mount_accessor;
	struct blob metadata, custom_metadata;
	int64_t creation_time, last_update_time; /* Unix nanoseconds */
	struct names merged_from_canonical_ids;
	bool local;
	struct alias *next;
};

struct person {
	const char *id, *name;
	struct blob metadata;
	struct names policies, merged_entity_ids;
	bool disabled;
	int64_t creation_time, last_update_time;
	struct alias *aliases;
};

struct group {
	const char *id, *name, *type; /* "internal", "external" */
	struct blob metadata;
	struct names policies, member_entity_ids, member_group_ids;
	int64_t creation_time, last_update_time, modify_index;
	struct alias *alias; /* of an external one, or NULL */
};

struct mount *identity_mount(const struct core *core);
void store_lock(struct request *r);
/* What was changed is durable from here, and remembered entities are read again. Call it last. */
void store_changed(struct request *r);

struct person *person_load(struct request *r, const char *id);
struct person *person_by_name(struct request *r, const char *name);
/* `before`: as it was loaded, or NULL for a new one: indexes of what it no longer has go. */
void person_put(struct request *r, const struct person *e, const struct person *before);
void person_delete(struct request *r, const struct person *e);
struct person *person_new(struct request *r);
struct person *person_copy(struct request *r, const struct person *e);
struct alias *person_alias_at(const struct person *e, const char *mount_accessor);

struct group *group_load(struct request *r, const char *id);
struct group *group_by_name(struct request *r, const char *name);
void group_put(struct request *r, const struct group *g, const struct group *before);
void group_delete(struct request *r, const struct group *g);
/* Ids of the groups that an entity or group is directly in. */
struct names groups_of(struct request *r, const char *member);

/* Ids of entity (or group) by alias id, or by mount accessor and name; NULL: none. */
const char *alias_owner(struct request *r, bool of_group, const char *alias_id);
const char *alias_owner_at(struct request *r, bool of_group, const char *mount_accessor, const char *name);
struct alias *alias_new(struct request *r, const char *canonical_id, const char *accessor, const char *name);
/* The members of an answer; `whole`: also namespace_id. */
void alias_show(struct request *r, struct json_writer *w, const struct alias *a, bool whole);
void alias_show_short(struct request *r, struct json_writer *w, const struct alias *a);
struct alias *alias_find(struct alias *first, const char *id);
/* Ids in a list, names without repetition, in small letters. */
struct names policies_tidy(struct request *r, const struct names *policies);
struct names names_without(struct pool *p, const struct names *names, const char *name);

#endif
