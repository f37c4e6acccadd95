/* What signs, parsed once: the mount's set of issuers, keys and configuration. Guards: see pki.h. */
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/crl.h"

static struct names copy_names(struct pool *pool, const struct json *object, const char *name)
{
	return names_read(pool, json_member(object, name));
}

static const char *text_or(struct pool *pool, const struct json *object, const char *name, const char *otherwise)
{
	const char *text = pool_json_member(pool, object, name);

	return text ? text : pool_text(pool, otherwise);
}

static void urls_read(struct pool *pool, const struct json *o, struct pki_urls *urls)
{
	urls->issuing_certificates = copy_names(pool, o, "issuing_certificates");
	urls->crl_distribution_points = copy_names(pool, o, "crl_distribution_points");
	urls->delta_crl_distribution_points = copy_names(pool, o, "delta_crl_distribution_points");
	urls->ocsp_servers = copy_names(pool, o, "ocsp_servers");
	urls->templating = json_true(json_member(o, "enable_templating"));
}

static int64_t seconds_of(const char *text)
{
	int64_t nanoseconds;

	return duration_read(text, &nanoseconds) ? nanoseconds / 1000000000 : 0;
}

static void crl_read(struct pool *pool, const struct json *o, struct pki_crl_config *c)
{
	c->expiry = text_or(pool, o, "expiry", "72h");
	c->ocsp_expiry = text_or(pool, o, "ocsp_expiry", "12h");
	c->auto_rebuild_grace_period = text_or(pool, o, "auto_rebuild_grace_period", "12h");
	c->delta_rebuild_interval = text_or(pool, o, "delta_rebuild_interval", "15m");
	c->expiry_seconds = seconds_of(c->expiry);
	c->ocsp_seconds = seconds_of(c->ocsp_expiry);
	c->grace_seconds = seconds_of(c->auto_rebuild_grace_period);
	c->delta_seconds = seconds_of(c->delta_rebuild_interval);
	c->disable = json_true(json_member(o, "disable"));
	c->ocsp_disable = json_true(json_member(o, "ocsp_disable"));
	c->auto_rebuild = json_true(json_member(o, "auto_rebuild"));
	c->enable_delta = json_true(json_member(o, "enable_delta"));
}

static void set_read_config(struct request *r, struct pki_set *set)
{
	const struct view *view = &r->mount->view;
	const struct json *o = entry_read(r, view, "config/issuers");

	set->default_issuer = text_or(&set->pool, o, "default", "");
	set->follows_latest = json_true(json_member(o, "default_follows_latest_issuer"));
	set->default_key = text_or(&set->pool, entry_read(r, view, "config/keys"), "default", "");
	urls_read(&set->pool, entry_read(r, view, "config/urls"), &set->urls);
	o = entry_read(r, view, "config/crl");
	crl_read(&set->pool, o, &set->crl);
	set->allow_expired = json_true(json_member(o, "allow_expired_cert_revocation"));
	o = entry_read(r, view, "config/cluster");
	set->cluster_path = text_or(&set->pool, o, "path", "");
	set->cluster_aia_path = text_or(&set->pool, o, "aia_path", "");
}

static void set_read_keys(struct request *r, struct pki_set *set)
{
	struct names ids = entry_list(r, &r->mount->view, "key/");

	set->keys = pool_take(&set->pool, (ids.count + 1) * sizeof(*set->keys));
	for (size_t i = 0; i < ids.count; i++) {
		const struct json *o = entry_read(r, &r->mount->view, pool_printf(&r->pool, "key/%s", ids.at[i]));
		struct pki_key *key = &set->keys[set->key_count];
		const char *base64 = pool_json_member(&set->pool, o, "private_key");
		struct blob der;

		if (!base64 || !pool_base64_read(&set->pool, base64, &der) || !pki_key_read(&set->pool, der, key))
			continue;
		key->id = pool_text(&set->pool, ids.at[i]);
		key->name = text_or(&set->pool, o, "name", "");
		set->key_count++;
	}
}

static bool issuer_read(struct pki_set *set, const struct json *o, struct pki_issuer *issuer)
{
	const char *base64 = pool_json_member(&set->pool, o, "certificate");
	const struct json *urls = json_member_of(o, "urls", JSON_OBJECT);
	struct blob der;
	uint64_t usage;

	if (!base64 || !pool_base64_read(&set->pool, base64, &der) ||
	    !pki_cert_read(&set->pool, der, &issuer->cert))
		return false;
	issuer->pem = pki_pem(&set->pool, "CERTIFICATE", der);
	issuer->name = text_or(&set->pool, o, "name", "");
	issuer->key_id = text_or(&set->pool, o, "key_id", "");
	issuer->manual_chain = copy_names(&set->pool, o, "manual_chain");
	issuer->leaf_not_after_behavior = text_or(&set->pool, o, "leaf_not_after_behavior", "err");
	issuer->revocation_algorithm = text_or(&set->pool, o, "revocation_signature_algorithm", "");
	issuer->usage = json_member(o, "usage") && json_u64(json_member(o, "usage"), &usage) ?
		(unsigned int)usage : PKI_READ_ONLY;
	issuer->revoked = json_member(o, "revoked_at") && json_i64(json_member(o, "revoked_at"), &issuer->revoked_at);
	issuer->has_urls = urls;
	if (urls)
		urls_read(&set->pool, urls, &issuer->urls);
	for (size_t i = 0; i < set->key_count; i++)
		if (!strcmp(set->keys[i].id, issuer->key_id))
			issuer->key = &set->keys[i];
	return true;
}

