/* Issuers: listing, reading, changing, deleting. */
#include <string.h>
#include <strings.h>

#include "server/engine/pki/crl.h"

/* PEM of issuers ends with a newline where Vault keeps it so. */
static const char *pem_line(struct request *r, const struct pki_issuer *issuer)
{
	return pool_printf(&r->pool, "%s\n", issuer->pem);
}

static void put_chain_lines(struct request *r, struct json_writer *w, const struct pki_issuer *issuer)
{
	json_array(w, "ca_chain");
	for (size_t i = 0; i < issuer->chain_count; i++)
		json_put_string(w, NULL, pem_line(r, issuer->chain[i]));
	json_close(w);
}

void pki_put_issuer(struct request *r, struct json_writer *w, const struct pki_issuer *issuer)
{
	put_chain_lines(r, w, issuer);
	json_put_string(w, "certificate", pem_line(r, issuer));
	names_put(w, "crl_distribution_points", &issuer->urls.crl_distribution_points);
	names_put(w, "delta_crl_distribution_points", &issuer->urls.delta_crl_distribution_points);
	json_put_bool(w, "enable_aia_url_templating", issuer->urls.templating);
	json_put_string(w, "issuer_id", issuer->id);
	json_put_string(w, "issuer_name", issuer->name);
	names_put(w, "issuing_certificates", &issuer->urls.issuing_certificates);
	json_put_string(w, "key_id", issuer->key_id);
	json_put_string(w, "leaf_not_after_behavior", issuer->leaf_not_after_behavior);
	if (issuer->manual_chain.count)
		names_put(w, "manual_chain", &issuer->manual_chain);
	else
		json_put_null(w, "manual_chain");
	names_put(w, "ocsp_servers", &issuer->urls.ocsp_servers);
	json_put_string(w, "revocation_signature_algorithm", issuer->revocation_algorithm);
	if (issuer->revoked) {
		json_put_i64(w, "revocation_time", issuer->revoked_at / 1000000000);
		json_put_string(w, "revocation_time_rfc3339", time_text(&r->pool, issuer->revoked_at));
	}
	json_put_bool(w, "revoked", issuer->revoked);
	json_put_string(w, "usage", pki_usage_text(&r->pool, issuer->usage));
}

static int issuer_list(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	struct json_writer *w;

	if (!set->issuer_count)
		return 404;
	w = reply_data(r);
	json_object(w, "key_info");
	for (size_t i = 0; i < set->issuer_count; i++) {
		const struct pki_issuer *issuer = &set->issuers[i];

		json_object(w, issuer->id);
		json_put_bool(w, "is_default", !strcmp(issuer->id, set->default_issuer));
		json_put_string(w, "issuer_name", issuer->name);
		json_put_string(w, "key_id", issuer->key_id);
		json_put_string(w, "serial_number", issuer->cert.serial_text);
		json_close(w);
	}
	json_close(w);
	json_array(w, "keys");
	for (size_t i = 0; i < set->issuer_count; i++)
		json_put_string(w, NULL, set->issuers[i].id);
	json_close(w);
	return 200;
}

static int issuer_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, pki_asked_issuer(r), &error);

	if (!issuer)
		return pki_fail(r, "%s", error);
	pki_put_issuer(r, reply_data(r), issuer);
	return 200;
}

static int issuer_json(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, pki_asked_issuer(r), &error);
	struct json_writer *w;

	if (!issuer)
		return pki_fail(r, "%s", error);
	w = reply_data(r);
	put_chain_lines(r, w, issuer);
	json_put_string(w, "certificate", pem_line(r, issuer));
	json_put_string(w, "issuer_id", issuer->id);
	json_put_string(w, "issuer_name", issuer->name);
	return 200;
}

static int issuer_raw(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, pki_asked_issuer(r), &error);
	struct blob der;

	if (!issuer)
		return pki_fail(r, "%s", error);
	if (!strcmp(r->rest + strlen(r->rest) - 4, "/pem"))
		return reply_raw(r, 200, "application/pem-certificate-chain", pem_line(r, issuer),
				 strlen(issuer->pem) + 1);
	der = issuer->cert.der;
	return reply_raw(r, 200, "application/pkix-cert", der.at, der.size);
}

