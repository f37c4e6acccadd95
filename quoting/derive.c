/* The PCK key, and names of the platform. */
#include "crypto/hkdf.h"
#include "crypto/sha256.h"
#include "quoting/enclave.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <string.h>

#define DERIVE_WIDE 48 /* 128 bits more than the order of P-256 has: no bias (FIPS 186-5, A.2.1) */

static EVP_PKEY *derive_build(const EC_GROUP *group, const BIGNUM *scalar)
{
	EC_POINT *point = EC_POINT_new(group);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(keys_context(), "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	uint8_t public[65];

	if (point && b && ctx && EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) > 0 &&
	    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, public, sizeof(public), NULL) ==
		    sizeof(public) &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof(public)) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, scalar))
		params = OSSL_PARAM_BLD_to_param(b);
	if (params && EVP_PKEY_fromdata_init(ctx) > 0)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(b);
	EC_POINT_free(point);
	return key;
}

/* 1 + wide mod (order - 1): a scalar of 1 to order - 1. */
static EVP_PKEY *derive_reduce(const uint8_t *wide, size_t size)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_bin2bn(wide, (int)size, NULL), *order = group ? BN_dup(EC_GROUP_get0_order(group)) : NULL;
	EVP_PKEY *key = NULL;

	if (n)
		BN_set_flags(n, BN_FLG_CONSTTIME);
	if (ctx && n && order && BN_sub_word(order, 1) && BN_mod(n, n, order, ctx) && BN_add_word(n, 1))
		key = derive_build(group, n);
	BN_clear_free(n);
	BN_free(order);
	BN_CTX_free(ctx);
	EC_GROUP_free(group);
	return key;
}

int derive_from_scalar(const uint8_t scalar[32], EVP_PKEY **key)
{
	*key = derive_reduce(scalar, 32);
	return *key ? 0 : -ENOMEM;
}

int derive_pck(EVP_PKEY **key)
{
	static const char label[] = "adyton pck p-256";
	uint8_t provision[16], prk[HMAC_SHA256_SIZE], wide[DERIVE_WIDE];
	int error = device_read("keys/_adyton_provision", provision, sizeof(provision));

	if (error)
		return error;
	hkdf_extract(NULL, 0, provision, sizeof(provision), prk);
	*key = hkdf_expand(prk, label, sizeof(label) - 1, wide, sizeof(wide)) ? derive_reduce(wide, sizeof(wide)) :
										NULL;
	OPENSSL_cleanse(provision, sizeof(provision));
	OPENSSL_cleanse(prk, sizeof(prk));
	OPENSSL_cleanse(wide, sizeof(wide));
	return *key ? 0 : -ENOMEM;
}

int derive_platform_id(const uint8_t ppid[16], uint8_t id[16])
{
	uint8_t input[32] = "ADYTON INSTANCE", digest[SHA256_SIZE];

	memcpy(input + 16, ppid, 16);
	sha256(input, sizeof(input), digest);
	memcpy(id, digest, 16);
	return 0;
}
