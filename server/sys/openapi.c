/* sys/internal/specs/openapi, and ?help=1: both read the tables that requests are routed by. */
#include <string.h>

#include "server/core/backends.h"
#include "server/core/core.h"
#include "server/policy/policy.h"
#include "server/sys/openapi.h"
#include "server/sys/sys.h"
#include "server/token/token.h"

static const struct { const char *type; const char *items; } json_types[] = {
	[FIELD_STRING] = { "string", NULL }, [FIELD_INT] = { "integer", NULL }, [FIELD_BOOL] = { "boolean", NULL },
	[FIELD_SECONDS] = { "string", NULL }, [FIELD_LIST] = { "array", "string" }, [FIELD_MAP] = { "object", NULL },
	[FIELD_ANY] = { "object", NULL },
};

static void put_schema(struct json_writer *w, const char *name, const struct field *f)
{
	json_object(w, name);
	json_put_string(w, "type", json_types[f->type].type);
	if (json_types[f->type].items) {
		json_object(w, "items");
		json_put_string(w, "type", json_types[f->type].items);
		json_close(w);
	}
	if (f->text && *f->text)
		json_put_string(w, "description", f->text);
	json_close(w);
}

/* "{name*}" and "{name?}" are "{name}" there. The names of the parameters too. */
static const char *path_text(struct request *r, const char *mount, const char *pattern, struct names *parameters)
{
	char *text = pool_take(&r->pool, strlen(mount) + strlen(pattern) + 2), *to = text;

	*to++ = '/';
	memcpy(to, mount, strlen(mount));
	to += strlen(mount);
	for (; *pattern; pattern++) {
		if (*pattern == '{')
			names_add(&r->pool, parameters, pool_copy(&r->pool, pattern + 1, strcspn(pattern + 1, "*?}")));
		if (*pattern != '*' && *pattern != '?')
			*to++ = *pattern;
	}
	return text;
}

static void put_parameters(struct json_writer *w, const struct names *parameters)
{
	if (!parameters->count)
		return;
	json_array(w, "parameters");
	for (size_t i = 0; i < parameters->count; i++) {
		json_object(w, NULL);
		json_put_string(w, "name", parameters->at[i]);
		json_put_string(w, "in", "path");
		json_put_bool(w, "required", true);
		json_object(w, "schema");
		json_put_string(w, "type", "string");
		json_close(w);
		json_close(w);
	}
	json_close(w);
}

static void put_body(struct json_writer *w, const struct field *fields)
{
	if (!fields || !fields->name)
		return;
	json_object(w, "requestBody");
	json_object(w, "content");
	json_object(w, "application/json");
	json_object(w, "schema");
	json_put_string(w, "type", "object");
	json_object(w, "properties");
	for (const struct field *f = fields; f->name; f++)
		put_schema(w, f->name, f);
	for (int i = 0; i < 5; i++)
		json_close(w);
}

/* "sys/config/cors" and GET: "get-sys-config-cors". */
static const char *operation_id(struct request *r, const char *verb, const char *path)
{
	char *id = pool_printf(&r->pool, "%s%s", verb, path);
	size_t used = 0;

	for (const char *c = id; *c; c++) {
		if (*c != '{' && *c != '}')
			id[used++] = *c == '/' ? '-' : *c;
	}
	id[used] = '\0';
	return id;
}

static void put_operation(struct request *r, struct json_writer *w, const char *verb, const char *path,
			  const struct route *route, const struct mount *m, bool body)
{
	json_object(w, verb);
	json_put_string(w, "summary", route->text ? route->text : "");
	json_put_string(w, "operationId", operation_id(r, verb, path));
	json_array(w, "tags");
	json_put_string(w, NULL, m->backend->class == MOUNT_AUTH ? "auth" : !strcmp(m->path, "sys/") ? "system" :
			!strcmp(m->path, "identity/") ? "identity" : "secrets");
	json_close(w);
	if (body)
		put_body(w, route->fields);
	json_object(w, "responses");
	json_object(w, "200");
	json_put_string(w, "description", "OK");
	json_close(w);
	json_close(w);
	json_close(w);
}

static void put_route(struct request *r, struct json_writer *w, const struct mount *m, const struct route *route,
		      struct names *seen)
{
	struct names parameters = { .count = 0 };
	const char *path = path_text(r, m->path, route->pattern, &parameters);

