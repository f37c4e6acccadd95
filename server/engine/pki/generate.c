/* Authorities made here: roots with their keys, and requests for intermediates. */
#include <string.h>

#include "server/engine/pki/pki.h"

#define NO_AIA "This mount hasn't configured any authority information access (AIA) fields; this may make it harder " \
	"for systems to find missing certificates in the chain or to validate revocation status of certificates. " \
	"Consider updating /config/urls or the newly generated issuer with this information."

/* A role for an authority: everything goes, and the subject is as asked. */
static int authority_role(struct request *r, const struct pki_key *existing, struct pki_role *role)
{
	const char *error;

	pki_role_any(r, role);
	role->key_type = existing ? existing->type : ask_text_or(r, "key_type", "rsa");
	role->key_bits = existing ? existing->bits : ask_int(r, "key_bits", 0);
	role->ou = ask_list(r, "ou");
	role->organization = ask_list(r, "organization");
	role->country = ask_list(r, "country");
	role->locality = ask_list(r, "locality");
	role->province = ask_list(r, "province");
	role->street_address = ask_list(r, "street_address");
	role->postal_code = ask_list(r, "postal_code");
	role->not_before_duration = (int64_t)ask_seconds(r, "not_before_duration", 30);
	if (!strcmp(role->key_type, "any"))
		return refuse(r, 400, "unknown key type any");
	error = pki_key_check(&r->pool, role->key_type, &role->key_bits, &role->signature_bits);
	return error ? refuse(r, 400, "%s", error) : 0;
}

/* Which way keys come: the path's last word. */
static int mode_check(struct request *r, const char *mode)
{
	if (!strcmp(mode, "kms"))
		return refuse(r, 400,
			      "managed keys (kms) are an enterprise feature: use internal, exported or existing");
	if (strcmp(mode, "internal") && strcmp(mode, "exported") && strcmp(mode, "existing"))
		return refuse(r, 400,
			      "the \"exported\" path parameter must be \"internal\", \"existing\", exported\" or "
			      "\"kms\"");
	if (!strcmp(mode, "existing") && (asked(r, "key_type") || asked(r, "key_bits")))
		return refuse(r, 400, "invalid parameter for the kms/existing path parameter, key_type nor key_bits "
			      "arguments can be set in this mode");
	return 0;
}

struct making {
	struct pki_set *set;
	const char *mode, *key_name;
	struct pki_role role;
	const struct pki_key *key; /* that of the authority */
	struct pki_key made;
	struct pki_wish wish;
	enum pki_format format;
};

static int making_key(struct request *r, struct making *m)
{
	const char *error;

	if (!strcmp(m->mode, "existing")) {
		m->key = pki_key_find(r, m->set, ask_text_or(r, "key_ref", "default"), &error);
		if (!m->key)
			return refuse(r, 400, "failed to lookup public key from existing key: %s", error);
	}
	return authority_role(r, m->key, &m->role);
}

/* All that can be refused is, before a key is made: that takes long. */
static int making_begin(struct request *r, struct making *m)
{
	int status = mode_check(r, m->mode);

	if (!status && !pki_asked_format(r, &m->format))
		status = 400;
	if (!status && !pki_asked_key_name(r, m->set, &m->key_name))
		status = 400;
	status = status ? status : making_key(r, m);
	status = status ? status : pki_wish_fill(r, &m->role, NULL, NULL, &m->wish);
	if (status || m->key)
		return status;
	if (!pki_key_make(&r->pool, m->role.key_type, m->role.key_bits, &m->made))
		return pki_fail(r, "unable to generate a key");
	m->key = &m->made;
	return 0;
}

static const struct pki_algorithm *making_algorithm(const struct making *m)
{
	return pki_algorithm(m->key->type, m->key->bits, m->role.signature_bits, m->role.use_pss);
}

static void making_warn(struct request *r, const struct making *m)
{
	const struct pki_urls *urls = &m->set->urls;

	if (!urls->issuing_certificates.count && !urls->crl_distribution_points.count && !urls->ocsp_servers.count)
		reply_warning(r, NO_AIA);
}

static bool root_sign(struct request *r, struct making *m, struct pki_cert *cert)
{
	struct pki_wish *w = &m->wish;
	const char *why;
	struct blob der;

	w->ca = w->constraints = true;
	w->key_usage = PKI_CERT_SIGN | PKI_CRL_SIGN;
	w->path_length = ask_int(r, "max_path_length", -1);
	w->permitted_dns = ask_list(r, "permitted_dns_domains");
	w->ext_key_usage = (struct names){ NULL, 0 };
	w->spki = m->key->spki;
	w->skid = (struct blob){ m->key->skid, sizeof(m->key->skid) };
	w->urls = pki_urls_fill(r, m->set, &m->set->urls, "", &why);
	return pki_certificate(&r->pool, w, w->subject, w->skid, m->key, making_algorithm(m), &der) &&
	       pki_cert_read(&r->pool, der, cert);
}

