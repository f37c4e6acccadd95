/* kv patch and rollback: changes that build on what is there. */
#include "client/kv.h"

#include <string.h>

/* What is there, or a version of it; its metadata. 0, or the exit status with a sentence said. */
static int change_read(const struct client *c, const char *path, const char *version, const char *verb,
		       struct answer *a, const struct json **metadata)
{
	int failed =
		ask(c, "GET", keep_format("%s%s%s", ask_path(path), version ? "?version=" : "", version ? version : ""),
		    NULL, a);

	if (failed && a->status != 404)
		return complain(2, "Error doing pre-read at %s: %s", path, a->error);
	if (answer_absent(a))
		return complain(2, "No value found at %s", path);
	*metadata = json_member_of(json_member(a->json, "data"), "metadata", JSON_OBJECT);
	if (!*metadata)
		return complain(2, "No metadata found at %s; %s only works on existing data", path, verb);
	return 0;
}

static bool removed(const struct client *c, const char *name)
{
	for (const struct given *g = c->given; g; g = g->next)
		if (strcmp(g->name, "remove-data") == 0 && strcmp(g->value, name) == 0)
			return true;
	return false;
}

static bool replaced(const struct pair *pairs, const char *name)
{
	for (; pairs; pairs = pairs->next)
		if (strcmp(pairs->name, name) == 0)
			return true;
	return false;
}

/* Read, change, write, with the version that was read as the condition. */
static int patch_by_writing(const struct client *c, const char *path, const struct pair *pairs)
{
	const struct json *metadata, *data;
	struct json_writer w;
	struct answer a;
	int status = change_read(c, path, NULL, "patch", &a, &metadata);

	if (status)
		return status;
	data = json_member_of(json_member(a.json, "data"), "data", JSON_OBJECT);
	if (!data)
		return complain(2, "No data found at %s; patch only works on existing data", path);
	kv_body(c, &w, value_text(json_member(metadata, "version")));
	json_object(&w, "data");
	for (const struct json *m = data->first; m; m = m->next)
		if (!replaced(pairs, value_name(m)) && !removed(c, value_name(m)))
			value_write(&w, value_name(m), m);
	pairs_write(&w, pairs);
	json_close(&w);
	if (ask(c, "PUT", ask_path(path), body_end(&w), &a))
		return output_error(&a, "writing data to %s", path);
	return kv_wrote(c, &a, path);
}

/* The server changes it; who may not let it, but may read and write, does it by writing. */
static int patch_by_patching(const struct client *c, const char *path, const struct pair *pairs, bool only)
{
	struct json_writer w;
	struct answer a;

	kv_body(c, &w, NULL);
	json_object(&w, "data");
	pairs_write(&w, pairs);
	for (const struct given *g = c->given; g; g = g->next)
		if (strcmp(g->name, "remove-data") == 0)
			json_put_null(&w, g->value);
	json_close(&w);
	if (ask(c, "PATCH", ask_path(path), body_end(&w), &a) == 0)
		return kv_wrote(c, &a, path);
	if (a.status == 404)
		return complain(2, "No value found at %s", path);
	if (only || (a.status != 403 && a.status != 405))
		return output_error(&a, "writing data to %s", path);
	return patch_by_writing(c, path, pairs);
}

int kv_patch_run(struct client *c)
{
	const char *method = flag(c, "method"), *path;
	struct pair *pairs;
	struct kv kv;
	int status;

	if (c->count == 1 && !flag(c, "remove-data"))
		return complain(1, "Must supply data");
	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	if (method && strcmp(method, "patch") && strcmp(method, "rw"))
		return complain(2, "Unsupported method provided to -method flag: %s", method);
	status = kv_find(c, &kv);
	if (status)
		return status;
	if (!kv.second)
		return complain(2, "K/V engine mount must be version 2 for patch support");
	path = kv_path(&kv, "data");
	if (method && strcmp(method, "rw") == 0)
		return patch_by_writing(c, path, pairs);
	return patch_by_patching(c, path, pairs, method);
}

int kv_rollback_run(struct client *c)
{
	const struct json *metadata, *data;
	const char *path, *cas;
	struct json_writer w;
	struct answer a;
	struct kv kv;
	int status;

	if (!flag(c, "version"))
		return complain(1, "Version flag must be specified");
	status = kv_find(c, &kv);
	if (status)
		return status;
	if (!kv.second)
		return complain(2, "K/V engine mount must be version 2 for rollback support");
	path = kv_path(&kv, "data");
	status = change_read(c, path, NULL, "rollback", &a, &metadata);
	if (status)
		return status;
	cas = value_text(json_member(metadata, "version"));
	status = change_read(c, path, flag(c, "version"), "rollback", &a, &metadata);
	if (status)
		return status;
	data = json_member_of(json_member(a.json, "data"), "data", JSON_OBJECT);
	if (!data)
		return complain(2, "Cannot roll back to a version that has been %s",
				json_true(json_member(metadata, "destroyed")) ? "destroyed" : "deleted");
	kv_body(c, &w, cas);
	value_write(&w, "data", data);
	if (ask(c, "PUT", ask_path(path), body_end(&w), &a))
		return output_error(&a, "writing data to %s", path);
	return kv_wrote(c, &a, path);
}
