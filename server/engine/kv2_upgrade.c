/* `vault kv enable-versioning`: a mount without versions becomes one with them. */
#include <string.h>

#include "server/engine/kv2.h"

struct upgrade {
	struct request *r;
	struct names keys;
};

/* A path of n bytes has at most n folders, and requests bound n. */
static void upgrade_gather(struct upgrade *u, const struct view *view, const char *folder)
{
	struct names names = entry_list(u->r, view, folder);

	for (size_t i = 0; i < names.count; i++) {
		const char *path = pool_printf(&u->r->pool, "%s%s", folder, names.at[i]);

		if (path[strlen(path) - 1] == '/')
			upgrade_gather(u, view, path);
		else
			names_add(&u->r->pool, &u->keys, path);
	}
}

/* All old entries go before the first new one comes: an old key may have the name of a new entry. */
void kv2_upgrade(struct request *r, const struct mount *m)
{
	struct mount *before = r->mount, mount = *m;
	struct upgrade u = { .r = r };
	struct kv2_config c = { .max_versions = 0 };
	struct blob *values;

	upgrade_gather(&u, &m->view, "");
	values = pool_take(&r->pool, u.keys.count * sizeof(*values));
	for (size_t i = 0; i < u.keys.count; i++)
		(void)entry_get(r, &m->view, u.keys.at[i], &values[i]);
	for (size_t i = 0; i < u.keys.count; i++)
		entry_delete(r, &m->view, u.keys.at[i]);
	r->mount = &mount;
	for (size_t i = 0; i < u.keys.count; i++) {
		struct kv2_version none;
		struct kv2_meta meta = { .key = u.keys.at[i], .versions = &none };

		kv2_add(r, &c, &meta, values[i]);
	}
	r->mount = before;
}
