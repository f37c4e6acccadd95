/* export/, backup/ and restore. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "server/engine/base64.h"
#include "server/engine/transit.h"

/* Backups answer what is a client's mistake with 500, as Vault does: clients look for it (hvac does). */
#define GO_ERROR "1 error occurred:\n\t* "
#define GO_ERROR_END "\n\n"

enum format { FORMAT_PLAIN, FORMAT_RAW, FORMAT_DER, FORMAT_PEM, FORMATS };
static const char *const format_names[FORMATS] = { "", "raw", "der", "pem" };

static const char *text_of(struct request *r, struct blob bytes)
{
	return base64_behind(&r->pool, "", bytes.at, bytes.size);
}

/* PEM as Go's strings.TrimSpace leaves it. */
static const char *trimmed(char *pem)
{
	pem[strlen(pem) - 1] = '\0';
	return pem;
}

static const char *der_text(struct request *r, enum format format, const char *label, struct blob der)
{
	return format == FORMAT_DER ? text_of(r, der) : crypto_pem(&r->pool, label, der);
}

/* An Ed25519 key, seed and public part, as Go and Vault have it. */
static const char *ed25519_text(struct request *r, const struct transit_version *v, enum format format)
{
	uint8_t raw[64];
	const char *text;

	if (v->secret.size && format <= FORMAT_RAW)
		return text_of(r, v->secret);
	if (v->secret.size)
		return NULL;
	if (format == FORMAT_DER || format == FORMAT_PEM)
		return der_text(r, format, "PRIVATE KEY", crypto_pkcs8(&r->pool, v->key));
	crypto_ed25519_raw(v->key, raw);
	text = base64_behind(&r->pool, "", raw, sizeof(raw));
	mem_wipe(raw, sizeof(raw));
	return text;
}

/* NULL: not in this format. */
static const char *private_text(struct request *r, const struct transit_key *k, const struct transit_version *v,
				enum format format)
{
	char *pem;

	if (!v->has_private)
		return "";
	if (k->kind->family == FAMILY_ED25519)
		return ed25519_text(r, v, format);
	if (format == FORMAT_RAW)
		return NULL;
	if (format != FORMAT_PLAIN)
		return der_text(r, format, "PRIVATE KEY", crypto_pkcs8(&r->pool, v->key));
	pem = crypto_pem_traditional(&r->pool, v->key);
	return k->kind->family == FAMILY_EC ? trimmed(pem) : pem;
}

static const char *public_text(struct request *r, const struct transit_key *k, const struct transit_version *v,
			       enum format format)
{
	uint8_t raw[32];

	if (k->kind->family == FAMILY_ED25519 && format <= FORMAT_RAW) {
		if (k->derived || !crypto_ed25519_public(v->key, raw))
			return "";
		return base64_behind(&r->pool, "", raw, sizeof(raw));
	}
	if (format == FORMAT_RAW || !v->key)
		return NULL;
	return der_text(r, format, "PUBLIC KEY", crypto_spki(&r->pool, v->key));
}

enum what { EXPORT_ENCRYPTION, EXPORT_SIGNING, EXPORT_HMAC, EXPORT_PUBLIC, EXPORT_CHAIN, EXPORTS };
static const char *const what_names[EXPORTS] = { "encryption-key", "signing-key", "hmac-key", "public-key",
						 "certificate-chain" };

/* NULL: cannot be had so. */
static const char *export_text(struct request *r, const struct transit_key *k, const struct transit_version *v,
			       enum what what, enum format format)
{
	bool symmetric = k->kind->family == FAMILY_AEAD;

	switch (what) {
	case EXPORT_HMAC:
		return format <= FORMAT_RAW ? text_of(r, v->hmac) : NULL;
	case EXPORT_ENCRYPTION:
		if (symmetric)
			return format <= FORMAT_RAW ? text_of(r, v->secret) : NULL;
		return private_text(r, k, v, format);
	case EXPORT_SIGNING:
		return private_text(r, k, v, format);
	case EXPORT_PUBLIC:
		return transit_signs(k->kind) ? public_text(r, k, v, format) : NULL;
	case EXPORT_CHAIN:
		return v->chain;
	default:
		return NULL;
	}
}

static int word_find(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(word, words[i]))
			return i;
	return -1;
}

static int export_allowed(struct request *r, const struct transit_key *k, enum what what)
{
	if (!k->exportable && what != EXPORT_PUBLIC && what != EXPORT_CHAIN)
		return refuse(r, 400, "private key material is not exportable");
	if (what == EXPORT_ENCRYPTION && !transit_encrypts(k->kind))
		return refuse(r, 400, "encryption not supported for the key");
	if (what == EXPORT_SIGNING && !transit_signs(k->kind))
		return refuse(r, 400, "signing not supported for the key");
	if (what == EXPORT_CHAIN && !transit_signs(k->kind))
		return refuse(r, 400, "certificate chain not supported for keys that do not support signing");
	return 0;
}

