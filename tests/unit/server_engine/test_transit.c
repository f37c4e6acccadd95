/* Keys of transit and what they do, as requests. */
#include "tests/unit/server_engine/harness.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/engine/base64.h"
#include "server/engine/transit.h"

static struct bench b;

static void text_is(const struct json *data, const char *way, const char *expected)
{
	assert_string_equal(data_text(&b, data, way), expected);
}

static void raw_is(const struct json *data, const char *way, const char *expected)
{
	assert_string_equal(data_raw(&b, data, way), expected);
}

static const char *encrypt(const char *key, const char *more)
{
	return data_text(&b, expect(&b, 200, OP_UPDATE, pool_printf(&b.pool, "encrypt/%s", key), "{%s}", more),
			 "ciphertext");
}

#define HELLO "\"plaintext\":\"aGVsbG8=\""

static void encrypts(void **state)
{
	static const char *const types[] = { "aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "rsa-2048" };
	const char *ciphertext;

	(void)state;
	bench_open(&b, &transit_backend);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"%s\"}", types[i]);
		ciphertext = encrypt("k", HELLO);
		assert_int_equal(strncmp(ciphertext, "vault:v1:", 9), 0);
		assert_string_not_equal(ciphertext, encrypt("k", HELLO));
		bench_restart(&b);
		text_is(expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", ciphertext), "plaintext",
			"aGVsbG8=");
		expect(&b, 200, OP_UPDATE, "keys/k/config", "{\"deletion_allowed\":true}");
		expect(&b, 204, OP_DELETE, "keys/k", NULL);
		expect(&b, 400, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", ciphertext);
		assert_string_equal(last_error, "encryption key not found");
	}
	bench_close(&b);
}

static void upserts(void **state)
{
	(void)state;
	bench_open(&b, &transit_backend);
	encrypt("new", HELLO);
	raw_is(expect(&b, 200, OP_READ, "keys/new", NULL), "derived", "false");
	encrypt("new-derived",
		HELLO ",\"context\":\"Yw==\",\"convergent_encryption\":true,\"type\":\"chacha20-poly1305\"");
	raw_is(expect(&b, 200, OP_READ, "keys/new-derived", NULL), "convergent_encryption", "true");
	expect(&b, 400, OP_UPDATE, "encrypt/x", "{" HELLO ",\"type\":\"rsa-2048\"}");
	expect(&b, 400, OP_UPDATE, "encrypt/x", "{" HELLO ",\"type\":\"des\"}");
	expect(&b, 400, OP_UPDATE, "encrypt/x", "{" HELLO ",\"convergent_encryption\":true}");
	expect(&b, 200, OP_UPDATE, "config/keys", "{\"disable_upsert\":true}");
	expect(&b, 400, OP_UPDATE, "encrypt/x", "{" HELLO "}");
	raw_is(expect(&b, 200, OP_READ, "config/keys", NULL), "disable_upsert", "true");
	expect(&b, 404, OP_READ, "keys/x", NULL);
	bench_close(&b);
}

/* A batch with a wrong item is refused, with the ciphertexts of the others: their key must be durable all the same. */
static void upserts_for_a_partly_wrong_batch(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	data = expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":[{" HELLO "},{\"plaintext\":\"!\"}]}");
	bench_restart(&b);
	data = expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}",
		      data_text(&b, data, "batch_results.0.ciphertext"));
	text_is(data, "plaintext", "aGVsbG8=");
	bench_close(&b);
}

