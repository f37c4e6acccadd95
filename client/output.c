/* Answers for people (tables) and for programs (JSON, YAML, one field). */
#include "client/client.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

int complain(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return status;
}

bool output_is_table(const struct client *c)
{
	return strcmp(c->format, "table") == 0;
}

int output_success(const struct client *c, const char *format, ...)
{
	va_list args;

	if (!output_is_table(c))
		return 0;
	va_start(args, format);
	(void)fputs("Success! ", stdout);
	(void)vprintf(format, args);
	va_end(args);
	(void)putchar('\n');
	return 0;
}

int output_error(const struct answer *a, const char *doing, ...)
{
	va_list args;

	va_start(args, doing);
	(void)fputs("Error ", stderr);
	(void)vfprintf(stderr, doing, args);
	va_end(args);
	(void)fprintf(stderr, ": %s\n", a->error);
	return 2;
}

void output_warnings(const struct answer *a)
{
	const struct json *warnings = json_member_of(a->json, "warnings", JSON_ARRAY);

	if (!warnings || !warnings->first)
		return;
	(void)fputs("WARNING! The following warnings were returned from Vault:\n\n", stderr);
	for (const struct json *e = warnings->first; e; e = e->next)
		(void)fprintf(stderr, "  * %s\n\n", value_text(e));
}

void output_json(const struct client *c, const struct json *v)
{
	struct json_writer w;

	if (strcmp(c->format, "yaml") == 0) {
		yaml_print(v);
		return;
	}
	json_write_init(&w, keep(256), 256, true);
	w.text.grow = keep_grow;
	value_write(&w, NULL, v);
	if (json_write_end(&w) >= 0)
		(void)puts(w.text.at);
}

static void put_or(struct json_writer *w, const struct json *answer, const char *name, const char *otherwise)
{
	const struct json *v = json_member(answer, name);

	if (v)
		value_write(w, name, v);
	else
		json_put_raw(w, name, otherwise, strlen(otherwise));
}

/* The envelope has Vault's order, what is in it is sorted; auth and wrap_info only where there are any. */
static void secret_json(const struct client *c, const struct json *answer)
{
	static const char *const optional[] = { "auth", "wrap_info" };
	struct json_writer w;
	struct answer text;

	json_write_init(&w, keep(256), 256, true);
	w.text.grow = keep_grow;
	json_object(&w, NULL);
	put_or(&w, answer, "request_id", "\"\"");
	put_or(&w, answer, "lease_id", "\"\"");
	put_or(&w, answer, "lease_duration", "0");
	put_or(&w, answer, "renewable", "false");
	put_or(&w, answer, "data", "null");
	put_or(&w, answer, "warnings", "null");
	for (size_t i = 0; i < 2; i++) {
		const struct json *v = json_member_of(answer, optional[i], JSON_OBJECT);

		if (!v)
			continue;
		json_object(&w, optional[i]);
		for (const struct json *m = v->first; m; m = m->next)
			value_write(&w, value_name(m), m);
		json_close(&w);
	}
	json_close(&w);
	if (json_write_end(&w) < 0)
		return;
	if (strcmp(c->format, "yaml")) {
		(void)puts(w.text.at);
		return;
	}
	text = (struct answer){ .body = w.text.at, .size = w.text.used };
	answer_parse(&text);
	yaml_print(text.json);
}

static void table_lease(struct table *t, const struct json *answer)
{
	const struct json *duration = json_member_of(answer, "lease_duration", JSON_NUMBER);
	const char *id = value_text(json_member(answer, "lease_id"));
	int64_t seconds = 0;

	if (!duration || !json_i64(duration, &seconds) || seconds <= 0)
		return;
	if (*id)
		TABLE_ROW(t, "lease_id", id);
	TABLE_ROW(t, *id ? "lease_duration" : "refresh_interval", value_duration(duration));
	if (*id)
		TABLE_ROW(t, "lease_renewable", value_show(json_member(answer, "renewable")));
}

static void table_auth(struct table *t, const struct json *auth)
{
	const struct json *seconds = json_member(auth, "lease_duration");
	const struct json **meta;
	size_t count;

	TABLE_ROW(t, "token", value_text(json_member(auth, "client_token")));
	TABLE_ROW(t, "token_accessor", value_text(json_member(auth, "accessor")));
	TABLE_ROW(t, "token_duration", strcmp(value_text(seconds), "0") && seconds ? value_duration(seconds) : "∞");
	TABLE_ROW(t, "token_renewable", value_show(json_member(auth, "renewable")));
	TABLE_ROW(t, "token_policies", value_quoted(json_member(auth, "token_policies")));
	TABLE_ROW(t, "identity_policies", value_quoted(json_member(auth, "identity_policies")));
	TABLE_ROW(t, "policies", value_quoted(json_member(auth, "policies")));
	meta = value_sorted(json_member(auth, "metadata"), &count);
	for (size_t i = 0; i < count; i++)
		TABLE_ROW(t, keep_format("token_meta_%s", value_name(meta[i])), value_show(meta[i]));
}

