/* Keys of tokens: read, and used to verify. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "server/auth/jwt.h"
#include "server/auth/jwt_alg.h"
#include "server/auth/x509.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* larger ones only cost time */

static const struct jwt_alg algs[] = {
	{ "RS256", "RSA", "SHA256", NULL, 0, false },
	{ "RS384", "RSA", "SHA384", NULL, 0, false },
	{ "RS512", "RSA", "SHA512", NULL, 0, false },
	{ "PS256", "RSA", "SHA256", NULL, 0, true },
	{ "PS384", "RSA", "SHA384", NULL, 0, true },
	{ "PS512", "RSA", "SHA512", NULL, 0, true },
	{ "ES256", "EC", "SHA256", "P-256", 32, false },
	{ "ES384", "EC", "SHA384", "P-384", 48, false },
	{ "ES512", "EC", "SHA512", "P-521", 66, false },
	{ "EdDSA", "ED25519", NULL, "Ed25519", 0, false },
};

const struct jwt_alg *jwt_alg_find(const char *name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (!strcmp(algs[i].name, name))
			return algs + i;
	return NULL;
}

bool jwt_alg_known(const char *alg)
{
	return jwt_alg_find(alg) != NULL;
}

bool jwt_key_fits(const EVP_PKEY *pkey, const char *alg)
{
	const struct jwt_alg *a = jwt_alg_find(alg);
	char group[32] = "";
	size_t size;

	if (!a || !EVP_PKEY_is_a(pkey, a->type))
		return false;
	if (!strcmp(a->type, "RSA"))
		return EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN && EVP_PKEY_get_bits(pkey) <= RSA_BITS_MAX;
	if (strcmp(a->type, "EC"))
		return true;
	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &size) != 1)
		return false;
	return EC_curve_nist2nid(a->curve) == OBJ_sn2nid(group) && EC_curve_nist2nid(a->curve) != NID_undef;
}

void jwt_key_free(struct jwt_key *k)
{
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
}

static EVP_PKEY *certificate_key(const char *pem)
{
	struct certificates c _cleanup_certificates_ = { NULL };

	return certificates_of_pem(&c, pem) ? X509_get_pubkey(sk_X509_value(c.stack, 0)) : NULL;
}

const char *jwt_key_of_pem(const char *pem, struct jwt_key *k)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strnlen(pem, 1 << 16));

	*k = (struct jwt_key){ .pkey = NULL };
	ERR_set_mark();
	if (strstr(pem, "-----BEGIN CERTIFICATE-----"))
		k->pkey = certificate_key(pem);
	else if (bio)
		k->pkey = PEM_read_bio_PUBKEY_ex(bio, NULL, NULL, NULL, auth_libctx(), NULL);
	ERR_pop_to_mark();
	BIO_free(bio);
	if (!k->pkey)
		return "data does not contain any valid public keys";
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (jwt_key_fits(k->pkey, algs[i].name))
			return NULL;
	jwt_key_free(k);
	return "expected an RSA key of 2048 to 8192 bits, or one on P-256, P-384, P-521 or Ed25519";
}

static bool member_bytes(struct pool *p, const struct json *jwk, const char *name, struct blob *out)
{
	const char *text = pool_json_member(p, jwk, name);

	return text && base64url_read(p, text, strlen(text), out) && out->size;
}

