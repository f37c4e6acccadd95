#include "image/sigstruct.h"
#include "crypto/sha256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_BYTES 384

static const uint8_t header1[16] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0 };
static const uint8_t header2[16] = { 1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1, 0, 0, 0 };

/* What the signature covers: all but key, signature and what follows from them. */
static void sigstruct_digest(const struct sgx_sigstruct *s, uint8_t digest[32])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, s, offsetof(struct sgx_sigstruct, modulus));
	sha256_update(&hash, &s->misc_select,
		      offsetof(struct sgx_sigstruct, reserved4) - offsetof(struct sgx_sigstruct, misc_select));
	sha256_final(&hash, digest);
}

/* Today in BCD, yyyymmdd; SOURCE_DATE_EPOCH makes whole files reproducible. */
static uint32_t sigstruct_date(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	time_t now = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
	uint32_t decimal, bcd = 0;
	struct tm tm;

	if (!gmtime_r(&now, &tm) || tm.tm_year < 0 || tm.tm_year > 8099)
		return 0x19700101;
	decimal = (uint32_t)(tm.tm_year + 1900) * 10000 + (uint32_t)(tm.tm_mon + 1) * 100 + (uint32_t)tm.tm_mday;
	for (unsigned int shift = 0; decimal; shift += 4, decimal /= 10)
		bcd |= decimal % 10 << shift;
	return bcd;
}

static void sigstruct_fill(struct sgx_sigstruct *s, const struct image_header *h, const struct sigstruct_identity *id)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->header, header1, sizeof(header1));
	memcpy(s->header2, header2, sizeof(header2));
	s->date = sigstruct_date();
	s->swdefined = id->development ? SIGSTRUCT_DEVELOPMENT : 0;
	s->exponent = 3;
	s->misc_select = h->misc_select;
	s->misc_mask = 0xffffffff;
	s->attributes = h->attributes;
	s->attribute_mask.flags = ~0UL;
	s->attribute_mask.xfrm = SGX_XFRM_LEGACY; /* a processor with fewer features starts the image without them */
	memcpy(s->enclave_hash, id->mrenclave, 32);
	s->isv_prod_id = id->product_id;
	s->isv_svn = id->security_version;
}

/* Q1 = floor(S^2 / M), Q2 = floor((S^3 - Q1*S*M) / M) = floor(S * (S^2 mod M) / M). */
static bool sigstruct_quotients(const struct sgx_sigstruct *sig, uint8_t q1[KEY_BYTES], uint8_t q2[KEY_BYTES])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *s = BN_lebin2bn(sig->signature, KEY_BYTES, NULL), *m = BN_lebin2bn(sig->modulus, KEY_BYTES, NULL);
	BIGNUM *square = BN_new(), *quotient = BN_new(), *rest = BN_new();
	bool good = ctx && s && m && square && quotient && rest && !BN_is_zero(m) && BN_sqr(square, s, ctx) &&
		    BN_div(quotient, rest, square, m, ctx) && BN_bn2lebinpad(quotient, q1, KEY_BYTES) == KEY_BYTES &&
		    BN_mul(square, rest, s, ctx) && BN_div(quotient, rest, square, m, ctx) &&
		    BN_bn2lebinpad(quotient, q2, KEY_BYTES) == KEY_BYTES;

	BN_free(s);
	BN_free(m);
	BN_free(square);
	BN_free(quotient);
	BN_free(rest);
	BN_CTX_free(ctx);
	return good;
}

static void reverse(uint8_t to[KEY_BYTES], const uint8_t from[KEY_BYTES])
{
	for (size_t i = 0; i < KEY_BYTES; i++)
		to[i] = from[KEY_BYTES - 1 - i];
}

static EVP_PKEY_CTX *sigstruct_context(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(keys_context(), key, NULL);
	EVP_MD *md = EVP_MD_fetch(keys_context(), "SHA256", NULL);

	if (!ctx || !md || init(ctx) <= 0 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) <= 0) {
		EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	EVP_MD_free(md);
	return ctx;
}

