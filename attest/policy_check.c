/*
 * A genuine verdict against a policy. Each block runs through one table of checks, in the order of reason.def; any
 * block that passes accepts, and otherwise the block that came furthest gives the refusal. Of evidence in two layers,
 * what is about TDX or SNP is about the machine below. Long: one small function a reason.
 */
#include "attest/claims.h"
#include "attest/policy.h"

#include <stdlib.h>
#include <string.h>

struct check {
	const struct policy_block *block;
	const struct attest_verdict *v;
	int64_t now;
	struct attest_refusal *why;
};

/* What a TD or a SNP guest says, be it the evidence itself or the machine below; NULL: neither is one. */
static const struct attest_tdx *check_tdx(const struct check *c)
{
	const struct attest_verdict *v = c->v;

	return v->tee == ATTEST_TDX ? &v->claims.tdx : v->machine_tee == ATTEST_TDX ? &v->machine.tdx : NULL;
}

static const struct attest_snp *check_snp(const struct check *c)
{
	const struct attest_verdict *v = c->v;

	return v->tee == ATTEST_SNP ? &v->claims.snp : v->machine_tee == ATTEST_SNP ? &v->machine.snp : NULL;
}

static bool list_has(const struct policy_list *list, struct attest_bytes wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (bytes_equal(list->at[i], wanted))
			return true;
	return false;
}

static bool list_has_number(const struct policy_list *list, uint32_t number)
{
	return list_has(list, bytes_of(&number, sizeof(number)));
}

static bool not_in_list(const struct check *c, enum attest_reason reason, size_t count, const char *what,
			struct attest_bytes found)
{
	char expected[ATTEST_TEXT_SIZE], hex[2 * 64 + 1];
	struct text t;

	text_init(&t, expected, sizeof(expected));
	text_put(&t, "one of the ");
	text_put_u64(&t, count);
	text_put(&t, " ");
	text_put(&t, what);
	text_put(&t, " that accept \"");
	text_put(&t, c->block->name);
	text_put(&t, "\" names");
	hex_encode(found.at, found.size < 64 ? found.size : 64, hex);
	return refuse(c->why, reason, expected, "%s", found.size ? hex : "none");
}

static bool lacks(const struct check *c, enum attest_reason reason, const char *expected)
{
	const char *tee = attest_tee_name(c->v->tee);

	return refuse(c->why, reason, expected, "evidence of %s, which says nothing of it", tee ? tee : "nothing");
}

static bool check_report_data(const struct check *c)
{
	const struct attest_claims *claims = &c->v->claims;
	const uint8_t *found = c->v->tee == ATTEST_SGX ? claims->sgx.report_data :
			       c->v->tee == ATTEST_TDX ? claims->tdx.report_data : claims->snp.report_data;

	return !c->block->report_data_given || memcmp(c->block->report_data, found, 64) == 0 ||
	       not_in_list(c, ATTEST_R_report_data_mismatch, 1, "report data", bytes_of(found, 64));
}

static bool check_debug(const struct check *c)
{
	const struct attest_verdict *v = c->v;
	bool above = claims_debug(v->tee, &v->claims);

	if (c->block->debug || (!above && !claims_debug(v->machine_tee, &v->machine)))
		return true;
	return refuse(c->why, ATTEST_R_policy_debug, "DEBUG off", "DEBUG on%s: its memory can be read by the host",
		      above ? "" : " in the machine below");
}

static bool status_is_in(uint32_t statuses, enum attest_status status)
{
	return status == ATTEST_STATUS_NONE || statuses >> status & 1;
}

static bool check_status(const struct check *c)
{
	enum attest_status status = c->v->status;
	bool below = status_is_in(c->block->statuses, status);
	char expected[ATTEST_TEXT_SIZE];
	struct text t;

	if (below)
		status = c->v->machine_status;
	if (status_is_in(c->block->statuses, status))
		return true;
	text_init(&t, expected, sizeof(expected));
	for (int s = ATTEST_UpToDate; s <= ATTEST_NotSupported; s++) {
		if (!status_is_in(c->block->statuses, (enum attest_status)s))
			continue;
		text_put(&t, t.used ? " or " : "");
		text_put(&t, attest_status_name((enum attest_status)s));
	}
	return refuse(c->why, ATTEST_R_policy_status, expected, "%s%s", attest_status_name(status),
		      below ? " of the machine below" : "");
}

