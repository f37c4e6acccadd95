/* sys/plugins: what may be mounted. All of it is built in, and nothing can be added. */
#include <string.h>

#include "server/core/backends.h"
#include "server/core/core.h"
#include "server/sys/sys.h"

static const struct { const char *name; enum mount_class class; } kinds[] = {
	{ "auth", MOUNT_AUTH }, { "secret", MOUNT_SECRET },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Engines come in versions under one name. */
static struct names plugins_of(struct request *r, enum mount_class class)
{
	struct names names = { .count = 0 };

	for (const struct backend *const *b = backends; *b; b++)
		if ((*b)->class == class && !(*b)->once && !names_have(&names, (*b)->type))
			names_add(&r->pool, &names, (*b)->type);
	names_sort(&names);
	return names;
}

static void put_plugin(struct json_writer *w, const char *name)
{
	json_put_string(w, "name", name);
	json_put_bool(w, "builtin", true);
	json_put_string(w, "deprecation_status", "supported");
	json_put_string(w, "version", "v" SERVER_VERSION);
}

static int catalog(struct request *r)
{
	struct json_writer *w = reply_data(r);
	const struct names none = { .count = 0 };

	for (size_t i = 0; i < KINDS; i++) {
		struct names names = plugins_of(r, kinds[i].class);

		names_put(w, kinds[i].name, &names);
	}
	names_put(w, "database", &none);
	json_array(w, "detailed");
	for (size_t i = 0; i < KINDS; i++) {
		struct names names = plugins_of(r, kinds[i].class);

		for (size_t k = 0; k < names.count; k++) {
			json_object(w, NULL);
			json_put_string(w, "type", kinds[i].name);
			put_plugin(w, names.at[k]);
			json_close(w);
		}
	}
	json_close(w);
	return 200;
}

static int catalog_list(struct request *r)
{
	const char *type = ask_text_or(r, "type", "");

	for (size_t i = 0; i < KINDS; i++) {
		struct names names = plugins_of(r, kinds[i].class);

		if (!strcmp(type, kinds[i].name))
			return reply_keys(r, &names);
	}
	return strcmp(type, "database") ? refuse(r, 400, "\"%s\" is not a supported plugin type", type) : 404;
}

static int plugin_read(struct request *r)
{
	const char *type = ask_text_or(r, "type", ""), *name = ask_text_or(r, "name", "");
	const struct names none = { .count = 0 };

	for (size_t i = 0; i < KINDS; i++) {
		struct names names = plugins_of(r, kinds[i].class);

		if ((*type && strcmp(type, kinds[i].name)) || !names_have(&names, name))
			continue;
		put_plugin(reply_data(r), name);
		json_put_string(reply_data(r), "command", "");
		json_put_string(reply_data(r), "sha256", "");
		names_put(reply_data(r), "args", &none);
		return 200;
	}
	return 404;
}

static int plugin_refuse(struct request *r)
{
	return refuse(r, 400, "plugins cannot be added to or removed from this server");
}

static const struct route routes[] = {
	{ "plugins/catalog", 0, .read = catalog, .text = "engines and methods that may be mounted" },
	{ "plugins/catalog/{type}", ROUTE_SUDO, .read = plugin_read, .list = catalog_list, .update = plugin_refuse,
	  .delete = plugin_refuse, .text = "what of a type may be mounted" },
	{ "plugins/catalog/{type}/{name}", ROUTE_SUDO, .read = plugin_read, .update = plugin_refuse,
	  .delete = plugin_refuse, .text = "something that may be mounted" },
};
const struct route_table sys_plugins_tables[] = { ROUTES(routes), { NULL } };
