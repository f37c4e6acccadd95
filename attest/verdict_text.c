/* The verdict as one screen for people: is it genuine, what runs, how old is the firmware, and why not. */
#include "attest/claims.h"
#include "attest/internal.h"
#include "base/errno.h"
#include "base/text.h"

static void line(struct text *t, const char *name)
{
	size_t n = strlen(name);

	text_put(t, name);
	text_put_bytes(t, "                ", n < 16 ? 16 - n : 1);
}

static void line_text(struct text *t, const char *name, const char *value)
{
	line(t, name);
	text_put(t, value);
	text_put(t, "\n");
}

static void line_hex(struct text *t, const char *name, const uint8_t *bytes, size_t size)
{
	line(t, name);
	text_put_hex(t, bytes, size);
	text_put(t, "\n");
}

static void line_number(struct text *t, const char *name, uint64_t number)
{
	line(t, name);
	text_put_u64(t, number);
	text_put(t, "\n");
}

static void line_day(struct text *t, const char *name, int64_t at)
{
	char day[32];

	line(t, name);
	text_put_bytes(t, attest_moment_text(at, day), 10);
	text_put(t, "\n");
}

static void text_sgx(struct text *t, const struct attest_sgx *s)
{
	line_hex(t, "MRENCLAVE", s->mrenclave, sizeof(s->mrenclave));
	line_hex(t, "MRSIGNER", s->mrsigner, sizeof(s->mrsigner));
	line(t, "product");
	text_put_u64(t, s->isv_prod_id);
	text_put(t, ", security version ");
	text_put_u64(t, s->isv_svn);
	text_put(t, "\n");
	line_hex(t, "report data", s->report_data, sizeof(s->report_data));
}

static void text_tdx(struct text *t, const struct attest_tdx *td)
{
	static const char *const names[] = { "RTMR0", "RTMR1", "RTMR2", "RTMR3" };

	line_hex(t, "MRTD", td->mrtd, sizeof(td->mrtd));
	for (size_t i = 0; i < 4; i++)
		line_hex(t, names[i], td->rtmr[i], sizeof(td->rtmr[i]));
	line_hex(t, "report data", td->report_data, sizeof(td->report_data));
	line_text(t, "SEPT_VE_DISABLE", td->td_attributes & TDX_SEPT_VE_DISABLE ? "yes" : "no");
}

static void text_snp_tcb(struct text *t, const char *name, const struct attest_snp *s, const struct attest_snp_tcb *tcb)
{
	line(t, name);
	if (s->product == ATTEST_TURIN) {
		text_put(t, "fmc ");
		text_put_u64(t, tcb->fmc);
		text_put(t, ", ");
	}
	text_put(t, "bootloader ");
	text_put_u64(t, tcb->bootloader);
	text_put(t, ", tee ");
	text_put_u64(t, tcb->tee);
	text_put(t, ", snp ");
	text_put_u64(t, tcb->snp);
	text_put(t, ", microcode ");
	text_put_u64(t, tcb->microcode);
	text_put(t, "\n");
}

static void text_snp(struct text *t, const struct attest_snp *s, bool genuine)
{
	line_hex(t, "measurement", s->measurement, sizeof(s->measurement));
	line_hex(t, "report data", s->report_data, sizeof(s->report_data));
	line_hex(t, "host data", s->host_data, sizeof(s->host_data));
	line_number(t, "VMPL", s->vmpl);
	text_snp_tcb(t, "reported TCB", s, &s->reported);
	text_snp_tcb(t, "current TCB", s, &s->current);
	if (genuine)
		line_text(t, "revocation",
			  s->crl_checked ? "checked" : "not checked: the collateral has no list of the ARK");
}

/* How a TCB stands: the evidence's own, or that of the machine below. */
struct text_standing {
	enum attest_status status;
	int64_t tcb_date, fix_date;
	uint32_t advisory_count;
	const char (*advisories)[ATTEST_ADVISORY_SIZE];
	uint32_t evaluation_number;
};

