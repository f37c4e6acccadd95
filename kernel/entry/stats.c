#include "kernel/entry/stats.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/mm.h"
#include "kernel/patch/patch.h"

void stats_report(void)
{
	struct patch_counts patch;
	struct mm_usage mm;
	struct host_stats stats;

	patch_counts(&patch);
	mm_usage(&mm);
	stats = (struct host_stats){ .traps = patch.traps, .patched_sites = patch.patched,
				     .unpatchable_sites = patch.unpatchable, .page_faults = mm.faults,
				     .committed_pages = mm.committed_pages, .peak_pages = mm.peak_pages };
	(void)host_stats(&stats);
}
