/*
 * CRLs of a cert mount. As in Vault a serial number in one of them is revoked whoever issued it, and the list counts
 * until it is deleted: its signature and dates are the business of who wrote it here.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "server/auth/cert.h"
#include "server/auth/fetch.h"
#include "server/core/core.h"

#define CRL_SIZE_MAX (4 << 20)
#define SECOND 1000000000LL

static X509_CRL *crl_parse(const void *text, size_t size)
{
	BIO *bio = BIO_new_mem_buf(text, (int)size);
	const uint8_t *at = text;
	X509_CRL *crl;

	ERR_set_mark();
	crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
	if (!crl)
		crl = d2i_X509_CRL(NULL, &at, (long)size);
	ERR_pop_to_mark();
	BIO_free(bio);
	return crl;
}

/* When the next one is due, in Unix seconds; 0: it does not say. */
static int64_t crl_due(const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	struct tm tm;

	return next && ASN1_TIME_to_tm(next, &tm) ? timegm(&tm) : 0;
}

static void crl_store(struct request *r, const struct mount *m, const char *name, X509_CRL *crl, const char *url)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
	struct json_writer *w = entry_write(r);

	json_object(w, "serials");
	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
		const X509_REVOKED *one = sk_X509_REVOKED_value(revoked, i);
		const char *serial = certificate_serial(&r->pool, X509_REVOKED_get0_serialNumber(one));

		json_object(w, serial);
		json_close(w);
	}
	json_close(w);
	if (url) {
		json_put_string(w, "url", url);
		json_put_i64(w, "valid_until", crl_due(crl));
	}
	entry_written(r, &m->view, pool_printf(&r->pool, "crls/%s", name), w);
}

/* One serial twice would not be read back: JSON names are unique. */
static bool crl_unique(struct request *r, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);
	struct names serials = { NULL, 0 };
	size_t count;

	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++)
		names_add(&r->pool, &serials,
			  certificate_serial(&r->pool,
					     X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
	count = serials.count;
	names_sort(&serials);
	return serials.count == count;
}

static int crl_take(struct request *r, const char *name, const void *text, size_t size, const char *url)
{
	X509_CRL *crl = crl_parse(text, size);
	int status = 204;

	if (!crl)
		return refuse(r, 400, "failed to parse CRL: expected a CRL in PEM or DER");
	if (crl_unique(r, crl))
		crl_store(r, r->mount, name, crl, url);
	else
		status = refuse(r, 400, "failed to parse CRL: a serial number stands in it twice");
	X509_CRL_free(crl);
	return status;
}

int cert_crl_write(struct request *r)
{
	const char *name = lower_text(&r->pool, ask_text_or(r, "name", ""));
	const char *text = ask_text(r, "crl"), *url = ask_text(r, "url"), *why;
	struct blob der;

	entry_lock(r, LOCK_ENGINE, &r->mount->view, "crls");
	if (text) {
		if (!strstr(text, "-----BEGIN") && pool_base64_read(&r->pool, trimmed_text(&r->pool, text), &der))
			return crl_take(r, name, der.at, der.size, NULL);
		return crl_take(r, name, text, strlen(text), NULL);
	}
	if (!url)
		return refuse(r, 400, "one of 'crl' or 'url' must be provided");
	if (!*url)
		return refuse(r, 400, "empty CRL url");
	why = fetch(&r->pool, &(struct fetch){ .url = url, .size_max = CRL_SIZE_MAX }, &der);
	if (why)
		return refuse(r, 400, "could not get the CRL: %s", why);
	return crl_take(r, name, der.at, der.size, url);
}

static const struct json *crl_load(struct request *r, const struct mount *m, const char *name)
{
	return entry_read(r, &m->view, pool_printf(&r->pool, "crls/%s", name));
}

int cert_crl_read(struct request *r)
{
	const char *name = lower_text(&r->pool, ask_text_or(r, "name", "")), *url;
	const struct json *stored = crl_load(r, r->mount, name), *serials;
	struct json_writer *w;
	int64_t until = 0;

	if (!stored)
		return refuse(r, 400, "no such CRL %s", name);
	serials = json_member_of(stored, "serials", JSON_OBJECT);
	url = pool_json_member(&r->pool, stored, "url");
	w = reply_data(r);
	if (serials && serials->count)
		json_put_raw(w, "serials", serials->span.at, serials->span.size);
	if (url) {
		if (!json_i64(json_member(stored, "valid_until"), &until))
			until = 0;
		json_object(w, "cdp");
		json_put_string(w, "url", url);
		json_put_string(w, "valid_until", time_text(&r->pool, until * SECOND));
		json_close(w);
	}
	return 200;
}

int cert_crl_delete(struct request *r)
{
	const char *name = lower_text(&r->pool, ask_text_or(r, "name", ""));

	if (!crl_load(r, r->mount, name))
		return refuse(r, 400, "no such CRL %s", name);
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "crls/%s", name));
	return 204;
}

int crls_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "crls/");

	return reply_keys(r, &names);
}

bool crls_have(struct request *r, const struct mount *m, STACK_OF(X509) *chain)
{
	struct names names = entry_list(r, &m->view, "crls/");

	for (size_t i = 0; i < names.count; i++) {
		const struct json *serials = json_member(crl_load(r, m, names.at[i]), "serials");

		for (int k = 0; k < sk_X509_num(chain); k++) {
			const ASN1_INTEGER *serial = X509_get0_serialNumber(sk_X509_value(chain, k));

			if (json_member(serials, certificate_serial(&r->pool, serial)))
				return true;
		}
	}
	return false;
}

/* Those with an address are fetched again when they are due. What cannot be had leaves the old one in force. */
void crls_tick(struct request *r, struct mount *m)
{
	struct names names = entry_list(r, &m->view, "crls/");

	for (size_t i = 0; i < names.count; i++) {
		const struct json *stored = crl_load(r, m, names.at[i]);
		const char *url = pool_json_member(&r->pool, stored, "url");
		X509_CRL *crl;
		struct blob der;
		int64_t until;

		if (!url || !json_i64(json_member(stored, "valid_until"), &until) || request_seconds(r) < until ||
		    fetch(&r->pool, &(struct fetch){ .url = url, .size_max = CRL_SIZE_MAX }, &der))
			continue;
		crl = crl_parse(der.at, der.size);
		if (crl && crl_unique(r, crl))
			crl_store(r, m, names.at[i], crl, url);
		X509_CRL_free(crl);
	}
}
