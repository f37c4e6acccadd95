#include "platform/ec.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <string.h>

#define EC_POINT_UNCOMPRESSED 4
#define EC_DER_MAX 80

int ec_generate(EVP_PKEY **key, struct fail *f)
{
	*key = EVP_PKEY_Q_keygen(keys_context(), NULL, "EC", "P-256");
	return *key ? 0 : fail(f, "making a key: libcrypto has no P-256");
}

static bool ec_is_p256(EVP_PKEY *key)
{
	char group[32] = "";

	return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) &&
	       strcmp(group, "prime256v1") == 0;
}

int ec_read(EVP_PKEY **key, const char *path, struct passphrase *passphrase, struct fail *f)
{
	if (keys_read_any(key, path, passphrase, f))
		return -1;
	if (ec_is_p256(*key))
		return 0;
	EVP_PKEY_free(*key);
	*key = NULL;
	return fail(f, "key %s: expected an elliptic curve key on P-256", path);
}

static bool ec_sign_der(EVP_PKEY *key, const void *data, size_t size, uint8_t *der, size_t *der_size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", keys_context(), NULL, key, NULL) > 0 &&
		    EVP_DigestSign(ctx, der, der_size, data, size) > 0;

	EVP_MD_CTX_free(ctx);
	return good;
}

int ec_sign(EVP_PKEY *key, const void *data, size_t size, uint8_t signature[64], struct fail *f)
{
	uint8_t der[EC_DER_MAX];
	const uint8_t *at = der;
	size_t der_size = sizeof(der);
	ECDSA_SIG *pair = NULL;
	bool good;

	if (ec_sign_der(key, data, size, der, &der_size))
		pair = d2i_ECDSA_SIG(NULL, &at, (long)der_size);
	good = pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32;
	ECDSA_SIG_free(pair);
	return good ? 0 : fail(f, "signing: libcrypto refused");
}

static int ec_pair_der(const uint8_t signature[64], uint8_t **der)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(signature, 32, NULL), *s = BN_bin2bn(signature + 32, 32, NULL);
	int size = -1;

	*der = NULL;
	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL;
		size = i2d_ECDSA_SIG(pair, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return size;
}

bool ec_verify(EVP_PKEY *key, const void *data, size_t size, const uint8_t signature[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der;
	int der_size = ec_pair_der(signature, &der);
	bool good = ctx && der_size > 0 &&
		    EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", keys_context(), NULL, key, NULL) > 0 &&
		    EVP_DigestVerify(ctx, der, (size_t)der_size, data, size) == 1;

	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	return good;
}

EVP_PKEY *ec_from_point(const uint8_t point[64])
{
	uint8_t octets[65] = { EC_POINT_UNCOMPRESSED };
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ "P-256" }, 5),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets)),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(keys_context(), "EC", NULL);
	EVP_PKEY *key = NULL;

	memcpy(octets + 1, point, 64);
	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

int ec_point(EVP_PKEY *key, uint8_t point[64], struct fail *f)
{
	uint8_t octets[65];
	size_t size;

	if (!EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof(octets), &size) ||
	    size != sizeof(octets) || octets[0] != EC_POINT_UNCOMPRESSED)
		return fail(f, "reading a public key: expected an uncompressed point of P-256");
	memcpy(point, octets + 1, 64);
	return 0;
}