static EVP_PKEY *key_of_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(auth_libctx(), type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY *pkey = NULL;

	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *rsa_of_jwk(struct pool *p, const struct json *jwk)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	struct blob n, e;
	BIGNUM *bn = NULL, *be = NULL;
	EVP_PKEY *pkey = NULL;

	if (bld && member_bytes(p, jwk, "n", &n) && member_bytes(p, jwk, "e", &e) && n.size <= RSA_BITS_MAX / 8 &&
	    e.size <= 8) {
		bn = BN_bin2bn(n.at, (int)n.size, NULL);
		be = BN_bin2bn(e.at, (int)e.size, NULL);
		if (bn && be && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
		    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
			pkey = key_of_params("RSA", bld);
	}
	BN_free(bn);
	BN_free(be);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

/* RFC 7518 6.2.1: coordinates of exactly the curve's size. fromdata checks that the point is on it. */
static EVP_PKEY *ec_of_jwk(struct pool *p, const struct json *jwk, const char *crv)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	const struct jwt_alg *a = NULL;
	EVP_PKEY *pkey = NULL;
	uint8_t point[1 + 2 * 66];
	struct blob x, y;

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (algs[i].half && !strcmp(algs[i].curve, crv))
			a = algs + i;
	if (bld && a && member_bytes(p, jwk, "x", &x) && member_bytes(p, jwk, "y", &y) && x.size == a->half &&
	    y.size == a->half) {
		point[0] = 4;
		memcpy(point + 1, x.at, x.size);
		memcpy(point + 1 + x.size, y.at, y.size);
		if (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, crv, 0) == 1 &&
		    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * a->half) == 1)
			pkey = key_of_params("EC", bld);
	}
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static EVP_PKEY *okp_of_jwk(struct pool *p, const struct json *jwk, const char *crv)
{
	struct blob x;

	if (strcmp(crv, "Ed25519") || !member_bytes(p, jwk, "x", &x) || x.size != 32)
		return NULL;
	return EVP_PKEY_new_raw_public_key_ex(auth_libctx(), "ED25519", NULL, x.at, x.size);
}

const char *jwt_key_of_jwk(struct pool *p, const struct json *jwk, struct jwt_key *k)
{
	const char *kty = pool_json_member(p, jwk, "kty"), *crv = pool_json_member(p, jwk, "crv");
	const char *use = pool_json_member(p, jwk, "use");

	*k = (struct jwt_key){ .kid = pool_json_member(p, jwk, "kid"), .alg = pool_json_member(p, jwk, "alg") };
	if (!kty)
		return "a key without \"kty\"";
	if ((use && strcmp(use, "sig")) || (k->alg && !jwt_alg_known(k->alg)))
		return "";
	ERR_set_mark();
	if (!strcmp(kty, "RSA"))
		k->pkey = rsa_of_jwk(p, jwk);
	else if (!strcmp(kty, "EC") && crv)
		k->pkey = ec_of_jwk(p, jwk, crv);
	else if (!strcmp(kty, "OKP") && crv)
		k->pkey = okp_of_jwk(p, jwk, crv);
	ERR_pop_to_mark();
	return k->pkey ? NULL : "";
}

/* RFC 7518 3.4: R and S, each of the curve's size; libcrypto takes them as ASN.1. */
static uint8_t *ecdsa_der(const struct jwt_alg *a, struct blob signature, size_t *size)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	uint8_t *der = NULL;
	BIGNUM *r = NULL, *s = NULL;
	int made = -1;

	if (sig && signature.size == 2 * a->half) {
		r = BN_bin2bn(signature.at, (int)a->half, NULL);
		s = BN_bin2bn(signature.at + a->half, (int)a->half, NULL);
		if (r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
			r = s = NULL;
			made = i2d_ECDSA_SIG(sig, &der);
		}
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	*size = made > 0 ? (size_t)made : 0;
	return made > 0 ? der : NULL;
}

bool jwt_pss(EVP_PKEY_CTX *pctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool jwt_verify(const struct jwt *t, const struct jwt_key *k)
{
	const struct jwt_alg *a = jwt_alg_find(t->alg);
	const uint8_t *signature = t->signature.at;
	size_t size = t->signature.size;
	EVP_PKEY_CTX *pctx = NULL;
	uint8_t *der = NULL;
	EVP_MD_CTX *ctx;
	bool good;

	if (!a || (k->alg && strcmp(k->alg, t->alg)) || !jwt_key_fits(k->pkey, t->alg))
		return false;
	ERR_set_mark();
	if (a->half) {
		der = ecdsa_der(a, t->signature, &size);
		signature = der;
	}
	ctx = EVP_MD_CTX_new();
	good = ctx && signature &&
	       EVP_DigestVerifyInit_ex(ctx, &pctx, a->digest, auth_libctx(), NULL, k->pkey, NULL) == 1 &&
	       (!a->pss || jwt_pss(pctx)) &&
	       EVP_DigestVerify(ctx, signature, size, t->signed_part.at, t->signed_part.size) == 1;
	EVP_MD_CTX_free(ctx);
	OPENSSL_free(der);
	ERR_pop_to_mark();
	return good;
}
