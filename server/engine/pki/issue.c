/* issue, sign, sign-verbatim: leaves under a role. */
#include <string.h>

#include "server/engine/pki/pki.h"

/* The request's "csr", which PEM must hold. */
static const char *csr_read(struct request *r, struct pki_csr *csr)
{
	const char *text = ask_text_or(r, "csr", ""), *label;
	struct blob der;

	*csr = (struct pki_csr){ .req = NULL };
	if (!*text)
		return "\"csr\" is empty";
	if (pki_pem_next(&r->pool, &text, &label, &der) != 1)
		return "csr contains no data";
	return pki_csr_read(&r->pool, der, csr);
}

int pki_asked_csr(struct request *r, const struct pki_role *role, struct pki_csr *csr)
{
	const char *error = csr_read(r, csr);
	int64_t least = role->key_bits;

	if (error)
		return refuse(r, 400, "%s", error);
	if (strcmp(role->key_type, "any") && strcmp(role->key_type, csr->key_type))
		return refuse(r, 400, "role requires keys of type %s", role->key_type);
	if (!strcmp(role->key_type, "any"))
		least = !strcmp(csr->key_type, "rsa") ? 2048 : !strcmp(csr->key_type, "ec") ? 224 : 0;
	if (!strcmp(csr->key_type, "rsa") && csr->key_bits < 2048)
		return refuse(r, 400, "RSA keys < 2048 bits are unsafe and not supported");
	if (csr->key_bits < least)
		return refuse(r, 400, "role requires a minimum of a %lld-bit key, but CSR's key is %u bits",
			      (long long)least, csr->key_bits);
	if (!pki_csr_verify(csr))
		return refuse(r, 400, "request signature invalid");
	return 0;
}

/* What the answers of issue and sign have in common. `key`: NULL where the client has it. */
static void leaf_answer(struct request *r, enum pki_format format, const struct pki_issuer *issuer,
			const struct pki_key *key, const struct pki_wish *wish, struct blob der)
{
	struct json_writer *w = reply_data(r);
	const char *certificate = pki_show(r, format, der);

	pki_put_chain(r, w, format, issuer, NULL, ask_bool(r, "remove_roots_from_chain", false));
	if (format == PKI_PEM_BUNDLE) {
		if (key)
			certificate = pool_printf(&r->pool, "%s\n%s", pki_key_pem(&r->pool, key), certificate);
		for (size_t i = 0; i < issuer->chain_count; i++)
			certificate = pool_printf(&r->pool, "%s\n%s", certificate, issuer->chain[i]->pem);
	}
	json_put_string(w, "certificate", certificate);
	json_put_i64(w, "expiration", wish->not_after);
	json_put_string(w, "issuing_ca", pki_show(r, format, issuer->cert.der));
	if (key)
		pki_put_key(r, w, format, key);
	json_put_string(w, "serial_number", pki_serial_text(&r->pool, wish->serial, sizeof(wish->serial), ':'));
}

static void leaf_keep(struct request *r, const struct pki_role *role, const struct pki_wish *wish, struct blob der)
{
	struct lease_wish *lease;
	struct json_writer w;

	if (!role->no_store)
		pki_keep_cert(r, wish->serial, sizeof(wish->serial), der);
	if (!role->generate_lease)
		return;
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_put_string(&w, "serial_number", pki_serial_text(&r->pool, wish->serial, sizeof(wish->serial), ':'));
	json_close(&w);
	lease = reply_lease(r);
	lease->ttl = lease->max_ttl = (uint64_t)(wish->not_after - request_seconds(r));
	lease->internal = pool_json_end(&w);
}

static int leaf_make(struct request *r, const struct pki_role *role, const struct pki_set *set,
		     const struct pki_issuer *issuer, const struct pki_key *key, struct pki_wish *wish)
{
	const struct pki_algorithm *algorithm;
	enum pki_format format;
	struct blob der;
	int status = 500;

	if (!pki_asked_format(r, &format))
		return 400;
	wish->urls = pki_urls_of(r, set, issuer, &status);
	if (!wish->urls)
		return status;
	algorithm = pki_algorithm(issuer->key->type, issuer->key->bits, role->signature_bits, role->use_pss);
	if (!pki_certificate(&r->pool, wish, issuer->cert.subject, issuer->cert.skid, issuer->key, algorithm, &der))
		return pki_fail(r, "unable to create certificate");
	leaf_keep(r, role, wish, der);
	leaf_answer(r, format, issuer, key, wish, der);
	return 200;
}

/* On the paths below issuer/ the path says who signs, else the role. */
static const struct pki_issuer *leaf_signer(struct request *r, const struct pki_set *set, const struct pki_role *role,
					    int *status)
{
	const char *ref = !strncmp(r->rest, "issuer/", 7) ? pki_asked_issuer(r) : role->issuer_ref;

	return pki_signer(r, set, ref, PKI_ISSUING, status);
}