static void versions(void **state)
{
	const char *first;
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	first = encrypt("k", HELLO);
	data = expect(&b, 200, OP_UPDATE, "keys/k/rotate", NULL);
	assert_int_equal(data_int(data, "latest_version"), 2);
	raw_is(data, "keys", "{\"1\":1700000000,\"2\":1700000000}");
	assert_int_equal(strncmp(encrypt("k", HELLO), "vault:v2:", 9), 0);
	assert_int_equal(strncmp(encrypt("k", HELLO ",\"key_version\":1"), "vault:v1:", 9), 0);
	data = expect(&b, 200, OP_UPDATE, "rewrap/k", "{\"ciphertext\":\"%s\"}", first);
	assert_int_equal(strncmp(data_text(&b, data, "ciphertext"), "vault:v2:", 9), 0);
	assert_int_equal(data_int(data, "key_version"), 2);
	text_is(expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", data_text(&b, data, "ciphertext")),
		"plaintext", "aGVsbG8=");
	expect(&b, 200, OP_UPDATE, "keys/k/config", "{\"min_decryption_version\":2}");
	expect(&b, 400, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", first);
	assert_string_equal(last_error, "ciphertext or signature version is disallowed by policy (too old)");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{" HELLO ",\"key_version\":3}");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{" HELLO ",\"key_version\":-1}");
	expect(&b, 200, OP_UPDATE, "keys/k/config", "{\"min_encryption_version\":2}");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{" HELLO ",\"key_version\":1}");
	assert_string_equal(last_error,
			    "requested version for encryption is less than the minimum encryption key version");
	expect(&b, 400, OP_UPDATE, "keys/k/config", "{\"min_decryption_version\":3}");
	expect(&b, 400, OP_UPDATE, "keys/k/config", "{\"min_decryption_version\":-1}");
	expect(&b, 400, OP_UPDATE, "keys/k/config", "{\"min_encryption_version\":1}");
	expect(&b, 400, OP_UPDATE, "keys/none/config", "{}");
	bench_close(&b);
}

static void trims(void **state)
{
	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 400, OP_UPDATE, "keys/none/trim", "{\"min_available_version\":1}");
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"ed25519\"}");
	for (int i = 0; i < 4; i++)
		expect(&b, 200, OP_UPDATE, "keys/k/rotate", NULL);
	expect(&b, 400, OP_UPDATE, "keys/k/trim", "{}");
	expect(&b, 400, OP_UPDATE, "keys/k/trim", "{\"min_available_version\":2}");
	expect(&b, 200, OP_UPDATE, "keys/k/config", "{\"min_decryption_version\":3,\"min_encryption_version\":4}");
	expect(&b, 400, OP_UPDATE, "keys/k/trim", "{\"min_available_version\":4}");
	expect(&b, 200, OP_UPDATE, "keys/k/trim", "{\"min_available_version\":3}");
	expect(&b, 400, OP_UPDATE, "keys/k/trim", "{\"min_available_version\":2}");
	assert_string_equal(last_error, "minimum available version cannot be decremented");
	expect(&b, 400, OP_UPDATE, "keys/k/config", "{\"min_decryption_version\":2}");
	bench_restart(&b);
	assert_int_equal(data_at(&b, expect(&b, 200, OP_READ, "keys/k", NULL), "keys")->count, 3);
	bench_close(&b);
}

static void derives(void **state)
{
	const char *one;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"derived\":true,\"convergent_encryption\":true}");
	one = encrypt("k", HELLO ",\"context\":\"Yw==\"");
	assert_string_equal(one, encrypt("k", HELLO ",\"context\":\"Yw==\""));
	assert_string_not_equal(one, encrypt("k", HELLO ",\"context\":\"ZA==\""));
	assert_string_not_equal(one, encrypt("k", "\"plaintext\":\"aGVsbA==\",\"context\":\"Yw==\""));
	text_is(expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\",\"context\":\"Yw==\"}", one),
		"plaintext", "aGVsbG8=");
	expect(&b, 400, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\",\"context\":\"ZA==\"}", one);
	assert_string_equal(last_error, "cipher: message authentication failed");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{" HELLO "}");
	assert_int_equal(strncmp(last_error, "missing 'context' for key derivation", 36), 0);
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{" HELLO ",\"context\":\"!\"}");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"convergent_encryption\":true}");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"derived\":true,\"type\":\"rsa-2048\"}");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"derived\":true,\"convergent_encryption\":true,\"type\":\"ed25519\"}");
	bench_close(&b);
}

static void binds_associated_data(void **state)
{
	const char *ciphertext;

	(void)state;
	bench_open(&b, &transit_backend);
	ciphertext = encrypt("k", HELLO ",\"associated_data\":\"YWFk\"");
	expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\",\"associated_data\":\"YWFk\"}", ciphertext);
	expect(&b, 400, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", ciphertext);
	expect(&b, 200, OP_UPDATE, "keys/r", "{\"type\":\"rsa-2048\"}");
	expect(&b, 400, OP_UPDATE, "encrypt/r", "{" HELLO ",\"associated_data\":\"YWFk\"}");
	bench_close(&b);
}

