/* Known answers: FIPS 180-4, RFC 4231, RFC 5869, RFC 4493, the GCM specification of McGrew and Viega. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/aes_cmac.h"
#include "crypto/aes_gcm.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct bytes {
	uint8_t at[256];
	size_t size;
};

static struct bytes hex(const char *text)
{
	struct bytes out = { .size = strlen(text) / 2 };

	for (size_t i = 0; i < out.size; i++) {
		unsigned byte;

		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		out.at[i] = (uint8_t)byte;
	}
	return out;
}

static void assert_hex(const void *got, const char *expected)
{
	struct bytes want = hex(expected);

	assert_memory_equal(got, want.at, want.size);
}

static void sha256_known(void **state)
{
	static const struct { const char *text, *digest; } table[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	uint8_t digest[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		sha256(table[i].text, strlen(table[i].text), digest);
		assert_hex(digest, table[i].digest);
	}
}

static void sha256_in_pieces(void **state)
{
	struct sha256 ctx, zero = { 0 };
	uint8_t digest[SHA256_SIZE], piece[997];
	size_t left = 1000000;

	(void)state;
	memset(piece, 'a', sizeof(piece));
	sha256_init(&ctx);
	while (left) {
		size_t take = left < sizeof(piece) ? left : sizeof(piece);

		sha256_update(&ctx, piece, take);
		left -= take;
	}
	sha256_final(&ctx, digest);
	assert_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	assert_memory_equal(&ctx, &zero, sizeof(ctx));
}

static void sha256_copied_prefix(void **state)
{
	struct sha256 prefix, copy;
	uint8_t digest[SHA256_SIZE];

	(void)state;
	sha256_init(&prefix);
	sha256_update(&prefix, "ab", 2);
	for (int i = 0; i < 2; i++) {
		copy = prefix;
		sha256_update(&copy, "c", 1);
		sha256_final(&copy, digest);
		assert_hex(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	}
}

static void hmac_known(void **state)
{
	uint8_t mac[HMAC_SHA256_SIZE], key[131];
	const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";

	(void)state;
	memset(key, 0x0b, 20);
	hmac_sha256(key, 20, "Hi There", 8, mac);
	assert_hex(mac, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
	assert_hex(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(key, sizeof(key), text, strlen(text), mac);
	assert_hex(mac, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void hkdf_known(void **state)
{
	struct bytes secret = hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
	struct bytes salt = hex("000102030405060708090a0b0c"), info = hex("f0f1f2f3f4f5f6f7f8f9");
	uint8_t prk[HMAC_SHA256_SIZE], out[42];

	(void)state;
	hkdf_extract(salt.at, salt.size, secret.at, secret.size, prk);
	assert_hex(prk, "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
	assert_true(hkdf_expand(prk, info.at, info.size, out, sizeof(out)));
	assert_hex(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	hkdf_extract("", 0, secret.at, secret.size, prk);
	assert_true(hkdf_expand(prk, "", 0, out, sizeof(out)));
	assert_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void hkdf_bounds(void **state)
{
	static uint8_t out[HKDF_MAX + 1];
	uint8_t prk[HMAC_SHA256_SIZE] = { 1 }, first[HMAC_SHA256_SIZE];
	struct secret_key key = { .size = 32 }, wide = { .size = SECRET_KEY_MAX + 1 };

	(void)state;
	assert_true(hkdf_expand(prk, "x", 1, out, HKDF_MAX));
	assert_false(hkdf_expand(prk, "x", 1, out, HKDF_MAX + 1));
	assert_false(hkdf_key("", 0, "secret", 6, "label", &wide));
	assert_true(hkdf_key("", 0, "secret", 6, "label", &key));
	hkdf_extract("", 0, "secret", 6, prk);
	assert_true(hkdf_expand(prk, "label", 5, first, sizeof(first)));
	assert_memory_equal(key.bytes, first, sizeof(first));
}

static void cmac_known(void **state)
{
	static const struct { size_t size; const char *mac; } table[] = {
		{ 0, "bb1d6929e95937287fa37d129b756746" },
		{ 16, "070a16b46b4d4144f79bdd9dd04a287c" },
		{ 40, "dfa66747de9ae63030ca32611497c827" },
		{ 64, "51f0bebf7e3b9d92fc49741779363cfe" },
	};
	struct bytes key = hex("2b7e151628aed2a6abf7158809cf4f3c");
	struct bytes text = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
				"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
	uint8_t mac[AES_CMAC_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		aes_cmac(key.at, text.at, table[i].size, mac);
		assert_hex(mac, table[i].mac);
		assert_true(aes_cmac_verify(key.at, text.at, table[i].size, mac));
		mac[15] ^= 1;
		assert_false(aes_cmac_verify(key.at, text.at, table[i].size, mac));
	}
}

static const struct gcm_case {
	const char *key, *nonce, *aad, *plain, *sealed, *tag;
} gcm_cases[] = {
	{ "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
	  "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
	  "b16aedf5aa0de657ba637b39",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
	  "c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void gcm_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gcm_cases); i++) {
		const struct gcm_case *c = &gcm_cases[i];
		struct bytes key = hex(c->key), nonce = hex(c->nonce), aad = hex(c->aad), plain = hex(c->plain);
		uint8_t out[256], tag[AES_GCM_TAG_SIZE];
		struct aes_gcm gcm;

		aes_gcm_init(&gcm, key.at);
		aes_gcm_seal(&gcm, nonce.at, aad.at, aad.size, plain.at, plain.size, out, tag);
		assert_hex(out, c->sealed);
		assert_hex(tag, c->tag);
		assert_true(aes_gcm_open(&gcm, nonce.at, aad.at, aad.size, out, plain.size, out, tag));
		assert_memory_equal(out, plain.at, plain.size);
	}
}

/* Every bit of the sealed text, the tag, the nonce and the additional data counts; a forgery leaves only zeros. */
static void gcm_forged(void **state)
{
	const struct gcm_case *c = &gcm_cases[2];
	struct bytes key = hex(c->key), sealed = hex(c->sealed);
	struct { struct bytes nonce, aad, sealed, tag; } good = {
		hex(c->nonce), hex(c->aad), sealed, hex(c->tag)
	}, bad;
	struct bytes *parts[] = { &bad.nonce, &bad.aad, &bad.sealed, &bad.tag };
	uint8_t out[256], zero[256] = { 0 };
	struct aes_gcm gcm;

	(void)state;
	aes_gcm_init(&gcm, key.at);
	for (size_t part = 0; part < COUNT(parts); part++) {
		for (size_t bit = 0; bit < 8 * (bad = good, parts[part]->size); bit++) {
			bad = good;
			parts[part]->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			memset(out, 0x55, sizeof(out));
			assert_false(aes_gcm_open(&gcm, bad.nonce.at, bad.aad.at, bad.aad.size, bad.sealed.at,
						  sealed.size, out, bad.tag.at));
			assert_memory_equal(out, zero, sealed.size);
		}
	}
	aes_gcm_wipe(&gcm);
	for (size_t i = 0; i < sizeof(gcm); i++)
		assert_int_equal(gcm.opaque[i], 0);
}

static void random_differs(void **state)
{
	uint8_t a[64] = { 0 }, b[64] = { 0 };

	(void)state;
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_known), cmocka_unit_test(sha256_in_pieces),
		cmocka_unit_test(sha256_copied_prefix), cmocka_unit_test(hmac_known),
		cmocka_unit_test(hkdf_known), cmocka_unit_test(hkdf_bounds), cmocka_unit_test(cmac_known),
		cmocka_unit_test(gcm_known), cmocka_unit_test(gcm_forged), cmocka_unit_test(random_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
