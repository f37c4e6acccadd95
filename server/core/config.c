/* Reading the configuration: one table for each kind of body says what stands where. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/core/config.h"
#include "server/core/request.h"

#define DEFAULT_TTL (768 * 3600)

enum setting_kind {
	TEXT, BOOL, SECONDS, BYTES, WORDS,
	IDLE,   /* Vault's, and nothing to act on here: taken in silence */
	UNUSED, /* Vault's, and missed by whoever wrote it: a warning */
	SECTION,
};

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t offset;
	hcl_block_fn section;
};

/* What a body is read into. */
struct reading {
	struct config *config;
	const char *where; /* "listener", for messages; "" at the top */
	void *target;
};

static const char *keep(struct config *c, struct hcl_string s)
{
	return pool_copy(&c->pool, s.at, s.size);
}

static void warn(struct config *c, const char *where, const char *name)
{
	const char *text = pool_printf(&c->pool, "%s%s%s has no effect in this server", where, *where ? "." : "", name);

	if (!names_have(&c->warnings, text))
		names_add(&c->pool, &c->warnings, text);
}

static bool bool_of(const struct hcl_node *n, bool *out)
{
	struct hcl_string s = n->text;

	if (n->kind == HCL_BOOL)
		*out = n->truth;
	else if ((n->kind == HCL_STRING || n->kind == HCL_NUMBER) && (!strcmp(s.at, "1") || !strcasecmp(s.at, "true")))
		*out = true;
	else if ((n->kind == HCL_STRING || n->kind == HCL_NUMBER) &&
		 (!strcmp(s.at, "0") || !strcasecmp(s.at, "false") || !*s.at))
		*out = false;
	else
		return false;
	return true;
}

static bool seconds_of(const struct hcl_node *n, uint64_t *out)
{
	int64_t nanoseconds;

	if ((n->kind != HCL_STRING && n->kind != HCL_NUMBER) || !duration_read(n->text.at, &nanoseconds) ||
	    nanoseconds < 0)
		return false;
	*out = (uint64_t)(nanoseconds / 1000000000);
	return true;
}

static bool bytes_of(const struct hcl_node *n, uint64_t *out)
{
	char *end;

	if ((n->kind != HCL_STRING && n->kind != HCL_NUMBER) || n->text.at[0] < '0' || n->text.at[0] > '9')
		return false;
	errno = 0;
	*out = strtoull(n->text.at, &end, 10);
	return !errno && !*end && *out <= INT64_MAX;
}

/* A list of strings, or one: kept as one text with commas. */
static bool words_of(struct config *c, const struct hcl_node *n, const char **out)
{
	if (n->kind == HCL_STRING) {
		*out = keep(c, n->text);
		return true;
	}
	*out = "";
	for (const struct hcl_node *w = n->first; n->kind == HCL_LIST && w; w = w->next) {
		if (w->kind != HCL_STRING)
			return false;
		*out = pool_printf(&c->pool, "%s%s%s", *out, **out ? "," : "", w->text.at);
	}
	return n->kind == HCL_LIST;
}

static int setting_read(const struct reading *to, const struct setting *s, const struct hcl_node *n,
			struct text_error *error)
{
	void *at = (char *)to->target + s->offset;

	switch (s->kind) {
	case TEXT:
		if (n->kind != HCL_STRING && n->kind != HCL_NUMBER)
			return hcl_error_kind(error, n, "a string");
		*(const char **)at = keep(to->config, n->text);
		return 0;
	case BOOL:
		return bool_of(n, at) ? 0 : hcl_error_kind(error, n, "true or false");
	case SECONDS:
		return seconds_of(n, at) ? 0 : hcl_error(error, n->value, "expected a duration such as \"768h\"", NULL);
	case BYTES:
		return bytes_of(n, at) ? 0 : hcl_error(error, n->value, "expected a number of bytes", NULL);
	case WORDS:
		return words_of(to->config, n, at) ? 0 : hcl_error_kind(error, n, "a string or a list of strings");
	case UNUSED:
		warn(to->config, to->where, s->name);
		return 0;
	case IDLE:
		return 0;
	case SECTION:
		return hcl_blocks(n, 1, s->section, to->config, error);
	}
	return -EINVAL;
}

