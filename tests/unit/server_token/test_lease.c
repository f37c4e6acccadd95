/* Leases: granted, renewed, ended by time, by request, with their token; and those that cannot be ended. */
#include "tests/unit/server_token/world.h"

#include <stdio.h>

static void pass(int64_t seconds)
{
	world_now += seconds * 1000000000;
}

/* The server's own thread holds this lock for reading while it works. */
static void expire(struct world *w)
{
	pthread_rwlock_wrlock(&w->core->lock);
	leases_expire(w->core);
	pthread_rwlock_unlock(&w->core->lock);
}

static void time_ends_them(void **state)
{
	struct world *w = *state;
	const char *a = world_lease(w, w->root, 100), *b = world_lease(w, w->root, 200);

	assert_int_equal(leases_count(w->core), 2);
	pass(99);
	expire(w);
	assert_true(world_has_lease(w, a) && world_has_lease(w, b));
	pass(1);
	expire(w);
	assert_false(world_has_lease(w, a));
	assert_true(world_has_lease(w, b));
	assert_int_equal(world_revoked, 1);
	world_restart(w);
	pass(100);
	expire(w);
	assert_false(world_has_lease(w, b));
	assert_int_equal(world_revoked, 2);
	assert_int_equal(leases_count(w->core), 0);
}

static void tokens_end_by_time(void **state)
{
	struct world *w = *state;
	const char *token = world_token(w, NULL, "root", 100, 0), *child = world_token(w, token, "default", 1000, 0);
	const char *lease = world_lease(w, child, 900);

	pass(100);
	expire(w);
	assert_false(world_works(w, token));
	assert_false(world_works(w, child));
	assert_false(world_has_lease(w, lease));
	assert_int_equal(world_revoked, 1);
	assert_int_equal(leases_count(w->core), 0);
}

static int renewed(struct world *w, const char *id, uint64_t increment, uint64_t *duration)
{
	_cleanup_request_ struct request r = { .core = NULL };
	int status;

	request_begin(&r, w->core);
	status = lease_renew(&r, id, increment);
	*duration = r.reply.lease_duration;
	if (status == 200) {
		assert_true(request_commit(&r));
		leases_committed(&r);
	}
	return status;
}

static void renewing(void **state)
{
	struct world *w = *state;
	const char *id = world_lease(w, w->root, 100);
	uint64_t duration;

	assert_int_equal(renewed(w, id, 1000, &duration), 200);
	assert_int_equal(duration, 1000);
	pass(500);
	expire(w);
	assert_true(world_has_lease(w, id));
	assert_int_equal(renewed(w, id, 6000, &duration), 200); /* the backend gives 5000 */
	assert_int_equal(duration, 5000);
	pass(4000);
	assert_int_equal(renewed(w, id, 4000, &duration), 200); /* 7200 in all */
	assert_int_equal(duration, 2700);
	assert_int_equal(renewed(w, id, 10, &duration), 200);
	pass(10);
	expire(w);
	assert_false(world_has_lease(w, id));
	assert_int_equal(renewed(w, id, 10, &duration), 400);
	assert_int_equal(renewed(w, "leasing/thing/none", 10, &duration), 400);
}

static void later_is_found_later(void **state)
{
	struct world *w = *state;
	const char *id = world_lease(w, w->root, 100);

	world_refuses = true;
	pass(100);
	expire(w);
	assert_true(world_has_lease(w, id));
	world_refuses = false;
	pass(9);
	expire(w);
	assert_true(world_has_lease(w, id)); /* 10 s */
	pass(1);
	expire(w);
	assert_false(world_has_lease(w, id));
}

static void some_never_end(void **state)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct world *w = *state;
	const char *id = world_lease(w, w->root, 100);
	const struct lease *lease;

	world_refuses = true;
	pass(100);
	for (unsigned int i = 0; i < 20; i++) {
		expire(w);
		pass(1000);
	}
	request_begin(&r, w->core);
	lease = lease_find(&r, id);
	assert_non_null(lease);
	assert_string_equal(lease->irrevocable, "the other side does not answer");
	world_refuses = false;
	world_restart(w);
	pass(1000);
	expire(w);
	assert_true(world_has_lease(w, id)); /* people decide */
	assert_true(lease_revoke(&r, id, false));
	assert_true(request_commit(&r));
	leases_committed(&r);
	assert_false(world_has_lease(w, id));
}

