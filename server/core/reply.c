/* Building an answer, and its bytes. */
#include <string.h>

#include "server/core/core.h"

struct json_writer *reply_data(struct request *r)
{
	if (!r->reply.has_data) {
		pool_json(&r->pool, &r->reply.data);
		json_object(&r->reply.data, NULL);
		r->reply.has_data = true;
	}
	return &r->reply.data;
}

int refuse(struct request *r, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	names_add(&r->pool, &r->reply.errors, pool_vprintf(&r->pool, format, arguments));
	va_end(arguments);
	return status;
}

void reply_warning(struct request *r, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	names_add(&r->pool, &r->reply.warnings, pool_vprintf(&r->pool, format, arguments));
	va_end(arguments);
}

int reply_raw(struct request *r, int status, const char *media_type, const void *bytes, size_t size)
{
	r->reply.raw_type = media_type;
	r->reply.raw = (struct blob){ (const uint8_t *)pool_copy(&r->pool, bytes, size), size };
	return status;
}

void reply_header(struct request *r, const char *name, const char *value)
{
	names_add(&r->pool, &r->reply.headers, name);
	names_add(&r->pool, &r->reply.headers, value);
}

struct login *reply_login(struct request *r)
{
	if (!r->reply.login)
		r->reply.login = pool_take(&r->pool, sizeof(*r->reply.login));
	return r->reply.login;
}

struct lease_wish *reply_lease(struct request *r)
{
	if (!r->reply.lease)
		r->reply.lease = pool_take(&r->pool, sizeof(*r->reply.lease));
	return r->reply.lease;
}

int reply_keys(struct request *r, const struct names *keys)
{
	if (!keys->count)
		return 404;
	names_put(reply_data(r), "keys", keys);
	return 200;
}

static void put_blob(struct json_writer *w, const char *name, struct blob json)
{
	if (json.size)
		json_put_raw(w, name, (const char *)json.at, json.size);
	else
		json_put_null(w, name);
}

/* The members of data once more, beside the envelope's, for clients from before the envelope. */
static void put_injected(struct request *r, struct json_writer *w)
{
	struct text_error error;
	const struct json *data = pool_read_json(&r->pool, (const char *)r->reply.data_text.at, r->reply.data_text.size,
						 &error);

	for (const struct json *m = data ? data->first : NULL; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size + 1) >= 0)
			json_put_raw(w, name, m->span.at, m->span.size);
	}
}

static void put_envelope(struct request *r, struct json_writer *w)
{
	const struct reply *a = &r->reply;

	json_put_string(w, "request_id", a->wrap_text.size ? "" : r->id);
	json_put_string(w, "lease_id", a->lease_id ? a->lease_id : "");
	json_put_bool(w, "renewable", a->lease_renewable);
	json_put_u64(w, "lease_duration", a->lease_duration);
	put_blob(w, "data", a->data_text);
	put_blob(w, "wrap_info", a->wrap_text);
	if (a->warnings.count)
		names_put(w, "warnings", &a->warnings);
	else
		json_put_null(w, "warnings");
	put_blob(w, "auth", a->auth_text);
	json_put_string(w, "mount_type", r->mount ? r->mount->type : "");
	if (r->route && r->route->flags & ROUTE_INJECT && a->data_text.size)
		put_injected(r, w);
}

struct blob core_body(struct request *r)
{
	const struct reply *a = &r->reply;
	struct json_writer w;
	struct blob body;

	if (a->raw_type)
		return a->raw;
	if (a->status == 204 || (a->status == 202 && !a->data_text.size && !a->warnings.count))
		return (struct blob){ NULL, 0 };
	if (a->bare && a->data_text.size && !a->errors.count)
		return a->data_text;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	if (a->errors.count || (a->status >= 400 && !a->data_text.size && !a->warnings.count)) {
		names_put(&w, "errors", &a->errors);
		if (a->data_text.size)
			put_blob(&w, "data", a->data_text);
	} else {
		put_envelope(r, &w);
	}
	json_close(&w);
	body = pool_json_end(&w);
	/* Go's encoder ends with a new line; the NUL behind the text has room for it. */
	((char *)w.text.at)[body.size++] = '\n';
	return body;
}
