/* sys/init: once, whoever comes first. */
#include <errno.h>
#include <string.h>

#include "server/seal/pgp.h"
#include "server/seal/seal_state.h"

static const struct field fields[] = {
	{ "secret_shares", FIELD_INT, "how many shares the unseal key is split into" },
	{ "secret_threshold", FIELD_INT, "how many of them open the server" },
	{ "pgp_keys", FIELD_LIST, "OpenPGP keys in base64, one a share, to encrypt it to" },
	{ "recovery_shares", FIELD_INT, "the same for a seal that opens by itself" },
	{ "recovery_threshold", FIELD_INT, "the same for a seal that opens by itself" },
	{ "recovery_pgp_keys", FIELD_LIST, "the same for a seal that opens by itself" },
	{ "root_token_pgp_key", FIELD_STRING, "an OpenPGP key in base64 to encrypt the root token to" },
	{ "stored_shares", FIELD_INT, "of Vault's HSM seals; does nothing" },
	{ NULL },
};

static int init_read(struct request *r)
{
	int initialized = barrier_initialized(r->core->barrier);

	if (initialized < 0) {
		r->failed = initialized;
		return 500;
	}
	json_put_bool(reply_data(r), "initialized", initialized);
	return 200;
}

/* The parameters of the other kind of seal, by name; NULL: there are none. */
static const char *init_misplaced(struct request *r, bool recovery)
{
	static const char *const barrier_names[] = { "secret_shares", "secret_threshold", "pgp_keys" };
	static const char *const recovery_names[] = { "recovery_shares", "recovery_threshold", "recovery_pgp_keys" };
	const char *const *names = recovery ? barrier_names : recovery_names, *found = NULL;

	for (size_t i = 0; i < 3; i++) {
		bool given = i < 2 ? ask_int(r, names[i], 0) != 0 : ask_list(r, names[i]).count != 0;

		if (given)
			found = found ? pool_printf(&r->pool, "%s,%s", found, names[i]) : names[i];
	}
	return found;
}

static unsigned int ask_count(struct request *r, const char *name)
{
	int64_t n = ask_int(r, name, 0);

	return n < 0 ? 0 : n > 1000 ? 1000 : (unsigned int)n;
}

static int init_ask(struct request *r, struct quorum *q)
{
	bool recovery = seal_is_recovery(r->core->seal);
	const char *wrong = init_misplaced(r, recovery), *token_key = ask_text(r, "root_token_pgp_key");

	if (wrong)
		return refuse(r, 400, "parameters %s not applicable to seal type %s", wrong, seal_type(r->core->seal));
	q->shares = ask_count(r, recovery ? "recovery_shares" : "secret_shares");
	q->threshold = ask_count(r, recovery ? "recovery_threshold" : "secret_threshold");
	q->pgp_keys = ask_list(r, recovery ? "recovery_pgp_keys" : "pgp_keys");
	wrong = quorum_check(q, recovery, &r->pool);
	if (wrong)
		return refuse(r, 400, "invalid %s configuration: %s", recovery ? "recovery" : "seal", wrong);
	wrong = token_key && *token_key ? pgp_check(token_key, &r->pool, NULL) : NULL;
	return wrong ? refuse(r, 400, "%s", wrong) : 0;
}

static int init_answer(struct request *r, const struct quorum *q, const struct share *shares, const char *token)
{
	bool recovery = seal_is_recovery(r->core->seal);
	const char *key = ask_text_or(r, "root_token_pgp_key", "");
	struct json_writer *w = reply_data(r);
	static const struct quorum nobody;

	if (reply_shares(r, w, "keys", recovery ? &nobody : q, shares))
		return 500;
	if (recovery && q->shares && reply_shares(r, w, "recovery_keys", q, shares))
		return 500;
	if (*key) {
		struct blob sealed = pgp_encrypt(key, token, strlen(token), &r->pool);

		if (!sealed.size)
			return refuse(r, 500, "failed to encrypt the root token");
		token = pool_base64(&r->pool, sealed.at, sealed.size);
	}
	json_put_string(w, "root_token", token);
	return 200;
}

static int init_update(struct request *r)
{
	struct share shares[SHARES_MAX];
	struct quorum q = { .shares = 0 };
	const char *token = NULL;
	int status, err;

	status = init_ask(r, &q);
	if (status)
		return status;
	err = barrier_initialized(r->core->barrier);
	if (err > 0)
		return refuse(r, 400, "Vault is already initialized");
	if (!err)
		err = seal_initialize(r, &q, shares, false, NULL, &token);
	if (err) {
		r->failed = err;
		return 500;
	}
	status = init_answer(r, &q, shares, token);
	mem_wipe(shares, sizeof(shares));
	/* Who must be opened by people starts closed: the shares are proved by using them. */
	if (!seal_is_recovery(r->core->seal))
		seal_now(r->core);
	return status;
}

static const struct route routes[] = {
	{ "init", ROUTE_OPEN | ROUTE_BARE | ROUTE_SEALED | ROUTE_EXCLUSIVE | ROUTE_UNAUDITED, .read = init_read,
	  .update = init_update, .fields = fields, .text = "whether the server is initialised; initialise it" },
};
const struct route_table seal_init_tables[] = { ROUTES(routes), { NULL } };
