/* read, write, patch, delete, list, unwrap: the verbs that fit every path. */
#include "client/client.h"

#include <string.h>

/* The pairs as a query behind the path. */
static const char *data_query(const char *path, const struct pair *pairs)
{
	const char *url = ask_path(path);

	for (const struct pair *p = pairs; p; p = p->next) {
		struct answer a = { .body = p->json, .size = strlen(p->json) };

		answer_parse(&a);
		url = keep_format("%s%s%s=%s", url, p == pairs ? "?" : "&", ask_query(p->name),
				  ask_query(value_text(a.json)));
	}
	return url;
}

int read_run(struct client *c)
{
	const char *path = path_clean(c->operands[0]);
	struct pair *pairs;
	struct answer a;

	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	if (ask(c, "GET", data_query(path, pairs), NULL, &a) && (a.status != 404 || answer_absent(&a))) {
		if (answer_absent(&a))
			return complain(2, "No value found at %s", path);
		return output_error(&a, "reading %s", path);
	}
	return output_secret(c, &a);
}

static int data_wrote(const struct client *c, const struct answer *a, const char *path)
{
	if (!a->size)
		return output_success(c, "Data written to: %s", path);
	return output_secret(c, a);
}

static int data_send(struct client *c, const char *method)
{
	const char *path = path_clean(c->operands[0]);
	struct json_writer w;
	struct pair *pairs;
	struct answer a;

	if (c->count == 1 && !flag_true(c, "force") && !flag_true(c, "f"))
		return complain(1, "Must supply data or use -force");
	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	body_start(&w);
	pairs_write(&w, pairs);
	if (ask(c, method, ask_path(path), body_end(&w), &a))
		return output_error(&a, "writing data to %s", path);
	return data_wrote(c, &a, path);
}

int write_run(struct client *c)
{
	return data_send(c, "PUT");
}

int patch_run(struct client *c)
{
	return data_send(c, "PATCH");
}

int delete_run(struct client *c)
{
	const char *path = path_clean(c->operands[0]);
	struct pair *pairs;
	struct answer a;

	if (pairs_read(c->operands + 1, &pairs))
		return 1;
	if (ask(c, "DELETE", data_query(path, pairs), NULL, &a))
		return output_error(&a, "deleting %s", path);
	if (!a.size)
		return output_success(c, "Data deleted (if it existed) at: %s", path);
	return output_secret(c, &a);
}

/* What a list that is not there shows: JSON readers get an empty object. */
static int list_nothing(const struct client *c, const char *path)
{
	if (!output_is_table(c)) {
		(void)puts("{}");
		return 2;
	}
	return complain(2, "No value found at %s", path);
}

int list_run(struct client *c)
{
	const char *path = path_closed(c->operands[0]), *after = flag(c, "after"), *limit = flag(c, "limit");
	const struct json *data, *keys;
	struct answer a;

	path = ask_path(path);
	path = keep_format("%s?list=true%s%s%s%s", path, after ? "&after=" : "", after ? ask_query(after) : "",
			   limit ? "&limit=" : "", limit ? limit : "");
	if (ask(c, "GET", path, NULL, &a) && a.status != 404)
		return output_error(&a, "listing %s", path_clean(c->operands[0]));
	data = json_member_of(a.json, "data", JSON_OBJECT);
	if (json_member_of(a.json, "wrap_info", JSON_OBJECT))
		return output_secret(c, &a);
	keys = json_member_of(data, "keys", JSON_ARRAY);
	if (!keys)
		return list_nothing(c, path_clean(c->operands[0]));
	output_warnings(&a);
	if (c->field)
		return output_field(c, data, c->field);
	if (c->detailed && !output_is_table(c))
		return output_secret(c, &a);
	return output_list(c, keys);
}

/* With a token of one's own the wrapping token goes into the body; without one it is the token. */
int unwrap_run(struct client *c)
{
	const char *token = c->count ? c->operands[0] : NULL;
	struct answer a;

	if (token && !c->token)
		c->token = token;
	else if (token && strcmp(token, c->token) == 0)
		token = NULL;
	if (ask(c, "PUT", "sys/wrapping/unwrap", token && token != c->token ? body_of("token", token) : NULL, &a))
		return output_error(&a, "unwrapping");
	if (!a.size)
		return complain(2, "Could not find wrapped response");
	return output_secret(c, &a);
}
