/*
 * sys/rekey and sys/rekey-recovery-key: another quorum. Rekeying the barrier also makes another root key, so that who
 * knew the old one knows nothing of what is wrapped from now on; rekeying recovery keys leaves it.
 */
#include <errno.h>
#include <string.h>

#include "crypto/random.h"
#include "server/seal/rekey.h"

void rekey_end(struct rekey *k)
{
	gathering_end(&k->shares);
	gathering_end(&k->verification);
	secret_key_wipe(&k->share_key);
	pool_close(&k->pool);
	k->quorum = (struct quorum){ .shares = 0 };
	k->fingerprints = (struct names){ NULL, 0 };
	k->backup = k->verify = false;
}

bool rekey_is_recovery(const struct request *r)
{
	return !strncmp(r->path, "sys/rekey-recovery-key/", 23);
}

struct rekey *rekey_of(struct request *r)
{
	return &r->core->seal->rekeys[rekey_is_recovery(r)];
}

int rekey_refuse(struct request *r)
{
	int err = seal_load(r->core->seal);

	if (err == -ENOENT)
		return refuse(r, 400, "server is not yet initialized");
	if (err) {
		r->failed = err;
		return 500;
	}
	if (rekey_is_recovery(r) && !seal_is_recovery(r->core->seal))
		return refuse(r, 400, "recovery rekeying not supported");
	return refuse_sealed(r);
}

static int rekey_status(struct request *r)
{
	const struct rekey *k = rekey_of(r);
	struct json_writer *w = reply_data(r);

	json_put_string(w, "nonce", k->shares.nonce);
	json_put_bool(w, "started", k->shares.nonce[0]);
	json_put_u64(w, "t", k->quorum.threshold);
	json_put_u64(w, "n", k->quorum.shares);
	json_put_u64(w, "progress", k->shares.count);
	json_put_u64(w, "required", r->core->seal->record.threshold);
	rekey_put_fingerprints(w, k);
	json_put_bool(w, "backup", k->backup);
	json_put_bool(w, "verification_required", k->verify);
	if (k->verification.nonce[0])
		json_put_string(w, "verification_nonce", k->verification.nonce);
	return 200;
}

static int rekey_read(struct request *r)
{
	int status = rekey_refuse(r);

	return status ? status : rekey_status(r);
}

static unsigned int ask_count(struct request *r, const char *name)
{
	int64_t n = ask_int(r, name, 0);

	return n < 0 ? 0 : n > 1000 ? 1000 : (unsigned int)n;
}

/* A barrier that its seal opens has one key, which nobody is given. */
static int rekey_ask_of_seal(struct request *r, struct quorum *q)
{
	if (q->pgp_keys.count)
		return refuse(r, 400,
			      "PGP key encryption not supported when rekeying the barrier key with recovery keys");
	if (ask_bool(r, "backup", false))
		return refuse(r, 400, "key backup not supported when rekeying the barrier key with recovery keys");
	if (ask_bool(r, "require_verification", false))
		return refuse(r, 400,
			      "requiring verification not supported when rekeying the barrier key with recovery keys");
	q->shares = q->threshold = 1;
	return 0;
}

static int rekey_ask(struct request *r, struct quorum *q)
{
	bool recovery = rekey_is_recovery(r);
	const char *wrong;
	int status = 0;

	q->shares = ask_count(r, "secret_shares");
	q->threshold = ask_count(r, "secret_threshold");
	q->pgp_keys = ask_list(r, "pgp_keys");
	if (ask_bool(r, "backup", false) && !q->pgp_keys.count)
		return refuse(r, 400,
			      "cannot request a backup of the new keys without providing PGP keys for encryption");
	if (q->pgp_keys.count && q->pgp_keys.count != q->shares)
		return refuse(r, 400, "incorrect number of PGP keys for rekey");
	if (!recovery && seal_is_recovery(r->core->seal))
		status = rekey_ask_of_seal(r, q);
	if (status)
		return status;
	wrong = quorum_check(q, false, &r->pool);
	return wrong ? refuse(r, 400, "invalid rekey seal configuration: %s", wrong) : 0;
}

