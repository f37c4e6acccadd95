/* The devices that are enabled, and a request's two records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/audit/audit_state.h"
#include "server/audit/device.h"

const struct view audit_view = { "sys/audit/" }, audit_header_view = { "sys/audit-header/" };

static struct audit *audit_make(void)
{
	struct audit *a = calloc(1, sizeof(*a));
	pthread_condattr_t monotonic;

	if (!a)
		abort();
	pthread_mutex_init(&a->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&a->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	list_init(&a->devices);
	pool_init(&a->header_pool);
	return a;
}

const char *audit_key(struct request *r, const char *path)
{
	return pool_hex(&r->pool, path, strlen(path));
}

struct device *audit_find(const struct audit *a, const char *path)
{
	list_for_each(at, &a->devices) {
		struct device *d = container_of(at, struct device, link);

		if (!strcmp(d->path, path))
			return d;
	}
	return NULL;
}

static const char *row_text(struct device *d, const struct json *row, const char *name)
{
	const char *text = pool_json_member(&d->pool, row, name);

	return text ? text : "";
}

struct device *audit_device(struct request *r, const char *path, const struct json *row)
{
	const struct json *options = json_member_of(row, "options", JSON_OBJECT);
	struct device *d = device_make(r->core->audit, path);

	d->type = row_text(d, row, "type");
	d->description = row_text(d, row, "description");
	d->accessor = row_text(d, row, "accessor");
	d->uuid = row_text(d, row, "uuid");
	d->salt = row_text(d, row, "salt");
	d->local = json_true(json_member(row, "local"));
	if (options)
		d->options = (struct blob){ (uint8_t *)pool_copy(&d->pool, options->span.at, options->span.size),
					    options->span.size };
	hmac_sha256_init(&d->hmac, d->salt, strlen(d->salt));
	return d;
}

/* A device that cannot be opened now stays enabled: its thread tries again with each record. */
static int device_load(struct request *r, const char *key)
{
	const struct json *row = entry_read(r, &audit_view, key);
	const char *path = row ? pool_json_member(&r->pool, row, "path") : NULL;
	struct device *d;
	char error[256];

	if (!path)
		return -EIO;
	d = audit_device(r, path, row);
	if (device_configure(r, d) == 200 && device_start(d, false, error, sizeof(error)))
		return 0;
	device_free(d);
	return -EINVAL;
}

void audit_headers_load(struct request *r)
{
	struct audit *a = r->core->audit;
	struct names keys = entry_list(r, &audit_header_view, "");

	pool_close(&a->header_pool);
	a->headers = NULL;
	for (size_t i = keys.count; i-- > 0;) {
		const struct json *row = entry_read(r, &audit_header_view, keys.at[i]);
		struct audit_header *h = pool_take(&a->header_pool, sizeof(*h));

		h->name = pool_text(&a->header_pool, keys.at[i]);
		h->hmac = row && json_true(json_member(row, "hmac"));
		h->next = a->headers;
		a->headers = h;
	}
}

int audit_open(struct core *core, struct request *r)
{
	struct names keys = entry_list(r, &audit_view, "");
	int err = r->failed;

	core->audit = audit_make();
	for (size_t i = 0; !err && i < keys.count; i++)
		err = device_load(r, keys.at[i]);
	if (!err)
		audit_headers_load(r);
	return err ? err : r->failed;
}

void audit_close(struct core *core)
{
	struct audit *a = core->audit;
	bool hangs = false;

	if (!a)
		return;
	core->audit = NULL;
	while (!list_empty(&a->devices))
		hangs |= !device_stop(container_of(a->devices.next, struct device, link));
	pool_close(&a->header_pool);
	if (hangs) /* its thread still uses the mutex */
		return;
	pthread_cond_destroy(&a->ended);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

void audit_reload(struct core *core)
{
	pthread_rwlock_rdlock(&core->lock);
	if (core->audit) {
		pthread_mutex_lock(&core->audit->mutex);
		list_for_each(at, &core->audit->devices) {
			struct device *d = container_of(at, struct device, link);

			d->reopen = true;
			pthread_cond_signal(&d->filled);
		}
		pthread_mutex_unlock(&core->audit->mutex);
	}
	pthread_rwlock_unlock(&core->lock);
}

static bool record(struct request *r, bool answer, const struct names *granting, bool allowed, const char *error)
{
	struct audit *a = r->core->audit;
	struct ticket *ticket;

	if (!a || list_empty(&a->devices))
		return true;
	ticket = ticket_make();
	list_for_each(at, &a->devices) {
		const struct device *d = container_of(at, struct device, link);
		struct blob line = record_make(r, d, answer, granting, allowed, error);

		device_put(container_of(at, struct device, link), ticket, (const char *)line.at, line.size);
	}
	return ticket_wait(ticket);
}

bool audit_request(struct request *r, const struct names *granting, bool allowed, const char *error)
{
	return record(r, false, granting, allowed, error);
}

bool audit_answer(struct request *r, const char *error)
{
	return record(r, true, NULL, false, error);
}
