#include "tests/unit/server_engine/harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/core/ask.h"
#include "server/core/route.h"

const char *last_error, *last_warning;
static struct bench *open_bench;

/* The core's clock and the mount table's durations, without either. */
int64_t core_now(struct core *core)
{
	(void)core;
	return open_bench->now;
}

uint64_t mount_default_ttl(const struct core *core, const struct mount *m)
{
	(void)m;
	return core->config->default_lease_ttl;
}

void bench_open(struct bench *b, const struct backend *backend)
{
	struct secret_key key = { .size = 32 };

	memset(b, 0, sizeof(*b));
	open_bench = b;
	b->now = 1700000000123456789;
	pool_init(&b->pool);
	for (size_t class = 0; class < LOCK_CLASSES; class++)
		for (size_t i = 0; i < 256; i++)
			pthread_mutex_init(&b->core.stripes[class][i], NULL);
	b->config.default_lease_ttl = b->config.max_lease_ttl = 768 * 3600;
	b->core.config = &b->config;
	b->store = store_memory();
	b->core.barrier = barrier_make(b->store);
	assert_int_equal(barrier_init(b->core.barrier, &key), 0);
	assert_int_equal(barrier_unseal(b->core.barrier, &key), 0);
	list_init(&b->core.mounts);
	pool_init(&b->mount.pool);
	b->mount.backend = backend;
	b->mount.view.prefix = "logical/unit/";
	b->mount.path = "unit/";
	bench_restart(b);
}

void bench_restart(struct bench *b)
{
	struct request r;

	if (b->mount.state)
		b->mount.backend->close(&b->mount);
	request_begin(&r, &b->core);
	r.mount = &b->mount;
	if (b->mount.backend->open)
		assert_true(b->mount.backend->open(&r, &b->mount) < 400);
	request_end(&r);
}

void bench_close(struct bench *b)
{
	if (b->mount.state)
		b->mount.backend->close(&b->mount);
	barrier_free(b->core.barrier);
	b->store->close(b->store);
	pool_close(&b->mount.pool);
	pool_close(&b->pool);
}

static int bench_run(struct request *r, const char *body)
{
	handler_fn handler;
	struct text_error error;
	int status;

	if (body) {
		r->body = pool_read_json(&r->pool, body, strlen(body), &error);
		assert_non_null(r->body);
	}
	r->route = route_find(r, r->mount->backend->tables, r->rest);
	if (!r->route)
		return 404;
	if (r->operation == OP_UPDATE && r->route->exists && !r->route->exists(r))
		r->operation = OP_CREATE;
	handler = route_handler(r->route, r->operation);
	if (!handler)
		return 405;
	status = fields_check(r, r->route->fields);
	return status ? status : handler(r);
}

static const struct json *bench_data(struct bench *b, struct request *r)
{
	struct text_error error;
	struct blob text;

	if (!r->reply.has_data)
		return NULL;
	json_close(&r->reply.data);
	text = pool_json_end(&r->reply.data);
	return pool_read_json(&b->pool, pool_copy(&b->pool, (const char *)text.at, text.size), text.size, &error);
}

int bench_ask(struct bench *b, enum operation op, const char *path, const char *body, const struct json **data)
{
	const struct json *ignored;
	struct request r;
	int status;

	request_begin(&r, &b->core);
	r.operation = op;
	r.mount = &b->mount;
	r.token = b->token;
	r.path = r.rest = path;
	status = bench_run(&r, body);
	assert_int_equal(r.failed, 0);
	*(data ? data : &ignored) = bench_data(b, &r);
	b->lease_duration = r.reply.lease_duration;
	if (status < 400)
		assert_true(request_commit(&r));
	last_error = r.reply.errors.count ? pool_text(&b->pool, r.reply.errors.at[0]) : "";
	last_warning = r.reply.warnings.count ? pool_text(&b->pool, r.reply.warnings.at[0]) : "";
	request_end(&r);
	return status;
}

const struct json *expect(struct bench *b, int status, enum operation op, const char *path, const char *format, ...)
{
	const struct json *data;
	char *body = NULL;
	va_list arguments;
	int got;

	if (format) {
		va_start(arguments, format);
		body = pool_vprintf(&b->pool, format, arguments);
		va_end(arguments);
	}
	got = bench_ask(b, op, path, body, &data);
	if (got != status)
		fail_msg("%s %s: expected %d, found %d: %s%.*s", path, body ? body : "", status, got, last_error,
			 data ? (int)data->span.size : 0, data ? data->span.at : "");
	return data;
}

const struct json *data_at(struct bench *b, const struct json *data, const char *way)
{
	while (data && *way) {
		size_t size = strcspn(way, ".");
		const char *name = pool_copy(&b->pool, way, size);

		data = data->kind == JSON_ARRAY ? json_at(data, strtoul(name, NULL, 10)) : json_member(data, name);
		way += size + (way[size] == '.');
	}
	return data;
}

const char *data_text(struct bench *b, const struct json *data, const char *name)
{
	const char *text = pool_json_text(&b->pool, data_at(b, data, name));

	if (!text)
		fail_msg("no text %s in %.*s", name, data ? (int)data->span.size : 0, data ? data->span.at : "");
	return text;
}

int64_t data_int(const struct json *data, const char *name)
{
	const struct json *value = json_member_of(data, name, JSON_NUMBER);
	int64_t number;

	if (!value || !json_i64(value, &number))
		fail_msg("no number %s in %.*s", name, data ? (int)data->span.size : 0, data ? data->span.at : "");
	return number;
}

const char *data_raw(struct bench *b, const struct json *data, const char *way)
{
	const struct json *value = data_at(b, data, way);

	if (!value)
		fail_msg("no %s in %.*s", way, data ? (int)data->span.size : 0, data ? data->span.at : "");
	return pool_copy(&b->pool, value->span.at, value->span.size);
}
