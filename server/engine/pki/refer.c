/* What references mean: issuers and keys by id, name or "default"; URLs with templates. */
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/pki.h"

int pki_fail(struct request *r, const char *format, ...)
{
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = pool_vprintf(&r->pool, format, arguments);
	va_end(arguments);
	return refuse(r, 500, "1 error occurred:\n\t* %s\n\n", text);
}

bool pki_oid_good(struct pool *pool, const char *oid)
{
	struct asn scratch;

	asn_init(&scratch, pool);
	return asn_oid(&scratch, oid);
}

const struct pki_issuer *pki_issuer_find(struct request *r, const struct pki_set *set, const char *ref,
					 const char **error)
{
	bool otherwise = !strcmp(ref, "default");

	*error = otherwise && !*set->default_issuer ? "no default issuer currently configured" :
		pool_printf(&r->pool, "unable to find PKI issuer for reference: %s", ref);
	for (size_t i = 0; i < set->issuer_count; i++)
		if (!strcmp(set->issuers[i].id, otherwise ? set->default_issuer : ref))
			return &set->issuers[i];
	for (size_t i = 0; *ref && !otherwise && i < set->issuer_count; i++)
		if (!strcmp(set->issuers[i].name, ref))
			return &set->issuers[i];
	return NULL;
}

const struct pki_key *pki_key_find(struct request *r, const struct pki_set *set, const char *ref, const char **error)
{
	bool otherwise = !strcmp(ref, "default");

	*error = otherwise && !*set->default_key ? "no default key currently configured" :
		pool_printf(&r->pool, "unable to find PKI key for reference: %s", ref);
	for (size_t i = 0; i < set->key_count; i++)
		if (!strcmp(set->keys[i].id, otherwise ? set->default_key : ref))
			return &set->keys[i];
	for (size_t i = 0; *ref && !otherwise && i < set->key_count; i++)
		if (!strcmp(set->keys[i].name, ref))
			return &set->keys[i];
	return NULL;
}

const struct pki_issuer *pki_signer(struct request *r, const struct pki_set *set, const char *ref, unsigned int usage,
				    int *status)
{
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, ref, &error);

	if (!issuer)
		*status = pki_fail(r, "could not fetch the CA certificate (was one set?): %s", error);
	else if (!(issuer->usage & usage))
		*status = pki_fail(r, "error fetching CA certificate: error while attempting to use issuer %s: unknown "
				   "delta between usages: %s -> %s / for issuer [%s]", issuer->id,
				   usage == PKI_ISSUING ? "issuing-certificates" : "crl-signing",
				   pki_usage_text(&r->pool, issuer->usage), issuer->id);
	else if (!issuer->key)
		*status = pki_fail(r,
				   "could not fetch the CA certificate (was one set?): unable to fetch corresponding "
				   "key for issuer %s; unable to use this issuer for signing",
				   issuer->id);
	else
		return issuer;
	return NULL;
}

/* One URL with {{cluster_path}}, {{cluster_aia_path}} and {{issuer_id}} filled in; NULL: *why not. */
static const char *url_fill(struct pool *pool, const struct pki_set *set, const char *issuer_id, const char *url,
			    const char **why)
{
	const struct {
		const char *name, *value, *error;
	} all[] = {
		{ "{{cluster_path}}", set->cluster_path, "unable to template AIA URLs as we lack local cluster address "
		  "information (path)" },
		{ "{{cluster_aia_path}}", set->cluster_aia_path, "unable to template AIA URLs as we lack local cluster "
		  "address information (aia_path)" },
		{ "{{issuer_id}}", issuer_id, "unable to template AIA URLs as we lack an issuer identifier for "
		  "this issuer" },
	};

	for (size_t i = 0; i < 3; i++)
		for (const char *at; (at = strstr(url, all[i].name));) {
			if (!*all[i].value || strstr(all[i].value, "{{")) {
				*why = all[i].error;
				return NULL;
			}
			url = pool_printf(pool, "%.*s%s%s", (int)(at - url), url, all[i].value,
					  at + strlen(all[i].name));
		}
	return url;
}

static bool list_fill(struct pool *pool, const struct pki_set *set, const char *issuer_id, const struct names *from,
		      struct names *to, const char **why)
{
	for (size_t i = 0; i < from->count; i++) {
		const char *url = url_fill(pool, set, issuer_id, from->at[i], why);

		if (!url)
			return false;
		names_add(pool, to, url);
	}
	return true;
}

