/* /proc/PID/{stat,statm,status,limits}: see proc(5). */
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/fs/proc.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"
#include "kernel/task/thread.h"

#define TICKS_PER_SECOND 100 /* what sysconf(_SC_CLK_TCK) says */
#define KIB_PER_PAGE 4UL

int proc_thread_state(int32_t tid, struct proc_thread_state *s)
{
	LOCKED(&init_process.lock);
	list_for_each(at, &init_process.threads) {
		struct thread *t = container_of(at, struct thread, process_link);

		if (t->tid != tid)
			continue;
		*s = (struct proc_thread_state){ .tid = tid, .blocked = t->blocked, .pending = t->pending,
						 .start_ns = t->start_ns, .threads = init_process.thread_count,
						 .running = t == current };
		memcpy(s->comm, t->comm, sizeof(s->comm));
		s->comm[sizeof(s->comm) - 1] = 0;
		return 0;
	}
	return -ESRCH;
}

struct signal_sets {
	uint64_t ignored, caught, shared_pending;
};

static struct signal_sets signal_sets(void)
{
	struct signal_sets s = { 0 };

	LOCKED(&init_process.signal_lock);
	for (unsigned sig = 1; sig <= 64; sig++) {
		uint64_t handler = init_process.actions[sig].sa_handler;

		if (handler == 1) /* SIG_IGN */
			s.ignored |= 1UL << (sig - 1);
		else if (handler)
			s.caught |= 1UL << (sig - 1);
	}
	s.shared_pending = init_process.shared_pending;
	return s;
}

static uint64_t ticks(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * TICKS_PER_SECOND + (uint64_t)tv->tv_usec / (USEC_PER_SEC / TICKS_PER_SECOND);
}

int proc_stat(struct text *t, uint64_t tid)
{
	const struct process *p = &init_process;
	struct signal_sets sets = signal_sets();
	struct rusage usage = { 0 };
	struct proc_thread_state s;
	struct mm_usage mm;
	int error = proc_thread_state((int32_t)tid, &s);

	if (error)
		return error;
	if (host_getrusage(RUSAGE_SELF, &usage)) /* of the host process: it does our work and its own */
		usage = (struct rusage){ 0 };
	mm_usage(&mm);
	text_add(t, "%d (%s) %c %d %d %d 0 -1 4194304 %lu 0 %lu 0 ", s.tid, s.comm, s.running ? 'R' : 'S', p->ppid,
		 p->pgid, p->sid, (uint64_t)usage.ru_minflt, (uint64_t)usage.ru_majflt);
	text_add(t, "%lu %lu 0 0 20 0 %u 0 %lu ", ticks(&usage.ru_utime), ticks(&usage.ru_stime), s.threads,
		 s.start_ns / (NSEC_PER_SEC / TICKS_PER_SECOND));
	text_add(t, "%lu %lu %lu 1 1 0 0 0 ", mm.virtual_pages * PAGE_SIZE, mm.committed_pages,
		 p->limits[RLIMIT_RSS].rlim_cur);
	text_add(t, "%lu %lu %lu %lu 0 0 0 17 0 0 0 0 0 0 ", (s.pending | sets.shared_pending) & 0x7fffffff,
		 s.blocked & 0x7fffffff, sets.ignored & 0x7fffffff, sets.caught & 0x7fffffff);
	text_add(t, "0 0 %lu %lu %lu %lu %lu 0\n", p->brk_start, p->arg_start, p->arg_end, p->env_start, p->env_end);
	return 0;
}

int proc_statm(struct text *t, uint64_t tid)
{
	struct mm_usage mm;

	(void)tid;
	mm_usage(&mm);
	text_add(t, "%lu %lu 0 %lu 0 %lu 0\n", mm.virtual_pages, mm.committed_pages, mm.text_pages, mm.data_pages);
	return 0;
}

static void status_identity(struct text *t)
{
	const struct credentials *c = &init_process.cred;

	LOCKED(&init_process.lock);
	text_add(t, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid, c->fsuid);
	text_add(t, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid, c->fsgid);
	text_add(t, "FDSize:\t256\nGroups:\t");
	for (uint32_t i = 0; i < c->group_count; i++)
		text_add(t, "%u ", c->groups[i]);
	text_add(t, "\n");
}

