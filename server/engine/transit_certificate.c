/* keys/<name>/csr and set-certificate: certificates of keys that never leave. */
#include <openssl/pem.h>
#include <string.h>

#include "server/engine/transit.h"

/* The key and its version: 0, or refused. */
static int signing_version(struct request *r, const struct transit_key *k, struct transit_version **v)
{
	int64_t number = ask_int(r, "version", 0);

	if (!k)
		return refuse(r, 400, "key with provided name '%s' not found", ask_text(r, "name"));
	if (!transit_signs(k->kind))
		return refuse(r, 400, "key type '%s' does not support signing", k->kind->name);
	if (k->derived)
		return refuse(r, 400, "operation not supported for keys with derivation enabled");
	*v = transit_version(k, number > 0 ? (uint64_t)number : k->latest);
	if (!*v || number < 0)
		return refuse(r, 400, "no key version %ld is available", number);
	return 0;
}

/* Names and extensions of the template, or of none; the key and the signature are ours. */
static X509_REQ *request_template(const char *pem)
{
	X509_REQ *req = X509_REQ_new_ex(crypto_context(), NULL), *read;
	BIO *bio;

	if (!*pem)
		return req;
	bio = BIO_new_mem_buf(pem, -1);
	read = bio ? PEM_read_bio_X509_REQ(bio, &req, NULL, NULL) : NULL;
	BIO_free(bio);
	if (!read)
		X509_REQ_free(req);
	return read;
}

static char *request_pem(struct request *r, X509_REQ *req)
{
	unsigned char *der = NULL;
	int size = i2d_X509_REQ(req, &der);
	char *pem;

	crypto_must(size > 0, "write a certificate request");
	pem = crypto_pem(&r->pool, "CERTIFICATE REQUEST", (struct blob){ der, (size_t)size });
	OPENSSL_free(der);
	return pem;
}

int transit_csr(struct request *r)
{
	_cleanup_transit_ struct transit_key *k = transit_named(r);
	struct transit_version *v;
	int status = signing_version(r, k, &v);
	X509_REQ *req;
	bool good;

	if (status)
		return status;
	if (!v->has_private)
		return refuse(r, 400, "private key not imported for key version selected");
	req = request_template(ask_text_or(r, "csr", ""));
	if (!req)
		return refuse(r, 400, "could not decode PEM CSR");
	good = X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 && X509_REQ_set_pubkey(req, v->key) == 1 &&
	       X509_REQ_sign(req, v->key, k->kind->family == FAMILY_ED25519 ? NULL : crypto_digest("sha2-256")) > 0;
	if (good) {
		json_put_string(reply_data(r), "csr", request_pem(r, req));
		json_put_string(reply_data(r), "name", k->name);
		json_put_string(reply_data(r), "type", k->kind->name);
	}
	X509_REQ_free(req);
	return good ? 200 : refuse(r, 400, "could not create the csr: %s", crypto_reason(&r->pool));
}

/* The chain as one text of PEM, its leaf checked against the key; NULL with what is wrong. */
static const char *chain_read(struct request *r, const char *text, EVP_PKEY *key, const char **wrong)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	const char *chain = "";
	size_t count = 0;
	X509 *c;

	*wrong = NULL;
	while (!*wrong && (c = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		unsigned char *der = NULL;
		int size = i2d_X509(c, &der);

		crypto_must(size > 0, "write a certificate");
		if (!count++ && EVP_PKEY_eq(X509_get0_pubkey(c), key) != 1)
			*wrong = "leaf certificate public key does not match the selected key version";
		chain = pool_printf(&r->pool, "%s%s", chain,
				    crypto_pem(&r->pool, "CERTIFICATE", (struct blob){ der, (size_t)size }));
		OPENSSL_free(der);
		X509_free(c);
	}
	BIO_free(bio);
	(void)crypto_reason(&r->pool);
	if (!count)
		*wrong = "provided certificate chain did not contain any valid PEM encoded certificate";
	return chain;
}

int transit_set_certificate(struct request *r)
{
	const char *name = ask_text(r, "name"), *text = ask_text_or(r, "certificate_chain", ""), *wrong, *chain;
	_cleanup_transit_ struct transit_key *k = transit_open(r, name);
	struct transit_version *v;
	int status = signing_version(r, k, &v);

	if (status)
		return status;
	chain = chain_read(r, text, v->key, &wrong);
	if (wrong)
		return refuse(r, 400, "failed to persist certificate chain: %s", wrong);
	v->chain = pool_text(&k->pool, chain);
	transit_save(r, k);
	json_put_string(reply_data(r), "certificate_chain", text);
	json_put_string(reply_data(r), "name", k->name);
	json_put_string(reply_data(r), "type", k->kind->name);
	return 200;
}
