#include "tests/unit/cpu/signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct signer {
	EVP_PKEY *key;
	BIGNUM *modulus;
};

struct signer *signer_new(void)
{
	struct signer *s = calloc(1, sizeof(*s));
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *three = BN_new();

	BN_set_word(three, 3);
	EVP_PKEY_keygen_init(ctx);
	EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 3072);
	EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, three);
	EVP_PKEY_generate(ctx, &s->key);
	EVP_PKEY_get_bn_param(s->key, OSSL_PKEY_PARAM_RSA_N, &s->modulus);
	BN_free(three);
	EVP_PKEY_CTX_free(ctx);
	return s;
}

void signer_free(struct signer *s)
{
	EVP_PKEY_free(s->key);
	BN_free(s->modulus);
	free(s);
}

static void quotients(const struct signer *s, struct sgx_sigstruct *sig)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *x = BN_lebin2bn(sig->signature, 384, NULL), *t = BN_new(), *q = BN_new(), *r = BN_new();

	BN_sqr(t, x, ctx);
	BN_div(q, r, t, s->modulus, ctx);
	BN_bn2lebinpad(q, sig->q1, 384);
	BN_mul(t, r, x, ctx);
	BN_div(q, r, t, s->modulus, ctx);
	BN_bn2lebinpad(q, sig->q2, 384);
	BN_free(x);
	BN_free(t);
	BN_free(q);
	BN_free(r);
	BN_CTX_free(ctx);
}

void signer_sign(struct signer *s, struct sgx_sigstruct *sig)
{
	static const uint8_t header[16] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1 };
	static const uint8_t header2[16] = { 1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1 };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t big[384], message[256];
	size_t size = sizeof(big);

	memcpy(sig->header, header, 16);
	memcpy(sig->header2, header2, 16);
	sig->exponent = 3;
	BN_bn2lebinpad(s->modulus, sig->modulus, 384);
	memcpy(message, sig, 128);
	memcpy(message + 128, &sig->misc_select, 128);
	EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->key);
	EVP_DigestSign(ctx, big, &size, message, sizeof(message));
	for (size_t i = 0; i < 384; i++)
		sig->signature[i] = big[383 - i];
	quotients(s, sig);
	EVP_MD_CTX_free(ctx);
}