static void root_answer(struct request *r, struct making *m, const struct pki_cert *cert)
{
	struct json_writer *w = reply_data(r);
	const char *certificate = pki_show(r, m->format, cert->der);
	bool exported = !strcmp(m->mode, "exported");

	json_put_string(w, "certificate", m->format == PKI_PEM_BUNDLE && exported ?
			pool_printf(&r->pool, "%s\n%s", pki_show_key(r, m->format, m->key), certificate) : certificate);
	json_put_i64(w, "expiration", m->wish.not_after);
	json_put_string(w, "issuing_ca", certificate);
	if (exported)
		pki_put_key(r, w, m->format, m->key);
	json_put_string(w, "serial_number", cert->serial_text);
	if (pki_name_empty(m->wish.subject))
		reply_warning(
			r, "This issuer certificate was generated without a Subject; this makes it likely that issuing "
			   "leaf certs with this certificate will cause TLS validation libraries to reject this "
			   "certificate.");
	making_warn(r, m);
	if (m->wish.path_length == 0)
		reply_warning(
			r, "Max path length of the generated certificate is zero. This certificate cannot be used to "
			   "issue intermediate CA certificates.");
}

/* A new root is what its answer says, also where it is not the default. */
static int root_keep(struct request *r, struct making *m, const struct pki_cert *cert, const char *name)
{
	struct pki_import in = { .set = m->set };
	const char *error, *key_id, *issuer_id;
	struct json_writer *w = reply_data(r);

	key_id = pki_import_key(r, &in, m->key, m->key_name, &error);
	issuer_id = key_id ? pki_import_issuer(r, &in, cert, name, &error) : NULL;
	if (!issuer_id)
		return refuse(r, 400, "%s", error);
	pki_import_done(r, &in);
	pki_keep_cert(r, cert->serial.at, cert->serial.size, cert->der);
	json_put_string(w, "issuer_id", issuer_id);
	json_put_string(w, "issuer_name", name);
	json_put_string(w, "key_id", key_id);
	json_put_string(w, "key_name", m->key == &m->made ? m->key_name : m->key->name);
	return pki_changed(r) ? 200 : 500;
}

static int root_make(struct request *r, struct making *m)
{
	const char *name, *error;
	struct pki_cert cert = { .x509 = NULL };
	int status;

	if (!pki_asked_issuer_name(r, m->set, &name))
		return 400;
	if (!*name && !strncmp(r->rest, "root/rotate/", 12) && !pki_issuer_find(r, m->set, "next", &error))
		name = "next";
	status = making_begin(r, m);
	if (status)
		return status;
	if (root_sign(r, m, &cert)) {
		root_answer(r, m, &cert);
		status = root_keep(r, m, &cert, name);
	} else {
		status = pki_fail(r, "unable to create certificate");
	}
	pki_cert_close(&cert);
	return status;
}

static int root_generate(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct making m = { .set = set, .mode = ask_text_or(r, "exported", "") };
	int status = root_make(r, &m);

	pki_key_close(&m.made);
	return status;
}

static void request_answer(struct request *r, struct making *m, struct blob der)
{
	struct json_writer *w = reply_data(r);
	bool exported = !strcmp(m->mode, "exported");
	const char *csr = m->format == PKI_DER ? pool_base64(&r->pool, der.at, der.size) :
		pki_pem(&r->pool, "CERTIFICATE REQUEST", der);

	if (m->format == PKI_PEM_BUNDLE && exported)
		csr = pool_printf(&r->pool, "%s\n%s", pki_show_key(r, m->format, m->key), csr);
	json_put_string(w, "csr", csr);
	if (exported)
		pki_put_key(r, w, m->format, m->key);
	making_warn(r, m);
}

static int request_make(struct request *r, struct making *m)
{
	struct pki_import in = { .set = m->set };
	const char *key_id, *error;
	struct blob der;
	int status = making_begin(r, m);

	if (status)
		return status;
	m->wish.spki = m->key->spki;
	m->wish.constraints = m->wish.ca = ask_bool(r, "add_basic_constraints", false);
	if (!pki_request(&r->pool, &m->wish, m->key, making_algorithm(m), &der))
		return pki_fail(r, "unable to create a certificate request");
	key_id = pki_import_key(r, &in, m->key, m->key_name, &error);
	if (!key_id)
		return refuse(r, 400, "%s", error);
	pki_import_done(r, &in);
	request_answer(r, m, der);
	json_put_string(reply_data(r), "key_id", key_id);
	return pki_changed(r) ? 200 : 500;
}

