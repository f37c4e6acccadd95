/* keys/: making, showing, configuring, rotating, trimming and deleting keys; settings of the mount. */
#include <string.h>

#include "server/engine/base64.h"
#include "server/engine/transit.h"

#define HOUR 3600

static const char *public_text(struct request *r, const struct transit_key *k, const struct transit_version *v,
			       struct blob context)
{
	const char *wrong = NULL;
	uint8_t raw[32];
	EVP_PKEY *key;

	if (k->kind->family != FAMILY_ED25519)
		return crypto_pem(&r->pool, "PUBLIC KEY", crypto_spki(&r->pool, v->key));
	if (k->derived && !context.size)
		return "";
	key = transit_signer(&r->pool, v, k, context, &wrong);
	crypto_must(key && crypto_ed25519_public(key, raw), "read an Ed25519 key");
	EVP_PKEY_free(key);
	return base64_behind(&r->pool, "", raw, sizeof(raw));
}

static void put_version(struct request *r, struct json_writer *w, const struct transit_key *k,
			const struct transit_version *v, struct blob context)
{
	const char *number = pool_printf(&r->pool, "%lu", v->number);

	if (!transit_signs(k->kind)) {
		json_put_i64(w, number, v->created / 1000000000);
		return;
	}
	json_object(w, number);
	json_put_string(w, "certificate_chain", v->chain ? v->chain : "");
	json_put_string(w, "creation_time", time_text(&r->pool, v->created));
	json_put_string(w, "name", k->kind->curve ? k->kind->curve : k->kind->name);
	json_put_string(w, "public_key", public_text(r, k, v, context));
	json_close(w);
}

static void put_event(struct request *r, struct json_writer *w, const char *name, int64_t time, uint64_t version)
{
	if (!time)
		return;
	json_object(w, name);
	json_put_string(w, "time", time_text(&r->pool, time));
	json_put_u64(w, "version", version);
	json_close(w);
}

static void put_derivation(struct json_writer *w, const struct transit_key *k)
{
	if (!k->derived)
		return;
	json_put_string(w, "kdf", "hkdf_sha256");
	json_put_bool(w, "convergent_encryption", k->convergent);
	if (k->convergent)
		json_put_i64(w, "convergent_encryption_version", -1); /* each version says its own */
}

int transit_show(struct request *r, const struct transit_key *k, struct blob context)
{
	struct json_writer *w = reply_data(r);

	json_put_bool(w, "allow_plaintext_backup", k->plaintext_backup);
	json_put_u64(w, "auto_rotate_period", k->auto_rotate);
	json_put_bool(w, "deletion_allowed", k->deletion_allowed);
	json_put_bool(w, "derived", k->derived);
	json_put_bool(w, "exportable", k->exportable);
	json_put_bool(w, "imported_key", k->imported);
	if (k->imported)
		json_put_bool(w, "imported_key_allow_rotation", k->rotation_allowed);
	if (k->kind->family == FAMILY_HMAC)
		json_put_u64(w, "key_size", k->key_size);
	put_event(r, w, "backup_info", k->backup_time, k->backup_version);
	put_event(r, w, "restore_info", k->restore_time, k->restore_version);
	put_derivation(w, k);
	json_put_u64(w, "latest_version", k->latest);
	json_put_u64(w, "min_available_version", k->min_available);
	json_put_u64(w, "min_decryption_version", k->min_decryption);
	json_put_u64(w, "min_encryption_version", k->min_encryption);
	json_put_string(w, "name", k->name);
	json_put_bool(w, "supports_decryption", transit_encrypts(k->kind));
	json_put_bool(w, "supports_derivation", transit_derives(k->kind));
	json_put_bool(w, "supports_encryption", transit_encrypts(k->kind));
	json_put_bool(w, "supports_signing", transit_signs(k->kind));
	json_put_string(w, "type", k->kind->name);
	json_object(w, "keys");
	for (size_t i = 0; i < k->count; i++)
		if (k->versions[i].number >= k->min_decryption)
			put_version(r, w, k, &k->versions[i], context);
	json_close(w);
	return 200;
}

bool transit_key_exists(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = transit_named(r);

	return k;
}

static int rotate_period(struct request *r, struct transit_key *k)
{
	uint64_t seconds = ask_seconds(r, "auto_rotate_period", k->auto_rotate);

	if (seconds && seconds < HOUR)
		return refuse(r, 400, "auto rotate period must be 0 to disable or at least an hour");
	k->auto_rotate = seconds;
	return 0;
}

int transit_settings(struct request *r, struct transit_key *k)
{
	k->derived = ask_bool(r, "derived", false);
	k->convergent = ask_bool(r, "convergent_encryption", false);
	k->exportable = ask_bool(r, "exportable", false);
	k->plaintext_backup = ask_bool(r, "allow_plaintext_backup", false);
	if (k->convergent && !k->derived)
		return refuse(r, 400, "convergent encryption requires derivation to be enabled");
	if (k->derived && !transit_derives(k->kind))
		return refuse(r, 400, "key derivation and convergent encryption not supported for keys of type %s",
			      k->kind->name);
	if (k->convergent && k->kind->family != FAMILY_AEAD)
		return refuse(r, 400, "convergent encryption not supported for keys of type %s", k->kind->name);
	return rotate_period(r, k);
}

