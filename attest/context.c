/* Whom we trust, and libcrypto without its configuration: neither environment nor files change what a verdict says. */
#include "attest/internal.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <stdlib.h>

#include "base/errno.h"

#define TRUST_SIZE (64 << 10)

/* SHA-256 of SubjectPublicKeyInfo: keys, because certificates of one key are reissued. */
static const struct attest_root context_roots[] = {
	{ "Intel SGX Root CA",
	  { 0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91, 0x86, 0x06, 0x8a, 0x7f, 0xc1,
	    0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35, 0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e },
	  ATTEST_HARDWARE },
	{ "ARK-Milan",
	  { 0x9f, 0x05, 0x6b, 0xee, 0x44, 0x37, 0x7e, 0x29, 0x30, 0x8c, 0xb5, 0xff, 0xa8, 0x95, 0xbd, 0xfb,
	    0x62, 0xd1, 0x88, 0x81, 0xfa, 0x6b, 0xed, 0x8d, 0x6f, 0x07, 0x5b, 0x02, 0x04, 0x08, 0x9c, 0xb9 },
	  ATTEST_HARDWARE },
	{ "ARK-Genoa",
	  { 0x42, 0x9a, 0x69, 0xc9, 0x42, 0x2a, 0xa2, 0x58, 0xee, 0x4d, 0x8d, 0xb5, 0xfc, 0xda, 0x9c, 0x64,
	    0x70, 0xef, 0x15, 0xf8, 0xcd, 0x5a, 0x9c, 0xeb, 0xd6, 0xcb, 0xc7, 0xd9, 0x0b, 0x86, 0x38, 0x31 },
	  ATTEST_HARDWARE },
	{ "ARK-Turin",
	  { 0x4f, 0x12, 0x54, 0x10, 0x56, 0x3a, 0x2a, 0xb9, 0xa5, 0x03, 0x56, 0xf9, 0x24, 0x3f, 0x6f, 0xe0,
	    0xb6, 0xf7, 0x3d, 0xe9, 0x86, 0x03, 0xf5, 0x3f, 0x90, 0x33, 0x9c, 0x70, 0xe9, 0xd7, 0xad, 0x08 },
	  ATTEST_HARDWARE },
};

#define BUILT_IN (sizeof(context_roots) / sizeof(context_roots[0]))