static bool check_root_in(const struct check *c, const struct policy_list *list, const char *root,
			  const uint8_t sha256[32], const char *expected)
{
	char hex[65];

	hex_encode(sha256, 32, hex);
	if (!list->given || list_has(list, bytes_of(root, strlen(root))) || list_has(list, bytes_of(hex, 64)))
		return true;
	return refuse(c->why, ATTEST_R_policy_root, expected, "%s (key %s)", *root ? root : "none", hex);
}

static bool check_root(const struct check *c)
{
	const struct policy_block *b = c->block;
	const struct attest_verdict *v = c->v;

	return check_root_in(c, &b->roots, v->root, v->root_sha256, "a root that the policy names") &&
	       check_root_in(c, &b->machine_roots, v->machine_root, v->machine_root_sha256,
			     "a root of the machine below that the policy names");
}

static bool check_assurance(const struct check *c)
{
	const char *found = attest_assurance_name(c->v->assurance);

	return c->v->assurance >= c->block->assurance ||
	       refuse(c->why, ATTEST_R_policy_assurance, attest_assurance_name(c->block->assurance), "%s",
		      found ? found : "none");
}

static bool check_tee(const struct check *c)
{
	return !c->block->tees || c->block->tees >> c->v->tee & 1 ||
	       refuse(c->why, ATTEST_R_policy_tee, "another technology", "%s", attest_tee_name(c->v->tee));
}

/* Something must say what may run: its measurement, or who signed it, which product it is and how old it may be. */
static bool block_names_a_program(const struct check *c)
{
	const struct policy_block *b = c->block;

	return b->any_measurement || b->measurements.count ||
	       (b->signers.count && b->products.count && b->min_version.given) ||
	       (c->v->tee == ATTEST_SNP && (b->id_keys.count || b->author_keys.count));
}

/* Who counts on the machine below must say which: anybody can rent one. */
static bool check_machine(const struct check *c)
{
	const struct policy_list *list = &c->block->machine_measurements;
	bool counts = c->block->assurance == ATTEST_SOFTWARE_ON_HARDWARE &&
		      c->v->assurance == ATTEST_SOFTWARE_ON_HARDWARE;
	struct attest_bytes found = claims_measurement(c->v->machine_tee, &c->v->machine);

	if (counts && !list->count)
		return refuse(c->why, ATTEST_R_policy_measurement, "machine_measurements in the policy", "none");
	return !list->given || list_has(list, found) ||
	       not_in_list(c, ATTEST_R_policy_measurement, list->count, "measurements of the machine below", found);
}

static bool check_measurement(const struct check *c)
{
	const struct policy_block *b = c->block;
	const struct attest_tdx *td = check_tdx(c);
	struct attest_bytes found = claims_measurement(c->v->tee, &c->v->claims);

	if (!block_names_a_program(c))
		return refuse(c->why, ATTEST_R_policy_measurement,
			      "measurements, or signers with products and min_version, in the policy", "none");
	if (b->measurements.given && !b->any_measurement && !list_has(&b->measurements, found))
		return not_in_list(c, ATTEST_R_policy_measurement, b->measurements.count, "measurements", found);
	if (b->mrseam.given) {
		if (!td)
			return lacks(c, ATTEST_R_policy_measurement, "MRSEAM");
		found = bytes_of(td->mrseam, sizeof(td->mrseam));
		if (!list_has(&b->mrseam, found))
			return not_in_list(c, ATTEST_R_policy_measurement, b->mrseam.count, "values of MRSEAM", found);
	}
	return check_machine(c);
}

static bool check_signer(const struct check *c)
{
	const struct policy_list *list = &c->block->signers;
	struct attest_bytes found = bytes_of(c->v->claims.sgx.mrsigner, 32);

	if (!list->given)
		return true;
	if (c->v->tee != ATTEST_SGX)
		return lacks(c, ATTEST_R_policy_signer, "MRSIGNER");
	return list_has(list, found) || not_in_list(c, ATTEST_R_policy_signer, list->count, "signers", found);
}

