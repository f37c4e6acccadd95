/* sys/loggers: what is told on stderr, by part. */
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "server/core/core.h"
#include "server/sys/sys.h"
#include "server/sys/watch.h"

static const char *const logger_names[LOG_COUNT] = { [LOG_CORE] = "core", [LOG_HTTP] = "http", [LOG_AUDIT] = "audit" };
static const char *const level_names[] = { "trace", "debug", "info", "warn", "error" };
static _Atomic int levels[LOG_COUNT] = { LOG_INFO, LOG_INFO, LOG_INFO };

bool log_wanted(enum logger logger, enum log_level level)
{
	return (int)level >= atomic_load_explicit(&levels[logger], memory_order_relaxed);
}

/* -1: no such level. Vault takes "notice", "warning", "err" too. */
static int level_of(const char *name)
{
	static const struct { const char *name; int level; } others[] = {
		{ "notice", LOG_INFO }, { "warning", LOG_WARN }, { "err", LOG_ERROR },
	};

	for (int i = 0; i <= LOG_ERROR; i++)
		if (!strcasecmp(level_names[i], name))
			return i;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcasecmp(others[i].name, name))
			return others[i].level;
	return -1;
}

bool log_configure(const char *level)
{
	int value = level_of(level);

	for (int i = 0; value >= 0 && i < LOG_COUNT; i++)
		atomic_store(&levels[i], value);
	return value >= 0;
}

static int logger_asked(struct request *r)
{
	const char *name = ask_text_or(r, "name", "");

	for (int i = 0; i < LOG_COUNT; i++)
		if (!strcmp(logger_names[i], name))
			return i;
	return -1;
}

static int loggers_read(struct request *r)
{
	struct json_writer *w = reply_data(r);

	for (int i = 0; i < LOG_COUNT; i++)
		json_put_string(w, logger_names[i], level_names[atomic_load(&levels[i])]);
	return 200;
}

static int logger_read(struct request *r)
{
	int logger = logger_asked(r);

	if (logger < 0)
		return refuse(r, 404, "logger \"%s\" not found", ask_text_or(r, "name", ""));
	json_put_string(reply_data(r), logger_names[logger], level_names[atomic_load(&levels[logger])]);
	return 200;
}

/* `name` absent: all of them. */
static int logger_write(struct request *r)
{
	const char *text = ask_text_or(r, "level", "");
	int level = level_of(text), logger = asked(r, "name") ? logger_asked(r) : LOG_COUNT;

	if (!*text)
		return refuse(r, 400, "level is required");
	if (level < 0)
		return refuse(r, 400, "invalid level provided: unknown log level: %s", text);
	if (logger < 0)
		return refuse(r, 404, "logger \"%s\" not found", ask_text_or(r, "name", ""));
	for (int i = 0; i < LOG_COUNT; i++)
		if (logger == LOG_COUNT || logger == i)
			atomic_store(&levels[i], level);
	return 204;
}

static int logger_revert(struct request *r)
{
	int level = level_of(r->core->config->log_level), logger = asked(r, "name") ? logger_asked(r) : LOG_COUNT;

	if (logger < 0)
		return refuse(r, 404, "logger \"%s\" not found", ask_text_or(r, "name", ""));
	for (int i = 0; i < LOG_COUNT; i++)
		if (logger == LOG_COUNT || logger == i)
			atomic_store(&levels[i], level < 0 ? LOG_INFO : level);
	return 204;
}

static const struct field fields[] = { { "level", FIELD_STRING, "trace, debug, info, warn or error" }, { NULL } };
static const struct route routes[] = {
	{ "loggers", 0, .read = loggers_read, .update = logger_write, .delete = logger_revert, .fields = fields,
	  .text = "how much is logged" },
	{ "loggers/{name}", 0, .read = logger_read, .update = logger_write, .delete = logger_revert, .fields = fields,
	  .text = "how much a part logs" },
};
const struct route_table sys_loggers_tables[] = { ROUTES(routes), { NULL } };
