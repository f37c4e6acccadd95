#include "ratls/evidence.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OID_TAGGED_EVIDENCE "2.23.133.5.4.9" /* TCG DICE, tcg-dice-TaggedEvidence */
#define SERIAL_BITS 159                      /* positive, and at most 20 octets (RFC 5280, 4.1.2.2) */
#define SECONDS_A_DAY 86400L
#define BACKDATED 300 /* clocks differ */

static void key_put(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void certificate_put(X509 **certificate)
{
	X509_free(*certificate);
}

#define _cleanup_key_ __attribute__((cleanup(key_put)))
#define _cleanup_certificate_ __attribute__((cleanup(certificate_put)))

static bool key_hash(EVP_PKEY *key, uint8_t sha256[32])
{
	unsigned char *spki = NULL;
	int size = i2d_PUBKEY(key, &spki);

	if (size > 0)
		(void)SHA256(spki, (size_t)size, sha256);
	OPENSSL_free(spki);
	return size > 0;
}

static bool certificate_put_extension(X509 *c, ASN1_OBJECT *oid, const void *value, size_t size)
{
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	bool good = content && ASN1_OCTET_STRING_set(content, value, (int)size);

	if (good)
		extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, content);
	good = extension && X509_add_ext(c, extension, -1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	return good;
}

static bool certificate_put_evidence(X509 *c, const struct ratls_evidence *evidence)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(OID_TAGGED_EVIDENCE, 1);
	bool good = oid && certificate_put_extension(c, oid, evidence->bytes, evidence->size);

	ASN1_OBJECT_free(oid);
	return good;
}

static bool certificate_put_usual(X509 *c, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool good = extension && X509_add_ext(c, extension, -1);

	X509_EXTENSION_free(extension);
	return good;
}

static bool certificate_put_names(X509 *c, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(c);
	char alternative[300];

	(void)snprintf(alternative, sizeof(alternative), "DNS:%s", name);
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) &&
	       X509_set_issuer_name(c, subject) &&
	       certificate_put_usual(c, NID_subject_alt_name, alternative) &&
	       certificate_put_usual(c, NID_basic_constraints, "critical,CA:FALSE") &&
	       certificate_put_usual(c, NID_key_usage, "critical,digitalSignature") &&
	       certificate_put_usual(c, NID_ext_key_usage, "serverAuth,clientAuth");
}

static bool certificate_put_serial(X509 *c)
{
	BIGNUM *number = BN_new();
	bool good = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c));

	BN_free(number);
	return good;
}

static bool certificate_fill(X509 *c, const struct ratls_request *r, EVP_PKEY *key,
			     const struct ratls_evidence *evidence)
{
	return X509_set_version(c, X509_VERSION_3) && certificate_put_serial(c) &&
	       X509_gmtime_adj(X509_getm_notBefore(c), -BACKDATED) &&
	       X509_gmtime_adj(X509_getm_notAfter(c), (long)r->days * SECONDS_A_DAY) && X509_set_pubkey(c, key) &&
	       certificate_put_names(c, r->name) &&
	       (r->without_evidence || certificate_put_evidence(c, evidence)) &&
	       X509_sign(c, key, EVP_sha256());
}

/* Whole, with its NUL. The intermediate copy of a key is wiped by the BIO of secure memory where there is one. */
static bool text_take(BIO *bio, char *to, size_t room)
{
	int n = BIO_read(bio, to, (int)room - 1);

	if (n < 0 || BIO_pending(bio))
		return false;
	to[n] = '\0';
	return true;
}

static bool identity_write(struct ratls_identity *to, EVP_PKEY *key, X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) &&
		    text_take(bio, to->key, sizeof(to->key)) && PEM_write_bio_X509(bio, certificate) &&
		    text_take(bio, to->certificate, sizeof(to->certificate));

	BIO_free(bio);
	return good;
}

static EVP_PKEY *key_get(const struct ratls_request *r)
{
	BIO *bio;
	EVP_PKEY *key;

	if (!r->key)
		return EVP_EC_gen("P-256");
	bio = BIO_new_mem_buf(r->key, -1);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return key;
}

int ratls_make(const struct ratls_request *r, struct ratls_identity *to, char why[RATLS_WHY_ROOM])
{
	_cleanup_key_ EVP_PKEY *key = key_get(r);
	_cleanup_certificate_ X509 *certificate = X509_new();
	struct ratls_evidence *evidence = malloc(sizeof(*evidence));
	uint8_t sha256[32], claims[RATLS_CLAIMS_MAX];
	size_t size = 0;
	int result = -1;

	if (!key || !certificate || !evidence || !key_hash(key, sha256))
		(void)ratls_fail(why, "%s", r->key ? "the key that was given cannot be read" :
				 "cannot make a key: out of memory or of randomness");
	else if (!(size = ratls_claims(r, sha256, claims)))
		(void)ratls_fail(why, "expected a nonce of at most %d bytes, found %zu", RATLS_NONCE_MAX,
				 r->nonce_size);
	else if (r->without_evidence)
		result = 0;
	else
		result = ratls_evidence_get(r, claims, size, evidence, why);
	if (!result && (!certificate_fill(certificate, r, key, evidence) || !identity_write(to, key, certificate)))
		result = ratls_fail(why, "cannot make a certificate for \"%s\"", r->name);
	free(evidence);
	return result;
}

void ratls_wipe(struct ratls_identity *identity)
{
	OPENSSL_cleanse(identity, sizeof(*identity));
}
