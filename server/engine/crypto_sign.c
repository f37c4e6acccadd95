/* Signatures by Ed25519, ECDSA and RSA. */
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <string.h>

#include "server/engine/crypto.h"

static const char *sign_ed25519(struct pool *p, EVP_PKEY *key, struct blob in, struct blob *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *to = pool_take(p, 64);
	size_t size = 64;
	bool good = ctx && EVP_DigestSignInit_ex(ctx, NULL, NULL, crypto_context(), NULL, key, NULL) == 1 &&
		    EVP_DigestSign(ctx, to, &size, in.at, in.size) == 1;

	EVP_MD_CTX_free(ctx);
	*out = (struct blob){ to, size };
	return good ? NULL : crypto_reason(p);
}

static bool verify_ed25519(struct pool *p, EVP_PKEY *key, struct blob in, struct blob signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, crypto_context(), NULL, key, NULL) == 1 &&
		    EVP_DigestVerify(ctx, signature.at, signature.size, in.at, in.size) == 1;

	EVP_MD_CTX_free(ctx);
	(void)crypto_reason(p);
	return good;
}

static bool is_rsa(EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA") == 1;
}

/* Bounds of a salt: EMSA-PSS needs its hash, itself and two bytes (RFC 8017 section 9.1.1). */
static bool salt_fits(EVP_PKEY *key, const struct signing *how)
{
	int most = (EVP_PKEY_get_bits(key) - 1 + 7) / 8 - 2 - EVP_MD_get_size(how->md);

	return how->salt >= SALT_HASH && how->salt <= most;
}

static bool rsa_set(EVP_PKEY_CTX *ctx, const struct signing *how, int auto_salt)
{
	int salt = how->salt == SALT_AUTO ? auto_salt : how->salt == SALT_HASH ? RSA_PSS_SALTLEN_DIGEST : how->salt;

	if (how->pkcs1)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		       (!how->md || EVP_PKEY_CTX_set_signature_md(ctx, how->md) > 0);
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, how->md) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, how->md) > 0 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) > 0;
}

/* r and s, each as long as the order (RFC 7518 section 3.4). */
static const char *jws_from_asn1(struct pool *p, EVP_PKEY *key, struct blob *signature)
{
	const unsigned char *at = signature->at;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)signature->size);
	size_t half = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
	uint8_t *to = pool_take(p, 2 * half);

	crypto_must(sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), to, (int)half) > 0 &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), to + half, (int)half) > 0, "write a signature for JWS");
	ECDSA_SIG_free(sig);
	*signature = (struct blob){ to, 2 * half };
	return NULL;
}

static struct blob asn1_from_jws(struct pool *p, struct blob jws)
{
	size_t half = jws.size / 2;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(jws.at, (int)half, NULL), *s = BN_bin2bn(jws.at + half, (int)(jws.size - half), NULL);
	unsigned char *der = NULL;
	struct blob out;
	int size;

	crypto_must(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1, "read a signature of JWS");
	size = i2d_ECDSA_SIG(sig, &der);
	crypto_must(size > 0, "write a signature");
	out = (struct blob){ (const uint8_t *)pool_copy(p, (const char *)der, (size_t)size), (size_t)size };
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	return out;
}

const char *crypto_sign(struct pool *p, EVP_PKEY *key, const struct signing *how, struct blob in, struct blob *out)
{
	size_t size = (size_t)EVP_PKEY_get_size(key);
	EVP_PKEY_CTX *ctx;
	uint8_t *to;
	bool good;

	if (EVP_PKEY_is_a(key, "ED25519") == 1)
		return sign_ed25519(p, key, in, out);
	if (is_rsa(key) && !how->pkcs1 && !salt_fits(key, how))
		return pool_printf(p, "requested salt length %d is invalid", how->salt);
	to = pool_take(p, size);
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key, NULL);
	good = ctx && EVP_PKEY_sign_init(ctx) > 0 && (!is_rsa(key) || rsa_set(ctx, how, RSA_PSS_SALTLEN_MAX)) &&
	       EVP_PKEY_sign(ctx, to, &size, in.at, in.size) > 0;
	EVP_PKEY_CTX_free(ctx);
	*out = (struct blob){ to, size };
	if (!good)
		return pool_printf(p, "the input cannot be signed: %s", crypto_reason(p));
	return how->jws && !is_rsa(key) ? jws_from_asn1(p, key, out) : NULL;
}

/* A signature of ECDSA that is no ASN.1 is an error, one that does not fit is an answer. */
static const char *asn1_check(struct pool *p, struct blob signature)
{
	const unsigned char *at = signature.at;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)signature.size);
	bool whole = sig && at == signature.at + signature.size;
	bool parsed = sig;

	ECDSA_SIG_free(sig);
	(void)crypto_reason(p);
	return whole ? NULL : parsed ? "supplied signature contains extra data" : "supplied signature is invalid";
}

const char *crypto_verify(struct pool *p, EVP_PKEY *key, const struct signing *how, struct blob in,
			  struct blob signature, bool *valid)
{
	const char *wrong = NULL;
	EVP_PKEY_CTX *ctx;

	*valid = false;
	if (EVP_PKEY_is_a(key, "ED25519") == 1) {
		*valid = verify_ed25519(p, key, in, signature);
		return NULL;
	}
	if (is_rsa(key) && !how->pkcs1 && !salt_fits(key, how))
		return pool_printf(p, "requested salt length %d is invalid", how->salt);
	if (!is_rsa(key) && how->jws)
		signature = asn1_from_jws(p, signature);
	else if (!is_rsa(key))
		wrong = asn1_check(p, signature);
	if (wrong)
		return wrong;
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto_context(), key, NULL);
	*valid = ctx && EVP_PKEY_verify_init(ctx) > 0 && (!is_rsa(key) || rsa_set(ctx, how, RSA_PSS_SALTLEN_AUTO)) &&
		 EVP_PKEY_verify(ctx, signature.at, signature.size, in.at, in.size) == 1;
	EVP_PKEY_CTX_free(ctx);
	(void)crypto_reason(p);
	return NULL;
}
