#include <string.h>

#include "server/engine/whole.h"

const char *path_folder(struct request *r)
{
	const char *path = ask_text_or(r, "path", "");
	size_t size = strlen(path);

	return !size || path[size - 1] == '/' ? path : pool_printf(&r->pool, "%s/", path);
}

const char *path_to_write(struct request *r)
{
	const char *path = ask_text_or(r, "path", "");
	size_t size = strlen(path);

	if (!size)
		refuse(r, 400, "missing path");
	else if (path[size - 1] == '/')
		refuse(r, 400, "cannot write to a path ending in '/'");
	else
		return path;
	return NULL;
}

bool whole_exists(struct request *r, const struct view *view)
{
	const char *path = ask_text_or(r, "path", "");
	struct blob value;

	return *path && entry_get(r, view, path, &value);
}

int whole_read(struct request *r, const struct view *view, const struct json **root)
{
	const char *path = ask_text_or(r, "path", "");
	const struct json *entry = *path ? entry_read(r, view, path) : NULL;

	if (root)
		*root = entry;
	if (!entry)
		return 404;
	for (const struct json *m = entry->first; m; m = m->next) {
		char *name = pool_take(&r->pool, m->name.size + 1);

		if (json_decode(m->name, name, m->name.size + 1) < 0)
			return 500;
		json_put_raw(reply_data(r), name, m->span.at, m->span.size);
	}
	return 200;
}

int whole_write(struct request *r, const struct view *view)
{
	const char *path = path_to_write(r);

	if (!path)
		return 400;
	if (!r->body->count)
		return refuse(r, 400, "missing data fields");
	for (const struct json *m = r->body->first; m; m = m->next)
		if (memmem(m->name.at, m->name.size, "\\u0000", 6))
			return refuse(r, 400, "a name with a NUL character cannot be stored");
	entry_lock(r, LOCK_ENGINE, view, path);
	entry_put(r, view, path, r->body->span.at, r->body->span.size);
	return 204;
}

int whole_delete(struct request *r, const struct view *view)
{
	const char *path = ask_text_or(r, "path", "");

	if (!*path)
		return refuse(r, 400, "missing path");
	entry_lock(r, LOCK_ENGINE, view, path);
	entry_delete(r, view, path);
	return 204;
}

int whole_list(struct request *r, const struct view *view)
{
	struct names keys = entry_list(r, view, path_folder(r));

	return reply_keys(r, &keys);
}
