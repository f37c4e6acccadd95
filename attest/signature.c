/* Signatures by libcrypto, over keys that we read ourselves: decoding a key with it costs more than the check. */
#include "attest/internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#define RSA_BYTES_MAX 512 /* AMD's keys have 4096 bits */
#define RSA_BYTES_MIN 256

void attest_sha256(const struct attest *a, struct attest_bytes data, uint8_t out[32])
{
	/* Cannot fail for a digest that was fetched; if it does, nothing equals what it leaves. */
	if (!EVP_Digest(data.at, data.size, out, NULL, a->sha256, NULL))
		memset(out, 0, 32);
}

void attest_sha256_pair(const struct attest *a, struct attest_bytes x, struct attest_bytes y, uint8_t out[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx || !EVP_DigestInit_ex2(ctx, a->sha256, NULL) || !EVP_DigestUpdate(ctx, x.at, x.size) ||
	    !EVP_DigestUpdate(ctx, y.at, y.size) || !EVP_DigestFinal_ex(ctx, out, NULL))
		memset(out, 0, 32);
	EVP_MD_CTX_free(ctx);
}

struct public_key public_key_of_point(enum key_kind kind, const uint8_t *xy)
{
	return (struct public_key){ .kind = kind, .bits = { xy, kind == KEY_P256 ? 64 : 96 } };
}

/* libcrypto checks that the point is on the curve. */
static EVP_PKEY *signature_ec_key(const struct attest *a, const struct public_key *key)
{
	EVP_PKEY *pkey = EVP_PKEY_dup(key->kind == KEY_P256 ? a->p256 : a->p384);
	uint8_t point[97] = { 4 };

	memcpy(point + 1, key->bits.at, key->bits.size);
	if (pkey && EVP_PKEY_set1_encoded_public_key(pkey, point, 1 + key->bits.size) == 1)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

/* An INTEGER of RSAPublicKey in the machine's order, as OSSL_PARAM wants it. */
static size_t signature_rsa_number(struct der *d, uint8_t *to)
{
	struct attest_bytes b = der_take(d, DER_INTEGER);

	if (b.size && b.at[0] == 0) {
		b.at++;
		b.size--;
	} else if (b.size && b.at[0] & 0x80) {
		return 0;
	}
	if (b.size > RSA_BYTES_MAX)
		return 0;
	for (size_t i = 0; i < b.size; i++)
		to[i] = b.at[b.size - 1 - i];
	return b.size;
}

static EVP_PKEY *signature_rsa_key(const struct attest *a, const struct public_key *key)
{
	struct der outer = der_of(key->bits), d = der_of(der_take(&outer, DER_SEQUENCE));
	uint8_t n[RSA_BYTES_MAX], e[RSA_BYTES_MAX];
	size_t n_size = signature_rsa_number(&d, n), e_size = signature_rsa_number(&d, e);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, n_size),
				OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, e_size), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;

	if (!der_done(&d) || !der_done(&outer) || n_size < RSA_BYTES_MIN || e_size == 0 || e_size > 4)
		return NULL;
	ctx = EVP_PKEY_CTX_new_from_name(a->libctx, "RSA", NULL);
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool signature_pss_init(const struct attest *a, EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, a->sha384) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, a->sha384) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48) == 1;
}

static bool signature_check(const struct attest *a, EVP_PKEY *pkey, enum signature_kind kind, struct attest_bytes data,
			    struct attest_bytes signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(a->libctx, pkey, NULL);
	uint8_t digest[48];
	unsigned int size;
	bool good = ctx &&
		    EVP_Digest(data.at, data.size, digest, &size,
			       kind == SIGNATURE_ECDSA_SHA256 ? a->sha256 : a->sha384, NULL) == 1 &&
		    EVP_PKEY_verify_init(ctx) == 1 &&
		    (kind != SIGNATURE_RSA_PSS_SHA384 || signature_pss_init(a, ctx)) &&
		    EVP_PKEY_verify(ctx, signature.at, signature.size, digest, size) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool signature_holds(const struct attest *a, const struct public_key *key, enum signature_kind kind,
		     struct attest_bytes data, struct attest_bytes signature)
{
	bool rsa = key->kind == KEY_RSA, good;
	EVP_PKEY *pkey;

	if (key->kind == KEY_UNKNOWN || kind == SIGNATURE_UNKNOWN || rsa != (kind == SIGNATURE_RSA_PSS_SHA384))
		return false;
	/* What libcrypto thinks of a bad signature is not left in the caller's error queue. */
	ERR_set_mark();
	pkey = rsa ? signature_rsa_key(a, key) : signature_ec_key(a, key);
	good = pkey && signature_check(a, pkey, kind, data, signature);
	EVP_PKEY_free(pkey);
	ERR_pop_to_mark();
	return good;
}

/* An INTEGER in its shortest form, of a number that is big-endian and may have leading zeros. */
static void signature_put_integer(struct bytes_writer *w, const uint8_t *number, size_t size)
{
	for (; size > 1 && *number == 0; size--)
		number++;
	bytes_put_be(w, DER_INTEGER, 1);
	bytes_put_be(w, size + (*number >> 7), 1);
	bytes_put_zero(w, *number >> 7);
	bytes_put(w, number, size);
}

bool signature_holds_raw(const struct attest *a, const struct public_key *key, enum signature_kind kind,
			 struct attest_bytes data, const uint8_t *rs)
{
	size_t half = key->bits.size / 2;
	uint8_t der[112] = { DER_SEQUENCE };
	struct bytes_writer w = { der + 2, sizeof(der) - 2, 0, false };

	if (key->kind != KEY_P256 && key->kind != KEY_P384)
		return false;
	signature_put_integer(&w, rs, half);
	signature_put_integer(&w, rs + half, half);
	der[1] = (uint8_t)w.used; /* at most 102 */
	return !w.failed && signature_holds(a, key, kind, data, bytes_of(der, 2 + w.used));
}