	if (names_have(seen, path))
		return;
	names_add(&r->pool, seen, path);
	json_object(w, path);
	json_put_string(w, "description", route->text ? route->text : "");
	put_parameters(w, &parameters);
	if (route->flags & ROUTE_SUDO)
		json_put_bool(w, "x-vault-sudo", true);
	if (route->flags & ROUTE_OPEN)
		json_put_bool(w, "x-vault-unauthenticated", true);
	if (route->read || route->list)
		put_operation(r, w, "get", path, route, m, false);
	if (route->update || route->create)
		put_operation(r, w, "post", path, route, m, true);
	if (route->delete)
		put_operation(r, w, "delete", path, route, m, false);
	if (route->patch)
		put_operation(r, w, "patch", path, route, m, true);
	json_close(w);
}

static void put_tables(struct request *r, struct json_writer *w, const struct mount *m,
		       const struct route_table *tables, struct names *seen)
{
	for (const struct route_table *t = tables; t && (t->routes || t->also); t++) {
		if (t->also)
			put_tables(r, w, m, t->also, seen);
		for (size_t i = 0; i < t->count; i++)
			put_route(r, w, m, &t->routes[i], seen);
	}
}

/* Mounts that the token may touch; sys/ is no secret. */
static bool mount_shown(struct request *r, const struct mount *m)
{
	return !strcmp(m->path, "sys/") || (r->policies && policy_has_any(r->policies, m->path));
}

static void put_document(struct request *r, struct json_writer *w)
{
	struct names seen = { .count = 0 };

	json_put_string(w, "openapi", "3.0.2");
	json_object(w, "info");
	json_put_string(w, "title", "Adyton secrets server");
	json_put_string(w, "description", "The API of HashiCorp Vault, as this server serves it.");
	json_put_string(w, "version", SERVER_VERSION);
	json_object(w, "license");
	json_put_string(w, "name", "Apache-2.0");
	json_put_string(w, "url", "https://www.apache.org/licenses/LICENSE-2.0");
	json_close(w);
	json_close(w);
	json_object(w, "paths");
	list_for_each(at, &r->core->mounts) {
		const struct mount *m = container_of(at, struct mount, link);

		if (mount_shown(r, m))
			put_tables(r, w, m, m->backend->tables, &seen);
	}
	json_close(w);
}

static int openapi(struct request *r)
{
	if (r->token_text && token_authenticate(r))
		policies_of_request(r);
	put_document(r, reply_data(r));
	return 200;
}

static void help_paths(struct text *t, const struct route_table *tables)
{
	for (const struct route_table *table = tables; table && (table->routes || table->also); table++) {
		if (table->also)
			help_paths(t, table->also);
		for (size_t i = 0; i < table->count; i++) {
			text_put(t, "    ");
			text_put(t, table->routes[i].pattern);
			text_put(t, "\n        ");
			text_put(t, table->routes[i].text ? table->routes[i].text : "");
			text_put(t, "\n\n");
		}
	}
}

/* Of a mount as a whole: its paths, twice over, first how long that gets. */
static const char *help_of_mount(struct request *r)
{
	struct text t;
	char *room;

	text_init(&t, NULL, 0);
	help_paths(&t, r->mount->backend->tables);
	room = pool_take(&r->pool, t.used + 1);
	text_init(&t, room, t.used + 1);
	help_paths(&t, r->mount->backend->tables);
	return pool_printf(&r->pool, "## DESCRIPTION\n\n%s\n\n## PATHS\n\nEach has help of its own.\n\n%s",
			   r->mount->description ? r->mount->description : "", room);
}

int help_answer(struct request *r)
{
	struct json_writer *w = reply_data(r);
	struct names seen = { .count = 0 };
	bool whole = r->mount && !*r->rest;

	json_put_string(w, "help", whole ? help_of_mount(r) : r->route->text ? r->route->text : "");
	json_put_null(w, "see_also");
	json_object(w, "openapi");
	json_put_string(w, "openapi", "3.0.2");
	json_object(w, "info");
	json_put_string(w, "title", "Adyton secrets server");
	json_put_string(w, "version", SERVER_VERSION);
	json_close(w);
	json_object(w, "paths");
	if (whole)
		put_tables(r, w, r->mount, r->mount->backend->tables, &seen);
	else if (r->mount)
		put_route(r, w, r->mount, r->route, &seen);
	json_close(w);
	json_close(w);
	return 200;
}

static const struct field fields[] = {
	{ "context", FIELD_STRING, "kept" }, { "generic_mount_paths", FIELD_BOOL, "kept" }, { NULL },
};
static const struct route routes[] = {
	{ "internal/specs/openapi", ROUTE_OPEN | ROUTE_BARE, .read = openapi, .update = openapi, .fields = fields,
	  .text = "this API, as an OpenAPI document" },
};
const struct route_table sys_openapi_tables[] = { ROUTES(routes), { NULL } };