static int rekey_begin(struct request *r)
{
	struct rekey *k = rekey_of(r);
	struct quorum q;
	int status = rekey_refuse(r);

	if (!status)
		status = rekey_ask(r, &q);
	if (status)
		return status;
	if (k->shares.nonce[0])
		return refuse(r, 400, "rekey already in progress");
	k->quorum = (struct quorum){ q.shares, q.threshold, { NULL, 0 } };
	for (size_t i = 0; i < q.pgp_keys.count; i++) {
		const char *fingerprint = "";

		(void)!pgp_check(q.pgp_keys.at[i], &k->pool, &fingerprint);
		names_add(&k->pool, &k->quorum.pgp_keys, pool_text(&k->pool, q.pgp_keys.at[i]));
		names_add(&k->pool, &k->fingerprints, fingerprint);
	}
	k->backup = ask_bool(r, "backup", false);
	k->verify = ask_bool(r, "require_verification", false);
	gathering_start(&k->shares);
	return rekey_status(r);
}

static int rekey_cancel(struct request *r)
{
	int status = rekey_refuse(r);

	if (status)
		return status;
	rekey_end(rekey_of(r));
	return 204;
}

/* Make the quorum of share_key the one that counts. */
static int rekey_perform(struct request *r, const struct secret_key *share_key, bool new_root)
{
	struct seal *s = r->core->seal;
	_cleanup_key_ struct secret_key root_key = { .size = SECRET_KEY_MAX };
	struct seal_record record = s->record;
	const struct rekey *k = rekey_of(r);
	struct blob text;
	int err = 0;

	if (new_root)
		random_bytes(root_key.bytes, SECRET_KEY_MAX);
	else
		err = barrier_root_key(s->core->barrier, &root_key);
	if (err)
		return err;
	if (rekey_is_recovery(r) || !s->way->key) {
		record.shares = k->quorum.shares;
		record.threshold = k->quorum.threshold;
	}
	key_wrap(&root_key, share_key, LABEL_SHARES, &record.by_shares);
	if (s->way->key)
		key_wrap(&root_key, &s->key, LABEL_SEAL, &record.by_seal);
	text = record_write(&record, &r->pool);
	err = new_root ? barrier_rekey(s->core->barrier, &root_key, text) : barrier_configure(s->core->barrier, text);
	if (!err)
		s->record = record;
	return err;
}

static int rekey_done(struct request *r, const struct secret_key *share_key)
{
	int err = rekey_perform(r, share_key, !rekey_is_recovery(r));

	if (err) {
		r->failed = err;
		return 500;
	}
	rekey_end(rekey_of(r));
	return 200;
}

/* Enough shares of the old quorum: they are proved, and a new quorum is made. */
static int rekey_finish(struct request *r, struct rekey *k)
{
	_cleanup_key_ struct secret_key old = { .size = 0 }, root_key = { .size = 0 }, share_key = { .size = 0 };
	struct seal *s = r->core->seal;
	bool shown = rekey_is_recovery(r) || !s->way->key;
	struct share shares[SHARES_MAX];
	int status, err = gathering_combine(&k->shares, s->record.threshold, &old);

	if (err || !seal_root_of_shares(s, &old, &root_key) || !barrier_is_root_key(r->core->barrier, &root_key))
		return refuse(r, 400, "%s key verification failed: the shares do not make the key of this server",
			      seal_is_recovery(s) ? "recovery" : "root");
	if (!shown)
		return rekey_reply(r, k, NULL) == 200 ? rekey_done(r, &old) : 500;
	err = quorum_make(&k->quorum, &share_key, shares);
	if (err) {
		r->failed = err;
		return 500;
	}
	if (k->verify) {
		k->share_key = share_key;
		gathering_start(&k->verification);
	}
	status = rekey_reply(r, k, shares);
	mem_wipe(shares, sizeof(shares));
	return status != 200 || k->verify ? status : rekey_done(r, &share_key);
}

static int rekey_update(struct request *r)
{
	bool recovery = rekey_is_recovery(r);
	struct rekey *k = rekey_of(r);
	struct share share;
	int status = rekey_refuse(r), err;

	if (!status)
		status = ask_share(r, "'key' must be specified in request body as JSON", &share);
	if (status)
		return status;
	if (!k->shares.nonce[0])
		return refuse(r, 400, "no %s rekey in progress", recovery ? "recovery" : "barrier");
	if (k->verification.nonce[0])
		return refuse(r, 400, "rekey operation already finished; verification must be performed; nonce for the "
			      "verification operation is \"%s\"", k->verification.nonce);
	if (strcmp(ask_text_or(r, "nonce", ""), k->shares.nonce) != 0)
		return refuse(r, 400, "incorrect nonce supplied; nonce for this rekey operation is \"%s\"",
			      k->shares.nonce);
	err = gathering_add(&k->shares, &share);
	mem_wipe(&share, sizeof(share));
	if (err)
		return refuse(r, 400, "given key has already been provided during this %s operation",
			      recovery ? "rekey" : "generation");
	return k->shares.count < r->core->seal->record.threshold ? rekey_status(r) : rekey_finish(r, k);
}