/* Only HMAC keys have a size of their own. */
static int key_size(struct request *r, struct transit_key *k)
{
	int64_t size = ask_int(r, "key_size", 0);

	if (!size) {
		k->key_size = 32;
		return 0;
	}
	if (k->kind->family != FAMILY_HMAC)
		return refuse(r, 400, "key_size is not valid for algorithm %s", k->kind->name);
	if (size < HMAC_KEY_LEAST || size > HMAC_KEY_MOST)
		return refuse(r, 400, "invalid key_size %ld", size);
	k->key_size = (uint64_t)size;
	return 0;
}

int transit_key_create(struct request *r)
{
	const char *name = ask_text(r, "name"), *type = ask_text_or(r, "type", "aes256-gcm96");
	const struct transit_kind *kind = transit_kind(type);
	_cleanup_transit_ struct transit_key *wanted = NULL, *k = NULL;
	int status;

	if (!kind)
		return refuse(r, 400, "unknown key type %s", type);
	wanted = transit_make(name, kind);
	status = transit_settings(r, wanted);
	if (!status)
		status = key_size(r, wanted);
	if (status)
		return status;
	k = transit_open(r, name);
	if (k) {
		reply_warning(r, "key %s already existed", name);
		return transit_show(r, k, (struct blob){ NULL, 0 });
	}
	transit_generate(wanted, r->now);
	transit_save(r, wanted);
	return transit_show(r, wanted, (struct blob){ NULL, 0 });
}

int transit_key_read(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = transit_named(r);
	struct blob context;

	if (!k)
		return 404;
	if (base64_read(&r->pool, ask_text(r, "context"), &context))
		return refuse(r, 400, "failed to base64-decode context");
	return transit_show(r, k, context);
}

int transit_key_list(struct request *r)
{
	struct names names = entry_list(r, &r->mount->view, "policy/");

	return reply_keys(r, &names);
}

int transit_key_delete(struct request *r)
{
	const char *name = ask_text(r, "name");
	_cleanup_transit_ struct transit_key *k = transit_open(r, name);

	if (!k)
		return refuse(r, 400, "error deleting policy %s: could not delete key; not found", name);
	if (!k->deletion_allowed)
		return refuse(r, 400, "error deleting policy %s: deletion is not allowed for this key", name);
	transit_forget(r, name);
	return 204;
}

/* A version that is asked for as a bound; false: refused. */
static bool bound_take(struct request *r, const char *name, const char *word, uint64_t latest, uint64_t *bound)
{
	int64_t number = ask_int(r, name, (int64_t)*bound);

	if (number < 0) {
		refuse(r, 400, "min %s version cannot be negative", word);
		return false;
	}
	if ((uint64_t)number > latest) {
		refuse(r, 400, "cannot set min %s version of %ld, latest key version is %lu", word, number, latest);
		return false;
	}
	*bound = (uint64_t)number;
	return true;
}

static int bounds_take(struct request *r, struct transit_key *k)
{
	if (!bound_take(r, "min_decryption_version", "decryption", k->latest, &k->min_decryption) ||
	    !bound_take(r, "min_encryption_version", "encryption", k->latest, &k->min_encryption))
		return 400;
	if (!k->min_decryption) {
		k->min_decryption = 1;
		reply_warning(r, "since Vault 0.3, transit key numbering starts at 1; forcing minimum to 1");
	}
	if (k->min_encryption && k->min_encryption < k->min_decryption)
		return refuse(
			r, 400,
			"cannot set min encryption/decryption values; min encryption version of %lu must be greater "
			"than or equal to min decryption version of %lu",
			k->min_encryption, k->min_decryption);
	if (k->min_available > k->min_encryption)
		return refuse(r, 400, "min encryption version should not be less than min available version");
	if (k->min_available > k->min_decryption)
		return refuse(r, 400, "min decryption version should not be less then min available version");
	return 0;
}

/* What allows material to leave is never taken back: it may have left. */
int transit_key_config(struct request *r)
{
	const char *name = ask_text(r, "name");
	_cleanup_transit_ struct transit_key *k = transit_open(r, name);
	int status;

	if (!k)
		return refuse(r, 400, "no existing key named %s could be found", name);
	status = bounds_take(r, k);
	if (!status)
		status = rotate_period(r, k);
	if (status)
		return status;
	k->deletion_allowed = ask_bool(r, "deletion_allowed", k->deletion_allowed);
	k->exportable |= ask_bool(r, "exportable", false);
	k->plaintext_backup |= ask_bool(r, "allow_plaintext_backup", false);
	transit_save(r, k);
	return transit_show(r, k, (struct blob){ NULL, 0 });
}