static int body_read(const struct reading *to, const struct setting *settings, size_t count,
		     const struct hcl_node *body, struct text_error *error)
{
	for (const struct hcl_node *n = body->first; n; n = n->next) {
		size_t i = 0;
		int err;

		while (i < count && strcmp(settings[i].name, n->name.at))
			i++;
		if (i == count)
			return hcl_error(error, n->at, "this setting is not known", n->name.at);
		err = setting_read(to, &settings[i], n, error);
		if (err)
			return err;
	}
	return 0;
}

#define BODY(to, settings, body, error) body_read(to, settings, sizeof(settings) / sizeof((settings)[0]), body, error)

/* -- listener "tcp" { }, listener "unix" { } -- */

#define L(name, kind) { #name, kind, offsetof(struct listener, name), NULL }

static const struct setting listener_settings[] = {
	L(address, TEXT), L(tls_disable, BOOL), L(tls_identity, BOOL), L(tls_cert_file, TEXT), L(tls_key_file, TEXT),
	L(tls_client_ca_file, TEXT), L(tls_require_and_verify_client_cert, BOOL), L(tls_disable_client_certs, BOOL),
	L(max_request_size, BYTES), L(max_request_duration, SECONDS),
	L(x_forwarded_for_authorized_addrs, WORDS),
	{ "cluster_address", IDLE, 0, NULL }, { "tls_min_version", UNUSED, 0, NULL },
	{ "tls_max_version", UNUSED, 0, NULL }, { "tls_cipher_suites", UNUSED, 0, NULL },
	{ "tls_prefer_server_cipher_suites", IDLE, 0, NULL }, { "http_idle_timeout", UNUSED, 0, NULL },
	{ "http_read_header_timeout", UNUSED, 0, NULL }, { "http_read_timeout", UNUSED, 0, NULL },
	{ "http_write_timeout", UNUSED, 0, NULL }, { "proxy_protocol_behavior", UNUSED, 0, NULL },
	{ "proxy_protocol_authorized_addrs", UNUSED, 0, NULL }, { "require_request_header", UNUSED, 0, NULL },
	{ "role", UNUSED, 0, NULL }, { "agent_api", UNUSED, 0, NULL }, { "telemetry", UNUSED, 0, NULL },
	{ "profiling", UNUSED, 0, NULL }, { "inflight_requests_logging", UNUSED, 0, NULL },
	{ "custom_response_headers", UNUSED, 0, NULL }, { "socket_mode", UNUSED, 0, NULL },
	{ "socket_user", UNUSED, 0, NULL }, { "socket_group", UNUSED, 0, NULL },
	{ "x_forwarded_for_hop_skips", UNUSED, 0, NULL }, { "x_forwarded_for_reject_not_present", UNUSED, 0, NULL },
	{ "x_forwarded_for_reject_not_authorized", UNUSED, 0, NULL },
	{ "x_forwarded_for_client_cert_header", UNUSED, 0, NULL }, { "purpose", IDLE, 0, NULL },
	{ "disable_replication_status_endpoints", IDLE, 0, NULL }, { "chroot_namespace", UNUSED, 0, NULL },
	{ "max_request_json_memory", IDLE, 0, NULL }, { "max_request_json_strings", IDLE, 0, NULL },
};

struct listener *config_listener(struct config *c)
{
	struct listener *l = pool_take(&c->pool, sizeof(*l)), **at = &c->listeners;

	l->address = "127.0.0.1:8200";
	l->max_request_size = 32 << 20;
	l->max_request_duration = 90;
	while (*at)
		at = &(*at)->next;
	return *at = l;
}

static int listener_check(struct config *c, struct listener *l, const struct hcl_block *block, struct text_error *error)
{
	const char *type = block->labels[0].at;

	if (!strcmp(type, "unix")) {
		l->address = pool_printf(&c->pool, "unix:%s", l->address);
		l->tls_disable = true;
		return 0;
	}
	if (strcmp(type, "tcp"))
		return hcl_error(error, block->at->at, "expected listener \"tcp\" or \"unix\"", type);
	if (!l->tls_disable && !l->tls_identity && (!l->tls_cert_file || !l->tls_key_file))
		return hcl_error(error, block->at->value,
				 "a listener needs tls_cert_file and tls_key_file, or tls_identity, or tls_disable",
				 NULL);
	if (l->tls_require_and_verify_client_cert && !l->tls_client_ca_file)
		return hcl_error(error, block->at->value,
				 "tls_require_and_verify_client_cert needs tls_client_ca_file", NULL);
	if (l->tls_require_and_verify_client_cert && l->tls_disable_client_certs)
		return hcl_error(error, block->at->value,
				 "client certificates are both required and disabled", NULL);
	return 0;
}

