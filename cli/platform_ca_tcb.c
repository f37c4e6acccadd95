#include "cli/platform_ca.h"

#include <string.h>

static int set_check(const struct ca_arguments *a, struct fail *f)
{
	if (!a->has_svn)
		return fail(f, "platform ca set-tcb: expected --svn and the level's %s", a->qe ? "ISVSVN" : "PCESVN");
	if (!a->qe && !a->has_components)
		return fail(f, "platform ca set-tcb: expected --cpu-svn and the level's 16 components, or --qe");
	if (a->qe && a->has_components)
		return fail(f, "platform ca set-tcb: a quoting enclave's level has no --cpu-svn");
	if (a->remove && (a->recover || a->level.status))
		return fail(f, "platform ca set-tcb: --remove goes with neither --status nor --recover");
	if (a->recover && a->level.status && strcmp(a->level.status, "UpToDate"))
		return fail(f, "platform ca set-tcb: --recover makes a level that is UpToDate");
	if (!a->remove && !a->recover && !a->level.status)
		return fail(f, "platform ca set-tcb: expected --status, --recover or --remove");
	return 0;
}

static int set_levels(struct ca *ca, const struct ca_arguments *a, struct tcb_levels **levels, struct fail *f)
{
	const struct ca_choice c = { a->has_fmspc ? a->fmspc : NULL, a->serial };
	struct state_family *family;
	struct tcb_qe *qe;

	if (a->qe ? ca_qe(ca, &c, &qe, f) : ca_family(ca, &c, &family, f))
		return -1;
	*levels = a->qe ? &qe->levels : &family->levels;
	return 0;
}

int ca_set_tcb(struct ca *ca, const struct ca_arguments *a, struct fail *f)
{
	struct tcb_level level = a->level;
	struct tcb_levels *levels;

	if (set_check(a, f) || set_levels(ca, a, &levels, f))
		return -1;
	if (a->remove && levels->count == 1)
		return fail(f, "platform ca set-tcb: the last level stays, because documents need one");
	if (a->remove)
		return tcb_level_remove(levels, &level) ? 0 : fail(f, "platform ca set-tcb: there is no such level");
	if (level.date < 0)
		level.date = a->at / STAMP_DAY * STAMP_DAY;
	if (a->recover) {
		/* The advisories are why the older levels are no longer enough; the new one has none. */
		for (uint32_t i = 0; i < levels->count; i++)
			tcb_level_outdate(&levels->at[i], &level);
		level.advisory_count = 0;
		level.status = tcb_status("UpToDate", 8);
	}
	ca->s->evaluation++;
	return tcb_level_put(levels, &level, f);
}
