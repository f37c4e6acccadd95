/* Tokens: how long they live, what batch tokens resist, trees that end as a whole, uses that are counted exactly. */
#include "tests/unit/server_token/world.h"

#include <openssl/x509.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/sha256.h"

static const struct {
	struct ttl_question question;
	int64_t now; /* after it was issued */
	bool good;
	uint64_t ttl;
} ttl_rows[] = {
	{ { .default_ttl = 100, .limit = 1000 }, 0, true, 100 },
	{ { .ttl = 50, .default_ttl = 100, .limit = 1000 }, 0, true, 50 },
	{ { .increment = 70, .ttl = 50, .default_ttl = 100, .limit = 1000 }, 0, true, 70 },
	{ { .ttl = 5000, .default_ttl = 100, .limit = 1000 }, 0, true, 1000 },
	{ { .ttl = 500, .max_ttl = 200, .default_ttl = 100, .limit = 1000 }, 0, true, 200 },
	{ { .ttl = 500, .max_ttl = 2000, .default_ttl = 100, .limit = 1000 }, 600, true, 400 },
	{ { .ttl = 500, .explicit_max_ttl = 300, .default_ttl = 100, .limit = 1000 }, 0, true, 300 },
	{ { .ttl = 500, .explicit_max_ttl = 300, .default_ttl = 100, .limit = 1000 }, 299, true, 1 },
	{ { .ttl = 500, .explicit_max_ttl = 300, .default_ttl = 100, .limit = 1000 }, 300, false, 0 },
	{ { .ttl = 500, .default_ttl = 100, .limit = 1000 }, 1000, false, 0 },
	{ { .period = 60, .ttl = 500, .default_ttl = 100, .limit = 1000 }, 100000, true, 60 },
	{ { .period = 6000, .default_ttl = 100, .limit = 1000 }, 100000, true, 1000 },
	{ { .period = 60, .explicit_max_ttl = 90, .default_ttl = 100, .limit = 1000 }, 50, true, 40 },
	{ { .period = 60, .explicit_max_ttl = 90, .default_ttl = 100, .limit = 1000 }, 90, false, 0 },
	{ { .period = 60, .increment = 900, .default_ttl = 100, .limit = 1000 }, 0, true, 60 },
	{ { .ttl = UINT64_MAX / 2, .default_ttl = 100, .limit = UINT64_MAX / 2 }, 0, true, INT64_MAX / 2 },
};

static void ttl(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(ttl_rows) / sizeof(ttl_rows[0]); i++) {
		_cleanup_request_ struct request r = { .core = NULL };
		struct ttl_question q = ttl_rows[i].question;
		uint64_t found = 0;

		request_begin(&r, w->core);
		q.issued = request_seconds(&r) - ttl_rows[i].now;
		if (ttl_decide(&r, &q, &found) != ttl_rows[i].good || (ttl_rows[i].good && found != ttl_rows[i].ttl))
			fail_msg("row %zu: %lu", i, found);
	}
}

static void ttl_words(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = { { 0, "0s" }, { 5, "5s" }, { 60, "1m" }, { 61, "1m1s" }, { 3600, "1h" }, { 3601, "1h0m1s" },
		     { 3660, "1h1m" }, { 2764800, "768h" } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(ttl_text(&w->pool, rows[i].seconds), rows[i].text);
}

/* -- batch tokens -- */

static const char *batch(struct world *w, struct request *r, uint64_t ttl)
{
	struct token t = { .type = TOKEN_BATCH,
			   .path = "auth/token/create",
			   .metadata = { (const uint8_t *)"{\"a\":\"b\"}", 9 } };

	(void)w;
	names_add(&r->pool, &t.policies, "default");
	assert_int_equal(token_make(r, &t, NULL, ttl), 200);
	return t.id;
}

static void batch_tokens(void **state)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct world *w = *state;
	const struct token *t;
	const char *text;
	char *changed;

	request_begin(&r, w->core);
	text = batch(w, &r, 100);
	t = batch_open(&r, text);
	assert_non_null(t);
	assert_string_equal(t->policies.at[0], "default");
	assert_memory_equal(t->metadata.at, "{\"a\":\"b\"}", 9);
	assert_null(t->hash);
	changed = pool_text(&r.pool, text);
	for (size_t i = 4; changed[i]; i++) {
		char before = changed[i];

		changed[i] = before == 'A' ? 'B' : 'A';
		if (batch_open(&r, changed))
			fail_msg("byte %zu may be changed", i);
		changed[i] = before;
	}
	for (size_t i = 4; i < strlen(text); i++)
		assert_null(batch_open(&r, pool_copy(&r.pool, text, i)));
	r.now += 100LL * 1000000000;
	assert_null(batch_open(&r, text));
}

