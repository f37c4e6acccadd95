/*
 * Intel's algorithm for the TCB of a platform (DCAP quote verification, "Verify a quote", steps 4.1.2.4.14 to 17, and
 * TD relaunch): levels stand newest first, and the first one that is met counts.
 */
#include "attest/tcb.h"

static bool tcb_components_met(const uint8_t have[16], const uint8_t need[16], int from)
{
	for (int i = from; i < 16; i++)
		if (have[i] < need[i])
			return false;
	return true;
}

void tcb_match_platform(const struct tcb_info *info, const struct attest_platform *p, const struct attest_tdx *td,
			struct tcb_match *m)
{
	/*
	 * From the first module with a version of its own on, components 0 and 1 are the module's and not the level's.
	 */
	int from = td && td->tee_tcb_svn[1] > 0 ? 2 : 0;

	m->sgx = m->platform = NULL;
	for (size_t i = 0; i < info->level_count && !m->platform; i++) {
		const struct tcb_level *level = &info->levels[i];

		if (!tcb_components_met(p->components, level->sgx, 0) || p->pce_svn < level->pce_svn)
			continue;
		if (!m->sgx)
			m->sgx = level;
		if (!td || tcb_components_met(td->tee_tcb_svn, level->tdx, from))
			m->platform = level;
	}
}

const struct isv_level *isv_levels_match(const struct isv_levels *levels, uint16_t isv_svn)
{
	for (size_t i = 0; i < levels->count; i++)
		if (levels->at[i].isv_svn <= isv_svn)
			return &levels->at[i];
	return NULL;
}

const struct tdx_module *tdx_module_find(const struct tcb_info *info, uint8_t version)
{
	for (size_t i = 0; i < info->module_count; i++)
		if (info->modules[i].version == version)
			return &info->modules[i];
	return NULL;
}

static bool tcb_needs_configuration(enum attest_status status)
{
	return status == ATTEST_ConfigurationNeeded || status == ATTEST_OutOfDateConfigurationNeeded ||
	       status == ATTEST_ConfigurationAndSWHardeningNeeded;
}

static bool tcb_is_out_of_date(enum attest_status status)
{
	return status == ATTEST_OutOfDate || status == ATTEST_OutOfDateConfigurationNeeded;
}

/* What a QE or a module that is no longer good makes of a platform's status. */
static enum attest_status tcb_converge(enum attest_status platform, enum attest_status part)
{
	if (part == ATTEST_Revoked || platform == ATTEST_Revoked)
		return ATTEST_Revoked;
	if (part == ATTEST_UpToDate)
		return platform;
	switch (platform) {
	case ATTEST_UpToDate:
	case ATTEST_SWHardeningNeeded:
		return ATTEST_OutOfDate;
	case ATTEST_ConfigurationNeeded:
	case ATTEST_ConfigurationAndSWHardeningNeeded:
		return ATTEST_OutOfDateConfigurationNeeded;
	default:
		return platform;
	}
}

/* The module that runs now, updated while the TD was running, is the newest: the TD only has to be started again. */
static bool tcb_module_is_newest(const struct tcb_info *info, const uint8_t svn[16])
{
	const struct tcb_level *newest = &info->levels[0];
	const struct tdx_module *module = svn[1] ? tdx_module_find(info, svn[1]) : NULL;
	uint16_t needed = newest->tdx[0];

	if (svn[1] && !module)
		return false;
	if (module)
		needed = module->levels.at[0].isv_svn;
	return svn[0] >= needed && svn[2] >= newest->tdx[2];
}

static enum attest_status tcb_relaunch(const struct tcb_info *info, const struct tcb_match *m,
				       const struct attest_tdx *td, enum attest_status status)
{
	enum attest_status sgx = m->sgx->verdict.status;

	if (!td->is_1_5 || m->qe->verdict.status != ATTEST_UpToDate || tcb_is_out_of_date(sgx) ||
	    sgx == ATTEST_Revoked || !tcb_is_out_of_date(status) || !m->module ||
	    m->module->verdict.status != ATTEST_OutOfDate || !tcb_module_is_newest(info, td->tee_tcb_svn_2))
		return status;
	return tcb_needs_configuration(sgx) || tcb_needs_configuration(status) ?
		       ATTEST_TDRelaunchAdvisedConfigurationNeeded :
		       ATTEST_TDRelaunchAdvised;
}

