#include <string.h>
#include <strings.h>

#include "server/core/core.h"
#include "server/http/form.h"
#include "server/http/map.h"
#include "server/sys/settings.h"

#define NAMES_IN_FORM_MAX 1000 /* pairs of a query or form */

static const struct {
	const char *method;
	enum operation operation;
	bool has_body; /* else the query's members are what is asked */
} methods[] = {
	{ "GET", OP_READ, false }, { "HEAD", OP_READ, false }, { "LIST", OP_LIST, false },
	{ "DELETE", OP_DELETE, false }, { "HELP", OP_HELP, false }, { "POST", OP_UPDATE, true },
	{ "PUT", OP_UPDATE, true }, { "PATCH", OP_PATCH, true },
};

/* "application/json; charset=utf-8" is of that type. */
static bool type_is(const char *content_type, const char *type)
{
	size_t size = strlen(type);

	return content_type && !strncasecmp(content_type, type, size) &&
	       (!content_type[size] || strchr("; \t", content_type[size]));
}

/* Segments "." and ".." are read differently by every program on the way: nobody needs them. "//" is "/". */
static bool path_clean(char *path)
{
	char *to = path;

	for (const char *at = path; *at;) {
		size_t size = strcspn(at, "/");

		if ((size == 1 && at[0] == '.') || (size == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		memmove(to, at, size);
		to += size;
		at += size;
		if (*at)
			*to++ = '/';
		at += strspn(at, "/");
	}
	*to = '\0';
	return true;
}

static int map_path(struct request *r, const char *target, size_t size)
{
	char *path = form_decode(&r->pool, target, size, false);

	if (!path)
		return refuse(r, 400, "path cannot contain non-printable characters");
	path += strspn(path, "/");
	if (!path_clean(path))
		return refuse(r, 400, "path cannot contain . or .. as a segment");
	if (strncmp(path, "v1/", 3))
		return 404;
	r->path = path + 3;
	return 0;
}

/* What is asked of a namespace is asked of the paths below its name. */
static int map_namespace(struct request *r, const char *namespace)
{
	size_t size;
	char *path;

	if (!namespace)
		return 0;
	namespace += strspn(namespace, "/");
	size = strlen(namespace);
	while (size && namespace[size - 1] == '/')
		size--;
	if (!size || (size == 4 && !memcmp(namespace, "root", 4)))
		return 0;
	r->path = path = pool_printf(&r->pool, "%.*s/%s", (int)size, namespace, r->path);
	reply_header(r, "X-Vault-Namespace", pool_copy(&r->pool, namespace, size));
	return path_clean(path) ? 0 : refuse(r, 400, "namespaces have no segments . and ..");
}

static int map_wrapping(struct request *r, const struct gate_head *head)
{
	const char *ttl = gate_field(head, "X-Vault-Wrap-TTL"), *format = gate_field(head, "X-Vault-Wrap-Format");
	int64_t nanoseconds;

	r->wrap_format = format && !strcmp(format, "jwt") ? "jwt" : "";
	if (!ttl)
		return 0;
	if (!duration_read(ttl, &nanoseconds))
		return refuse(r, 400, "error parsing X-Vault-Wrap-TTL header: invalid duration \"%s\"", ttl);
	if (nanoseconds < 0)
		return refuse(r, 400, "requested ttl for wrapping cannot be negative");
	r->wrap_ttl = (uint64_t)(nanoseconds / 1000000000);
	return 0;
}

static void map_token(struct request *r, const struct gate_head *head)
{
	const char *authorization = gate_field(head, "Authorization");

	r->token_text = gate_field(head, "X-Vault-Token");
	if (authorization && strncmp(authorization, "Bearer ", 7))
		r->authorization = authorization;
	if (r->token_text || !authorization || strncmp(authorization, "Bearer ", 7))
		return;
	r->token_text = authorization + 7 + strspn(authorization + 7, " ");
}

/* Go's strconv.ParseBool: -1 where it is none. */
static int bool_read(const char *text)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" },
		*const no[] = { "0", "f", "F", "FALSE", "false", "False", "" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!strcmp(text, yes[i]))
			return 1;
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcmp(text, no[i]))
			return 0;
	return -1;
}

