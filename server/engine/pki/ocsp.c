/* Certificate status, asked over HTTP: RFC 6960 appendix A, RFC 5019. */
#include <string.h>

#include "server/engine/pki/crl.h"
#include "server/engine/pki/ocsp.h"

#define TYPE "application/ocsp-response"

enum { MALFORMED = 1, INTERNAL = 2, UNAUTHORIZED = 6 };

static int answer_error(struct request *r, int status, unsigned int code)
{
	struct blob der = pki_ocsp_error(&r->pool, code);

	return reply_raw(r, status, TYPE, der.at, der.size);
}

/* The issuer that is asked about. *forbidden: one that may not sign. */
static const struct pki_issuer *issuer_of(struct request *r, const struct pki_set *set,
					  const struct pki_ocsp_request *q, bool *forbidden)
{
	*forbidden = false;
	for (size_t i = 0; i < set->issuer_count; i++) {
		const struct pki_issuer *issuer = &set->issuers[i];

		if (!issuer->key || !pki_ocsp_matches(&r->pool, q, &issuer->cert))
			continue;
		if (issuer->usage & PKI_OCSP_SIGNING)
			return issuer;
		*forbidden = true;
	}
	return NULL;
}

/* Serial numbers of revoked certificates are found under their text. */
static bool revoked(struct request *r, const struct pki_ocsp_request *q, const struct pki_issuer *issuer, int64_t *at)
{
	struct blob serial = q->serial;
	const struct json *o;
	const char *crl;

	while (serial.size > 1 && !*serial.at)
		serial.at++, serial.size--;
	o = entry_read(r, &r->mount->view, pool_printf(&r->pool, "revoked/%s",
						       pki_serial_text(&r->pool, serial.at, serial.size, '-')));
	crl = pool_json_member(&r->pool, o, "crl");
	return crl && !strcmp(crl, issuer->crl) && json_member(o, "revoked_at") &&
	       json_i64(json_member(o, "revoked_at"), at);
}

static int ocsp_answer(struct request *r, struct blob der)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	struct pki_ocsp_answer answer = { .status = PKI_OCSP_GOOD, .now = request_seconds(r) };
	const struct pki_issuer *issuer;
	struct pki_ocsp_request q;
	struct blob out;
	const char *error;
	bool forbidden;
	int64_t at;

	if (set->crl.ocsp_disable)
		return answer_error(r, 401, UNAUTHORIZED);
	if (!pki_ocsp_read(&r->pool, der, &q))
		return answer_error(r, 400, MALFORMED);
	issuer = issuer_of(r, set, &q, &forbidden);
	if (issuer && revoked(r, &q, issuer, &at)) {
		answer.status = PKI_OCSP_REVOKED;
		answer.revoked_at = at / 1000000000;
	} else if (!issuer && !forbidden) {
		answer.status = PKI_OCSP_UNKNOWN;
		issuer = pki_issuer_find(r, set, "default", &error);
	}
	if (!issuer || !issuer->key || !(issuer->usage & PKI_OCSP_SIGNING))
		return answer_error(r, 401, UNAUTHORIZED);
	if (set->crl.ocsp_seconds)
		answer.next_update = answer.now + set->crl.ocsp_seconds;
	if (!pki_ocsp_sign(&r->pool, &q, &answer, &issuer->cert, issuer->key, &out))
		return answer_error(r, 500, INTERNAL);
	return reply_raw(r, 200, TYPE, out.at, out.size);
}

static int ocsp_post(struct request *r)
{
	if (r->body_text.size >= PKI_OCSP_MAX)
		return answer_error(r, 400, MALFORMED);
	return ocsp_answer(r, r->body_text);
}

static int ocsp_get(struct request *r)
{
	const char *text = ask_text_or(r, "req", "");
	struct blob der;

	if (strlen(text) >= PKI_OCSP_MAX || !pool_base64_read(&r->pool, text, &der))
		return answer_error(r, 400, MALFORMED);
	return ocsp_answer(r, der);
}

static const struct route routes[] = {
	{ .pattern = "ocsp", .flags = ROUTE_OPEN, .update = ocsp_post, .text = "Ask for a certificate's status (DER)" },
	{ .pattern = "ocsp/{req*}", .flags = ROUTE_OPEN, .read = ocsp_get,
	  .text = "Ask for a certificate's status (DER in base64)" },
};
const struct route_table pki_ocsp_routes[] = { ROUTES(routes), { .routes = NULL } };
