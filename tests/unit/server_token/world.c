/* The world of these tests. */
#include "tests/unit/server_token/world.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "server/seal/seal.h"

_Atomic int64_t world_now;
_Atomic int world_failures, world_applies, world_revoked;
_Atomic bool world_refuses;
struct mount *world_mount;

const struct blob *world_certificate;

static int (*real_apply)(struct store *s, const struct change *first);

static int64_t clock_of_the_world(void)
{
	return world_now;
}

static int apply(struct store *s, const struct change *first)
{
	if (world_failures > 0) {
		world_failures--;
		return -EIO;
	}
	world_applies++;
	return real_apply(s, first);
}

static bool revoke(struct request *r, struct mount *m, const struct json *internal)
{
	(void)m;
	assert_true(json_true(json_member(internal, "given")));
	if (world_refuses)
		refuse(r, 500, "the other side does not answer");
	else
		world_revoked++;
	return !world_refuses;
}

static bool renew(struct request *r, struct mount *m, const struct json *internal, uint64_t *ttl, uint64_t *max_ttl)
{
	(void)r;
	(void)m;
	(void)internal;
	*max_ttl = 7200;
	if (*ttl > 5000)
		*ttl = 5000;
	return true;
}

static const struct backend leasing = { .type = "leasing", .class = MOUNT_SECRET, .revoke = revoke, .renew = renew };

static void mount_leasing(struct core *core)
{
	world_mount = calloc(1, sizeof(*world_mount));
	pool_init(&world_mount->pool);
	world_mount->backend = &leasing;
	world_mount->path = "leasing/";
	world_mount->type = "leasing";
	world_mount->accessor = "leasing_1";
	world_mount->uuid = "uuid";
	world_mount->view.prefix = "logical/uuid/";
	list_add_tail(&core->mounts, &world_mount->link);
}

static void unmount_leasing(void)
{
	list_del(&world_mount->link);
	free(world_mount);
	world_mount = NULL;
}

int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *key;
	char error[256];

	world_now = 1800000000LL * 1000000000;
	world_failures = world_applies = world_revoked = 0;
	world_refuses = false;
	pool_init(&w->pool);
	config_dev(&w->config, NULL, "127.0.0.1:0");
	w->store = store_memory();
	real_apply = w->store->apply;
	w->store->apply = apply;
	w->core = core_make(&w->config, w->store, error, sizeof(error));
	assert_non_null(w->core);
	w->core->clock = clock_of_the_world;
	atomic_store(&w->core->clock_floor, 0);
	if (seal_dev(w->core, &w->pool, &key, &w->root, error, sizeof(error)))
		fail_msg("%s", error);
	mount_leasing(w->core);
	while (!atomic_load(&w->core->leases->restored))
		sched_yield();
	*state = w;
	return 0;
}

int world_teardown(void **state)
{
	struct world *w = *state;

	unmount_leasing();
	core_free(w->core);
	w->store->close(w->store);
	config_free(&w->config);
	pool_close(&w->pool);
	free(w);
	return 0;
}

void world_restart(struct world *w)
{
	pthread_rwlock_wrlock(&w->core->lock);
	unmount_leasing();
	core_sealing(w->core);
	assert_int_equal(core_unsealed(w->core), 0);
	mount_leasing(w->core);
	while (!atomic_load(&w->core->leases->restored))
		sched_yield();
	pthread_rwlock_unlock(&w->core->lock);
}

static bool as(struct request *r, struct world *w, const char *token)
{
	request_begin(r, w->core);
	r->token_text = token;
	r->path = "leasing/thing";
	r->rest = "thing";
	r->mount = world_mount;
	return token_authenticate(r);
}

bool world_works(struct world *w, const char *token)
{
	_cleanup_request_ struct request r = { .core = NULL };

	return as(&r, w, token);
}

int world_ask(struct world *w, const char *path, const char *token, const char *body, const struct json **answer)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct text_error error;
	struct blob got;

	request_begin(&r, w->core);
	r.operation = OP_UPDATE;
	r.path = path;
	r.token_text = token;
	r.origin = (struct origin){ .remote_address = "127.0.0.1", .certificates = world_certificate,
				    .certificate_count = world_certificate != NULL };
	r.body = pool_read_json(&r.pool, body, strlen(body), &error);
	core_handle(&r);
	got = core_body(&r);
	if (answer)
		*answer = got.size ? pool_read_json(&w->pool, pool_copy(&w->pool, (const char *)got.at, got.size),
						    got.size, &error)
				   : NULL;
	return r.reply.status;
}

const char *world_token(struct world *w, const char *parent, const char *policy, uint64_t ttl, uint64_t uses)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct token *t;

	assert_true(as(&r, w, parent ? parent : w->root));
	t = pool_take(&r.pool, sizeof(*t));
	*t = (struct token){ .path = "auth/token/create", .num_uses = uses, .renewable = true,
			     .parent = parent ? r.token->hash : NULL };
	names_add(&r.pool, &t->policies, policy);
	if (token_make(&r, t, NULL, ttl) != 200 || !request_commit(&r))
		return NULL;
	leases_committed(&r);
	return pool_text(&w->pool, t->id);
}

bool world_revoke(struct world *w, const char *token)
{
	_cleanup_request_ struct request r = { .core = NULL };

	request_begin(&r, w->core);
	token_revoke(&r, token_hash(&r, token));
	if (!request_commit(&r))
		return false;
	leases_committed(&r);
	return true;
}

const char *world_lease(struct world *w, const char *token, uint64_t ttl)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct lease_wish *wish;

	assert_true(as(&r, w, token));
	wish = reply_lease(&r);
	*wish = (struct lease_wish){ .ttl = ttl, .renewable = true,
				     .internal = { (const uint8_t *)"{\"given\":true}", 14 } };
	if (lease_grant(&r) != 200 || !request_commit(&r))
		return NULL;
	leases_committed(&r);
	return pool_text(&w->pool, r.reply.lease_id);
}

bool world_has_lease(struct world *w, const char *id)
{
	_cleanup_request_ struct request r = { .core = NULL };

	request_begin(&r, w->core);
	return lease_find(&r, id) != NULL;
}
