/* The verdict as one JSON object: the contract of adyton-verify(1). */
#include "attest/claims.h"
#include "attest/internal.h"
#include "base/errno.h"
#include "base/json_write.h"

static void put_string_or_null(struct json_writer *w, const char *name, const char *s)
{
	if (s && *s)
		json_put_string(w, name, s);
	else
		json_put_null(w, name);
}

/* "2026-05-01" */
static void put_day(struct json_writer *w, const char *name, bool known, int64_t at)
{
	char day[32];

	if (known)
		json_put_bytes(w, name, attest_moment_text(at, day), 10);
	else
		json_put_null(w, name);
}

/* A bit field as the evidence has it: its bytes, lowest first. */
static void put_bits(struct json_writer *w, const char *name, uint64_t bits)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(bits >> 8 * i);
	json_put_hex(w, name, bytes, sizeof(bytes));
}

#define HEX(from, field) json_put_hex(w, #field, (from)->field, sizeof((from)->field))
#define NUMBER(from, field) json_put_u64(w, #field, (from)->field)

static void put_sgx(struct json_writer *w, const struct attest_sgx *s)
{
	HEX(s, mrenclave);
	HEX(s, mrsigner);
	NUMBER(s, isv_prod_id);
	NUMBER(s, isv_svn);
	HEX(s, report_data);
	put_bits(w, "attributes", s->attributes);
	put_bits(w, "xfrm", s->xfrm);
	NUMBER(s, misc_select);
	HEX(s, cpu_svn);
	HEX(s, isv_ext_prod_id);
	HEX(s, isv_family_id);
	HEX(s, config_id);
	NUMBER(s, config_svn);
}

static void put_tdx(struct json_writer *w, const struct attest_tdx *t)
{
	HEX(t, mrtd);
	json_put_hex(w, "rtmr0", t->rtmr[0], sizeof(t->rtmr[0]));
	json_put_hex(w, "rtmr1", t->rtmr[1], sizeof(t->rtmr[1]));
	json_put_hex(w, "rtmr2", t->rtmr[2], sizeof(t->rtmr[2]));
	json_put_hex(w, "rtmr3", t->rtmr[3], sizeof(t->rtmr[3]));
	HEX(t, report_data);
	HEX(t, mrconfigid);
	HEX(t, mrowner);
	HEX(t, mrownerconfig);
	HEX(t, mrseam);
	HEX(t, mrsignerseam);
	put_bits(w, "seam_attributes", t->seam_attributes);
	put_bits(w, "td_attributes", t->td_attributes);
	put_bits(w, "xfam", t->xfam);
	json_put_bool(w, "sept_ve_disable", t->td_attributes & TDX_SEPT_VE_DISABLE);
	HEX(t, tee_tcb_svn);
	if (!t->is_1_5)
		return;
	HEX(t, tee_tcb_svn_2);
	HEX(t, mrservicetd);
}

static void put_snp_tcb(struct json_writer *w, const char *name, const struct attest_snp *s,
			const struct attest_snp_tcb *t)
{
	json_object(w, name);
	if (s->product == ATTEST_TURIN)
		NUMBER(t, fmc);
	NUMBER(t, bootloader);
	NUMBER(t, tee);
	NUMBER(t, snp);
	NUMBER(t, microcode);
	json_close(w);
}

static void put_snp(struct json_writer *w, const struct attest_snp *s)
{
	static const char *const products[] = { NULL, "Milan", "Genoa", "Turin" };

	put_string_or_null(w, "product", products[s->product]);
	NUMBER(s, version);
	HEX(s, measurement);
	HEX(s, report_data);
	HEX(s, host_data);
	HEX(s, chip_id);
	NUMBER(s, vmpl);
	NUMBER(s, policy);
	NUMBER(s, guest_svn);
	HEX(s, family_id);
	HEX(s, image_id);
	HEX(s, id_key_digest);
	HEX(s, author_key_digest);
	HEX(s, report_id);
	HEX(s, report_id_ma);
	NUMBER(s, platform_info);
	put_snp_tcb(w, "reported_tcb", s, &s->reported);
	put_snp_tcb(w, "current_tcb", s, &s->current);
	put_snp_tcb(w, "committed_tcb", s, &s->committed);
	put_snp_tcb(w, "launch_tcb", s, &s->launch);
	json_put_string(w, "signing_key", s->vlek ? "VLEK" : "VCEK");
	json_put_bool(w, "crl_checked", s->crl_checked);
	if (s->version >= 3) {
		NUMBER(s, cpuid_family);
		NUMBER(s, cpuid_model);
		NUMBER(s, cpuid_stepping);
	}
	if (s->version >= 5) {
		put_bits(w, "launch_mit_vector", s->launch_mit_vector);
		put_bits(w, "current_mit_vector", s->current_mit_vector);
	}
}

