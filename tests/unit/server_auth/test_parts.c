/* Parts of the auth methods that need no server: addresses, globs, base64url, tokens, passwords, records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "server/auth/cidr.h"
#include "server/auth/jwt.h"
#include "server/auth/oidc_state.h"
#include "server/auth/password.h"
#include "server/auth/record.h"
#include "server/auth/x509.h"

static struct pool pool;

static int begin(void **state)
{
	(void)state;
	pool_init(&pool);
	return 0;
}

static int end(void **state)
{
	(void)state;
	pool_close(&pool);
	return 0;
}

static struct names list(const char *text)
{
	struct names names = { NULL, 0 };

	if (*text)
		names_add(&pool, &names, text);
	return names;
}

static void test_blocks_of_addresses(void **state)
{
	static const struct {
		const char *block, *address;
		bool inside;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.0.1", true },      { "10.0.0.0/8", "11.0.0.1", false },
		{ "10.1.2.3", "10.1.2.3", true },          { "10.1.2.3", "10.1.2.4", false },
		{ "0.0.0.0/0", "1.2.3.4", true },          { "0.0.0.0/0", "::1", false },
		{ "10.1.2.0/23", "10.1.3.255", true },     { "10.1.2.0/23", "10.1.4.0", false },
		{ "fd00::/8", "fd12::1", true },           { "fd00::/8", "fe12::1", false },
		{ "::1", "::1", true },                    { "10.0.0.0/8", "::ffff:10.1.1.1", true },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", true }, { "10.0.0.0/8", "", false },
		{ "10.0.0.0/8", "10.0.0.1/8", false },     { "", "anything", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct names blocks = list(rows[i].block);

		if (cidrs_allow(&blocks, rows[i].address) != rows[i].inside)
			fail_msg("%s in %s", rows[i].address, rows[i].block);
	}
}

static void test_what_is_no_block(void **state)
{
	static const char *const wrong[] = { "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08x", "x",
					     "/8", "fd00::/129", "10.0.0.0/0000", "1.2.3.4.5", ":::" };
	struct names blocks;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		blocks = list(wrong[i]);
		if (!cidrs_wrong(&blocks))
			fail_msg("%s", wrong[i]);
	}
}

static void test_blocks_within_blocks(void **state)
{
	struct names outer = list("10.0.0.0/8"), inner = list("10.1.0.0/16"), other = list("11.0.0.0/16");
	struct names none = list("");
	struct names wide = list("0.0.0.0/0"), single = list("10.0.0.1/32"), tidy = cidrs_tidy(&pool, &single);

	(void)state;
	assert_true(cidrs_hold(&outer, &inner));
	assert_false(cidrs_hold(&outer, &other));
	assert_false(cidrs_hold(&outer, &wide));
	assert_true(cidrs_hold(&none, &other));
	assert_true(cidrs_hold(&outer, &none));
	assert_string_equal(tidy.at[0], "10.0.0.1");
}

static void test_globs(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "*", "", true },        { "", "", true },           { "", "a", false },      { "a", "", false },
		{ "a*", "abc", true },    { "*c", "abc", true },      { "a*c", "ac", true },   { "a*c", "acb", false },
		{ "*b*", "abc", true },   { "a*b*c", "a1b2b3c", true }, { "**", "x", true },   { "a?", "ab", false },
		{ "*.example.com", "a.example.com", true }, { "*.example.com", "example.com", false },
		{ "*ab", "aab", true },   { "*aab", "aaab", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (glob_matches(rows[i].pattern, rows[i].text) != rows[i].matches)
			fail_msg("%s against %s", rows[i].text, rows[i].pattern);
}

/* RFC 7515 appendix C, and what its decoder must not take. */
static void test_base64url(void **state)
{
	static const uint8_t octets[] = { 3, 236, 255, 224, 193 };
	static const char *const wrong[] = { "A", "A-z_4ME=", "A+z_4ME", "A/z_4ME", "AB", "A z4", "AAA\n", "====" };
	struct blob out;

	(void)state;
	assert_string_equal(base64url(&pool, octets, sizeof(octets)), "A-z_4ME");
	assert_true(base64url_read(&pool, "A-z_4ME", 7, &out));
	assert_int_equal(out.size, sizeof(octets));
	assert_memory_equal(out.at, octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (base64url_read(&pool, wrong[i], strlen(wrong[i]), &out))
			fail_msg("%s", wrong[i]);
}

/* RFC 8037 appendix A.4: an Ed25519 signature of others. */
static void test_a_token_of_the_rfc(void **state)
{
	static const char key_text[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
				       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
	struct text_error error;
	const struct json *jwk = pool_read_json(&pool, key_text, strlen(key_text), &error);
	struct jwt t = { .alg = "EdDSA" };
	struct jwt_key key;
	static const char signed_part[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	static const char signature[] = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvp"
					"Ar_MuM0KAg";

	(void)state;
	assert_null(jwt_key_of_jwk(&pool, jwk, &key));
	t.signed_part = (struct blob){ (const uint8_t *)signed_part, strlen(signed_part) };
	assert_true(base64url_read(&pool, signature, strlen(signature), &t.signature));
	assert_true(jwt_verify(&t, &key));
	t.signed_part.size--;
	assert_false(jwt_verify(&t, &key));
	jwt_key_free(&key);
}

static void test_signed_and_verified(void **state)
{
	static const char *const algs[] = { "RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA" };
	static const char claims[] = "{\"sub\":\"ada\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		EVP_PKEY *pkey = jwt_key_make(algs[i]);
		struct jwt_key whole = { .pkey = pkey }, shown;
		struct json_writer w;
		struct text_error error;
		struct blob jwk;
		struct jwt t;
		struct blob said = { (const uint8_t *)claims, strlen(claims) };
		char *text = jwt_sign(&pool, pkey, algs[i], "k", said);

		assert_non_null(text);
		assert_null(jwt_read(&pool, text, &t));
		assert_string_equal(t.alg, algs[i]);
		assert_true(jwt_verify(&t, &whole));
		pool_json(&pool, &w);
		assert_true(jwt_key_put(&pool, &w, pkey, algs[i], "k"));
		jwk = pool_json_end(&w);
		assert_null(jwt_key_of_jwk(&pool, pool_read_json(&pool, (const char *)jwk.at, jwk.size, &error),
					   &shown));
		assert_true(jwt_verify(&t, &shown));
		shown.alg = "RS384"; /* a key that is said to be for another algorithm */
		assert_false(jwt_verify(&t, &shown));
		((uint8_t *)(uintptr_t)t.signature.at)[t.signature.size / 2] ^= 1;
		assert_false(jwt_verify(&t, &whole));
		jwt_key_free(&shown);
		EVP_PKEY_free(pkey);
	}
}

static void test_keys_that_are_none(void **state)
{
	static const char *const wrong[] = {
		"{}", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
		/* not a point of the curve */
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
		"\"y\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"!\"}",
		"{\"kty\":\"OKP\",\"use\":\"enc\",\"crv\":\"Ed25519\","
		"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
	};
	struct text_error error;
	struct jwt_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!jwt_key_of_jwk(&pool, pool_read_json(&pool, wrong[i], strlen(wrong[i]), &error), &key))
			fail_msg("%s", wrong[i]);
}

static void test_passwords(void **state)
{
	const char *hash = password_hash(&pool, "engine");
	char longest[PASSWORD_MAX + 2];

	(void)state;
	assert_int_equal(password_cost(hash), 10);
	assert_true(password_matches(&pool, "engine", hash));
	assert_false(password_matches(&pool, "engine2", hash));
	assert_false(password_matches(&pool, "", hash));
	assert_false(password_matches(&pool, "engine", NULL));
	/* a vector of others: John the Ripper's and OpenBSD's */
	assert_true(password_matches(&pool, "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(password_hash(&pool, longest));
	longest[PASSWORD_MAX] = '\0';
	hash = password_hash(&pool, longest);
	longest[PASSWORD_MAX] = 'x'; /* bcrypt would not see it */
	assert_false(password_matches(&pool, longest, hash));
	assert_int_equal(password_cost("$2b$10$short"), -1);
	assert_int_equal(password_cost("$1$abcdefgh$abcdefghijklmnopqrstuvabcdefghijklmnopqrstuvabcde"), -1);
}

static void test_logins_under_way(void **state)
{
	struct oidc_states *s = oidc_states_make();
	struct oidc_state *first = oidc_state_add(s, &pool, 1, "http://x", "r", "n"), *taken;

	(void)state;
	taken = oidc_state_take(s, &pool, 2, first->state);
	assert_non_null(taken);
	assert_string_equal(taken->verifier, first->verifier);
	assert_null(oidc_state_take(s, &pool, 3, first->state)); /* once */
	first = oidc_state_add(s, &pool, 1, "http://x", "r", "n");
	assert_null(oidc_state_take(s, &pool, 601000000001LL, first->state)); /* too late */
	first = oidc_state_add(s, &pool, 1, "http://x", "r", "n");
	for (int i = 0; i < OIDC_STATES; i++)
		(void)oidc_state_add(s, &pool, 2 + i, "http://x", "r", "");
	assert_null(oidc_state_take(s, &pool, 9, first->state)); /* the oldest made room */
	oidc_states_free(s);
}

static void test_names(void **state)
{
	struct names a = list("x"), b = list("x"), c = list("y");

	(void)state;
	assert_true(names_same(&a, &b));
	assert_false(names_same(&a, &c));
	names_add(&pool, &b, "y");
	assert_false(names_same(&a, &b));
	assert_string_equal(trimmed_text(&pool, " \t a b \n"), "a b");
	assert_string_not_equal(hash_name(&pool, "a", "bc"), hash_name(&pool, "ab", "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_of_addresses), cmocka_unit_test(test_what_is_no_block),
		cmocka_unit_test(test_blocks_within_blocks), cmocka_unit_test(test_globs),
		cmocka_unit_test(test_base64url), cmocka_unit_test(test_a_token_of_the_rfc),
		cmocka_unit_test(test_signed_and_verified), cmocka_unit_test(test_keys_that_are_none),
		cmocka_unit_test(test_passwords), cmocka_unit_test(test_logins_under_way),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
