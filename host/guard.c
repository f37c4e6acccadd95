/*
 * adyton-guard: the tracer of an enclave process, see guard.h. It keeps no secret, but who could write to its memory or
 * attach to it would own the process that it traces: so it hardens itself in the same way and is traced in turn. It has
 * no writable data beside its stack.
 */
#include "abi/linux/errno.h"
#include "abi/linux/prctl.h"
#include "abi/linux/ptrace.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/wait.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"

/* Threads are traced from their first instruction on; a child only until it executes a program of its own. */
#define GUARD_OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC)

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

static void guard_attach(const struct guard_request *to)
{
	const int32_t threads[] = { to->leader, to->watcher };

	for (int i = 0; i < 2; i++) {
		long error = guard_ptrace(PTRACE_SEIZE, threads[i], GUARD_OPTIONS);

		if (error)
			guard_fail(GUARD_ATTACH, error);
	}
}

static bool guard_is_stop(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* A tracee stopped: let it go on as if nobody traced it. */
static void guard_resume(const struct guard_request *to, int pid, int status)
{
	int event = status >> 16, signal = WEXITSTATUS(status);

	if (event == 0)
		(void)guard_ptrace(PTRACE_CONT, pid, signal);
	else if (event == PTRACE_EVENT_EXEC && pid != to->leader)
		(void)guard_ptrace(PTRACE_DETACH, pid, 0); /* another program: it gets a guard of its own, if any */
	else if (event == PTRACE_EVENT_STOP && guard_is_stop(signal) && pid != to->watcher)
		(void)guard_ptrace(PTRACE_LISTEN, pid, 0); /* job control: it stays stopped until SIGCONT */
	else
		(void)guard_ptrace(PTRACE_CONT, pid, 0);
}

static _Noreturn void guard_watch(const struct guard_request *to)
{
	for (;;) {
		int status = 0;
		long pid = sys_raw6(__NR_wait4, -1, (long)&status, WALL, 0, 0, 0);

		if (pid == -EINTR)
			continue;
		if (sys_is_error(pid))
			sys_exit_group(0); /* nobody is left */
		if (WIFSTOPPED(status))
			guard_resume(to, (int)pid, status);
	}
}

static void guard_run(void *unused)
{
	extern const char __ehdr_start[], _end[];
	struct harden_fault fault = { 0 };
	struct guard_request request;
	long tracer;

	(void)unused;
	if (!harden_self((uint64_t)__ehdr_start, (uint64_t)_end, &fault))
		guard_fail(GUARD_HARDEN, fault.error);
	guard_report(GUARD_READY, 0);
	if (sys_read(GUARD_FD, &request, sizeof(request)) != sizeof(request))
		sys_exit_group(1);
	tracer = guard_tracer();
	if (tracer != request.watcher)
		guard_fail(GUARD_UNTRACED, tracer < 0 ? tracer : 0);
	harden_undumpable();
	guard_attach(&request);
	guard_report(GUARD_ATTACHED, 0);
	(void)sys_close(GUARD_FD);
	guard_watch(&request);
}

_Noreturn void guard_main(uint64_t *stack)
{
	long at;

	(void)stack;
	guard_leave();
	at = harden_secret(HARDEN_STACK_SIZE);
	if (sys_is_error(at))
		guard_fail(GUARD_HARDEN, at);
	harden_stack((uint64_t)at + HARDEN_STACK_SIZE, guard_run, NULL);
}

__asm__(".globl _start\n_start:\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall guard_main\n\thlt");