/* {version}: "latest", "3", "v3"; absent (0): all. 0, or refused. */
static int export_version(struct request *r, const struct transit_key *k, uint64_t *number)
{
	const char *text = ask_text_or(r, "version", "");
	char *end;

	*number = 0;
	if (!*text)
		return 0;
	if (!strcmp(text, "latest")) {
		*number = k->latest;
		return 0;
	}
	text += *text == 'v';
	*number = strtoull(text, &end, 10);
	if (*end || *text < '0' || *text > '9')
		return refuse(r, 400, "invalid key version");
	if (*number < k->min_decryption)
		return refuse(r, 400, "version for export is below minimum decryption version");
	if (!transit_version(k, *number))
		return refuse(r, 400, "version does not exist or cannot be found");
	return 0;
}

static int export_put(struct request *r, const struct transit_key *k, uint64_t number, enum what what,
		      enum format format)
{
	struct json_writer w;
	struct blob keys;

	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	for (size_t i = 0; i < k->count; i++) {
		const struct transit_version *v = &k->versions[i];
		const char *text;

		if (v->number < k->min_decryption || (number && v->number != number))
			continue;
		text = export_text(r, k, v, what, format);
		if (!text && what == EXPORT_CHAIN)
			return refuse(r, 400, "selected key version does not have a certificate chain imported");
		if (!text)
			return refuse(r, 400, "a %s of type %s is not exported in the format \"%s\"", what_names[what],
				      k->kind->name, format_names[format]);
		json_put_string(&w, pool_printf(&r->pool, "%lu", v->number), text);
	}
	json_close(&w);
	keys = pool_json_end(&w);
	json_put_raw(reply_data(r), "keys", (const char *)keys.at, keys.size);
	json_put_string(reply_data(r), "name", k->name);
	json_put_string(reply_data(r), "type", k->kind->name);
	return 200;
}

int transit_export(struct request *r)
{
	int what = word_find(ask_text(r, "type"), what_names, EXPORTS);
	int format = word_find(ask_text_or(r, "format", ""), format_names, FORMATS);
	_cleanup_transit_ struct transit_key *k = NULL;
	uint64_t number;
	int status;

	if (what < 0)
		return refuse(r, 400, "invalid export type: %s", ask_text(r, "type"));
	if (format < 0)
		return refuse(r, 400, "invalid format: %s", ask_text(r, "format"));
	k = transit_named(r);
	if (!k)
		return 404;
	status = export_allowed(r, k, (enum what)what);
	if (!status)
		status = export_version(r, k, &number);
	return status ? status : export_put(r, k, number, (enum what)what, (enum format)format);
}

/* The backup is this server's form of a key, in base64; that it was made is noted in the key. */
int transit_backup(struct request *r)
{
	const char *name = ask_text(r, "name");
	_cleanup_transit_ struct transit_key *k = transit_open(r, name);
	struct json_writer w;
	struct blob text;

	if (!k)
		return refuse(r, 500, GO_ERROR "key \"%s\" not found" GO_ERROR_END, name);
	if (!k->exportable)
		return refuse(r, 500, GO_ERROR "exporting is disallowed on the policy" GO_ERROR_END);
	if (!k->plaintext_backup)
		return refuse(r, 500, GO_ERROR "plaintext backup is disallowed on the policy" GO_ERROR_END);
	k->backup_time = r->now;
	k->backup_version = k->latest;
	transit_save(r, k);
	pool_json(&r->pool, &w);
	json_object(&w, NULL);
	json_object(&w, "policy");
	transit_put(&w, &r->pool, k);
	json_close(&w);
	json_close(&w);
	text = pool_json_end(&w);
	json_put_string(reply_data(r), "backup", base64_behind(&r->pool, "", text.at, text.size));
	return 200;
}

static const struct json *backup_read(struct request *r, const char *text)
{
	const struct json *root = NULL;
	struct text_error error;
	struct blob json;

	if (!base64_read(&r->pool, text, &json))
		root = pool_read_json(&r->pool, (const char *)json.at, json.size, &error);
	return json_member_of(root, "policy", JSON_OBJECT);
}

int transit_restore(struct request *r)
{
	const char *text = ask_text_or(r, "backup", ""), *name = ask_text(r, "name");
	_cleanup_transit_ struct transit_key *k = NULL, *there = NULL;
	const struct json *policy;

	if (!*text)
		return refuse(r, 400, "'backup' must be supplied");
	policy = backup_read(r, text);
	if (!name || !*name)
		name = pool_json_member(&r->pool, policy, "name");
	if (!policy || !name || !*name)
		return refuse(r, 400, "the backup is not one of this server: expected base64 of a policy");
	if (strchr(name, '/'))
		return refuse(r, 400, "key names cannot be paths");
	k = transit_parse(name, policy);
	if (!k)
		return refuse(r, 400, "the backup is not one of this server: its policy is malformed");
	there = transit_open(r, name);
	if (there && !ask_bool(r, "force", false))
		return refuse(r, 500, GO_ERROR "key \"%s\" already exists" GO_ERROR_END, name);
	k->restore_time = r->now;
	k->restore_version = k->latest;
	transit_save(r, k);
	return 204;
}
