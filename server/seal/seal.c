#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "server/seal/seal_state.h"
#include "server/token/token.h"

static const struct seal_way seal_shamir = { .type = "shamir" };
static const struct seal_way *const ways[] = { &seal_shamir, &seal_static, &seal_enclave };

/* What the configuration names; without any an old copy of the whole store is not recognised. */
static bool seal_anchor(struct core *core, char *error, size_t size)
{
	const char *type = core->config->anchor_type;
	struct anchor *anchor;

	if (!type)
		return true;
	if (strcmp(type, "tpm") != 0) {
		snprintf(error, size, "anchor: expected the type tpm, found \"%s\"", type);
		return false;
	}
	anchor = anchor_tpm(core->config->anchor_address, error, size);
	if (anchor)
		barrier_set_anchor(core->barrier, anchor);
	return anchor != NULL;
}

struct seal *seal_make(struct core *core, char *error, size_t size)
{
	const char *type = core->config->seal_type ? core->config->seal_type : "shamir";
	struct seal *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->core = core;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(ways[i]->type, type))
			s->way = ways[i];
	if (!s->way)
		snprintf(error, size, "seal: expected the type shamir, static or enclave, found \"%s\"", type);
	if (s->way && !seal_anchor(core, error, size)) {
		seal_free(s);
		return NULL;
	}
	if (!s->way || (s->way->key && s->way->key(core->config, &s->key, error, size))) {
		seal_free(s);
		return NULL;
	}
	return s;
}

void seal_free(struct seal *s)
{
	for (size_t i = 0; i < 2; i++)
		pool_close(&s->rekeys[i].pool);
	pool_close(&s->generation.pool);
	mem_wipe(s, sizeof(*s));
	free(s);
}

bool seal_is_recovery(const struct seal *s)
{
	return s->way->key != NULL;
}

const char *seal_type(const struct seal *s)
{
	return s->way->type;
}

int seal_peek(const struct seal *s, struct seal_record *record)
{
	_cleanup_pool_ struct pool pool = { NULL };
	struct blob text;
	int err;

	pool_init(&pool);
	*record = s->record;
	if (s->recorded)
		return 0;
	err = barrier_config(s->core->barrier, &pool, &text);
	return err ? err : record_read(record, text);
}

int seal_load(struct seal *s)
{
	struct seal_record record;
	int err = seal_peek(s, &record);

	if (!err)
		s->record = record;
	s->recorded = !err;
	return err;
}

bool seal_root_of_shares(const struct seal *s, const struct secret_key *share_key, struct secret_key *root_key)
{
	return key_unwrap(&s->record.by_shares, share_key, LABEL_SHARES, root_key);
}

int seal_open(struct seal *s, const struct secret_key *root_key, const struct barrier_loss *accepted,
	      struct barrier_loss *found)
{
	int err = barrier_unseal_loss(s->core->barrier, root_key, accepted, found);

	if (!err)
		err = core_unsealed(s->core);
	if (err)
		barrier_seal(s->core->barrier);
	return err;
}

void seal_now(struct core *core)
{
	struct seal *s = core->seal;

	core_sealing(core);
	barrier_seal(core->barrier);
	gathering_end(&s->unsealing);
	for (size_t i = 0; i < 2; i++)
		rekey_end(&s->rekeys[i]);
	generation_end(s);
}

/* What the seal alone can do; error says why it could not. */
static int auto_open(struct seal *s, char *error, size_t size)
{
	_cleanup_key_ struct secret_key root_key = { .size = 0 };
	struct barrier_loss loss = { 0, 0 };
	int err;

	if (!key_unwrap(&s->record.by_seal, &s->key, LABEL_SEAL, &root_key)) {
		snprintf(error, size, "unseal: the key of the %s seal does not open this store (made with: %s)",
			 s->way->type, s->record.type);
		return -EACCES;
	}
	err = seal_open(s, &root_key, NULL, &loss);
	if (err == -ESTALE)
		snprintf(error, size, "unseal: the store is at version %llu, its anchor at %llu",
			 (unsigned long long)loss.store, (unsigned long long)loss.anchor);
	else if (err)
		snprintf(error, size, "unseal: %s",
			 err == -EBADMSG ? "the store was changed from outside" : strerror(-err));
	return err;
}

