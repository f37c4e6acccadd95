/* Lists of others under an issuer's signature: several of the same issuer made one, or one of what is given. */
#include <openssl/err.h>
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/crl.h"

#define SECOND 1000000000LL

struct resigning {
	struct asn entries;
	struct names serials; /* each once */
	struct pki_crl crl;
};

static int asked_numbers(struct request *r, struct pki_crl *crl)
{
	const char *text = ask_text_or(r, "next_update", "72h");
	int64_t nanoseconds;

	crl->number = ask_int(r, "crl_number", 0);
	crl->base = ask_int(r, "delta_crl_base_number", -1);
	crl->this_update = request_seconds(r);
	if (!duration_read(text, &nanoseconds))
		return refuse(r, 400, "invalid value for next_update: time: invalid duration \"%s\"", text);
	if (nanoseconds <= 0)
		return refuse(r, 400, "next_update parameter must be greater than 0");
	crl->next_update = crl->this_update + nanoseconds / SECOND;
	if (crl->number < 0)
		return refuse(r, 400, "crl_number parameter must be 0 or greater");
	if (crl->base < -1)
		return refuse(r, 400, "delta_crl_base_number parameter must be -1 or greater");
	if (strcmp(ask_text_or(r, "format", "pem"), "pem") && strcmp(ask_text_or(r, "format", "pem"), "der"))
		return refuse(r, 400, "unknown format value of %s", ask_text(r, "format"));
	return 0;
}

static bool serial_new(struct request *r, struct resigning *s, const uint8_t *bytes, size_t size)
{
	const char *text = pki_serial_text(&r->pool, bytes, size, ':');

	if (names_have(&s->serials, text))
		return false;
	names_add(&r->pool, &s->serials, text);
	return true;
}

static void take_entries(struct request *r, struct resigning *s, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
		X509_REVOKED *one = sk_X509_REVOKED_value(list, i);
		const ASN1_INTEGER *serial = X509_REVOKED_get0_serialNumber(one);
		unsigned char *der = NULL;
		int size = i2d_X509_REVOKED(one, &der);

		if (size > 0 && serial_new(r, s, ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)))
			asn_raw(&s->entries, der, (size_t)size);
		OPENSSL_free(der);
	}
}

/* NULL, or why it is not taken. */
static const char *take_list(struct request *r, struct resigning *s, const struct pki_issuer *issuer, const char *text)
{
	X509_CRL *crl = X509_CRL_new_ex(pki_library(), NULL);
	const char *label, *error = NULL;
	const unsigned char *at;
	struct blob der;

	ERR_set_mark();
	if (pki_pem_next(&r->pool, &text, &label, &der) != 1) {
		error = "failed decoding PEM block";
	} else {
		at = der.at;
		if (!d2i_X509_CRL(&crl, &at, (long)der.size) || at != der.at + der.size)
			error = "failed parsing CRL";
		else if (X509_CRL_verify(crl, X509_get0_pubkey(issuer->cert.x509)) != 1)
			error = "was not signed by requested issuer";
		else
			take_entries(r, s, crl);
	}
	ERR_pop_to_mark();
	X509_CRL_free(crl);
	return error;
}

static int resign_answer(struct request *r, struct resigning *s, const struct pki_issuer *issuer)
{
	const struct pki_algorithm *algorithm = pki_algorithm_named(issuer->revocation_algorithm);
	struct blob der;

	if (!algorithm)
		algorithm = pki_algorithm(issuer->key->type, issuer->key->bits, 0, false);
	s->crl.entries = asn_blob(&s->entries);
	if (!pki_crl_sign(&r->pool, &s->crl, &issuer->cert, issuer->key, algorithm, &der))
		return pki_fail(r, "error creating new CRL");
	json_put_string(reply_data(r), "crl", !strcmp(ask_text_or(r, "format", "pem"), "der") ?
			pool_base64(&r->pool, der.at, der.size) : pki_pem(&r->pool, "X509 CRL", der));
	return 200;
}

static int resign(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	struct names lists = ask_list(r, "crls");
	struct resigning s = { .serials = { NULL, 0 } };
	const struct pki_issuer *issuer;
	const char *error;
	int status = asked_numbers(r, &s.crl);

	if (status)
		return status;
	asn_init(&s.entries, &r->pool);
	issuer = pki_signer(r, set, pki_asked_issuer(r), PKI_CRL_SIGNING, &status);
	if (!issuer)
		return status;
	for (size_t i = 0; i < lists.count; i++) {
		error = take_list(r, &s, issuer, lists.at[i]);
		if (error)
			return refuse(r, 400, "CRL index: %zu %s", i, error);
	}
	if (!lists.count)
		return refuse(r, 400, "crls parameter must have at least one CRL in PEM");
	return resign_answer(r, &s, issuer);
}

