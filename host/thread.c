/* Host threads: each lends itself to one TCS at a time, and waits idle for the next when the enclave gives it back. */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

#define HOST_CLONE_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

long thread_clone(uint64_t flags, uint64_t stack, struct host_thread *t);
_Noreturn void thread_entry(struct host_thread *t);

struct host_thread *thread_here(void)
{
	uint64_t sp = (uint64_t)__builtin_frame_address(0);

	return (struct host_thread *)((sp | (HOST_BLOCK_SIZE - 1)) + 1 - sizeof(struct host_thread));
}

static struct host_thread *thread_of_block(uint64_t block)
{
	return (struct host_thread *)(block + HOST_BLOCK_SIZE - sizeof(struct host_thread));
}

static uint64_t thread_block(const struct host_thread *t)
{
	return (uint64_t)t & ~(HOST_BLOCK_SIZE - 1);
}

/* A thread with its block and border, in a slot of its own. NULL: no memory or no slot. */
static struct host_thread *thread_new(void)
{
	uint32_t slot = __atomic_fetch_add(&host.thread_count, 1, __ATOMIC_RELAXED);
	struct host_thread *t;
	void *block;

	if (slot >= HOST_THREADS_MAX)
		return NULL;
	block = secret_memory(HOST_BLOCK_SIZE, HOST_BLOCK_SIZE);
	t = block ? thread_of_block((uint64_t)block) : NULL;
	if (!t)
		return NULL;
	t->border = secret_memory(BORDER_SIZE, PAGE_SIZE);
	if (!t->border)
		return NULL;
	t->slot = slot;
	t->border->slot = slot;
	__atomic_store_n(&host.threads[slot], t, __ATOMIC_RELEASE);
	return t;
}

/*
 * A signal found this thread in host code. The kernel learns of it when the call returns; a blocking call that has not
 * begun is given up.
 */
void thread_signal(int signal, void *siginfo, void *ucontext)
{
	struct host_thread *t = thread_here();
	struct ucontext *uc = ucontext;
	uint64_t rip = uc->uc_mcontext.rip;

	if (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE || signal == SIGTRAP ||
	    signal == SIGSYS) {
		struct siginfo *si = siginfo;

		if (si->si_code > 0)
			host_die("the host half failed: signal %d at %lx, address %lx", signal, rip, si->fault.addr);
	}
	__atomic_fetch_or(&t->border->signals, 1UL << (signal - 1), __ATOMIC_RELEASE);
	if (t->run)
		t->run->interrupt = 1;
	if (rip >= (uint64_t)blocking_check && rip < (uint64_t)blocking_left)
		uc->uc_mcontext.rip = (uint64_t)blocking_abort;
}

/* The exception was handled: tell of the signals that came meanwhile, one by one, then resume. */
static void thread_resume(struct host_thread *t, struct cpu_run *run)
{
	run->interrupt = 0;
	t->held_signals |= __atomic_exchange_n(&t->border->signals, 0, __ATOMIC_ACQUIRE);
	t->in_handler = t->held_signals != 0;
	run->function = t->in_handler ? ENCLU_EENTER : ENCLU_ERESUME;
	if (t->in_handler) {
		run->regs = (struct cpu_regs){ .rdi = (uint64_t)__builtin_ctzl(t->held_signals) + 1 };
		t->held_signals &= t->held_signals - 1;
	}
}

/* At EEXIT: make the host call that it is for. False: it was for something else, or the thread is to leave. */
static bool thread_served(struct cpu_run *run)
{
	struct host_thread *t = thread_here();

	if (run->regs.rdi != EXIT_HOSTCALL)
		return false;
	run->function = ENCLU_EENTER;
	run->regs.rdi = ENTER_RETURN; /* the others are as the kernel cleared them */
	return call_serve(t);
}

static void thread_left(struct host_thread *t, struct cpu_run *run)
{
	if (t->leaving)
		return;
	if (run->regs.rdi != EXIT_RESUME)
		host_die("the enclave left for an unknown reason (%lu)", run->regs.rdi);
	thread_resume(t, run);
}

static void thread_interrupted(struct host_thread *t, struct cpu_run *run)
{
	if (run->exit == CPU_EXIT_SIGNAL && t->in_handler) {
		t->held_signals |= 1UL << (run->signal - 1);
		run->function = ENCLU_ERESUME;
		return;
	}
	if (t->in_handler)
		host_die("the enclave's exception handler itself failed: vector %u, address %lx", run->vector,
			 run->address);
	t->in_handler = 1;
	run->function = ENCLU_EENTER;
	run->regs = (struct cpu_regs){ .rdi = run->exit == CPU_EXIT_SIGNAL ? run->signal : 0 };
}

/* Not entered, and that may be: 0, with what to do next in `run`. */
static int thread_turned_back(struct host_thread *t, struct cpu_run *run, int error)
{
	if (error == -EBUSY) { /* its last user has not left it yet */
		(void)sys_raw3(__NR_sched_yield, 0, 0, 0);
		return 0;
	}
	if (error != -EINTR)
		return error;
	/* A signal came on the way in. EENTER takes it along (the kernel looks at the border); ERESUME would not. */
	run->interrupt = 0;
	if (run->function == ENCLU_ERESUME)
		thread_resume(t, run);
	return 0;
}