/* -- changing -- */

static int usage_ask(struct request *r, struct pki_issuer *issuer)
{
	struct names names = ask_list(r, "usage");
	const char *known[] = { "read-only", "issuing-certificates", "crl-signing", "ocsp-signing" };
	unsigned int usage = PKI_READ_ONLY;

	for (size_t i = 0; i < names.count; i++) {
		unsigned int bit = 0;

		while (bit < 4 && strcmp(names.at[i], known[bit]))
			bit++;
		if (bit == 4)
			return refuse(r, 400, "Unable to parse specified usages: [%s] - valid values are %s",
				      names.at[i], pki_usage_text(&r->pool, 15));
		usage |= 1u << bit;
	}
	if (issuer->revoked && usage & PKI_ISSUING)
		return refuse(
			r, 400,
			"This issuer was revoked; unable to modify its usage to include certificate signing "
			"again. Reissue this certificate (preferably with a new key) and modify that entry instead.");
	if (usage & PKI_CRL_SIGNING && issuer->cert.has_usage && !(issuer->cert.key_usage & KU_CRL_SIGN))
		return refuse(r, 400,
			      "This issuer's underlying certificate lacks the CRLSign KeyUsage value; unable to set "
			      "CRLSigningUsage on this issuer as a result.");
	issuer->usage = usage;
	return 0;
}

static int algorithm_ask(struct request *r, struct pki_issuer *issuer)
{
	const char *name = ask_text_or(r, "revocation_signature_algorithm", "");
	const struct pki_algorithm *algorithm = pki_algorithm_named(name);

	if (*name && !algorithm)
		return refuse(r, 400, "Unknown signature algorithm value: %s - valid values are sha256withrsa, "
			      "sha384withrsa, sha512withrsa, ecdsawithsha256, ecdsawithsha384, ecdsawithsha512, "
			      "sha256withrsapss, sha384withrsapss, sha512withrsapss, pureed25519, ed25519", name);
	if (algorithm && issuer->cert.key_type && strcmp(algorithm->key_type, issuer->cert.key_type))
		return pki_fail(r, "unable to use issuer of type %s to sign with %s key type", issuer->cert.key_type,
				algorithm->name);
	issuer->revocation_algorithm = algorithm ? algorithm->name : "";
	return 0;
}

static int behavior_ask(struct request *r, struct pki_issuer *issuer)
{
	const char *text = ask_text_or(r, "leaf_not_after_behavior", "err");

	if (strcmp(text, "err") && strcmp(text, "truncate") && strcmp(text, "permit"))
		return refuse(r, 400, "Unknown value for field `leaf_not_after_behavior`. Possible values are `err`, "
			      "`truncate`, and `permit`.");
	issuer->leaf_not_after_behavior = text;
	return 0;
}

static int chain_ask(struct request *r, const struct pki_set *set, struct pki_issuer *issuer)
{
	struct names refs = ask_list(r, "manual_chain"), ids = { NULL, 0 };
	const char *error;

	for (size_t i = 0; i < refs.count; i++) {
		const char *ref = !i && !strcmp(refs.at[i], "self") ? issuer->id : refs.at[i];
		const struct pki_issuer *found = pki_issuer_find(r, set, ref, &error);

		if (!found)
			return pki_fail(r, "%s", error);
		if (!i && strcmp(found->id, issuer->id))
			return refuse(r, 400, "expected first cert in chain to be a self-reference, but was: %s/%s",
				      ref, found->id);
		names_add(&r->pool, &ids, found->id);
	}
	issuer->manual_chain = ids;
	return 0;
}

static int name_ask(struct request *r, const struct pki_set *set, struct pki_issuer *issuer)
{
	const char *name = ask_text_or(r, "issuer_name", "");

	if (!strcmp(name, issuer->name))
		return 0;
	if (!pki_asked_issuer_name(r, set, &name))
		return 400;
	issuer->name = name;
	return 0;
}

