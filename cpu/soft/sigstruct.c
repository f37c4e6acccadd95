#include "cpu/soft/sigstruct.h"

#include "base/mem.h"
#include "cpu/soft/bignum.h"
#include "crypto/sha256.h"

static bool all_zero(const uint8_t *bytes, size_t size)
{
	uint8_t any = 0;

	while (size--)
		any |= *bytes++;
	return !any;
}

static bool form_ok(const struct sgx_sigstruct *s)
{
	static const uint8_t header[16] = { 6, 0, 0, 0, 0xe1, 0, 0, 0, 0, 0, 1 };
	static const uint8_t header2[16] = { 1, 1, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 1 };

	return !memcmp(s->header, header, 16) && (s->vendor == 0 || s->vendor == SGX_VENDOR_INTEL) &&
	       !memcmp(s->header2, header2, 16) && s->exponent == 3 && all_zero(s->reserved1, sizeof(s->reserved1)) &&
	       all_zero(s->reserved2, sizeof(s->reserved2)) && all_zero(s->reserved3, sizeof(s->reserved3)) &&
	       all_zero(s->reserved4, sizeof(s->reserved4));
}

/* S^3 mod M with the quotients that the signer supplies: two multiplications each, no division. */
static bool decrypt(const struct sgx_sigstruct *s, struct bignum *message)
{
	struct bignum m, sig, q, square;

	bignum_load(&m, s->modulus);
	bignum_load(&sig, s->signature);
	if (!bignum_less(&sig, &m))
		return false;
	bignum_load(&q, s->q1);
	if (!bignum_reduce(&square, &sig, &sig, &q, &m))
		return false;
	bignum_load(&q, s->q2);
	return bignum_reduce(message, &square, &sig, &q, &m);
}

/* EMSA-PKCS1-v1_5 for SHA-256, as the little-endian number that RSA makes of it. */
static void expected_message(const struct sgx_sigstruct *s, uint8_t message[BIGNUM_BYTES])
{
	static const uint8_t digest_info[19] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
						 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	uint8_t hash[SHA256_SIZE];
	struct sha256 ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, s, offsetof(struct sgx_sigstruct, modulus));
	sha256_update(&ctx, &s->misc_select, 128);
	sha256_final(&ctx, hash);
	memset(message, 0xff, BIGNUM_BYTES);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		message[i] = hash[SHA256_SIZE - 1 - i];
	for (size_t i = 0; i < sizeof(digest_info); i++)
		message[SHA256_SIZE + i] = digest_info[sizeof(digest_info) - 1 - i];
	message[SHA256_SIZE + sizeof(digest_info)] = 0;
	message[BIGNUM_BYTES - 2] = 1;
	message[BIGNUM_BYTES - 1] = 0;
}

int sigstruct_verify(const struct sgx_sigstruct *s, uint8_t padding[SIGSTRUCT_PADDING])
{
	uint8_t expected[BIGNUM_BYTES];
	struct bignum message;

	if (!form_ok(s))
		return SGX_INVALID_SIG_STRUCT;
	expected_message(s, expected);
	if (!decrypt(s, &message) || memcmp(message.word, expected, BIGNUM_BYTES))
		return SGX_INVALID_SIGNATURE;
	memcpy(padding, (const uint8_t *)message.word + SHA256_SIZE, SIGSTRUCT_PADDING);
	return SGX_SUCCESS;
}

int sigstruct_check(const struct sgx_sigstruct *s)
{
	uint8_t padding[SIGSTRUCT_PADDING];

	return sigstruct_verify(s, padding);
}

void sigstruct_signer(const struct sgx_sigstruct *s, uint8_t mrsigner[32])
{
	sha256(s->modulus, sizeof(s->modulus), mrsigner);
}
