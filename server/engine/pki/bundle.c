/* Importing: certificates and keys in PEM, as issuers. */
#include <errno.h>
#include <string.h>

#include "server/engine/pki/pki.h"

#define PARTS_MAX 64

/* What a bundle holds, before anything is written. */
struct bundle {
	struct pki_cert certs[PARTS_MAX];
	struct pki_key keys[PARTS_MAX];
	size_t cert_count, key_count;
};

static void bundle_close(struct bundle *b)
{
	for (size_t i = 0; i < b->cert_count; i++)
		pki_cert_close(&b->certs[i]);
	for (size_t i = 0; i < b->key_count; i++)
		pki_key_close(&b->keys[i]);
}

/* One block; NULL: taken, or passed over. */
static const char *bundle_take(struct pool *pool, struct bundle *b, const char *label, struct blob der)
{
	if (!strcmp(label, "CERTIFICATE") || !strcmp(label, "X509 CERTIFICATE")) {
		if (b->cert_count == PARTS_MAX)
			return pool_printf(pool, "more than %d certificates", PARTS_MAX);
		if (!pki_cert_read(pool, der, &b->certs[b->cert_count]))
			return pool_printf(pool, "Error parsing issuer %zu: x509: malformed certificate",
					   b->cert_count);
		b->cert_count++;
		return NULL;
	}
	if (strstr(label, "CRL") || !strncmp(label, "EC PARAM", 8))
		return NULL;
	if (b->key_count == PARTS_MAX)
		return pool_printf(pool, "more than %d keys", PARTS_MAX);
	if (!pki_key_read(pool, der, &b->keys[b->key_count]))
		return pool_printf(pool, "Error parsing key %zu: failed to parse any key from the block \"%s\"",
				   b->key_count, label);
	b->key_count++;
	return NULL;
}

static const char *bundle_read(struct pool *pool, const char *text, struct bundle *b)
{
	const char *label, *error = NULL;
	struct blob der;
	int found;

	for (size_t i = 1; !error; i++) {
		found = pki_pem_next(pool, &text, &label, &der);
		if (!found)
			return NULL;
		error = found < 0 ? pool_printf(pool, "error when parsing block %zu: invalid PEM data", i) :
			bundle_take(pool, b, label, der);
	}
	return error;
}

/* For fuzzing: what a client may send, read and thrown away. */
bool pki_bundle_readable(struct pool *pool, const char *text)
{
	struct bundle *b = pool_take(pool, sizeof(*b));
	const char *error = bundle_read(pool, text, b);

	bundle_close(b);
	return !error;
}

static void put_list_or_null(struct json_writer *w, const char *name, const struct names *names)
{
	if (names->count)
		names_put(w, name, names);
	else
		json_put_null(w, name);
}

static void import_answer(struct request *r, const struct pki_import *in)
{
	struct json_writer *w = reply_data(r);
	const struct pki_urls *urls = &in->set->urls;

	put_list_or_null(w, "existing_issuers", &in->existing_issuers);
	put_list_or_null(w, "existing_keys", &in->existing_keys);
	put_list_or_null(w, "imported_issuers", &in->issuers);
	put_list_or_null(w, "imported_keys", &in->keys);
	json_object(w, "mapping");
	for (size_t i = 0; i + 1 < in->mapping.count; i += 2)
		json_put_string(w, in->mapping.at[i], in->mapping.at[i + 1]);
	json_close(w);
	if (!urls->issuing_certificates.count && !urls->crl_distribution_points.count && !urls->ocsp_servers.count)
		reply_warning(
			r, "This mount hasn't configured any authority information access (AIA) fields; this may make "
			   "it harder for systems to find missing certificates in the chain or to validate revocation "
			   "status of certificates. Consider updating /config/urls or the newly generated issuer with "
			   "this information.");
}

static int bundle_import(struct request *r, struct pki_set *set, struct bundle *b)
{
	struct pki_import in = { .set = set };
	const char *error = NULL;

	for (size_t i = 0; i < b->key_count; i++)
		if (!pki_import_key(r, &in, &b->keys[i], "", &error))
			return refuse(r, 400, "Error parsing key %zu: %s", i, error);
	for (size_t i = 0; i < b->cert_count; i++) {
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice = twice || (b->certs[j].der.size == b->certs[i].der.size &&
					  !memcmp(b->certs[j].der.at, b->certs[i].der.at, b->certs[i].der.size));
		if (!twice && !pki_import_issuer(r, &in, &b->certs[i], "", &error))
			return refuse(r, 400, "Error parsing issuer %zu: %s\n%s\n", i, error,
				      pki_pem(&r->pool, "CERTIFICATE", b->certs[i].der));
	}
	pki_import_done(r, &in);
	import_answer(r, &in);
	return pki_changed(r) ? 200 : 500;
}

