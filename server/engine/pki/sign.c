/* Signatures, digests, and PEM (RFC 7468). */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>


#include "server/engine/pki/asn.h"
#include "server/engine/pki/key.h"

#define SHA_OID(n) "2.16.840.1.101.3.4.2." n

static const struct pki_algorithm algorithms[] = {
	{ "SHA256WithRSA", "rsa", 256, false, "SHA256", "1.2.840.113549.1.1.11", SHA_OID("1") },
	{ "SHA384WithRSA", "rsa", 384, false, "SHA384", "1.2.840.113549.1.1.12", SHA_OID("2") },
	{ "SHA512WithRSA", "rsa", 512, false, "SHA512", "1.2.840.113549.1.1.13", SHA_OID("3") },
	{ "SHA256WithRSAPSS", "rsa", 256, true, "SHA256", "1.2.840.113549.1.1.10", SHA_OID("1") },
	{ "SHA384WithRSAPSS", "rsa", 384, true, "SHA384", "1.2.840.113549.1.1.10", SHA_OID("2") },
	{ "SHA512WithRSAPSS", "rsa", 512, true, "SHA512", "1.2.840.113549.1.1.10", SHA_OID("3") },
	{ "ECDSAWithSHA256", "ec", 256, false, "SHA256", "1.2.840.10045.4.3.2", NULL },
	{ "ECDSAWithSHA384", "ec", 384, false, "SHA384", "1.2.840.10045.4.3.3", NULL },
	{ "ECDSAWithSHA512", "ec", 512, false, "SHA512", "1.2.840.10045.4.3.4", NULL },
	{ "Ed25519", "ed25519", 0, false, NULL, "1.3.101.112", NULL },
	{ "PureEd25519", "ed25519", 0, false, NULL, "1.3.101.112", NULL },
};
#define ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const struct pki_algorithm *pki_algorithm(const char *key_type, unsigned int key_bits, int64_t signature_bits, bool pss)
{
	bool rsa = !strcmp(key_type, "rsa");

	if (!strcmp(key_type, "ed25519"))
		signature_bits = 0;
	else if (signature_bits != 256 && signature_bits != 384 && signature_bits != 512)
		signature_bits = rsa || key_bits <= 256 ? 256 : key_bits == 384 ? 384 : 512;
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (!strcmp(algorithms[i].key_type, key_type) && algorithms[i].bits == signature_bits &&
		    algorithms[i].pss == (rsa && pss))
			return &algorithms[i];
	return NULL;
}

const struct pki_algorithm *pki_algorithm_named(const char *name)
{
	for (size_t i = 0; i < ALGORITHMS; i++)
		if (!strcasecmp(algorithms[i].name, name))
			return &algorithms[i];
	return NULL;
}

/* RFC 4055 section 3.1: the hash, MGF1 with it, a salt of its length. */
static void put_pss(struct asn *a, const struct pki_algorithm *algorithm)
{
	size_t outer = asn_open(a, ASN_SEQUENCE), tagged, inner, hash;

	tagged = asn_open(a, ASN_CONTEXT_MADE);
	inner = asn_open(a, ASN_SEQUENCE);
	asn_oid(a, algorithm->digest_oid);
	asn_put(a, ASN_NULL, "", 0);
	asn_close(a, inner);
	asn_close(a, tagged);
	tagged = asn_open(a, ASN_CONTEXT_MADE + 1);
	inner = asn_open(a, ASN_SEQUENCE);
	asn_oid(a, "1.2.840.113549.1.1.8");
	hash = asn_open(a, ASN_SEQUENCE);
	asn_oid(a, algorithm->digest_oid);
	asn_put(a, ASN_NULL, "", 0);
	asn_close(a, hash);
	asn_close(a, inner);
	asn_close(a, tagged);
	tagged = asn_open(a, ASN_CONTEXT_MADE + 2);
	asn_u64(a, ASN_INTEGER, algorithm->bits / 8);
	asn_close(a, tagged);
	asn_close(a, outer);
}

void pki_put_algorithm(struct asn *a, const struct pki_algorithm *algorithm)
{
	size_t mark = asn_open(a, ASN_SEQUENCE);

	asn_oid(a, algorithm->oid);
	if (algorithm->pss)
		put_pss(a, algorithm);
	else if (algorithm->digest_oid)
		asn_put(a, ASN_NULL, "", 0);
	asn_close(a, mark);
}

