/* Granting leases, ending them, and what memory keeps of them. */
#include <stdlib.h>
#include <string.h>

#include "server/core/backend.h"
#include "server/lease/leases.h"
#include "server/token/tokens.h"

void after_add(struct request *r, enum after_kind kind, const char *id, const char *of, int64_t at)
{
	struct after *a = pool_take(&r->pool, sizeof(*a));

	*a = (struct after){ r->after, kind, id, of, at };
	r->after = a;
}

/* -- granting -- */

/* The lease of a batch token's secret ends with the token: nothing else would end it. */
static int64_t lease_end(const struct request *r, int64_t expires)
{
	const struct token *t = r->token;

	if (t && t->type == TOKEN_BATCH && t->expires && t->expires < expires)
		expires = t->expires;
	if (t && t->not_after && t->not_after < expires)
		expires = t->not_after;
	return expires;
}

int lease_grant(struct request *r)
{
	const struct lease_wish *wish = r->reply.lease;
	struct ttl_question question = {
		.ttl = wish->ttl, .max_ttl = wish->max_ttl, .default_ttl = mount_default_ttl(r->core, r->mount),
		.limit = mount_max_ttl(r->core, r->mount), .issued = request_seconds(r),
	};
	const char *holder = !r->token ? NULL : r->token->type == TOKEN_BATCH ? r->token->parent : r->token->hash;
	struct lease lease = {
		.path = r->path, .token_hash = holder, .mount_accessor = r->mount->accessor,
		.renewable = wish->renewable, .issued = request_seconds(r), .max_ttl = wish->max_ttl,
		.internal = wish->internal,
	};
	uint64_t ttl;

	if (!ttl_decide(r, &question, &ttl))
		return refuse(r, 400, "past the max TTL, cannot renew");
	lease.expires = lease_end(r, lease.issued + (int64_t)ttl);
	if (lease.expires <= lease.issued)
		return refuse(r, 403, "permission denied");
	lease.id = pool_printf(&r->pool, "%s/%s", r->path, pool_base62(&r->pool, LEASE_RANDOM));
	lease_put(r, &lease);
	if (holder)
		entry_put(r, &leases_view, lease_token_key(r, holder, lease.id), lease.id, strlen(lease.id));
	after_add(r, AFTER_LEASE_MADE, lease.id, NULL, lease.expires);
	r->reply.lease_id = lease.id;
	r->reply.lease_duration = (uint64_t)(lease.expires - lease.issued);
	r->reply.lease_renewable = lease.renewable;
	return 200;
}

static const char *lease_id_of_token(struct request *r, const struct token *t)
{
	return pool_printf(&r->pool, "%s/h%s", t->path, t->hash);
}

void lease_of_token(struct request *r, const struct token *t, const struct mount *m)
{
	struct lease lease = {
		.id = lease_id_of_token(r, t), .path = t->path, .token_hash = t->hash,
		.mount_accessor = m ? m->accessor : t->mount_accessor, .is_token = true, .renewable = t->renewable,
		.issued = t->created, .expires = t->expires, .renewed = t->renewed,
	};

	lease_put(r, &lease);
	after_add(r, t->renewed ? AFTER_LEASE_DUE : AFTER_LEASE_MADE, lease.id, NULL, t->expires);
}

void lease_of_token_drop(struct request *r, const struct token *t)
{
	struct lease lease = { .id = lease_id_of_token(r, t), .is_token = true };

	if (t->expires)
		lease_drop(r, &lease);
}

/* -- ending -- */

static bool backend_revoke(struct request *r, const struct lease *lease)
{
	struct mount *m = lease->mount_accessor ? mount_of_accessor(r->core, lease->mount_accessor) : NULL;

	if (!m) {
		refuse(r, 400, "no mount has the accessor of this lease");
		return false;
	}
	return !m->backend->revoke || m->backend->revoke(r, m, pool_read_json(&r->pool,
		lease->internal.size ? (const char *)lease->internal.at : "{}",
		lease->internal.size ? lease->internal.size : 2, &(struct text_error){ 0 }));
}

bool lease_revoke(struct request *r, const char *id, bool force)
{
	struct names errors = r->reply.errors;
	struct lease *lease = lease_find(r, id);

	if (!lease)
		return !r->failed;
	if (lease->is_token) {
		lease_drop(r, lease);
		token_revoke(r, lease->token_hash);
		return !r->failed;
	}
	entry_lock(r, LOCK_LEASE, &leases_view, id);
	lease = lease_find(r, id);
	if (!lease)
		return !r->failed;
	if (!backend_revoke(r, lease) && !force)
		return false;
	if (force)
		r->reply.errors = errors;
	lease_drop(r, lease);
	return !r->failed;
}

/* One that cannot be ended now is nobody's any more, and due at once: the queue goes on trying. */
static void lease_orphan(struct request *r, const char *id)
{
	struct lease *lease = lease_find(r, id);

	if (!lease)
		return;
	lease->token_hash = NULL;
	lease->renewable = false;
	lease->expires = request_seconds(r);
	lease_put(r, lease);
	after_add(r, AFTER_LEASE_DUE, id, NULL, lease->expires);
}

