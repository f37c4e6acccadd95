#include "client/client.h"

#include <string.h>

int audit_list_run(struct client *c)
{
	const struct json *data, **sorted;
	struct table t = { 0 };
	struct answer a;
	size_t count;

	if (ask(c, "GET", "sys/audit", NULL, &a))
		return output_error(&a, "listing audits");
	data = json_member_of(a.json, "data", JSON_OBJECT);
	if (data && !output_is_table(c)) {
		output_json(c, data);
		return 0;
	}
	sorted = value_sorted(data, &count);
	if (!count) {
		(void)puts("No audit devices are enabled.");
		return 2;
	}
	if (c->detailed)
		TABLE_ROW(&t, "Path", "Type", "Description", "Replication", "Options");
	else
		TABLE_ROW(&t, "Path", "Type", "Description");
	for (size_t i = 0; i < count; i++) {
		const struct json *m = sorted[i];
		const char *type = value_text(json_member(m, "type")),
			   *about = value_text(json_member(m, "description"));

		if (c->detailed)
			TABLE_ROW(&t, value_name(m), type, about,
				  json_true(json_member(m, "local")) ? "local" : "replicated",
				  value_show(json_member(m, "options")));
		else
			TABLE_ROW(&t, value_name(m), type, about);
	}
	table_print(&t, true);
	return 0;
}

int audit_enable_run(struct client *c)
{
	const char *type = path_clean(c->operands[0]), *path = flag(c, "path") ? flag(c, "path") : type;
	struct json_writer w;
	struct pair *pairs;
	struct answer a;

	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	body_start(&w);
	json_put_string(&w, "type", type);
	flags_body(c, &w, "description local");
	json_object(&w, "options");
	pairs_write(&w, pairs);
	json_close(&w);
	if (ask(c, "PUT", keep_format("sys/audit/%s", ask_path(path_clean(path))), body_end(&w), &a))
		return output_error(&a, "enabling audit device");
	return output_success(c, "Enabled the %s audit device at: %s", type, path_closed(path));
}

int audit_disable_run(struct client *c)
{
	const char *path = path_closed(c->operands[0]);
	struct answer a;

	if (ask(c, "DELETE", keep_format("sys/audit/%s", ask_path(path_clean(path))), NULL, &a))
		return output_error(&a, "disabling audit device");
	return output_success(c, "Disabled audit device (if it was enabled) at: %s", path);
}