static int request_generate(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct making m = { .set = set, .mode = ask_text_or(r, "exported", "existing") };
	int status = request_make(r, &m);

	pki_key_close(&m.made);
	return status;
}

static int cross_sign(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct making m = { .set = set, .mode = "existing" };

	return request_make(r, &m);
}

#define SUBJECT_FIELDS \
	{ "common_name", FIELD_STRING, "The common name" }, \
	{ "alt_names", FIELD_LIST, "Host names and e-mail addresses besides" }, \
	{ "ip_sans", FIELD_LIST, "IP addresses" }, \
	{ "uri_sans", FIELD_LIST, "URIs" }, \
	{ "other_sans", FIELD_LIST, "Other names: <oid>;UTF8:<value>" }, \
	{ "serial_number", FIELD_STRING, "The serial number of the subject (RFC 4519)" }, \
	{ "ou", FIELD_LIST, "Organizational units" }, \
	{ "organization", FIELD_LIST, "Organizations" }, \
	{ "country", FIELD_LIST, "Countries" }, \
	{ "locality", FIELD_LIST, "Localities" }, \
	{ "province", FIELD_LIST, "Provinces" }, \
	{ "street_address", FIELD_LIST, "Street addresses" }, \
	{ "postal_code", FIELD_LIST, "Postal codes" }, \
	{ "format", FIELD_STRING, "pem, der or pem_bundle" }, \
	{ "private_key_format", FIELD_STRING, "der or pkcs8" }, \
	{ "exclude_cn_from_sans", FIELD_BOOL, "Whether the common name is no alternative name" }, \
	{ "signature_bits", FIELD_INT, "Bits of the signature's digest; 0: the key's default" }, \
	{ "use_pss", FIELD_BOOL, "Whether an RSA key signs with PSS" }, \
	{ "not_before_duration", FIELD_SECONDS, "How long before its making it begins" },
#define KEY_FIELDS \
	{ "exported", FIELD_STRING, "internal, exported or existing" }, \
	{ "key_type", FIELD_STRING, "rsa, ec or ed25519" }, \
	{ "key_bits", FIELD_INT, "Bits of the key; 0: the type's default" }, \
	{ "key_name", FIELD_STRING, "A name for the key" }, \
	{ "key_ref", FIELD_STRING, "The existing key: id, name or default" },
#define CA_FIELDS \
	{ "ttl", FIELD_SECONDS, "How long it is valid" }, \
	{ "not_after", FIELD_STRING, "When it ends: YYYY-MM-ddTHH:MM:SSZ" }, \
	{ "max_path_length", FIELD_INT, "How many authorities may follow; -1: any number" }, \
	{ "permitted_dns_domains", FIELD_LIST, "Domains that certificates below are bound to" }, \
	{ "issuer_name", FIELD_STRING, "A name for the issuer" },

static const struct field root_fields[] = {
	SUBJECT_FIELDS KEY_FIELDS CA_FIELDS
	{ NULL, FIELD_ANY, NULL },
};
static const struct field request_fields[] = {
	SUBJECT_FIELDS KEY_FIELDS
	{ "add_basic_constraints", FIELD_BOOL, "Whether the request has basic constraints" },
	{ NULL, FIELD_ANY, NULL },
};
const struct field pki_ca_fields[] = {
	SUBJECT_FIELDS CA_FIELDS
	{ "csr", FIELD_STRING, "The request (PKCS #10) in PEM" },
	{ "use_csr_values", FIELD_BOOL, "Whether subject and extensions are those of the request" },
	{ "skid", FIELD_STRING, "The subject's key identifier, in hex" },
	{ "issuer_ref", FIELD_STRING, "Who signs" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "root/generate/{exported}", .update = root_generate, .fields = root_fields,
	  .text = "Make a key and its root certificate" },
	{ .pattern = "root/rotate/{exported}", .update = root_generate, .fields = root_fields,
	  .text = "Make another root, named \"next\"" },
	{ .pattern = "issuers/generate/root/{exported}", .update = root_generate, .fields = root_fields,
	  .text = "Make a key and its root certificate" },
	{ .pattern = "intermediate/generate/{exported}", .update = request_generate, .fields = request_fields,
	  .text = "Make a key and a request for an intermediate certificate" },
	{ .pattern = "issuers/generate/intermediate/{exported}", .update = request_generate, .fields = request_fields,
	  .text = "Make a key and a request for an intermediate certificate" },
	{ .pattern = "intermediate/cross-sign", .update = cross_sign, .fields = request_fields,
	  .text = "Make a request for a key that exists" },
};
const struct route_table pki_generate_routes[] = { ROUTES(routes), { .routes = NULL } };
