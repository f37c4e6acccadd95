/* New issuers and keys: what imports and generation write. Under the entry lock "issuers", over one set. */
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/pki.h"

void pki_put_urls(struct json_writer *w, const struct pki_urls *urls, const char *templating)
{
	names_put(w, "crl_distribution_points", &urls->crl_distribution_points);
	names_put(w, "delta_crl_distribution_points", &urls->delta_crl_distribution_points);
	json_put_bool(w, templating, urls->templating);
	names_put(w, "issuing_certificates", &urls->issuing_certificates);
	names_put(w, "ocsp_servers", &urls->ocsp_servers);
}

void pki_write_issuer(struct request *r, const struct pki_issuer *issuer)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "name", issuer->name);
	json_put_string(w, "key_id", issuer->key_id);
	json_put_string(w, "certificate", pool_base64(&r->pool, issuer->cert.der.at, issuer->cert.der.size));
	names_put(w, "manual_chain", &issuer->manual_chain);
	json_put_string(w, "leaf_not_after_behavior", issuer->leaf_not_after_behavior);
	json_put_u64(w, "usage", issuer->usage);
	json_put_string(w, "revocation_signature_algorithm", issuer->revocation_algorithm);
	if (issuer->revoked)
		json_put_i64(w, "revoked_at", issuer->revoked_at);
	if (issuer->has_urls) {
		json_object(w, "urls");
		pki_put_urls(w, &issuer->urls, "enable_templating");
		json_close(w);
	}
	entry_written(r, &r->mount->view, pool_printf(&r->pool, "issuer/%s", issuer->id), w);
}

void pki_write_key(struct request *r, const struct pki_key *key)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "name", key->name);
	json_put_string(w, "type", key->type);
	json_put_string(w, "private_key", pool_base64(&r->pool, key->der.at, key->der.size));
	entry_written(r, &r->mount->view, pool_printf(&r->pool, "key/%s", key->id), w);
}

void pki_write_config_issuers(struct request *r, const char *id, bool follows)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "default", id);
	json_put_bool(w, "default_follows_latest_issuer", follows);
	entry_written(r, &r->mount->view, "config/issuers", w);
}

void pki_write_config_keys(struct request *r, const char *id)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "default", id);
	entry_written(r, &r->mount->view, "config/keys", w);
}

static bool same(struct blob a, struct blob b)
{
	return a.size == b.size && !memcmp(a.at, b.at, a.size);
}

static const struct pki_key *key_of_spki(const struct pki_import *in, struct blob spki)
{
	for (size_t i = 0; i < in->set->key_count; i++)
		if (same(in->set->keys[i].spki, spki))
			return &in->set->keys[i];
	for (size_t i = 0; i < in->new_key_count; i++)
		if (same(in->new_keys[i].spki, spki))
			return &in->new_keys[i];
	return NULL;
}

/* Issuers that were there before their key was. */
static void key_adopt(struct request *r, struct pki_import *in, const struct pki_key *key)
{
	for (size_t i = 0; i < in->set->issuer_count; i++) {
		struct pki_issuer issuer = in->set->issuers[i];

		if (*issuer.key_id || !same(issuer.cert.spki, key->spki))
			continue;
		issuer.key_id = key->id;
		pki_write_issuer(r, &issuer);
		if (!*in->set->default_issuer && !in->default_issuer)
			in->default_issuer = issuer.id;
	}
}

const char *pki_import_key(struct request *r, struct pki_import *in, const struct pki_key *key, const char *name,
			   const char **error)
{
	const struct pki_key *known = key_of_spki(in, key->spki);
	struct pki_key *keys, *made;

	if (known) {
		if (!names_have(&in->keys, known->id))
			names_add(&r->pool, &in->existing_keys, known->id);
		return known->id;
	}
	for (size_t i = 0; *name && i < in->set->key_count; i++)
		if (!strcmp(in->set->keys[i].name, name)) {
			*error = pool_printf(&r->pool, "an existing key is using the requested key name value: %s",
					     name);
			return NULL;
		}
	keys = pool_take(&r->pool, (in->new_key_count + 1) * sizeof(*keys));
	if (in->new_key_count)
		memcpy(keys, in->new_keys, in->new_key_count * sizeof(*keys));
	in->new_keys = keys;
	made = &keys[in->new_key_count++];
	*made = *key;
	made->id = pool_uuid(&r->pool);
	made->name = name;
	pki_write_key(r, made);
	names_add(&r->pool, &in->keys, made->id);
	if (!in->set->key_count && !in->default_key)
		in->default_key = made->id;
	key_adopt(r, in, made);
	return made->id;
}

