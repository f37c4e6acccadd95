/* Tokens of our own: keys made, shown, and used to sign. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "server/auth/jwt.h"
#include "server/auth/jwt_alg.h"
#include "server/auth/x509.h"

EVP_PKEY *jwt_key_make(const char *alg)
{
	const struct jwt_alg *a = jwt_alg_find(alg);

	if (!a)
		return NULL;
	if (!strcmp(a->type, "RSA"))
		return EVP_PKEY_Q_keygen(auth_libctx(), NULL, "RSA", (size_t)2048);
	if (!strcmp(a->type, "EC"))
		return EVP_PKEY_Q_keygen(auth_libctx(), NULL, "EC", a->curve);
	return EVP_PKEY_Q_keygen(auth_libctx(), NULL, "ED25519");
}

/* ASN.1 to R and S of the curve's size. */
static bool ecdsa_raw(const struct jwt_alg *a, const uint8_t *der, size_t size, uint8_t *raw)
{
	const uint8_t *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
	const BIGNUM *r, *s;
	bool good = false;

	if (sig) {
		ECDSA_SIG_get0(sig, &r, &s);
		good = BN_bn2binpad(r, raw, (int)a->half) > 0 && BN_bn2binpad(s, raw + a->half, (int)a->half) > 0;
	}
	ECDSA_SIG_free(sig);
	return good;
}

static char *sign(struct pool *p, const struct jwt_alg *a, EVP_PKEY *pkey, const char *text)
{
	size_t size = (size_t)EVP_PKEY_get_size(pkey);
	uint8_t *signature = pool_take(p, size), raw[2 * 66];
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit_ex(ctx, &pctx, a->digest, auth_libctx(), NULL, pkey, NULL) == 1 &&
		    (!a->pss || jwt_pss(pctx)) &&
		    EVP_DigestSign(ctx, signature, &size, (const uint8_t *)text, strlen(text)) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good)
		return NULL;
	if (!a->half)
		return base64url(p, signature, size);
	return ecdsa_raw(a, signature, size, raw) ? base64url(p, raw, 2 * a->half) : NULL;
}

char *jwt_sign(struct pool *p, EVP_PKEY *pkey, const char *alg, const char *kid, struct blob claims)
{
	const struct jwt_alg *a = jwt_alg_find(alg);
	struct json_writer w;
	struct blob header;
	char *text, *signature;

	if (!a || !jwt_key_fits(pkey, alg))
		return NULL;
	pool_json(p, &w);
	json_object(&w, NULL);
	json_put_string(&w, "alg", alg);
	json_put_string(&w, "kid", kid);
	json_put_string(&w, "typ", "JWT");
	json_close(&w);
	header = pool_json_end(&w);
	text = pool_printf(p, "%s.%s", base64url(p, header.at, header.size), base64url(p, claims.at, claims.size));
	signature = sign(p, a, pkey, text);
	return signature ? pool_printf(p, "%s.%s", text, signature) : NULL;
}

static bool number_put(struct pool *p, struct json_writer *w, const char *name, EVP_PKEY *pkey, const char *param,
		       size_t size)
{
	BIGNUM *number = NULL;
	uint8_t *bytes;

	if (EVP_PKEY_get_bn_param(pkey, param, &number) != 1)
		return false;
	if (!size)
		size = (size_t)BN_num_bytes(number);
	bytes = pool_take(p, size);
	BN_bn2binpad(number, bytes, (int)size);
	BN_free(number);
	json_put_string(w, name, base64url(p, bytes, size));
	return true;
}

bool jwt_key_put(struct pool *p, struct json_writer *w, EVP_PKEY *pkey, const char *alg, const char *kid)
{
	const struct jwt_alg *a = jwt_alg_find(alg);
	uint8_t raw[32];
	size_t size = sizeof(raw);
	bool good = a != NULL;

	json_object(w, NULL);
	json_put_string(w, "use", "sig");
	json_put_string(w, "kty", !a ? "" : !strcmp(a->type, "ED25519") ? "OKP" : a->type);
	json_put_string(w, "kid", kid);
	json_put_string(w, "alg", alg);
	if (a && !strcmp(a->type, "RSA")) {
		good = number_put(p, w, "n", pkey, OSSL_PKEY_PARAM_RSA_N, 0) &&
		       number_put(p, w, "e", pkey, OSSL_PKEY_PARAM_RSA_E, 0);
	} else if (a) {
		json_put_string(w, "crv", a->curve);
		if (a->half) {
			good = number_put(p, w, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X, a->half) &&
			       number_put(p, w, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y, a->half);
		} else {
			good = EVP_PKEY_get_raw_public_key(pkey, raw, &size) == 1;
			json_put_string(w, "x", base64url(p, raw, size));
		}
	}
	json_close(w);
	return good;
}
