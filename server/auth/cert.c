/* The endpoints of cert, its configuration, and whom it trusts. */
#include "server/auth/cert.h"

#include <string.h>

#include "server/auth/auth.h"
#include "server/core/core.h"

#define OLD_NAMES (TOKEN_OLD_POLICIES | TOKEN_OLD_TTL | TOKEN_OLD_MAX_TTL | TOKEN_OLD_PERIOD | TOKEN_OLD_BOUND_CIDRS)

#define LIST(member) RECORD(trusted, member, RECORD_LIST, RECORD_NULL)
static const struct record_row rows[] = {
	RECORD(trusted, certificate, RECORD_TEXT, 0),
	RECORD(trusted, display_name, RECORD_TEXT, 0),
	LIST(allowed_names),
	LIST(allowed_common_names),
	LIST(allowed_dns_sans),
	LIST(allowed_email_sans),
	LIST(allowed_uri_sans),
	LIST(allowed_organizational_units),
	LIST(required_extensions),
	LIST(allowed_metadata_extensions),
	RECORD(trusted, ocsp_ca_certificates, RECORD_TEXT, 0),
	RECORD(trusted, ocsp_enabled, RECORD_BOOL, 0),
	LIST(ocsp_servers_override),
	RECORD(trusted, ocsp_fail_open, RECORD_BOOL, 0),
	RECORD(trusted, ocsp_query_all_servers, RECORD_BOOL, 0),
	RECORD_END,
};

static const struct record_row config_rows[] = {
	RECORD(cert_config, disable_binding, RECORD_BOOL, 0),
	RECORD(cert_config, enable_identity_alias_metadata, RECORD_BOOL, 0),
	RECORD(cert_config, ocsp_cache_size, RECORD_COUNT, 0),
	RECORD_END,
};

bool trusted_load(struct request *r, const struct mount *m, const char *name, struct trusted *t)
{
	const struct json *stored;

	record_init(rows, t);
	token_params_init(&t->token);
	t->name = lower_text(&r->pool, name);
	t->key = pool_printf(&r->pool, "cert/%s", t->name);
	stored = entry_read(r, &m->view, t->key);
	if (!stored)
		return false;
	record_load(&r->pool, rows, stored, t);
	token_params_load(&r->pool, &t->token, stored);
	return true;
}

int trusted_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "cert/");

	return reply_keys(r, &names);
}

int trusted_read(struct request *r)
{
	struct trusted t;
	struct json_writer *w;

	if (!trusted_load(r, r->mount, ask_text_or(r, "name", ""), &t))
		return 404;
	w = reply_data(r);
	record_show(w, rows, &t);
	token_params_show(w, &t.token);
	return 200;
}

int trusted_delete(struct request *r)
{
	struct trusted t;

	if (trusted_load(r, r->mount, ask_text_or(r, "name", ""), &t))
		entry_delete(r, &r->mount->view, t.key);
	return 204;
}

static int trusted_check(struct request *r, const struct trusted *t)
{
	struct certificates c _cleanup_certificates_ = { NULL };
	X509 *first;

	if (!certificates_of_pem(&c, t->certificate))
		return refuse(r, 400, "failed to parse certificate");
	first = sk_X509_value(c.stack, 0);
	if (!certificate_is_ca(first) && !certificate_for_clients(first))
		return refuse(r, 400, "nonCA certificates should have TLS client authentication set as an extended key "
			      "usage");
	if (t->ocsp_enabled)
		return refuse(r, 400, "ocsp_enabled: this server asks no OCSP responders; give it the CRL "
			      "(crls/<name>)");
	for (size_t i = 0; i < t->required_extensions.count; i++)
		if (!strchr(t->required_extensions.at[i], ':'))
			return refuse(r, 400, "required_extensions: expected \"oid:value\", found \"%s\"",
				      t->required_extensions.at[i]);
	return 0;
}

static void trusted_warn(struct request *r, const struct token_params *t)
{
	uint64_t usual = mount_default_ttl(r->core, r->mount), most = mount_max_ttl(r->core, r->mount);

	if (t->token_ttl > usual)
		reply_warning(r, "Given ttl of %lu seconds is greater than current mount/system default of %lu seconds",
			      t->token_ttl, usual);
	if (t->token_max_ttl > most)
		reply_warning(r, "Given max_ttl of %lu seconds is greater than current mount/system default of %lu "
			      "seconds", t->token_max_ttl, most);
	if (t->token_period > most)
		reply_warning(r, "Given period of %lu seconds is greater than the backend's maximum TTL of %lu seconds",
			      t->token_period, most);
}

int trusted_write(struct request *r)
{
	struct trusted t;
	struct json_writer *w;
	int status;

	entry_lock(r, LOCK_ENGINE, &r->mount->view,
		   pool_printf(&r->pool, "cert/%s", lower_text(&r->pool, ask_text_or(r, "name", ""))));
	(void)trusted_load(r, r->mount, ask_text_or(r, "name", ""), &t);
	record_ask(r, rows, &t);
	if (asked(r, "lease") && !asked(r, "ttl") && !asked(r, "token_ttl"))
		t.token.token_ttl = ask_seconds(r, "lease", 0);
	status = token_params_ask(r, &t.token, OLD_NAMES);
	if (!status)
		status = trusted_check(r, &t);
	if (status)
		return status;
	if (!*t.display_name)
		t.display_name = t.name;
	trusted_warn(r, &t.token);
	w = entry_write(r);
	record_store(w, rows, &t);
	token_params_store(w, &t.token);
	entry_written(r, &r->mount->view, t.key, w);
	return r->reply.warnings.count ? 200 : 204;
}