/* Lend this thread to t->tcs until the enclave gives it back. */
static void thread_lend(struct host_thread *t, struct cpu_regs regs)
{
	struct cpu_run run = { .tcs = t->tcs, .function = ENCLU_EENTER, .regs = regs, .served = thread_served };

	t->run = &run;
	while (!t->leaving) {
		int error = host.cpu->enter(&run);

		if (error) {
			if (thread_turned_back(t, &run, error))
				host_die("the enclave cannot be entered: TCS %lx, error %d", t->tcs, error);
			continue;
		}
		if (run.exit == CPU_EXIT_EEXIT)
			thread_left(t, &run);
		if (run.exit == CPU_EXIT_EEXIT || run.exit == CPU_EXIT_SERVED)
			continue;
		if (run.exit == CPU_EXIT_SIGNAL)
			t->signals++;
		else
			t->exceptions++;
		thread_interrupted(t, &run);
	}
	t->run = NULL;
	t->leaving = 0;
	t->in_handler = 0;
}

static void thread_wait_for_work(struct host_thread *t)
{
	while (!__atomic_load_n(&t->work, __ATOMIC_ACQUIRE))
		(void)sys_futex(&t->work, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0);
	__atomic_store_n(&t->work, 0, __ATOMIC_RELAXED);
}

/*
 * The enclave may ask for a TCS again while its last user is on the way out. Interrupted there, that one has left the
 * TCS for a moment and will resume: entering it now would go on with the wrong one.
 */
static bool thread_tcs_in_use(const struct host_thread *t)
{
	uint32_t count = __atomic_load_n(&host.thread_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 1; i < count && i < HOST_THREADS_MAX; i++) {
		const struct host_thread *other = __atomic_load_n(&host.threads[i], __ATOMIC_ACQUIRE);

		if (other && other != t && __atomic_load_n(&other->tcs, __ATOMIC_ACQUIRE) == t->tcs)
			return true;
	}
	return false;
}

_Noreturn void thread_entry(struct host_thread *t)
{
	t->tid = (int32_t)sys_gettid();
	if (host.cpu->thread_init((void *)thread_block(t)))
		host_die("thread %u: the processor cannot be prepared for it", t->slot);
	for (;;) {
		thread_wait_for_work(t);
		while (thread_tcs_in_use(t))
			(void)sys_raw3(__NR_sched_yield, 0, 0, 0);
		thread_lend(t,
			    (struct cpu_regs){ .rdi = ENTER_THREAD, .rsi = (uint64_t)t->border, .rdx = BORDER_SIZE });
		__atomic_store_n(&t->tcs, 0, __ATOMIC_RELEASE);
	}
}

/* An idle thread, claimed for `tcs`. */
static struct host_thread *thread_claim(uint64_t tcs)
{
	uint32_t count = __atomic_load_n(&host.thread_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 1; i < count && i < HOST_THREADS_MAX; i++) {
		struct host_thread *t = __atomic_load_n(&host.threads[i], __ATOMIC_ACQUIRE);
		uint64_t idle = 0;

		if (t && __atomic_compare_exchange_n(&t->tcs, &idle, tcs, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return t;
	}
	return NULL;
}

static struct host_thread *thread_spawn(uint64_t tcs)
{
	struct host_thread *t = thread_new();

	if (!t)
		return NULL;
	t->tcs = tcs;
	return thread_clone(HOST_CLONE_FLAGS, (uint64_t)t & ~15UL, t) < 0 ? NULL : t;
}

long thread_start(uint64_t tcs)
{
	struct host_thread *t = thread_claim(tcs);

	if (!t)
		t = thread_spawn(tcs);
	if (!t)
		return -EAGAIN;
	t->parked = 0;
	t->border->signals = 0;
	__atomic_store_n(&t->work, 1, __ATOMIC_RELEASE);
	(void)sys_futex(&t->work, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	return t->slot;
}

/* The first thread may end before the others. Signals of the process are theirs then. */
static _Noreturn void thread_rest(void)
{
	const uint64_t all = ~0UL;

	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8, 0, 0);
	for (;;)
		(void)sys_raw3(__NR_pause, 0, 0, 0);
}

static _Noreturn void thread_first(struct host_thread *t)
{
	t->tid = (int32_t)sys_gettid();
	t->tcs = host.header.tcs;
	if (host.cpu->thread_init((void *)thread_block(t)))
		host_die("the processor cannot be prepared for the first thread");
	thread_lend(t, (struct cpu_regs){ .rdi = ENTER_PROCESS, .rsi = (uint64_t)t->border, .rdx = BORDER_SIZE,
					  .r8 = (uint64_t)host.start, .r9 = sizeof(*host.start) });
	thread_rest();
}

_Noreturn void thread_run_first(void)
{
	struct host_thread *t = thread_new();

	if (!t)
		host_die("no memory for the first thread");
	/* From here on the stack is the thread's own; the one that the process began with is not used again. */
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; mov %1, %%rdi; call *%2"
			 : : "r"((uint64_t)t & ~15UL), "r"(t), "r"(thread_first) : "rdi", "memory");
	__builtin_unreachable();
}
