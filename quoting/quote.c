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
	const uint8_t *auth;
	uint16_t auth_size;
	uint8_t random[QUOTE_AUTH_BYTES];
};

/* This enclave's own report over the attestation key and the authentication data. */
static int quote_qe_report(struct quote *q)
{
	struct sha256 state;
	uint8_t data[64] = { 0 };

	sha256_init(&state);
	sha256_update(&state, q->signature.key, sizeof(q->signature.key));
	sha256_update(&state, q->auth, q->auth_size);
	sha256_final(&state, data);
	return device_self(data, &q->qe.body);
}

/* The kernel refuses one prefix of report data: in one case of 2^24 other random bytes are needed. */
static int quote_qe_random(struct quote *q)
{
	int error = -EACCES;

	q->auth = q->random;
	q->auth_size = sizeof(q->random);
	for (int i = 0; error == -EACCES && i < 4; i++) {
		if (getrandom(q->random, sizeof(q->random), 0) != sizeof(q->random))
			return -EIO;
		error = quote_qe_report(q);
	}
	return error;
}

/*
 * What is signed here must be what abi/evidence.h describes, but not that it is true: the machine signed it, and
 * whoever verifies the quote compares the keys.
 */
static int quote_qe_machine(struct quote *q, const uint8_t *machine, uint32_t size)
{
	struct machine_head head;

	if (size < sizeof(head))
		return -EINVAL;
	if (size > UINT16_MAX)
		return -E2BIG;
	memcpy(&head, machine, sizeof(head));
	if (memcmp(head.magic, MACHINE_MAGIC, sizeof(head.magic)) || head.format < MACHINE_TDX_QUOTE ||
	    head.format > MACHINE_SNP_REPORT)
		return -EINVAL;
	q->auth = machine;
	q->auth_size = (uint16_t)size;
	return quote_qe_report(q);
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
	const struct quote_certification cert = { .type = QUOTE_CERT_PCK_CHAIN, .size = chain_size };
	uint32_t size = (uint32_t)(sizeof(q->signature) + sizeof(q->qe) + sizeof(q->auth_size) + q->auth_size +
				   sizeof(cert)) +
			chain_size;

	reply_add(reply, &q->header, sizeof(q->header));
	reply_add(reply, body, sizeof(*body));
	reply_add(reply, &size, sizeof(size));
	reply_add(reply, &q->signature, sizeof(q->signature));
	reply_add(reply, &q->qe, sizeof(q->qe));
	reply_add(reply, &q->auth_size, sizeof(q->auth_size));
	reply_add(reply, q->auth, q->auth_size);
	reply_add(reply, &cert, sizeof(cert));
	reply_add(reply, chain, chain_size);
}

/* The attestation key first: what the caller shall keep stands in front of the answer. */
static int quote_open_key(struct quote *q, const uint8_t *kept, uint32_t kept_size, struct reply *reply)
{
	const uint32_t sealed_size = SEALED_BYTES;
	uint8_t sealed[SEALED_BYTES] = { 0 };
	bool present = kept_size == sizeof(sealed);
	struct fail ignored;
	int error;

	if (present)
		memcpy(sealed, kept, sizeof(sealed));
	error = sealed_key(sealed, present, &q->key);
	if (error)
		return error;
	reply_add(reply, &sealed_size, sizeof(sealed_size));
	reply_add(reply, sealed, sizeof(sealed));
	return ec_point(q->key, q->signature.key, &ignored) ? -EIO : 0;
}

int quote_key(const uint8_t *sealed, uint32_t sealed_size, struct reply *reply)
{
	struct quote q = { 0 };
	int error = quote_open_key(&q, sealed, sealed_size, reply);

	if (!error)
		reply_add(reply, q.signature.key, sizeof(q.signature.key));
	EVP_PKEY_free(q.key);
	return error;
}

/* Only what the kernel says was made on this machine, for this enclave, is quoted (check_report: EBADMSG). */
int quote_make(const struct quoting_order *order, const uint8_t *tail, struct reply *reply)
{
	const uint8_t *chain = tail + order->sealed_size;
	struct quote q = { 0 };
	struct sgx_report_body body;
	int error = device_write("check_report", order->report, sizeof(order->report));

	memcpy(&body, order->report, sizeof(body));
	if (!error)
		error = quote_open_key(&q, tail, order->sealed_size, reply);
	if (!error)
		error = derive_pck(&q.pck);
	if (!error)
		error = order->machine_size ? quote_qe_machine(&q, chain + order->chain_size, order->machine_size) :
					      quote_qe_random(&q);
	if (!error)
		error = quote_header(&q);
	if (!error)
		error = quote_sign(&q, &body);
	if (!error)
		quote_write(&q, &body, chain, order->chain_size, reply);
	EVP_PKEY_free(q.key);
	EVP_PKEY_free(q.pck);
	return error ? error : reply->full ? -E2BIG : 0;
}
