#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "base/bytes.h"
#include "server/seal/pgp_session.h"

#define CIPHER_AES256 9
#define RSA_BITS_MIN 2048
#define ENCODED_SIZE (1 + SECRET_KEY_MAX + 2)
#define PADDED_SIZE 40 /* ENCODED_SIZE filled up to a multiple of 8 (RFC 6637 section 8) */

static const struct curve {
	const char *group;
	uint8_t oid[10];
	uint8_t oid_size;
	bool native; /* X25519: not the NIST curves' form of points */
} curves[] = {
	{ "P-256", { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 8, false },
	{ "P-384", { 0x2b, 0x81, 0x04, 0x00, 0x22 }, 5, false },
	{ "P-521", { 0x2b, 0x81, 0x04, 0x00, 0x23 }, 5, false },
	{ "X25519", { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01 }, 10, true },
};

static const struct curve *curve_of(const struct pgp_key *key)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].oid_size == key->oid.size && !memcmp(curves[i].oid, key->oid.at, key->oid.size))
			return &curves[i];
	return NULL;
}

static const EVP_MD *kdf_hash(const struct pgp_key *key)
{
	return key->kdf_hash == 8 ? EVP_sha256() : key->kdf_hash == 9 ? EVP_sha384() :
	       key->kdf_hash == 10 ? EVP_sha512() : NULL;
}

static const EVP_CIPHER *kdf_cipher(const struct pgp_key *key)
{
	return key->kdf_cipher == 7 ? EVP_aes_128_wrap() : key->kdf_cipher == 8 ? EVP_aes_192_wrap() :
	       key->kdf_cipher == 9 ? EVP_aes_256_wrap() : NULL;
}

static EVP_PKEY *rsa_key(const struct pgp_key *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *n = BN_bin2bn(key->modulus.at, (int)key->modulus.size, NULL);
	BIGNUM *e = BN_bin2bn(key->exponent.at, (int)key->exponent.size, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters = NULL;
	EVP_PKEY *made = NULL;

	if (n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		parameters = OSSL_PARAM_BLD_to_param(build);
	if (!parameters || !ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
		made = NULL;
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return made;
}

/* NIST points begin with 04, Curve25519's with 40. */
static EVP_PKEY *curve_key(const struct pgp_key *key, const struct curve *curve)
{
	OSSL_PARAM parameters[3] = { OSSL_PARAM_END, OSSL_PARAM_END, OSSL_PARAM_END };
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *made = NULL;

	if (curve->native)
		return key->point.size == 33 && key->point.at[0] == 0x40 ?
		       EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, key->point.at + 1, 32) : NULL;
	parameters[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)curve->group, 0);
	parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)key->point.at,
							  key->point.size);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, parameters) <= 0)
		made = NULL;
	EVP_PKEY_CTX_free(ctx);
	return made;
}

static EVP_PKEY *public_key(const struct pgp_key *key)
{
	const struct curve *curve = curve_of(key);

	if (key->algorithm != PGP_ECDH)
		return rsa_key(key);
	return curve ? curve_key(key, curve) : NULL;
}

const char *pgp_session_check(const struct pgp_key *key)
{
	EVP_PKEY *made;
	int bits;

	if (key->algorithm == PGP_ECDH && (!curve_of(key) || !kdf_hash(key) || !kdf_cipher(key)))
		return "error parsing given PGP key: expected ECDH over a NIST curve or Curve25519, with SHA-2 and AES";
	made = public_key(key);
	bits = made ? EVP_PKEY_get_bits(made) : 0;
	EVP_PKEY_free(made);
	if (!bits)
		return "error parsing given PGP key: its numbers make no key";
	return key->algorithm != PGP_ECDH && bits < RSA_BITS_MIN ?
	       "error parsing given PGP key: expected RSA of at least 2048 bits" : NULL;
}

/* Cipher, key, sum of its bytes. */
static void session_encode(const struct secret_key *session, uint8_t out[PADDED_SIZE])
{
	unsigned int sum = 0;

	for (size_t i = 0; i < SECRET_KEY_MAX; i++)
		sum += session->bytes[i];
	memset(out, PADDED_SIZE - ENCODED_SIZE, PADDED_SIZE);
	out[0] = CIPHER_AES256;
	memcpy(out + 1, session->bytes, SECRET_KEY_MAX);
	out[ENCODED_SIZE - 2] = (uint8_t)(sum >> 8);
	out[ENCODED_SIZE - 1] = (uint8_t)sum;
}

static void mpi_put(struct bytes_writer *w, const uint8_t *at, size_t size)
{
	size_t bits;

	while (size && !*at) {
		at++;
		size--;
	}
	bits = size ? 8 * size - (size_t)__builtin_clz(*at) + 24 : 0;
	bytes_put_be(w, bits, 2);
	bytes_put(w, at, size);
}

