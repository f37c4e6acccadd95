/*
 * adyton-guard, see guard.h. It keeps no secret, but who could write to its memory or attach to it would own the
 * process that it traces: so it hardens itself in the same way and is traced in turn. It has no writable data beside
 * its stack.
 */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/prctl.h"
#include "abi/linux/ptrace.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/wait.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"

/* Threads are traced from their first instruction on; a child only until it executes a program of its own. */
#define GUARD_OPTIONS \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)
#define WATCHER_STACK (HARDEN_STACK_SIZE / 4) /* at the bottom of the guard's, whose address space it shares */

/* Guard and watcher, on the guard's stack. */
struct pair {
	int32_t guard, watcher;
	uint32_t tracing; /* futex: the watcher sets it to 1 plus the error of ptrace(2) */
	uint64_t stack;
};

_Noreturn void guard_main(uint64_t *stack);

static long guard_ptrace(long request, int pid, long data)
{
	return sys_raw6(__NR_ptrace, request, pid, 0, data, 0, 0);
}

static void guard_report(int stage, long error)
{
	const struct guard_report report = { .stage = stage, .error = (int32_t)(error < 0 ? -error : error) };

	(void)sys_write(GUARD_FD, &report, sizeof(report));
}

static _Noreturn void guard_fail(int stage, long error)
{
	guard_report(stage, error);
	sys_exit_group(1);
}

/* Nothing of the user's terminal, folders and files stays with the guard, and no signal but SIGKILL and SIGSTOP. */
static void guard_leave(void)
{
	const uint64_t all = ~0UL;

	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, 8, 0, 0);
	(void)sys_raw3(__NR_close_range, 0, GUARD_FD - 1, 0);
	(void)sys_raw3(__NR_close_range, GUARD_FD + 1, 0xffffffffL, 0);
	(void)sys_raw3(__NR_setsid, 0, 0, 0);
	(void)sys_raw3(__NR_chdir, (long)"/", 0, 0);
}

/*
 * The guard stops only for a moment, by SIGSTOP or SIGCONT. The watcher is traced by PTRACE_TRACEME, not PTRACE_SEIZE:
 * so SIGCONT, which service managers send to all processes of a service at once, does not stop both of them. It needs
 * no PTRACE_O_EXITKILL: without the guard it has nothing that others could want.
 */
static _Noreturn void watcher_run(struct pair *shared)
{
	const int guard = shared->guard;
	long error = guard_ptrace(PTRACE_TRACEME, 0, 0);

	if (!error)
		error = guard_ptrace(PTRACE_SEIZE, guard, PTRACE_O_EXITKILL);
	(void)sys_prctl(PR_SET_NAME, (uint64_t)"adyton-watcher", 0, 0, 0);
	(void)sys_close(GUARD_FD);
	__atomic_store_n(&shared->tracing, (uint32_t)(1 - error), __ATOMIC_RELEASE);
	(void)sys_futex(&shared->tracing, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	for (;;) {
		int status = 0;
		long pid = sys_raw6(__NR_wait4, -1, (long)&status, WALL, 0, 0, 0);

		if (pid == -EINTR)
			continue;
		if (sys_is_error(pid) || !WIFSTOPPED(status))
			sys_exit_group(0);
		(void)guard_ptrace(PTRACE_CONT, guard, 0);
	}
}

/* A process in the same address space: the child gets watcher_run(pair) on its own part of the stack. */
static long watcher_clone(struct pair *pair)
{
	register uint64_t function __asm__("r12") = (uint64_t)watcher_run;
	register uint64_t argument __asm__("r13") = (uint64_t)pair;
	register uint64_t none __asm__("r10") = 0;
	register uint64_t tls __asm__("r8") = 0;
	long pid;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\tmov %%r13, %%rdi\n\tcall *%%r12\n\thlt\n1:"
			 : "=a"(pid) : "a"(__NR_clone), "D"(CLONE_VM), "S"(pair->stack + WATCHER_STACK), "d"(0),
			   "r"(none), "r"(tls), "r"(function), "r"(argument) : "rcx", "r11", "memory");
	return pid;
}

