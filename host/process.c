/* What the program inherits from whoever started it. */
#include "abi/linux/dirent.h"
#include "abi/linux/elf.h"
#include "abi/linux/fcntl.h"
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

static bool process_is_own(int fd)
{
	return fd == host.image_fd || fd == host.launch->stats_fd;
}

/* A name of /proc/self/fd; -1 for "." and "..". */
static int process_fd_number(const char *name)
{
	int fd = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		fd = fd * 10 + *name - '0';
	return *name ? -1 : fd;
}

static void process_add_descriptor(struct host_start *s, int fd)
{
	if (s->inherited_count == HOST_INHERITED_MAX)
		host_die("more than %u descriptors are open: that many can be inherited", HOST_INHERITED_MAX);
	s->inherited[s->inherited_count++] = fd;
}

/* All that are open but our own: what was to be closed on exec is closed already. */
static void process_descriptors(struct host_start *s)
{
	uint8_t entries[1024] __attribute__((aligned(8)));
	long folder = sys_raw3(SYS_OPEN, (long)"/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), n;

	if (sys_is_error(folder))
		host_die("/proc/self/fd, which says what descriptors are open, cannot be read: error %ld", -folder);
	while ((n = sys_raw3(__NR_getdents64, folder, (long)entries, sizeof(entries))) > 0) {
		for (long at = 0; at < n;) {
			const struct linux_dirent64 *d = (const struct linux_dirent64 *)(entries + at);
			int fd = process_fd_number(d->d_name);

			if (fd >= 0 && fd != folder && !process_is_own(fd))
				process_add_descriptor(s, fd);
			at += d->d_reclen;
		}
	}
	(void)sys_close((int)folder);
}

/* Where the caller left 0, 1 or 2 closed: or what we open next would get our messages. And ours are nobody else's. */
static void process_keep_own(void)
{
	long fd;

	do
		fd = sys_raw3(SYS_OPEN, (long)"/dev/null", O_RDWR | O_CLOEXEC, 0);
	while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		(void)sys_close((int)fd);
	(void)sys_fcntl(host.image_fd, F_SETFD, FD_CLOEXEC);
	if (host.launch->stats_fd >= 0)
		(void)sys_fcntl(host.launch->stats_fd, F_SETFD, FD_CLOEXEC);
}

void process_describe(struct host_start *s, const uint64_t *auxv)
{
	process_ids(s);
	process_limits(s);
	process_signals(s);
	process_names(s);
	process_descriptors(s);
	process_keep_own();
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
