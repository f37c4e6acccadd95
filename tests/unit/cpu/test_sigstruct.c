/* Real SIGSTRUCTs from four signers, and every byte of each changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu/soft/bignum.h"
#include "cpu/soft/sigstruct.h"

static const char *folder;

static const struct {
	const char *name;
	const char *first, *last; /* of MRENCLAVE in hex */
} vectors[] = {
	{ "sig1.sigstruct.bin", "c506", "a75d" },
	{ "test_enclave.sig", "784a", "c8ed198fc" },
	{ "le.signed.sig", "c0ac", "b4574" },
	{ "gramine-test.sig", "f781", "c81b" },
};

static void load(struct sgx_sigstruct *s, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sigstruct/%s", folder, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	assert_int_equal(fread(s, 1, sizeof(*s), f), sizeof(*s));
	fclose(f);
}

static void test_real(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct sgx_sigstruct s;
		char hex[65];

		load(&s, vectors[i].name);
		for (int k = 0; k < 32; k++)
			snprintf(hex + 2 * k, 3, "%02x", s.enclave_hash[k]);
		assert_memory_equal(hex, vectors[i].first, strlen(vectors[i].first));
		assert_string_equal(hex + 64 - strlen(vectors[i].last), vectors[i].last);
		assert_int_equal(sigstruct_check(&s), SGX_SUCCESS);
	}
}

/* Checked as form before the signature is looked at. */
static bool is_form(size_t at)
{
	return at < 20 || (at >= 24 && at < 40) || (at >= 44 && at < 128) || (at >= 512 && at < 516) ||
	       (at >= 908 && at < 912) || (at >= 992 && at < 1008) || (at >= 1028 && at < 1040);
}

static void test_flipped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct sgx_sigstruct s;

		load(&s, vectors[i].name);
		for (size_t at = 0; at < sizeof(s); at++) {
			((uint8_t *)&s)[at] ^= 0x40;
			assert_int_equal(sigstruct_check(&s),
					 is_form(at) ? SGX_INVALID_SIG_STRUCT : SGX_INVALID_SIGNATURE);
			((uint8_t *)&s)[at] ^= 0x40;
		}
	}
}

/* The quotients must be the quotients: one too small leaves a remainder that is not reduced, and is refused. */
static void test_quotient(void **state)
{
	struct sgx_sigstruct s;

	(void)state;
	load(&s, vectors[0].name);
	for (size_t i = 0; i < sizeof(s.q2); i++)
		if (s.q2[i]--)
			break;
	assert_int_equal(sigstruct_check(&s), SGX_INVALID_SIGNATURE);
	load(&s, vectors[0].name);
	memcpy(s.signature, s.modulus, sizeof(s.signature));
	assert_int_equal(sigstruct_check(&s), SGX_INVALID_SIGNATURE);
	memset(&s, 0, sizeof(s));
	assert_int_equal(sigstruct_check(&s), SGX_INVALID_SIG_STRUCT);
}

static void test_bignum(void **state)
{
	struct bignum a = { { 0 } }, b = { { 0 } }, q = { { 0 } }, m = { { 0 } }, r;

	(void)state;
	/* 7 * 9 = 5 * 12 + 3 */
	a.word[0] = 7;
	b.word[0] = 9;
	q.word[0] = 5;
	m.word[0] = 12;
	assert_true(bignum_reduce(&r, &a, &b, &q, &m));
	assert_int_equal(r.word[0], 3);
	q.word[0] = 4; /* remainder 15: not reduced */
	assert_false(bignum_reduce(&r, &a, &b, &q, &m));
	q.word[0] = 6; /* negative */
	assert_false(bignum_reduce(&r, &a, &b, &q, &m));
	memset(&a, 0xff, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	m = a;
	q = a;
	assert_true(bignum_reduce(&r, &a, &b, &q, &m));
	assert_int_equal(r.word[0] | r.word[47], 0);
	assert_false(bignum_less(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bignum),
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_quotient),
	};
	char path[4096];
	FILE *f;

	folder = getenv("ADYTON_VECTORS");
	folder = folder ? folder : "../shared/vectors";
	snprintf(path, sizeof(path), "%s/sigstruct/%s", folder, vectors[0].name);
	f = fopen(path, "rb");
	if (!f) {
		fprintf(stderr, "SKIPPED: no real evidence at %s (set ADYTON_VECTORS)\n", path);
		return 77;
	}
	fclose(f);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
