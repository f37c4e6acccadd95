/* The endpoints below identity/, by file. */
#ifndef ADYTON_SERVER_IDENTITY_HANDLERS_H
#define ADYTON_SERVER_IDENTITY_HANDLERS_H

#include "server/core/backend.h"

struct person;
struct group;

/* entity.c */
int entity_write(struct request *r);
int entity_read_by_id(struct request *r);
int entity_read_by_name(struct request *r);
int entity_delete_by_id(struct request *r);
int entity_delete_by_name(struct request *r);
int entity_batch_delete(struct request *r);
int entity_list_by_id(struct request *r);
int entity_list_by_name(struct request *r);
int entity_show(struct request *r, const struct person *e); /* 200, or 404 for NULL */
/* merge.c */
int entity_merge(struct request *r);
/* entity_alias.c: of entities */
int entity_alias_write(struct request *r);
int entity_alias_read(struct request *r);
int entity_alias_delete(struct request *r);
int entity_alias_list(struct request *r);
/* group.c */
int group_write(struct request *r);
int group_read_by_id(struct request *r);
int group_read_by_name(struct request *r);
int group_delete_by_id(struct request *r);
int group_delete_by_name(struct request *r);
int group_list_by_id(struct request *r);
int group_list_by_name(struct request *r);
int group_show(struct request *r, const struct group *g);
/* group_alias.c */
int group_alias_write(struct request *r);
int group_alias_read(struct request *r);
int group_alias_delete(struct request *r);
int group_alias_list(struct request *r);
/* lookup.c */
int lookup_entity(struct request *r);
int lookup_group(struct request *r);

/* {"keys": ids or names, "key_info": {id: what fn writes}}; 404 where there are none. */
int list_with_info(struct request *r, const char *kind, bool by_name,
		   const char *(*fn)(struct request *r, const char *id, struct json_writer *w));

#endif