/* -- trees -- */

static void tree_ends_as_a_whole(void **state)
{
	struct world *w = *state;
	const char *tokens[40];
	int before;

	tokens[0] = world_token(w, NULL, "root", 1000, 0);
	for (size_t i = 1; i < 40; i++)
		tokens[i] = world_token(w, tokens[(i - 1) / 2], "root", 1000, 0);
	world_failures = 1;
	assert_false(world_revoke(w, tokens[0]));
	world_restart(w);
	for (size_t i = 0; i < 40; i++)
		assert_true(world_works(w, tokens[i]));
	before = world_applies;
	assert_true(world_revoke(w, tokens[0]));
	assert_int_equal(world_applies - before, 1);
	for (unsigned int again = 0; again < 2; again++) {
		for (size_t i = 0; i < 40; i++)
			assert_false(world_works(w, tokens[i]));
		world_restart(w);
	}
	assert_int_equal(leases_count(w->core), 0);
}

/* Nothing of a token stays in the store. */
static int count_entries(void *context, const char *path, struct blob value)
{
	size_t *count = context;

	(void)path;
	(void)value;
	++*count;
	return 0;
}

static size_t entries(struct world *w)
{
	size_t count = 0;

	assert_int_equal(barrier_walk(w->core->barrier, "", count_entries, &count), 0);
	return count;
}

static void nothing_stays(void **state)
{
	struct world *w = *state;
	size_t before = entries(w);
	const char *top = world_token(w, NULL, "root", 1000, 0), *child = world_token(w, top, "root", 500, 0);

	world_token(w, child, "default", 100, 7);
	assert_non_null(world_lease(w, child, 50));
	assert_true(entries(w) > before + 8);
	assert_true(world_revoke(w, top));
	assert_int_equal(entries(w), before);
	assert_int_equal(world_revoked, 1);
}

struct race {
	struct world *w;
	const char *parent;
	char made[64][64];
	size_t count;
};

static void *make_children(void *context)
{
	struct race *race = context;

	while (race->count < 64) {
		_cleanup_request_ struct request r = { .core = NULL };
		struct token t = { .path = "auth/token/create" };

		request_begin(&r, race->w->core);
		r.token_text = race->parent;
		if (!token_authenticate(&r))
			break;
		t.parent = r.token->hash;
		names_add(&r.pool, &t.policies, "default");
		if (token_make(&r, &t, NULL, 1000) != 200 || !request_commit(&r))
			continue;
		leases_committed(&r);
		snprintf(race->made[race->count++], 64, "%s", t.id);
	}
	return NULL;
}

/* However they meet: when both sides are done, no child of an ended parent works. */
static void children_race_their_parents_end(void **state)
{
	struct world *w = *state;

	for (unsigned int round = 0; round < 40; round++) {
		struct race races[3];
		pthread_t threads[3];
		const char *parent = world_token(w, NULL, "root", 1000, 0);

		for (size_t i = 0; i < 3; i++) {
			races[i] = (struct race){ .w = w, .parent = parent };
			pthread_create(&threads[i], NULL, make_children, &races[i]);
		}
		while (!world_revoke(w, parent))
			;
		for (size_t i = 0; i < 3; i++)
			pthread_join(threads[i], NULL);
		for (size_t i = 0; i < 3; i++)
			for (size_t n = 0; n < races[i].count; n++)
				assert_false(world_works(w, races[i].made[n]));
	}
}

/* -- uses -- */

struct users {
	struct world *w;
	const char *token;
	_Atomic int good;
};

static void *use(void *context)
{
	struct users *u = context;

	for (size_t i = 0; i < 40; i++)
		u->good += world_works(u->w, u->token);
	return NULL;
}

static void uses_are_exact(void **state)
{
	struct world *w = *state;
	struct users users = { .w = w, .token = world_token(w, NULL, "default", 1000, 77) };
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use, &users);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(users.good, 77);
	world_restart(w);
	assert_false(world_works(w, users.token));
}

