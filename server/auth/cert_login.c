/* Logging in by the certificate of the connection; TLS has proved that the client holds its key, and nothing else. */
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/sha256.h"
#include "server/auth/cert.h"
#include "server/core/core.h"

enum match { MATCH_NONE, MATCH_TRUSTED, MATCH_ALL }; /* nobody; somebody vouches; and all that is asked for is there */

/* A pinned certificate of a client is itself what is trusted: the very same bytes, and in its time. */
static bool pinned(X509 *leaf, STACK_OF(X509) *anchors, int64_t now, struct certificates *chain)
{
	if (X509_cmp(sk_X509_value(anchors, 0), leaf) || !certificate_in_time(leaf, now))
		return false;
	chain->stack = sk_X509_new_null();
	return chain->stack && X509_up_ref(leaf) == 1 && sk_X509_push(chain->stack, leaf) > 0;
}

static enum match trusted_match(struct request *r, const struct mount *m, const struct trusted *t,
				STACK_OF(X509) *sent)
{
	struct certificates anchors _cleanup_certificates_ = { NULL }, chain _cleanup_certificates_ = { NULL };
	X509 *leaf = sk_X509_value(sent, 0);
	int64_t now = request_seconds(r);
	bool vouched;

	if (!certificates_of_pem(&anchors, t->certificate))
		return MATCH_NONE;
	vouched = certificate_is_ca(sk_X509_value(anchors.stack, 0))
			  ? certificate_leads_to(leaf, sent, anchors.stack, now, &chain)
			  : pinned(leaf, anchors.stack, now, &chain);
	if (!vouched)
		return MATCH_NONE;
	return !crls_have(r, m, chain.stack) && trusted_allows(r, t, leaf) ? MATCH_ALL : MATCH_TRUSTED;
}

/* The first trusted certificate that fits; `only`: no other counts. 0, or a refusal. */
static int trusted_find(struct request *r, const struct mount *m, const char *only, STACK_OF(X509) *sent,
			struct trusted *t)
{
	enum match best = MATCH_NONE;
	struct names names = { NULL, 0 };

	if (*only)
		names_add(&r->pool, &names, only);
	else
		names = entry_list(r, &m->view, "cert/");
	for (size_t i = 0; i < names.count; i++) {
		enum match match;

		if (!trusted_load(r, m, names.at[i], t))
			continue;
		match = trusted_match(r, m, t, sent);
		if (match == MATCH_ALL)
			return 0;
		if (match > best)
			best = match;
	}
	return best == MATCH_NONE
		       ? refuse(r, 400, "invalid certificate or no client certificate supplied")
		       : refuse(r, 400, "no chain matching all constraints could be found for this login certificate");
}

static int certificates_sent(struct request *r, struct certificates *c)
{
	if (!r->origin.tls)
		return refuse(r, 400, "tls connection required");
	if (!r->origin.certificate_count)
		return refuse(r, 400, "client certificate must be supplied");
	if (!certificates_of_der(c, r->origin.certificates, r->origin.certificate_count))
		return refuse(r, 400, "invalid certificate or no client certificate supplied");
	return 0;
}

static const char *first_or_empty(struct names names)
{
	return names.count ? names.at[0] : "";
}

static void key_id_put(struct request *r, struct json_writer *w, const char *name, const ASN1_OCTET_STRING *id)
{
	json_put_string(w, name, id ? hex_colons(&r->pool, ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id))
				    : "");
}

static struct blob metadata_of(struct request *r, const struct trusted *t, X509 *leaf)
{
	struct names oids = names_copy(&r->pool, &t->allowed_metadata_extensions);
	struct json_writer w;

	names_sort(&oids);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "cert_name", t->name);
	json_put_string(&w, "common_name", first_or_empty(certificate_subject(&r->pool, leaf, NID_commonName)));
	json_put_string(&w, "serial_number", certificate_serial(&r->pool, X509_get0_serialNumber(leaf)));
	key_id_put(r, &w, "subject_key_id", X509_get0_subject_key_id(leaf));
	key_id_put(r, &w, "authority_key_id", X509_get0_authority_key_id(leaf));
	for (size_t i = 0; i < oids.count; i++) {
		const char *oid = oids.at[i];
		const char *value = x509_extension(&r->pool, leaf, oid);
		char *key = pool_text(&r->pool, oid);

		for (char *c = key; *c; c++)
			if (*c == '.')
				*c = '-';
		if (value)
			json_put_string(&w, key, value);
	}
	json_close(&w);
	return pool_json_end(&w);
}

static const char *fingerprint(struct request *r)
{
	uint8_t digest[SHA256_SIZE];

	sha256(r->origin.certificates[0].at, r->origin.certificates[0].size, digest);
	return pool_hex(&r->pool, digest, sizeof(digest));
}

int cert_login(struct request *r)
{
	struct certificates sent _cleanup_certificates_ = { NULL };
	struct cert_config config;
	struct login *login;
	struct json_writer w;
	struct trusted t;
	X509 *leaf;
	int status = certificates_sent(r, &sent);

	if (!status)
		status = trusted_find(r, r->mount, ask_text_or(r, "name", ""), sent.stack, &t);
	if (status)
		return status;
	if (!token_params_allow(r, &t.token))
		return refuse(r, 403, "permission denied");
	leaf = sk_X509_value(sent.stack, 0);
	cert_config_load(r, r->mount, &config);
	login = reply_login(r);
	token_params_login(&t.token, login);
	login->display_name = t.display_name;
	login->alias = first_or_empty(certificate_subject(&r->pool, leaf, NID_commonName));
	login->metadata = metadata_of(r, &t, leaf);
	if (config.enable_identity_alias_metadata)
		login->alias_metadata = login->metadata;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "cert_name", t.name);
	json_put_string(&w, "fingerprint", fingerprint(r));
	names_put(&w, "policies", &t.token.token_policies);
	json_close(&w);
	login->internal = pool_json_end(&w);
	return 200;
}

/* Unless binding is off, a renewal comes over a connection with the login's certificate, which is judged again. */
bool cert_renew(struct request *r, struct mount *m, const struct json *internal, struct login *login)
{
	struct certificates sent _cleanup_certificates_ = { NULL };
	const char *name = pool_json_member(&r->pool, internal, "cert_name");
	const char *then = pool_json_member(&r->pool, internal, "fingerprint");
	struct names policies = names_read(&r->pool, json_member(internal, "policies"));
	struct cert_config config;
	struct trusted t;

	if (!name || !trusted_load(r, m, name, &t)) {
		refuse(r, 400, "certificate role no longer exists, not renewing");
		return false;
	}
	if (!names_same(&policies, &t.token.token_policies)) {
		refuse(r, 500, "policies have changed, not renewing");
		return false;
	}
	cert_config_load(r, m, &config);
	if (!config.disable_binding) {
		if (certificates_sent(r, &sent) || trusted_find(r, m, name, sent.stack, &t))
			return false;
		if (!then || strcmp(then, fingerprint(r))) {
			refuse(r, 500, "client identity during renewal not matching client identity used during login");
			return false;
		}
	}
	token_params_renew(&t.token, login);
	return true;
}
