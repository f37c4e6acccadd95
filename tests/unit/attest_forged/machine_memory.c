/* Each allocation of the verifier fails once, while collateral and evidence of two layers are read: never accepted. */
#include "tests/unit/attest_forged/layers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Linked with --wrap: calls from the library and from the tests come to __wrap_, those from libcrypto do not. */
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

static void test_each_fails(void **state)
{
	static struct layers_case c;
	static struct attest_verdict v;
	static struct layers l;
	struct attest_collateral *collateral;
	struct attest_refusal why;
	long n = 0;

	(void)state;
	layers_order(&l);
	layers_begin(&l, &c);
	for (;; n++) {
		int error;

		countdown = n;
		memset(&v, 0, sizeof(v));
		error = attest_collateral_parse(c.a, c.bundle, strlen(c.bundle), &collateral, &why);
		c.request.collateral = collateral;
		if (!error)
			attest_verify(c.a, &c.request, &v);
		attest_collateral_free(collateral);
		if (countdown >= 0)
			break;
		assert_false(v.genuine);
		assert_int_equal(error ? why.reason : v.refusal.reason, ATTEST_R_no_memory);
		assert_true(!error || error == -12);
	}
	countdown = -1;
	assert_true(v.accepted);
	assert_int_equal(v.assurance, ATTEST_SOFTWARE_ON_HARDWARE);
	assert_true(n > 10);
	layers_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