static void refuses_ciphertexts(void **state)
{
	static const char *const rows[][2] = {
		{ "", "missing ciphertext to decrypt" },
		{ "x", "invalid ciphertext: no prefix" },
		{ "vault:v1", "invalid ciphertext: wrong number of fields" },
		{ "vault:vx:AAAA", "invalid ciphertext: version number could not be decoded" },
		{ "vault:v-1:AAAA", "invalid ciphertext: version number could not be decoded" },
		{ "vault:v2:AAAA", "invalid ciphertext: version is too new" },
		{ "vault:v1:!", "invalid ciphertext: could not decode base64" },
		{ "vault:v1:AAAA", "invalid ciphertext length" },
		{ "vault:v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "cipher: message authentication failed" },
		{ "vault:v1:AAAAAAAAAAAAAAAA", "cipher: message authentication failed" },
	};

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(&b, 400, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", rows[i][0]);
		assert_string_equal(last_error, rows[i][1]);
	}
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{}");
	assert_string_equal(last_error, "missing plaintext to encrypt");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"plaintext\":\"a\"}");
	expect(&b, 200, OP_UPDATE, "keys/e", "{\"type\":\"ed25519\"}");
	expect(&b, 400, OP_UPDATE, "encrypt/e", "{" HELLO "}");
	assert_string_equal(last_error, "message encryption not supported for key type ed25519");
	bench_close(&b);
}

static void batches(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	data = expect(&b, 200, OP_UPDATE, "encrypt/k",
		      "{\"batch_input\":[{" HELLO ",\"reference\":\"one\"},{\"plaintext\":\"\"}]}");
	text_is(data, "batch_results.0.reference", "one");
	text_is(data, "batch_results.1.reference", "");
	data = expect(
		&b, 200, OP_UPDATE, "decrypt/k", "{\"batch_input\":[{\"ciphertext\":\"%s\"},{\"ciphertext\":\"%s\"}]}",
		data_text(&b, data, "batch_results.0.ciphertext"), data_text(&b, data, "batch_results.1.ciphertext"));
	text_is(data, "batch_results.0.plaintext", "aGVsbG8=");
	text_is(data, "batch_results.1.plaintext", "");
	data = expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":[{" HELLO "},{\"plaintext\":\"!\"}]}");
	text_is(data, "batch_results.1.error", "illegal base64 data at input byte 0");
	assert_null(data_at(&b, data, "batch_results.0.error"));
	expect(&b, 207, OP_UPDATE, "encrypt/k",
	       "{\"batch_input\":[{" HELLO "},{\"plaintext\":\"!\"}],\"partial_failure_response_code\":207}");
	expect(&b, 400, OP_UPDATE, "encrypt/k",
	       "{\"batch_input\":[{" HELLO "},{\"plaintext\":\"!\"}],\"partial_failure_response_code\":7}");
	expect(&b, 400, OP_UPDATE, "encrypt/k",
	       "{\"batch_input\":[{\"plaintext\":\"!\"}],\"partial_failure_response_code\":207}");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":[]}");
	assert_string_equal(last_error, "missing batch input to process");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":[1]}");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":{}}");
	expect(&b, 400, OP_UPDATE, "encrypt/k", "{\"batch_input\":[{" HELLO "},{" HELLO ",\"context\":\"Yw==\"}]}");
	assert_string_equal(last_error, "context should be set either in all the request blocks or in none");
	bench_close(&b);
}

static void signs(void **state)
{
	static const char *const types[] = { "ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048" };
	static const char *const ways[] = {
		"", ",\"marshaling_algorithm\":\"jws\"", ",\"signature_algorithm\":\"pkcs1v15\"",
		",\"hash_algorithm\":\"sha2-512\"", ",\"salt_length\":\"hash\"", ",\"salt_length\":\"20\"",
	};
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *path = pool_printf(&b.pool, "keys/%s", types[i]);

		expect(&b, 200, OP_UPDATE, path, "{\"type\":\"%s\"}", types[i]);
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++) {
			const char *signature;

			data = expect(&b, 200, OP_UPDATE, pool_printf(&b.pool, "sign/%s", types[i]),
				      "{\"input\":\"aGVsbG8=\"%s}", ways[j]);
			signature = data_text(&b, data, "signature");
			path = pool_printf(&b.pool, "verify/%s", types[i]);
			raw_is(expect(&b, 200, OP_UPDATE, path, "{\"input\":\"aGVsbG8=\",\"signature\":\"%s\"%s}",
				      signature, ways[j]),
			       "valid", "true");
			raw_is(expect(&b, 200, OP_UPDATE, path, "{\"input\":\"aGVsbA==\",\"signature\":\"%s\"%s}",
				      signature, ways[j]),
			       "valid", "false");
		}
	}
	bench_close(&b);
}