/* The signature's bytes, in the pool. */
static bool sign_bytes(struct pool *pool, const struct pki_key *key, const struct pki_algorithm *algorithm,
		       struct blob tbs, struct blob *out)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	size_t size = (size_t)EVP_PKEY_get_size(key->pkey);
	uint8_t *at = pool_take(pool, size);
	bool done = md && EVP_DigestSignInit_ex(md, &ctx, algorithm->digest, pki_library(), NULL, key->pkey,
						NULL) == 1;

	if (done && algorithm->pss)
		done = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	done = done && EVP_DigestSign(md, at, &size, tbs.at, tbs.size) == 1;
	EVP_MD_CTX_free(md);
	*out = (struct blob){ at, size };
	return done;
}

bool pki_sign(struct pool *pool, const struct pki_key *key, const struct pki_algorithm *algorithm, struct blob tbs,
	      struct blob *out)
{
	struct blob signature;
	size_t outer, bits;
	struct asn a;
	bool done;

	ERR_set_mark();
	done = algorithm && !strcmp(algorithm->key_type, key->type) &&
	       sign_bytes(pool, key, algorithm, tbs, &signature);
	ERR_pop_to_mark();
	if (!done)
		return false;
	asn_init(&a, pool);
	outer = asn_open(&a, ASN_SEQUENCE);
	asn_raw(&a, tbs.at, tbs.size);
	pki_put_algorithm(&a, algorithm);
	bits = asn_open_bits(&a);
	asn_raw(&a, signature.at, signature.size);
	asn_close(&a, bits);
	asn_close(&a, outer);
	*out = asn_blob(&a);
	return true;
}

bool pki_digest(const char *name, struct blob of, uint8_t *out, unsigned int *size)
{
	size_t got = 0;
	bool done = EVP_Q_digest(pki_library(), name, NULL, of.at, of.size, out, &got) == 1;

	*size = (unsigned int)got;
	return done;
}

const char *pki_pem(struct pool *pool, const char *label, struct blob der)
{
	const char *base64 = pool_base64(pool, der.at, der.size);
	size_t left = strlen(base64), room = left + left / 64 + 2 * strlen(label) + 64;
	struct text t;

	text_init(&t, pool_take(pool, room), room);
	text_put(&t, "-----BEGIN ");
	text_put(&t, label);
	text_put(&t, "-----\n");
	for (; left; base64 += left < 64 ? left : 64, left -= left < 64 ? left : 64) {
		text_put_bytes(&t, base64, left < 64 ? left : 64);
		text_put(&t, "\n");
	}
	text_put(&t, "-----END ");
	text_put(&t, label);
	text_put(&t, "-----");
	return t.at;
}

#define BLANKS " \t\r\n"

static bool pem_line(const char **at, const char *begins, const char **name, size_t *size)
{
	const char *start, *end;

	if (strncmp(*at, begins, strlen(begins)))
		return false;
	start = *at + strlen(begins);
	end = strstr(start, "-----");
	if (!end || memchr(start, '\n', (size_t)(end - start)))
		return false;
	*name = start;
	*size = (size_t)(end - start);
	*at = end + 5;
	return true;
}

int pki_pem_next(struct pool *pool, const char **text, const char **label, struct blob *der)
{
	const char *at = strstr(*text, "-----BEGIN "), *name, *end_name, *end;
	size_t size, end_size, used = 0;
	char *base64;

	if (!at)
		return (*text)[strspn(*text, BLANKS)] ? -EINVAL : 0;
	if (!pem_line(&at, "-----BEGIN ", &name, &size))
		return -EINVAL;
	end = strstr(at, "-----END ");
	if (!end)
		return -EINVAL;
	base64 = pool_take(pool, (size_t)(end - at) + 1);
	for (; at < end; at++)
		if (!strchr(BLANKS, *at))
			base64[used++] = *at;
	if (!pem_line(&at, "-----END ", &end_name, &end_size) || end_size != size || memcmp(name, end_name, size) ||
	    !pool_base64_read(pool, base64, der) || !der->size)
		return -EINVAL;
	*label = pool_copy(pool, name, size);
	*text = at;
	return 1;
}
