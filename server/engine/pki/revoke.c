/* Revoking: by serial number, by certificate, by who holds its key, and when a lease ends. */
#include <openssl/err.h>
#include <string.h>

#include "server/engine/pki/crl.h"

#define EXPIRED_SLACK 2 /* seconds: leases end with whole ones */

struct revoking {
	struct pki_cert cert;
	bool stored; /* it is in certs/ */
};

static bool same(struct blob a, struct blob b)
{
	return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

static const char *serial_path(struct request *r, const char *folder, const char *serial)
{
	return pool_printf(&r->pool, "%s/%s", folder, pki_serial_key(&r->pool, serial));
}

static int by_serial(struct request *r, struct revoking *v)
{
	const char *serial = ask_text_or(r, "serial_number", "");
	struct blob der;

	if (!*serial)
		return refuse(r, 400, "The serial number must be provided");
	if (!entry_get(r, &r->mount->view, serial_path(r, "certs", serial), &der))
		return refuse(r, 400, "certificate with serial %s not found.", serial);
	v->stored = true;
	if (!pki_cert_read(&r->pool, der, &v->cert))
		return pki_fail(r, "error parsing certificate: x509: malformed certificate");
	return 0;
}

static bool signed_here(const struct pki_set *set, const struct pki_cert *cert)
{
	for (size_t i = 0; i < set->issuer_count; i++)
		if (pki_cert_signed_by(cert, &set->issuers[i].cert))
			return true;
	return false;
}

/* A certificate that is not kept may be revoked too, where an issuer of this mount signed it. */
static int by_certificate(struct request *r, const struct pki_set *set, struct revoking *v)
{
	const char *text = ask_text_or(r, "certificate", ""), *label;
	struct blob der, kept;

	if (strlen(text) < 75)
		return pki_fail(r,
				"provided certificate data was too short; perhaps a path was passed to the API rather "
				"than the contents of a PEM file");
	if (pki_pem_next(&r->pool, &text, &label, &der) != 1)
		return pki_fail(r, "certificate contains no PEM data");
	if (!pki_cert_read(&r->pool, der, &v->cert))
		return pki_fail(r, "certificate could not be parsed: x509: malformed certificate");
	v->stored = entry_get(r, &r->mount->view, serial_path(r, "certs", v->cert.serial_text), &kept);
	if (v->stored && !same(kept, der))
		return pki_fail(
			r, "certificate with same serial but unequal value already present in this cluster's storage; "
			   "refusing to revoke");
	if (!v->stored && !signed_here(set, &v->cert))
		return pki_fail(
			r, "unable to verify signature on presented cert from any present issuer in this mount; "
			   "certificates from previous CAs will need to have their issuing CA and key re-imported if "
			   "revocation is necessary");
	return 0;
}

static int key_check(struct request *r, const struct revoking *v)
{
	const char *text = ask_text_or(r, "private_key", ""), *label;
	struct pki_key key;
	struct blob der;
	bool mine;

	if (pki_pem_next(&r->pool, &text, &label, &der) != 1)
		return pki_fail(r, "provided key PEM block contained no data or failed to parse");
	if (!pki_key_read(&r->pool, der, &key))
		return pki_fail(r, "failed to parse provided private key");
	if (!v->cert.key_type || strcmp(key.type, v->cert.key_type)) {
		pki_key_close(&key);
		return pki_fail(r, "provided private key type does not match certificate's public key type");
	}
	ERR_set_mark();
	mine = EVP_PKEY_eq(X509_get0_pubkey(v->cert.x509), key.pkey) == 1;
	ERR_pop_to_mark();
	pki_key_close(&key);
	return mine ? 0 : pki_fail(r, "provided private key does not match certificate's public key");
}

/* Who signed it, by its name and key identifier: kept certificates were signed here, so nothing is verified again. */
static const struct pki_issuer *issuer_of(const struct pki_set *set, const struct pki_cert *cert)
{
	for (size_t i = 0; i < set->issuer_count; i++) {
		const struct pki_cert *c = &set->issuers[i].cert;

		if (same(cert->issuer, c->subject) &&
		    (!cert->akid.size || !c->skid.size || same(cert->akid, c->skid)))
			return &set->issuers[i];
	}
	return NULL;
}

static void answer(struct request *r, int64_t at)
{
	struct json_writer *w = reply_data(r);

	json_put_i64(w, "revocation_time", at / 1000000000);
	json_put_string(w, "revocation_time_rfc3339", time_text(&r->pool, at));
	json_put_string(w, "state", "revoked");
}

/* What is written; its list, "" where nobody here signed it. */
static const char *revocation_write(struct request *r, const struct pki_set *set, const struct pki_cert *cert)
{
	const struct pki_issuer *issuer = issuer_of(set, cert), *fallback;
	struct json_writer *w = entry_write(r);
	const char *crl, *error;

	fallback = pki_issuer_find(r, set, "default", &error);
	crl = issuer ? issuer->crl : fallback ? fallback->crl : "";
	json_put_i64(w, "revoked_at", r->now);
	json_put_string(w, "issuer_id", issuer ? issuer->id : "");
	json_put_string(w, "crl", crl);
	entry_written(r, &r->mount->view, serial_path(r, "revoked", cert->serial_text), w);
	return crl;
}

static int revoke_commit(struct request *r, const struct pki_set *set, const struct pki_cert *cert)
{
	const char *crl;
	bool done;

	pki_book_enter(r);
	crl = revocation_write(r, set, cert);
	done = request_commit(r);
	if (done)
		pki_book_add(r, crl, cert->serial, r->now);
	pki_book_leave(r);
	if (!done)
		return 500;
	answer(r, r->now);
	return 200;
}

static int revoke_cert(struct request *r, const struct pki_set *set, struct revoking *v)
{
	const struct pki_cert *cert = &v->cert;
	const struct json *known;
	int64_t at;

	for (size_t i = 0; i < set->issuer_count; i++)
		if (same(set->issuers[i].cert.serial, cert->serial))
			return refuse(r, 400, "adding issuer (id: %s) to its own CRL is not allowed",
				      set->issuers[i].id);
	entry_lock(r, LOCK_ENGINE, &r->mount->view, serial_path(r, "revoked", cert->serial_text));
	known = entry_read(r, &r->mount->view, serial_path(r, "revoked", cert->serial_text));
	if (known) {
		answer(r, json_member(known, "revoked_at") && json_i64(json_member(known, "revoked_at"), &at) ? at : 0);
		return 200;
	}
	if (cert->not_after < request_seconds(r) + EXPIRED_SLACK && !set->allow_expired) {
		reply_warning(r, "certificate with serial %s already expired; refusing to add to CRL",
			      cert->serial_text);
		return 204;
	}
	if (!v->stored)
		pki_keep_cert(r, cert->serial.at, cert->serial.size, cert->der);
	return revoke_commit(r, set, cert);
}

static int revoke_asked(struct request *r, struct revoking *v, bool with_key)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	bool serial = asked(r, "serial_number"), certificate = asked(r, "certificate");
	int status;

	if (!serial && !certificate)
		return refuse(r, 400, "The serial number or certificate to revoke must be provided.");
	if (serial && certificate)
		return refuse(r, 400, "Must provide either the certificate or the serial to revoke; not both.");
	if (with_key && !asked(r, "private_key"))
		return refuse(r, 400, "Must have private key to revoke via the /revoke-with-key path.");
	if (with_key && strlen(ask_text_or(r, "private_key", "")) < 64)
		return refuse(r, 400,
			      "Provided data for private_key was too short; perhaps a path was passed to the API "
			      "rather than the contents of a PEM file?");
	status = certificate ? by_certificate(r, set, v) : by_serial(r, v);
	if (!status && with_key)
		status = key_check(r, v);
	return status ? status : revoke_cert(r, set, v);
}