static int import(struct request *r, const char *text, bool keys)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct bundle *b = pool_take(&r->pool, sizeof(*b));
	const char *error;
	int status;

	if (strlen(text) < 75)
		return refuse(r, 400,
			      "provided data for import was too short; perhaps a path was passed to the API rather "
			      "than the contents of a PEM file");
	error = bundle_read(&r->pool, text, b);
	if (error)
		status = refuse(r, 400, "%s", error);
	else if (b->key_count && !keys)
		status = refuse(r, 400, "private keys found in the PEM bundle but not allowed by the path; use "
				"/issuers/import/bundle");
	else
		status = bundle_import(r, set, b);
	bundle_close(b);
	return status;
}

static int import_bundle(struct request *r)
{
	return import(r, ask_text_or(r, "pem_bundle", ""), true);
}

static int import_cert(struct request *r)
{
	return import(r, ask_text_or(r, "pem_bundle", ""), false);
}

static int set_signed(struct request *r)
{
	return import(r, ask_text_or(r, "certificate", ""), false);
}

/* -- keys -- */

static int key_list(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	struct json_writer *w;

	if (!set->key_count)
		return 404;
	w = reply_data(r);
	json_object(w, "key_info");
	for (size_t i = 0; i < set->key_count; i++) {
		json_object(w, set->keys[i].id);
		json_put_bool(w, "is_default", !strcmp(set->keys[i].id, set->default_key));
		json_put_string(w, "key_name", set->keys[i].name);
		json_close(w);
	}
	json_close(w);
	json_array(w, "keys");
	for (size_t i = 0; i < set->key_count; i++)
		json_put_string(w, NULL, set->keys[i].id);
	json_close(w);
	return 200;
}

static int key_answer(struct request *r, const struct pki_key *key)
{
	struct json_writer *w = reply_data(r);

	json_put_string(w, "key_id", key->id);
	json_put_string(w, "key_name", key->name);
	json_put_string(w, "key_type", key->type);
	json_put_string(w, "subject_key_id", pki_serial_text(&r->pool, key->skid, sizeof(key->skid), ':'));
	return 200;
}

static int key_get(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take(r);
	const char *error;
	const struct pki_key *key = pki_key_find(r, set, ask_text_or(r, "key_ref", "default"), &error);

	return key ? key_answer(r, key) : pki_fail(r, "%s", error);
}

static int key_update(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *error, *name = ask_text_or(r, "key_name", "");
	const struct pki_key *found = pki_key_find(r, set, ask_text_or(r, "key_ref", "default"), &error);
	struct pki_key key;

	if (!found)
		return pki_fail(r, "%s", error);
	if (strcmp(name, found->name) && !pki_asked_key_name(r, set, &name))
		return 400;
	key = *found;
	key.name = name;
	pki_write_key(r, &key);
	key_answer(r, &key);
	return pki_changed(r) ? 200 : 500;
}

static int key_delete(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *ref = ask_text_or(r, "key_ref", "default"), *error;
	const struct pki_key *key = pki_key_find(r, set, ref, &error);

	if (!key)
		return 204;
	for (size_t i = 0; i < set->issuer_count; i++)
		if (set->issuers[i].key == key)
			return refuse(r, 400, "Failed to Delete Key.  Key in Use by Issuer: %s", set->issuers[i].id);
	entry_delete(r, &r->mount->view, pool_printf(&r->pool, "key/%s", key->id));
	if (!strcmp(set->default_key, key->id)) {
		pki_write_config_keys(r, "");
		reply_warning(
			r,
			"Deleted key %s (via key_ref %s); this was configured as the default key. Operations without "
			"an explicit key will not work until a new default is configured.",
			key->id, ref);
	}
	return pki_changed(r) ? 204 : 500;
}

