/*
 * Who stands behind a login: entities, their aliases at mounts, groups (internal by members, external by an alias that
 * a login names). What is kept where: store.h.
 */
#ifndef ADYTON_SERVER_IDENTITY_IDENTITY_H
#define ADYTON_SERVER_IDENTITY_IDENTITY_H

#include "server/core/request.h"

struct entity_alias {
	const char *id, *name, *mount_accessor;
	struct blob metadata; /* JSON object */
};

struct entity_group {
	const char *id, *name;
	struct blob metadata;
	bool direct; /* the entity itself is a member */
	const char *alias_name, *alias_accessor; /* of an external group; else "" */
};

/* As the policies' templates and the token need it. */
struct entity {
	const char *id, *name;
	bool disabled;
	struct blob metadata;            /* JSON object of strings */
	struct names policies;           /* its own and those of its groups: identity_policies */
	const struct entity_alias *aliases;
	size_t alias_count;
	const struct entity_group *groups; /* direct and inherited */
	size_t group_count;
};

/* NULL: there is none. */
struct entity *entity_find(struct request *r, const char *id);
/* The entity of a login's alias at this mount, made where it is missing; groups of group_aliases are brought up to
 * date. */
struct entity *entity_of_login(struct request *r, const struct mount *m, const struct login *login);

extern const struct backend identity_backend;

#endif
