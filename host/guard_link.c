/* The enclave process's side of its guard: start it, and do not go on before both are each other's tracer. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/futex.h"
#include "abi/linux/prctl.h"
#include "abi/linux/ptrace.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/wait.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"
#include "host/host.h"

#define LINK_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define LINK_STACK 0x4000UL

struct link {
	struct guard guard;
	int32_t leader;
	uint32_t linked; /* futex: the watcher sets it when both trace each other */
};

/*
 * A program file with capabilities (CAP_IPC_LOCK) starts with more than the guard, and only who has as much may attach:
 * the guard inherits them.
 */
static void link_give_capabilities(void)
{
	struct cap_user_header header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct cap_user_data data[2] = { 0 };

	if (sys_raw3(__NR_getuid, 0, 0, 0) == 0 || sys_raw3(__NR_capget, (long)&header, (long)data, 0))
		return;
	for (int i = 0; i < 2; i++)
		data[i].inheritable |= data[i].permitted;
	if (sys_raw3(__NR_capset, (long)&header, (long)data, 0))
		return;
	for (uint32_t cap = 0; cap < 64; cap++)
		if (data[cap / 32].permitted >> cap % 32 & 1)
			(void)sys_prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

static _Noreturn void link_become_guard(const char *path, int fd)
{
	const char *argv[] = { "adyton-guard", NULL }, *envp[] = { NULL };

	if (fd != GUARD_FD)
		(void)sys_raw3(__NR_dup2, fd, GUARD_FD, 0);
	(void)sys_fcntl(GUARD_FD, F_SETFD, 0);
	link_give_capabilities();
	(void)sys_raw3(__NR_execve, (long)path, (long)argv, (long)envp);
	sys_exit_group(127);
}

struct guard guard_start(const char *path)
{
	int32_t ends[2];
	long pid, error;

	if (!path)
		host_die("adyton-guard is not installed beside adyton-host, and without it root could attach to the program: "
			 "install it, or accept that with --memory=ordinary");
	error = sys_raw6(__NR_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, (long)ends, 0, 0);
	if (error)
		host_die("no socket for the guard: error %ld", -error);
	/* No exit signal: waiting for children does not find it, and the program hears nothing of it. */
	pid = sys_raw6(__NR_clone, 0, 0, 0, 0, 0, 0);
	if (pid == 0)
		link_become_guard(path, ends[1]);
	if (sys_is_error(pid))
		host_die("no process for the guard: error %ld", -pid);
	(void)sys_close(ends[1]);
	return (struct guard){ .pid = (int32_t)pid, .fd = ends[0] };
}

static void link_expect(const struct link *l, int stage)
{
	struct guard_report report = { 0 };
	long n = sys_read(l->guard.fd, &report, sizeof(report));

	if (n != sizeof(report))
		host_die("the guard ended before it was attached: is %s a program of this installation?",
			 host.launch->guard ? (const char *)host.launch + host.launch->guard : "adyton-guard");
	if (report.stage == stage)
		return;
	if (report.stage == GUARD_HARDEN)
		host_die("the guard cannot protect its own memory (error %d): secretmem and a locked page are needed, see "
			 "`adyton platform`; or use --memory=ordinary", report.error);
	if (report.stage == GUARD_ATTACH)
		host_die("the guard cannot attach to this process (error %d): end the debugger or strace that holds it, allow "
			 "ptrace (kernel.yama.ptrace_scope of at most 1), or use --memory=ordinary", report.error);
	host_die("the guard finds that it is not traced (stage %d, error %d): another tracer holds it", report.stage,
		 report.error);
}

static void link_check_tracer(const struct link *l, const char *who)
{
	long tracer = guard_tracer();

	if (tracer != l->guard.pid)
		host_die("%s should be traced by the guard (%d), found %ld", who, l->guard.pid, tracer);
}

/* The guard stops only by SIGSTOP, and never for long. When it ends, so does the enclave. */
static _Noreturn void link_watch(const struct link *l)
{
	for (;;) {
		int status = 0;
		long pid = sys_raw6(__NR_wait4, l->guard.pid, (long)&status, WALL | WNOTHREAD, 0, 0, 0);

		if (pid == -EINTR)
			continue;
		if (sys_is_error(pid) || !WIFSTOPPED(status))
			break;
		(void)sys_raw6(__NR_ptrace, PTRACE_CONT, l->guard.pid, 0, 0, 0, 0);
	}
	for (;;)
		(void)sys_raw3(__NR_kill, sys_getpid(), SIGKILL, 0);
}

static _Noreturn void link_watcher(struct link *shared)
{
	struct link l = *shared;
	struct guard_request request = { .leader = l.leader, .watcher = (int32_t)sys_gettid() };
	long error;

	(void)sys_prctl(PR_SET_NAME, (uint64_t)"adyton-watcher", 0, 0, 0);
	link_expect(&l, GUARD_READY);
	error = sys_raw6(__NR_ptrace, PTRACE_SEIZE, l.guard.pid, 0, PTRACE_O_EXITKILL, 0, 0);
	if (error)
		host_die("the guard cannot be traced (error %ld): end the debugger that holds it, allow ptrace "
			 "(kernel.yama.ptrace_scope of at most 1), or use --memory=ordinary", -error);
	(void)sys_write(l.guard.fd, &request, sizeof(request));
	link_expect(&l, GUARD_ATTACHED);
	link_check_tracer(&l, "the watching thread");
	__atomic_store_n(&shared->linked, 1, __ATOMIC_RELEASE);
	(void)sys_futex(&shared->linked, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	link_watch(&l);
}

/* The child gets link_watcher(l) on its own stack; both inherit a mask that blocks everything. */
static long link_clone(uint64_t top, struct link *l)
{
	register uint64_t function __asm__("r12") = (uint64_t)link_watcher;
	register uint64_t argument __asm__("r13") = (uint64_t)l;
	register uint64_t none __asm__("r10") = 0;
	register uint64_t tls __asm__("r8") = 0;
	long tid;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r13, %%rdi\n\tcall *%%r12\n\t"
			 "hlt\n1:"
			 : "=a"(tid) : "a"(__NR_clone), "D"(LINK_FLAGS), "S"(top & ~15UL), "d"(0), "r"(none), "r"(tls),
			   "r"(function), "r"(argument) : "rcx", "r11", "memory");
	return tid;
}

static void link_start_watcher(struct link *l)
{
	void *stack = secret_memory(LINK_STACK, PAGE_SIZE);
	uint64_t all = ~0UL, old;
	long tid;

	if (!stack)
		host_die("no locked memory for the watching thread");
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&old, 8, 0, 0);
	tid = link_clone((uint64_t)stack + LINK_STACK, l);
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	if (sys_is_error(tid))
		host_die("no thread to watch the guard: error %ld", -tid);
}

void guard_link(struct guard guard)
{
	struct link l = { .guard = guard, .leader = (int32_t)sys_getpid() };

	/* File capabilities make a process undumpable, and Yama wants to be told: for this moment both give way. */
	(void)sys_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	(void)sys_prctl(PR_SET_PTRACER, (uint64_t)guard.pid, 0, 0, 0);
	link_start_watcher(&l);
	while (!__atomic_load_n(&l.linked, __ATOMIC_ACQUIRE))
		(void)sys_futex(&l.linked, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0);
	link_check_tracer(&l, "this process");
	harden_undumpable();
	(void)sys_prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	(void)sys_close(guard.fd);
}
