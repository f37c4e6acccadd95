/* The enclave process's side of its guard: start it, and do not go on before both are each other's tracer. */
#include "abi/linux/capability.h"
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/prctl.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "cpu/linux/sys.h"
#include "host/guard.h"
#include "host/harden.h"
#include "host/host.h"

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
		host_die("adyton-guard is not installed beside adyton-host, and without it root could attach to the "
			 "program: install it, or accept that with --memory=ordinary");
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

static void link_expect_attached(int fd)
{
	struct guard_report report = { 0 };
	long n;

	do
		n = sys_read(fd, &report, sizeof(report));
	while (n == -EINTR);
	if (n != sizeof(report))
		host_die("the guard ended before it was attached: is %s a program of this installation?",
			 (const char *)host.launch + host.launch->guard);
	if (report.stage == GUARD_HARDEN)
		host_die("the guard cannot protect its own memory (error %d): secretmem and locked pages are needed, "
			 "see `adyton platform`; or use --memory=ordinary", report.error);
	if (report.stage != GUARD_ATTACHED)
		host_die("the guard cannot attach to %s (error %d): end the debugger or strace that holds it, allow "
			 "ptrace (kernel.yama.ptrace_scope of at most 1), or use --memory=ordinary",
			 report.stage == GUARD_WATCHER ? "its watcher" : "this process", report.error);
}

void guard_link(struct guard guard)
{
	const struct guard_request request = { .pid = (int32_t)sys_getpid() };
	long tracer;

	/* File capabilities make a process undumpable, and Yama wants to be told: for this moment both give way. */
	(void)sys_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	(void)sys_prctl(PR_SET_PTRACER, (uint64_t)guard.pid, 0, 0, 0);
	/* No SIGPIPE should it have ended: the answer says so. */
	(void)sys_raw6(__NR_sendto, guard.fd, (long)&request, sizeof(request), MSG_NOSIGNAL, 0, 0);
	link_expect_attached(guard.fd);
	harden_undumpable();
	(void)sys_prctl(PR_SET_PTRACER, 0, 0, 0, 0);
	(void)sys_close(guard.fd);
	tracer = guard_tracer();
	if (tracer != guard.pid)
		host_die("this process should be traced by its guard (%d), found %ld", guard.pid, tracer);
}