static void a_use_that_is_not_stored_is_none(void **state)
{
	struct world *w = *state;
	const char *token = world_token(w, NULL, "default", 1000, 1);

	world_failures = 1;
	assert_false(world_works(w, token));
	assert_true(world_works(w, token));
	assert_false(world_works(w, token));
}

/* -- memory and store -- */

static void time_ends_what_is_cached(void **state)
{
	struct world *w = *state;
	const char *token = world_token(w, NULL, "default", 100, 0);

	assert_true(world_works(w, token));
	world_now += 99LL * 1000000000;
	assert_true(world_works(w, token));
	world_now += 1LL * 1000000000;
	assert_false(world_works(w, token));
	world_now -= 50LL * 1000000000; /* a clock that is turned back revives nothing */
	assert_false(world_works(w, token));
}

static void a_read_token_costs_no_read(void **state)
{
	struct world *w = *state;
	const char *token = world_token(w, NULL, "default", 100, 0);
	int (*get)(struct store *s, const char *path, struct pool *pool, struct blob *value) = w->store->get;

	assert_true(world_works(w, token));
	w->store->get = NULL; /* who asks the store now falls over */
	assert_true(world_works(w, token));
	w->store->get = get;
}

/* Copies out of memory may grow, and change nothing there. */
static void copies(void **state)
{
	struct world *w = *state;
	struct token_cache *c = token_cache_make();
	struct token t = { .hash = "0123456789abcdef", .accessor = "acc", .path = "p", .created = 7,
			   .metadata = { (const uint8_t *)"{}", 2 } }, *copy;

	for (size_t i = 0; i < 5; i++)
		names_add(&w->pool, &t.policies, pool_printf(&w->pool, "policy-%zu", i));
	token_cache_put(c, &t, token_cache_since(c, t.hash));
	for (unsigned int again = 0; again < 2; again++) {
		copy = token_cache_get(c, t.hash, &w->pool);
		assert_int_equal(copy->policies.count, 5);
		for (size_t i = 0; i < 20; i++)
			names_add(&w->pool, &copy->policies, "more");
		assert_string_equal(copy->policies.at[4], "policy-4");
		assert_string_equal(copy->accessor, "acc");
		assert_null(copy->parent);
		assert_memory_equal(copy->metadata.at, "{}", 2);
	}
	token_cache_drop(c, "0123456789abcdee"); /* the same slot: its generation counts */
	token_cache_drop(c, t.hash);
	assert_null(token_cache_get(c, t.hash, &w->pool));
	token_cache_put(c, &t, 0);
	assert_null(token_cache_get(c, t.hash, &w->pool));
	token_cache_free(c);
}

/* -- what vouches for a token ends, and with it everything that follows from the token -- */

static const char *bound_token(struct world *w, int64_t not_after, const char *key)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct token t = { .path = "auth/attest/login", .not_after = not_after, .bound_key = key, .renewable = true };

	request_begin(&r, w->core);
	names_add(&r.pool, &t.policies, "root");
	t.period = 1000;
	assert_int_equal(token_make(&r, &t, mount_of_accessor(w->core, "leasing_1"), 1000), 200);
	assert_true(request_commit(&r));
	leases_committed(&r);
	return pool_text(&w->pool, t.id);
}

static const char *made(struct world *w, const char *token, const char *body)
{
	const struct json *answer;

	assert_int_equal(world_ask(w, "auth/token/create", token, body, &answer), 200);
	return pool_json_member(&w->pool, json_member(answer, "auth"), "client_token");
}

