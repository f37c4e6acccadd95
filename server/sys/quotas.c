/*
 * sys/quotas: how many requests an address may make in a time. The most specific quota of a path counts: a path, then a
 * mount, then all. Each knows its clients in a small table; one that has not asked for long makes room.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/core/mounts.h"
#include "server/sys/settings.h"
#include "server/sys/sys.h"

#define CLIENTS 1024 /* slots: who shares one with another is the other's successor */

static const struct view view = { "sys/quota/" }, config_view = { "sys/config/" };

struct quota_client {
	uint64_t hash;
	int64_t since, blocked; /* nanoseconds: the window's beginning; until when nothing is allowed */
	uint64_t used;
};

struct quota_clients {
	pthread_mutex_t mutex;
	struct quota_client at[CLIENTS];
};

/* So that requests ask nothing while there are none. */
static _Atomic unsigned int quota_count;

static struct quota *quota_read(struct request *r, struct settings *s, const char *name)
{
	const struct json *row = entry_read(r, &view, name);
	struct quota *q = pool_take(&s->pool, sizeof(*q));
	const char *path = pool_json_member(&s->pool, row, "path"), *role = pool_json_member(&s->pool, row, "role");

	q->name = pool_text(&s->pool, name);
	q->path = path ? path : "";
	q->role = role ? role : "";
	q->rate_text = pool_json_member(&s->pool, row, "rate");
	q->rate = q->rate_text ? strtod(q->rate_text, NULL) : 0;
	q->inheritable = json_true(json_member(row, "inheritable"));
	if (!row || !json_u64(json_member(row, "interval"), &q->interval) ||
	    !json_u64(json_member(row, "block_interval"), &q->block_interval) || !q->interval)
		return NULL;
	q->clients = calloc(1, sizeof(*q->clients));
	if (!q->clients)
		abort();
	pthread_mutex_init(&q->clients->mutex, NULL);
	return q;
}

void quotas_load(struct request *r, struct settings *s)
{
	struct names keys = entry_list(r, &view, "");
	const struct json *config = entry_read(r, &config_view, "quotas");
	const struct json *exempt = json_member_of(config, "rate_limit_exempt_paths", JSON_ARRAY);
	unsigned int count = 0;

	for (const struct json *e = exempt ? exempt->first : NULL; e; e = e->next)
		names_add(&s->pool, &s->quota_exempt, pool_json_text(&s->pool, e));
	s->quota_audit = json_true(json_member(config, "enable_rate_limit_audit_logging"));
	s->quota_headers = json_true(json_member(config, "enable_rate_limit_response_headers"));
	for (size_t i = keys.count; i-- > 0;) {
		struct quota *q = quota_read(r, s, keys.at[i]);

		if (!q)
			continue;
		q->next = s->quotas;
		s->quotas = q;
		count++;
	}
	atomic_store(&quota_count, count);
}

void quotas_drop(struct settings *s)
{
	for (struct quota *q = s->quotas; q; q = q->next) {
		pthread_mutex_destroy(&q->clients->mutex);
		free(q->clients);
	}
	s->quotas = NULL;
}

/*
 * How specific a quota is for a path: its length; -1: not for it. "secret/" and "secret/data/a*" are for what is below.
 */
static int quota_fits(const struct quota *q, const char *path)
{
	size_t size = strlen(q->path);
	bool prefix = !size || q->path[size - 1] == '/' || q->path[size - 1] == '*';

	if (size && q->path[size - 1] == '*')
		size--;
	if (strncmp(q->path, path, size) || (!prefix && path[size] && strcmp(path + size, "/")))
		return -1;
	return (int)size;
}

static const struct quota *quota_for(const struct settings *s, const char *path)
{
	const struct quota *best = NULL;
	int best_fit = -1;

	if (names_have(&s->quota_exempt, path))
		return NULL;
	for (const struct quota *q = s->quotas; q; q = q->next) {
		int fit = quota_fits(q, path);

		if (fit > best_fit) {
			best = q;
			best_fit = fit;
		}
	}
	return best;
}

static uint64_t address_hash(const char *address)
{
	uint64_t hash = 14695981039346656037u;

	for (; address && *address; address++)
		hash = (hash ^ (uint8_t)*address) * 1099511628211u;
	return hash | 1;
}