static bool check_product(const struct check *c)
{
	const struct policy_list *list = &c->block->products;

	if (!list->given)
		return true;
	if (c->v->tee != ATTEST_SGX)
		return lacks(c, ATTEST_R_policy_product, "ISVPRODID");
	return list_has_number(list, c->v->claims.sgx.isv_prod_id) ||
	       refuse(c->why, ATTEST_R_policy_product, "a product that the policy names", "product %u",
		      c->v->claims.sgx.isv_prod_id);
}

static bool check_at_least(const struct check *c, enum attest_reason reason, const struct policy_number *want,
			   uint64_t found)
{
	char expected[48];
	struct text t;

	if (!want->given || found >= want->value)
		return true;
	text_init(&t, expected, sizeof(expected));
	text_put(&t, "at least ");
	text_put_u64(&t, want->value);
	return refuse(c->why, reason, expected, "%llu", (unsigned long long)found);
}

static bool check_version(const struct check *c)
{
	if (!c->block->min_version.given)
		return true;
	if (c->v->tee == ATTEST_TDX)
		return lacks(c, ATTEST_R_policy_version, "a security version");
	return check_at_least(c, ATTEST_R_policy_version, &c->block->min_version,
			      c->v->tee == ATTEST_SGX ? c->v->claims.sgx.isv_svn : c->v->claims.snp.guest_svn);
}

static bool check_advisories(const struct check *c, const char (*advisories)[ATTEST_ADVISORY_SIZE], uint32_t count)
{
	const struct policy_list *list = &c->block->advisories;

	if (list_has(list, bytes_of("*", 1)))
		return true;
	for (uint32_t i = 0; i < count; i++)
		if (!list_has(list, bytes_of(advisories[i], strlen(advisories[i]))))
			return refuse(c->why, ATTEST_R_policy_advisory, "only advisories that the policy names", "%s",
				      advisories[i]);
	return true;
}

static bool check_advisory(const struct check *c)
{
	return check_advisories(c, c->v->advisories, c->v->advisory_count) &&
	       check_advisories(c, c->v->machine_advisories, c->v->machine_advisory_count);
}

static bool check_age(const struct check *c, enum attest_reason reason, const struct policy_number *most, int64_t from,
		      const char *what)
{
	char expected[64], day[32];
	struct text t;

	if (!most->given || from < 0 || c->now - from <= (int64_t)most->value)
		return true;
	text_init(&t, expected, sizeof(expected));
	text_put(&t, "at most ");
	text_put_u64(&t, most->value / 86400);
	text_put(&t, " days");
	return refuse(c->why, reason, expected, "%lld days: %s %.10s", (long long)((c->now - from) / 86400), what,
		      attest_moment_text(from, day));
}

static int64_t machine_date(const struct check *c, int64_t date)
{
	return c->v->machine_tee == ATTEST_TEE_NONE ? -1 : date;
}

static bool check_tcb_age(const struct check *c)
{
	if (c->block->max_tcb_age.given && c->v->tcb_date < 0)
		return lacks(c, ATTEST_R_policy_tcb_age, "a date of the TCB level");
	return check_age(c, ATTEST_R_policy_tcb_age, &c->block->max_tcb_age, c->v->tcb_date, "the TCB level is of") &&
	       check_age(c, ATTEST_R_policy_tcb_age, &c->block->max_tcb_age, machine_date(c, c->v->machine_tcb_date),
			 "the machine's TCB level is of");
}

static bool check_fix_age(const struct check *c)
{
	return check_age(c, ATTEST_R_policy_fix_age, &c->block->grace_since_fix, c->v->fix_date,
			 "a better level is there since") &&
	       check_age(c, ATTEST_R_policy_fix_age, &c->block->grace_since_fix,
			 machine_date(c, c->v->machine_fix_date), "a better level of the machine is there since");
}