static void the_end_is_inherited(void **state)
{
	static const char *const bodies[] = {
		"{\"ttl\":\"1h\"}", "{\"no_parent\":true,\"ttl\":\"1h\"}", "{\"period\":\"1h\"}",
		"{\"type\":\"batch\",\"policies\":[\"x\"],\"ttl\":\"1h\"}",
		"{\"type\":\"batch\",\"policies\":[\"x\"],\"ttl\":\"1h\",\"no_parent\":true}",
	};
	struct world *w = *state;
	const char *tokens[5], *lease, *token = bound_token(w, world_now / 1000000000 + 60, NULL), *grandchild;

	for (size_t i = 0; i < 5; i++)
		tokens[i] = made(w, token, bodies[i]);
	grandchild = made(w, tokens[1], bodies[1]);
	lease = world_lease(w, token, 5000);
	world_now += 59LL * 1000000000;
	assert_int_equal(world_ask(w, "auth/token/renew-self", token, "{\"increment\":\"1h\"}", NULL), 200);
	for (size_t i = 0; i < 5; i++)
		assert_true(world_works(w, tokens[i]));
	assert_true(world_works(w, grandchild));
	world_now += 1LL * 1000000000;
	for (size_t i = 0; i < 5; i++)
		assert_false(world_works(w, tokens[i]));
	assert_false(world_works(w, token) || world_works(w, grandchild));
	leases_expire(w->core);
	for (unsigned int i = 0; i < 1000 && world_has_lease(w, lease); i++)
		usleep(1000); /* the server's own thread may have it */
	assert_false(world_has_lease(w, lease));
}

/* A certificate of a new key, and the SHA-256 of that key. */
static struct blob certificate(struct world *w, const char **key_hash)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	unsigned char *der = NULL, *spki = NULL;
	struct blob copy;
	uint8_t digest[32];
	int size, spki_size;

	X509_set_pubkey(x, key);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	size = i2d_X509(x, &der);
	spki_size = i2d_PUBKEY(key, &spki);
	sha256(spki, (size_t)spki_size, digest);
	*key_hash = pool_hex(&w->pool, digest, sizeof(digest));
	copy = (struct blob){ (const uint8_t *)pool_copy(&w->pool, (const char *)der, (size_t)size), (size_t)size };
	OPENSSL_free(der);
	OPENSSL_free(spki);
	X509_free(x);
	EVP_PKEY_free(key);
	return copy;
}

static void who_holds_the_key(void **state)
{
	struct world *w = *state;
	const char *key, *other_key, *token, *child;
	struct blob own = certificate(w, &key), other = certificate(w, &other_key), junk = { (const uint8_t *)"0", 1 };

	token = bound_token(w, 0, key);
	world_certificate = &own;
	child = made(w, token, "{\"policies\":[\"default\"]}");
	assert_int_equal(world_ask(w, "auth/token/renew-self", child, "{}", NULL), 200);
	for (unsigned int i = 0; i < 3; i++) {
		world_certificate = i == 0 ? NULL : i == 1 ? &other : &junk;
		assert_int_equal(world_ask(w, "auth/token/lookup-self", token, "{}", NULL), 403);
		assert_int_equal(world_ask(w, "auth/token/renew-self", child, "{}", NULL), 403);
	}
	world_certificate = &own;
	assert_int_equal(world_ask(w, "auth/token/lookup-self", token, "{}", NULL), 200);
	world_certificate = NULL;
}

static void a_large_tree(void **state)
{
	struct world *w = *state;
	const char *top = world_token(w, NULL, "root", 1000, 0), *last = NULL;
	size_t before = entries(w);

	for (size_t i = 0; i < 3000; i++)
		last = world_token(w, top, "default", 1000, 0);
	assert_true(world_revoke(w, top));
	assert_false(world_works(w, last));
	assert_int_equal(entries(w), before - 3); /* the token, its accessor and its lease */
}

static void names_hide_tokens(void **state)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct world *w = *state;
	const char *hash;

	request_begin(&r, w->core);
	hash = token_hash(&r, "chosen");
	assert_int_equal(strlen(hash), 64);
	assert_string_equal(hash, token_hash(&r, "chosen"));
	assert_string_not_equal(hash, token_hash(&r, "chosen "));
	/* SHA-256 of "chosen" without the salt would be the same on every server */
	r.core->tokens->salt[0] ^= 1;
	assert_string_not_equal(hash, token_hash(&r, "chosen"));
	r.core->tokens->salt[0] ^= 1;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ttl), TEST(ttl_words), TEST(batch_tokens), TEST(tree_ends_as_a_whole), TEST(nothing_stays),
		TEST(children_race_their_parents_end), TEST(uses_are_exact), TEST(a_use_that_is_not_stored_is_none),
		TEST(time_ends_what_is_cached), TEST(a_read_token_costs_no_read), TEST(copies), TEST(names_hide_tokens),
		TEST(the_end_is_inherited), TEST(who_holds_the_key), TEST(a_large_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