/* From here on nobody else can attach to either. */
static void guard_make_watcher(struct pair *pair)
{
	long pid, tracer;

	pair->guard = (int32_t)sys_getpid();
	(void)sys_prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* until the watcher is */
	pid = watcher_clone(pair);
	if (sys_is_error(pid))
		guard_fail(GUARD_WATCHER, pid);
	pair->watcher = (int32_t)pid;
	while (!__atomic_load_n(&pair->tracing, __ATOMIC_ACQUIRE))
		(void)sys_futex(&pair->tracing, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0);
	tracer = guard_tracer();
	if (pair->tracing != 1 || tracer != pair->watcher)
		guard_fail(GUARD_WATCHER, (long)pair->tracing - 1);
	harden_undumpable();
}

static bool guard_is_stop(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* A tracee stopped: let it go on as if nobody traced it. */
static void guard_resume(const struct pair *pair, int pid, int status)
{
	int event = status >> 16, signal = WEXITSTATUS(status);

	if (pid == pair->watcher)
		(void)guard_ptrace(PTRACE_CONT, pid, 0);
	else if (event == 0)
		(void)guard_ptrace(PTRACE_CONT, pid, signal);
	else if (event == PTRACE_EVENT_EXEC)
		(void)guard_ptrace(PTRACE_DETACH, pid, 0); /* another program: it gets a guard of its own, if any */
	else if (event == PTRACE_EVENT_STOP && guard_is_stop(signal))
		(void)guard_ptrace(PTRACE_LISTEN, pid, 0); /* job control: it stays stopped until SIGCONT */
	else
		(void)guard_ptrace(PTRACE_CONT, pid, 0);
}

/* Until the enclave process has ended, or is another program. */
static _Noreturn void guard_watch(const struct pair *pair, int enclave)
{
	for (;;) {
		int status = 0;
		long pid = sys_raw6(__NR_wait4, -1, (long)&status, WALL, 0, 0, 0);
		bool stopped = WIFSTOPPED(status);

		if (pid == -EINTR)
			continue;
		if (sys_is_error(pid))
			break;
		if (stopped)
			guard_resume(pair, (int)pid, status);
		if (pid == enclave && (!stopped || status >> 16 == PTRACE_EVENT_EXEC))
			break;
		if (pid == pair->watcher && !stopped)
			break;
	}
	sys_exit_group(0); /* and with it all that it traces */
}

static void guard_run(void *stack)
{
	extern const char __ehdr_start[], _end[];
	struct pair pair = { .stack = (uint64_t)stack };
	struct harden_fault fault = { 0 };
	struct guard_request request;
	long error;

	if (!harden_self((uint64_t)__ehdr_start, (uint64_t)_end, &fault))
		guard_fail(GUARD_HARDEN, fault.error);
	guard_make_watcher(&pair);
	if (sys_read(GUARD_FD, &request, sizeof(request)) != sizeof(request))
		sys_exit_group(1);
	error = guard_ptrace(PTRACE_SEIZE, request.pid, GUARD_OPTIONS);
	if (error)
		guard_fail(GUARD_ATTACH, error);
	guard_report(GUARD_ATTACHED, 0);
	(void)sys_close(GUARD_FD);
	guard_watch(&pair, request.pid);
}

_Noreturn void guard_main(uint64_t *stack)
{
	long at;

	(void)stack;
	guard_leave();
	at = harden_secret(HARDEN_STACK_SIZE);
	if (sys_is_error(at))
		guard_fail(GUARD_HARDEN, at);
	harden_stack((uint64_t)at + HARDEN_STACK_SIZE, guard_run, (void *)(uint64_t)at);
}

__asm__(".globl _start\n_start:\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall guard_main\n\thlt");
