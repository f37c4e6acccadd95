/* What the server says of itself: the machine, its version, its configuration, what it counts. */
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "server/core/core.h"
#include "server/sys/sys.h"

static const struct view version_view = { "sys/version/" }, tokens_view = { "sys/token/" },
	entities_view = { "identity/" };

static void put_memory(struct json_writer *w, const struct sysinfo *info)
{
	uint64_t unit = info->mem_unit;

	json_object(w, "memory");
	json_put_u64(w, "total", info->totalram * unit);
	json_put_u64(w, "free", info->freeram * unit);
	json_put_u64(w, "buffers", info->bufferram * unit);
	json_put_u64(w, "shared", info->sharedram * unit);
	json_put_u64(w, "swapTotal", info->totalswap * unit);
	json_put_u64(w, "swapFree", info->freeswap * unit);
	json_close(w);
}

static int host_info(struct request *r)
{
	struct json_writer *w = reply_data(r);
	struct sysinfo info;
	struct utsname name;

	if (sysinfo(&info) || uname(&name))
		return refuse(r, 500, "the machine cannot be asked");
	json_put_string(w, "timestamp", time_text(&r->pool, r->now));
	json_array(w, "cpu");
	for (long i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++) {
		json_object(w, NULL);
		json_put_i64(w, "cpu", i);
		json_close(w);
	}
	json_close(w);
	json_object(w, "host");
	json_put_string(w, "hostname", name.nodename);
	json_put_u64(w, "uptime", (uint64_t)info.uptime);
	json_put_u64(w, "procs", info.procs);
	json_put_string(w, "os", "linux");
	json_put_string(w, "kernelVersion", name.release);
	json_put_string(w, "kernelArch", name.machine);
	json_close(w);
	put_memory(w, &info);
	return 200;
}

/* At unseal: the first time that this version opens this store. */
void version_note(struct request *r)
{
	const char *key = pool_hex(&r->pool, SERVER_VERSION, strlen(SERVER_VERSION));
	struct json_writer *w;

	if (entry_read(r, &version_view, key))
		return;
	w = entry_write(r);
	json_put_string(w, "version", SERVER_VERSION);
	json_put_i64(w, "installed", request_seconds(r));
	entry_written(r, &version_view, key, w);
}

static void put_version(struct request *r, struct json_writer *w, const struct json *row, const char *before)
{
	int64_t installed = 0;

	(void)!json_i64(json_member(row, "installed"), &installed);
	json_object(w, pool_json_member(&r->pool, row, "version"));
	if (before)
		json_put_string(w, "previous_version", before);
	else
		json_put_null(w, "previous_version");
	json_put_string(w, "timestamp_installed", time_text(&r->pool, installed * 1000000000));
	json_put_string(w, "build_date", "");
	json_close(w);
}

static int version_history(struct request *r)
{
	struct names keys = entry_list(r, &version_view, "");
	struct json_writer *w = reply_data(r);
	const char *before = NULL;

	json_array(w, "keys");
	for (size_t i = 0; i < keys.count; i++)
		json_put_string(w, NULL,
				pool_json_member(&r->pool, entry_read(r, &version_view, keys.at[i]), "version"));
	json_close(w);
	json_object(w, "key_info");
	for (size_t i = 0; i < keys.count; i++) {
		const struct json *row = entry_read(r, &version_view, keys.at[i]);

		put_version(r, w, row, before);
		before = pool_json_member(&r->pool, row, "version");
	}
	json_close(w);
	return 200;
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
	json_put_string(w, name, text ? text : "");
}

/* Without what is secret: keys of seals and paths of private keys stay out. */
static int config_sanitized(struct request *r)
{
	const struct config *c = r->core->config;
	struct json_writer *w = reply_data(r);

	put_text(w, "api_addr", c->api_addr);
	put_text(w, "cluster_addr", c->cluster_addr);
	put_text(w, "cluster_name", c->cluster_name);
	json_put_u64(w, "default_lease_ttl", c->default_lease_ttl);
	json_put_u64(w, "max_lease_ttl", c->max_lease_ttl);
	json_put_bool(w, "disable_mlock", c->disable_mlock);
	json_put_bool(w, "enable_ui", c->ui);
	json_put_bool(w, "raw_storage_endpoint", c->raw_storage_endpoint);
	put_text(w, "log_level", c->log_level);
	json_array(w, "listeners");
	for (const struct listener *l = c->listeners; l; l = l->next) {
		json_object(w, NULL);
		json_put_string(w, "type", strncmp(l->address, "unix:", 5) ? "tcp" : "unix");
		json_object(w, "config");
		json_put_string(w, "address", l->address);
		json_put_bool(w, "tls_disable", l->tls_disable);
		json_close(w);
		json_close(w);
	}
	json_close(w);
	json_object(w, "storage");
	put_text(w, "type", c->storage_type);
	put_text(w, "redirect_addr", c->api_addr);
	put_text(w, "cluster_addr", c->cluster_addr);
	json_put_bool(w, "disable_clustering", true);
	json_close(w);
	json_array(w, "seals");
	json_object(w, NULL);
	put_text(w, "type", c->seal_type);
	json_put_bool(w, "disabled", false);
	json_close(w);
	json_close(w);
	return 200;
}

static int count_of(struct request *r, const struct view *view, const char *folder, const char *outer,
		    const char *inner)
{
	struct names names = entry_list(r, view, folder);
	struct json_writer *w = reply_data(r);

	json_object(w, "counters");
	json_object(w, outer);
	json_put_u64(w, inner, names.count);
	json_close(w);
	json_close(w);
	return 200;
}

static int count_tokens(struct request *r)
{
	return count_of(r, &tokens_view, "id/", "service_tokens", "total");
}

static int count_entities(struct request *r)
{
	return count_of(r, &entities_view, "entity/", "entities", "total");
}

static void put_empty(struct json_writer *w, const char *name)
{
	json_array(w, name);
	json_close(w);
}

static int experiments(struct request *r)
{
	put_empty(reply_data(r), "available_experiments");
	put_empty(reply_data(r), "enabled");
	return 200;
}

static int feature_flags(struct request *r)
{
	put_empty(reply_data(r), "feature_flags");
	return 200;
}

static const struct route routes[] = {
	{ "host-info", 0, .read = host_info, .text = "the machine, as it tells" },
	{ "version-history", 0, .list = version_history, .text = "versions that opened this store" },
	{ "config/state/sanitized", 0, .read = config_sanitized, .text = "the configuration without secrets" },
	{ "internal/counters/tokens", 0, .read = count_tokens, .text = "how many service tokens there are" },
	{ "internal/counters/entities", 0, .read = count_entities, .text = "how many entities there are" },
	{ "experiments", 0, .read = experiments, .text = "experiments: there are none" },
	{ "internal/ui/feature-flags", ROUTE_OPEN | ROUTE_BARE, .read = feature_flags,
	  .text = "flags of the console: there are none" },
};
const struct route_table sys_info_tables[] = { ROUTES(routes), { NULL } };