static void import_map(struct request *r, struct pki_import *in, const char *issuer, const char *key)
{
	names_add(&r->pool, &in->mapping, issuer);
	names_add(&r->pool, &in->mapping, key);
}

const char *pki_import_issuer(struct request *r, struct pki_import *in, const struct pki_cert *cert, const char *name,
			      const char **error)
{
	struct pki_issuer issuer = { .cert = *cert, .name = name, .leaf_not_after_behavior = "err",
				     .revocation_algorithm = "", .usage = PKI_READ_ONLY | PKI_ISSUING |
				     PKI_CRL_SIGNING | PKI_OCSP_SIGNING };
	const struct pki_key *key = key_of_spki(in, cert->spki);

	*error = !cert->ca ? "Refusing to import non-CA certificate" : !cert->key_type ? "Refusing to import CA "
		"certificate with empty PublicKey. This usually means the SubjectPublicKeyInfo field has an OID not "
		"recognized, such as 1.2.840.113549.1.1.10 for rsaPSS." : NULL;
	for (size_t i = 0; !*error && i < in->set->issuer_count; i++) {
		const struct pki_issuer *known = &in->set->issuers[i];

		if (same(known->cert.der, cert->der)) {
			names_add(&r->pool, &in->existing_issuers, known->id);
			import_map(r, in, known->id, *known->key_id ? known->key_id : key ? key->id : "");
			return known->id;
		}
		if (*name && !strcmp(known->name, name))
			*error = pool_printf(&r->pool, "another issuer is using the requested name: %s", name);
	}
	if (*error)
		return NULL;
	if (cert->has_usage && !(cert->key_usage & KU_CRL_SIGN))
		issuer.usage &= ~(unsigned int)PKI_CRL_SIGNING;
	issuer.id = pool_uuid(&r->pool);
	issuer.key_id = key ? key->id : "";
	pki_write_issuer(r, &issuer);
	names_add(&r->pool, &in->issuers, issuer.id);
	import_map(r, in, issuer.id, issuer.key_id);
	if (key && !in->default_issuer && !*in->set->default_issuer)
		in->default_issuer = issuer.id;
	return issuer.id;
}

/* The defaults, once for all that came. */
void pki_import_done(struct request *r, struct pki_import *in)
{
	const char *latest = NULL;
	size_t with_keys = 0;

	for (size_t i = 0; i + 1 < in->mapping.count; i += 2)
		if (*in->mapping.at[i + 1] && names_have(&in->issuers, in->mapping.at[i])) {
			latest = in->mapping.at[i];
			with_keys++;
		}
	if (in->set->follows_latest && with_keys == 1)
		in->default_issuer = latest;
	else if (in->set->follows_latest && with_keys > 1)
		reply_warning(r, "Default issuer left unchanged: could not select new issuer automatically as multiple "
			      "imported issuers had key material in Vault.");
	if (in->default_issuer)
		pki_write_config_issuers(r, in->default_issuer, in->set->follows_latest);
	if (in->default_key)
		pki_write_config_keys(r, in->default_key);
}

static bool name_good(const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < size; i++) {
		char c = name[i];
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!word && (i == 0 || i == size - 1 || !strchr("-.", c)))
			return false;
	}
	return size;
}

bool pki_asked_issuer_name(struct request *r, const struct pki_set *set, const char **name)
{
	const char *error;

	*name = ask_text_or(r, "issuer_name", "");
	if (!**name)
		return true;
	if (!strcmp(*name, "default"))
		refuse(r, 400, "reserved keyword 'default' can not be used as issuer name");
	else if (!name_good(*name))
		refuse(r, 400, "issuer name contained invalid characters");
	else if (pki_issuer_find(r, set, *name, &error))
		refuse(r, 400, "issuer name already in use");
	else
		return true;
	return false;
}

bool pki_asked_key_name(struct request *r, const struct pki_set *set, const char **name)
{
	const char *error;

	*name = ask_text_or(r, "key_name", "");
	if (!**name)
		return true;
	if (!strcmp(*name, "default"))
		refuse(r, 400, "reserved keyword 'default' can not be used as key name");
	else if (!name_good(*name))
		refuse(r, 400, "key name contained invalid characters");
	else if (pki_key_find(r, set, *name, &error))
		refuse(r, 400, "key name already in use");
	else
		return true;
	return false;
}

const char *pki_usage_text(struct pool *pool, unsigned int usage)
{
	static const char *const names[] = { "read-only", "issuing-certificates", "crl-signing", "ocsp-signing" };
	const char *text = "";

	for (unsigned int i = 0; i < 4; i++)
		if (usage >> i & 1)
			text = *text ? pool_printf(pool, "%s,%s", text, names[i]) : names[i];
	return text;
}
