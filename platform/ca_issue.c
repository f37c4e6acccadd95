#include "image/cleanup.h"
#include "platform/ca.h"
#include "platform/ec.h"
#include "platform/member.h"

#include <stdio.h>
#include <string.h>

#define ISSUE_YEARS 7

static int issue_check_signature(const struct request *r, EVP_PKEY **key, struct fail *f)
{
	char text[REQUEST_TEXT_MAX];
	long n = request_signed_text(r, text, sizeof(text));

	*key = ec_from_point(r->pck_public_key);
	if (!*key)
		return fail(f, "request: its PCK public key is no point of P-256");
	if (n > 0 && ec_verify(*key, text, (size_t)n, r->signature))
		return 0;
	EVP_PKEY_free(*key);
	*key = NULL;
	return fail(f, "request: its signature does not hold, so nobody proved to have the PCK key");
}

/* A key that was revoked once is not certified again. */
static int issue_check_history(const struct ca *ca, const struct request *r, struct fail *f)
{
	const struct state *s = ca->s;

	for (uint32_t i = 0; i < s->issued_count; i++) {
		if (memcmp(s->issues[i].public_key, r->pck_public_key, sizeof(r->pck_public_key)))
			continue;
		for (uint32_t k = 0; k < s->revoked_count; k++)
			if (strcmp(s->revoked[k].entry.serial, s->issues[i].serial) == 0)
				return fail(f, "request: certificate %s of this PCK key was revoked; "
					    "the platform needs a new key", s->issues[i].serial);
	}
	return s->issued_count < STATE_ENTRIES_MAX ? 0 : fail(f, "CA %s: it has issued its %d certificates", ca->dir,
							      STATE_ENTRIES_MAX);
}

/* One that is known by its signer must be the same product; the levels of a known one stay what they are. */
static int issue_known_enclave(const struct tcb_qe *qe, const struct request *r, struct fail *f)
{
	return qe->isv_prod_id == r->qe.isv_prod_id ? 0 :
	       fail(f, "request: expected quoting enclave product %u of its signer, found %u", qe->isv_prod_id,
		    r->qe.isv_prod_id);
}

static int issue_quoting_enclave(struct ca *ca, const struct request *r, int64_t at, struct fail *f)
{
	struct tcb_level level = { .svn = r->qe.isv_svn, .date = at / STAMP_DAY * STAMP_DAY,
				   .status = tcb_status("UpToDate", 8) };
	struct tcb_qe *qe;

	for (uint32_t i = 0; i < ca->s->qe_count; i++)
		if (memcmp(ca->s->qes[i].mrsigner, r->qe.mrsigner, sizeof(r->qe.mrsigner)) == 0)
			return issue_known_enclave(&ca->s->qes[i], r, f);
	if (ca->s->qe_count == STATE_QES_MAX)
		return fail(f, "CA %s: it knows its %d quoting enclaves", ca->dir, STATE_QES_MAX);
	qe = &ca->s->qes[ca->s->qe_count++];
	memcpy(qe->mrsigner, r->qe.mrsigner, sizeof(qe->mrsigner));
	memcpy(qe->attributes, r->qe.attributes, sizeof(qe->attributes));
	memcpy(qe->misc_select, r->qe.misc_select, sizeof(qe->misc_select));
	/* As Intel: every flag counts except MODE64BIT, and XFRM is the processor's business. */
	memset(qe->attributes_mask, 0xff, 8);
	qe->attributes_mask[0] = 0xfb;
	qe->attributes[0] &= 0xfb;
	memset(qe->attributes + 8, 0, 8);
	memset(qe->misc_select_mask, 0xff, sizeof(qe->misc_select_mask));
	qe->isv_prod_id = r->qe.isv_prod_id;
	return tcb_level_put(&qe->levels, &level, f);
}

