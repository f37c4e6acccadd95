/* The endpoints of approle. */
#include "server/auth/approle.h"
#include "server/auth/auth.h"

#define END { NULL, FIELD_ANY, NULL }
#define CIDRS(name) { name, FIELD_LIST, "Blocks of addresses from which one may log in." }

static const struct field role_fields[] = {
	{ "bind_secret_id", FIELD_BOOL, "A login needs a secret id. True unless said otherwise." },
	CIDRS("secret_id_bound_cidrs"),
	{ "bound_cidr_list", FIELD_LIST, "The older name of \"secret_id_bound_cidrs\"." },
	{ "secret_id_num_uses", FIELD_INT, "How many logins a secret id is good for; 0: any number." },
	{ "secret_id_ttl", FIELD_SECONDS, "How long a secret id is good; 0: for ever." },
	{ "role_id", FIELD_STRING, "Identifier of the role; a UUID unless said otherwise." },
	{ "local_secret_ids", FIELD_BOOL, "Secret ids belong to this cluster alone. Cannot be changed later." },
	TOKEN_FIELDS,
	TOKEN_OLD_FIELD("policies", FIELD_LIST),
	TOKEN_OLD_FIELD("period", FIELD_SECONDS),
	END,
};

#define FIELDS(id, ...) static const struct field id##_fields[] = { __VA_ARGS__, END }
FIELDS(policies, { "token_policies", FIELD_LIST, "Policies of the token." }, TOKEN_OLD_FIELD("policies", FIELD_LIST));
FIELDS(cidrs, CIDRS("secret_id_bound_cidrs"), CIDRS("bound_cidr_list"));
FIELDS(token_cidrs, { "token_bound_cidrs", FIELD_LIST, "Blocks of addresses from which the token may be used." });
FIELDS(bind, { "bind_secret_id", FIELD_BOOL, "A login needs a secret id." });
FIELDS(uses, { "secret_id_num_uses", FIELD_INT, "How many logins a secret id is good for; 0: any number." });
FIELDS(ttl, { "secret_id_ttl", FIELD_SECONDS, "How long a secret id is good; 0: for ever." });
FIELDS(period, { "token_period", FIELD_SECONDS, "Period of the token." }, TOKEN_OLD_FIELD("period", FIELD_SECONDS));
FIELDS(token_uses, { "token_num_uses", FIELD_INT, "How often the token may be used; 0: without a limit." });
FIELDS(token_ttl, { "token_ttl", FIELD_SECONDS, "How long the token lives at first." });
FIELDS(token_max, { "token_max_ttl", FIELD_SECONDS, "How long the token may live with renewals." });
FIELDS(role_id, { "role_id", FIELD_STRING, "Identifier of the role." });
FIELDS(secret, { "secret_id", FIELD_STRING, "The secret id." });
FIELDS(accessor, { "secret_id_accessor", FIELD_STRING, "The accessor of a secret id." });
FIELDS(login, { "role_id", FIELD_STRING, "Identifier of the role." }, { "secret_id", FIELD_STRING, "The secret id." });
FIELDS(make, { "secret_id", FIELD_STRING, "The secret id, where it is not to be made up." },
	{ "metadata", FIELD_ANY, "An object of strings, as JSON or as its text: goes to the token." },
	{ "cidr_list", FIELD_LIST, "Blocks of addresses from which it is good, within the role's." },
	{ "token_bound_cidrs", FIELD_LIST, "Blocks of addresses for the token, within the role's." },
	{ "num_uses", FIELD_INT, "How many logins it is good for, within the role's." },
	{ "ttl", FIELD_SECONDS, "How long it is good, within the role's." });

#define ROLE "role/{role_name}"
#define ONE(segment, rows) \
	{ .pattern = ROLE "/" segment, .read = approle_field_read, .update = approle_field_write, \
	  .delete = approle_field_clear, .fields = rows##_fields, .text = "The field " segment " of the role." }

static const struct route routes[] = {
	{ .pattern = "login", .flags = ROUTE_OPEN, .update = approle_login, .fields = login_fields,
	  .text = "Issue a token for a role id and a secret id." },
	{ .pattern = "role", .list = approle_list, .text = "List the roles." },
	{ .pattern = ROLE, .read = approle_read, .update = approle_write, .delete = approle_delete,
	  .exists = approle_exists, .fields = role_fields, .text = "Register a role." },
	ONE("policies", policies),
	ONE("bound-cidr-list", cidrs),
	ONE("secret-id-bound-cidrs", cidrs),
	ONE("token-bound-cidrs", token_cidrs),
	ONE("bind-secret-id", bind),
	ONE("secret-id-num-uses", uses),
	ONE("secret-id-ttl", ttl),
	ONE("period", period),
	ONE("token-num-uses", token_uses),
	ONE("token-ttl", token_ttl),
	ONE("token-max-ttl", token_max),
	{ .pattern = ROLE "/local-secret-ids", .read = approle_field_read, .text = "Whether secret ids are local." },
	{ .pattern = ROLE "/role-id", .read = approle_field_read, .update = approle_role_id_write,
	  .fields = role_id_fields, .text = "The identifier of the role." },
	{ .pattern = ROLE "/secret-id", .list = secret_ids_list, .update = secret_id_make, .fields = make_fields,
	  .text = "Generate a secret id; list the accessors of them." },
	{ .pattern = ROLE "/custom-secret-id", .update = secret_id_make_custom, .fields = make_fields,
	  .text = "Register a secret id of one's own." },
	{ .pattern = ROLE "/secret-id/lookup", .update = secret_id_lookup, .fields = secret_fields,
	  .text = "Read the properties of a secret id." },
	{ .pattern = ROLE "/secret-id/destroy", .update = secret_id_destroy, .delete = secret_id_destroy,
	  .fields = secret_fields, .text = "Destroy a secret id." },
	{ .pattern = ROLE "/secret-id-accessor/lookup", .update = secret_id_lookup_accessor,
	  .fields = accessor_fields, .text = "Read the properties of a secret id by its accessor." },
	{ .pattern = ROLE "/secret-id-accessor/destroy", .update = secret_id_destroy_accessor,
	  .delete = secret_id_destroy_accessor, .fields = accessor_fields,
	  .text = "Destroy a secret id by its accessor." },
	{ .pattern = "tidy/secret-id", .update = approle_tidy, .text = "Take away expired secret ids." },
};

static const struct route_table tables[] = { ROUTES(routes), { NULL } };

const struct backend approle_backend = {
	.type = "approle", .class = MOUNT_AUTH, .tables = tables, .open = lockout_open, .close = lockout_close,
	.renew_login = approle_renew, .tick = approle_tick,
};