static void signs_with_care(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"input\":\"!\"}", "unable to decode input as base64: illegal base64 data at input byte 0" },
		{ "{\"input\":\"\",\"hash_algorithm\":\"md5\"}", "invalid hash algorithm \"md5\"" },
		{ "{\"input\":\"\",\"marshaling_algorithm\":\"x\"}", "invalid marshaling type \"x\"" },
		{ "{\"input\":\"\",\"hash_algorithm\":\"none\"}",
		  "hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15" },
		{ "{\"input\":\"\",\"salt_length\":\"x\"}", "salt length neither 'auto', 'hash', nor an int: x" },
		{ "{\"input\":\"\",\"salt_length\":-2}", "salt length is invalid: -2" },
		{ "{\"input\":\"\",\"salt_length\":400}", "requested salt length 400 is invalid" },
		{ "{\"input\":\"\",\"signature_algorithm\":\"x\"}", "unsupported rsa signature algorithm x" },
		{ "{\"input\":\"\",\"key_version\":2}",
		  "requested version for signing is higher than the latest key version" },
	};

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 400, OP_UPDATE, "sign/k", "{\"input\":\"\"}");
	assert_string_equal(last_error, "signing key not found");
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"rsa-2048\"}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(&b, 400, OP_UPDATE, "sign/k", "%s", rows[i][0]);
		assert_string_equal(last_error, rows[i][1]);
	}
	expect(&b, 200, OP_UPDATE, "sign/k", "{\"input\":\"aGVsbG8=\",\"prehashed\":true,\"hash_algorithm\":\"none\","
					     "\"signature_algorithm\":\"pkcs1v15\"}");
	expect(&b, 400, OP_UPDATE, "sign/k", "{\"input\":\"aGVsbG8=\",\"prehashed\":true}");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"input\":\"\"}");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"input\":\"\",\"signature\":\"x\",\"hmac\":\"y\"}");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"input\":\"\",\"signature\":\"x\"}");
	assert_string_equal(last_error, "invalid signature: no prefix");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"batch_input\":[{\"signature\":\"x\"},{\"hmac\":\"y\"}]}");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"batch_input\":[{\"signature\":\"x\"},{}]}");
	expect(&b, 200, OP_UPDATE, "keys/p", "{\"type\":\"ecdsa-p256\"}");
	expect(&b, 400, OP_UPDATE, "verify/p", "{\"input\":\"\",\"signature\":\"vault:v1:AAAA\"}");
	assert_string_equal(last_error, "supplied signature is invalid");
	expect(&b, 200, OP_UPDATE, "keys/a", NULL);
	expect(&b, 400, OP_UPDATE, "sign/a", "{\"input\":\"\"}");
	assert_string_equal(last_error, "key type aes256-gcm96 does not support signing");
	bench_close(&b);
}

static void signs_derived(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	data = expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"ed25519\",\"derived\":true}");
	text_is(data, "keys.1.public_key", "");
	expect(&b, 400, OP_UPDATE, "sign/k", "{\"input\":\"\"}");
	data = expect(&b, 200, OP_UPDATE, "sign/k", "{\"input\":\"\",\"context\":\"Yw==\"}");
	text_is(expect(&b, 200, OP_READ, "keys/k", "{\"context\":\"Yw==\"}"), "keys.1.public_key",
		data_text(&b, data, "public_key"));
	raw_is(expect(&b, 200, OP_UPDATE, "verify/k", "{\"input\":\"\",\"context\":\"Yw==\",\"signature\":\"%s\"}",
		      data_text(&b, data, "signature")), "valid", "true");
	raw_is(expect(&b, 200, OP_UPDATE, "verify/k", "{\"input\":\"\",\"context\":\"ZA==\",\"signature\":\"%s\"}",
		      data_text(&b, data, "signature")), "valid", "false");
	bench_close(&b);
}

