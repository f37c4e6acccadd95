/* What anybody may fetch: authorities, chains, certificates by serial, revocation lists. */
#include <string.h>

#include "server/engine/pki/crl.h"

#define TYPE_CERT "application/pkix-cert"
#define TYPE_CHAIN "application/pem-certificate-chain"
#define TYPE_CRL "application/pkix-crl"
#define TYPE_PEM "application/x-pem-file"

static int raw(struct request *r, const char *type, const void *bytes, size_t size)
{
	return reply_raw(r, size ? 200 : 204, type, bytes, size);
}

static int raw_text(struct request *r, const char *type, const char *text)
{
	return raw(r, type, text, strlen(text));
}

/* "ca", "ca/pem": nothing, and no error, where there is no default issuer. */
static int ca_raw(struct request *r, bool pem)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, "default", &error);

	if (!issuer)
		return raw_text(r, pem ? TYPE_CHAIN : TYPE_CERT, "");
	return pem ? raw_text(r, TYPE_CHAIN, issuer->pem) :
		raw(r, TYPE_CERT, issuer->cert.der.at, issuer->cert.der.size);
}

static int ca_der(struct request *r)
{
	return ca_raw(r, false);
}

static int ca_pem(struct request *r)
{
	return ca_raw(r, true);
}

static const char *chain_text(struct request *r, const struct pki_issuer *issuer)
{
	const char *text = issuer->pem;

	for (size_t i = 1; i < issuer->chain_count; i++)
		text = pool_printf(&r->pool, "%s\n%s", text, issuer->chain[i]->pem);
	return text;
}

static int ca_chain(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, "default", &error);

	return raw_text(r, TYPE_CERT, issuer ? chain_text(r, issuer) : "");
}

static int cert_answer(struct request *r, const char *certificate, const char *chain, int64_t revoked_at,
		       const char *issuer_id)
{
	struct json_writer *w = reply_data(r);

	if (chain)
		json_put_string(w, "ca_chain", chain);
	json_put_string(w, "certificate", certificate);
	if (*issuer_id)
		json_put_string(w, "issuer_id", issuer_id);
	json_put_i64(w, "revocation_time", revoked_at / 1000000000);
	json_put_string(w, "revocation_time_rfc3339", revoked_at ? time_text(&r->pool, revoked_at) : "");
	return 200;
}

static int cert_ca(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	bool chain = !strcmp(r->rest, "cert/ca_chain");
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, "default", &error);

	if (!issuer)
		return pki_fail(r, "%s", error);
	return cert_answer(r, chain ? chain_text(r, issuer) : issuer->pem, chain ? chain_text(r, issuer) : NULL, 0, "");
}

/* Serials are taken with any separators and in any case: "aa-bb". */
const char *pki_serial_key(struct pool *pool, const char *serial)
{
	char *key = pool_text(pool, serial);

	for (char *at = key; *at; at++)
		*at = *at == ':' ? '-' : *at >= 'A' && *at <= 'F' ? (char)(*at | 0x20) : *at;
	return key;
}

static bool cert_find(struct request *r, struct blob *der)
{
	return entry_get(r, &r->mount->view, pool_printf(&r->pool, "certs/%s",
							 pki_serial_key(&r->pool, ask_text(r, "serial"))), der);
}

static int cert_get(struct request *r)
{
	const struct json *revoked;
	struct blob der;
	int64_t at = 0;
	const char *issuer;

	if (!cert_find(r, &der))
		return 404;
	revoked = entry_read(r, &r->mount->view, pool_printf(&r->pool, "revoked/%s",
							     pki_serial_key(&r->pool, ask_text(r, "serial"))));
	issuer = pool_json_member(&r->pool, revoked, "issuer_id");
	if (revoked && json_member(revoked, "revoked_at") && !json_i64(json_member(revoked, "revoked_at"), &at))
		at = 0;
	return cert_answer(r, pki_pem(&r->pool, "CERTIFICATE", der), NULL, at, issuer ? issuer : "");
}

static int cert_raw(struct request *r)
{
	struct blob der;

	return cert_find(r, &der) ? raw(r, TYPE_CERT, der.at, der.size) : raw_text(r, TYPE_CERT, "");
}

static int cert_raw_pem(struct request *r)
{
	struct blob der;

	return raw_text(r, TYPE_CHAIN, cert_find(r, &der) ? pki_pem(&r->pool, "CERTIFICATE", der) : "");
}

static int cert_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, !strcmp(r->rest, "certs/revoked") ||
					!strcmp(r->rest, "certs/revoked/") ? "revoked/" : "certs/");

	for (size_t i = 0; i < names.count; i++) {
		char *text = pool_text(&r->pool, names.at[i]);

		for (char *at = text; (at = strchr(at, '-')); at++)
			*at = ':';
		names.at[i] = text;
	}
	return reply_keys(r, &names);
}

/* -- revocation lists -- */

