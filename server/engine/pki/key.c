/* Making, reading and writing keys. EC keys are encoded here: libcrypto's encoders take longer than the signature. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine/pki/asn.h"
#include "server/engine/pki/key.h"

#define OID_EC "1.2.840.10045.2.1"

static const struct curve {
	unsigned int bits;
	const char *name, *other_name, *oid;
} curves[] = {
	{ 224, "P-224", "secp224r1", "1.3.132.0.33" },
	{ 256, "P-256", "prime256v1", "1.2.840.10045.3.1.7" },
	{ 384, "P-384", "secp384r1", "1.3.132.0.34" },
	{ 521, "P-521", "secp521r1", "1.3.132.0.35" },
};
#define CURVES (sizeof(curves) / sizeof(curves[0]))

static OSSL_LIB_CTX *library;
static EVP_PKEY *templates[CURVES]; /* a key of each curve: new ones take its group, which is what is slow to make */

static void library_open(void)
{
	library = OSSL_LIB_CTX_new();
	if (!library || !OSSL_PROVIDER_load(library, "default"))
		abort();
	for (size_t i = 0; i < CURVES; i++) {
		templates[i] = EVP_PKEY_Q_keygen(library, NULL, "EC", curves[i].name);
		if (!templates[i])
			abort();
	}
}

OSSL_LIB_CTX *pki_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, library_open);
	return library;
}

static const struct curve *curve_of_bits(int64_t bits)
{
	for (size_t i = 0; i < CURVES; i++)
		if (curves[i].bits == bits)
			return &curves[i];
	return NULL;
}

static const struct curve *curve_of(const EVP_PKEY *pkey)
{
	char name[32];
	size_t size;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), &size) != 1)
		return NULL;
	for (size_t i = 0; i < CURVES; i++)
		if (!strcmp(name, curves[i].name) || !strcmp(name, curves[i].other_name))
			return &curves[i];
	return NULL;
}

static const char *key_size_error(struct pool *pool, const char *type, int64_t bits)
{
	if (!strcmp(type, "rsa")) {
		if (bits < 2048)
			return pool_printf(pool, "RSA keys < 2048 bits are unsafe and not supported: got %lld",
					   (long long)bits);
		if (bits != 2048 && bits != 3072 && bits != 4096 && bits != 8192)
			return pool_printf(pool, "unsupported bit length for RSA key: %lld", (long long)bits);
	} else if (!strcmp(type, "ec")) {
		if (!curve_of_bits(bits))
			return pool_printf(pool, "unsupported bit length for EC key: %lld", (long long)bits);
	} else if (strcmp(type, "any") && strcmp(type, "ed25519")) {
		return pool_printf(pool, "unknown key type %s", type);
	}
	return NULL;
}

const char *pki_key_check(struct pool *pool, const char *type, int64_t *bits, int64_t *signature_bits)
{
	bool rsa = !strcmp(type, "rsa"), ec = !strcmp(type, "ec");
	const char *error;

	if (!*bits)
		*bits = rsa ? 2048 : ec ? 256 : 0;
	error = key_size_error(pool, type, *bits);
	if (error)
		return error;
	if (!*signature_bits && rsa)
		*signature_bits = 256;
	if (ec) /* the curve's, whatever was asked for */
		*signature_bits = *bits == 224 ? 256 : *bits == 521 ? 512 : *bits;
	if (rsa && *signature_bits != 256 && *signature_bits != 384 && *signature_bits != 512)
		return pool_printf(pool, "unsupported hash signature algorithm: %lld", (long long)*signature_bits);
	return NULL;
}

void pki_key_close(struct pki_key *key)
{
	EVP_PKEY_free(key->pkey);
	key->pkey = NULL;
}

/* RFC 5480 section 2.1; RFC 5915 section 3. */
static bool key_encode_ec(struct pool *pool, struct pki_key *key)
{
	const struct curve *curve = curve_of(key->pkey);
	uint8_t point[1 + 2 * 66], secret[66];
	size_t size = 0, secret_size, outer, inner;
	BIGNUM *number = NULL;
	struct asn a;

	if (!curve || EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
						      &size) != 1 ||
	    point[0] != 4 || EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1)
		return false;
	key->bits = curve->bits;
	secret_size = (curve->bits + 7) / 8;
	(void)BN_bn2binpad(number, secret, (int)secret_size);
	BN_clear_free(number);
	asn_init(&a, pool);
	outer = asn_open(&a, ASN_SEQUENCE);
	inner = asn_open(&a, ASN_SEQUENCE);
	asn_oid(&a, OID_EC);
	asn_oid(&a, curve->oid);
	asn_close(&a, inner);
	inner = asn_open_bits(&a);
	asn_raw(&a, point, size);
	asn_close(&a, inner);
	asn_close(&a, outer);
	key->spki = asn_blob(&a);
	asn_init(&a, pool);
	outer = asn_open(&a, ASN_SEQUENCE);
	asn_u64(&a, ASN_INTEGER, 1);
	asn_put(&a, ASN_OCTETS, secret, secret_size);
	OPENSSL_cleanse(secret, sizeof(secret));
	inner = asn_open(&a, ASN_CONTEXT_MADE);
	asn_oid(&a, curve->oid);
	asn_close(&a, inner);
	inner = asn_open(&a, ASN_CONTEXT_MADE + 1);
	size_t bits = asn_open_bits(&a);
	asn_raw(&a, point, size);
	asn_close(&a, bits);
	asn_close(&a, inner);
	asn_close(&a, outer);
	key->der = asn_blob(&a);
	return true;
}