static void authenticates(void **state)
{
	const struct json *data;
	const char *hmac;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 400, OP_UPDATE, "hmac/k", "{\"input\":\"\"}");
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"hmac\",\"key_size\":64}");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"type\":\"hmac\",\"key_size\":31}");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"key_size\":32}");
	hmac = data_text(&b, expect(&b, 200, OP_UPDATE, "hmac/k/sha2-512", "{\"input\":\"aGVsbG8=\"}"), "hmac");
	raw_is(expect(&b, 200, OP_UPDATE, "verify/k/sha2-512", "{\"input\":\"aGVsbG8=\",\"hmac\":\"%s\"}", hmac),
	       "valid", "true");
	raw_is(expect(&b, 200, OP_UPDATE, "verify/k", "{\"input\":\"aGVsbG8=\",\"hmac\":\"%s\"}", hmac), "valid",
	       "false");
	expect(&b, 400, OP_UPDATE, "verify/k", "{\"input\":\"aGVsbG8=\",\"hmac\":\"vault:v9:AAAA\"}");
	data = expect(&b, 200, OP_UPDATE, "hmac/k", "{\"batch_input\":[{\"input\":\"\"},{}]}");
	text_is(data, "batch_results.1.error", "missing input for HMAC");
	expect(&b, 400, OP_UPDATE, "hmac/k", "{}");
	expect(&b, 400, OP_UPDATE, "hmac/k", "{\"input\":\"\",\"algorithm\":\"md5\"}");
	expect(&b, 400, OP_UPDATE, "hmac/k", "{\"input\":\"\",\"key_version\":2}");
	expect(&b, 200, OP_UPDATE, "keys/a", NULL);
	expect(&b, 200, OP_UPDATE, "hmac/a", "{\"input\":\"\"}");
	bench_close(&b);
}

static void hashes_and_rolls_dice(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	text_is(expect(&b, 200, OP_UPDATE, "hash", "{\"input\":\"YWJj\"}"), "sum",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	text_is(expect(&b, 200, OP_UPDATE, "hash/sha2-224", "{\"input\":\"YWJj\",\"format\":\"base64\"}"), "sum",
		"Iwl9IjQF2CKGQqR3vaJVsyqtvOS9oLP342ydpw==");
	expect(&b, 400, OP_UPDATE, "hash", "{}");
	expect(&b, 400, OP_UPDATE, "hash", "{\"input\":\"!\"}");
	expect(&b, 400, OP_UPDATE, "hash/md5", "{\"input\":\"\"}");
	expect(&b, 400, OP_UPDATE, "hash", "{\"input\":\"\",\"format\":\"x\"}");
	data = expect(&b, 200, OP_UPDATE, "random", "{\"format\":\"hex\"}");
	assert_int_equal(strlen(data_text(&b, data, "random_bytes")), 64);
	data = expect(&b, 200, OP_UPDATE, "random/5", "{\"format\":\"hex\"}");
	assert_int_equal(strlen(data_text(&b, data, "random_bytes")), 10);
	data = expect(&b, 200, OP_UPDATE, "random/platform/6", "{\"format\":\"hex\"}");
	assert_int_equal(strlen(data_text(&b, data, "random_bytes")), 12);
	expect(&b, 400, OP_UPDATE, "random", "{\"bytes\":0}");
	expect(&b, 400, OP_UPDATE, "random/x", NULL);
	expect(&b, 400, OP_UPDATE, "random", "{\"bytes\":131073}");
	expect(&b, 400, OP_UPDATE, "random", "{\"format\":\"x\"}");
	bench_close(&b);
}

static void makes_data_keys(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 400, OP_UPDATE, "datakey/plaintext/k", NULL);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	data = expect(&b, 200, OP_UPDATE, "datakey/plaintext/k", "{\"bits\":512}");
	text_is(expect(&b, 200, OP_UPDATE, "decrypt/k", "{\"ciphertext\":\"%s\"}", data_text(&b, data, "ciphertext")),
		"plaintext", data_text(&b, data, "plaintext"));
	assert_null(data_at(&b, expect(&b, 200, OP_UPDATE, "datakey/wrapped/k", NULL), "plaintext"));
	expect(&b, 400, OP_UPDATE, "datakey/other/k", NULL);
	expect(&b, 400, OP_UPDATE, "datakey/plaintext/k", "{\"bits\":64}");
	bench_close(&b);
}

