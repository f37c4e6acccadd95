/* What authorities do to others: intermediates and self-issued certificates signed, all of them removed. */
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/crl.h"

#define NO_AIA "This mount hasn't configured any authority information access (AIA) fields; this may make it harder " \
	"for systems to find missing certificates in the chain or to validate revocation status of certificates. " \
	"Consider updating /config/urls or the newly generated issuer with this information."

static void intermediate_role(struct request *r, struct pki_role *role)
{
	pki_role_any(r, role);
	role->ou = ask_list(r, "ou");
	role->organization = ask_list(r, "organization");
	role->country = ask_list(r, "country");
	role->locality = ask_list(r, "locality");
	role->province = ask_list(r, "province");
	role->street_address = ask_list(r, "street_address");
	role->postal_code = ask_list(r, "postal_code");
	role->not_before_duration = (int64_t)ask_seconds(r, "not_before_duration", 30);
	role->use_csr_sans = false;
	role->use_csr_common_name = !*ask_text_or(r, "common_name", "");
}

static void intermediate_answer(struct request *r, enum pki_format format, const struct pki_issuer *issuer,
				const struct pki_wish *wish, struct blob der)
{
	struct json_writer *w = reply_data(r);
	const char *certificate = pki_show(r, format, der), *bundle = certificate;
	const struct pki_urls *urls = wish->urls;

	pki_put_chain(r, w, format, issuer, certificate, false);
	for (size_t i = 0; format == PKI_PEM_BUNDLE && i < issuer->chain_count; i++)
		bundle = pool_printf(&r->pool, "%s\n%s", bundle, issuer->chain[i]->pem);
	json_put_string(w, "certificate", bundle);
	json_put_i64(w, "expiration", wish->not_after);
	json_put_string(w, "issuing_ca", pki_show(r, format, issuer->cert.der));
	json_put_string(w, "serial_number", pki_serial_text(&r->pool, wish->serial, sizeof(wish->serial), ':'));
	if (issuer->cert.not_after < wish->not_after)
		reply_warning(
			r, "The expiration time for the signed certificate is after the CA's expiration time. If the "
			   "new certificate is not treated as a root, validation paths with the certificate past the "
			   "issuing CA's expiration time will fail.");
	if (!urls->issuing_certificates.count && !urls->crl_distribution_points.count && !urls->ocsp_servers.count)
		reply_warning(r, NO_AIA);
	if (wish->path_length == 0)
		reply_warning(
			r,
			"Max path length of the signed certificate is zero. This certificate cannot be used to issue "
			"intermediate CA certificates.");
}

/* The path's length: as asked, else one less than the issuer's. */
static int path_ask(struct request *r, const struct pki_issuer *issuer, struct pki_wish *wish)
{
	if (issuer->cert.path_length == 0)
		return refuse(r, 400, "signing certificate has a max path length of zero, and cannot issue further CA "
			      "certificates");
	wish->path_length = ask_int(r, "max_path_length", issuer->cert.path_length < 0 ? -1 :
				    issuer->cert.path_length - 1);
	return 0;
}

static int intermediate_fill(struct request *r, const struct pki_role *role, const struct pki_issuer *issuer,
			     struct pki_csr *csr, struct pki_wish *wish)
{
	int status = pki_asked_csr(r, role, csr);
	uint8_t *skid = pool_take(&r->pool, 20);

	/* An intermediate may outlive who signs it: its own roots may differ. */
	status = status ? status : pki_wish_fill(r, role, csr, NULL, wish);
	status = status ? status : path_ask(r, issuer, wish);
	if (status)
		return status;
	wish->ca = wish->constraints = true;
	wish->key_usage = PKI_CERT_SIGN | PKI_CRL_SIGN;
	wish->ext_key_usage = (struct names){ NULL, 0 };
	wish->permitted_dns = ask_list(r, "permitted_dns_domains");
	wish->spki = csr->spki;
	if (!wish->skid.size && pki_key_identifier(csr->spki, skid))
		wish->skid = (struct blob){ skid, 20 };
	if (ask_bool(r, "use_csr_values", false)) {
		wish->subject = csr->subject;
		wish->extra = csr->extensions;
	}
	return 0;
}