static int revoke_with(struct request *r, bool with_key)
{
	struct revoking v = { .stored = false };
	int status = revoke_asked(r, &v, with_key);

	pki_cert_close(&v.cert);
	return status;
}

static int revoke(struct request *r)
{
	return revoke_with(r, false);
}

static int revoke_with_key(struct request *r)
{
	return revoke_with(r, true);
}

/*
 * At the end of a lease: part of a transaction that is another's, so nothing is committed here. Added before: should
 * that fail, a certificate stands on the list whose lease is tried again.
 */
bool pki_lease_revoke(struct request *r, struct mount *m, const struct json *internal)
{
	struct mount *before = r->mount;
	const char *serial = pool_json_member(&r->pool, internal, "serial_number");
	struct pki_cert cert = { .x509 = NULL };
	struct blob der;

	r->mount = m;
	if (serial && entry_get(r, &m->view, serial_path(r, "certs", serial), &der) &&
	    pki_cert_read(&r->pool, der, &cert)) {
		struct pki_set *set _cleanup_set_ = pki_take(r);
		struct blob known;

		if (!cert.ca && cert.not_after > request_seconds(r) + EXPIRED_SLACK &&
		    !entry_get(r, &m->view, serial_path(r, "revoked", serial), &known)) {
			pki_book_enter(r);
			pki_book_add(r, revocation_write(r, set, &cert), cert.serial, r->now);
			pki_book_leave(r);
		}
	}
	pki_cert_close(&cert);
	r->mount = before;
	return !r->failed;
}

static const struct field fields[] = {
	{ "serial_number", FIELD_STRING, "The certificate's serial number" },
	{ "certificate", FIELD_STRING, "The certificate in PEM" },
	{ "private_key", FIELD_STRING, "Its key in PEM: who has it may revoke" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "revoke", .update = revoke, .fields = fields, .text = "Revoke a certificate" },
	{ .pattern = "revoke-with-key", .update = revoke_with_key, .fields = fields,
	  .text = "Revoke a certificate by its key" },
};
const struct route_table pki_revoke_routes[] = { ROUTES(routes), { .routes = NULL } };
