/* Published vectors for what the engines compute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "server/engine/base64.h"
#include "server/engine/crypto.h"
#include "server/engine/totp.h"

static struct pool pool;

static struct blob hex(const char *text)
{
	size_t size = strlen(text) / 2;
	uint8_t *bytes = pool_take(&pool, size + 1);

	assert_true(hex_decode(text, 2 * size, bytes, size));
	return (struct blob){ bytes, size };
}

static struct blob text(const char *s)
{
	return (struct blob){ (const uint8_t *)s, strlen(s) };
}

static void is_hex(const void *bytes, size_t size, const char *expected)
{
	assert_string_equal(pool_hex(&pool, bytes, size), expected);
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16; and 4 for a key of 128 bits. */
#define GCM_PLAIN \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5" \
	"aa0de657ba637b39"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_NONCE "cafebabefacedbaddecaf888"

static void aead(void **state)
{
	static const struct {
		enum aead aead;
		const char *key, *nonce, *aad, *plain, *sealed;
	} rows[] = {
		{ AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", GCM_NONCE,
		  GCM_AAD, GCM_PLAIN,
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f"
		  "61e63"
		  "93ba7a0abcc9f662"
		  "76fc6ece0f4e1768cddf8853bb2d551b" },
		{ AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", GCM_NONCE, GCM_AAD, GCM_PLAIN,
		  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba"
		  "30b39"
		  "6a0aac973d58e091"
		  "5bc94fbc3221a5db94fae95ae7121a47" },
		/* RFC 8439 section 2.8.2, its plaintext in hex */
		{ AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
		  "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f7"
		  "56c64"
		  "206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e2"
		  "0776f"
		  "756c642062652069742e",
		  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a7"
		  "1de0a"
		  "9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4"
		  "b7a9d"
		  "e576d26586cec64b6116"
		  "1ae10b594f09e26a7e902ecbd0600691" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct blob key = hex(rows[i].key), nonce = hex(rows[i].nonce), aad = hex(rows[i].aad);
		struct blob sealed = crypto_seal(&pool, rows[i].aead, key.at, nonce.at, aad, hex(rows[i].plain)), plain;

		is_hex(sealed.at + AEAD_NONCE, sealed.size - AEAD_NONCE, rows[i].sealed);
		assert_true(crypto_open(&pool, rows[i].aead, key.at, aad, sealed, &plain));
		is_hex(plain.at, plain.size, rows[i].plain);
		for (size_t bit = 0; bit < 8 * sealed.size; bit += 13) {
			((uint8_t *)(uintptr_t)sealed.at)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(crypto_open(&pool, rows[i].aead, key.at, aad, sealed, &plain));
			((uint8_t *)(uintptr_t)sealed.at)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		aad.size--;
		assert_false(crypto_open(&pool, rows[i].aead, key.at, aad, sealed, &plain));
		sealed.size = 27;
		assert_false(crypto_open(&pool, rows[i].aead, key.at, aad, sealed, &plain));
	}
}

/* RFC 5869, A.3; RFC 4231, case 2 and RFC 2202, case 2; FIPS 180-4 and 202. */
static void hashes(void **state)
{
	struct blob mac;
	uint8_t out[42];

	(void)state;
	crypto_derive(hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), text(""), out, sizeof(out));
	is_hex(out, sizeof(out),
	       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
	mac = crypto_hmac(&pool, crypto_digest("sha2-256"), text("Jefe"), text("what do ya want for nothing?"));
	is_hex(mac.at, mac.size, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	mac = crypto_hmac(&pool, crypto_digest("sha1"), text("Jefe"), text("what do ya want for nothing?"));
	is_hex(mac.at, mac.size, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	mac = crypto_hash(&pool, crypto_digest("sha2-224"), text("abc"));
	is_hex(mac.at, mac.size, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
	mac = crypto_hash(&pool, crypto_digest("sha3-256"), text(""));
	is_hex(mac.at, mac.size, "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a");
	assert_null(crypto_digest("md5"));
	assert_null(crypto_digest("none"));
	assert_null(crypto_digest(""));
	assert_ptr_equal(crypto_digest("SHA512"), crypto_digest("sha2-512"));
}

/* RFC 8032 section 7.1, tests 1 and 2. */
static void ed25519(void **state)
{
	static const struct {
		const char *seed, *public, *message, *signature;
	} rows[] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25"
		  "bf5f0"
		  "595bbe24655141438e7a100b" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387"
		  "b2eae"
		  "b4302aeeb00d291612bb0c00" },
	};
	struct signing how = { .md = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EVP_PKEY *key = crypto_ed25519(hex(rows[i].seed).at);
		struct blob signature;
		uint8_t raw[64];
		bool valid;

		crypto_ed25519_raw(key, raw);
		is_hex(raw + 32, 32, rows[i].public);
		assert_null(crypto_sign(&pool, key, &how, hex(rows[i].message), &signature));
		is_hex(signature.at, signature.size, rows[i].signature);
		assert_null(crypto_verify(&pool, key, &how, hex(rows[i].message), signature, &valid));
		assert_true(valid);
		assert_null(crypto_verify(&pool, key, &how, text("other"), signature, &valid));
		assert_false(valid);
		EVP_PKEY_free(key);
	}
}

static void signatures(void **state)
{
	static const struct {
		const char *group;
		unsigned int bits;
		size_t jws;
	} keys[] = { { "prime256v1", 0, 64 }, { "secp384r1", 0, 96 }, { "secp521r1", 0, 132 }, { NULL, 2048, 256 } };
	struct blob digest = crypto_hash(&pool, crypto_digest("sha2-256"), text("x")), signature;
	bool valid;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		EVP_PKEY *key = keys[i].group ? crypto_generate_ec(keys[i].group) : crypto_generate_rsa(keys[i].bits);

		for (unsigned int way = 0; way < 8; way++) {
			struct signing how = { .md = crypto_digest("sha2-256"), .pkcs1 = way & 1, .jws = way & 2,
					       .salt = way & 4 ? SALT_HASH : SALT_AUTO };

			assert_null(crypto_sign(&pool, key, &how, digest, &signature));
			if (how.jws)
				assert_int_equal(signature.size, keys[i].jws);
			assert_null(crypto_verify(&pool, key, &how, digest, signature, &valid));
			assert_true(valid);
			assert_null(
				crypto_verify(&pool, key, &how, (struct blob){ digest.at + 1, 31 }, signature, &valid));
			assert_false(valid);
		}
		EVP_PKEY_free(key);
	}
}

static void salts(void **state)
{
	EVP_PKEY *key = crypto_generate_rsa(2048);
	struct blob digest = crypto_hash(&pool, crypto_digest("sha2-256"), text("x")), signature;
	struct signing how = { .md = crypto_digest("sha2-256"), .salt = 7 };
	bool valid;

	(void)state;
	assert_null(crypto_sign(&pool, key, &how, digest, &signature));
	assert_null(crypto_verify(&pool, key, &how, digest, signature, &valid));
	assert_true(valid);
	how.salt = 8;
	assert_null(crypto_verify(&pool, key, &how, digest, signature, &valid));
	assert_false(valid);
	how.salt = SALT_AUTO;
	assert_null(crypto_verify(&pool, key, &how, digest, signature, &valid));
	assert_true(valid);
	how.salt = 222;
	assert_null(crypto_sign(&pool, key, &how, digest, &signature));
	how.salt = 223;
	assert_string_equal(crypto_sign(&pool, key, &how, digest, &signature), "requested salt length 223 is invalid");
	how.salt = SALT_AUTO;
	assert_non_null(crypto_sign(&pool, key, &how, text("not a digest"), &signature));
	EVP_PKEY_free(key);
}

static void wrapping(void **state)
{
	uint8_t key[32] = { 1, 2, 3 };
	struct blob wrapped, back;

	(void)state;
	for (size_t size = 1; size < 40; size++) {
		struct blob in = {
			hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627").at, size
		};

		assert_null(crypto_wrap(&pool, key, in, &wrapped));
		assert_int_equal(wrapped.size, (size + 7) / 8 * 8 + 8);
		assert_null(crypto_unwrap(&pool, key, wrapped, &back));
		assert_int_equal(back.size, size);
		assert_memory_equal(back.at, in.at, size);
		((uint8_t *)(uintptr_t)wrapped.at)[size % wrapped.size] ^= 1;
		assert_non_null(crypto_unwrap(&pool, key, wrapped, &back));
	}
	assert_non_null(crypto_unwrap(&pool, key, text(""), &back));
	assert_non_null(crypto_unwrap(&pool, key, text("12345678"), &back));
}

/* RFC 4648 section 10. */
static void base64(void **state)
{
	static const char *const rows[][3] = {
		{ "", "", "" }, { "f", "Zg==", "MY" }, { "fo", "Zm8=", "MZXQ" }, { "foo", "Zm9v", "MZXW6" },
		{ "foob", "Zm9vYg==", "MZXW6YQ" }, { "fooba", "Zm9vYmE=", "MZXW6YTB" },
		{ "foobar", "Zm9vYmFy", "MZXW6YTBOI" },
	};
	static const char *const wrong[] = { "Z",        "Zg",   "Zg=",  "Zm9v=", "Zm9v====",
					     "Zg==Zg==", "Zm9-", "Z=g=", "====",  "Zm 9v" };
	struct blob out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(base64_behind(&pool, "", rows[i][0], strlen(rows[i][0])), rows[i][1]);
		assert_null(base64_read(&pool, rows[i][1], &out));
		assert_int_equal(out.size, strlen(rows[i][0]));
		assert_memory_equal(out.at, rows[i][0], out.size);
		assert_string_equal(base32(&pool, text(rows[i][0])), rows[i][2]);
		if (!i)
			continue;
		assert_true(base32_read(&pool, rows[i][2], &out));
		assert_int_equal(out.size, strlen(rows[i][0]));
		assert_memory_equal(out.at, rows[i][0], out.size);
	}
	assert_null(base64_read(&pool, "Zm9v\r\nYm\nFy\n", &out));
	assert_int_equal(out.size, 6);
	assert_memory_equal(out.at, "foobar", 6);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!base64_read(&pool, wrong[i], &out))
			fail_msg("%s was read", wrong[i]);
	assert_string_equal(base64_read(&pool, "Zm9v!", &out), "illegal base64 data at input byte 4");
	assert_string_equal(base64_url(&pool, "\xfb\xff\xfe\xff", 4), "-__-_w");
	assert_null(base64_read_url(&pool, "-__-_w", &out));
	assert_memory_equal(out.at, "\xfb\xff\xfe\xff", 4);
	assert_false(base32_read(&pool, "", &out));
	assert_false(base32_read(&pool, "A", &out));
	assert_false(base32_read(&pool, "MZX1", &out));
	assert_true(base32_read(&pool, "mzxw6ytboi======", &out));
}