/* Nanoseconds until it may ask again; 0: now, and this one is counted. */
static int64_t quota_take(const struct quota *q, uint64_t hash, int64_t now, uint64_t *left)
{
	struct quota_client *c = &q->clients->at[hash / 2 % CLIENTS];
	int64_t interval = (int64_t)q->interval * 1000000000, wait = 0;

	pthread_mutex_lock(&q->clients->mutex);
	if (c->hash != hash || now - c->since >= interval)
		*c = (struct quota_client){ .hash = hash, .since = now, .blocked = c->hash == hash ? c->blocked : 0 };
	if (c->blocked > now) {
		wait = c->blocked - now;
	} else if ((double)c->used + 1 > q->rate && c->used) {
		wait = c->since + interval - now;
		if (q->block_interval) {
			c->blocked = now + (int64_t)q->block_interval * 1000000000;
			wait = c->blocked - now;
		}
	} else {
		c->used++;
	}
	*left = (double)c->used < q->rate ? (uint64_t)(q->rate - (double)c->used) : 0;
	pthread_mutex_unlock(&q->clients->mutex);
	return wait;
}

static int quota_judge(struct request *r, const struct settings *s)
{
	const struct quota *q = quota_for(s, r->path);
	uint64_t left;
	int64_t wait;

	if (!q)
		return 0;
	wait = quota_take(q, address_hash(r->origin.remote_address), r->now, &left);
	if (s->quota_headers) {
		reply_header(r, "X-Ratelimit-Limit", pool_printf(&r->pool, "%.0f", q->rate));
		reply_header(r, "X-Ratelimit-Remaining", pool_printf(&r->pool, "%lu", left));
	}
	if (wait <= 0)
		return 0;
	reply_header(r, "Retry-After", pool_printf(&r->pool, "%ld", (wait + 999999999) / 1000000000));
	if (s->quota_audit)
		fprintf(stderr, "adyton-server: quota %s: %s is refused to %s\n", q->name, r->path,
			r->origin.remote_address ? r->origin.remote_address : "?");
	return refuse(r, 429, "request path \"%s\": rate limit quota exceeded", r->path);
}

int quota_admit(struct request *r)
{
	int status = 0;

	if (!atomic_load(&quota_count))
		return 0;
	pthread_rwlock_rdlock(&r->core->lock);
	if (r->core->settings)
		status = quota_judge(r, r->core->settings);
	pthread_rwlock_unlock(&r->core->lock);
	return status;
}

/* -- the endpoints -- */

static const struct quota *quota_find(const struct request *r, const char *name)
{
	for (const struct quota *q = r->core->settings->quotas; q; q = q->next)
		if (!strcmp(q->name, name))
			return q;
	return NULL;
}

static int quota_list(struct request *r)
{
	struct names keys = entry_list(r, &view, "");

	return reply_keys(r, &keys);
}

static int quota_show(struct request *r)
{
	const struct quota *q = quota_find(r, ask_text(r, "name"));
	struct json_writer *w;

	if (!q)
		return 404;
	w = reply_data(r);
	json_put_string(w, "type", "rate-limit");
	json_put_string(w, "name", q->name);
	json_put_string(w, "path", q->path);
	json_put_string(w, "role", q->role);
	json_put_raw(w, "rate", q->rate_text, strlen(q->rate_text));
	json_put_u64(w, "interval", q->interval);
	json_put_u64(w, "block_interval", q->block_interval);
	json_put_bool(w, "inheritable", q->inheritable);
	return 200;
}

/* The rate as a number of JSON, whatever it came as. */
static const char *rate_asked(struct request *r)
{
	const char *text = ask_text_or(r, "rate", "0");
	char *end;
	double rate = strtod(text, &end);

	if (*end || !(rate > 0) || rate > 1e12)
		return NULL;
	return pool_printf(&r->pool, "%.15g", rate);
}

