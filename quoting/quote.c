/*
 * A quote of version 3, byte for byte as Intel's DCAP libraries make them. Their vendor id is in it because verifiers
 * know no other; whose quote it is says the root of the certificate chain.
 */
#include "crypto/sha256.h"
#include "quoting/enclave.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define QUOTE_AUTH_BYTES 32

struct quote {
	EVP_PKEY *key, *pck;
	struct quote_header header;
	struct quote_qe_report qe;
	struct quote_signature signature;
	uint8_t auth[QUOTE_AUTH_BYTES];
};

/*
 * This enclave's own report over the attestation key. The kernel refuses one prefix of report data: in one case of
 * 2^24 other authentication data are needed.
 */
static int quote_qe_body(struct quote *q)
{
	uint8_t input[64 + QUOTE_AUTH_BYTES], data[64];
	int error = -EACCES;

	memcpy(input, q->signature.key, 64);
	for (int i = 0; error == -EACCES && i < 4; i++) {
		if (getrandom(q->auth, sizeof(q->auth), 0) != sizeof(q->auth))
			return -EIO;
		memcpy(input + 64, q->auth, sizeof(q->auth));
		memset(data, 0, sizeof(data));
		sha256(input, sizeof(input), data);
		error = device_self(data, &q->qe.body);
	}
	return error;
}

static int quote_header(struct quote *q)
{
	static const uint8_t vendor[16] = QUOTE_QE_VENDOR_INTEL;
	uint8_t ppid[16];
	int error = device_read("keys/_adyton_ppid", ppid, sizeof(ppid));

	if (error)
		return error;
	q->header = (struct quote_header){ .version = QUOTE_V3, .key_type = QUOTE_KEY_P256,
					   .qe_svn = q->qe.body.isv_svn, .pce_svn = q->qe.body.isv_svn };
	memcpy(q->header.qe_vendor, vendor, sizeof(vendor));
	return derive_platform_id(ppid, q->header.user_data);
}

static int quote_sign(struct quote *q, const struct sgx_report_body *body)
{
	uint8_t text[sizeof(q->header) + sizeof(*body)];
	struct fail ignored;

	memcpy(text, &q->header, sizeof(q->header));
	memcpy(text + sizeof(q->header), body, sizeof(*body));
	return ec_sign(q->key, text, sizeof(text), q->signature.signature, &ignored) ||
			       ec_sign(q->pck, &q->qe.body, sizeof(q->qe.body), q->qe.signature, &ignored) ?
		       -EIO :
		       0;
}

static void quote_write(const struct quote *q, const struct sgx_report_body *body, const void *chain,
			uint32_t chain_size, struct reply *reply)
{
	const uint16_t auth_size = QUOTE_AUTH_BYTES;
	const struct quote_certification cert = { .type = QUOTE_CERT_PCK_CHAIN, .size = chain_size };
	uint32_t size = (uint32_t)(sizeof(q->signature) + sizeof(q->qe) + sizeof(auth_size) + QUOTE_AUTH_BYTES +
				   sizeof(cert)) +
			chain_size;

	reply_add(reply, &q->header, sizeof(q->header));
	reply_add(reply, body, sizeof(*body));
	reply_add(reply, &size, sizeof(size));
	reply_add(reply, &q->signature, sizeof(q->signature));
	reply_add(reply, &q->qe, sizeof(q->qe));
	reply_add(reply, &auth_size, sizeof(auth_size));
	reply_add(reply, q->auth, sizeof(q->auth));
	reply_add(reply, &cert, sizeof(cert));
	reply_add(reply, chain, chain_size);
}

/* The keys first: what the caller shall keep stands in front of the quote. */
static int quote_keys(struct quote *q, const struct quoting_order *order, const uint8_t *tail, struct reply *reply)
{
	const uint32_t sealed_size = SEALED_BYTES;
	uint8_t sealed[SEALED_BYTES] = { 0 };
	bool present = order->sealed_size == sizeof(sealed);
	struct fail ignored;
	int error;

	if (present)
		memcpy(sealed, tail, sizeof(sealed));
	error = sealed_key(sealed, present, &q->key);
	if (!error)
		error = derive_pck(&q->pck);
	if (error)
		return error;
	reply_add(reply, &sealed_size, sizeof(sealed_size));
	reply_add(reply, sealed, sizeof(sealed));
	return ec_point(q->key, q->signature.key, &ignored) ? -EIO : 0;
}

/* Only what the kernel says was made on this machine, for this enclave, is quoted (check_report: EBADMSG). */
int quote_make(const struct quoting_order *order, const uint8_t *tail, struct reply *reply)
{
	struct quote q = { 0 };
	struct sgx_report_body body;
	int error = device_write("check_report", order->report, sizeof(order->report));

	memcpy(&body, order->report, sizeof(body));
	if (!error)
		error = quote_keys(&q, order, tail, reply);
	if (!error)
		error = quote_qe_body(&q);
	if (!error)
		error = quote_header(&q);
	if (!error)
		error = quote_sign(&q, &body);
	if (!error)
		quote_write(&q, &body, tail + order->sealed_size, order->chain_size, reply);
	EVP_PKEY_free(q.key);
	EVP_PKEY_free(q.pck);
	return error ? error : reply->full ? -E2BIG : 0;
}
