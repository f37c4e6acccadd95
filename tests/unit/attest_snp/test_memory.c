/* Each allocation of the verifier fails once: nothing is accepted, nothing leaks, and the reason is named. */
#include "tests/unit/attest_snp/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Linked with --wrap: calls from the library and from here come to __wrap_, those from libcrypto do not. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

static long countdown = -1; /* at 0 one allocation fails */

static bool fails_now(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

static const char text[] = "accept \"a\" { measurements = \"*\" }";

static struct attest_request request(void)
{
	return (struct attest_request){ .evidence = vector("snp-reports/milan-v3-14fd2b6e459c.bin"),
					.vek = vector("snp-reports/milan-v3-14fd2b6e459c.vcek.der"),
					.chain = vector("amd-roots/ask_ark_milan.pem"),
					.now = moment("2025-03-29T16:33:43Z") };
}

static void test_context(void **state)
{
	struct attest *a;

	(void)state;
	countdown = 0;
	assert_null(attest_new());
	countdown = -1;
	a = attest_new();
	assert_non_null(a);
	attest_free(a);
	attest_free(NULL);
}

static void test_policy(void **state)
{
	struct attest_policy *p = NULL;
	struct attest_refusal why;

	(void)state;
	countdown = 0;
	assert_int_equal(attest_policy_parse(text, sizeof(text) - 1, &p, &why), -12);
	countdown = -1;
	assert_null(p);
}

static void test_verification(void **state)
{
	struct attest_request q = request();
	static struct attest_verdict v;
	struct attest *a = attest_new();

	(void)state;
	for (long n = 0;; n++) {
		assert_true(n < 16);
		countdown = n;
		attest_verify(a, &q, &v);
		if (countdown >= 0)
			break;
		assert_false(v.genuine);
		assert_false(v.accepted);
		assert_int_equal(v.refusal.reason, ATTEST_R_no_memory);
	}
	countdown = -1;
	assert_true(v.accepted);
	attest_free(a);
}

static void test_collateral(void **state)
{
	struct attest_bytes json = vector("collateral-sets/sgx-00606a000000-2025-08.json");
	struct attest_collateral *c = NULL;
	struct attest_refusal why;
	struct attest *a = attest_new();

	(void)state;
	for (long n = 0;; n++) {
		int err;

		assert_true(n < 64);
		countdown = n;
		err = attest_collateral_parse(a, json.at, json.size, &c, &why);
		if (countdown >= 0)
			break;
		assert_int_equal(err, -12);
		assert_int_equal(why.reason, ATTEST_R_no_memory);
		assert_null(c);
	}
	countdown = -1;
	assert_non_null(c);
	attest_collateral_free(c);
	attest_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_verification),
		cmocka_unit_test(test_collateral),
	};

	return vectors_present() ? cmocka_run_group_tests(tests, NULL, NULL) : TEST_SKIPPED;
}