static int listener_read(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct config *c = context;
	struct listener *l = config_listener(c);
	const struct reading to = { c, "listener", l };
	int err = BODY(&to, listener_settings, block->at, error);

	return err ? err : listener_check(c, l, block, error);
}

/* -- storage "file" { } -- */

#define C(name, field, kind) { name, kind, offsetof(struct config, field), NULL }

static const struct setting storage_settings[] = {
	C("path", storage_path, TEXT), { "node_id", IDLE, 0, NULL }, { "performance_multiplier", UNUSED, 0, NULL },
	{ "retry_join", UNUSED, 0, NULL }, { "max_entry_size", UNUSED, 0, NULL },
};

static int storage_read(const struct hcl_block *block, void *context, struct text_error *error)
{
	static const char *const with_path[] = { "file", "sqlite", "raft" };
	struct config *c = context;
	const struct reading to = { c, "storage", c };
	const char *type = keep(c, block->labels[0]);
	int err = BODY(&to, storage_settings, block->at, error);

	if (err)
		return err;
	c->storage_type = type;
	if (!strcmp(type, "inmem"))
		return 0;
	for (size_t i = 0; i < sizeof(with_path) / sizeof(with_path[0]); i++) {
		if (strcmp(type, with_path[i]))
			continue;
		if (!c->storage_path)
			return hcl_error(error, block->at->value, "this storage needs a path", NULL);
		if (!strcmp(type, "raft")) {
			names_add(&c->pool, &c->warnings, "storage \"raft\" is one node here: as storage \"file\"");
			c->storage_type = "file";
		}
		return 0;
	}
	return hcl_error(error, block->at->at, "expected storage \"inmem\", \"file\", \"sqlite\" or \"raft\"", type);
}

/* -- seal "static" { } -- */

static const struct setting seal_settings[] = {
	C("key", seal_key, TEXT), C("key_file", seal_key_file, TEXT), C("current_key", seal_key, TEXT),
	{ "current_key_id", IDLE, 0, NULL }, { "disabled", UNUSED, 0, NULL },
};

static int seal_read(const struct hcl_block *block, void *context, struct text_error *error)
{
	static const char *const types[] = { "shamir", "static", "enclave" };
	struct config *c = context;
	const struct reading to = { c, "seal", c };
	const char *type = keep(c, block->labels[0]);
	int err = BODY(&to, seal_settings, block->at, error);

	if (err)
		return err;
	c->seal_type = type;
	if (c->seal_key && !strncmp(c->seal_key, "file://", 7)) {
		c->seal_key_file = c->seal_key + 7;
		c->seal_key = NULL;
	}
	if (!strcmp(type, "static") && !c->seal_key == !c->seal_key_file)
		return hcl_error(error, block->at->value, "seal \"static\" needs a key or a key_file", NULL);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			return 0;
	return hcl_error(error, block->at->at, "expected seal \"shamir\", \"static\" or \"enclave\"", type);
}

static const struct setting anchor_settings[] = { C("address", anchor_address, TEXT) };

static int anchor_read(const struct hcl_block *block, void *context, struct text_error *error)
{
	struct config *c = context;
	const struct reading to = { c, "anchor", c };

	c->anchor_type = keep(c, block->labels[0]);
	return BODY(&to, anchor_settings, block->at, error);
}

/* -- the whole -- */

