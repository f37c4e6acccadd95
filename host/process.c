/* What the program inherits from whoever started it. */
#include "abi/linux/elf.h"
#include "abi/linux/resource.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/utsname.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

static long call0(long nr)
{
	return sys_raw3(nr, 0, 0, 0);
}

static void process_ids(struct host_start *s)
{
	long groups;

	s->pid = (int32_t)call0(__NR_getpid);
	s->ppid = (int32_t)call0(__NR_getppid);
	s->pgid = (int32_t)call0(__NR_getpgrp);
	s->sid = (int32_t)call0(__NR_getsid);
	s->uid = (uint32_t)call0(__NR_getuid);
	s->euid = (uint32_t)call0(__NR_geteuid);
	s->gid = (uint32_t)call0(__NR_getgid);
	s->egid = (uint32_t)call0(__NR_getegid);
	groups = sys_raw3(__NR_getgroups, 64, (long)s->groups, 0);
	s->group_count = groups < 0 ? 0 : (uint32_t)groups;
}

static void process_limits(struct host_start *s)
{
	for (int i = 0; i < 16; i++)
		(void)sys_raw6(__NR_prlimit64, 0, i, 0, (long)&s->limits[i], 0, 0);
	/* It stays 0 here: the kernel inside applies the program's own to every mode that it sends. */
	s->umask = (uint32_t)sys_raw3(__NR_umask, 0, 0, 0);
}

static void process_signals(struct host_start *s)
{
	struct sigaction action;

	(void)sys_raw6(__NR_rt_sigprocmask, SIG_BLOCK, 0, (long)&s->blocked, 8, 0, 0);
	for (int signal = 1; signal <= 64; signal++)
		if (!sys_raw6(__NR_rt_sigaction, signal, 0, (long)&action, 8, 0, 0) && action.sa_handler == 1)
			s->ignored |= 1UL << (signal - 1);
}

static void process_names(struct host_start *s)
{
	struct utsname u;

	(void)sys_raw3(__NR_uname, (long)&u, 0, 0);
	memcpy(s->nodename, u.nodename, sizeof(s->nodename));
	memcpy(s->release, u.release, sizeof(s->release));
	memcpy(s->version, u.version, sizeof(s->version));
	memcpy(s->machine, u.machine, sizeof(s->machine));
	memcpy(s->domain, u.domainname, sizeof(s->domain));
}

void process_describe(struct host_start *s, const uint64_t *auxv)
{
	process_ids(s);
	process_limits(s);
	process_signals(s);
	process_names(s);
	s->dumpable = 0;
	for (; auxv[0] != AT_NULL; auxv += 2) {
		if (auxv[0] == AT_HWCAP)
			s->hwcap = auxv[1];
		else if (auxv[0] == AT_HWCAP2)
			s->hwcap2 = auxv[1];
		else if (auxv[0] == AT_CLKTCK)
			s->clock_tick = auxv[1];
		else if (auxv[0] == AT_MINSIGSTKSZ)
			s->min_signal_stack = auxv[1];
	}
	s->launch = (uint64_t)host.launch;
	s->launch_size = host.launch->size;
}