/* A key without a point, which a point is then put into: making the curve's tables is the costly part. */
static EVP_PKEY *context_curve(OSSL_LIB_CTX *libctx, const char *name)
{
	char group[16];
	OSSL_PARAM params[2] = { OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end() };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(libctx, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	/* The parameter takes the length that the name has now. */
	(void)BIO_snprintf(group, sizeof(group), "%s", name);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEY_PARAMETERS, params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

struct attest *attest_new(void)
{
	struct attest *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->roots.count = BUILT_IN;
	memcpy(a->roots.at, context_roots, sizeof(context_roots));
	a->machine_roots = a->roots;
	ERR_set_mark();
	a->libctx = OSSL_LIB_CTX_new();
	a->provider = a->libctx ? OSSL_PROVIDER_load(a->libctx, "default") : NULL;
	if (a->provider) {
		a->sha256 = EVP_MD_fetch(a->libctx, "SHA256", NULL);
		a->sha384 = EVP_MD_fetch(a->libctx, "SHA384", NULL);
		a->sha512 = EVP_MD_fetch(a->libctx, "SHA512", NULL);
		a->p256 = context_curve(a->libctx, "prime256v1");
		a->p384 = context_curve(a->libctx, "secp384r1");
	}
	ERR_pop_to_mark();
	if (a->sha256 && a->sha384 && a->sha512 && a->p256 && a->p384)
		return a;
	attest_free(a);
	return NULL;
}

void attest_free(struct attest *a)
{
	if (!a)
		return;
	EVP_PKEY_free(a->p256);
	EVP_PKEY_free(a->p384);
	EVP_MD_free(a->sha256);
	EVP_MD_free(a->sha384);
	EVP_MD_free(a->sha512);
	if (a->provider)
		OSSL_PROVIDER_unload(a->provider);
	OSSL_LIB_CTX_free(a->libctx);
	free(a);
}

/* Software, unless it is one of the keys that processors are made with. */
static void context_add_root(const struct attest *a, struct attest_roots *to, struct attest_bytes spki,
			     const char *name)
{
	struct attest_root *root = &to->at[to->count++];
	char hex[17];

	memset(root, 0, sizeof(*root));
	attest_sha256(a, spki, root->sha256);
	for (size_t i = 0; i < BUILT_IN; i++)
		if (memcmp(root->sha256, context_roots[i].sha256, sizeof(root->sha256)) == 0) {
			*root = context_roots[i];
			return;
		}
	root->assurance = ATTEST_SOFTWARE;
	hex_encode(root->sha256, 8, hex);
	/* Whoever makes a root names it; a maker's name is for the maker's key. */
	for (size_t i = 0; i < BUILT_IN; i++)
		if (strcmp(name, context_roots[i].name) == 0)
			name = "";
	if (*name)
		(void)BIO_snprintf(root->name, sizeof(root->name), "%s", name);
	else
		(void)BIO_snprintf(root->name, sizeof(root->name), "key %s", hex);
}

/* The outer shape of a SubjectPublicKeyInfo; what is inside only has to hash to what a chain has. */
static bool context_is_key(struct attest_bytes der)
{
	struct der outer = der_of(der), d = der_of(der_take(&outer, DER_SEQUENCE));

	(void)der_take(&d, DER_SEQUENCE);
	(void)der_take(&d, DER_BIT_STRING);
	return der_done(&d) && der_done(&outer);
}

static bool context_take_root(const struct attest *a, struct attest_roots *to, struct attest_bytes *text, uint8_t *der,
			      struct attest_refusal *why)
{
	struct attest_bytes before = *text;
	struct certificate c;
	long size = pem_next(text, "CERTIFICATE", der, TRUST_SIZE);

	if (to->count == ATTEST_ROOTS_MAX)
		return refuse(why, ATTEST_R_certificate_malformed, "at most 16 trusted roots", "more");
	if (size > 0 && certificate_read(bytes_of(der, (size_t)size), &c)) {
		context_add_root(a, to, c.key.spki, c.name);
		return true;
	}
	*text = before;
	size = pem_next(text, "PUBLIC KEY", der, TRUST_SIZE);
	if (size > 0 && context_is_key(bytes_of(der, (size_t)size))) {
		context_add_root(a, to, bytes_of(der, (size_t)size), "");
		return true;
	}
	return refuse(why, ATTEST_R_certificate_malformed, "certificates or public keys in PEM", NULL);
}

static int context_trust(const struct attest *a, struct attest_roots *to, struct attest_bytes pem,
			 struct attest_refusal *why)
{
	struct attest_bytes text = text_trim(pem);
	struct attest_roots found = { 0 };
	bool good = true;
	uint8_t *der;

	if (!text.size)
		return refuse(why, ATTEST_R_certificate_malformed, "certificates or public keys in PEM", "nothing"),
		       -EINVAL;
	der = malloc(TRUST_SIZE);
	if (!der)
		return refuse(why, ATTEST_R_no_memory, NULL, NULL), -ENOMEM;
	while (good && text.size) {
		good = context_take_root(a, &found, &text, der, why);
		text = text_trim(text);
	}
	free(der);
	if (!good)
		return -EINVAL;
	*to = found;
	return 0;
}

int attest_trust(struct attest *a, const void *pem, size_t size, struct attest_refusal *why)
{
	return context_trust(a, &a->roots, bytes_of(pem, size), why);
}

int attest_trust_machine(struct attest *a, const void *pem, size_t size, struct attest_refusal *why)
{
	return context_trust(a, &a->machine_roots, bytes_of(pem, size), why);
}

struct attest attest_of_machines(const struct attest *a)
{
	struct attest machines = *a;

	machines.roots = a->machine_roots;
	return machines;
}
