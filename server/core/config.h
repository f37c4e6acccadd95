/*
 * The configuration file, in Vault's form (HCL or JSON), so that people's files work: listener, storage (or backend),
 * seal, default_lease_ttl, max_lease_ttl, disable_mlock, api_addr, cluster_name, log_level, ui, telemetry. What Vault
 * knows and this server does not act on is warned about by name; what nobody knows is an error.
 */
#ifndef ADYTON_SERVER_CORE_CONFIG_H
#define ADYTON_SERVER_CORE_CONFIG_H

#include "base/hcl.h"
#include "server/core/pool.h"

struct listener {
	struct listener *next;
	const char *address;       /* "127.0.0.1:8200", "[::1]:8200", or "unix:/path" */
	bool tls_disable;
	/*
	 * No files: the server makes its own certificate, for the key that its store keeps, and with evidence inside
	 * where it runs in an enclave. Ours, not Vault's.
	 */
	bool tls_identity;
	const char *tls_cert_file, *tls_key_file, *tls_client_ca_file;
	bool tls_require_and_verify_client_cert, tls_disable_client_certs;
	uint64_t max_request_size; /* bytes; 32 MiB */
	uint64_t max_request_duration; /* seconds; 90 */
	const char *x_forwarded_for_authorized_addrs; /* as written; NULL: headers are not believed */
};

struct config {
	struct pool pool;
	struct listener *listeners;
	const char *storage_type;  /* "inmem", "file" (a folder: SQLite in it), "sqlite" */
	const char *storage_path;
	const char *seal_type;     /* "shamir", "static", "enclave" */
	const char *seal_key, *seal_key_file; /* of static */
	const char *anchor_type;   /* NULL: none; "tpm" */
	const char *anchor_address;
	const char *api_addr, *cluster_addr, *cluster_name;
	uint64_t default_lease_ttl, max_lease_ttl; /* seconds; 768 h both */
	const char *log_level;
	bool disable_mlock, ui, raw_storage_endpoint, dev;
	const char *dev_root_token;
	struct names warnings;
};

/* 0, or -EINVAL with file, line and column in error. */
must_check int config_read(struct config *c, const char *text, size_t size, struct text_error *error);
/* A file, or a folder of *.hcl and *.json merged in order of name. */
must_check int config_load(struct config *c, const char *path, char *error, size_t size);
void config_dev(struct config *c, const char *root_token, const char *address);
void config_free(struct config *c);

#define CONFIG_MAX (1 << 20) /* bytes of one file */
/* Of config.c, for config_load.c: another listener at the end, and what nobody said. */
struct listener *config_listener(struct config *c);
void config_defaults(struct config *c);

#endif