static void status_memory(struct text *t)
{
	struct mm_usage mm;

	mm_usage(&mm);
	text_add(t, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\n", mm.virtual_pages * KIB_PER_PAGE,
		 mm.virtual_pages * KIB_PER_PAGE);
	text_add(t, "VmLck:\t%8u kB\nVmPin:\t%8u kB\n", 0U, 0U);
	text_add(t, "VmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", mm.peak_pages * KIB_PER_PAGE,
		 mm.committed_pages * KIB_PER_PAGE);
	text_add(t, "RssAnon:\t%8lu kB\nRssFile:\t%8u kB\nRssShmem:\t%8u kB\n", mm.committed_pages * KIB_PER_PAGE, 0U,
		 0U);
	text_add(t, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\n", mm.data_pages * KIB_PER_PAGE, mm.stack_pages * KIB_PER_PAGE);
	text_add(t, "VmExe:\t%8lu kB\nVmLib:\t%8u kB\nVmPTE:\t%8u kB\nVmSwap:\t%8u kB\n", mm.text_pages * KIB_PER_PAGE,
		 0U, 0U, 0U);
}

static void status_capabilities(struct text *t)
{
	uint64_t all = init_process.cred.euid ? 0 : (1UL << 41) - 1;

	text_add(t, "CapInh:\t%016lx\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\nCapAmb:\t%016lx\n", 0UL, all,
		 all, (1UL << 41) - 1, 0UL);
}

static void status_processors(struct text *t)
{
	uint64_t mask = 0;
	unsigned count = 0;

	/* The first 64 processors: enough for the list that people read. */
	if (host_sched_getaffinity(&mask, sizeof(mask)) <= 0)
		mask = 1;
	text_add(t, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", mask);
	for (unsigned cpu = 0; cpu < 64; cpu++) {
		unsigned first = cpu;

		if (!(mask >> cpu & 1))
			continue;
		while (cpu + 1 < 64 && mask >> (cpu + 1) & 1)
			cpu++;
		text_add(t, first == cpu ? "%s%u" : "%s%u-%u", count++ ? "," : "", first, cpu);
	}
	text_add(t, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
}

int proc_status(struct text *t, uint64_t tid)
{
	struct signal_sets sets = signal_sets();
	struct proc_thread_state s;
	int error = proc_thread_state((int32_t)tid, &s);

	if (error)
		return error;
	text_add(t, "Name:\t%s\nUmask:\t0", s.comm);
	text_octal(t, init_process.umask);
	text_add(t, "\nState:\t%s\n", s.running ? "R (running)" : "S (sleeping)");
	text_add(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", init_process.pid, s.tid,
		 init_process.ppid);
	status_identity(t);
	text_add(t, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", init_process.pid, s.tid, init_process.pgid,
		 init_process.sid);
	status_memory(t);
	text_add(t, "CoreDumping:\t0\nTHP_enabled:\t0\nThreads:\t%u\nSigQ:\t0/%lu\n", s.threads,
		 init_process.limits[RLIMIT_SIGPENDING].rlim_cur);
	text_add(t, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", s.pending,
		 sets.shared_pending, s.blocked, sets.ignored, sets.caught);
	status_capabilities(t);
	text_add(t, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tvulnerable\n",
		 init_process.no_new_privs);
	status_processors(t);
	text_add(t, "voluntary_ctxt_switches:\t0\nnonvoluntary_ctxt_switches:\t0\n");
	return 0;
}

static const struct {
	const char *name, *unit; /* padded as Linux pads them */
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time              ", "seconds   " },
	[RLIMIT_FSIZE] = { "Max file size             ", "bytes     " },
	[RLIMIT_DATA] = { "Max data size             ", "bytes     " },
	[RLIMIT_STACK] = { "Max stack size            ", "bytes     " },
	[RLIMIT_CORE] = { "Max core file size        ", "bytes     " },
	[RLIMIT_RSS] = { "Max resident set          ", "bytes     " },
	[RLIMIT_NPROC] = { "Max processes             ", "processes " },
	[RLIMIT_NOFILE] = { "Max open files            ", "files     " },
	[RLIMIT_MEMLOCK] = { "Max locked memory         ", "bytes     " },
	[RLIMIT_AS] = { "Max address space         ", "bytes     " },
	[RLIMIT_LOCKS] = { "Max file locks            ", "locks     " },
	[RLIMIT_SIGPENDING] = { "Max pending signals       ", "signals   " },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size         ", "bytes     " },
	[RLIMIT_NICE] = { "Max nice priority         ", "          " },
	[RLIMIT_RTPRIO] = { "Max realtime priority     ", "          " },
	[RLIMIT_RTTIME] = { "Max realtime timeout      ", "us        " },
};

static void limit_value(struct text *t, uint64_t value)
{
	char digits[24] = "unlimited";
	size_t n = value == RLIM_INFINITY ? 9 : format(digits, sizeof(digits), "%lu", value);

	text_bytes(t, digits, n);
	for (; n < 21; n++) /* the column is 20 wide, then a blank */
		text_bytes(t, " ", 1);
}

int proc_limits(struct text *t, uint64_t tid)
{
	(void)tid;
	text_add(t, "Limit                     Soft Limit           Hard Limit           Units     \n");
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		text_bytes(t, limit_names[i].name, 26);
		limit_value(t, init_process.limits[i].rlim_cur);
		limit_value(t, init_process.limits[i].rlim_max);
		text_add(t, "%s\n", limit_names[i].unit);
	}
	return 0;
}