int transit_key_rotate(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = transit_open(r, ask_text(r, "name"));

	if (!k)
		return refuse(r, 400, "key not found");
	if (k->imported && !k->rotation_allowed)
		return refuse(r, 400, "imported key %s does not allow rotation within Vault", k->name);
	transit_generate(k, r->now);
	k->imported = false;
	transit_save(r, k);
	return transit_show(r, k, (struct blob){ NULL, 0 });
}

static const char *trim_check(const struct transit_key *k, int64_t least)
{
	if (least < 0)
		return "minimum available version cannot be negative";
	if ((uint64_t)least < k->min_available)
		return "minimum available version cannot be decremented";
	if (!k->min_encryption)
		return "minimum available version cannot be set when minimum encryption version is not set";
	if ((uint64_t)least > k->min_encryption)
		return "minimum available version cannot be greater than minmum encryption version";
	if ((uint64_t)least > k->min_decryption)
		return "minimum available version cannot be greater than minimum decryption version";
	return least ? NULL : "minimum available version should be positive";
}

int transit_key_trim(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = transit_open(r, ask_text(r, "name"));
	int64_t least = ask_int(r, "min_available_version", 0);
	const char *wrong;
	size_t gone = 0;

	if (!k)
		return refuse(r, 400, "invalid key name");
	if (!asked(r, "min_available_version"))
		return refuse(r, 400, "missing min_available_version");
	wrong = trim_check(k, least);
	if (wrong)
		return refuse(r, 400, "%s", wrong);
	k->min_available = (uint64_t)least;
	for (; gone < k->count && k->versions[gone].number < k->min_available; gone++)
		EVP_PKEY_free(k->versions[gone].key);
	k->versions += gone;
	k->count -= gone;
	transit_save(r, k);
	return transit_show(r, k, (struct blob){ NULL, 0 });
}

int transit_cache_read(struct request *r)
{
	const struct json *size = json_member_of(entry_read(r, &r->mount->view, "config/cache"), "size", JSON_NUMBER);
	uint64_t limit = 0;

	json_put_u64(reply_data(r), "size", size && json_u64(size, &limit) ? limit : 0);
	return 200;
}

int transit_cache_write(struct request *r)
{
	int64_t size = ask_int(r, "size", 0);
	struct json_writer *w;

	if (size < 0 || (size && size < 10))
		return refuse(r, 400, "size must be 0 or a value greater or equal to %d", 10);
	w = entry_write(r);
	json_put_i64(w, "size", size);
	entry_written(r, &r->mount->view, "config/cache", w);
	transit_cache_limit(r->mount, (uint64_t)size);
	json_put_i64(reply_data(r), "size", size);
	return 200;
}

int transit_config_read(struct request *r)
{
	const struct json *off =
		json_member_of(entry_read(r, &r->mount->view, "config/keys"), "disable_upsert", JSON_BOOL);

	json_put_bool(reply_data(r), "disable_upsert", off && json_true(off));
	return 200;
}

int transit_config_write(struct request *r)
{
	bool off = ask_bool(r, "disable_upsert", false);
	struct json_writer *w = entry_write(r);

	json_put_bool(w, "disable_upsert", off);
	entry_written(r, &r->mount->view, "config/keys", w);
	json_put_bool(reply_data(r), "disable_upsert", off);
	return 200;
}

/* Whether a key as stored is due; not parsed, as most are not. */
static bool rotation_due(struct request *r, const struct mount *m, const char *name)
{
	const struct json *entry = entry_read(r, &m->view, pool_printf(&r->pool, "policy/%s", name)), *last;
	const struct json *period = json_member_of(entry, "auto_rotate", JSON_NUMBER);
	const struct json *versions = json_member_of(entry, "versions", JSON_ARRAY);
	uint64_t seconds = 0;
	int64_t created = 0;

	if (!period || !json_u64(period, &seconds) || !seconds || !versions || !versions->count)
		return false;
	last = json_member_of(json_at(versions, versions->count - 1), "created", JSON_NUMBER);
	return last && json_i64(last, &created) && (uint64_t)(r->now - created) / 1000000000 >= seconds;
}

/* Keys that have become too old get a new version; a few in each round, as each holds its lock until the end. */
void transit_tick(struct request *r, struct mount *m)
{
	struct names names = { NULL, 0 };
	struct mount *before = r->mount;
	size_t rotated = 0;

	if (transit_tick_due(m, r->now))
		names = entry_list(r, &m->view, "policy/");
	r->mount = m;
	for (size_t i = 0; i < names.count && rotated < 8; i++) {
		struct transit_key *k = rotation_due(r, m, names.at[i]) ? transit_open(r, names.at[i]) : NULL;

		if (k && (!k->imported || k->rotation_allowed)) {
			transit_generate(k, r->now);
			transit_save(r, k);
			rotated++;
		}
		transit_release(k);
	}
	r->mount = before;
}
