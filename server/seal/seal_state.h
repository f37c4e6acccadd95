/*
 * What the files of the seal share. All of it is guarded by the core's lock: who changes it holds it for writing
 * (ROUTE_EXCLUSIVE), who reads it for reading.
 */
#ifndef ADYTON_SERVER_SEAL_SEAL_STATE_H
#define ADYTON_SERVER_SEAL_SEAL_STATE_H

#include "server/core/core.h"
#include "server/seal/gather.h"
#include "server/seal/record.h"
#include "server/seal/seal.h"

#define LABEL_SHARES "adyton root key under shares"
#define LABEL_SEAL "adyton root key under the seal"

/* One way of keeping the root key. */
struct seal_way {
	const char *type;
	/* The seal's own key; NULL: people bring the shares of it. An error names what was read. */
	int (*key)(const struct config *config, struct secret_key *key, char *error, size_t size);
};
extern const struct seal_way seal_static, seal_enclave;

/* What a new quorum is asked to be. */
struct quorum {
	unsigned int shares, threshold;
	struct names pgp_keys;
};

struct rekey {
	struct gathering shares;       /* its nonce: whether one runs */
	struct quorum quorum;          /* the new one */
	bool backup, verify;
	struct names fingerprints;
	struct pool pool;              /* of the names */
	struct gathering verification; /* its nonce: whether it has come to that */
	struct secret_key share_key;   /* the new one, until its shares have been shown */
};

struct seal {
	struct core *core;
	const struct seal_way *way;
	struct secret_key key;      /* of a way that has one */
	bool recorded;              /* record is what the store has */
	struct seal_record record;
	struct gathering unsealing;
	char accepting[48];         /* the loss that all of its shares name; "": none */
	struct rekey rekeys[2];     /* [recovery] */
	struct {
		struct gathering shares;
		char otp[64];       /* "" with a PGP key */
		const char *pgp_key, *fingerprint;
		struct pool pool;
	} generation;
};

/* Read the record unless that was done: 0, -ENOENT (not initialised), -errno. */
must_check int seal_load(struct seal *s);
/* A copy of it, for who holds the lock for reading only. */
must_check int seal_peek(const struct seal *s, struct seal_record *record);
/* Open the barrier and the core; as barrier_unseal_loss(). */
must_check int seal_open(struct seal *s, const struct secret_key *root_key, const struct barrier_loss *accepted,
			 struct barrier_loss *found);
/* The root key under what the shares make; false: they are not the shares. */
must_check bool seal_root_of_shares(const struct seal *s, const struct secret_key *share_key,
				    struct secret_key *root_key);

/* NULL, or why it cannot be; `none`: nobody may hold a share. */
const char *quorum_check(const struct quorum *q, bool none, struct pool *pool);
/* A random key and its shares, count of them, hex as users see them and encrypted where there are PGP keys. */
must_check int quorum_make(const struct quorum *q, struct secret_key *key, struct share *shares);

/* Answer members "keys" and "keys_base64" (named `name` and `name`_base64); with PGP keys the shares are sealed. */
int reply_shares(struct request *r, struct json_writer *w, const char *name, const struct quorum *q,
		 const struct share *shares);
/* The body's share: 0, or a status refused. */
int ask_share(struct request *r, const char *missing, struct share *s);
extern const struct field seal_share_fields[]; /* of routes that take one */
/* A 503 where the server is sealed, else 0. */
int refuse_sealed(struct request *r);
int refuse_not_initialized(struct request *r, int err); /* of -ENOENT; 500 for others */
void rekey_end(struct rekey *k);
void generation_end(struct seal *s);

/* Initialise: the record is written last. share_key of size 0: no shares. */
must_check int seal_initialize(struct request *r, const struct quorum *q, struct share *shares, bool dev,
			       const char *token_id, const char **token);

extern const struct route_table seal_init_tables[], seal_status_tables[], seal_key_tables[], seal_rekey_tables[],
	seal_backup_tables[], seal_root_tables[], seal_leader_tables[];

#endif
