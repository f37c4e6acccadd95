/* Leases, and namespaces: small groups of verbs. */
#include "client/client.h"

int lease_lookup_run(struct client *c)
{
	struct answer a;

	if (ask(c, "PUT", "sys/leases/lookup", body_of("lease_id", c->operands[0]), &a))
		return output_error(&a, "looking up lease id %s", c->operands[0]);
	return output_secret(c, &a);
}

int lease_renew_run(struct client *c)
{
	struct json_writer w;
	struct answer a;

	body_start(&w);
	json_put_string(&w, "lease_id", c->operands[0]);
	flags_body(c, &w, flag(c, "i") ? "i:increment" : "increment");
	if (ask(c, "PUT", "sys/leases/renew", body_end(&w), &a))
		return output_error(&a, "renewing %s", c->operands[0]);
	return output_secret(c, &a);
}

int lease_revoke_run(struct client *c)
{
	bool force = flag_true(c, "force") || flag_true(c, "f"), prefix = flag_true(c, "prefix"),
	     sync = flag_true(c, "sync");
	const char *id = c->operands[0];
	struct json_writer w;
	struct answer a;
	int failed;

	if (force && !prefix)
		return complain(1, "Specifying -force requires also specifying -prefix");
	if (force)
		(void)complain(0, "Warning! What the leases stand for may go on existing where it was made.");
	body_start(&w);
	json_put_bool(&w, "sync", sync);
	if (!prefix)
		json_put_string(&w, "lease_id", id);
	failed = ask(c, "PUT",
		     force    ? keep_format("sys/leases/revoke-force/%s", ask_path(path_clean(id)))
		     : prefix ? keep_format("sys/leases/revoke-prefix/%s", ask_path(path_clean(id)))
			      : "sys/leases/revoke",
		     body_end(&w), &a);
	if (failed)
		return output_error(&a, force ? "force revoking leases with prefix %s" :
				    prefix ? "revoking leases with prefix %s" : "revoking lease %s", id);
	if (force)
		return output_success(c, "Force revoked any leases with prefix: %s", id);
	if (sync)
		return output_success(c, prefix ? "Revoked any leases with prefix: %s" : "Revoked lease: %s", id);
	if (output_is_table(c))
		(void)puts("All revocation operations queued successfully!");
	return 0;
}

int namespace_list_run(struct client *c)
{
	const struct json *keys;
	struct answer a;

	if (ask(c, "GET", "sys/namespaces?list=true", NULL, &a) && a.status != 404)
		return output_error(&a, "listing namespaces");
	keys = json_member_of(json_member(a.json, "data"), "keys", JSON_ARRAY);
	return keys ? output_list(c, keys) : complain(2, "No namespaces found");
}

int namespace_lookup_run(struct client *c)
{
	const char *path = path_clean(c->operands[0]);
	struct answer a;

	if (ask(c, "GET", keep_format("sys/namespaces/%s", ask_path(path)), NULL, &a))
		return a.status == 404 ? complain(2, "Namespace not found") : output_error(&a, "looking up namespace");
	return output_secret(c, &a);
}

int namespace_create_run(struct client *c)
{
	struct json_writer w;
	struct answer a;

	body_start(&w);
	flags_body(c, &w, "custom-metadata");
	if (ask(c, "PUT", keep_format("sys/namespaces/%s", ask_path(path_clean(c->operands[0]))), body_end(&w), &a))
		return output_error(&a, "creating namespace");
	return output_secret(c, &a);
}

int namespace_delete_run(struct client *c)
{
	const char *path = path_closed(c->operands[0]);
	struct answer a;

	if (ask(c, "DELETE", keep_format("sys/namespaces/%s", ask_path(path_clean(path))), NULL, &a))
		return output_error(&a, "deleting namespace");
	return output_success(c, "Namespace deleted at: %s", path);
}