/* GET may be a list or a question for help. */
static int map_query(struct request *r, const struct gate_head *head, const char *query)
{
	struct names pairs = { .count = 0 };
	const char *list, *help;

	if (!form_pairs(&r->pool, query, strlen(query), &pairs) || pairs.count > 2 * NAMES_IN_FORM_MAX)
		return refuse(r, 400, "the query is malformed");
	list = form_value(&pairs, "list");
	help = form_value(&pairs, "help");
	if (!strcmp(head->method, "GET") && list) {
		if (bool_read(list) < 0)
			return 400;
		if (bool_read(list))
			r->operation = OP_LIST;
	}
	if (!strcmp(head->method, "GET") && help && bool_read(help) != 0)
		r->operation = OP_HELP;
	if (r->operation == OP_LIST && (!*r->path || r->path[strlen(r->path) - 1] != '/'))
		r->path = pool_printf(&r->pool, "%s/", r->path);
	r->body = form_object(&r->pool, &pairs, &r->body_text);
	return 0;
}

static int map_form(struct request *r, const char *body, size_t size)
{
	struct names pairs = { .count = 0 };

	if (!form_pairs(&r->pool, body, size, &pairs) || pairs.count > 2 * NAMES_IN_FORM_MAX)
		return refuse(r, 400, "failed to parse form data");
	r->body = form_object(&r->pool, &pairs, &r->body_text);
	return 0;
}

static int map_json(struct request *r, const char *body, size_t size)
{
	struct text_error error = { .line = 0 };
	const struct json *root = pool_read_json(&r->pool, body, size, &error);

	if (!root)
		return refuse(r, 400, "failed to decode JSON input: line %u, column %u: %s", error.line, error.column,
			      error.message);
	if (root->kind == JSON_NULL)
		return 0;
	if (root->kind != JSON_OBJECT)
		return refuse(r, 400, "failed to decode JSON input: expected an object, found %s",
			      json_kind_name(root->kind));
	r->body = root;
	r->body_text = (struct blob){ (const uint8_t *)body, size };
	return 0;
}

static int map_body(struct request *r, const char *body, size_t size)
{
	size_t blank = 0;

	while (blank < size && memchr(" \t\r\n", body[blank], 4))
		blank++;
	if (blank == size)
		return 0;
	if (type_is(r->content_type, "application/ocsp-request")) {
		r->body_text = (struct blob){ (const uint8_t *)body, size };
		return 0;
	}
	if (type_is(r->content_type, "application/x-www-form-urlencoded") && body[blank] != '{' && body[blank] != '[')
		return map_form(r, body, size);
	return map_json(r, body, size);
}

int map_request(struct request *r, const struct gate_head *head, const char *body, size_t size)
{
	size_t path_size = strcspn(head->target, "?"), i = 0;
	const char *query = head->target + path_size + (head->target[path_size] == '?');
	int status = map_path(r, head->target, path_size);

	if (status)
		return status;
	status = cors_admit(r, head->method, gate_field(head, "Origin"),
			    gate_field(head, "Access-Control-Request-Method"));
	if (status)
		return status;
	while (i < sizeof(methods) / sizeof(methods[0]) && strcmp(head->method, methods[i].method))
		i++;
	if (i == sizeof(methods) / sizeof(methods[0]))
		return 405;
	r->operation = methods[i].operation;
	r->origin.headers = head->fields;
	r->origin.header_count = head->count;
	r->content_type = gate_field(head, "Content-Type");
	r->origin.user_agent = gate_field(head, "User-Agent");
	map_token(r, head);
	status = map_namespace(r, gate_field(head, "X-Vault-Namespace"));
	if (!status)
		status = map_wrapping(r, head);
	if (!status && r->operation == OP_PATCH && !type_is(r->content_type, "application/merge-patch+json"))
		status = 415;
	if (status)
		return status;
	return methods[i].has_body ? map_body(r, body, size) : map_query(r, head, query);
}
