/* Numbers and names: process, thread, group, session, host and domain name. */
#include "abi/linux/capability.h"
#include "abi/linux/utsname.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/cred.h"

#define IDS_RELEASE "6.1.0-adyton"

SYSCALL0(getpid)
{
	return init_process.pid;
}

SYSCALL0(getppid)
{
	return init_process.ppid;
}

SYSCALL0(gettid)
{
	return current->tid;
}

static bool ids_is_self(int pid)
{
	return pid == 0 || pid == init_process.pid || (pid > 0 && task_is_thread(pid));
}

SYSCALL1(getpgid, int, pid)
{
	return ids_is_self(pid) ? init_process.pgid : -ESRCH;
}

SYSCALL0(getpgrp)
{
	return init_process.pgid;
}

SYSCALL1(getsid, int, pid)
{
	return ids_is_self(pid) ? init_process.sid : -ESRCH;
}

/* The host's process moves along, so that the terminal and the shell see the same. */
SYSCALL2(setpgid, int, pid, int, pgid)
{
	struct process *p = &init_process;
	long error;

	if (pgid < 0 || (pgid == 0 && pid < 0))
		return -EINVAL;
	if (!ids_is_self(pid))
		return -ESRCH;
	if (p->sid == p->pid)
		return -EPERM;
	error = host_setpgid(0, pgid == p->pid ? 0 : pgid);
	if (!error)
		p->pgid = pgid ? pgid : p->pid;
	return error;
}

SYSCALL0(setsid)
{
	struct process *p = &init_process;
	long result;

	if (p->pgid == p->pid)
		return -EPERM;
	result = host_setsid(0);
	if (result < 0)
		return result;
	p->sid = p->pgid = p->pid;
	return p->pid;
}

SYSCALL1(uname, uint64_t, addr)
{
	struct utsname u = { .sysname = "Linux", .release = IDS_RELEASE, .version = "#1 SMP", .machine = "x86_64" };

	{
		LOCKED(&init_process.lock);
		memcpy(u.nodename, init_process.nodename, sizeof(u.nodename));
		memcpy(u.domainname, init_process.domainname, sizeof(u.domainname));
	}
	return copy_to_user(addr, &u, sizeof(u));
}

static long ids_set_name(char to[UTSNAME_LENGTH], uint64_t from, int length)
{
	char name[UTSNAME_LENGTH] = { 0 };

	if (!cred_capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (length < 0 || length >= UTSNAME_LENGTH)
		return -EINVAL;
	if (copy_from_user(name, from, (size_t)length))
		return -EFAULT;
	LOCKED(&init_process.lock);
	memcpy(to, name, UTSNAME_LENGTH);
	return 0;
}

SYSCALL2(sethostname, uint64_t, name, int, length)
{
	return ids_set_name(init_process.nodename, name, length);
}

SYSCALL2(setdomainname, uint64_t, name, int, length)
{
	return ids_set_name(init_process.domainname, name, length);
}

SYSCALL1(umask, uint32_t, mask)
{
	return __atomic_exchange_n(&init_process.umask, mask & 0777, __ATOMIC_RELAXED);
}
