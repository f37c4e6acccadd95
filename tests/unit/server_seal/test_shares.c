/* Shares and the record: what goes in comes out, and nothing else does. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "crypto/random.h"
#include "server/seal/gather.h"
#include "server/seal/record.h"

static struct secret_key random_key(void)
{
	struct secret_key key = { .size = SECRET_KEY_MAX };

	random_bytes(key.bytes, sizeof(key.bytes));
	return key;
}

static void test_every_subset(void **state)
{
	struct secret_key key = random_key(), out;
	struct share shares[5], some[5];

	(void)state;
	assert_int_equal(shamir_split(&key, 5, 3, shares), 0);
	for (unsigned int set = 0; set < 32; set++) {
		size_t n = 0;
		bool same;

		for (unsigned int i = 0; i < 5; i++)
			if (set >> i & 1)
				some[n++] = shares[i];
		if (n < 2) {
			assert_int_equal(shamir_combine(some, n, &out), -EINVAL);
			continue;
		}
		assert_int_equal(shamir_combine(some, n, &out), 0);
		same = !memcmp(out.bytes, key.bytes, sizeof(key.bytes));
		assert_int_equal(same, n >= 3);
	}
}

static void test_extremes(void **state)
{
	struct secret_key key = random_key(), out;
	static struct share shares[SHARES_MAX];

	(void)state;
	assert_int_equal(shamir_split(&key, 255, 255, shares), 0);
	assert_int_equal(shamir_combine(shares, 255, &out), 0);
	assert_memory_equal(out.bytes, key.bytes, sizeof(key.bytes));
	assert_int_equal(shamir_combine(shares, 254, &out), 0);
	assert_memory_not_equal(out.bytes, key.bytes, sizeof(key.bytes));
	assert_int_equal(shamir_split(&key, 256, 2, shares), -EINVAL);
	assert_int_equal(shamir_split(&key, 2, 3, shares), -EINVAL);
	assert_int_equal(shamir_split(&key, 2, 1, shares), -EINVAL);
}

static void test_wrong_shares(void **state)
{
	struct secret_key key = random_key(), out;
	struct share shares[3];

	(void)state;
	assert_int_equal(shamir_split(&key, 3, 2, shares), 0);
	shares[2] = shares[0];
	assert_int_equal(shamir_combine(shares, 3, &out), -EINVAL);
	shares[2].bytes[SECRET_KEY_MAX] = 0;
	assert_int_equal(shamir_combine(shares + 1, 2, &out), -EINVAL);
	shares[2] = shares[0];
	shares[2].size--;
	assert_int_equal(shamir_combine(shares + 1, 2, &out), -EINVAL);
	shares[0].bytes[5] ^= 1;
	assert_int_equal(shamir_combine(shares, 2, &out), 0);
	assert_memory_not_equal(out.bytes, key.bytes, sizeof(key.bytes));
}

/*
 * Computed by hand in GF(2^8) with the polynomial 0x11b: f(x) = 0x42 + 0x53 x, and 0x53 * 0xca = 1 (FIPS 197's own
 * example of an inverse), so f(0xca) = 0x43.
 */
static void test_known_field(void **state)
{
	struct share shares[2] = { { { 0x42 ^ 0x53, 1 }, 2 }, { { 0x43, 0xca }, 2 } };
	struct secret_key out;

	(void)state;
	assert_int_equal(shamir_combine(shares, 2, &out), 0);
	assert_int_equal(out.size, 1);
	assert_int_equal(out.bytes[0], 0x42);
}

static void test_read(void **state)
{
	struct share s;
	char long_hex[2 * SHARE_MAX + 3];

	(void)state;
	assert_int_equal(share_read("000102030405060708090a0b0c0d0e0f10", &s), 0);
	assert_int_equal(s.size, 17);
	assert_int_equal(share_read("AAECAwQFBgcICQoLDA0ODxA=", &s), 0);
	assert_int_equal(s.size, 17);
	assert_int_equal(s.bytes[16], 16);
	assert_int_equal(share_read("00", &s), -EINVAL);
	assert_int_equal(share_read("AAEC", &s), -ERANGE);
	assert_int_equal(share_read("no share", &s), -EINVAL);
	assert_int_equal(share_read("", &s), -ERANGE);
	memset(long_hex, 'a', sizeof(long_hex));
	long_hex[sizeof(long_hex) - 1] = 0;
	assert_int_equal(share_read(long_hex, &s), -ERANGE);
}

static void test_gather(void **state)
{
	static struct gathering g;
	struct secret_key key = random_key(), out;
	struct share shares[3];

	(void)state;
	assert_int_equal(shamir_split(&key, 3, 3, shares), 0);
	gathering_start(&g);
	assert_int_equal(strlen(g.nonce), 36);
	assert_int_equal(gathering_add(&g, &shares[0]), 0);
	assert_int_equal(gathering_add(&g, &shares[0]), -EEXIST);
	assert_int_equal(gathering_add(&g, &shares[1]), 0);
	assert_int_equal(gathering_add(&g, &shares[2]), 0);
	assert_int_equal(gathering_combine(&g, 3, &out), 0);
	assert_memory_equal(out.bytes, key.bytes, sizeof(key.bytes));
	assert_int_equal(g.count, 0);
	memcpy(shares[0].bytes, key.bytes, SECRET_KEY_MAX);
	shares[0].size = SECRET_KEY_MAX;
	assert_int_equal(gathering_add(&g, &shares[0]), 0);
	assert_int_equal(gathering_combine(&g, 1, &out), 0);
	assert_memory_equal(out.bytes, key.bytes, sizeof(key.bytes));
	assert_int_equal(gathering_add(&g, &shares[1]), 0); /* 33 bytes are no key */
	assert_int_equal(gathering_combine(&g, 1, &out), -EINVAL);
	gathering_end(&g);
	assert_string_equal(g.nonce, "");
}

static void test_record(void **state)
{
	struct secret_key key = random_key(), by = random_key(), out;
	struct seal_record record = { .type = "static", .shares = 5, .threshold = 3 }, read;
	struct blob text;
	struct pool pool;

	(void)state;
	pool_init(&pool);
	key_wrap(&key, &by, "label", &record.by_shares);
	text = record_write(&record, &pool);
	assert_int_equal(record_read(&read, text), 0);
	assert_string_equal(read.type, "static");
	assert_int_equal(read.shares, 5);
	assert_int_equal(read.threshold, 3);
	assert_false(read.by_seal.present);
	assert_true(key_unwrap(&read.by_shares, &by, "label", &out));
	assert_memory_equal(out.bytes, key.bytes, sizeof(key.bytes));
	assert_false(key_unwrap(&read.by_shares, &by, "another", &out));
	assert_false(key_unwrap(&read.by_shares, &key, "label", &out));
	assert_false(key_unwrap(&read.by_seal, &by, "label", &out));
	for (size_t i = 0; i < text.size; i++)
		assert_int_equal(record_read(&read, (struct blob){ text.at, i }), -EBADMSG);
	pool_close(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_subset), cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_wrong_shares), cmocka_unit_test(test_known_field),
		cmocka_unit_test(test_read),         cmocka_unit_test(test_gather),
		cmocka_unit_test(test_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
