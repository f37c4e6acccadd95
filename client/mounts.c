/* Secrets engines and auth methods: the same verbs at sys/mounts and at sys/auth. */
#include "client/client.h"

#include <string.h>
#include <unistd.h>

static const struct kind {
	const char *at, *thing, *listing;
} engines = { "sys/mounts", "secrets engine", "secrets engines" }, methods = { "sys/auth", "auth method",
									     "enabled authentications" };

#define TUNE_FLAGS "default-lease-ttl max-lease-ttl audit-non-hmac-request-keys audit-non-hmac-response-keys " \
	"listing-visibility passthrough-request-headers allowed-response-headers token-type plugin-version "

static const char *text_of(const struct json *mount, const char *name)
{
	return value_text(json_member(mount, name));
}

static void mount_row(struct table *t, const struct kind *k, const struct json *m, bool detailed)
{
	const struct json *config = json_member(m, "config"), *options = json_member_of(m, "options", JSON_OBJECT);
	const char *ttl = text_of(config, "default_lease_ttl"), *most = text_of(config, "max_lease_ttl");
	const char *path = value_name(m);

	if (!detailed && k == &engines)
		TABLE_ROW(t, path, text_of(m, "type"), text_of(m, "accessor"), text_of(m, "description"));
	else if (!detailed)
		TABLE_ROW(t, path, text_of(m, "type"), text_of(m, "accessor"), text_of(m, "description"),
			  text_of(m, "plugin_version"));
	else
		TABLE_ROW(t, path, text_of(m, "type"), text_of(m, "accessor"), strcmp(ttl, "0") ? ttl : "system",
			  strcmp(most, "0") ? most : "system", text_of(config, "token_type"),
			  json_true(json_member(m, "local")) ? "local" : "replicated", text_of(m, "seal_wrap"),
			  options ? value_show(options) : "map[]", text_of(m, "description"), text_of(m, "uuid"),
			  text_of(m, "running_plugin_version"), text_of(m, "deprecation_status"));
}

static int mount_list(const struct client *c, const struct kind *k)
{
	const struct json *data, **sorted;
	struct table t = { 0 };
	struct answer a;
	size_t count;

	if (ask(c, "GET", k->at, NULL, &a))
		return output_error(&a, "listing %s", k->listing);
	data = json_member_of(a.json, "data", JSON_OBJECT);
	if (!data)
		return complain(2, "Error listing %s: the answer has no data", k->listing);
	if (!output_is_table(c)) {
		output_json(c, data);
		return 0;
	}
	if (c->detailed)
		TABLE_ROW(&t, "Path", "Plugin", "Accessor", "Default TTL", "Max TTL", "Token Type", "Replication",
			  "Seal Wrap", "Options", "Description", "UUID", "Running Version", "Deprecation Status");
	else if (k == &engines)
		TABLE_ROW(&t, "Path", "Type", "Accessor", "Description");
	else
		TABLE_ROW(&t, "Path", "Type", "Accessor", "Description", "Version");
	sorted = value_sorted(data, &count);
	for (size_t i = 0; i < count; i++)
		mount_row(&t, k, sorted[i], c->detailed);
	table_print(&t, true);
	return 0;
}

static void mount_options(const struct client *c, struct json_writer *w, const char *version)
{
	if (!version && !flag(c, "options"))
		return;
	json_object(w, "options");
	for (const struct given *g = c->given; g; g = g->next) {
		size_t n = strcspn(g->value, "=");

		if (strcmp(g->name, "options") == 0)
			json_put_string(w, keep_bytes(g->value, n), g->value + n + 1);
	}
	if (version)
		json_put_string(w, "version", version);
	json_close(w);
}

