/*
 * The key-value store. Which version a mount has, and so what the real path is, one question tells before each verb
 * (sys/internal/ui/mounts).
 */
#include "client/kv.h"

#include <stdlib.h>
#include <string.h>

static int kv_preflight(const struct client *c, const char *path, const char **mount, bool *second)
{
	struct client plain = *c;
	const struct json *data;
	struct answer a;

	plain.wrap_ttl = NULL;
	plain.curl_string = false;
	*mount = "";
	*second = false;
	if (ask(&plain, "GET", keep_format("sys/internal/ui/mounts/%s", ask_path(path)), NULL, &a))
		return a.status == 404 ? 0 : complain(2, "%s", a.error);
	data = json_member(a.json, "data");
	*mount = value_text(json_member(data, "path"));
	*second = strcmp(value_text(json_member(json_member(data, "options"), "version")), "2") == 0;
	return 0;
}

int kv_find(const struct client *c, struct kv *kv)
{
	const char *operand = c->count ? path_clean(c->operands[0]) : "", *mount = flag(c, "mount");
	int status;

	status = kv_preflight(c, mount ? path_clean(mount) : operand, &kv->mount, &kv->second);
	if (status)
		return status;
	if (mount && !*kv->mount)
		kv->mount = path_clean(mount);
	kv->within = operand;
	if (!mount && *kv->mount) {
		const char *root = path_clean(kv->mount);
		size_t n = strlen(root);

		if (strncmp(operand, root, n) == 0 && (operand[n] == '/' || !operand[n]))
			kv->within = path_clean(operand + n);
	}
	kv->plain = mount || *kv->mount ? path_join(kv->mount, kv->within, "") : operand;
	return 0;
}

char *kv_path(const struct kv *kv, const char *part)
{
	return kv->second ? path_join(kv->mount, part, kv->within) : path_clean(kv->plain);
}

int kv_find_second(const struct client *c, struct kv *kv, const char *what)
{
	int status = kv_find(c, kv);

	if (status)
		return status;
	return kv->second ? 0 : complain(1, "%s not supported on KV Version 1", what);
}

/* ===== Title ===== as wide as what is below. */
void kv_title(const char *title, size_t width)
{
	size_t n = strlen(title) + 2, signs = width > n ? width - n : 4;

	signs = (signs + 1) / 2;
	for (size_t i = 0; i < signs; i++)
		(void)putchar('=');
	(void)printf(" %s ", title);
	for (size_t i = 0; i < signs; i++)
		(void)putchar('=');
	(void)putchar('\n');
}

void kv_section(const struct client *c, const char *title, const struct json *object)
{
	size_t widest = 0;

	for (const struct json *m = object->first; m; m = m->next)
		widest = strlen(value_name(m)) > widest ? strlen(value_name(m)) : widest;
	kv_title(title, widest + sizeof("    Value") - 1);
	(void)output_map(c, object);
}

static void kv_secret_path(const char *path)
{
	kv_title("Secret Path", strlen(path));
	(void)printf("%s\n\n", path);
}

static int kv_get_field(const struct client *c, const struct kv *kv, const struct answer *a, const char *path)
{
	const struct json *data = json_member_of(json_member(a->json, "data"), "data", JSON_OBJECT);

	if (!kv->second)
		return output_secret(c, a);
	if (!data)
		return complain(2, "No data found at %s", path);
	if (strcmp(c->field, "data") == 0 && !json_member(data, "data"))
		return output_secret(c, a);
	return output_field(c, data, c->field);
}

int kv_get_run(struct client *c)
{
	const struct json *data, *metadata, *inner;
	const char *path, *version = flag(c, "version");
	struct kv kv;
	struct answer a;
	int status = kv_find(c, &kv);

	if (status)
		return status;
	path = kv_path(&kv, "data");
	if (ask(c, "GET", keep_format("%s%s%s", ask_path(path), kv.second && version ? "?version=" : "",
				      kv.second && version ? version : ""), NULL, &a) && a.status != 404)
		return output_error(&a, "reading %s", path);
	if (answer_absent(&a))
		return complain(2, "No value found at %s", path);
	if (c->field && !json_member_of(a.json, "wrap_info", JSON_OBJECT))
		return kv_get_field(c, &kv, &a, path);
	if (!output_is_table(c) || json_member_of(a.json, "wrap_info", JSON_OBJECT))
		return output_secret(c, &a);
	output_warnings(&a);
	data = json_member_of(a.json, "data", JSON_OBJECT);
	metadata = kv.second ? json_member_of(data, "metadata", JSON_OBJECT) : NULL;
	if (kv.second)
		kv_secret_path(path);
	if (metadata) {
		kv_section(c, "Metadata", metadata);
		(void)putchar('\n');
	}
	inner = kv.second ? json_member_of(data, "data", JSON_OBJECT) : data;
	if (inner)
		kv_section(c, "Data", inner);
	return 0;
}