static bool check_evaluation_number(const struct check *c)
{
	const struct attest_verdict *v = c->v;
	uint32_t lower = v->qe_evaluation_number < v->tcb_evaluation_number ? v->qe_evaluation_number :
									      v->tcb_evaluation_number;

	if (v->machine_tee == ATTEST_TDX && v->machine_evaluation_number < lower)
		lower = v->machine_evaluation_number;
	return check_at_least(c, ATTEST_R_policy_evaluation_number, &c->block->min_evaluation_number, lower);
}

static bool check_sept_ve(const struct check *c)
{
	const struct attest_tdx *td = check_tdx(c);

	return !td || c->block->without_sept_ve_disable || td->td_attributes & TDX_SEPT_VE_DISABLE ||
	       refuse(c->why, ATTEST_R_policy_sept_ve, "SEPT_VE_DISABLE set", "not set");
}

static bool check_service_td(const struct check *c)
{
	static const uint8_t none[48];
	const struct policy_list *list = &c->block->mrservicetd;
	const struct attest_tdx *td = check_tdx(c);
	struct attest_bytes found;

	if (!td)
		return !list->given || lacks(c, ATTEST_R_policy_service_td, "MRSERVICETD");
	found = bytes_of(td->mrservicetd, sizeof(td->mrservicetd));
	if (list->given ? list_has(list, found) : memcmp(found.at, none, sizeof(none)) == 0)
		return true;
	return not_in_list(c, ATTEST_R_policy_service_td, list->count, "service TDs", found);
}

static bool check_rtmr(const struct check *c)
{
	const struct attest_tdx *td = check_tdx(c);

	for (size_t i = 0; i < 4; i++) {
		const struct policy_list *list = &c->block->rtmr[i];
		char what[] = "values of RTMR0";

		what[sizeof(what) - 2] = (char)('0' + i);
		if (!list->given)
			continue;
		if (!td)
			return lacks(c, ATTEST_R_policy_rtmr, "run-time measurements");
		if (!list_has(list, bytes_of(td->rtmr[i], 48)))
			return not_in_list(c, ATTEST_R_policy_rtmr, list->count, what, bytes_of(td->rtmr[i], 48));
	}
	return true;
}

/* Without the key: 0, the most privileged level. */
static bool check_vmpl(const struct check *c)
{
	const struct policy_list *list = &c->block->vmpls;
	const struct attest_snp *s = check_snp(c);

	if (!s || (list->given ? list_has_number(list, s->vmpl) : s->vmpl == 0))
		return true;
	return refuse(c->why, ATTEST_R_policy_vmpl, list->given ? "a VMPL that the policy names" : "VMPL 0", "VMPL %u",
		      s->vmpl);
}

/* Of the firmware that runs, and of what it can never fall back behind. */
static bool check_snp_parts(const struct check *c, const struct attest_snp *s)
{
	const struct attest_snp_tcb *want = &c->block->min_snp_tcb;
	const struct {
		const char *name;
		uint8_t want, reported, committed;
	} parts[] = {
		{ "fmc", want->fmc, s->reported.fmc, s->committed.fmc },
		{ "bootloader", want->bootloader, s->reported.bootloader, s->committed.bootloader },
		{ "tee", want->tee, s->reported.tee, s->committed.tee },
		{ "snp", want->snp, s->reported.snp, s->committed.snp },
		{ "microcode", want->microcode, s->reported.microcode, s->committed.microcode },
	};

	for (size_t i = 0; i < 5; i++) {
		char expected[32];
		struct text t;

		if (parts[i].reported >= parts[i].want && parts[i].committed >= parts[i].want)
			continue;
		text_init(&t, expected, sizeof(expected));
		text_put(&t, parts[i].name);
		text_put(&t, " at least ");
		text_put_u64(&t, parts[i].want);
		return refuse(c->why, ATTEST_R_policy_snp_tcb, expected, "reported %u, committed %u",
			      parts[i].reported, parts[i].committed);
	}
	return true;
}

static bool check_snp_tcb(const struct check *c)
{
	const struct attest_snp *s = check_snp(c);

	if (!c->block->snp_tcb_given)
		return true;
	return s ? check_snp_parts(c, s) : lacks(c, ATTEST_R_policy_snp_tcb, "a TCB of SNP");
}