static int urls_change(struct request *r, struct pki_issuer *issuer, bool patch)
{
	struct pki_urls *urls = &issuer->urls;
	int status;

	if (!patch)
		*urls = (struct pki_urls){ .templating = false };
	urls->templating = ask_bool(r, "enable_aia_url_templating", urls->templating);
	status = pki_asked_urls(r, urls);
	issuer->has_urls = urls->issuing_certificates.count || urls->crl_distribution_points.count ||
			   urls->delta_crl_distribution_points.count || urls->ocsp_servers.count;
	return status;
}

/* A write says everything, a patch what it names. */
static int issuer_change(struct request *r, const struct pki_set *set, struct pki_issuer *issuer, bool patch)
{
	int status = urls_change(r, issuer, patch);

	if (!status && (!patch || asked(r, "issuer_name")))
		status = name_ask(r, set, issuer);
	if (!status && (!patch || asked(r, "leaf_not_after_behavior")))
		status = behavior_ask(r, issuer);
	if (!status && asked(r, "usage"))
		status = usage_ask(r, issuer);
	else if (!status && !patch && !issuer->revoked)
		issuer->usage = PKI_READ_ONLY | PKI_ISSUING | PKI_OCSP_SIGNING |
			(!issuer->cert.has_usage || issuer->cert.key_usage & KU_CRL_SIGN ? PKI_CRL_SIGNING : 0u);
	if (!status && (!patch || asked(r, "revocation_signature_algorithm")))
		status = algorithm_ask(r, issuer);
	if (!status && (!patch || asked(r, "manual_chain")))
		status = chain_ask(r, set, issuer);
	return status;
}

/* The answer says what is so now, so it is made of a set that was read after. */
static int issuer_answer(struct request *r, const char *id)
{
	struct pki_set *set _cleanup_set_ = NULL;
	const char *error;
	const struct pki_issuer *issuer;

	if (!pki_changed(r))
		return 500;
	set = pki_take(r);
	issuer = pki_issuer_find(r, set, id, &error);
	if (!issuer)
		return 500;
	pki_put_issuer(r, reply_data(r), issuer);
	return 200;
}

static int issuer_write(struct request *r, bool patch)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *error;
	const struct pki_issuer *found = pki_issuer_find(r, set, pki_asked_issuer(r), &error);
	struct pki_issuer issuer;
	int status;

	if (!found)
		return pki_fail(r, "%s", error);
	issuer = *found;
	status = issuer_change(r, set, &issuer, patch);
	if (status)
		return status;
	pki_write_issuer(r, &issuer);
	return issuer_answer(r, issuer.id);
}

static int issuer_update(struct request *r)
{
	return issuer_write(r, false);
}

static int issuer_patch(struct request *r)
{
	return issuer_write(r, true);
}

static int issuer_delete(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *ref = pki_asked_issuer(r), *error;
	const struct pki_issuer *issuer = pki_issuer_find(r, set, ref, &error);

	if (!issuer)
		return 204;
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "issuer/%s", issuer->id));
	if (!strcmp(set->default_issuer, issuer->id)) {
		pki_write_config_issuers(r, "", set->follows_latest);
		reply_warning(r, "Deleted issuer %s (via issuer_ref %s); this was configured as the default issuer. "
			      "Operations without an explicit issuer will not work until a new default is configured.",
			      issuer->id, ref);
	}
	return pki_changed(r) ? 204 : 500;
}

/* -- revoking an authority -- */

