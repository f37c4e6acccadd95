#include "platform/bundle.h"
#include "base/json_write.h"
#include "image/cleanup.h"
#include "platform/ec.h"

#include <openssl/pem.h>
#include <string.h>

int bundle_chain(X509 *const *chain, size_t count, char **pem, struct fail *f)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio;
	char *text = NULL;
	long size;

	for (size_t i = 0; good && i < count; i++)
		good = PEM_write_bio_X509(bio, chain[i]);
	*pem = NULL;
	if (good) {
		size = BIO_get_mem_data(bio, &text);
		*pem = strndup(text, (size_t)size);
	}
	BIO_free(bio);
	return *pem ? 0 : fail(f, "writing certificates: out of memory");
}

static int bundle_put_chain(struct json_writer *w, const char *name, X509 *leaf, X509 *root, struct fail *f)
{
	X509 *const chain[] = { leaf, root };
	_cleanup_free_ char *pem = NULL;

	if (bundle_chain(chain, 2, &pem, f))
		return -1;
	json_put_string(w, name, pem);
	return 0;
}

static int bundle_put_crl(struct json_writer *w, const char *name, X509_CRL *crl, struct fail *f)
{
	uint8_t *der = NULL;
	int size = i2d_X509_CRL(crl, &der);

	if (size < 0)
		return fail(f, "writing a revocation list: libcrypto refused");
	json_put_hex(w, name, der, (size_t)size);
	OPENSSL_free(der);
	return 0;
}

/* The signature is over the text as it stands. */
static int bundle_put_signed(struct json_writer *w, const char *names[2], const char *text, EVP_PKEY *key,
			     struct fail *f)
{
	uint8_t signature[64];

	if (ec_sign(key, text, strlen(text), signature, f))
		return -1;
	json_put_string(w, names[0], text);
	json_put_hex(w, names[1], signature, sizeof(signature));
	return 0;
}

static int bundle_write(const struct bundle *b, struct json_writer *w, struct fail *f)
{
	json_object(w, NULL);
	if (bundle_put_chain(w, "pck_crl_issuer_chain", b->pck_ca, b->root, f) ||
	    bundle_put_crl(w, "root_ca_crl", b->root_crl, f) || bundle_put_crl(w, "pck_crl", b->pck_crl, f) ||
	    bundle_put_chain(w, "tcb_info_issuer_chain", b->tcb_signing, b->root, f) ||
	    bundle_put_signed(w, (const char *[]){ "tcb_info", "tcb_info_signature" }, b->tcb_info, b->tcb_key, f) ||
	    bundle_put_chain(w, "qe_identity_issuer_chain", b->tcb_signing, b->root, f) ||
	    bundle_put_signed(w, (const char *[]){ "qe_identity", "qe_identity_signature" }, b->qe_identity,
			      b->tcb_key, f))
		return -1;
	json_close(w);
	return 0;
}

int bundle_json(const struct bundle *b, char **json, struct fail *f)
{
	size_t size = 2 * (strlen(b->tcb_info) + strlen(b->qe_identity)) + (2UL << 20);
	char *buffer = malloc(size);
	struct json_writer w;
	long n;

	*json = NULL;
	if (!buffer)
		return fail(f, "writing collateral: out of memory");
	json_write_init(&w, buffer, size - 1, true);
	if (bundle_write(b, &w, f)) {
		free(buffer);
		return -1;
	}
	n = json_write_end(&w);
	if (n < 0) {
		free(buffer);
		return fail(f, "writing collateral: it is too long");
	}
	buffer[n] = '\n';
	buffer[n + 1] = '\0';
	*json = buffer;
	return 0;
}
