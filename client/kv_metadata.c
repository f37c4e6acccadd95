#include "client/kv.h"

#include <stdlib.h>
#include <string.h>

static int version_compare(const void *a, const void *b)
{
	long x = strtol(value_name(*(const struct json *const *)a), NULL, 10);
	long y = strtol(value_name(*(const struct json *const *)b), NULL, 10);

	return (x > y) - (x < y);
}

static int metadata_show(const struct client *c, const struct json *data)
{
	const struct json *versions = json_member_of(data, "versions", JSON_OBJECT), **sorted;
	struct answer plain = { 0 };
	struct json_writer w;
	size_t count;

	body_start(&w);
	for (const struct json *m = data->first; m; m = m->next)
		if (m != versions)
			value_write(&w, value_name(m), m);
	plain.body = body_end(&w);
	plain.size = strlen(plain.body);
	answer_parse(&plain);
	kv_section(c, "Metadata", plain.json);
	sorted = value_sorted(versions, &count);
	if (count)
		qsort(sorted, count, sizeof(*sorted), version_compare);
	for (size_t i = 0; i < count; i++) {
		(void)putchar('\n');
		kv_section(c, keep_format("Version %s", value_name(sorted[i])), sorted[i]);
	}
	return 0;
}

int kv_metadata_get_run(struct client *c)
{
	const struct json *data;
	const char *path;
	struct answer a;
	struct kv kv;
	int status = kv_find_second(c, &kv, "Metadata");

	if (status)
		return status;
	path = kv_path(&kv, "metadata");
	if (ask(c, "GET", ask_path(path), NULL, &a) && a.status != 404)
		return output_error(&a, "reading %s", path);
	data = json_member_of(a.json, "data", JSON_OBJECT);
	if (a.status == 404 || (!data && !json_member_of(a.json, "wrap_info", JSON_OBJECT)))
		return complain(2, "No value found at %s", path);
	if (c->field || !output_is_table(c) || !data)
		return output_secret(c, &a);
	kv_title("Metadata Path", strlen(path));
	(void)printf("%s\n\n", path);
	return metadata_show(c, data);
}

static int metadata_send(const struct client *c, const char *method)
{
	struct json_writer w;
	const char *path;
	struct answer a;
	struct kv kv;
	int status = kv_find_second(c, &kv, "Metadata");

	if (status)
		return status;
	path = kv_path(&kv, "metadata");
	body_start(&w);
	flags_body(c, &w, "max-versions cas-required delete-version-after");
	if (flag(c, "custom-metadata") || flag(c, "remove-custom-metadata")) {
		json_object(&w, "custom_metadata");
		for (const struct given *g = c->given; g; g = g->next) {
			size_t n = strcspn(g->value, "=");

			if (strcmp(g->name, "custom-metadata") == 0)
				json_put_string(&w, keep_bytes(g->value, n), g->value + n + 1);
			else if (strcmp(g->name, "remove-custom-metadata") == 0)
				json_put_null(&w, g->value);
		}
		json_close(&w);
	}
	if (ask(c, method, ask_path(path), body_end(&w), &a))
		return a.status == 404 ? complain(2, "No value found at %s", path) :
					 output_error(&a, "writing data to %s", path);
	return output_success(c, "Data written to: %s", path);
}

int kv_metadata_put_run(struct client *c)
{
	return metadata_send(c, "PUT");
}

int kv_metadata_patch_run(struct client *c)
{
	return metadata_send(c, "PATCH");
}

int kv_metadata_delete_run(struct client *c)
{
	const char *path;
	struct answer a;
	struct kv kv;
	int status = kv_find_second(c, &kv, "Metadata");

	if (status)
		return status;
	path = kv_path(&kv, "metadata");
	if (ask(c, "DELETE", ask_path(path), NULL, &a))
		return output_error(&a, "deleting %s", path);
	return output_success(c, "Data deleted (if it existed) at: %s", path);
}

int kv_versioning_run(struct client *c)
{
	const char *path = path_clean(c->operands[0]);
	struct answer a;

	if (ask(c, "PUT", keep_format("sys/mounts/%s/tune", ask_path(path)), "{\"options\":{\"version\":\"2\"}}", &a))
		return output_error(&a, "tuning secrets engine %s", path);
	return output_success(c, "Tuned the secrets engine at: %s/", path);
}