static bool check_host_data(const struct check *c)
{
	const struct policy_list *list = &c->block->host_data;
	const struct attest_snp *s = check_snp(c);

	if (!list->given)
		return true;
	if (!s)
		return lacks(c, ATTEST_R_policy_host_data, "host data");
	return list_has(list, bytes_of(s->host_data, 32)) ||
	       not_in_list(c, ATTEST_R_policy_host_data, list->count, "host data", bytes_of(s->host_data, 32));
}

/* The author's key counts only where the report says that there is one (AUTHOR_KEY_EN). */
static bool check_id_key(const struct check *c)
{
	const struct policy_block *b = c->block;
	const struct attest_snp *s = check_snp(c);

	if (!b->id_keys.given && !b->author_keys.given)
		return true;
	if (!s)
		return lacks(c, ATTEST_R_policy_id_key, "an ID or author key");
	if (b->id_keys.given && !list_has(&b->id_keys, bytes_of(s->id_key_digest, 48)))
		return not_in_list(c, ATTEST_R_policy_id_key, b->id_keys.count, "ID keys",
				   bytes_of(s->id_key_digest, 48));
	if (b->author_keys.given &&
	    !(s->flags & SNP_AUTHOR_KEY_EN && list_has(&b->author_keys, bytes_of(s->author_key_digest, 48))))
		return not_in_list(c, ATTEST_R_policy_id_key, b->author_keys.count, "author keys",
				   bytes_of(s->author_key_digest, 48));
	return true;
}

/* Without CRLs no quote is genuine; a report can be. */
static bool check_crl(const struct check *c)
{
	const struct attest_snp *s = check_snp(c);

	return !c->block->require_crl || !s || s->crl_checked ||
	       refuse(c->why, ATTEST_R_policy_crl_missing, "the revocation list of the ARK in the collateral", "none");
}

static bool (*const checks[])(const struct check *c) = {
	check_report_data, check_debug,	   check_status,      check_root,	       check_assurance, check_tee,
	check_measurement, check_signer,   check_product,     check_version,	       check_advisory,	check_tcb_age,
	check_fix_age,	   check_evaluation_number, check_sept_ve,     check_service_td, check_rtmr,	check_vmpl,
	check_snp_tcb,	   check_host_data, check_id_key,      check_crl,
};

static bool block_accepts(const struct check *c)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i](c))
			return false;
	return true;
}

/* Without a policy: what nobody should trust is refused. */
static bool default_accepts(const struct attest_verdict *v, int64_t now, struct attest_refusal *why)
{
	struct policy_block block = { .name = "" };
	const struct check c = { &block, v, now, why };

	block.statuses = ~(1u << ATTEST_Revoked | 1u << ATTEST_NotSupported);
	return check_debug(&c) && check_status(&c);
}

static bool policy_names_not_supported(const struct attest_policy *policy)
{
	for (size_t i = 0; policy && i < policy->count; i++)
		if (policy->blocks[i].statuses >> ATTEST_NotSupported & 1)
			return true;
	return false;
}

void policy_apply(const struct attest_policy *policy, const struct attest_request *r, struct attest_verdict *v)
{
	struct attest_refusal furthest = { 0 }, why;

	/* The step that found it has said more than a policy could. */
	if (v->status == ATTEST_NotSupported && !policy_names_not_supported(policy))
		return;
	v->refusal = (struct attest_refusal){ 0 };
	v->accepted = !policy && default_accepts(v, r->now, &v->refusal);
	if (policy && !policy->count)
		(void)refuse(&v->refusal, ATTEST_R_policy_empty, "at least one block accept", "none");
	for (size_t i = 0; policy && i < policy->count && !v->accepted; i++) {
		const struct check c = { &policy->blocks[i], v, r->now, &why };

		why = (struct attest_refusal){ 0 };
		v->accepted = block_accepts(&c);
		if (!v->accepted && why.reason > furthest.reason)
			furthest = why;
	}
	if (policy && policy->count && !v->accepted)
		v->refusal = furthest;
}