/* "kv" and "kv/" are the mount; what is below it stands as it is. */
static int path_asked(struct request *r, const char **path)
{
	const char *asked_path = ask_text_or(r, "path", ""), *rest = "";
	const char *slashed = pool_printf(&r->pool, "%s/", asked_path);

	*path = asked_path;
	if (!*asked_path)
		return 200;
	if (mount_find(r->core, slashed, &rest) && !*rest)
		*path = slashed;
	else if (!mount_find(r->core, asked_path, &rest))
		return refuse(r, 400, "invalid mount path \"%s\"", asked_path);
	return 200;
}

static int quota_write(struct request *r)
{
	const char *name = ask_text(r, "name"), *rate = rate_asked(r), *path;
	uint64_t interval = ask_seconds(r, "interval", 0);
	struct json_writer *w;

	if (asked(r, "type") && strcmp(ask_text(r, "type"), "rate-limit"))
		return refuse(r, 400, "the only type is rate-limit");
	if (!rate)
		return refuse(r, 400, "'rate' is invalid");
	if (asked(r, "role") && *ask_text(r, "role"))
		return refuse(r, 400, "quotas of a role are not supported");
	if (path_asked(r, &path) != 200)
		return 400;
	for (const struct quota *q = r->core->settings->quotas; q; q = q->next)
		if (!strcmp(q->path, path) && strcmp(q->name, name))
			return refuse(r, 400, "quota rule with similar properties exists under the name \"%s\"",
				      q->name);
	w = entry_write(r);
	json_put_string(w, "path", path);
	json_put_string(w, "rate", rate);
	json_put_u64(w, "interval", interval ? interval : 1);
	json_put_u64(w, "block_interval", ask_seconds(r, "block_interval", 0));
	json_put_bool(w, "inheritable", ask_bool(r, "inheritable", !*path));
	entry_written(r, &view, name, w);
	return settings_changed(r);
}

static int quota_delete(struct request *r)
{
	entry_delete(r, &view, ask_text(r, "name"));
	return settings_changed(r);
}

static int config_show(struct request *r)
{
	const struct settings *s = r->core->settings;
	struct json_writer *w = reply_data(r);

	json_put_bool(w, "enable_rate_limit_audit_logging", s->quota_audit);
	json_put_bool(w, "enable_rate_limit_response_headers", s->quota_headers);
	names_put(w, "rate_limit_exempt_paths", &s->quota_exempt);
	return 200;
}

static int config_write(struct request *r)
{
	struct names exempt = ask_list(r, "rate_limit_exempt_paths");
	struct json_writer *w = entry_write(r);

	json_put_bool(w, "enable_rate_limit_audit_logging", ask_bool(r, "enable_rate_limit_audit_logging", false));
	json_put_bool(w, "enable_rate_limit_response_headers",
		      ask_bool(r, "enable_rate_limit_response_headers", false));
	names_put(w, "rate_limit_exempt_paths", &exempt);
	entry_written(r, &config_view, "quotas", w);
	return settings_changed(r);
}

static const struct field quota_fields[] = {
	{ "type", FIELD_STRING, "rate-limit" },
	{ "path", FIELD_STRING, "a mount, or a path below one; all when empty" },
	{ "rate", FIELD_ANY, "requests in an interval" },
	{ "interval", FIELD_SECONDS, "1 second" },
	{ "block_interval", FIELD_SECONDS, "who asked too often is refused so long" },
	{ "role", FIELD_STRING, "not supported" },
	{ "inheritable", FIELD_BOOL, "kept" },
	{ NULL },
};
static const struct field config_fields[] = {
	{ "rate_limit_exempt_paths", FIELD_LIST, "paths without limits" },
	{ "enable_rate_limit_audit_logging", FIELD_BOOL, "log what is refused" },
	{ "enable_rate_limit_response_headers", FIELD_BOOL, "tell clients what is left" }, { NULL },
};
static const struct route routes[] = {
	{ "quotas/config", ROUTE_EXCLUSIVE, .read = config_show, .update = config_write, .fields = config_fields,
	  .text = "what holds for all quotas" },
	{ "quotas/rate-limit", 0, .list = quota_list, .text = "rate limits" },
	{ "quotas/rate-limit/{name}", ROUTE_EXCLUSIVE, .read = quota_show, .update = quota_write,
	  .delete = quota_delete, .fields = quota_fields, .text = "how many requests an address may make in a time" },
};
const struct route_table sys_quotas_tables[] = { ROUTES(routes), { NULL } };