static bool wrap_rsa(EVP_PKEY *to, const uint8_t *encoded, struct bytes_writer *w)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(to, NULL);
	uint8_t out[2048]; /* RSA of 16384 bits */
	size_t size = sizeof(out);
	bool good = EVP_PKEY_get_size(to) <= (int)sizeof(out) && ctx && EVP_PKEY_encrypt_init(ctx) > 0 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		    EVP_PKEY_encrypt(ctx, out, &size, encoded, ENCODED_SIZE) > 0;

	if (good)
		mpi_put(w, out, size);
	EVP_PKEY_CTX_free(ctx);
	return good;
}

/* RFC 6637 section 7: one round of a hash over the shared secret and who it is for. */
static bool kdf(const struct pgp_key *key, const uint8_t *secret, size_t size, uint8_t out[EVP_MAX_MD_SIZE])
{
	const uint8_t round[4] = { 0, 0, 0, 1 }, oid_size = (uint8_t)key->oid.size;
	const uint8_t parameters[] = { PGP_ECDH, 3, 1, key->kdf_hash, key->kdf_cipher };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, kdf_hash(key), NULL) && EVP_DigestUpdate(ctx, round, sizeof(round)) &&
		    EVP_DigestUpdate(ctx, secret, size) && EVP_DigestUpdate(ctx, &oid_size, 1) &&
		    EVP_DigestUpdate(ctx, key->oid.at, key->oid.size) &&
		    EVP_DigestUpdate(ctx, parameters, sizeof(parameters)) &&
		    EVP_DigestUpdate(ctx, "Anonymous Sender    ", 20) &&
		    EVP_DigestUpdate(ctx, key->fingerprint, PGP_FINGERPRINT) && EVP_DigestFinal_ex(ctx, out, NULL);

	EVP_MD_CTX_free(ctx);
	return good;
}

static bool key_wrap_aes(const struct pgp_key *key, const uint8_t *by, const uint8_t padded[PADDED_SIZE],
			 uint8_t out[PADDED_SIZE + 8])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int size = 0;
	bool good;

	if (ctx)
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	good = ctx && EVP_EncryptInit_ex(ctx, kdf_cipher(key), NULL, by, NULL) &&
	       EVP_EncryptUpdate(ctx, out, &size, padded, PADDED_SIZE) && size == PADDED_SIZE + 8;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

/* A key of ours for this message alone, on the same curve. */
static EVP_PKEY *ephemeral_key(EVP_PKEY *peer)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
	EVP_PKEY *made = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_keygen(ctx, &made) <= 0)
		made = NULL;
	EVP_PKEY_CTX_free(ctx);
	return made;
}

static bool ecdh(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *secret, size_t *size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	bool good = ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
		    EVP_PKEY_derive(ctx, secret, size) > 0;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool point_put(EVP_PKEY *own, bool native, struct bytes_writer *w)
{
	uint8_t point[160] = { 0x40 };
	size_t size = 32;

	if (native) {
		if (EVP_PKEY_get_raw_public_key(own, point + 1, &size) <= 0)
			return false;
		size++;
	} else if (EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point),
						   &size) <= 0) {
		return false;
	}
	mpi_put(w, point, size);
	return true;
}

static bool wrap_ecdh(const struct pgp_key *key, EVP_PKEY *peer, const uint8_t *padded, struct bytes_writer *w)
{
	uint8_t secret[80], by[EVP_MAX_MD_SIZE], wrapped[PADDED_SIZE + 8];
	size_t size = sizeof(secret);
	EVP_PKEY *own = ephemeral_key(peer);
	bool good = own && ecdh(own, peer, secret, &size) && kdf(key, secret, size, by) &&
		    key_wrap_aes(key, by, padded, wrapped) && point_put(own, curve_of(key)->native, w);

	if (good) {
		bytes_put_be(w, sizeof(wrapped), 1);
		bytes_put(w, wrapped, sizeof(wrapped));
	}
	mem_wipe(secret, sizeof(secret));
	mem_wipe(by, sizeof(by));
	EVP_PKEY_free(own);
	return good;
}

struct blob pgp_session_wrap(const struct pgp_key *key, const struct secret_key *session, struct pool *pool)
{
	struct bytes_writer w = { .at = pool_take(pool, 4096), .size = 4096 };
	EVP_PKEY *to = public_key(key);
	uint8_t encoded[PADDED_SIZE];
	bool good = to != NULL;

	session_encode(session, encoded);
	bytes_put_be(&w, 3, 1);
	bytes_put(&w, key->fingerprint + PGP_FINGERPRINT - 8, 8); /* the key's id */
	bytes_put_be(&w, key->algorithm, 1);
	if (good)
		good = key->algorithm == PGP_ECDH ? wrap_ecdh(key, to, encoded, &w) : wrap_rsa(to, encoded, &w);
	mem_wipe(encoded, sizeof(encoded));
	EVP_PKEY_free(to);
	return good && !w.failed ? (struct blob){ w.at, w.used } : (struct blob){ NULL, 0 };
}
