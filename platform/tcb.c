#include "platform/tcb.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *tcb_status(const char *text, size_t size)
{
	static const char *const names[] = {
#define S(name) #name,
#include "attest/status.def"
#undef S
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0 && strncmp(text, "TDRelaunch", 10) &&
		    strncmp(text, "NotSupported", 12))
			return names[i];
	return NULL;
}

bool tcb_advisory_add(struct tcb_level *l, const char *id)
{
	for (const char *c = id; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			return false;
	for (uint32_t i = 0; i < l->advisory_count; i++)
		if (strcmp(l->advisories[i], id) == 0)
			return true;
	if (!*id || strlen(id) >= TCB_ADVISORY_SIZE || l->advisory_count == TCB_ADVISORIES_MAX)
		return false;
	(void)snprintf(l->advisories[l->advisory_count++], TCB_ADVISORY_SIZE, "%s", id);
	return true;
}

/* Of two levels, one that is at least as new in every number has at least the sum of the other. */
static uint32_t tcb_level_sum(const struct tcb_level *l)
{
	uint32_t sum = l->svn;

	for (size_t i = 0; i < sizeof(l->components); i++)
		sum += (uint32_t)l->components[i] + l->tdx_components[i];
	return sum;
}

static bool tcb_level_same(const struct tcb_level *a, const struct tcb_level *b)
{
	return a->svn == b->svn && memcmp(a->components, b->components, sizeof(a->components)) == 0 &&
	       memcmp(a->tdx_components, b->tdx_components, sizeof(a->tdx_components)) == 0;
}

bool tcb_level_remove(struct tcb_levels *levels, const struct tcb_level *like)
{
	for (uint32_t i = 0; i < levels->count; i++) {
		if (!tcb_level_same(&levels->at[i], like))
			continue;
		levels->count--;
		memmove(&levels->at[i], &levels->at[i + 1], (levels->count - i) * sizeof(levels->at[0]));
		return true;
	}
	return false;
}

int tcb_level_put(struct tcb_levels *levels, const struct tcb_level *level, struct fail *f)
{
	uint32_t i = 0;

	tcb_level_remove(levels, level);
	if (levels->count == TCB_LEVELS_MAX)
		return fail(f, "TCB levels: expected at most %d", TCB_LEVELS_MAX);
	while (i < levels->count && tcb_level_sum(&levels->at[i]) > tcb_level_sum(level))
		i++;
	memmove(&levels->at[i + 1], &levels->at[i], (levels->count - i) * sizeof(levels->at[0]));
	levels->at[i] = *level;
	levels->count++;
	return 0;
}

void tcb_level_outdate(struct tcb_level *level, const struct tcb_level *reasons)
{
	if (strcmp(level->status, "UpToDate") == 0 || strcmp(level->status, "SWHardeningNeeded") == 0)
		level->status = "OutOfDate";
	else if (strncmp(level->status, "Configuration", 13) == 0)
		level->status = "OutOfDateConfigurationNeeded";
	for (uint32_t i = 0; i < reasons->advisory_count; i++)
		(void)tcb_advisory_add(level, reasons->advisories[i]);
}