static int mount_enable(const struct client *c, const struct kind *k)
{
	const char *type = path_clean(c->operands[0]), *version = flag(c, "version"), *path = flag(c, "path");
	struct json_writer w;
	struct answer a;

	if (strcmp(type, "plugin") == 0)
		type = flag(c, "plugin-name") ? flag(c, "plugin-name") : type;
	path = path_closed(path ? path : type);
	if (k == &engines && (strcmp(type, "kv-v1") == 0 || strcmp(type, "kv-v2") == 0)) {
		version = type[4] == '1' ? "1" : "2";
		type = "kv";
	}
	body_start(&w);
	json_put_string(&w, "type", type);
	flags_body(c, &w, "description local seal-wrap external-entropy-access");
	json_object(&w, "config");
	flags_body(c, &w, k == &engines ? TUNE_FLAGS "force-no-cache" : TUNE_FLAGS);
	json_close(&w);
	mount_options(c, &w, version);
	if (ask(c, "POST", keep_format("%s/%s", k->at, ask_path(path_clean(path))), body_end(&w), &a))
		return k == &engines ? output_error(&a, "enabling") : output_error(&a, "enabling %s auth", type);
	return output_success(c, k == &engines ? "Enabled the %s %s at: %s" : "Enabled %s %s at: %s", type, k->thing,
			      path);
}

static int mount_disable(const struct client *c, const struct kind *k)
{
	const char *path = path_closed(c->operands[0]);
	struct answer a;

	if (ask(c, "DELETE", keep_format("%s/%s", k->at, ask_path(path_clean(path))), NULL, &a))
		return output_error(&a, "disabling %s at %s", k->thing, path);
	return output_success(c, "Disabled the %s (if it existed) at: %s", k->thing, path);
}

static int mount_tune(const struct client *c, const struct kind *k)
{
	const char *path = path_closed(c->operands[0]);
	struct json_writer w;
	struct answer a;

	body_start(&w);
	flags_body(c, &w, TUNE_FLAGS "description");
	mount_options(c, &w, flag(c, "version"));
	if (ask(c, "POST", keep_format("%s/%s/tune", k->at, ask_path(path_clean(path))), body_end(&w), &a))
		return output_error(&a, "tuning %s %s", k->thing, path);
	return output_success(c, "Tuned the %s at: %s", k->thing, path);
}

/* The server may take its time: it is asked until it says how it went. */
static int move_wait(const struct client *c, const char *id, const char *what)
{
	const char *state;
	struct answer a;

	for (;;) {
		if (ask(c, "GET", keep_format("sys/remount/status/%s", ask_path(id)), NULL, &a))
			return output_error(&a, "checking migration status of %s", what);
		state = text_of(json_member(json_member(a.json, "data"), "migration_info"), "status");
		if (strcmp(state, "success") == 0)
			return output_success(c, "Finished moving %s, with migration ID %s", what, id);
		if (strcmp(state, "failure") == 0)
			return complain(0, "Failure! Error encountered moving %s, with migration ID %s", what, id);
		(void)sleep(1);
	}
}

static int mount_move(const struct client *c, const struct kind *k)
{
	const char *from = path_closed(c->operands[0]), *to = path_closed(c->operands[1]), *id, *what;
	const char *prefix = k == &methods ? "auth/" : "";
	struct json_writer w;
	struct answer a;

	what = keep_format("%s %s to %s", k->thing, from, to);
	body_start(&w);
	json_put_string(&w, "from", keep_format("%s%s", prefix, from));
	json_put_string(&w, "to", keep_format("%s%s", prefix, to));
	if (ask(c, "POST", "sys/remount", body_end(&w), &a))
		return output_error(&a, "moving %s", what);
	id = text_of(json_member(a.json, "data"), "migration_id");
	if (!*id)
		return output_success(c, "Moved %s", what);
	(void)printf("Started moving %s, with migration ID %s\n", what, id);
	return move_wait(c, id, what);
}

#define MOUNT_VERB(name, kind, does) \
	int name(struct client *c) \
	{ \
		return does(c, &kind); \
	}
MOUNT_VERB(secrets_list_run, engines, mount_list)
MOUNT_VERB(secrets_enable_run, engines, mount_enable)
MOUNT_VERB(secrets_disable_run, engines, mount_disable)
MOUNT_VERB(secrets_tune_run, engines, mount_tune)
MOUNT_VERB(secrets_move_run, engines, mount_move)
MOUNT_VERB(auth_list_run, methods, mount_list)
MOUNT_VERB(auth_enable_run, methods, mount_enable)
MOUNT_VERB(auth_disable_run, methods, mount_disable)
MOUNT_VERB(auth_tune_run, methods, mount_tune)
MOUNT_VERB(auth_move_run, methods, mount_move)
