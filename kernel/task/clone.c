/* New threads. A new process is refused by name: one process to an enclave, so far. */
#include "abi/linux/sched.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/user.h"
#include "kernel/signal/queue.h"
#include "kernel/signal/signal.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"
#include "kernel/time/vdso.h"

#define CLONE_THREAD_NEEDS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES)
#define CLONE_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define TID_MAX 4194304
#define TID_RESERVED 300

static uint64_t clone_fs_base(void)
{
	uint64_t base;

	__asm__ volatile("rdfsbase %0" : "=r"(base));
	return base;
}

void thread_prepare(struct thread *t)
{
	t->process = &init_process;
	t->vdso = &clock_vdso;
	t->work = 0;
	t->no_fault = 0;
	t->park_state = PARK_IDLE;
	t->exiting = false;
	t->sched = (struct thread_sched){ 0 };
	t->futex_spins = 64;
	t->clear_child_tid = t->robust_list = t->rseq = 0;
	t->start_ns = (uint64_t)clock_monotonic_ns();
	t->kernel_main = NULL;
	t->restart = (struct thread_restart){ 0 };
	t->blocked = t->pending = t->saved_blocked = t->waiting_for = 0;
	t->restore_blocked = false;
	t->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	t->signal_trapno = t->signal_error = 0;
	t->signal_cr2 = 0;
	t->mxcsr_start = 0x1f80;
	t->fcw_start = 0x37f;
	list_init(&t->process_link);
	list_init(&t->pending_info);
}

int thread_launch(struct thread *t)
{
	/*
	 * Its entry stores the slot. Until then a signal for it is only noted, and it looks before it runs the program.
	 */
	__atomic_store_n(&lock_shared, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&t->launched, 1, __ATOMIC_RELEASE);
	if (host_thread_create((long)(thread_block(t) + THREAD_BLOCK_TCS)) >= 0)
		return 0;
	if (!__atomic_exchange_n(&t->launched, 0, __ATOMIC_ACQ_REL))
		kernel_die("the host said that it has no thread for us, and entered with one");
	return -EAGAIN;
}

/* With process->lock held. Numbers are not reused until they run out. */
static int32_t clone_new_tid(struct process *p)
{
	for (;;) {
		bool taken = false;

		p->tid_last = p->tid_last >= TID_MAX - 1 ? TID_RESERVED : p->tid_last + 1;
		list_for_each(at, &p->threads)
			taken |= container_of(at, struct thread, process_link)->tid == p->tid_last;
		if (!taken && p->tid_last != p->pid)
			return p->tid_last;
	}
}

/* Count and number it, visible to everybody from here on. */
static int clone_enlist(struct thread *t)
{
	struct process *p = &init_process;

	LOCKED(&p->lock);
	if (p->exec_thread || (p->thread_max && p->thread_count >= p->thread_max))
		return -EAGAIN;
	t->tid = clone_new_tid(p);
	p->thread_count++;
	LOCKED(&p->signal_lock);
	list_add_tail(&p->threads, &t->process_link);
	return 0;
}

static void clone_delist(struct thread *t)
{
	struct process *p = &init_process;

	LOCKED(&p->lock);
	LOCKED(&p->signal_lock);
	p->thread_count--;
	list_del(&t->process_link);
}

static void clone_copy(struct thread *t, const struct thread *parent, const struct regs *r, uint64_t stack)
{
	struct regs *regs = thread_regs(t);

	*regs = *r;
	regs->rax = 0;
	regs->orig_rax = UINT64_MAX;
	if (stack)
		regs->rsp = stack;
	t->blocked = parent->blocked;
	t->sched = parent->sched;
	memcpy(t->comm, parent->comm, sizeof(t->comm));
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(t->mxcsr_start), "=m"(t->fcw_start));
}

static long clone_refuse(uint32_t *said, const char *call, const char *consequence)
{
	if (!__atomic_exchange_n(said, 1, __ATOMIC_RELAXED))
		kernel_log("%s is not supported yet: a process cannot %s", call, consequence);
	return -ENOSYS;
}

/* A call that is answered ENOSYS, and says so once on stderr. */
#define CLONE_REFUSED(call, consequence) \
	SYSCALL0(call) \
	{ \
		static uint32_t said; \
\
		return clone_refuse(&said, #call, consequence); \
	}

CLONE_REFUSED(fork, "have children")
CLONE_REFUSED(vfork, "have children")

static int clone_check(uint64_t flags)
{
	static uint32_t said;

	if ((flags & CLONE_SIGHAND && !(flags & CLONE_VM)) || (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
	    (flags & CLONE_NEWNS && flags & CLONE_FS))
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return -EPERM;
	if (!(flags & CLONE_THREAD))
		return (int)clone_refuse(&said, "clone without CLONE_THREAD", "have children");
	return (flags & CLONE_THREAD_NEEDS) == CLONE_THREAD_NEEDS && !(flags & CLONE_PIDFD) ? 0 : -EINVAL;
}

SYSCALL5(clone, uint64_t, flags, uint64_t, stack, uint64_t, parent_tid, uint64_t, child_tid, uint64_t, tls)
{
	struct thread *t;
	int32_t tid;
	int error = clone_check(flags);

	if (error)
		return error;
	if (flags & CLONE_SETTLS && tls >= USER_TOP)
		return -EPERM;
	t = pool_take();
	if (!t)
		return -ENOMEM;
	thread_prepare(t);
	clone_copy(t, current, thread_regs(current), stack);
	t->fs_base_start = flags & CLONE_SETTLS ? tls : clone_fs_base();
	t->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;
	error = clone_enlist(t);
	if (error)
		goto give;
	tid = t->tid;
	if (flags & CLONE_PARENT_SETTID)
		(void)!put_user_u32(parent_tid, (uint32_t)tid);
	if (flags & CLONE_CHILD_SETTID)
		(void)!put_user_u32(child_tid, (uint32_t)tid);
	error = thread_launch(t);
	if (!error)
		return tid;
	clone_delist(t);
give:
	pool_give(t);
	return error;
}

SYSCALL0(clone3)
{
	return -ENOSYS;
}

int thread_start_kernel(void (*main)(void))
{
	struct thread *t = pool_take();

	if (!t)
		return -ENOMEM;
	thread_prepare(t);
	t->kernel_main = main;
	t->blocked = UINT64_MAX;
	t->tid = 0;
	if (thread_launch(t)) {
		pool_give(t);
		return -EAGAIN;
	}
	return 0;
}

_Noreturn void thread_begin(void)
{
	struct thread *t = current;

	if (t->kernel_main) {
		t->kernel_main();
		kernel_die("a thread of the kernel returned");
	}
	sched_begin(t);
	__asm__ volatile("wrfsbase %0" : : "r"(t->fs_base_start));
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(t->mxcsr_start), "m"(t->fcw_start));
	entry_run_program();
}
