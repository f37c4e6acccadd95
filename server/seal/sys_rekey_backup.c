/* What a finished rekey shows, and sys/rekey/backup, where encrypted shares are kept in case the answer got lost. */
#include <string.h>

#include "base/bytes.h"
#include "server/seal/rekey.h"

static const struct view backup_view = { "core/rekey-backup/" };

static const char *backup_name(const struct request *r)
{
	return rekey_is_recovery(r) || strstr(r->path, "recovery-key-backup") ? "recovery" : "barrier";
}

/* fingerprint: [shares in hex]; a holder may have several. */
static void backup_keep(struct request *r, const struct rekey *k, const struct json *keys)
{
	struct json_writer *w = entry_write(r);

	json_put_string(w, "nonce", k->shares.nonce);
	json_object(w, "keys");
	for (size_t i = 0; i < k->fingerprints.count; i++) {
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before |= !strcmp(k->fingerprints.at[i], k->fingerprints.at[j]);
		if (before)
			continue;
		json_array(w, k->fingerprints.at[i]);
		for (size_t j = i; j < k->fingerprints.count; j++)
			if (!strcmp(k->fingerprints.at[i], k->fingerprints.at[j]))
				json_put_raw(w, NULL, json_at(keys, j)->span.at, json_at(keys, j)->span.size);
		json_close(w);
	}
	json_close(w);
	entry_written(r, &backup_view, backup_name(r), w);
}

/* The shares as they are shown, once more, for the backup: the encryption is not repeated. */
static void backup_from(struct request *r, const struct rekey *k, struct json_writer *w)
{
	struct blob text = { (const uint8_t *)pool_copy(&r->pool, w->text.at, w->text.used), w->text.used };
	struct text_error error;
	const struct json *root = pool_read_json(&r->pool, pool_printf(&r->pool, "%s}", (const char *)text.at),
						 text.size + 1, &error);

	backup_keep(r, k, json_member(root, "keys"));
}

void rekey_put_fingerprints(struct json_writer *w, const struct rekey *k)
{
	if (k->fingerprints.count)
		names_put(w, "pgp_fingerprints", &k->fingerprints);
	else
		json_put_null(w, "pgp_fingerprints");
}

int rekey_reply(struct request *r, const struct rekey *k, const struct share *shares)
{
	static const struct quorum nobody;
	struct json_writer *w = reply_data(r);
	int status = reply_shares(r, w, "keys", shares ? &k->quorum : &nobody, shares);

	if (status)
		return status;
	if (k->backup)
		backup_from(r, k, w);
	if (!request_commit(r))
		return 500;
	json_put_string(w, "nonce", k->shares.nonce);
	json_put_bool(w, "complete", true);
	rekey_put_fingerprints(w, k);
	json_put_bool(w, "backup", k->backup);
	json_put_bool(w, "verification_required", k->verify);
	if (k->verification.nonce[0])
		json_put_string(w, "verification_nonce", k->verification.nonce);
	return 200;
}

static void put_base64(struct request *r, struct json_writer *w, const struct json *hex)
{
	struct json_span inside = json_inside(hex);
	uint8_t *bytes = pool_take(&r->pool, inside.size / 2 + 1);

	if (hex_decode(inside.at, inside.size, bytes, inside.size / 2))
		json_put_string(w, NULL, pool_base64(&r->pool, bytes, inside.size / 2));
}

static int backup_read(struct request *r)
{
	const struct json *kept = entry_read(r, &backup_view, backup_name(r)), *keys = json_member(kept, "keys");
	struct json_writer *w;

	if (!keys)
		return refuse(r, 400, "no backed-up keys found");
	w = reply_data(r);
	json_put_string(w, "nonce", pool_json_member(&r->pool, kept, "nonce"));
	json_put_raw(w, "keys", keys->span.at, keys->span.size);
	json_object(w, "keys_base64");
	for (const struct json *k = keys->first; k; k = k->next) {
		json_array(w, pool_copy(&r->pool, k->name.at, k->name.size));
		for (const struct json *share = k->first; share; share = share->next)
			put_base64(r, w, share);
		json_close(w);
	}
	json_close(w);
	return 200;
}

static int backup_delete(struct request *r)
{
	entry_delete(r, &backup_view, backup_name(r));
	return 204;
}

static const struct route routes[] = {
	{ "rekey/backup", ROUTE_INJECT, .read = backup_read, .delete = backup_delete,
	  .text = "the encrypted unseal shares of the last rekey with a backup" },
	{ "rekey/recovery-key-backup", ROUTE_INJECT, .read = backup_read, .delete = backup_delete,
	  .text = "the encrypted recovery shares of the last rekey with a backup" },
};
const struct route_table seal_backup_tables[] = { ROUTES(routes), { NULL } };
