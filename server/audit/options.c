/* The options of a device: one row each. Those of Vault's that this server does not have are refused by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/audit/device.h"

static const char *option(struct request *r, struct device *d, const char *name)
{
	struct text_error error;
	const struct json *options = d->options.size ?
		pool_read_json(&d->pool, (const char *)d->options.at, d->options.size, &error) : NULL;

	(void)r;
	return pool_json_member(&d->pool, options, name);
}

static int bool_option(struct request *r, struct device *d, const char *name, bool *out)
{
	const char *text = option(r, d, name);

	if (!text)
		return 200;
	if (!strcasecmp(text, "true") || !strcmp(text, "1"))
		*out = true;
	else if (!strcasecmp(text, "false") || !strcmp(text, "0"))
		*out = false;
	else
		return refuse(r, 400, "option %s: expected true or false, found \"%s\"", name, text);
	return 200;
}

static const char *const refused[] = { "fallback", "filter", "exclude" };

static int settings_read(struct request *r, struct device *d)
{
	struct audit_settings *s = &d->settings;
	const struct { const char *name; bool *to; } bools[] = {
		{ "log_raw", &s->raw }, { "hmac_accessor", &s->hmac_accessor },
		{ "elide_list_responses", &s->elide_lists }, { "sync", &s->sync },
	};
	const char *format = option(r, d, "format"), *prefix = option(r, d, "prefix");

	*s = (struct audit_settings){ .hmac_accessor = true, .sync = true, .prefix = prefix ? prefix : "" };
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (option(r, d, refused[i]))
			return refuse(r, 400, "option %s is not supported", refused[i]);
	if (format && strcmp(format, "json"))
		return refuse(r, 400, "format \"%s\" is not supported: expected json", format);
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++)
		if (bool_option(r, d, bools[i].name, bools[i].to) != 200)
			return 400;
	return 200;
}

/* A log that can be executed is a way from writing a secret to running a program. */
static int file_configure(struct request *r, struct device *d)
{
	const char *path = option(r, d, "file_path"), *mode = option(r, d, "mode");
	char *end = NULL;
	unsigned long bits;

	if (!path)
		path = option(r, d, "path");
	if (!path || !*path)
		return refuse(r, 400, "file_path is required");
	d->sink.kind = SINK_FILE;
	if (!strcmp(path, "stdout"))
		d->sink.kind = SINK_STDOUT;
	else if (!strcmp(path, "discard"))
		d->sink.kind = SINK_DISCARD;
	else if (*path != '/')
		return refuse(r, 400, "file_path: expected an absolute path, \"stdout\" or \"discard\"");
	d->sink.address = path;
	d->sink.mode = 0600;
	if (!mode)
		return 200;
	bits = strtoul(mode, &end, 8);
	if (!*mode || *end || bits & ~0666UL)
		return refuse(r, 400, "mode: expected octal digits such as \"0600\" without rights to execute");
	d->sink.mode = (unsigned int)bits;
	return 200;
}

static const char *const facilities[] = { "KERN",   "USER",   "MAIL",   "DAEMON",   "AUTH",   "SYSLOG",        "LPR",
					  "NEWS",   "UUCP",   "CRON",   "AUTHPRIV", "FTP",    [16] = "LOCAL0", "LOCAL1",
					  "LOCAL2", "LOCAL3", "LOCAL4", "LOCAL5",   "LOCAL6", "LOCAL7" };

static int syslog_configure(struct request *r, struct device *d)
{
	const char *facility = option(r, d, "facility"), *tag = option(r, d, "tag"), *address = option(r, d, "address");

	d->sink.kind = SINK_SYSLOG;
	d->sink.address = address ? address : "/dev/log";
	d->sink.tag = tag ? tag : "vault";
	if (!facility)
		facility = "AUTH";
	for (unsigned int i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (!facilities[i] || strcasecmp(facilities[i], facility))
			continue;
		d->sink.facility = i;
		return 200;
	}
	return refuse(r, 400, "facility \"%s\" is not known", facility);
}

static int socket_configure(struct request *r, struct device *d)
{
	static const struct { const char *name; enum sink_kind kind; } types[] = {
		{ "tcp", SINK_TCP }, { "udp", SINK_UDP }, { "unix", SINK_UNIX },
	};
	const char *type = option(r, d, "socket_type"), *timeout = option(r, d, "write_timeout");
	int64_t patience = 2000000000;

	d->sink.address = option(r, d, "address");
	if (!d->sink.address)
		return refuse(r, 400, "address is required");
	if (timeout && (!duration_read(timeout, &patience) || patience < 0))
		return refuse(r, 400, "write_timeout: expected a duration, found \"%s\"", timeout);
	d->sink.timeout = (unsigned int)((patience + 999999999) / 1000000000);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type ? type : "tcp", types[i].name))
			continue;
		d->sink.kind = types[i].kind;
		return 200;
	}
	return refuse(r, 400, "socket_type: expected tcp, udp or unix, found \"%s\"", type);
}

int device_configure(struct request *r, struct device *d)
{
	static const struct { const char *name; int (*configure)(struct request *r, struct device *d); } types[] = {
		{ "file", file_configure }, { "syslog", syslog_configure }, { "socket", socket_configure },
	};
	int status = settings_read(r, d);

	d->sink.sync = d->settings.sync;
	d->sink.timeout = 2;
	if (status != 200)
		return status;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].name, d->type))
			return types[i].configure(r, d);
	return refuse(r, 400, "unknown backend type: \"%s\"", d->type);
}
