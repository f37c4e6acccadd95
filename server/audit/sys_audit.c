/* sys/audit, sys/audit-hash, sys/config/auditing/request-headers. */
#include <ctype.h>
#include <string.h>

#include "server/audit/audit_state.h"

static void put_device(struct json_writer *w, const struct device *d)
{
	json_object(w, d->path);
	json_put_string(w, "type", d->type);
	json_put_string(w, "description", d->description);
	json_put_string(w, "path", d->path);
	json_put_bool(w, "local", d->local);
	if (d->options.size)
		json_put_raw(w, "options", (const char *)d->options.at, d->options.size);
	else
		json_put_null(w, "options");
	json_close(w);
}

static int audit_list(struct request *r)
{
	struct json_writer *w = reply_data(r);

	list_for_each(at, &r->core->audit->devices)
		put_device(w, container_of(at, struct device, link));
	return 200;
}

/* Devices are named as mounts are: with a slash at the end. */
static const char *device_path(struct request *r)
{
	const char *path = ask_text(r, "path");
	size_t size = strlen(path);

	return size && path[size - 1] == '/' ? path : pool_printf(&r->pool, "%s/", path);
}

/* Options are strings, whatever JSON they came as. */
static bool put_options(struct request *r, struct json_writer *w)
{
	const struct json *options = ask_json(r, "options");

	json_object(w, "options");
	for (const struct json *o = options && options->kind == JSON_OBJECT ? options->first : NULL; o; o = o->next) {
		char *name = pool_take(&r->pool, o->name.size + 1);
		const char *text = pool_json_text(&r->pool, o);

		if (json_decode(o->name, name, o->name.size) < 0 || o->kind == JSON_OBJECT || o->kind == JSON_ARRAY)
			return false;
		json_put_string(w, name, text ? text : pool_copy(&r->pool, o->span.at, o->span.size));
	}
	json_close(w);
	return true;
}

static bool under_or_over(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return !memcmp(a, b, x < y ? x : y);
}

/* The line that says that the device is there; what cannot take it is not enabled. */
static bool device_try(struct request *r, struct device *d)
{
	struct names none = { .count = 0 };
	struct blob line = record_make(r, d, false, &none, true, NULL);
	struct ticket *t = ticket_make();

	device_put(d, t, (const char *)line.at, line.size);
	return ticket_wait(t);
}

static int device_enable(struct request *r, struct json_writer *w, const char *path)
{
	char error[256] = "it does not take records";
	struct text_error wrong;
	struct blob text;
	struct device *d;
	int status;

	text = pool_json_end(w);
	d = audit_device(r, path, pool_read_json(&r->pool, (const char *)text.at, text.size, &wrong));
	status = device_configure(r, d);
	if (status != 200) {
		device_free(d);
		return status;
	}
	if (!device_start(d, true, error, sizeof(error))) {
		device_free(d);
		return refuse(r, 400, "failed to enable the audit device: %s", error);
	}
	if (!device_try(r, d)) {
		device_stop(d);
		return refuse(r, 400, "failed to enable the audit device: %s", error);
	}
	entry_put(r, &audit_view, audit_key(r, path), text.at, text.size);
	if (request_commit(r))
		return 204;
	device_stop(d);
	return 500;
}

static int audit_enable(struct request *r)
{
	const char *path = device_path(r), *type = ask_text_or(r, "type", "");
	struct json_writer w;

	if (!*type)
		return refuse(r, 400, "backend type must be specified as a string");
	list_for_each(at, &r->core->audit->devices)
		if (under_or_over(container_of(at, struct device, link)->path, path))
			return refuse(r, 400, "path already in use");
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "path", path);
	json_put_string(&w, "type", type);
	json_put_string(&w, "description", ask_text_or(r, "description", ""));
	json_put_bool(&w, "local", ask_bool(r, "local", false));
	json_put_string(&w, "uuid", pool_uuid(&r->pool));
	json_put_string(&w, "salt", pool_uuid(&r->pool));
	json_put_string(&w, "accessor", pool_printf(&r->pool, "audit_%s_%.8s", type, pool_uuid(&r->pool)));
	if (!put_options(r, &w))
		return refuse(r, 400, "options: expected texts");
	json_close(&w);
	return device_enable(r, &w, path);
}