static void force(void **state)
{
	_cleanup_request_ struct request r = { .core = NULL };
	struct world *w = *state;
	const char *a = world_lease(w, w->root, 100), *b = world_lease(w, w->root, 100);

	world_refuses = true;
	request_begin(&r, w->core);
	assert_false(lease_revoke(&r, a, false));
	request_release(&r); /* what follows has transactions of its own */
	assert_false(lease_revoke_prefix(&r, "leasing", false));
	assert_true(lease_revoke_prefix(&r, "leasing/thing", true));
	assert_true(request_commit(&r));
	leases_committed(&r);
	assert_false(world_has_lease(w, a) || world_has_lease(w, b));
}

/* The token ends at once; what it held is tried until it ends. */
static void tokens_do_not_wait_for_their_leases(void **state)
{
	struct world *w = *state;
	const char *token = world_token(w, NULL, "root", 1000, 0), *lease = world_lease(w, token, 500);

	world_refuses = true;
	assert_true(world_revoke(w, token));
	assert_false(world_works(w, token));
	assert_true(world_has_lease(w, lease));
	world_refuses = false;
	pass(30);
	expire(w);
	assert_false(world_has_lease(w, lease));
	assert_int_equal(world_revoked, 1);
}

/* A commit that fails loses nothing: neither the lease nor its turn. */
static void a_store_that_fails(void **state)
{
	struct world *w = *state;
	const char *id = world_lease(w, w->root, 100);

	world_failures = 1;
	pass(100);
	expire(w);
	assert_true(world_has_lease(w, id) || !world_failures);
	world_failures = 0;
	pass(100);
	expire(w);
	assert_false(world_has_lease(w, id));
}

static void order_of_the_queue(void **state)
{
	struct leases q = { .count = 0 }, own = { .count = 0 };
	struct due due[16];
	int64_t last = 0;
	uint32_t seed = 1;
	size_t count, all = 0;

	(void)state;
	pthread_mutex_init(&q.mutex, NULL);
	pthread_cond_init(&q.changed, NULL);
	for (size_t i = 0; i < 500; i++)
		queue_append(&own, (int64_t)((seed = seed * 1664525 + 1013904223) >> 16), "before");
	queue_join(&q, &own);
	for (size_t i = 0; i < 500; i++)
		queue_add(&q, (int64_t)((seed = seed * 1664525 + 1013904223) >> 16), 0, "after");
	assert_int_equal(queue_take(&q, -1, due, 16), 0);
	while ((count = queue_take(&q, 1 << 20, due, 16))) {
		for (size_t i = 0; i < count; i++) {
			assert_true(due[i].at >= last);
			last = due[i].at;
			free(due[i].id);
		}
		all += count;
	}
	assert_int_equal(all, 1000);
	queue_add(&q, 5, 0, "left");
	queue_free(&q);
	pthread_cond_destroy(&q.changed);
	pthread_mutex_destroy(&q.mutex);
}

static void many_are_restored(void **state)
{
	struct world *w = *state;

	for (unsigned int batch = 0; batch < 20; batch++) {
		_cleanup_request_ struct request r = { .core = NULL };

		request_begin(&r, w->core);
		for (unsigned int i = 0; i < 500; i++) {
			struct lease lease = { .id = pool_printf(&r.pool, "leasing/thing/%u-%u", batch, i),
					       .path = "leasing/thing", .mount_accessor = "leasing_1",
					       .expires = request_seconds(&r) + 1000 + i % 7,
					       .internal = { (const uint8_t *)"{\"given\":true}", 14 } };

			lease_put(&r, &lease);
		}
		assert_true(request_commit(&r));
	}
	world_restart(w);
	assert_int_equal(leases_count(w->core), 10000);
	pass(1003);
	expire(w);
	pass(10);
	expire(w);
	assert_int_equal(leases_count(w->core), 0);
	assert_int_equal(world_revoked, 10000);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(time_ends_them), TEST(tokens_end_by_time), TEST(renewing), TEST(later_is_found_later),
		TEST(some_never_end), TEST(force), TEST(tokens_do_not_wait_for_their_leases), TEST(a_store_that_fails),
		cmocka_unit_test(order_of_the_queue), TEST(many_are_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