/* RFC 6238, appendix B. */
static void totp(void **state)
{
	static const char secret[] = "1234567890123456789012345678901234567890123456789012345678901234";
	static const struct {
		uint64_t time;
		const char *algorithm;
		size_t size;
		const char *code;
	} rows[] = {
		{ 59, "SHA1", 20, "94287082" },           { 59, "SHA256", 32, "46119246" },
		{ 59, "SHA512", 64, "90693936" },         { 1111111109, "SHA1", 20, "07081804" },
		{ 1111111109, "SHA256", 32, "68084774" }, { 1111111109, "SHA512", 64, "25091201" },
		{ 1234567890, "SHA1", 20, "89005924" },   { 2000000000, "SHA256", 32, "90698825" },
		{ 20000000000, "SHA1", 20, "65353130" },  { 20000000000, "SHA512", 64, "47863826" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct totp_key k = { .secret = { (const uint8_t *)secret, rows[i].size },
				      .algorithm = rows[i].algorithm,
				      .period = 30,
				      .digits = 8 };

		assert_string_equal(totp_code(&pool, &k, rows[i].time / 30), rows[i].code);
		k.digits = 6;
		assert_string_equal(totp_code(&pool, &k, rows[i].time / 30), rows[i].code + 2);
	}
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(aead),  TEST(hashes),   TEST(ed25519), TEST(signatures),
		TEST(salts), TEST(wrapping), TEST(base64),  TEST(totp),
	};

	return cmocka_run_group_tests_name("crypto of the engines", tests, NULL, NULL);
}