static struct blob key_keep(struct pool *pool, unsigned char *der, int size)
{
	struct blob b = { NULL, 0 };

	if (size > 0) {
		b.at = (const uint8_t *)pool_copy(pool, (const char *)der, (size_t)size);
		b.size = (size_t)size;
		OPENSSL_cleanse(der, (size_t)size);
	}
	OPENSSL_free(der);
	return b;
}

static bool key_encode_other(struct pool *pool, struct pki_key *key)
{
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key->pkey, &der);

	key->spki = key_keep(pool, der, size);
	der = NULL;
	size = i2d_PrivateKey(key->pkey, &der);
	key->der = key_keep(pool, der, size);
	if (!strcmp(key->type, "rsa"))
		key->bits = (unsigned int)EVP_PKEY_get_bits(key->pkey);
	return key->spki.size && key->der.size;
}

/* The key identifier is the SHA-1 of the BIT STRING's contents. */
static bool key_identify(struct pki_key *key)
{
	struct blob in = key->spki, outer, part;
	unsigned int size;

	if (!asn_take(&in, ASN_SEQUENCE, &outer) || !asn_take(&outer, ASN_SEQUENCE, &part) ||
	    !asn_take(&outer, ASN_BITS, &part) || part.size < 1)
		return false;
	return pki_digest("SHA1", (struct blob){ part.at + 1, part.size - 1 }, key->skid, &size);
}

static bool key_encode(struct pool *pool, struct pki_key *key)
{
	bool done = !strcmp(key->type, "ec") ? key_encode_ec(pool, key) : key_encode_other(pool, key);

	if (done && key_identify(key))
		return true;
	pki_key_close(key);
	return false;
}

static EVP_PKEY *curve_key(const struct curve *curve)
{
	OSSL_LIB_CTX *context = pki_library(); /* makes the templates */
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(context, templates[curve - curves], NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx && EVP_PKEY_keygen_init(ctx) == 1)
		(void)EVP_PKEY_generate(ctx, &pkey);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

bool pki_key_make(struct pool *pool, const char *type, int64_t bits, struct pki_key *key)
{
	const struct curve *curve = curve_of_bits(bits);

	*key = (struct pki_key){ .type = type };
	ERR_set_mark();
	if (!strcmp(type, "rsa"))
		key->pkey = EVP_PKEY_Q_keygen(pki_library(), NULL, "RSA", (size_t)bits);
	else if (!strcmp(type, "ec") && curve)
		key->pkey = curve_key(curve);
	else if (!strcmp(type, "ed25519"))
		key->pkey = EVP_PKEY_Q_keygen(pki_library(), NULL, "ED25519");
	ERR_pop_to_mark();
	return key->pkey && key_encode(pool, key);
}

bool pki_key_read(struct pool *pool, struct blob der, struct pki_key *key)
{
	const unsigned char *at = der.at;

	*key = (struct pki_key){ .type = NULL };
	if (der.size > 64 * 1024)
		return false;
	ERR_set_mark();
	key->pkey = d2i_AutoPrivateKey_ex(NULL, &at, (long)der.size, pki_library(), NULL);
	ERR_pop_to_mark();
	if (!key->pkey)
		return false;
	if (EVP_PKEY_is_a(key->pkey, "RSA"))
		key->type = "rsa";
	else if (EVP_PKEY_is_a(key->pkey, "EC"))
		key->type = "ec";
	else if (EVP_PKEY_is_a(key->pkey, "ED25519"))
		key->type = "ed25519";
	if (key->type)
		return key_encode(pool, key);
	pki_key_close(key);
	return false;
}

const char *pki_key_pem(struct pool *pool, const struct pki_key *key)
{
	return pki_pem(pool, !strcmp(key->type, "rsa") ? "RSA PRIVATE KEY" :
		       !strcmp(key->type, "ec") ? "EC PRIVATE KEY" : "PRIVATE KEY", key->der);
}

bool pki_key_pkcs8(struct pool *pool, const struct pki_key *key, struct blob *der)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key->pkey);
	unsigned char *bytes = NULL;
	int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &bytes) : -1;

	PKCS8_PRIV_KEY_INFO_free(info);
	*der = key_keep(pool, bytes, size);
	return der->size;
}