static int issue_with(struct request *r, const struct pki_role *role, struct pki_key *key)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const struct pki_issuer *issuer;
	struct pki_wish wish;
	int status;

	issuer = leaf_signer(r, set, role, &status);
	if (!issuer)
		return status;
	status = pki_wish_fill(r, role, NULL, issuer, &wish);
	if (status)
		return status;
	if (!pki_key_make(&r->pool, role->key_type, role->key_bits, key))
		return pki_fail(r, "unable to generate a key");
	wish.spki = key->spki;
	wish.skid = (struct blob){ key->skid, sizeof(key->skid) };
	return leaf_make(r, role, set, issuer, key, &wish);
}

static int issue(struct request *r)
{
	struct pki_role role;
	struct pki_role_kept *kept _cleanup_role_ = pki_role_take(r, ask_text(r, "role"), &role);
	struct pki_key key = { .pkey = NULL };
	bool asked_key = asked(r, "key_type") || asked(r, "key_bits");
	const char *error;
	int status;

	if (!kept)
		return refuse(r, 400, "unknown role: %s", ask_text(r, "role"));
	if (!strcmp(role.key_type, "any")) {
		if (!asked(r, "key_type"))
			return refuse(r, 400,
				      "role key type \"any\" not allowed for issuing certificates without providing "
				      "key_type and/or key_bits request parameters");
		role.key_type = ask_text_or(r, "key_type", "");
		role.key_bits = ask_int(r, "key_bits", role.key_bits);
		error = pki_key_check(&r->pool, role.key_type, &role.key_bits, &role.signature_bits);
		if (!error && !strcmp(role.key_type, "any"))
			error = "unknown key type any";
		if (error)
			return pki_fail(r, "failed to validate role: %s", error);
	} else if (asked_key) {
		reply_warning(r, "parameters key_type and key_bits ignored as role had specific values");
	}
	status = issue_with(r, &role, &key);
	pki_key_close(&key);
	return status;
}

static int sign_with(struct request *r, const struct pki_role *role, struct pki_csr *csr, bool verbatim)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const struct pki_issuer *issuer;
	struct pki_wish wish;
	uint8_t skid[20];
	int status;

	issuer = leaf_signer(r, set, role, &status);
	if (!issuer)
		return status;
	status = pki_asked_csr(r, role, csr);
	status = status ? status : pki_wish_fill(r, role, csr, issuer, &wish);
	if (status)
		return status;
	if (csr->has_constraints && !role->basic_constraints_valid_for_non_ca)
		reply_warning(r,
			      "specified CSR contained a Basic Constraints extension that was ignored during issuance");
	wish.spki = csr->spki;
	if (!wish.skid.size && pki_key_identifier(csr->spki, skid))
		wish.skid = (struct blob){ skid, sizeof(skid) };
	if (verbatim) {
		wish.subject = csr->subject;
		wish.extra = csr->extensions;
	}
	return leaf_make(r, role, set, issuer, NULL, &wish);
}

static int sign_done(struct request *r, const struct pki_role *role, bool verbatim)
{
	struct pki_csr csr = { .req = NULL };
	int status = sign_with(r, role, &csr, verbatim);

	if (csr.req)
		pki_csr_close(&csr);
	if (status < 400 && !verbatim && role->use_csr_common_name && *ask_text_or(r, "common_name", ""))
		reply_warning(r,
			      "the common_name field was provided but the role is set with \"use_csr_common_name\" set "
			      "to true");
	if (status < 400 && !verbatim && role->use_csr_sans && *ask_text_or(r, "alt_names", ""))
		reply_warning(r,
			      "the alt_names field was provided but the role is set with \"use_csr_sans\" set to true");
	return status;
}

static int sign(struct request *r)
{
	struct pki_role role;
	struct pki_role_kept *kept _cleanup_role_ = pki_role_take(r, ask_text(r, "role"), &role);

	if (!kept)
		return refuse(r, 400, "unknown role: %s", ask_text(r, "role"));
	return sign_done(r, &role, false);
}

void pki_role_any(struct request *r, struct pki_role *role)
{
	static const char *const star = "*", *const disabled = "disabled";

	pki_role_defaults(&r->pool, role);
	role->allow_any_name = role->allow_localhost = role->allow_ip_sans = true;
	role->enforce_hostnames = role->require_cn = false;
	role->server_flag = role->client_flag = false;
	role->key_type = "any";
	role->key_usage = (struct names){ NULL, 0 };
	names_add(&r->pool, &role->allowed_other_sans, star);
	names_add(&r->pool, &role->allowed_serial_numbers, star);
	names_add(&r->pool, &role->allowed_uri_sans, star);
	names_add(&r->pool, &role->allowed_user_ids, star);
	role->cn_validations = (struct names){ NULL, 0 };
	names_add(&r->pool, &role->cn_validations, disabled);
	role->signature_bits = ask_int(r, "signature_bits", 0);
	role->use_pss = ask_bool(r, "use_pss", false);
}