static int verify_status(struct request *r)
{
	const struct rekey *k = rekey_of(r);
	struct json_writer *w = reply_data(r);

	json_put_string(w, "nonce", k->verification.nonce);
	json_put_bool(w, "started", k->verification.nonce[0]);
	json_put_u64(w, "t", k->quorum.threshold);
	json_put_u64(w, "n", k->quorum.shares);
	json_put_u64(w, "progress", k->verification.count);
	return 200;
}

static int verify_read(struct request *r)
{
	int status = rekey_refuse(r);

	if (status)
		return status;
	return rekey_of(r)->shares.nonce[0] ? verify_status(r) : refuse(r, 400, "no rekey configuration found");
}

static int verify_cancel(struct request *r)
{
	struct rekey *k = rekey_of(r);
	int status = rekey_refuse(r);

	if (status)
		return status;
	if (!k->shares.nonce[0])
		return refuse(r, 400, "no rekey configuration found");
	if (k->verification.nonce[0])
		gathering_start(&k->verification);
	return verify_status(r);
}

static int verify_finish(struct request *r, struct rekey *k)
{
	_cleanup_key_ struct secret_key shown = { .size = 0 }, share_key = k->share_key;
	const char *nonce = pool_text(&r->pool, k->verification.nonce);
	int status, err = gathering_combine(&k->verification, k->quorum.threshold, &shown);

	if (err || shown.size != share_key.size || !mem_equal_secret(shown.bytes, share_key.bytes, shown.size))
		return refuse(r, 400, "rekey verification failed; incorrect key shares supplied");
	status = rekey_done(r, &share_key);
	if (status == 200) {
		json_put_string(reply_data(r), "nonce", nonce);
		json_put_bool(reply_data(r), "complete", true);
	}
	return status;
}

static int verify_update(struct request *r)
{
	struct rekey *k = rekey_of(r);
	struct share share;
	int status = rekey_refuse(r), err;

	if (!status)
		status = ask_share(r, "'key' must be specified in request body as JSON", &share);
	if (status)
		return status;
	if (!k->shares.nonce[0])
		return refuse(r, 400, "no rekey in progress");
	if (!k->verification.nonce[0])
		return refuse(r, 400, "no rekey verification in progress");
	if (strcmp(ask_text_or(r, "nonce", ""), k->verification.nonce) != 0)
		return refuse(r, 400, "incorrect nonce supplied; nonce for this verify operation is \"%s\"",
			      k->verification.nonce);
	err = gathering_add(&k->verification, &share);
	mem_wipe(&share, sizeof(share));
	if (err)
		return refuse(r, 400, "given key has already been provided during this verify operation");
	return k->verification.count < k->quorum.threshold ? verify_status(r) : verify_finish(r, k);
}

static const struct field init_fields[] = {
	{ "secret_shares", FIELD_INT, "how many shares there shall be" },
	{ "secret_threshold", FIELD_INT, "how many of them shall be needed" },
	{ "pgp_keys", FIELD_LIST, "OpenPGP keys in base64, one a share, to encrypt it to" },
	{ "backup", FIELD_BOOL, "keep the encrypted shares for rekey/backup" },
	{ "require_verification", FIELD_BOOL, "the new shares count only when they have been shown" },
	{ NULL },
};

#define REKEY (ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_EXCLUSIVE)
#define REKEY_ROUTES(prefix, what) \
	{ prefix "/init", REKEY, .read = rekey_read, .update = rekey_begin, .delete = rekey_cancel, \
	  .fields = init_fields, .text = "begin to replace the " what ", or see how far it is" }, \
	{ prefix "/update", REKEY, .update = rekey_update, .fields = seal_share_fields, \
	  .text = "give one present share" }, \
	{ prefix "/verify", REKEY, .read = verify_read, .update = verify_update, .delete = verify_cancel, \
	  .fields = seal_share_fields, .text = "show one new share" }

static const struct route routes[] = {
	REKEY_ROUTES("rekey", "unseal shares"),
	REKEY_ROUTES("rekey-recovery-key", "recovery shares"),
};
const struct route_table seal_rekey_tables[] = { ROUTES(routes), { NULL } };