int sigstruct_sign(struct sgx_sigstruct *s, const struct image_header *h, const struct sigstruct_identity *id,
		   EVP_PKEY *key, struct fail *f)
{
	EVP_PKEY_CTX *ctx = sigstruct_context(key, EVP_PKEY_sign_init);
	uint8_t digest[32], signature[KEY_BYTES];
	size_t size = sizeof(signature);
	BIGNUM *n = NULL;
	bool good;

	sigstruct_fill(s, h, id);
	sigstruct_digest(s, digest);
	good = ctx && EVP_PKEY_sign(ctx, signature, &size, digest, sizeof(digest)) > 0 && size == KEY_BYTES &&
	       EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
	       BN_bn2lebinpad(n, s->modulus, KEY_BYTES) == KEY_BYTES;
	if (good) {
		reverse(s->signature, signature);
		good = sigstruct_quotients(s, s->q1, s->q2);
	}
	BN_free(n);
	EVP_PKEY_CTX_free(ctx);
	return good ? sigstruct_verify(s, f) : fail(f, "signing: %s", ERR_reason_error_string(ERR_get_error()));
}

static EVP_PKEY *sigstruct_key(const struct sgx_sigstruct *s)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(keys_context(), "RSA", NULL);
	uint8_t modulus[KEY_BYTES];
	unsigned int exponent = 3;
	EVP_PKEY *key = NULL;
	OSSL_PARAM params[3];

	/* OSSL_PARAM numbers are in the machine's order, which is SIGSTRUCT's. */
	memcpy(modulus, s->modulus, KEY_BYTES);
	params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, KEY_BYTES);
	params[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent);
	params[2] = OSSL_PARAM_construct_end();
	if (ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool sigstruct_signature_holds(const struct sgx_sigstruct *s)
{
	EVP_PKEY *key = sigstruct_key(s);
	EVP_PKEY_CTX *ctx = key ? sigstruct_context(key, EVP_PKEY_verify_init) : NULL;
	uint8_t digest[32], signature[KEY_BYTES];
	bool good;

	sigstruct_digest(s, digest);
	reverse(signature, s->signature);
	good = ctx && EVP_PKEY_verify(ctx, signature, KEY_BYTES, digest, sizeof(digest)) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= bytes[i];
	return !any;
}

static int sigstruct_wrong(struct fail *f, int code, const char *what)
{
	(void)fail(f, "SIGSTRUCT: %s", what);
	return code;
}

int sigstruct_verify(const struct sgx_sigstruct *s, struct fail *f)
{
	uint8_t q1[KEY_BYTES], q2[KEY_BYTES];

	if (memcmp(s->header, header1, 16) || memcmp(s->header2, header2, 16))
		return sigstruct_wrong(f, SGX_INVALID_SIG_STRUCT,
				       "HEADER or HEADER2 is not the constant that the processor expects");
	if (s->vendor && s->vendor != SGX_VENDOR_INTEL)
		return sigstruct_wrong(f, SGX_INVALID_SIG_STRUCT, "expected VENDOR 0 or 0x8086, found another");
	if (s->exponent != 3)
		return sigstruct_wrong(f, SGX_INVALID_SIG_STRUCT, "expected EXPONENT 3, found another");
	if (!is_zero(s->reserved1, sizeof(s->reserved1)) || !is_zero(s->reserved2, sizeof(s->reserved2)) ||
	    !is_zero(s->reserved3, sizeof(s->reserved3)) || !is_zero(s->reserved4, sizeof(s->reserved4)))
		return sigstruct_wrong(f, SGX_INVALID_SIG_STRUCT, "expected zeros in the reserved bytes");
	if (!sigstruct_signature_holds(s))
		return sigstruct_wrong(f, SGX_INVALID_SIGNATURE,
				       "the signature is not that of its key over its contents");
	if (!sigstruct_quotients(s, q1, q2) || memcmp(q1, s->q1, KEY_BYTES) || memcmp(q2, s->q2, KEY_BYTES))
		return sigstruct_wrong(f, SGX_INVALID_SIGNATURE,
				       "Q1 or Q2 is not the quotient that the processor needs");
	return 0;
}

void sigstruct_mrsigner(const struct sgx_sigstruct *s, uint8_t mrsigner[32])
{
	sha256(s->modulus, sizeof(s->modulus), mrsigner);
}