static bool crl_of(struct request *r, bool delta, struct blob *der, int *status)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, pki_asked_issuer(r), &error);

	*der = (struct blob){ NULL, 0 };
	*status = 500;
	if (!issuer && asked(r, "issuer_ref")) {
		*status = pki_fail(r, "%s", error);
		return false;
	}
	return !issuer || pki_crl_get(r, set, issuer, delta, der);
}

/* By the path: .../delta..., .../pem; and as JSON where it is not raw. */
static int crl_get(struct request *r)
{
	bool delta = strstr(r->rest, "delta"), pem = !strcmp(r->rest + strlen(r->rest) - 4, "/pem");
	struct blob der;
	int status;

	if (!crl_of(r, delta, &der, &status))
		return status;
	if (pem)
		return raw_text(r, TYPE_PEM, der.size ? pki_pem(&r->pool, "X509 CRL", der) : "");
	return raw(r, TYPE_CRL, der.at, der.size);
}

/* Without the raw form's word: the list as a member. */
static int crl_json(struct request *r)
{
	struct blob der;
	const char *pem;
	int status;

	if (!crl_of(r, strstr(r->rest, "delta"), &der, &status))
		return status;
	pem = der.size ? pki_pem(&r->pool, "X509 CRL", der) : "";
	if (!strncmp(r->rest, "cert/", 5))
		return cert_answer(r, pem, NULL, 0, "");
	json_put_string(reply_data(r), "crl", pem);
	return 200;
}

static int rotate(struct request *r, bool delta)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);

	if (delta && !set->crl.enable_delta)
		reply_warning(r, "requested rebuild of delta CRL when delta CRL is not enabled; this is a no-op");
	else if (!pki_crl_rotate(r, set, delta))
		return 500;
	json_put_bool(reply_data(r), "success", true);
	return 200;
}

static int crl_rotate(struct request *r)
{
	return rotate(r, false);
}

static int crl_rotate_delta(struct request *r)
{
	return rotate(r, true);
}

#define OPEN(path, handler, what) { .pattern = path, .flags = ROUTE_OPEN, .read = handler, .text = what },

static const struct route routes[] = {
	OPEN("ca", ca_der, "The default issuer's certificate, DER")
	OPEN("ca/pem", ca_pem, "The default issuer's certificate, PEM")
	OPEN("ca_chain", ca_chain, "The default issuer's chain, PEM")
	OPEN("cert/ca", cert_ca, "The default issuer's certificate")
	OPEN("cert/ca/raw", ca_der, "The default issuer's certificate, DER")
	OPEN("cert/ca/raw/pem", ca_pem, "The default issuer's certificate, PEM")
	OPEN("cert/ca_chain", cert_ca, "The default issuer's chain")
	OPEN("cert/crl", crl_json, "The default issuer's revocation list")
	OPEN("cert/crl/raw", crl_get, "The default issuer's revocation list, DER")
	OPEN("cert/crl/raw/pem", crl_get, "The default issuer's revocation list, PEM")
	OPEN("cert/delta-crl", crl_json, "The default issuer's delta revocation list")
	OPEN("cert/delta-crl/raw", crl_get, "The default issuer's delta revocation list, DER")
	OPEN("cert/delta-crl/raw/pem", crl_get, "The default issuer's delta revocation list, PEM")
	OPEN("cert/{serial}", cert_get, "A certificate by its serial number")
	OPEN("cert/{serial}/raw", cert_raw, "A certificate by its serial number, DER")
	OPEN("cert/{serial}/raw/pem", cert_raw_pem, "A certificate by its serial number, PEM")
	OPEN("crl", crl_get, "The default issuer's revocation list, DER")
	OPEN("crl/pem", crl_get, "The default issuer's revocation list, PEM")
	OPEN("crl/delta", crl_get, "The default issuer's delta revocation list, DER")
	OPEN("crl/delta/pem", crl_get, "The default issuer's delta revocation list, PEM")
	OPEN("issuer/{issuer_ref}/crl", crl_json, "An issuer's revocation list")
	OPEN("issuer/{issuer_ref}/crl/der", crl_get, "An issuer's revocation list, DER")
	OPEN("issuer/{issuer_ref}/crl/pem", crl_get, "An issuer's revocation list, PEM")
	OPEN("issuer/{issuer_ref}/crl/delta", crl_json, "An issuer's delta revocation list")
	OPEN("issuer/{issuer_ref}/crl/delta/der", crl_get, "An issuer's delta revocation list, DER")
	OPEN("issuer/{issuer_ref}/crl/delta/pem", crl_get, "An issuer's delta revocation list, PEM")
	{ .pattern = "certs/revoked", .list = cert_list, .text = "Serial numbers of revoked certificates" },
	{ .pattern = "certs", .list = cert_list, .text = "Serial numbers of stored certificates" },
	{ .pattern = "crl/rotate", .read = crl_rotate, .update = crl_rotate, .text = "Sign all revocation lists now" },
	{ .pattern = "crl/rotate-delta", .read = crl_rotate_delta, .update = crl_rotate_delta,
	  .text = "Sign all delta revocation lists now" },
};
const struct route_table pki_fetch_routes[] = { ROUTES(routes), { .routes = NULL } };