/* The status enumeration is not an order; this is: how much is left to do. */
static int tcb_severity(enum attest_status status)
{
	static const int order[] = {
		[ATTEST_UpToDate] = 0,
		[ATTEST_SWHardeningNeeded] = 1,
		[ATTEST_ConfigurationNeeded] = 2,
		[ATTEST_ConfigurationAndSWHardeningNeeded] = 3,
		[ATTEST_OutOfDate] = 4,
		[ATTEST_OutOfDateConfigurationNeeded] = 5,
		[ATTEST_Revoked] = 6,
	};

	return order[status];
}

static void tcb_note_fix(int64_t date, struct attest_verdict *v)
{
	if (v->fix_date < 0 || date < v->fix_date)
		v->fix_date = date;
}

/* The nearest better level above the one that matched; of several parts, what could have been fixed the longest ago. */
static void tcb_fix_dates(const struct intel_collateral *c, const struct tcb_match *m, struct attest_verdict *v)
{
	const struct isv_levels *parts[] = { &c->qe_identity.levels, m->module ? &m->tdx_module->levels : NULL };
	const struct isv_level *matched[] = { m->qe, m->module };

	for (const struct tcb_level *l = m->platform; l-- > c->tcb_info.levels;)
		if (tcb_severity(l->verdict.status) < tcb_severity(m->platform->verdict.status)) {
			tcb_note_fix(l->verdict.date, v);
			break;
		}
	for (int i = 0; i < 2; i++)
		for (const struct isv_level *l = matched[i]; l && l-- > parts[i]->at;)
			if (tcb_severity(l->verdict.status) < tcb_severity(matched[i]->verdict.status)) {
				tcb_note_fix(l->verdict.date, v);
				break;
			}
}

static void tcb_put_advisories(const struct intel_collateral *c, const struct tcb_match *m, struct attest_verdict *v)
{
	struct advisory_set all = { { 0 } };

	advisories_add(&all, &m->platform->verdict.advisories);
	advisories_add(&all, &m->qe->verdict.advisories);
	if (m->module)
		advisories_add(&all, &m->module->verdict.advisories);
	advisories_put(&c->advisories, &all, v);
}

/* The first thing that no level covers, in the order of reason.def. */
static bool tcb_all_found(const struct tcb_match *m, struct attest_verdict *v)
{
	if (m->tdx_module && m->tdx_module->version && !m->module)
		return refuse(&v->refusal, ATTEST_R_tdx_module_level_not_found, NULL, NULL);
	if (!m->qe)
		return refuse(&v->refusal, ATTEST_R_qe_level_not_found, NULL, NULL);
	if (!m->platform)
		return refuse(&v->refusal, ATTEST_R_tcb_level_not_found, NULL,
			      m->sgx ? "no level for this TDX module and firmware" :
				       "no level for this processor's microcode and PCE");
	return true;
}

void tcb_conclude(const struct intel_collateral *c, const struct tcb_match *m, const struct attest_tdx *td,
		  struct attest_verdict *v)
{
	v->tcb_date = m->platform ? m->platform->verdict.date : -1;
	v->qe_status = m->qe ? m->qe->verdict.status : ATTEST_NotSupported;
	if (m->tdx_module && m->tdx_module->version)
		v->module_status = m->module ? m->module->verdict.status : ATTEST_NotSupported;
	if (!tcb_all_found(m, v)) {
		v->status = ATTEST_NotSupported;
		return;
	}
	tcb_put_advisories(c, m, v);
	v->status = m->platform->verdict.status;
	if (m->module)
		v->status = tcb_converge(v->status, m->module->verdict.status);
	if (td)
		v->status = tcb_relaunch(&c->tcb_info, m, td, v->status);
	v->status = tcb_converge(v->status, m->qe->verdict.status);
	tcb_fix_dates(c, m, v);
}