const struct pki_urls *pki_urls_fill(struct request *r, const struct pki_set *set, const struct pki_urls *urls,
				     const char *issuer_id, const char **why)
{
	struct pool *p = &r->pool;
	struct pki_urls *out;

	if (!urls->templating)
		return urls;
	out = pool_take(p, sizeof(*out));
	if (!list_fill(p, set, issuer_id, &urls->issuing_certificates, &out->issuing_certificates, why) ||
	    !list_fill(p, set, issuer_id, &urls->crl_distribution_points, &out->crl_distribution_points, why) ||
	    !list_fill(p, set, issuer_id, &urls->delta_crl_distribution_points, &out->delta_crl_distribution_points,
		       why) ||
	    !list_fill(p, set, issuer_id, &urls->ocsp_servers, &out->ocsp_servers, why))
		return NULL;
	return out;
}

const struct pki_urls *pki_urls_of(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer,
				   int *status)
{
	const char *why = NULL;
	const struct pki_urls *urls = pki_urls_fill(r, set, issuer->has_urls ? &issuer->urls : &set->urls, issuer->id,
						    &why);

	if (!urls)
		*status = pki_fail(r, "unable to fetch AIA URL information: %s", why);
	return urls;
}

const char *pki_asked_issuer(struct request *r)
{
	return ask_text_or(r, "issuer_ref", "default");
}

void pki_warn_issuer_ref(struct request *r, const char *ref)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;

	if (pki_issuer_find(r, set, ref, &error))
		return;
	if (!strcmp(ref, "default"))
		reply_warning(
			r, "Issuing Certificate was set to default, but no default issuing certificate (configurable "
			   "at /config/issuers) is currently set");
	else
		reply_warning(r, "Issuing Certificate was set to %s but no issuing certificate currently has that name",
			      ref);
}

bool pki_asked_format(struct request *r, enum pki_format *format)
{
	static const char *const names[PKI_FORMATS] = { "pem", "der", "pem_bundle" };
	const char *text = ask_text_or(r, "format", "pem");

	for (*format = 0; *format < PKI_FORMATS; ++*format)
		if (!strcmp(text, names[*format]))
			return true;
	refuse(r, 400, "the \"format\" path parameter must be \"pem\", \"der\", or \"pem_bundle\"");
	return false;
}

const char *pki_show(struct request *r, enum pki_format format, struct blob der)
{
	return format == PKI_DER ? pool_base64(&r->pool, der.at, der.size) : pki_pem(&r->pool, "CERTIFICATE", der);
}

/* The text of a private key as the request wants it. */
const char *pki_show_key(struct request *r, enum pki_format format, const struct pki_key *key)
{
	struct blob der = key->der;

	if (!strcmp(ask_text_or(r, "private_key_format", "der"), "pkcs8")) {
		if (!pki_key_pkcs8(&r->pool, key, &der))
			return "";
		return format == PKI_DER ? pool_base64(&r->pool, der.at, der.size) :
			pki_pem(&r->pool, "PRIVATE KEY", der);
	}
	return format == PKI_DER ? pool_base64(&r->pool, der.at, der.size) : pki_key_pem(&r->pool, key);
}

void pki_put_key(struct request *r, struct json_writer *w, enum pki_format format, const struct pki_key *key)
{
	json_put_string(w, "private_key", pki_show_key(r, format, key));
	json_put_string(w, "private_key_type", key->type);
}

void pki_put_chain(struct request *r, struct json_writer *w, enum pki_format format, const struct pki_issuer *issuer,
		   const char *first, bool without_roots)
{
	json_array(w, "ca_chain");
	if (first)
		json_put_string(w, NULL, first);
	for (size_t i = 0; i < issuer->chain_count; i++) {
		const struct pki_cert *c = &issuer->chain[i]->cert;

		if (!without_roots || !pki_cert_signed_by(c, c))
			json_put_string(w, NULL, format == PKI_DER ? pki_show(r, format, c->der) :
					issuer->chain[i]->pem);
	}
	json_close(w);
}

void pki_keep_cert(struct request *r, const uint8_t *serial, size_t size, struct blob der)
{
	entry_put(r, &r->mount->view, pool_printf(&r->pool, "certs/%s", pki_serial_text(&r->pool, serial, size, '-')),
		  der.at, der.size);
}