static void exports(void **state)
{
	static const char *const rows[][3] = {
		{ "ecdsa-p256", "signing-key", "-----BEGIN EC PRIVATE KEY-----" },
		{ "rsa-2048", "signing-key", "-----BEGIN RSA PRIVATE KEY-----" },
		{ "rsa-2048", "encryption-key", "-----BEGIN RSA PRIVATE KEY-----" },
		{ "rsa-2048", "public-key", "-----BEGIN PUBLIC KEY-----" },
		{ "ed25519", "signing-key", "" },
		{ "ed25519", "public-key", "" },
		{ "aes256-gcm96", "encryption-key", "" },
		{ "aes256-gcm96", "hmac-key", "" },
		{ "hmac", "hmac-key", "" },
	};

	(void)state;
	bench_open(&b, &transit_backend);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = pool_printf(&b.pool, "export/%s/%s", rows[i][1], rows[i][0]), *key;

		expect(&b, 200, OP_UPDATE, pool_printf(&b.pool, "keys/%s", rows[i][0]),
		       "{\"type\":\"%s\",\"exportable\":true}", rows[i][0]);
		key = data_text(&b, expect(&b, 200, OP_READ, path, NULL), "keys.1");
		assert_int_equal(strncmp(key, rows[i][2], strlen(rows[i][2])), 0);
		expect(&b, 200, OP_READ, pool_printf(&b.pool, "%s/latest", path), NULL);
		expect(&b, 400, OP_READ, pool_printf(&b.pool, "%s/7", path), NULL);
		expect(&b, 400, OP_READ, path, "{\"format\":\"x\"}");
	}
	expect(&b, 400, OP_READ, "export/other/hmac", NULL);
	expect(&b, 404, OP_READ, "export/hmac-key/none", NULL);
	expect(&b, 400, OP_READ, "export/signing-key/aes256-gcm96", NULL);
	expect(&b, 200, OP_UPDATE, "keys/closed", NULL);
	expect(&b, 400, OP_READ, "export/encryption-key/closed", NULL);
	assert_string_equal(last_error, "private key material is not exportable");
	bench_close(&b);
}

static void backs_up(void **state)
{
	const char *backup, *ciphertext;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"exportable\":true}");
	expect(&b, 500, OP_READ, "backup/k", NULL);
	expect(&b, 200, OP_UPDATE, "keys/k/config", "{\"allow_plaintext_backup\":true}");
	ciphertext = encrypt("k", HELLO);
	backup = data_text(&b, expect(&b, 200, OP_READ, "backup/k", NULL), "backup");
	expect(&b, 500, OP_UPDATE, "restore", "{\"backup\":\"%s\"}", backup);
	assert_string_equal(last_error, "1 error occurred:\n\t* key \"k\" already exists\n\n");
	expect(&b, 204, OP_UPDATE, "restore/l", "{\"backup\":\"%s\"}", backup);
	text_is(expect(&b, 200, OP_UPDATE, "decrypt/l", "{\"ciphertext\":\"%s\"}", ciphertext), "plaintext",
		"aGVsbG8=");
	expect(&b, 204, OP_UPDATE, "restore", "{\"backup\":\"%s\",\"force\":true}", backup);
	assert_non_null(data_at(&b, expect(&b, 200, OP_READ, "keys/l", NULL), "restore_info.time"));
	expect(&b, 400, OP_UPDATE, "restore", "{\"backup\":\"AAAA\"}");
	expect(&b, 400, OP_UPDATE, "restore", "{}");
	expect(&b, 500, OP_READ, "backup/none", NULL);
	bench_close(&b);
}

/* byok-export under the destination's own wrapping key would need that key; what import takes is made here. */
static const char *wrapped(const char *pem, const char *hash, struct blob material)
{
	EVP_PKEY *key = crypto_read_public_pem(pem);
	uint8_t ephemeral[32] = { 7 }, *whole;
	struct blob head, tail;

	assert_non_null(key);
	assert_null(crypto_oaep_seal(&b.pool, key, crypto_digest(hash), (struct blob){ ephemeral, 32 }, &head));
	assert_null(crypto_wrap(&b.pool, ephemeral, material, &tail));
	EVP_PKEY_free(key);
	whole = pool_take(&b.pool, head.size + tail.size);
	memcpy(whole, head.at, head.size);
	memcpy(whole + head.size, tail.at, tail.size);
	return base64_behind(&b.pool, "", whole, head.size + tail.size);
}