static int intermediate_sign(struct request *r, struct pki_csr *csr)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const struct pki_issuer *issuer;
	struct pki_role role;
	struct pki_wish wish;
	enum pki_format format;
	struct blob der;
	int status = 400;

	if (!pki_asked_format(r, &format))
		return 400;
	issuer = pki_signer(r, set, pki_asked_issuer(r), PKI_ISSUING, &status);
	if (!issuer)
		return status;
	intermediate_role(r, &role);
	status = intermediate_fill(r, &role, issuer, csr, &wish);
	if (status)
		return status;
	wish.urls = pki_urls_of(r, set, issuer, &status);
	if (!wish.urls)
		return status;
	if (!pki_certificate(&r->pool, &wish, issuer->cert.subject, issuer->cert.skid, issuer->key,
			     pki_algorithm(issuer->key->type, issuer->key->bits, role.signature_bits, role.use_pss),
			     &der))
		return pki_fail(r, "unable to create certificate");
	pki_keep_cert(r, wish.serial, sizeof(wish.serial), der);
	intermediate_answer(r, format, issuer, &wish, der);
	return 200;
}

static int sign_intermediate(struct request *r)
{
	struct pki_csr csr = { .req = NULL };
	int status = intermediate_sign(r, &csr);

	pki_csr_close(&csr);
	return status;
}

/* The same to be signed with another issuer's name and key: what stands between is kept, but for where to look. */
static struct blob self_issued_tbs(struct request *r, const struct pki_cert *cert, const struct pki_issuer *issuer,
				   const struct pki_algorithm *algorithm, struct blob extensions)
{
	struct blob in = cert->der, outer, tbs, part;
	unsigned int tag;
	size_t mark, list;
	struct asn a;

	asn_init(&a, &r->pool);
	if (!asn_take(&in, ASN_SEQUENCE, &outer) || !asn_take(&outer, ASN_SEQUENCE, &tbs))
		return asn_blob(&a);
	mark = asn_open(&a, ASN_SEQUENCE);
	for (int field = 0; field < 7; field++) {
		const uint8_t *start = tbs.at;

		if (!asn_next(&tbs, &tag, &part))
			break;
		if (field == 2)
			pki_put_algorithm(&a, algorithm);
		else if (field == 3)
			asn_raw(&a, issuer->cert.subject.at, issuer->cert.subject.size);
		else
			asn_raw(&a, start, (size_t)(tbs.at - start));
	}
	list = asn_open(&a, ASN_CONTEXT_MADE + 3);
	asn_raw(&a, extensions.at, extensions.size);
	asn_close(&a, list);
	asn_close(&a, mark);
	return asn_blob(&a);
}