void cert_config_load(struct request *r, const struct mount *m, struct cert_config *c)
{
	const struct json *stored = entry_read(r, &m->view, "config");

	*c = (struct cert_config){ .ocsp_cache_size = 100 };
	if (stored)
		record_load(&r->pool, config_rows, stored, c);
}

static int cert_config_read(struct request *r)
{
	struct cert_config c;

	cert_config_load(r, r->mount, &c);
	record_show(reply_data(r), config_rows, &c);
	return 200;
}

static int cert_config_write(struct request *r)
{
	struct cert_config c;
	struct json_writer *w;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "config");
	cert_config_load(r, r->mount, &c);
	record_ask(r, config_rows, &c);
	if (c.ocsp_cache_size < 2 || c.ocsp_cache_size > 100000)
		return refuse(r, 400, "invalid cache size, must be >= 2 and <= 100000");
	w = entry_write(r);
	record_store(w, config_rows, &c);
	entry_written(r, &r->mount->view, "config", w);
	return 204;
}

#define END { NULL, FIELD_ANY, NULL }
static const struct field trusted_fields[] = {
	{ "certificate", FIELD_STRING, "Certificates of a CA, or one client certificate, in PEM." },
	{ "display_name", FIELD_STRING, "Display name of the tokens." },
	{ "allowed_names", FIELD_LIST, "One must be the common name, a DNS name or an e-mail address; '*' is any." },
	{ "allowed_common_names", FIELD_LIST, "One must be the common name; '*' is any." },
	{ "allowed_dns_sans", FIELD_LIST, "One must be a DNS name; '*' is any." },
	{ "allowed_email_sans", FIELD_LIST, "One must be an e-mail address; '*' is any." },
	{ "allowed_uri_sans", FIELD_LIST, "One must be a URI; '*' is any." },
	{ "allowed_organizational_units", FIELD_LIST, "One must be an organizational unit; '*' is any." },
	{ "required_extensions", FIELD_LIST, "\"oid:text\" or \"hex:oid:hex\": all must be there; '*' is any." },
	{ "allowed_metadata_extensions", FIELD_LIST, "OIDs of extensions that go to the token's metadata." },
	{ "ocsp_enabled", FIELD_BOOL, "Refused: this server asks no OCSP responders." },
	{ "ocsp_ca_certificates", FIELD_STRING, "Kept, and of no effect." },
	{ "ocsp_servers_override", FIELD_LIST, "Kept, and of no effect." },
	{ "ocsp_fail_open", FIELD_BOOL, "Kept, and of no effect." },
	{ "ocsp_query_all_servers", FIELD_BOOL, "Kept, and of no effect." },
	TOKEN_FIELDS,
	TOKEN_OLD_FIELD("policies", FIELD_LIST),
	TOKEN_OLD_FIELD("ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("max_ttl", FIELD_SECONDS),
	TOKEN_OLD_FIELD("period", FIELD_SECONDS),
	TOKEN_OLD_FIELD("bound_cidrs", FIELD_LIST),
	{ "lease", FIELD_SECONDS, "A still older name of \"token_ttl\"." },
	END,
};
static const struct field crl_fields[] = {
	{ "crl", FIELD_STRING, "A CRL in PEM, or in base64 of DER." },
	{ "url", FIELD_STRING, "Where to get it." },
	END,
};
static const struct field config_fields[] = {
	{ "disable_binding", FIELD_BOOL, "Renewals need not come with the certificate of the login." },
	{ "enable_identity_alias_metadata", FIELD_BOOL, "Keep the certificate's metadata with the identity." },
	{ "ocsp_cache_size", FIELD_INT, "Kept, and of no effect." },
	END,
};
static const struct field login_fields[] = {
	{ "name", FIELD_STRING, "Only this trusted certificate counts." },
	END,
};

static const struct route routes[] = {
	{ .pattern = "login", .flags = ROUTE_OPEN, .update = cert_login, .fields = login_fields,
	  .text = "Log in by the certificate of the connection." },
	{ .pattern = "certs", .list = trusted_list, .text = "List the trusted certificates." },
	{ .pattern = "certs/{name}", .read = trusted_read, .update = trusted_write, .delete = trusted_delete,
	  .fields = trusted_fields, .text = "Whom to trust, and what their certificates must say." },
	{ .pattern = "crls", .list = crls_list, .text = "List the CRLs." },
	{ .pattern = "crls/{name}", .read = cert_crl_read, .update = cert_crl_write, .delete = cert_crl_delete,
	  .fields = crl_fields, .text = "A list of revoked certificates." },
	{ .pattern = "config", .read = cert_config_read, .update = cert_config_write, .fields = config_fields,
	  .text = "Configure the method." },
};

static const struct route_table tables[] = { ROUTES(routes), { NULL } };

const struct backend cert_backend = {
	.type = "cert", .class = MOUNT_AUTH, .tables = tables, .renew_login = cert_renew, .tick = crls_tick,
};