static const struct setting settings[] = {
	{ "listener", SECTION, 0, listener_read }, { "storage", SECTION, 0, storage_read },
	{ "backend", SECTION, 0, storage_read }, { "seal", SECTION, 0, seal_read },
	{ "anchor", SECTION, 0, anchor_read }, C("api_addr", api_addr, TEXT), C("cluster_addr", cluster_addr, TEXT),
	C("cluster_name", cluster_name, TEXT), C("default_lease_ttl", default_lease_ttl, SECONDS),
	C("max_lease_ttl", max_lease_ttl, SECONDS), C("log_level", log_level, TEXT),
	C("disable_mlock", disable_mlock, BOOL), C("ui", ui, BOOL),
	C("raw_storage_endpoint", raw_storage_endpoint, BOOL),
	{ "ha_storage", UNUSED, 0, NULL }, { "ha_backend", UNUSED, 0, NULL }, { "telemetry", IDLE, 0, NULL },
	{ "disable_cache", IDLE, 0, NULL }, { "cache_size", IDLE, 0, NULL }, { "plugin_directory", UNUSED, 0, NULL },
	{ "plugin_tmpdir", UNUSED, 0, NULL }, { "plugin_file_uid", UNUSED, 0, NULL },
	{ "plugin_file_permissions", UNUSED, 0, NULL }, { "plugin", UNUSED, 0, NULL },
	{ "disable_clustering", IDLE, 0, NULL }, { "disable_sealwrap", IDLE, 0, NULL },
	{ "disable_performance_standby", IDLE, 0, NULL }, { "disable_sentinel_trace", IDLE, 0, NULL },
	{ "disable_printable_check", UNUSED, 0, NULL }, { "enable_response_header_hostname", UNUSED, 0, NULL },
	{ "enable_response_header_raft_node_id", UNUSED, 0, NULL }, { "log_format", UNUSED, 0, NULL },
	{ "log_file", UNUSED, 0, NULL }, { "log_rotate_bytes", UNUSED, 0, NULL },
	{ "log_rotate_duration", UNUSED, 0, NULL }, { "log_rotate_max_files", UNUSED, 0, NULL },
	{ "log_requests_level", UNUSED, 0, NULL }, { "pid_file", UNUSED, 0, NULL }, { "license_path", UNUSED, 0, NULL },
	{ "introspection_endpoint", UNUSED, 0, NULL }, { "detect_deadlocks", UNUSED, 0, NULL },
	{ "imprecise_lease_role_tracking", IDLE, 0, NULL }, { "entropy", UNUSED, 0, NULL },
	{ "service_registration", UNUSED, 0, NULL }, { "hsm_lib", UNUSED, 0, NULL },
	{ "user_lockout", UNUSED, 0, NULL }, { "reporting", IDLE, 0, NULL }, { "experiments", UNUSED, 0, NULL },
	{ "administrative_namespace_path", UNUSED, 0, NULL }, { "unsafe_cross_namespace_identity", UNUSED, 0, NULL },
	{ "unsafe_allow_api_audit_creation", UNUSED, 0, NULL }, { "allow_audit_log_prefixing", UNUSED, 0, NULL },
	{ "audit", UNUSED, 0, NULL }, { "initialize", UNUSED, 0, NULL }, { "kms_library", UNUSED, 0, NULL },
	{ "disable_mlock_warning", IDLE, 0, NULL }, { "enable_multiseal", UNUSED, 0, NULL },
};

void config_defaults(struct config *c)
{
	if (!c->default_lease_ttl)
		c->default_lease_ttl = DEFAULT_TTL;
	if (!c->max_lease_ttl)
		c->max_lease_ttl = DEFAULT_TTL;
	if (!c->seal_type)
		c->seal_type = "shamir";
	if (!c->log_level)
		c->log_level = "info";
}

int config_read(struct config *c, const char *text, size_t size, struct text_error *error)
{
	const struct reading to = { c, "", c };
	struct arena arena = { .size = HCL_ARENA(size) };
	const struct hcl_node *body;
	int err;

	if (size > CONFIG_MAX)
		return hcl_error(error, (struct hcl_place){ 1, 1 }, "the configuration is larger than 1 MiB", NULL);
	config_defaults(c);
	arena.at = malloc(arena.size);
	if (!arena.at)
		abort();
	err = hcl_parse(text, size, &arena, &body, error);
	if (!err)
		err = BODY(&to, settings, body, error);
	explicit_bzero(arena.at, arena.used); /* a seal's key may have stood in it */
	free(arena.at);
	return err;
}
