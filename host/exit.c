/* The end of the process: its statistics, then its exit status or the signal that it died of. */
#include "abi/linux/sched.h"
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

/* In a process of its own, on this one's stack, which it does not touch: waits until the guard ends it. */
static void exit_clone_waiter(void)
{
	register uint64_t none __asm__("r10") = 0;
	register uint64_t tls __asm__("r8") = 0;
	long pid;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 2f\n"
			 "1:\tmov %[pause], %%eax\n\tsyscall\n\tjmp 1b\n2:"
			 : "=a"(pid) : "a"(__NR_clone), "D"(CLONE_VM), "S"(0), "d"(0), "r"(none), "r"(tls),
			   [pause] "i"(__NR_pause) : "rcx", "r11", "memory");
}

/*
 * Linux takes longer to give back secret memory than a small program runs, and tells nobody of the end before. So a
 * second process keeps the memory for that moment; the guard, which traces it from its first instruction on, ends with
 * this one, and so ends it. Files, and with them ports and locks, are given back here. Other threads would see that:
 * with them, everything goes the usual way.
 */
static void exit_leave_memory(void)
{
	const uint64_t all = ~0UL;

	if (host.launch->memory != LAUNCH_MEMORY_SECRET || host.cpu != &cpu_soft ||
	    __atomic_load_n(&host.thread_count, __ATOMIC_ACQUIRE) != 1)
		return;
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8, 0, 0);
	(void)sys_raw3(__NR_chdir, (long)"/", 0, 0);
	if (!sys_raw3(__NR_close_range, 0, 0xffffffffL, 0))
		exit_clone_waiter();
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
	exit_leave_memory();
	sys_exit_group((wait_status >> 8) & 0xff);
}