static void text_firmware(struct text *t, enum attest_tee tee, const struct text_standing *s)
{
	if (tee == ATTEST_SNP)
		return;
	if (s->status != ATTEST_STATUS_NONE)
		line_text(t, "TCB status", attest_status_name(s->status));
	if (s->tcb_date >= 0)
		line_day(t, "TCB of", s->tcb_date);
	if (s->fix_date >= 0)
		line_day(t, "better since", s->fix_date);
	for (uint32_t i = 0; i < s->advisory_count; i++)
		line_text(t, i ? "" : "advisories", s->advisories[i]);
	line_number(t, "evaluation", s->evaluation_number);
}

static void text_claims(struct text *t, enum attest_tee tee, const struct attest_claims *c, bool genuine)
{
	if (tee == ATTEST_SGX)
		text_sgx(t, &c->sgx);
	if (tee == ATTEST_TDX)
		text_tdx(t, &c->tdx);
	if (tee == ATTEST_SNP)
		text_snp(t, &c->snp, genuine);
	if (claims_debug(tee, c))
		line_text(t, "DEBUG", "yes: the host can read its memory");
	if (c->platform.known)
		line_hex(t, "FMSPC", c->platform.fmspc, sizeof(c->platform.fmspc));
	if (c->certificate)
		line_hex(t, "key (SHA-256)", c->public_key_sha256, sizeof(c->public_key_sha256));
}

/* The layer below, with the root that holds it. */
static void text_machine(struct text *t, const struct attest_verdict *v)
{
	const struct text_standing standing = { v->machine_status, v->machine_tcb_date, v->machine_fix_date,
						v->machine_advisory_count, v->machine_advisories,
						v->machine_evaluation_number };

	if (v->machine_tee == ATTEST_TEE_NONE)
		return;
	text_put(t, "\n");
	line_text(t, "machine below", attest_format_name(v->machine_format));
	if (v->genuine) {
		line_text(t, "root", v->machine_root);
		text_firmware(t, v->machine_tee, &standing);
	}
	text_claims(t, v->machine_tee, &v->machine, v->genuine);
}

static void text_refusal(struct text *t, const struct attest_refusal *why)
{
	if (why->reason == ATTEST_OK)
		return;
	text_put(t, "\n");
	line(t, "refused");
	text_put(t, attest_reason_step(why->reason));
	text_put(t, ": ");
	text_put(t, attest_reason_sentence(why->reason));
	text_put(t, " (");
	text_put(t, attest_reason_token(why->reason));
	text_put(t, ")\n");
	if (why->expected[0])
		line_text(t, "  expected", why->expected);
	if (why->found[0])
		line_text(t, "  found", why->found);
}

long attest_verdict_text(const struct attest_verdict *v, char *buffer, size_t size)
{
	const char *format = attest_format_name(v->format), *assurance = attest_assurance_name(v->assurance);
	const struct text_standing standing = { v->status, v->tcb_date, v->fix_date, v->advisory_count, v->advisories,
						v->tcb_evaluation_number };
	char until[32];
	struct text t;

	text_init(&t, buffer, size);
	line_text(&t, "genuine", v->genuine ? "yes" : "NO");
	line_text(&t, "accepted", v->accepted ? "yes" : "NO");
	if (format)
		line_text(&t, "evidence", format);
	if (v->genuine) {
		line(&t, "root");
		text_put(&t, v->root);
		text_put(&t, " (");
		text_put(&t, assurance ? assurance : "unknown");
		text_put(&t, ")\n");
		text_firmware(&t, v->tee, &standing);
		if (v->collateral_until < INT64_MAX)
			line_text(&t, "documents until", attest_moment_text(v->collateral_until, until));
	}
	text_claims(&t, v->tee, &v->claims, v->genuine);
	text_machine(&t, v);
	text_refusal(&t, &v->refusal);
	return t.used < size ? (long)t.used : -ERANGE;
}
