/* The end of the process: its statistics, then its exit status or the signal that it died of. */
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

#define R(name, service, result, kinds) #name,
static const char *const exit_names[] = {
#include "hostcall_rows.h"
};
#undef R
#define EXIT_CALLS (sizeof(exit_names) / sizeof(exit_names[0]))

struct exit_totals {
	uint64_t calls[EXIT_CALLS], all;
};

static void exit_count(struct exit_totals *to)
{
	for (uint32_t slot = 0; slot < host.thread_count && slot < HOST_THREADS_MAX; slot++)
		for (uint32_t i = 0; host.threads[slot] && i < EXIT_CALLS; i++) {
			to->calls[i] += host.threads[slot]->counts[i];
			to->all += host.threads[slot]->counts[i];
		}
}

static void exit_print(const char *how, uint64_t value, const char *name)
{
	char line[128];

	(void)sys_write(host.launch->stats_fd, line,
			name ? host_format(line, sizeof(line), how, name, value)
			     : host_format(line, sizeof(line), how, value));
}

/* {"exits":{"total":N,"by_hostcall":{...}},"traps":...} */
static void exit_write_stats(void)
{
	static struct exit_totals totals;
	const struct host_stats *k = &host.kernel_stats;
	struct cpu_counters cpu = { 0 };
	const char *how = "\"%s\":%lu";

	if (host.launch->stats_fd < 0)
		return;
	exit_count(&totals);
	host.cpu->counters(&cpu);
	exit_print("{\"exits\":{\"total\":%lu,\"by_hostcall\":{", totals.all, NULL);
	for (uint32_t i = 0; i < EXIT_CALLS; i++)
		if (totals.calls[i]) {
			exit_print(how, totals.calls[i], exit_names[i]);
			how = ",\"%s\":%lu";
		}
	exit_print("}},\"traps\":%lu", k->traps, NULL);
	exit_print(",\"%s\":%lu", k->patched_sites, "patched_sites");
	exit_print(",\"%s\":%lu", k->unpatchable_sites, "unpatchable_sites");
	exit_print(",\"%s\":%lu", cpu.aex, "aex");
	exit_print(",\"%s\":%lu", k->page_faults, "page_faults");
	exit_print(",\"pages\":{\"live\":%lu", cpu.pages_live, NULL);
	exit_print(",\"%s\":%lu", cpu.pages_added, "added");
	exit_print(",\"%s\":%lu", cpu.pages_removed, "removed");
	exit_print(",\"%s\":%lu", k->committed_pages, "committed");
	exit_print(",\"%s\":%lu}}\n", k->peak_pages, "peak");
}

/* Die of the signal, as the program did, so that a shell sees it. */
static void exit_by_signal(int signal)
{
	struct sigaction action = { 0 };
	uint64_t none = 0;

	(void)sys_raw6(__NR_rt_sigaction, signal, (long)&action, 0, 8, 0, 0);
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
	/* To this thread, which takes it before the call returns; another may take a signal of the process later. */
	(void)sys_raw3(__NR_tgkill, (long)sys_getpid(), (long)sys_gettid(), signal);
}

_Noreturn void host_exit(int wait_status)
{
	static uint32_t once;

	if (__atomic_exchange_n(&once, 1, __ATOMIC_ACQ_REL))
		for (;;)
			(void)sys_raw3(__NR_pause, 0, 0, 0);
	exit_write_stats();
	if (wait_status & 0x7f)
		exit_by_signal(wait_status & 0x7f);
	sys_exit_group((wait_status >> 8) & 0xff);
}