/* A key that is here now, and what the answer says of it. */
static int key_keep(struct request *r, struct pki_set *set, const struct pki_key *key, const char *name, bool exported)
{
	struct pki_import in = { .set = set };
	struct json_writer *w = reply_data(r);
	const char *error = NULL, *id = pki_import_key(r, &in, key, name, &error);

	if (!id)
		return refuse(r, 400, "%s", error);
	pki_import_done(r, &in);
	for (size_t i = 0; in.existing_keys.count && i < set->key_count; i++)
		if (!strcmp(set->keys[i].id, id))
			name = set->keys[i].name;
	json_put_string(w, "key_id", id);
	json_put_string(w, "key_name", name);
	json_put_string(w, "key_type", key->type);
	if (exported)
		json_put_string(w, "private_key", pki_key_pem(&r->pool, key));
	return pki_changed(r) ? 200 : 500;
}

static int key_generate(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	const char *mode = r->rest + strlen("keys/generate/"), *type = ask_text_or(r, "key_type", "rsa"), *name, *error;
	int64_t bits = ask_int(r, "key_bits", 0), signature_bits = 0;
	struct pki_key key;
	int status;

	if (!strcmp(mode, "kms"))
		return refuse(r, 400, "managed keys (kms) are an enterprise feature: use internal or exported");
	if (!pki_asked_key_name(r, set, &name))
		return 400;
	error = pki_key_check(&r->pool, type, &bits, &signature_bits);
	if (!error && !strcmp(type, "any"))
		error = "unknown key type any";
	if (error)
		return refuse(r, 400, "Validation for key_type, key_bits failed: %s", error);
	if (!pki_key_make(&r->pool, type, bits, &key))
		return pki_fail(r, "unable to generate a key");
	status = key_keep(r, set, &key, name, !strcmp(mode, "exported"));
	pki_key_close(&key);
	return status;
}

static int key_import(struct request *r)
{
	struct pki_set *set _cleanup_set_ = pki_take_locked(r);
	struct bundle *b = pool_take(&r->pool, sizeof(*b));
	const char *text = ask_text_or(r, "pem_bundle", ""), *name, *error;
	int status;

	if (!pki_asked_key_name(r, set, &name))
		return 400;
	if (strlen(text) < 64)
		return refuse(r, 400,
			      "provided data for import was too short; perhaps a path was passed to the API rather "
			      "than the contents of a PEM file");
	error = bundle_read(&r->pool, text, b);
	if (error)
		status = refuse(r, 400, "%s", error);
	else if (b->key_count != 1 || b->cert_count)
		status = refuse(r, 400, "only a single key can be present within the pem_bundle for importing");
	else
		status = key_keep(r, set, &b->keys[0], name, false);
	bundle_close(b);
	return status;
}

static const struct field bundle_fields[] = {
	{ "pem_bundle", FIELD_STRING, "Certificates and keys in PEM" },
	{ "certificate", FIELD_STRING, "Certificates in PEM" },
	{ "key_name", FIELD_STRING, "A name for the key" },
	{ NULL, FIELD_ANY, NULL },
};
static const struct field key_fields[] = {
	{ "key_ref", FIELD_STRING, "The key: id, name or default" },
	{ "key_name", FIELD_STRING, "A name for the key" },
	{ "key_type", FIELD_STRING, "rsa, ec or ed25519" },
	{ "key_bits", FIELD_INT, "Bits of the key; 0: the type's default" },
	{ NULL, FIELD_ANY, NULL },
};

static const struct route routes[] = {
	{ .pattern = "issuers/import/bundle", .update = import_bundle, .fields = bundle_fields,
	  .text = "Import issuers and keys" },
	{ .pattern = "issuers/import/cert", .update = import_cert, .fields = bundle_fields, .text = "Import issuers" },
	{ .pattern = "config/ca", .update = import_bundle, .fields = bundle_fields, .text = "Import issuers and keys" },
	{ .pattern = "intermediate/set-signed", .update = set_signed, .fields = bundle_fields,
	  .text = "Import the certificate of a request that was made here" },
	{ .pattern = "keys", .list = key_list, .text = "The keys" },
	{ .pattern = "keys/import", .update = key_import, .fields = bundle_fields, .text = "Import a key" },
	{ .pattern = "keys/generate/internal", .update = key_generate, .fields = key_fields, .text = "Make a key" },
	{ .pattern = "keys/generate/exported", .update = key_generate, .fields = key_fields,
	  .text = "Make a key and give it out" },
	{ .pattern = "keys/generate/kms", .update = key_generate, .fields = key_fields,
	  .text = "Refused: an enterprise feature" },
	{ .pattern = "key/{key_ref}", .read = key_get, .update = key_update, .delete = key_delete, .fields = key_fields,
	  .text = "A key" },
};
const struct route_table pki_key_routes[] = { ROUTES(routes), { .routes = NULL } };