/* Which list its revocations are on: the first half of SHA-256 over subject and key. */
static void issuer_crl(struct pool *pool, struct pki_issuer *issuer)
{
	const struct pki_cert *c = &issuer->cert;
	size_t size = c->subject.size + c->spki.size;
	uint8_t *both = pool_take(pool, size), digest[32];
	unsigned int got;

	memcpy(both, c->subject.at, c->subject.size);
	memcpy(both + c->subject.size, c->spki.at, c->spki.size);
	if (pki_digest("SHA256", (struct blob){ both, size }, digest, &got))
		memcpy(issuer->crl, pool_hex(pool, digest, 16), sizeof(issuer->crl));
}

static bool chain_has(const struct pki_issuer *of, const struct pki_issuer *issuer)
{
	for (size_t i = 0; i < of->chain_count; i++)
		if (of->chain[i] == issuer)
			return true;
	return false;
}

static const struct pki_issuer *issuer_of_id(const struct pki_set *set, const char *id)
{
	for (size_t i = 0; i < set->issuer_count; i++)
		if (!strcmp(set->issuers[i].id, id))
			return &set->issuers[i];
	return NULL;
}

/* As it was said, or from each to who signed it; never twice over the same. */
static void issuer_chain(struct pki_set *set, struct pki_issuer *issuer)
{
	const struct pki_issuer *at = issuer, *next;

	issuer->chain = pool_take(&set->pool, (set->issuer_count + 1) * sizeof(*issuer->chain));
	issuer->chain[issuer->chain_count++] = issuer;
	for (size_t i = 0; i < issuer->manual_chain.count; i++) {
		next = issuer_of_id(set, issuer->manual_chain.at[i]);
		if (next && !chain_has(issuer, next))
			issuer->chain[issuer->chain_count++] = next;
	}
	while (!issuer->manual_chain.count && !pki_cert_signed_by(&at->cert, &at->cert)) {
		next = NULL;
		for (size_t i = 0; !next && i < set->issuer_count; i++)
			if (!chain_has(issuer, &set->issuers[i]) &&
			    pki_cert_signed_by(&at->cert, &set->issuers[i].cert))
				next = &set->issuers[i];
		if (!next)
			return;
		issuer->chain[issuer->chain_count++] = at = next;
	}
}

static void set_read_issuers(struct request *r, struct pki_set *set)
{
	struct names ids = entry_list(r, &r->mount->view, "issuer/");

	set->issuers = pool_take(&set->pool, (ids.count + 1) * sizeof(*set->issuers));
	for (size_t i = 0; i < ids.count; i++) {
		const struct json *o = entry_read(r, &r->mount->view, pool_printf(&r->pool, "issuer/%s", ids.at[i]));
		struct pki_issuer *issuer = &set->issuers[set->issuer_count];

		if (!o || !issuer_read(set, o, issuer))
			continue;
		issuer->id = pool_text(&set->pool, ids.at[i]);
		issuer_crl(&set->pool, issuer);
		set->issuer_count++;
	}
	for (size_t i = 0; i < set->issuer_count; i++)
		issuer_chain(set, &set->issuers[i]);
}

static struct pki_set *set_read(struct request *r, uint64_t generation)
{
	struct pki_set *set = calloc(1, sizeof(*set));

	if (!set)
		abort();
	atomic_store(&set->references, 1);
	pool_init(&set->pool);
	set->generation = generation;
	set_read_config(r, set);
	set_read_keys(r, set);
	set_read_issuers(r, set);
	return set;
}

struct pki_set *pki_take(struct request *r)
{
	struct pki *pki = r->mount->state;
	struct pki_set *set;
	uint64_t generation;

	pthread_mutex_lock(&pki->lock);
	set = pki->current;
	if (set)
		atomic_fetch_add(&set->references, 1);
	generation = pki->generation;
	pthread_mutex_unlock(&pki->lock);
	if (set)
		return set;
	set = set_read(r, generation);
	/* Kept only where nothing changed while it was read: else it may be of before and after. */
	pthread_mutex_lock(&pki->lock);
	if (!pki->current && pki->generation == generation && !r->failed) {
		pki->current = set;
		atomic_fetch_add(&set->references, 1);
	}
	pthread_mutex_unlock(&pki->lock);
	return set;
}

void pki_give(struct pki_set **at)
{
	struct pki_set *set = *at;

	*at = NULL;
	if (!set || atomic_fetch_sub(&set->references, 1) != 1)
		return;
	for (size_t i = 0; i < set->issuer_count; i++)
		pki_cert_close(&set->issuers[i].cert);
	for (size_t i = 0; i < set->key_count; i++)
		pki_key_close(&set->keys[i]);
	pool_close(&set->pool);
	free(set);
}

void pki_forget(struct pki *pki)
{
	struct pki_set *set;

	pthread_mutex_lock(&pki->lock);
	set = pki->current;
	pki->current = NULL;
	pki->generation++;
	pthread_mutex_unlock(&pki->lock);
	pki_give(&set);
}

struct pki_set *pki_take_locked(struct request *r)
{
	entry_lock(r, LOCK_ENGINE, &r->mount->view, "issuers");
	return pki_take(r);
}

bool pki_changed(struct request *r)
{
	struct pki *pki = r->mount->state;
	bool done = request_commit(r);

	/* Also where it failed: who knows what the store has then. */
	pki_forget(pki);
	pki_book_expire(pki->book); /* what signs, and how long, may be another now */
	return done;
}