static int audit_disable(struct request *r)
{
	const char *path = device_path(r);
	struct device *d = audit_find(r->core->audit, path);

	if (!d) /* what is not there is disabled already */
		return 204;
	entry_delete(r, &audit_view, audit_key(r, path));
	if (!request_commit(r))
		return 500;
	device_stop(d);
	return 204;
}

static int audit_hash(struct request *r)
{
	const char *path = device_path(r), *input = ask_text(r, "input");
	const struct device *d = audit_find(r->core->audit, path);

	if (!input || !*input)
		return refuse(r, 400, "the \"input\" parameter is empty");
	if (!d)
		return refuse(r, 400, "unknown audit backend %s", path);
	json_put_string(reply_data(r), "hash", device_hmac(d, &r->pool, input, strlen(input)));
	return 200;
}

/* -- headers that records show -- */

static void put_header(struct json_writer *w, const char *name, bool hmac)
{
	json_object(w, name);
	json_put_bool(w, "hmac", hmac);
	json_close(w);
}

static int headers_list(struct request *r)
{
	struct json_writer *w = reply_data(r);

	json_object(w, "headers");
	for (const struct audit_header *h = r->core->audit->headers; h; h = h->next)
		put_header(w, h->name, h->hmac);
	json_close(w);
	return 200;
}

static char *header_name(struct request *r)
{
	char *name = pool_text(&r->pool, ask_text(r, "header"));

	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static int header_read(struct request *r)
{
	const char *name = header_name(r);

	for (const struct audit_header *h = r->core->audit->headers; h; h = h->next) {
		if (strcmp(h->name, name))
			continue;
		put_header(reply_data(r), ask_text(r, "header"), h->hmac);
		return 200;
	}
	return refuse(r, 400, "Could not find header in config");
}

static int headers_changed(struct request *r)
{
	if (!request_commit(r))
		return 500;
	audit_headers_load(r);
	return 204;
}

static int header_write(struct request *r)
{
	const char *name = header_name(r);
	struct json_writer *w = entry_write(r);

	json_put_bool(w, "hmac", ask_bool(r, "hmac", false));
	entry_written(r, &audit_header_view, name, w);
	return headers_changed(r);
}

static int header_delete(struct request *r)
{
	entry_delete(r, &audit_header_view, header_name(r));
	return headers_changed(r);
}

static const struct field audit_fields[] = {
	{ "type", FIELD_STRING, "file, syslog or socket" }, { "description", FIELD_STRING, "for people" },
	{ "local", FIELD_BOOL, "kept for clients" }, { "options", FIELD_MAP, "of the type" }, { NULL },
};
static const struct field hash_fields[] = { { "input", FIELD_STRING, "what to hash" }, { NULL } };
static const struct field header_fields[] = { { "hmac", FIELD_BOOL, "whether its value is hidden" }, { NULL } };

static const struct route routes[] = {
	{ "audit", ROUTE_SUDO | ROUTE_INJECT, .read = audit_list, .text = "audit devices that are enabled" },
	{ "audit/{path*}", ROUTE_SUDO | ROUTE_EXCLUSIVE, .update = audit_enable, .delete = audit_disable,
	  .fields = audit_fields, .text = "enable or disable an audit device" },
	{ "audit-hash/{path*}", ROUTE_INJECT, .update = audit_hash, .fields = hash_fields,
	  .text = "what a text looks like in a device's log" },
	{ "config/auditing/request-headers", ROUTE_SUDO | ROUTE_INJECT, .read = headers_list,
	  .text = "request headers that records show" },
	{ "config/auditing/request-headers/{header}", ROUTE_SUDO | ROUTE_EXCLUSIVE, .read = header_read,
	  .update = header_write, .delete = header_delete, .fields = header_fields,
	  .text = "whether records show a request header" },
};
const struct route_table audit_tables[] = { ROUTES(routes), { NULL } };