void lease_revoke_token(struct request *r, const char *token_hash)
{
	const char *folder = pool_printf(&r->pool, "token/%s/", token_hash);
	struct names names = entry_list(r, &leases_view, folder);

	for (size_t i = 0; i < names.count && !r->failed; i++) {
		const char *key = pool_printf(&r->pool, "%s%s", folder, names.at[i]), *id;
		struct names errors = r->reply.errors;
		struct blob value;

		if (!entry_get(r, &leases_view, key, &value))
			continue;
		id = pool_copy(&r->pool, (const char *)value.at, value.size);
		if (!lease_revoke(r, id, false))
			lease_orphan(r, id);
		r->reply.errors = errors;
		entry_delete(r, &leases_view, key);
	}
}

/* Those that fail are tried again by the queue. False: some did. */
static bool revoke_some(struct request *r, const char *const *ids, size_t count, bool force)
{
	bool all = true;

	for (size_t i = 0; i < count && !r->failed; i++) {
		struct names errors = r->reply.errors;

		if (lease_revoke(r, ids[i], force))
			continue;
		all = false;
		lease_orphan(r, ids[i]);
		r->reply.errors = errors;
	}
	return all;
}

/*
 * There may be more of them than a transaction should hold, so they end in several. What fails together (locks that
 * others hold) is tried one by one.
 */
static bool revoke_together(struct core *core, const char *const *ids, size_t count, bool force, int *failed)
{
	_cleanup_request_ struct request own = { .core = NULL };
	bool all;

	request_begin(&own, core);
	all = revoke_some(&own, ids, count, force);
	*failed = request_commit(&own) ? 0 : own.failed;
	if (!*failed)
		leases_committed(&own);
	return all && !*failed;
}

bool lease_revoke_prefix(struct request *r, const char *prefix, bool force)
{
	size_t size = strlen(prefix), step;
	const char *folder = size && prefix[size - 1] != '/' ? pool_printf(&r->pool, "%s/", prefix) : prefix;
	struct names ids = lease_ids(r, folder);
	bool all = true;

	for (size_t i = 0; i < ids.count && !r->failed; i += step) {
		bool good;
		int failed;

		step = ids.count - i < LEASE_TOGETHER ? ids.count - i : LEASE_TOGETHER;
		good = revoke_together(r->core, ids.at + i, step, force, &failed);
		if (failed) {
			good = true;
			for (size_t n = 0; n < step && !r->failed; n++)
				good &= revoke_together(r->core, ids.at + i + n, 1, force, &r->failed);
		}
		all &= good;
	}
	return all && !r->failed;
}

/* -- memory -- */

static void after_do(struct request *r, const struct after *a)
{
	struct leases *q = r->core->leases;

	if (!q || !r->core->tokens) /* init makes a token while sealed: nothing is in memory yet */
		return;
	switch (a->kind) {
	case AFTER_TOKEN_CHANGED:
		token_cache_drop(r->core->tokens->cache, a->id);
		break;
	case AFTER_TOKEN_GONE:
		token_gone(r, a->id);
		break;
	case AFTER_CHILD_MADE:
		token_child_made(r, a->id, a->of);
		break;
	case AFTER_LEASE_MADE:
		atomic_fetch_add(&q->leases, 1);
		queue_add(q, a->at, 0, a->id);
		break;
	case AFTER_LEASE_DUE:
		queue_add(q, a->at, 0, a->id);
		break;
	case AFTER_LEASE_GONE:
		if (atomic_load(&q->leases))
			atomic_fetch_sub(&q->leases, 1);
		break;
	}
}

/*
 * Looking again may find more to end, see token/revoke.c: then there is one more commit, and what follows from that.
 * A request that sealed has nothing to tell: memory is gone (initialising ends so).
 */
void leases_committed(struct request *r)
{
	while (r->after && r->core->leases && r->core->tokens) {
		struct after *list = r->after;

		r->after = NULL;
		for (const struct after *a = list; a; a = a->next)
			after_do(r, a);
		if (!r->after)
			return;
		if (!request_commit(r))
			return;
	}
}

size_t leases_count(const struct core *core)
{
	return core->leases ? atomic_load(&core->leases->leases) : 0;
}

int leases_open(struct core *core, struct request *r)
{
	struct leases *q = calloc(1, sizeof(*q));
	int error;

	(void)r;
	if (!q)
		abort();
	q->core = core;
	pthread_mutex_init(&q->mutex, NULL);
	pthread_cond_init(&q->changed, NULL);
	core->leases = q;
	error = -pthread_create(&q->thread, NULL, expire_thread, q);
	q->running = !error;
	return error;
}

void leases_close(struct core *core)
{
	struct leases *q = core->leases;

	if (!q)
		return;
	atomic_store(&q->stop, true);
	pthread_mutex_lock(&q->mutex);
	pthread_cond_signal(&q->changed);
	pthread_mutex_unlock(&q->mutex);
	if (q->running)
		pthread_join(q->thread, NULL);
	queue_free(q);
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->mutex);
	free(q);
	core->leases = NULL;
}