static void table_wrap(struct table *t, const struct json *wrap)
{
	TABLE_ROW(t, "wrapping_token:", value_text(json_member(wrap, "token")));
	TABLE_ROW(t, "wrapping_accessor:", value_text(json_member(wrap, "accessor")));
	TABLE_ROW(t, "wrapping_token_ttl:", value_duration(json_member(wrap, "ttl")));
	TABLE_ROW(t, "wrapping_token_creation_time:", value_text(json_member(wrap, "creation_time")));
	TABLE_ROW(t, "wrapping_token_creation_path:", value_text(json_member(wrap, "creation_path")));
	if (*value_text(json_member(wrap, "wrapped_accessor")))
		TABLE_ROW(t, "wrapped_accessor:", value_text(json_member(wrap, "wrapped_accessor")));
}

static void table_data(struct table *t, const struct json *data)
{
	size_t count;
	const struct json **members = value_sorted(data, &count);

	for (size_t i = 0; i < count; i++) {
		const char *name = value_name(members[i]);

		TABLE_ROW(t, name, value_is_duration(name) ? value_duration(members[i]) : value_show(members[i]));
	}
}

int output_map(const struct client *c, const struct json *object)
{
	struct table t = { 0 };

	if (!output_is_table(c)) {
		output_json(c, object);
		return 0;
	}
	TABLE_ROW(&t, "Key", "Value");
	table_data(&t, object);
	if (t.rows > 1)
		table_print(&t, true);
	return 0;
}

static int secret_table(const struct answer *a)
{
	const struct json *auth = json_member_of(a->json, "auth", JSON_OBJECT);
	const struct json *wrap = json_member_of(a->json, "wrap_info", JSON_OBJECT);
	const struct json *data = json_member_of(a->json, "data", JSON_OBJECT);
	struct table t = { 0 };

	output_warnings(a);
	TABLE_ROW(&t, "Key", "Value");
	table_lease(&t, a->json);
	if (auth)
		table_auth(&t, auth);
	if (wrap)
		table_wrap(&t, wrap);
	if (data)
		table_data(&t, data);
	if (t.rows > 1)
		table_print(&t, true);
	return 0;
}

/* -field's names of what is not in data. */
static const struct json *secret_field(const struct json *answer, const char *field)
{
	static const struct {
		const char *field, *in, *member;
	} names[] = {
		{ "token", "auth", "client_token" },
		{ "token_accessor", "auth", "accessor" },
		{ "token_duration", "auth", "lease_duration" },
		{ "token_renewable", "auth", "renewable" },
		{ "token_policies", "auth", "token_policies" },
		{ "identity_policies", "auth", "identity_policies" },
		{ "policies", "auth", "policies" },
		{ "wrapping_token", "wrap_info", "token" },
		{ "wrapping_accessor", "wrap_info", "accessor" },
		{ "wrapping_token_ttl", "wrap_info", "ttl" },
		{ "wrapping_token_creation_time", "wrap_info", "creation_time" },
		{ "wrapping_token_creation_path", "wrap_info", "creation_path" },
		{ "wrapped_accessor", "wrap_info", "wrapped_accessor" },
		{ "lease_duration", NULL, "lease_duration" },
		{ "lease_id", NULL, "lease_id" },
		{ "request_id", NULL, "request_id" },
		{ "renewable", NULL, "renewable" },
		{ "refresh_interval", NULL, "lease_duration" },
	};
	const struct json *data = json_member(answer, "data"), *within = json_member(data, "data");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json *in = names[i].in ? json_member_of(answer, names[i].in, JSON_OBJECT) : answer;

		if (in && strcmp(field, names[i].field) == 0 && (names[i].in || !json_member(data, field)))
			return json_member(in, names[i].member);
	}
	return strcmp(field, "data") == 0 ? (within ? within : data) : json_member(data, field);
}

/* No line end where a program reads it. */
static int print_field(const struct client *c, const struct json *v, const char *field, const char *of)
{
	if (!v || v->kind == JSON_NULL)
		return complain(1, "Field \"%s\" not present in %s", field, of);
	if (output_is_table(c) || strcmp(c->format, "raw") == 0)
		(void)printf("%s%s", value_show(v), isatty(1) ? "\n" : "");
	else
		output_json(c, v);
	return 0;
}

int output_field(const struct client *c, const struct json *object, const char *field)
{
	return print_field(c, json_member(object, field), field, "map");
}

int output_secret(const struct client *c, const struct answer *a)
{
	if (c->field) {
		if (output_is_table(c))
			output_warnings(a);
		return print_field(c, secret_field(a->json, c->field), c->field, "secret");
	}
	if (strcmp(c->format, "raw") == 0)
		(void)printf("%s", a->body);
	else if (!a->json)
		(void)puts(a->body);
	else if (!output_is_table(c))
		secret_json(c, a->json);
	else
		return secret_table(a);
	return 0;
}

int output_list(const struct client *c, const struct json *list)
{
	struct table t = { 0 };
	size_t count;
	const struct json **keys = value_sorted(list, &count);

	if (!output_is_table(c)) {
		output_json(c, list);
		return 0;
	}
	TABLE_ROW(&t, "Keys");
	for (size_t i = 0; i < count; i++)
		TABLE_ROW(&t, value_text(keys[i]));
	table_print(&t, true);
	return 0;
}