/* {id, critical, value}, the value in base64. NULL, or why not. */
static const char *put_extensions(struct request *r, struct asn *a, const struct json *list)
{
	for (const struct json *e = list && list->kind == JSON_ARRAY ? list->first : NULL; e; e = e->next) {
		const char *id = pool_json_member(&r->pool, e, "id"), *value = pool_json_member(&r->pool, e, "value");
		struct blob contents;

		if (!id || !pki_oid_good(&r->pool, id))
			return "extension 'id' must be an object identifier";
		if (!value || !pool_base64_read(&r->pool, value, &contents))
			return "extension 'value' must be in base64";
		if (!strcmp(id, "2.5.29.20") || !strcmp(id, "2.5.29.27") || !strcmp(id, "2.5.29.35"))
			return "extension is written by the issuer itself and cannot be given";
		pki_put_extension(a, id, json_true(json_member(e, "critical")), contents);
	}
	return NULL;
}

static bool serial_read(struct request *r, const char *text, struct blob *serial)
{
	uint8_t *bytes = pool_take(&r->pool, strlen(text) / 2 + 1);
	size_t digits = 0;

	for (; *text; text++) {
		const char *hex = "00112233445566778899aAbBcCdDeEfF", *digit = strchr(hex, *text);

		if (strchr(":-", *text))
			continue;
		if (!digit)
			return false;
		bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | (digit - hex) / 2);
		digits++;
	}
	*serial = (struct blob){ bytes, digits / 2 };
	return digits && digits % 2 == 0 && digits <= 40;
}

static const char *put_revoked(struct request *r, struct resigning *s, const struct json *one)
{
	const char *serial = pool_json_member(&r->pool, one, "serial_number");
	const char *when = pool_json_member(&r->pool, one, "revocation_time"), *error = NULL;
	const struct json *extensions = json_member(one, "extensions");
	struct blob bytes;
	int64_t seconds = request_seconds(r);
	size_t mark, list;

	if (!serial || !serial_read(r, serial, &bytes))
		return "serial_number must be a number in hex";
	if (when && !pki_time_read(when, &seconds))
		return "revocation_time must be a time of RFC 3339";
	if (!serial_new(r, s, bytes.at, bytes.size))
		return "serial_number is there twice";
	mark = asn_open(&s->entries, ASN_SEQUENCE);
	asn_integer(&s->entries, bytes.at, bytes.size);
	asn_time(&s->entries, seconds);
	if (extensions && extensions->count) {
		list = asn_open(&s->entries, ASN_SEQUENCE);
		error = put_extensions(r, &s->entries, extensions);
		asn_close(&s->entries, list);
	}
	asn_close(&s->entries, mark);
	return error;
}

static int sign_list(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const struct json *revoked = ask_json(r, "revoked_certs");
	struct resigning s = { .serials = { NULL, 0 } };
	const struct pki_issuer *issuer;
	struct asn extra;
	const char *error = NULL;
	int status = asked_numbers(r, &s.crl);

	if (status)
		return status;
	asn_init(&s.entries, &r->pool);
	asn_init(&extra, &r->pool);
	if (revoked && revoked->kind != JSON_ARRAY)
		return refuse(r, 400, "revoked_certs must be a list");
	for (const struct json *one = revoked ? revoked->first : NULL; one && !error; one = one->next)
		error = put_revoked(r, &s, one);
	if (!error)
		error = put_extensions(r, &extra, ask_json(r, "extensions"));
	if (error)
		return refuse(r, 400, "%s", error);
	s.crl.extra = asn_blob(&extra);
	issuer = pki_signer(r, set, pki_asked_issuer(r), PKI_CRL_SIGNING, &status);
	return issuer ? resign_answer(r, &s, issuer) : status;
}

#define COMMON \
	{ "issuer_ref", FIELD_STRING, "Who signs" }, \
	{ "crl_number", FIELD_INT, "The list's number" }, \
	{ "delta_crl_base_number", FIELD_INT, "The number of the list that this adds to; -1: it is complete" }, \
	{ "next_update", FIELD_STRING, "How long it is valid" }, \
	{ "format", FIELD_STRING, "pem or der" },

static const struct field resign_fields[] = {
	COMMON
	{ "crls", FIELD_LIST, "Lists of this issuer, PEM" },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field sign_fields[] = {
	COMMON
	{ "revoked_certs", FIELD_ANY, "Objects {serial_number, revocation_time, extensions}" },
	{ "extensions", FIELD_ANY, "Objects {id, critical, value}" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "issuer/{issuer_ref}/resign-crls", .update = resign, .fields = resign_fields,
	  .text = "Make one revocation list of several" },
	{ .pattern = "issuer/{issuer_ref}/sign-revocation-list", .update = sign_list, .fields = sign_fields,
	  .text = "Sign a revocation list" },
};
const struct route_table pki_crl_routes[] = { ROUTES(routes), { .routes = NULL } };