/* The certificate's extensions without those that say who signed it and where; then ours. */
static struct blob self_issued_extensions(struct request *r, const struct pki_cert *cert,
					  const struct pki_issuer *issuer, const struct pki_urls *urls)
{
	static const int replaced[] = { NID_authority_key_identifier, NID_info_access, NID_crl_distribution_points };
	struct pki_wish wish = { .urls = urls };
	struct asn a;
	size_t mark;

	asn_init(&a, &r->pool);
	mark = asn_open(&a, ASN_SEQUENCE);
	for (int i = 0; i < X509_get_ext_count(cert->x509); i++) {
		X509_EXTENSION *e = X509_get_ext(cert->x509, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
		unsigned char *der = NULL;
		int size = i2d_X509_EXTENSION(e, &der);

		if (size > 0 && nid != replaced[0] && nid != replaced[1] && nid != replaced[2])
			asn_raw(&a, der, (size_t)size);
		OPENSSL_free(der);
	}
	pki_put_extensions(&a, &wish, issuer->cert.skid);
	asn_close(&a, mark);
	return asn_blob(&a);
}

static int self_issued(struct request *r, const struct pki_set *set, const struct pki_cert *cert)
{
	const struct pki_issuer *issuer;
	const struct pki_algorithm *algorithm;
	const struct pki_urls *urls;
	struct json_writer *w;
	struct blob tbs, der;
	int status;

	if (!cert->ca)
		return refuse(r, 400, "given certificate is not a CA certificate");
	if (!cert->self_issued)
		return refuse(r, 400, "given certificate is not self-issued");
	issuer = pki_signer(r, set, pki_asked_issuer(r), PKI_ISSUING, &status);
	urls = issuer ? pki_urls_of(r, set, issuer, &status) : NULL;
	if (!urls)
		return status;
	if (ask_bool(r, "require_matching_certificate_algorithms", false) &&
	    (!cert->key_type || strcmp(cert->key_type, issuer->key->type)))
		return pki_fail(
			r,
			"signing certificate's public key algorithm (%s) does not match submitted certificate's "
			"(%s), and require_matching_certificate_algorithms is true",
			issuer->key->type, cert->key_type ? cert->key_type : "unknown");
	algorithm = pki_algorithm(issuer->key->type, issuer->key->bits, 0, false);
	tbs = self_issued_tbs(r, cert, issuer, algorithm, self_issued_extensions(r, cert, issuer, urls));
	if (!pki_sign(&r->pool, issuer->key, algorithm, tbs, &der))
		return pki_fail(r, "error signing self-issued certificate");
	w = reply_data(r);
	json_put_string(w, "certificate", pki_pem(&r->pool, "CERTIFICATE", der));
	json_put_string(w, "issuing_ca", issuer->pem);
	return 200;
}

static int sign_self_issued(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *text = ask_text_or(r, "certificate", ""), *label;
	struct pki_cert cert;
	struct blob der;
	int status;

	if (pki_pem_next(&r->pool, &text, &label, &der) != 1)
		return refuse(r, 400, "certificate could not be PEM-decoded");
	if (!pki_cert_read(&r->pool, der, &cert))
		return refuse(r, 400, "error parsing certificate: x509: malformed certificate");
	status = self_issued(r, set, &cert);
	pki_cert_close(&cert);
	return status;
}

static int root_delete(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);

	entry_delete_all(r, &r->mount->view, "issuer/");
	entry_delete_all(r, &r->mount->view, "key/");
	pki_write_config_issuers(r, "", set->follows_latest);
	pki_write_config_keys(r, "");
	reply_warning(r, "DELETE /root deletes all keys and issuers; prefer the new DELETE /key/:key_ref and DELETE "
		      "/issuer/:issuer_ref for finer granularity, unless removal of all keys and issuers is desired.");
	return pki_changed(r) ? 200 : 500;
}

static const struct field self_fields[] = {
	{ "certificate", FIELD_STRING, "The self-issued certificate in PEM" },
	{ "require_matching_certificate_algorithms", FIELD_BOOL, "Whether both keys must be of one kind" },
	{ "issuer_ref", FIELD_STRING, "Who signs" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "root/sign-intermediate", .update = sign_intermediate, .fields = pki_ca_fields,
	  .text = "Certify an authority's request" },
	{ .pattern = "issuer/{issuer_ref}/sign-intermediate", .update = sign_intermediate, .fields = pki_ca_fields,
	  .text = "Certify an authority's request by this issuer" },
	{ .pattern = "root/sign-self-issued", .flags = ROUTE_SUDO, .update = sign_self_issued, .fields = self_fields,
	  .text = "Sign a self-issued certificate" },
	{ .pattern = "issuer/{issuer_ref}/sign-self-issued", .update = sign_self_issued, .fields = self_fields,
	  .text = "Sign a self-issued certificate by this issuer" },
	{ .pattern = "root", .flags = ROUTE_SUDO, .delete = root_delete, .text = "Remove all issuers and keys" },
};
const struct route_table pki_authority_routes[] = { ROUTES(routes), { .routes = NULL } };
