/* A request's sight of the store: what is stored, with what the request itself has written on top. */
#include <errno.h>
#include <string.h>

#include "server/core/batch.h"
#include "server/core/core.h"

#define LIST_MAX 1000000 /* names in one folder that a listing gives */

static char *entry_path(struct request *r, const struct view *view, const char *key)
{
	size_t prefix = strlen(view->prefix), size = strlen(key);
	char *path = pool_take(&r->pool, prefix + size + 1);

	memcpy(path, view->prefix, prefix);
	memcpy(path + prefix, key, size);
	return path;
}

#define BATCH_FEW 16 /* up to these a look at each is as fast */

static struct change **batch_slot(const struct batch *batch, const char *path)
{
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a */

	for (const char *at = path; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 1099511628211ULL;
	for (size_t i = (hash ^ hash >> 32) & batch->mask;; i = (i + 1) & batch->mask)
		if (!batch->slots[i] || !strcmp(batch->slots[i]->path, path))
			return &batch->slots[i];
}

/* A table for twice as many; of several changes of a path the newest is met first and stays. */
static void batch_grow(struct pool *p, struct batch *batch)
{
	size_t size = 4;

	while (size < 4 * batch->count)
		size *= 2;
	batch->slots = pool_take(p, size * sizeof(struct change *));
	batch->mask = size - 1;
	for (struct change *c = batch->newest; c; c = c->next) {
		struct change **slot = batch_slot(batch, c->path);

		if (!*slot)
			*slot = c;
	}
}

static void batch_add(struct pool *p, struct batch *batch, struct change *c)
{
	c->next = batch->newest;
	batch->newest = c;
	batch->count++;
	if (batch->count > BATCH_FEW && 2 * batch->count > batch->mask)
		batch_grow(p, batch);
	else if (batch->slots)
		*batch_slot(batch, c->path) = c;
}

static const struct change *batch_find(const struct batch *batch, const char *path)
{
	if (batch->slots)
		return *batch_slot(batch, path);
	for (const struct change *c = batch->newest; c; c = c->next)
		if (!strcmp(c->path, path))
			return c;
	return NULL;
}

bool entry_get(struct request *r, const struct view *view, const char *key, struct blob *value)
{
	const char *path = entry_path(r, view, key);
	const struct change *written = batch_find(r->batch, path);
	int error;

	*value = (struct blob){ NULL, 0 };
	if (written) {
		*value = (struct blob){ written->value, written->size };
		return written->value != NULL;
	}
	error = barrier_get(r->core->barrier, path, &r->pool, value);
	if (error && error != -ENOENT)
		r->failed = error;
	return !error;
}

/* What is not an object is not ours: as bad as an entry that does not authenticate. */
const struct json *entry_read(struct request *r, const struct view *view, const char *key)
{
	const struct json *root;
	struct text_error error;
	struct blob value;

	if (!entry_get(r, view, key, &value))
		return NULL;
	root = pool_read_json(&r->pool, (const char *)value.at, value.size, &error);
	if (!root || root->kind != JSON_OBJECT) {
		r->failed = -EBADMSG;
		return NULL;
	}
	return root;
}

static void entry_change(struct request *r, const char *path, const void *value, size_t size)
{
	struct change *c = pool_take(&r->pool, sizeof(*c));

	*c = (struct change){ .path = path, .value = value, .size = size };
	batch_add(&r->pool, r->batch, c);
}

void entry_put(struct request *r, const struct view *view, const char *key, const void *value, size_t size)
{
	entry_change(r, entry_path(r, view, key), pool_copy(&r->pool, value, size), size);
}

struct json_writer *entry_write(struct request *r)
{
	struct json_writer *w = pool_take(&r->pool, sizeof(*w));

	pool_json(&r->pool, w);
	json_object(w, NULL);
	return w;
}

void entry_written(struct request *r, const struct view *view, const char *key, struct json_writer *w)
{
	struct blob value;

	json_close(w);
	value = pool_json_end(w);
	entry_change(r, entry_path(r, view, key), value.at, value.size);
}

void entry_delete(struct request *r, const struct view *view, const char *key)
{
	entry_change(r, entry_path(r, view, key), NULL, 0);
}

struct names entry_list(struct request *r, const struct view *view, const char *folder)
{
	struct names names = { NULL, 0 };
	int error = barrier_list(r->core->barrier, entry_path(r, view, folder), "", LIST_MAX, &r->pool, &names);

	if (error)
		r->failed = error;
	return names;
}

struct everything {
	struct request *r;
};

static int entry_drop(void *context, const char *path, struct blob value)
{
	struct everything *all = context;

	(void)value;
	entry_change(all->r, pool_text(&all->r->pool, path), NULL, 0);
	return 0;
}

void entry_delete_all(struct request *r, const struct view *view, const char *folder)
{
	struct everything all = { r };
	int error = barrier_walk(r->core->barrier, entry_path(r, view, folder), entry_drop, &all);

	if (error)
		r->failed = error;
}
