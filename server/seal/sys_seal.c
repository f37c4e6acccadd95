/* sys/unseal, sys/seal, sys/seal-status. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/seal/seal_state.h"

int refuse_not_initialized(struct request *r, int err)
{
	if (err == -ENOENT)
		return refuse(r, 400, "Vault is not initialized");
	r->failed = err;
	return 500;
}

static int seal_status(struct request *r)
{
	struct seal *s = r->core->seal;
	struct json_writer *w = reply_data(r);
	struct seal_record record;
	int err = seal_peek(s, &record);

	if (err && err != -ENOENT) {
		r->failed = err;
		return 500;
	}
	json_put_string(w, "type", s->way->type);
	json_put_bool(w, "initialized", !err);
	json_put_bool(w, "sealed", !r->core->unsealed);
	json_put_u64(w, "t", err ? 0 : record.threshold);
	json_put_u64(w, "n", err ? 0 : record.shares);
	json_put_u64(w, "progress", s->unsealing.count);
	json_put_string(w, "nonce", s->unsealing.nonce);
	json_put_string(w, "version", SERVER_VERSION);
	json_put_string(w, "build_date", "");
	json_put_bool(w, "migration", false);
	if (r->core->unsealed) {
		json_put_string(w, "cluster_name", r->core->cluster_name);
		json_put_string(w, "cluster_id", r->core->cluster_id);
	}
	json_put_bool(w, "recovery_seal", seal_is_recovery(s));
	json_put_string(w, "storage_type", barrier_store_type(r->core->barrier));
	return 200;
}

/* A loss is named by the two versions: "41 of 57". */
static bool loss_read(const char *text, struct barrier_loss *loss)
{
	unsigned long long store, anchor;
	int end = 0;

	if (sscanf(text, "%llu of %llu%n", &store, &anchor, &end) != 2 || text[end])
		return false;
	*loss = (struct barrier_loss){ store, anchor };
	return true;
}

/* Enough shares: what they make opens the server or was wrong, and then all of them are asked for again. */
static int unseal_try(struct request *r, struct seal *s)
{
	_cleanup_key_ struct secret_key share_key = { .size = 0 }, root_key = { .size = 0 };
	struct barrier_loss accepted, found = { 0, 0 };
	bool accepting = loss_read(s->accepting, &accepted);
	int err = gathering_combine(&s->unsealing, s->record.threshold, &share_key);

	gathering_end(&s->unsealing);
	if (err || !seal_root_of_shares(s, &share_key, &root_key))
		return refuse(r, 400, "Unseal failed, invalid key");
	err = seal_open(s, &root_key, accepting ? &accepted : NULL, &found);
	switch (err) {
	case 0:
		return seal_status(r);
	case -EACCES:
		return refuse(r, 400, "Unseal failed, invalid key");
	case -EBADMSG:
		return refuse(r, 500, "unseal: the store was changed from outside");
	case -ESTALE:
		return refuse(r, 500, "unseal: the store is at version %llu, its anchor at %llu: it was put back, or "
			      "the anchor is another's. Who accepts what is lost unseals with accept_loss = "
			      "\"%llu of %llu\" in every share's request", (unsigned long long)found.store,
			      (unsigned long long)found.anchor, (unsigned long long)found.store,
			      (unsigned long long)found.anchor);
	default:
		r->failed = err;
		return 500;
	}
}

/* All who bring a share name the same loss, or none does: nobody's share is used for what they did not mean. */
static int unseal_begin(struct request *r, struct seal *s)
{
	const char *accept = ask_text_or(r, "accept_loss", "");
	struct barrier_loss loss;

	if (*accept && !loss_read(accept, &loss))
		return refuse(r, 400, "accept_loss: expected the two versions as in \"41 of 57\"");
	if (!s->unsealing.nonce[0]) {
		gathering_start(&s->unsealing);
		snprintf(s->accepting, sizeof(s->accepting), "%.47s", accept);
	}
	if (strcmp(s->accepting, accept) != 0)
		return refuse(r, 400, "accept_loss: the shares before this one said \"%s\"", s->accepting);
	return 0;
}

static int unseal_reset(struct request *r, struct seal *s)
{
	if (r->core->unsealed)
		return refuse(r, 400, "vault is unsealed");
	gathering_end(&s->unsealing);
	return seal_status(r);
}

static int unseal(struct request *r)
{
	struct seal *s = r->core->seal;
	struct share share;
	int status, err;

	if (ask_bool(r, "reset", false))
		return unseal_reset(r, s);
	status = ask_share(r, "'key' must be specified in request body as JSON, or 'reset' set to true", &share);
	if (status)
		return status;
	if (ask_bool(r, "migrate", false))
		return refuse(r, 500, "can't perform a seal migration, no migration seal found");
	err = seal_load(s);
	if (err)
		return refuse_not_initialized(r, err);
	if (r->core->unsealed)
		return seal_status(r);
	if (!s->record.shares)
		return refuse(r, 400, "no recovery shares were made for this server: its %s seal alone opens it",
			      s->way->type);
	status = unseal_begin(r, s);
	if (status)
		return status;
	err = gathering_add(&s->unsealing, &share);
	mem_wipe(&share, sizeof(share));
	if (!err && s->unsealing.count >= s->record.threshold)
		return unseal_try(r, s);
	return seal_status(r);
}

static int seal(struct request *r)
{
	seal_now(r->core);
	r->mount = NULL; /* gone with the others */
	return 204;
}

static const struct field unseal_fields[] = {
	{ "key", FIELD_STRING, "one share, hex or base64" },
	{ "reset", FIELD_BOOL, "forget the shares so far" },
	{ "accept_loss", FIELD_STRING, "go on with an older store: its version and its anchor's, as in \"41 of 57\"" },
	{ "migrate", FIELD_BOOL, "of Vault's seal migration; refused" },
	{ NULL },
};

static const struct route routes[] = {
	{ "seal-status", ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_UNAUDITED, .read = seal_status,
	  .text = "whether the server is sealed, and how many shares it takes" },
	{ "unseal", ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_EXCLUSIVE | ROUTE_UNAUDITED, .update = unseal,
	  .fields = unseal_fields, .text = "give one share" },
	{ "seal", ROUTE_SUDO | ROUTE_EXCLUSIVE, .update = seal, .text = "close the server" },
};
const struct route_table seal_status_tables[] = { ROUTES(routes), { NULL } };

const struct route_table seal_tables[] = {
	{ .also = seal_init_tables },
	{ .also = seal_status_tables },
	{ .also = seal_key_tables },
	{ .also = seal_rekey_tables },
	{ .also = seal_backup_tables },
	{ .also = seal_root_tables },
	{ .also = seal_leader_tables },
	{ NULL },
};