/* Its own list does not have it; that of who signed it does. */
static void issuer_revoke_on_parent(struct request *r, const struct pki_set *set, const struct pki_issuer *issuer)
{
	const struct pki_issuer *parent = NULL;
	bool own = pki_cert_signed_by(&issuer->cert, &issuer->cert);
	struct json_writer *w;

	for (size_t i = 0; !parent && i < set->issuer_count; i++)
		if (&set->issuers[i] != issuer && pki_cert_signed_by(&issuer->cert, &set->issuers[i].cert))
			parent = &set->issuers[i];
	if (own)
		reply_warning(
			r, "This issuer is a self-signed (potentially root) certificate. This means it may not be "
			   "considered revoked if there is not an external, cross-signed variant of this certificate. "
			   "This issuer's serial number will not appear on its own CRL.");
	if (!parent) {
		reply_warning(
			r,
			"This issuer lacks another parent issuer within the mount. This means it will not appear on "
			"any other CRLs and may not be considered revoked by clients. Consider adding this issuer to "
			"its issuer's CRL as well if it is not self-signed.");
		return;
	}
	w = entry_write(r);
	json_put_i64(w, "revoked_at", r->now);
	json_put_string(w, "issuer_id", parent->id);
	json_put_string(w, "crl", parent->crl);
	entry_written(r, &r->mount->view, pool_printf(&r->pool, "revoked/%s",
						      pki_serial_key(&r->pool, issuer->cert.serial_text)), w);
	pki_book_forget(((struct pki *)r->mount->state)->book);
}

static int issuer_revoke(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *error;
	const struct pki_issuer *found = pki_issuer_find(r, set, pki_asked_issuer(r), &error);
	struct pki_issuer issuer;
	int status;

	if (!found)
		return pki_fail(r, "%s", error);
	if (found->revoked) {
		pki_put_issuer(r, reply_data(r), found);
		return 200;
	}
	issuer = *found;
	issuer.revoked = true;
	issuer.revoked_at = r->now;
	issuer.usage &= ~(unsigned int)PKI_ISSUING;
	pki_write_issuer(r, &issuer);
	issuer_revoke_on_parent(r, set, found);
	status = issuer_answer(r, issuer.id);
	pki_book_forget(((struct pki *)r->mount->state)->book);
	if (!strcmp(set->default_issuer, issuer.id))
		reply_warning(
			r, "This issuer is currently configured as the default issuer for this mount; operations such "
			   "as certificate issuance may not work until a new default issuer is selected.");
	return status;
}

static const struct field fields[] = {
	{ "issuer_ref", FIELD_STRING, "The issuer: id, name or default" },
	{ "issuer_name", FIELD_STRING, "Its name" },
	{ "leaf_not_after_behavior", FIELD_STRING, "Leaves beyond its end: err, truncate or permit" },
	{ "manual_chain", FIELD_LIST, "Its chain, itself first; empty: as signed" },
	{ "usage", FIELD_LIST, "read-only, issuing-certificates, crl-signing, ocsp-signing" },
	{ "revocation_signature_algorithm", FIELD_STRING, "What its revocation lists are signed with" },
	{ "issuing_certificates", FIELD_LIST, "URLs of its certificate" },
	{ "crl_distribution_points", FIELD_LIST, "URLs of its revocation list" },
	{ "delta_crl_distribution_points", FIELD_LIST, "URLs of its delta revocation list" },
	{ "ocsp_servers", FIELD_LIST, "URLs of OCSP" },
	{ "enable_aia_url_templating", FIELD_BOOL, "Whether these URLs are templates" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "issuers", .flags = ROUTE_OPEN, .list = issuer_list, .text = "The issuers" },
	{ .pattern = "issuer/{issuer_ref}", .read = issuer_get, .update = issuer_update, .patch = issuer_patch,
	  .delete = issuer_delete, .fields = fields, .text = "An issuer" },
	{ .pattern = "issuer/{issuer_ref}/json", .flags = ROUTE_OPEN, .read = issuer_json,
	  .text = "An issuer's certificate and chain" },
	{ .pattern = "issuer/{issuer_ref}/pem", .flags = ROUTE_OPEN, .read = issuer_raw,
	  .text = "An issuer's certificate, PEM" },
	{ .pattern = "issuer/{issuer_ref}/der", .flags = ROUTE_OPEN, .read = issuer_raw,
	  .text = "An issuer's certificate, DER" },
	{ .pattern = "issuer/{issuer_ref}/revoke", .update = issuer_revoke, .text = "Revoke an issuer" },
};
const struct route_table pki_issuer_routes[] = { ROUTES(routes), { .routes = NULL } };