static void imports(void **state)
{
	static const uint8_t aes[32] = { 1, 2, 3 };
	const char *pem, *cipher;
	EVP_PKEY *ec;

	(void)state;
	bench_open(&b, &transit_backend);
	pem = data_text(&b, expect(&b, 200, OP_READ, "wrapping_key", NULL), "public_key");
	bench_restart(&b);
	text_is(expect(&b, 200, OP_READ, "wrapping_key", NULL), "public_key", pem);
	cipher = wrapped(pem, "SHA256", (struct blob){ aes, 32 });
	expect(&b, 204, OP_UPDATE, "keys/k/import", "{\"ciphertext\":\"%s\",\"exportable\":true}", cipher);
	text_is(expect(&b, 200, OP_READ, "export/encryption-key/k", NULL), "keys.1",
		base64_behind(&b.pool, "", aes, 32));
	expect(&b, 400, OP_UPDATE, "keys/k/import", "{\"ciphertext\":\"%s\"}", cipher);
	expect(&b, 400, OP_UPDATE, "keys/k/rotate", NULL);
	assert_string_equal(last_error, "imported key k does not allow rotation within Vault");
	expect(&b, 204, OP_UPDATE, "keys/k/import_version", "{\"ciphertext\":\"%s\"}", cipher);
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "keys/k", NULL), "latest_version"), 2);
	expect(&b, 400, OP_UPDATE, "keys/x/import", "{\"ciphertext\":\"%s\",\"hash_function\":\"SHA1\"}", cipher);
	expect(&b, 400, OP_UPDATE, "keys/x/import", "{\"ciphertext\":\"%s\",\"type\":\"aes128-gcm96\"}", cipher);
	assert_string_equal(last_error, "error importing key: invalid key size 32 bytes for key type aes128-gcm96");
	expect(&b, 400, OP_UPDATE, "keys/x/import", "{\"ciphertext\":\"AAAA\"}");
	expect(&b, 400, OP_UPDATE, "keys/x/import", "{}");
	ec = crypto_generate_ec("prime256v1");
	cipher = wrapped(pem, "SHA1", crypto_pkcs8(&b.pool, ec));
	expect(&b, 400, OP_UPDATE, "keys/e/import",
	       "{\"ciphertext\":\"%s\",\"type\":\"ecdsa-p384\",\"hash_function\":\"SHA1\"}", cipher);
	expect(&b, 204, OP_UPDATE, "keys/e/import",
	       "{\"ciphertext\":\"%s\",\"type\":\"ecdsa-p256\",\"hash_function\":\"SHA1\"}", cipher);
	expect(&b, 200, OP_UPDATE, "sign/e", "{\"input\":\"\"}");
	EVP_PKEY_free(ec);
	bench_close(&b);
}

static const char *escaped(const char *pem)
{
	struct json_writer w;

	pool_json(&b.pool, &w);
	json_put_string(&w, NULL, pem);
	return (const char *)pool_json_end(&w).at;
}

static void completes_public_keys(void **state)
{
	EVP_PKEY *mine, *other;
	const char *pem, *public;

	(void)state;
	bench_open(&b, &transit_backend);
	pem = data_text(&b, expect(&b, 200, OP_READ, "wrapping_key", NULL), "public_key");
	mine = crypto_generate_rsa(2048);
	other = crypto_generate_rsa(2048);
	public = escaped(crypto_pem(&b.pool, "PUBLIC KEY", crypto_spki(&b.pool, mine)));
	expect(&b, 204, OP_UPDATE, "keys/k/import", "{\"public_key\":%s,\"type\":\"rsa-2048\"}", public);
	encrypt("k", HELLO);
	expect(&b, 400, OP_UPDATE, "sign/k", "{\"input\":\"\"}");
	assert_string_equal(last_error, "requested version for signing does not contain a private part");
	expect(&b, 400, OP_UPDATE, "keys/k/import_version", "{\"version\":1,\"ciphertext\":\"%s\"}",
	       wrapped(pem, "SHA256", crypto_pkcs8(&b.pool, other)));
	assert_string_equal(last_error, "cannot import key, key pair does not match");
	expect(&b, 204, OP_UPDATE, "keys/k/import_version", "{\"ciphertext\":\"%s\"}",
	       wrapped(pem, "SHA256", crypto_pkcs8(&b.pool, mine)));
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "keys/k", NULL), "latest_version"), 1);
	expect(&b, 200, OP_UPDATE, "sign/k", "{\"input\":\"\"}");
	expect(&b, 400, OP_UPDATE, "keys/a/import", "{\"public_key\":%s}", public);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(other);
	bench_close(&b);
}

static void certificates(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"type\":\"ecdsa-p256\"}");
	data = expect(&b, 200, OP_UPDATE, "keys/k/csr", NULL);
	assert_non_null(strstr(data_text(&b, data, "csr"), "BEGIN CERTIFICATE REQUEST"));
	expect(&b, 400, OP_UPDATE, "keys/none/csr", NULL);
	expect(&b, 400, OP_UPDATE, "keys/k/csr", "{\"csr\":\"x\"}");
	expect(&b, 400, OP_UPDATE, "keys/k/csr", "{\"version\":2}");
	expect(&b, 400, OP_UPDATE, "keys/k/set-certificate", "{\"certificate_chain\":\"x\"}");
	expect(&b, 200, OP_UPDATE, "keys/a", NULL);
	expect(&b, 400, OP_UPDATE, "keys/a/csr", NULL);
	bench_close(&b);
}

