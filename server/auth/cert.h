/*
 * cert: logins by the client's TLS certificate. Storage in the mount's view: cert/<name> (whom to trust, and what their
 * certificates must say), crls/<name> (serial numbers that are revoked), config.
 */
#ifndef ADYTON_SERVER_AUTH_CERT_H
#define ADYTON_SERVER_AUTH_CERT_H

#include "server/auth/record.h"
#include "server/auth/token_params.h"
#include "server/auth/x509.h"

struct trusted {
	const char *name, *key;
	const char *certificate; /* PEM */
	const char *display_name, *ocsp_ca_certificates;
	struct names allowed_names, allowed_common_names, allowed_dns_sans, allowed_email_sans, allowed_uri_sans;
	struct names allowed_organizational_units, required_extensions, allowed_metadata_extensions;
	struct names ocsp_servers_override;
	bool ocsp_enabled, ocsp_fail_open, ocsp_query_all_servers;
	struct token_params token;
};

bool trusted_load(struct request *r, const struct mount *m, const char *name, struct trusted *t);
/* What its certificate says beside the chain meets all that is asked for. */
bool trusted_allows(struct request *r, const struct trusted *t, X509 *leaf);

struct cert_config {
	bool disable_binding, enable_identity_alias_metadata;
	int64_t ocsp_cache_size;
};
void cert_config_load(struct request *r, const struct mount *m, struct cert_config *c);

/* Whether one of the chain is in a CRL of this mount. */
bool crls_have(struct request *r, const struct mount *m, STACK_OF(X509) *chain);

int trusted_list(struct request *r);
int trusted_read(struct request *r);
int trusted_write(struct request *r);
int trusted_delete(struct request *r);
int crls_list(struct request *r);
int cert_crl_read(struct request *r);
int cert_crl_write(struct request *r);
int cert_crl_delete(struct request *r);
void crls_tick(struct request *r, struct mount *m);
int cert_login(struct request *r);
bool cert_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login);

#endif