static int issue_family(struct ca *ca, const struct request *r, int64_t at, struct fail *f)
{
	struct tcb_level level = { .svn = r->pce_svn, .date = at / STAMP_DAY * STAMP_DAY,
				   .status = tcb_status("UpToDate", 8) };
	struct state_family *family;

	for (uint32_t i = 0; i < ca->s->family_count; i++) {
		if (memcmp(ca->s->families[i].fmspc, r->fmspc, sizeof(r->fmspc)))
			continue;
		if (memcmp(ca->s->families[i].pce_id, r->pce_id, sizeof(r->pce_id)))
			return fail(f, "request: its PCE id is another than that of the family with its FMSPC");
		return 0;
	}
	if (ca->s->family_count == STATE_FAMILIES_MAX)
		return fail(f, "CA %s: it knows its %d platform families", ca->dir, STATE_FAMILIES_MAX);
	family = &ca->s->families[ca->s->family_count++];
	memcpy(family->fmspc, r->fmspc, sizeof(r->fmspc));
	memcpy(family->pce_id, r->pce_id, sizeof(r->pce_id));
	memcpy(level.components, r->cpu_svn, sizeof(level.components));
	return tcb_level_put(&family->levels, &level, f);
}

static int issue_certificate(struct ca *ca, struct ca_issue *i, EVP_PKEY *key, struct fail *f)
{
	const struct request *r = i->request;
	char organization[2 * STATE_NAME_MAX + 64];
	struct sgx_extension extension = { .pce_svn = r->pce_svn, .sgx_type = 1, .has_platform = true,
					   .dynamic_platform = true, .cached_keys = true, .smt_enabled = true };
	int64_t until = i->at + ISSUE_YEARS * 365LL * STAMP_DAY, end = certificate_until(ca->pck.certificate);
	struct certificate_order order = { .kind = CERTIFICATE_PCK, .organization = organization, .key = key,
					   .issuer = ca->pck.certificate, .issuer_key = ca->pck.key, .from = i->at,
					   .until = until < end ? until : end, .extension = &extension };

	member_organization(ca->s->name, organization, sizeof(organization));
	memcpy(extension.ppid, r->ppid, sizeof(r->ppid));
	memcpy(extension.components, r->cpu_svn, sizeof(r->cpu_svn));
	memcpy(extension.cpu_svn, r->cpu_svn, sizeof(r->cpu_svn));
	memcpy(extension.pce_id, r->pce_id, sizeof(r->pce_id));
	memcpy(extension.fmspc, r->fmspc, sizeof(r->fmspc));
	memcpy(extension.platform_instance_id, r->platform_instance_id, sizeof(r->platform_instance_id));
	return certificate_make(&i->pck, &order, f);
}

static void issue_remember(struct ca *ca, const struct ca_issue *i)
{
	struct state_issued *e = &ca->s->issues[ca->s->issued_count++];
	const struct request *r = i->request;

	certificate_serial(i->pck, e->serial);
	e->at = i->at;
	memcpy(e->public_key, r->pck_public_key, sizeof(e->public_key));
	memcpy(e->ppid, r->ppid, sizeof(e->ppid));
	memcpy(e->platform_instance_id, r->platform_instance_id, sizeof(e->platform_instance_id));
	memcpy(e->fmspc, r->fmspc, sizeof(e->fmspc));
	memcpy(e->qe_mrsigner, r->qe.mrsigner, sizeof(e->qe_mrsigner));
}

int ca_issue(struct ca *ca, struct ca_issue *i, struct fail *f)
{
	EVP_PKEY *key;
	int err;

	i->pck = NULL;
	if (issue_check_history(ca, i->request, f) || issue_check_signature(i->request, &key, f))
		return -1;
	err = issue_quoting_enclave(ca, i->request, i->at, f) || issue_family(ca, i->request, i->at, f) ||
	      issue_certificate(ca, i, key, f);
	EVP_PKEY_free(key);
	if (err)
		return -1;
	issue_remember(ca, i);
	return ca_commit(ca, i->at, f);
}
