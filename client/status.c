/* status, unseal: what the server says of its seal. */
#include "client/client.h"

#include <string.h>

static const char *shown(const struct json *object, const char *name)
{
	return value_show(json_member(object, name));
}

static void status_rows(struct table *t, const struct json *s)
{
	static const char *const more[][2] = { { "Version", "version" },
					       { "Build Date", "build_date" },
					       { "Storage Type", "storage_type" },
					       { "Cluster Name", "cluster_name" },
					       { "Cluster ID", "cluster_id" } };
	bool recovery = json_true(json_member(s, "recovery_seal"));

	TABLE_ROW(t, "Seal Type", shown(s, "type"));
	if (recovery)
		TABLE_ROW(t, "Recovery Seal Type", *value_text(json_member(s, "recovery_seal_type")) ?
			  shown(s, "recovery_seal_type") : "shamir");
	TABLE_ROW(t, "Initialized", shown(s, "initialized"));
	TABLE_ROW(t, "Sealed", shown(s, "sealed"));
	TABLE_ROW(t, recovery ? "Total Recovery Shares" : "Total Shares", shown(s, "n"));
	TABLE_ROW(t, "Threshold", shown(s, "t"));
	if (json_true(json_member(s, "sealed"))) {
		TABLE_ROW(t, "Unseal Progress", keep_format("%s/%s", shown(s, "progress"), shown(s, "t")));
		TABLE_ROW(t, "Unseal Nonce", value_text(json_member(s, "nonce")));
	}
	if (json_true(json_member(s, "migration")))
		TABLE_ROW(t, "Seal Migration in Progress", "true");
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (*value_text(json_member(s, more[i][1])))
			TABLE_ROW(t, more[i][0], shown(s, more[i][1]));
}

static void leader_rows(struct table *t, const struct json *leader)
{
	bool self = json_true(json_member(leader, "is_self"));

	TABLE_ROW(t, "HA Enabled", json_true(json_member(leader, "ha_enabled")) ? "true" : "false");
	if (!json_true(json_member(leader, "ha_enabled")))
		return;
	TABLE_ROW(t, "HA Cluster", value_text(json_member(leader, "leader_cluster_address")));
	TABLE_ROW(t, "HA Mode", self ? "active" : "standby");
	if (self && *value_text(json_member(leader, "active_time")))
		TABLE_ROW(t, "Active Since", value_text(json_member(leader, "active_time")));
	if (!self && *value_text(json_member(leader, "leader_address")))
		TABLE_ROW(t, "Active Node Address", value_text(json_member(leader, "leader_address")));
}

/* One object of both answers. */
static void status_join(const struct json *s, const struct json *leader, struct answer *whole)
{
	struct json_writer w;

	body_start(&w);
	for (const struct json *m = s->first; m; m = m->next)
		value_write(&w, value_name(m), m);
	if (!json_member(s, "ha_enabled"))
		json_put_bool(&w, "ha_enabled", json_true(json_member(leader, "ha_enabled")));
	for (const struct json *m = leader ? leader->first : NULL; m; m = m->next)
		if (strcmp(value_name(m), "ha_enabled") && !json_member(s, value_name(m)) && *value_text(m))
			value_write(&w, value_name(m), m);
	whole->body = body_end(&w);
	whole->size = strlen(whole->body);
	answer_parse(whole);
}

int status_show(const struct client *c, const struct answer *status)
{
	struct answer leader, whole = { 0 };
	struct table t = { 0 };

	/* Sealed, it does not say who leads. */
	(void)ask(c, "GET", "sys/leader", NULL, &leader);
	if (leader.status != 200)
		leader.json = NULL;
	if (c->field || !output_is_table(c)) {
		status_join(status->json, leader.json, &whole);
		if (c->field)
			return output_field(c, whole.json, c->field);
		output_json(c, whole.json);
		return 0;
	}
	TABLE_ROW(&t, "Key", "Value");
	status_rows(&t, status->json);
	leader_rows(&t, leader.json);
	table_print(&t, true);
	return 0;
}

int status_run(struct client *c)
{
	struct answer a;
	int status;

	c->name_space = c->wrap_ttl = NULL;
	if (ask(c, "GET", "sys/seal-status", NULL, &a) || !a.json || a.json->kind != JSON_OBJECT)
		return complain(1, "Error checking seal status: %s",
				a.error ? a.error : "the answer is no JSON object");
	status = status_show(c, &a);
	return json_true(json_member(a.json, "sealed")) ? 2 : status;
}

int operator_unseal_run(struct client *c)
{
	const char *key = c->count ? c->operands[0] : NULL;
	struct json_writer w;
	struct answer a;
	size_t size;

	if (key && strcmp(key, "-") == 0)
		key = file_read("-", &size);
	body_start(&w);
	if (flag_true(c, "reset")) {
		json_put_bool(&w, "reset", true);
	} else {
		if (!key)
			key = secret_prompt("Unseal Key");
		if (!key)
			return complain(1, "No unseal key was given");
		key = keep_bytes(key + strspn(key, " \t\r\n"), strcspn(key + strspn(key, " \t\r\n"), " \t\r\n"));
		json_put_string(&w, "key", key);
		flags_body(c, &w, "migrate");
	}
	if (ask(c, "PUT", "sys/unseal", body_end(&w), &a))
		return output_error(&a, flag_true(c, "reset") ? "resetting unseal" : "unsealing");
	return status_show(c, &a);
}

int operator_seal_run(struct client *c)
{
	struct answer a;

	if (ask(c, "PUT", "sys/seal", NULL, &a))
		return output_error(&a, "sealing");
	return output_success(c, "Vault is sealed.");
}

int operator_step_down_run(struct client *c)
{
	struct answer a;

	if (ask(c, "PUT", "sys/step-down", NULL, &a))
		return output_error(&a, "stepping down");
	return output_success(c, "Stepped down: %s", c->address);
}

static int key_status_show(const struct client *c, bool rotated)
{
	const struct json *data;
	struct table t = { 0 };
	struct answer a;

	if (ask(c, "GET", "sys/key-status", NULL, &a))
		return output_error(&a, "reading key status");
	data = json_member_of(a.json, "data", JSON_OBJECT);
	data = data ? data : a.json;
	if (c->field)
		return output_field(c, data, c->field);
	if (!output_is_table(c)) {
		output_json(c, data);
		return 0;
	}
	if (rotated)
		(void)puts("Success! Rotated key\n");
	TABLE_ROW(&t, "Key Term", shown(data, "term"));
	TABLE_ROW(&t, "Install Time", value_text(json_member(data, "install_time")));
	TABLE_ROW(&t, "Encryption Count", shown(data, "encryptions"));
	table_print(&t, false);
	return 0;
}

int operator_key_status_run(struct client *c)
{
	return key_status_show(c, false);
}

int operator_rotate_run(struct client *c)
{
	struct answer a;

	if (ask(c, "PUT", "sys/rotate", NULL, &a))
		return output_error(&a, "rotating key");
	return key_status_show(c, true);
}
