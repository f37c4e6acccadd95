/* Nonces of logins by evidence: whose they are, how long, how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/auth/attest.h"

#define SECOND 1000000000LL

static void a_nonce_is_good_for_its_role_and_minute(void **state)
{
	struct nonces *n = nonces_make(), *others = nonces_make();
	uint8_t nonce[ATTEST_NONCE_SIZE];
	const int64_t now = 1700000000 * SECOND;

	(void)state;
	assert_true(nonce_give(n, now, "app", nonce));
	assert_true(nonce_fresh(n, now, "app", nonce));
	assert_true(nonce_fresh(n, now + 59 * SECOND, "app", nonce));
	assert_false(nonce_fresh(n, now + 60 * SECOND, "app", nonce));
	assert_false(nonce_fresh(n, now - 1, "app", nonce));
	assert_false(nonce_fresh(n, now, "ap", nonce));
	assert_false(nonce_fresh(others, now, "app", nonce));
	for (size_t i = 0; i < sizeof(nonce) * 8; i++) {
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(nonce_fresh(n, now, "app", nonce));
		nonce[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	nonces_free(n);
	nonces_free(others);
}

static void a_nonce_is_spent_once(void **state)
{
	struct nonces *n = nonces_make();
	uint8_t nonce[2][ATTEST_NONCE_SIZE];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_true(nonce_give(n, SECOND, "app", nonce[i]));
	assert_true(nonce_spend(n, SECOND, nonce[0]));
	assert_true(nonce_spend(n, 2 * SECOND, nonce[1]));
	assert_false(nonce_spend(n, 3 * SECOND, nonce[0]));
	assert_false(nonce_spend(n, 3 * SECOND, nonce[1]));
	nonces_free(n);
}

static void a_flood_of_logins_is_refused_and_ends_by_itself(void **state)
{
	struct nonces *n = nonces_make();
	uint8_t nonce[ATTEST_NONCE_SIZE] = { 0 };

	(void)state;
	for (uint8_t i = 0; i < 8; i++) {
		nonce[31] = i;
		assert_true(nonce_spend(n, SECOND, nonce));
	}
	nonce[31] = 8;
	assert_false(nonce_spend(n, 2 * SECOND, nonce));
	assert_true(nonce_spend(n, 61 * SECOND, nonce));
	nonces_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_nonce_is_good_for_its_role_and_minute),
		cmocka_unit_test(a_nonce_is_spent_once),
		cmocka_unit_test(a_flood_of_logins_is_refused_and_ends_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
