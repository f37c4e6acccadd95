/* sys/config/cors, and sys/config/ui/headers: what browsers are told. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "server/sys/settings.h"
#include "server/sys/sys.h"

static const struct view view = { "sys/config/" }, ui_view = { "sys/config-ui-header/" };

/* Always allowed, as clients of Vault's API send them. */
static const char *const standard_headers[] = { "Content-Type", "X-Requested-With", "X-Vault-AWS-IAM-Server-ID",
	"X-Vault-MFA", "X-Vault-No-Request-Forwarding", "X-Vault-Wrap-Format", "X-Vault-Wrap-TTL",
	"X-Vault-Policy-Override", "Authorization", "X-Vault-Token" };

static void names_of(struct pool *p, const struct json *array, struct names *names)
{
	for (const struct json *n = array ? array->first : NULL; n; n = n->next)
		names_add(p, names, pool_json_text(p, n));
}

void cors_load(struct request *r, struct settings *s)
{
	const struct json *row = entry_read(r, &view, "cors");

	s->cors = row && json_true(json_member(row, "enabled"));
	if (!s->cors)
		return;
	names_of(&s->pool, json_member_of(row, "allowed_origins", JSON_ARRAY), &s->cors_origins);
	names_of(&s->pool, json_member_of(row, "allowed_headers", JSON_ARRAY), &s->cors_headers);
}

static bool origin_allowed(const struct settings *s, const char *origin)
{
	for (size_t i = 0; i < s->cors_origins.count; i++)
		if (!strcmp(s->cors_origins.at[i], "*") || !strcasecmp(s->cors_origins.at[i], origin))
			return true;
	return false;
}

static const char *join(struct pool *p, const struct names *names)
{
	const char *all = "";

	for (size_t i = 0; i < names->count; i++)
		all = pool_printf(p, "%s%s%s", all, i ? ", " : "", names->at[i]);
	return all;
}

static int cors_judge(struct request *r, const struct settings *s, const char *method, const char *origin,
		      const char *wanted_method)
{
	static const char methods[] = "DELETE, GET, HEAD, LIST, OPTIONS, PATCH, POST, PUT";

	if (!s->cors)
		return 0;
	if (!origin_allowed(s, origin))
		return refuse(r, 403, "origin not allowed");
	reply_header(r, "Access-Control-Allow-Origin", pool_text(&r->pool, origin));
	reply_header(r, "Vary", "Origin");
	if (strcmp(method, "OPTIONS") || !wanted_method)
		return 0;
	if (!strstr(methods, wanted_method))
		return 405;
	reply_header(r, "Access-Control-Allow-Methods", methods);
	reply_header(r, "Access-Control-Allow-Headers", join(&r->pool, &s->cors_headers));
	reply_header(r, "Access-Control-Max-Age", "300");
	return 204;
}

int cors_admit(struct request *r, const char *method, const char *origin, const char *wanted_method)
{
	int status = 0;

	if (!origin)
		return 0;
	pthread_rwlock_rdlock(&r->core->lock);
	if (r->core->settings)
		status = cors_judge(r, r->core->settings, method, origin, wanted_method);
	pthread_rwlock_unlock(&r->core->lock);
	return status;
}

static int cors_read(struct request *r)
{
	const struct settings *s = r->core->settings;
	struct json_writer *w = reply_data(r);

	json_put_bool(w, "enabled", s->cors);
	if (s->cors) {
		names_put(w, "allowed_origins", &s->cors_origins);
		names_put(w, "allowed_headers", &s->cors_headers);
	}
	return 200;
}

static int cors_write(struct request *r)
{
	struct names origins = ask_list(r, "allowed_origins"), asked_headers = ask_list(r, "allowed_headers");
	struct names headers = { .count = 0 };
	struct json_writer *w;

	if (!origins.count)
		return refuse(r, 400, "at least one origin or the wildcard must be provided");
	if (origins.count > 1 && names_have(&origins, "*"))
		return refuse(r, 400, "to allow all origins the '*' must be the only value for allowed_origins");
	for (size_t i = 0; i < sizeof(standard_headers) / sizeof(standard_headers[0]); i++)
		names_add(&r->pool, &headers, standard_headers[i]);
	for (size_t i = 0; i < asked_headers.count; i++)
		if (!names_have(&headers, asked_headers.at[i]))
			names_add(&r->pool, &headers, asked_headers.at[i]);
	w = entry_write(r);
	json_put_bool(w, "enabled", true);
	names_put(w, "allowed_origins", &origins);
	names_put(w, "allowed_headers", &headers);
	entry_written(r, &view, "cors", w);
	return settings_changed(r);
}

static int cors_delete(struct request *r)
{
	entry_delete(r, &view, "cors");
	return settings_changed(r);
}

/* -- headers of the console's pages -- */

static char *header_key(struct request *r)
{
	char *name = pool_text(&r->pool, ask_text_or(r, "header", ""));

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static int ui_headers_list(struct request *r)
{
	struct names keys = entry_list(r, &ui_view, "");

	return reply_keys(r, &keys);
}

static int ui_header_read(struct request *r)
{
	const struct json *row = entry_read(r, &ui_view, header_key(r));
	const struct json *values = json_member_of(row, "values", JSON_ARRAY);

	if (!values)
		return 404;
	if (ask_bool(r, "multivalue", false))
		json_put_raw(reply_data(r), "values", values->span.at, values->span.size);
	else
		json_put_string(reply_data(r), "value", values->first ? pool_json_text(&r->pool, values->first) : "");
	return 200;
}

static int ui_header_write(struct request *r)
{
	struct names values = ask_list(r, "values");
	const char *key = header_key(r);
	struct json_writer *w;

	if (!strncmp(key, "x-vault-", 8))
		return refuse(r, 400, "X-Vault headers cannot be set");
	if (!values.count)
		return refuse(r, 400, "header values cannot be empty");
	w = entry_write(r);
	names_put(w, "values", &values);
	entry_written(r, &ui_view, key, w);
	return 204;
}

static int ui_header_delete(struct request *r)
{
	entry_delete(r, &ui_view, header_key(r));
	return 204;
}

static const struct field cors_fields[] = {
	{ "allowed_origins", FIELD_LIST, "origins, or *" }, { "allowed_headers", FIELD_LIST, "beside the usual ones" },
	{ "enable", FIELD_BOOL, "accepted; writing enables" }, { NULL },
};
static const struct field ui_fields[] = {
	{ "values", FIELD_LIST, "of the header" }, { "multivalue", FIELD_BOOL, "answer all values" }, { NULL },
};
static const struct route routes[] = {
	{ "config/cors", ROUTE_SUDO | ROUTE_INJECT | ROUTE_EXCLUSIVE, .read = cors_read, .update = cors_write,
	  .delete = cors_delete, .fields = cors_fields, .text = "which web pages may use the API" },
	{ "config/ui/headers", ROUTE_SUDO, .list = ui_headers_list, .text = "headers of the console's pages" },
	{ "config/ui/headers/{header}", ROUTE_SUDO, .read = ui_header_read, .update = ui_header_write,
	  .delete = ui_header_delete, .fields = ui_fields, .text = "a header of the console's pages" },
};
const struct route_table sys_cors_tables[] = { ROUTES(routes), { NULL } };
