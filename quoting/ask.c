/* The request for a PCK certificate: all that is in it comes from the processor, and the PCK key signs it. */
#include "platform/request.h"
#include "quoting/enclave.h"

#include <errno.h>
#include <string.h>

/* The family of software platforms, as the FMSPC of a processor is one of its models. */
static const uint8_t ask_fmspc[6] = { 0xad, 0x59, 0x00, 0x00, 0x00, 0x01 };

static int ask_fill(struct request *r)
{
	static const uint8_t none[64];
	struct sgx_report_body body;
	int error = device_read("keys/_adyton_ppid", r->ppid, sizeof(r->ppid));

	if (!error)
		error = device_self(none, &body);
	if (!error)
		error = derive_platform_id(r->ppid, r->platform_instance_id);
	if (error)
		return error;
	memcpy(r->cpu_svn, body.cpusvn, sizeof(r->cpu_svn));
	memcpy(r->fmspc, ask_fmspc, sizeof(r->fmspc));
	memcpy(r->qe.mrenclave, body.mrenclave, 32);
	memcpy(r->qe.mrsigner, body.mrsigner, 32);
	memcpy(r->qe.attributes, &body.attributes, 16);
	memcpy(r->qe.misc_select, &body.misc_select, 4);
	r->qe.isv_prod_id = body.isv_prod_id;
	r->qe.isv_svn = r->pce_svn = body.isv_svn;
	return 0;
}

static int ask_sign(struct request *r, EVP_PKEY *pck)
{
	char text[REQUEST_TEXT_MAX];
	struct fail ignored;
	long n;

	if (ec_point(pck, r->pck_public_key, &ignored))
		return -EIO;
	n = request_signed_text(r, text, sizeof(text));
	return n < 0 || ec_sign(pck, text, (size_t)n, r->signature, &ignored) ? -EIO : 0;
}

int ask_make(struct reply *reply)
{
	struct request r = { 0 };
	char text[REQUEST_TEXT_MAX];
	EVP_PKEY *pck = NULL;
	int error = derive_pck(&pck);
	long n;

	if (!error)
		error = ask_fill(&r);
	if (!error)
		error = ask_sign(&r, pck);
	EVP_PKEY_free(pck);
	if (error)
		return error;
	n = request_text(&r, text, sizeof(text));
	if (n < 0)
		return -EIO;
	reply_add(reply, text, (size_t)n);
	reply_add(reply, "\n", 1);
	return 0;
}