static void put_platform(struct json_writer *w, const struct attest_platform *p)
{
	if (!p->known)
		return;
	HEX(p, fmspc);
	HEX(p, pce_id);
	NUMBER(p, pce_svn);
	HEX(p, components);
	HEX(p, ppid);
	HEX(p, platform_instance_id);
	NUMBER(p, sgx_type);
}

static void put_claims(struct json_writer *w, const char *name, enum attest_tee tee, const struct attest_claims *c)
{
	json_object(w, name);
	if (tee == ATTEST_SGX)
		put_sgx(w, &c->sgx);
	if (tee == ATTEST_TDX)
		put_tdx(w, &c->tdx);
	if (tee == ATTEST_SNP)
		put_snp(w, &c->snp);
	if (tee != ATTEST_TEE_NONE)
		json_put_bool(w, "debug", claims_debug(tee, c));
	put_platform(w, &c->platform);
	if (c->certificate)
		HEX(c, public_key_sha256);
	json_close(w);
}

static void put_refusal(struct json_writer *w, const struct attest_verdict *v)
{
	if (v->refusal.reason == ATTEST_OK) {
		json_put_null(w, "refusal");
		return;
	}
	json_object(w, "refusal");
	json_put_string(w, "step", attest_reason_step(v->refusal.reason));
	json_put_string(w, "reason", attest_reason_token(v->refusal.reason));
	json_put_string(w, "expected", v->refusal.expected);
	json_put_string(w, "found", v->refusal.found);
	json_close(w);
}

static void put_machine(struct json_writer *w, const struct attest_verdict *v)
{
	if (v->machine_tee == ATTEST_TEE_NONE)
		return;
	json_object(w, "machine");
	json_put_string(w, "tee", attest_tee_name(v->machine_tee));
	put_string_or_null(w, "format", attest_format_name(v->machine_format));
	put_string_or_null(w, "status", v->genuine ? attest_status_name(v->machine_status) : NULL);
	put_day(w, "tcb_date", v->genuine && v->machine_tcb_date >= 0, v->machine_tcb_date);
	json_array(w, "advisories");
	for (uint32_t i = 0; v->genuine && i < v->machine_advisory_count; i++)
		json_put_string(w, NULL, v->machine_advisories[i]);
	json_close(w);
	put_string_or_null(w, "root", v->genuine ? v->machine_root : NULL);
	put_claims(w, "claims", v->machine_tee, &v->machine);
	json_close(w);
}

/* Of evidence that is not genuine nothing is said but what it claims of itself. */
static void put_standing(struct json_writer *w, const struct attest_verdict *v)
{
	bool intel = v->genuine && v->tee != ATTEST_SNP;

	put_string_or_null(w, "status", v->genuine ? attest_status_name(v->status) : NULL);
	put_day(w, "tcb_date", v->genuine && v->tcb_date >= 0, v->tcb_date);
	put_string_or_null(w, "qe_status", v->genuine ? attest_status_name(v->qe_status) : NULL);
	json_array(w, "advisories");
	for (uint32_t i = 0; v->genuine && i < v->advisory_count; i++)
		json_put_string(w, NULL, v->advisories[i]);
	json_close(w);
	if (intel)
		json_put_u64(w, "tcb_evaluation_number", v->tcb_evaluation_number);
	else
		json_put_null(w, "tcb_evaluation_number");
}

long attest_verdict_json(const struct attest_verdict *v, char *buffer, size_t size)
{
	struct json_writer w;
	long n;

	json_write_init(&w, buffer, size, true);
	json_object(&w, NULL);
	json_put_bool(&w, "genuine", v->genuine);
	json_put_bool(&w, "accepted", v->accepted);
	put_string_or_null(&w, "assurance", v->genuine ? attest_assurance_name(v->assurance) : NULL);
	put_string_or_null(&w, "tee", attest_tee_name(v->tee));
	put_string_or_null(&w, "format", attest_format_name(v->format));
	put_standing(&w, v);
	put_string_or_null(&w, "root", v->genuine ? v->root : NULL);
	put_claims(&w, "claims", v->tee, &v->claims);
	put_machine(&w, v);
	put_refusal(&w, v);
	json_close(&w);
	n = json_write_end(&w);
	return n < 0 ? -ERANGE : n;
}