int kv_wrote(const struct client *c, const struct answer *a, const char *path)
{
	const struct json *data = json_member_of(a->json, "data", JSON_OBJECT);

	if (!a->size)
		return output_success(c, "Data written to: %s", path);
	if (c->field || !output_is_table(c) || !data)
		return output_secret(c, a);
	output_warnings(a);
	kv_secret_path(path);
	kv_section(c, "Metadata", data);
	return 0;
}

/* {"options": {"cas": N}, "data": ...: the caller closes the object when it has written data. */
void kv_body(const struct client *c, struct json_writer *w, const char *cas)
{
	const char *given = flag(c, "cas");

	body_start(w);
	json_object(w, "options");
	if (cas)
		json_put_raw(w, "cas", cas, strlen(cas));
	else if (given && strtol(given, NULL, 10) >= 0)
		json_put_i64(w, "cas", strtol(given, NULL, 10));
	json_close(w);
}

int kv_put_run(struct client *c)
{
	const char *path;
	struct json_writer w;
	struct pair *pairs;
	struct answer a;
	struct kv kv;
	int status;

	if (c->count == 1)
		return complain(1, "Must supply data");
	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	status = kv_find(c, &kv);
	if (status)
		return status;
	path = kv_path(&kv, "data");
	if (kv.second) {
		kv_body(c, &w, NULL);
		json_object(&w, "data");
		pairs_write(&w, pairs);
		json_close(&w);
	} else {
		body_start(&w);
		pairs_write(&w, pairs);
	}
	if (ask(c, "PUT", ask_path(path), body_end(&w), &a))
		return output_error(&a, "writing data to %s", path);
	return kv_wrote(c, &a, path);
}

int kv_list_run(struct client *c)
{
	const struct json *keys;
	const char *path;
	struct answer a;
	struct kv kv;
	int status;

	if (!c->count && !flag(c, "mount"))
		return complain(1, "Not enough arguments (expected 1, got 0)");
	status = kv_find(c, &kv);
	if (status)
		return status;
	path = kv_path(&kv, "metadata");
	if (ask(c, "GET", keep_format("%s/?list=true", ask_path(path)), NULL, &a) && a.status != 404)
		return output_error(&a, "listing %s", path);
	keys = json_member_of(json_member(a.json, "data"), "keys", JSON_ARRAY);
	if (!keys && !output_is_table(c)) {
		(void)puts("{}");
		return 2;
	}
	if (json_member_of(a.json, "wrap_info", JSON_OBJECT))
		return output_secret(c, &a);
	return keys ? output_list(c, keys) : complain(2, "No value found at %s", path);
}

int kv_delete_run(struct client *c)
{
	bool some = flag(c, "versions");
	struct json_writer w;
	const char *path;
	struct answer a;
	struct kv kv;
	int status = kv_find(c, &kv), failed;

	if (status)
		return status;
	path = kv_path(&kv, some ? "delete" : "data");
	if (kv.second && some) {
		body_start(&w);
		flags_body(c, &w, "versions");
		failed = ask(c, "PUT", ask_path(path), body_end(&w), &a);
	} else {
		failed = ask(c, "DELETE", ask_path(path), NULL, &a);
	}
	if (failed)
		return output_error(&a, "deleting %s", path);
	return output_success(c, "Data deleted (if it existed) at: %s", path);
}

static int kv_versions(const struct client *c, const char *what, const char *part)
{
	struct json_writer w;
	const char *path;
	struct answer a;
	struct kv kv;
	int status;

	if (!flag(c, "versions"))
		return complain(1, "No versions provided, use the \"-versions\" flag to specify the version to %s.",
				part);
	status = kv_find_second(c, &kv, what);
	if (status)
		return status;
	path = kv_path(&kv, part);
	body_start(&w);
	flags_body(c, &w, "versions");
	if (ask(c, "PUT", ask_path(path), body_end(&w), &a))
		return output_error(&a, "writing data to %s", path);
	return output_success(c, "Data written to: %s", path);
}

int kv_undelete_run(struct client *c)
{
	return kv_versions(c, "Undelete", "undelete");
}

int kv_destroy_run(struct client *c)
{
	return kv_versions(c, "Destroy", "destroy");
}
