/* The process as a whole: its start, its threads, its end. */
#include "kernel/task/process.h"
#include "abi/linux/capability.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/stats.h"
#include "kernel/kernel.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/queue.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"
#include "kernel/time/vdso.h"

#define CAP_ALL ((1UL << (CAP_LAST_CAP + 1)) - 1)

struct process init_process;

/* A quick run has the host's name, like its files and its environment. */
static void process_start_names(struct process *p)
{
	struct utsname host = { .nodename = "adyton", .domainname = "(none)" };

	if (p->quick)
		(void)!host_uname(&host);
	host.nodename[UTSNAME_LENGTH - 1] = host.domainname[UTSNAME_LENGTH - 1] = '\0';
	str_copy(p->nodename, sizeof(p->nodename), host.nodename);
	str_copy(p->domainname, sizeof(p->domainname), host.domainname);
}

void task_start(struct thread *first)
{
	struct process *p = &init_process;

	list_init(&p->threads);
	list_init(&p->shared_info);
	p->start_ns = (uint64_t)clock_monotonic_ns();
	p->dumpable = 1;
	p->timer_slack_ns = 50000;
	p->tid_last = p->pid;
	p->cred.cap_bounding = CAP_ALL;
	if (p->cred.euid == 0)
		p->cred.cap_permitted = p->cred.cap_effective = CAP_ALL;
	process_start_names(p);
	thread_prepare(first);
	first->tid = p->pid;
	first->altstack.ss_flags = 0; /* as Linux has it: only further threads start with SS_DISABLE */
	list_add_tail(&p->threads, &first->process_link);
	p->thread_count = 1;
}

bool task_with_thread(int32_t tid, void (*fn)(struct thread *t, void *data), void *data)
{
	struct process *p = &init_process;

	LOCKED(&p->lock);
	list_for_each(at, &p->threads) {
		struct thread *t = container_of(at, struct thread, process_link);

		if (t->tid != tid)
			continue;
		if (fn)
			fn(t, data);
		return true;
	}
	return false;
}

bool task_is_thread(int32_t tid)
{
	return task_with_thread(tid, NULL, NULL);
}

/* The host ends all threads wherever they are: nothing of the enclave outlives its process. */
_Noreturn void process_exit(int wait_status)
{
	__atomic_store_n(&init_process.dying, true, __ATOMIC_SEQ_CST);
	mm_flush();
	stats_report();
	host_exit(wait_status);
	kernel_die("the host did not end the process");
}