static void lists_and_deletes(void **state)
{
	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 404, OP_LIST, "keys", NULL);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	expect(&b, 200, OP_UPDATE, "keys/k", NULL);
	assert_string_equal(last_warning, "key k already existed");
	expect(&b, 400, OP_UPDATE, "keys/x", "{\"type\":\"des\"}");
	assert_string_equal(last_error, "unknown key type des");
	raw_is(expect(&b, 200, OP_LIST, "keys/", NULL), "keys", "[\"k\"]");
	expect(&b, 400, OP_DELETE, "keys/k", NULL);
	assert_string_equal(last_error, "error deleting policy k: deletion is not allowed for this key");
	expect(&b, 400, OP_DELETE, "keys/none", NULL);
	expect(&b, 200, OP_UPDATE, "cache-config", "{\"size\":10}");
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "cache-config", NULL), "size"), 10);
	expect(&b, 400, OP_UPDATE, "cache-config", "{\"size\":9}");
	for (int i = 0; i < 30; i++)
		encrypt(pool_printf(&b.pool, "n%d", i % 15), HELLO);
	bench_close(&b);
}

static void rotates_by_itself(void **state)
{
	struct request r;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 400, OP_UPDATE, "keys/k", "{\"auto_rotate_period\":\"59m\"}");
	expect(&b, 200, OP_UPDATE, "keys/k", "{\"auto_rotate_period\":\"24h\"}");
	expect(&b, 200, OP_UPDATE, "keys/l", NULL);
	for (int hours = 0; hours <= 24; hours += 12) {
		request_begin(&r, &b.core);
		transit_backend.tick(&r, &b.mount);
		assert_true(request_commit(&r));
		request_end(&r);
		assert_int_equal(data_int(expect(&b, 200, OP_READ, "keys/k", NULL), "latest_version"),
				 hours < 24 ? 1 : 2);
		b.now += 12 * 3600 * 1000000000LL;
	}
	assert_int_equal(data_int(expect(&b, 200, OP_READ, "keys/l", NULL), "latest_version"), 1);
	bench_close(&b);
}

static void moves_keys_between_servers(void **state)
{
	const struct json *data;

	(void)state;
	bench_open(&b, &transit_backend);
	expect(&b, 200, OP_UPDATE, "keys/d", "{\"type\":\"rsa-2048\"}");
	expect(&b, 200, OP_UPDATE, "keys/s", "{\"exportable\":true}");
	data = expect(&b, 200, OP_READ, "byok-export/d/s", NULL);
	assert_true(strlen(data_text(&b, data, "keys.1")) > 340);
	expect(&b, 200, OP_READ, "byok-export/d/s/1", NULL);
	expect(&b, 400, OP_READ, "byok-export/d/s/2", NULL);
	expect(&b, 400, OP_READ, "byok-export/s/s", NULL);
	expect(&b, 400, OP_READ, "byok-export/d/d", NULL);
	expect(&b, 404, OP_READ, "byok-export/d/none", NULL);
	expect(&b, 400, OP_READ, "byok-export/d/s", "{\"hash\":\"md5\"}");
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encrypts),
		cmocka_unit_test(upserts),
		cmocka_unit_test(upserts_for_a_partly_wrong_batch),
		cmocka_unit_test(versions),
		cmocka_unit_test(trims),
		cmocka_unit_test(derives),
		cmocka_unit_test(binds_associated_data),
		cmocka_unit_test(refuses_ciphertexts),
		cmocka_unit_test(batches),
		cmocka_unit_test(signs),
		cmocka_unit_test(signs_with_care),
		cmocka_unit_test(signs_derived),
		cmocka_unit_test(authenticates),
		cmocka_unit_test(hashes_and_rolls_dice),
		cmocka_unit_test(makes_data_keys),
		cmocka_unit_test(exports),
		cmocka_unit_test(backs_up),
		cmocka_unit_test(imports),
		cmocka_unit_test(completes_public_keys),
		cmocka_unit_test(certificates),
		cmocka_unit_test(lists_and_deletes),
		cmocka_unit_test(rotates_by_itself),
		cmocka_unit_test(moves_keys_between_servers),
	};

	return cmocka_run_group_tests_name("transit", tests, NULL, NULL);
}