/* Where a quorum could open what the seal alone cannot, the server goes on sealed. */
static int auto_unseal(struct core *core, char *error, size_t size)
{
	struct seal *s = core->seal;
	int err = seal_load(s);

	if (err == -ENOENT || !s->way->key || core->unsealed)
		return 0;
	if (err) {
		snprintf(error, size, "unseal: reading the seal's record: %s", strerror(-err));
		return err;
	}
	err = auto_open(s, error, size);
	if ((err == -EACCES || err == -ESTALE) && s->record.shares) {
		fprintf(stderr, "adyton-server: %s; waiting for recovery shares\n", error);
		return 0;
	}
	return err;
}

int seal_auto_unseal(struct core *core, char *error, size_t size)
{
	int err;

	pthread_rwlock_wrlock(&core->lock);
	err = auto_unseal(core, error, size);
	pthread_rwlock_unlock(&core->lock);
	return err;
}

/*
 * The order matters for a crash in between: only the record, which is last, makes the store an initialised one. Before
 * it a new initialisation starts over.
 */
static int initialize(struct request *r, struct seal *s, const struct secret_key *root_key, bool dev,
		      const char *token_id, const char **token)
{
	_cleanup_pool_ struct pool pool = { NULL };
	int err = barrier_init(s->core->barrier, root_key);

	pool_init(&pool);
	if (!err)
		err = barrier_unseal(s->core->barrier, root_key);
	if (err)
		return err;
	core_first_mounts(r, dev);
	if (!request_commit(r))
		return r->failed;
	err = core_unsealed(s->core);
	if (err)
		return err;
	*token = token_make_root(r, token_id);
	if (!request_commit(r))
		return r->failed;
	return barrier_configure(s->core->barrier, record_write(&s->record, &pool));
}

int seal_initialize(struct request *r, const struct quorum *q, struct share *shares, bool dev, const char *token_id,
		    const char **token)
{
	_cleanup_key_ struct secret_key share_key = { .size = 0 }, root_key = { .size = SECRET_KEY_MAX };
	struct seal *s = r->core->seal;
	int err;

	s->record = (struct seal_record){ .shares = q->shares, .threshold = q->threshold };
	snprintf(s->record.type, sizeof(s->record.type), "%s", s->way->type);
	random_bytes(root_key.bytes, SECRET_KEY_MAX);
	if (q->shares) {
		err = quorum_make(q, &share_key, shares);
		if (err)
			return err;
		key_wrap(&root_key, &share_key, LABEL_SHARES, &s->record.by_shares);
	}
	if (s->way->key)
		key_wrap(&root_key, &s->key, LABEL_SEAL, &s->record.by_seal);
	err = initialize(r, s, &root_key, dev, token_id, token);
	s->recorded = !err;
	if (err)
		seal_now(s->core);
	return err;
}

int seal_dev(struct core *core, struct pool *pool, const char **unseal_key, const char **root_token, char *error,
	     size_t size)
{
	const struct quorum one = { .shares = 1, .threshold = 1 };
	_cleanup_request_ struct request r = { .core = NULL };
	struct share share = { .size = 0 };
	const char *token = NULL;
	int err;

	pthread_rwlock_wrlock(&core->lock);
	request_begin(&r, core);
	err = seal_initialize(&r, &one, &share, true, core->config->dev_root_token, &token);
	pthread_rwlock_unlock(&core->lock);
	if (err) {
		snprintf(error, size, "dev: initialising an empty store: %s", strerror(-err));
		return err;
	}
	*unseal_key = pool_hex(pool, share.bytes, share.size);
	*root_token = pool_text(pool, token);
	mem_wipe(&share, sizeof(share));
	return 0;
}
