/* The endpoints of identity/. */
#include "server/identity/identity.h"

#include "server/identity/cache.h"
#include "server/identity/handlers.h"
#include "server/identity/oidc.h"

#define END { NULL, FIELD_ANY, NULL }

static const struct field entity_fields[] = {
	{ "id", FIELD_STRING, "Identifier of the entity; set, that one is changed." },
	{ "name", FIELD_STRING, "Name of the entity." },
	{ "metadata", FIELD_ANY, "Texts by name, of one's own." },
	{ "policies", FIELD_LIST, "Policies that tokens of the entity have besides their own." },
	{ "disabled", FIELD_BOOL, "Tokens of a disabled entity cannot be used." },
	END,
};
static const struct field batch_fields[] = { { "entity_ids", FIELD_LIST, "Entities to delete." }, END };
static const struct field merge_fields[] = {
	{ "from_entity_ids", FIELD_LIST, "Entities that are merged into the other." },
	{ "to_entity_id", FIELD_STRING, "The entity that takes them in." },
	{ "conflicting_alias_ids_to_keep", FIELD_LIST, "Of two aliases at one mount, those that stay." },
	{ "force", FIELD_BOOL, "Of no effect: there are no MFA secrets to settle." },
	END,
};
static const struct field alias_fields[] = {
	{ "id", FIELD_STRING, "Identifier of the alias; set, that one is changed." },
	{ "canonical_id", FIELD_STRING, "The entity or group that the alias belongs to." },
	{ "entity_id", FIELD_STRING, "The older name of \"canonical_id\"." },
	{ "mount_accessor", FIELD_STRING, "Accessor of the auth method's mount." },
	{ "name", FIELD_STRING, "Name of the alias: what a login there says." },
	{ "custom_metadata", FIELD_ANY, "Texts by name, of one's own." },
	END,
};
static const struct field group_fields[] = {
	{ "id", FIELD_STRING, "Identifier of the group; set, that one is changed." },
	{ "name", FIELD_STRING, "Name of the group." },
	{ "type", FIELD_STRING, "\"internal\" or \"external\"; cannot be changed." },
	{ "metadata", FIELD_ANY, "Texts by name, of one's own." },
	{ "policies", FIELD_LIST, "Policies of the group's members." },
	{ "member_group_ids", FIELD_LIST, "Groups in the group." },
	{ "member_entity_ids", FIELD_LIST, "Entities in the group." },
	END,
};
static const struct field lookup_fields[] = {
	{ "id", FIELD_STRING, "Identifier." },
	{ "name", FIELD_STRING, "Name." },
	{ "alias_id", FIELD_STRING, "Identifier of an alias." },
	{ "alias_name", FIELD_STRING, "Name of an alias, with its mount." },
	{ "alias_mount_accessor", FIELD_STRING, "The mount of that alias." },
	END,
};

#define ALIASES(path) \
	{ .pattern = path, .update = entity_alias_write, .fields = alias_fields, .text = "Create an alias." }, \
	{ .pattern = path "/id", .list = entity_alias_list, .text = "List the aliases." }, \
	{ .pattern = path "/id/{id}", .read = entity_alias_read, .update = entity_alias_write, \
	  .delete = entity_alias_delete, .fields = alias_fields, .text = "An alias, by its identifier." }

static const struct route routes[] = {
	{ .pattern = "entity", .update = entity_write, .fields = entity_fields, .text = "Create an entity." },
	{ .pattern = "entity/batch-delete", .update = entity_batch_delete, .fields = batch_fields,
	  .text = "Delete several entities." },
	{ .pattern = "entity/merge", .update = entity_merge, .fields = merge_fields, .text = "Merge entities." },
	{ .pattern = "entity/id", .list = entity_list_by_id, .text = "List the entities." },
	{ .pattern = "entity/id/{id}", .read = entity_read_by_id, .update = entity_write,
	  .delete = entity_delete_by_id, .fields = entity_fields, .text = "An entity, by its identifier." },
	{ .pattern = "entity/name", .list = entity_list_by_name, .text = "List the entities by name." },
	{ .pattern = "entity/name/{name*}", .read = entity_read_by_name, .update = entity_write,
	  .delete = entity_delete_by_name, .fields = entity_fields, .text = "An entity, by its name." },
	ALIASES("entity-alias"),
	ALIASES("alias"),
	ALIASES("persona"),
	{ .pattern = "group", .update = group_write, .fields = group_fields, .text = "Create a group." },
	{ .pattern = "group/id", .list = group_list_by_id, .text = "List the groups." },
	{ .pattern = "group/id/{id}", .read = group_read_by_id, .update = group_write, .delete = group_delete_by_id,
	  .fields = group_fields, .text = "A group, by its identifier." },
	{ .pattern = "group/name", .list = group_list_by_name, .text = "List the groups by name." },
	{ .pattern = "group/name/{name*}", .read = group_read_by_name, .update = group_write,
	  .delete = group_delete_by_name, .fields = group_fields, .text = "A group, by its name." },
	{ .pattern = "group-alias", .update = group_alias_write, .fields = alias_fields,
	  .text = "Create an alias of an external group." },
	{ .pattern = "group-alias/id", .list = group_alias_list, .text = "List the aliases of groups." },
	{ .pattern = "group-alias/id/{id}", .read = group_alias_read, .update = group_alias_write,
	  .delete = group_alias_delete, .fields = alias_fields, .text = "A group's alias, by its identifier." },
	{ .pattern = "lookup/entity", .update = lookup_entity, .fields = lookup_fields,
	  .text = "Find an entity by what is known of it." },
	{ .pattern = "lookup/group", .update = lookup_group, .fields = lookup_fields,
	  .text = "Find a group by what is known of it." },
};

static const struct route_table tables[] = { ROUTES(routes), { .also = oidc_tables }, { NULL } };

const struct backend identity_backend = {
	.type = "identity", .class = MOUNT_SECRET, .tables = tables, .once = true, .open = identity_open,
	.close = identity_close, .tick = signing_keys_tick,
};