/* Of a role, where one is named, only how long and whether it is kept counts. */
static int sign_verbatim(struct request *r)
{
	const char *name = ask_text_or(r, "role", "");
	struct pki_role found, role;
	struct pki_role_kept *kept _cleanup_role_ = *name ? pki_role_take(r, name, &found) : NULL;
	const struct pki_role *named = kept ? &found : NULL;

	if (*name && !named)
		return refuse(r, 400, "unknown role: %s", name);
	pki_role_any(r, &role);
	role.key_usage = ask_list(r, "key_usage");
	if (!asked(r, "key_usage"))
		for (size_t i = 0; i < 3; i++)
			names_add(&r->pool, &role.key_usage, (const char *[]){ "DigitalSignature", "KeyAgreement",
									       "KeyEncipherment" }[i]);
	role.ext_key_usage = ask_list(r, "ext_key_usage");
	role.ext_key_usage_oids = ask_list(r, "ext_key_usage_oids");
	role.basic_constraints_valid_for_non_ca = ask_bool(r, "basic_constraints_valid_for_non_ca",
							   named && named->basic_constraints_valid_for_non_ca);
	if (named) {
		role.ttl = named->ttl;
		role.max_ttl = named->max_ttl;
		role.generate_lease = named->generate_lease;
		role.not_before_duration = named->not_before_duration;
		role.no_store = named->no_store;
		role.issuer_ref = named->issuer_ref;
	}
	return sign_done(r, &role, true);
}

#define LEAF_FIELDS \
	{ "common_name", FIELD_STRING, "The common name" }, \
	{ "alt_names", FIELD_LIST, "Host names and e-mail addresses besides" }, \
	{ "ip_sans", FIELD_LIST, "IP addresses" }, \
	{ "uri_sans", FIELD_LIST, "URIs" }, \
	{ "other_sans", FIELD_LIST, "Other names: <oid>;UTF8:<value>" }, \
	{ "user_ids", FIELD_LIST, "User ids of the subject" }, \
	{ "serial_number", FIELD_STRING, "The serial number of the subject (RFC 4519), not of the certificate" }, \
	{ "ttl", FIELD_SECONDS, "How long it is valid" }, \
	{ "not_after", FIELD_STRING, "When it ends: YYYY-MM-ddTHH:MM:SSZ" }, \
	{ "format", FIELD_STRING, "pem, der or pem_bundle" }, \
	{ "private_key_format", FIELD_STRING, "der or pkcs8" }, \
	{ "exclude_cn_from_sans", FIELD_BOOL, "Whether the common name is no alternative name" }, \
	{ "remove_roots_from_chain", FIELD_BOOL, "Whether ca_chain is without self-signed certificates" }, \
	{ "issuer_ref", FIELD_STRING, "Who signs" }, \
	{ "role", FIELD_STRING, "The role" },

static const struct field issue_fields[] = {
	LEAF_FIELDS
	{ "key_type", FIELD_STRING, "rsa, ec or ed25519, where the role allows any" },
	{ "key_bits", FIELD_INT, "Bits of the key, where the role allows any" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field sign_fields[] = {
	LEAF_FIELDS
	{ "csr", FIELD_STRING, "The request (PKCS #10) in PEM" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct field verbatim_fields[] = {
	LEAF_FIELDS
	{ "csr", FIELD_STRING, "The request (PKCS #10) in PEM" },
	{ "key_usage", FIELD_LIST, "Key usages" },
	{ "ext_key_usage", FIELD_LIST, "Extended key usages" },
	{ "ext_key_usage_oids", FIELD_LIST, "Extended key usages by object identifier" },
	{ "signature_bits", FIELD_INT, "Bits of the signature's digest" },
	{ "use_pss", FIELD_BOOL, "Whether an RSA issuer signs with PSS" },
	{ "basic_constraints_valid_for_non_ca", FIELD_BOOL, "Whether the leaf has basic constraints" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "issue/{role}", .update = issue, .fields = issue_fields,
	  .text = "Make a key and a certificate for it" },
	{ .pattern = "issuer/{issuer_ref}/issue/{role}", .update = issue, .fields = issue_fields,
	  .text = "Make a key and a certificate for it, signed by this issuer" },
	{ .pattern = "sign/{role}", .update = sign, .fields = sign_fields, .text = "Certify a request" },
	{ .pattern = "issuer/{issuer_ref}/sign/{role}", .update = sign, .fields = sign_fields,
	  .text = "Certify a request by this issuer" },
	{ .pattern = "sign-verbatim", .update = sign_verbatim, .fields = verbatim_fields,
	  .text = "Certify a request as it is" },
	{ .pattern = "sign-verbatim/{role}", .update = sign_verbatim, .fields = verbatim_fields,
	  .text = "Certify a request as it is, with a role's times" },
	{ .pattern = "issuer/{issuer_ref}/sign-verbatim", .update = sign_verbatim, .fields = verbatim_fields,
	  .text = "Certify a request as it is by this issuer" },
	{ .pattern = "issuer/{issuer_ref}/sign-verbatim/{role}", .update = sign_verbatim,
	  .fields = verbatim_fields, .text = "Certify a request as it is by this issuer, with a role's times" },
};
const struct route_table pki_issue_routes[] = { ROUTES(routes), { .routes = NULL } };
