/*
 * The process: everything that a child would inherit or that its threads share stands here, in one place. There is one
 * process for now (fork is answered ENOSYS); the parts have locks of their own.
 */
#ifndef ADYTON_KERNEL_TASK_PROCESS_H
#define ADYTON_KERNEL_TASK_PROCESS_H

#include "abi/linux/resource.h"
#include "abi/linux/signal.h"
#include "base/list.h"
#include "kernel/sync/lock.h"

struct fdtable;
struct mm;
struct path;
struct vfs;

#define RLIM_NLIMITS_KERNEL 16

struct credentials {
	uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	uint32_t groups[64];
	uint32_t group_count;
	uint64_t cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	uint32_t securebits;
};

struct process {
	struct lock lock; /* threads, thread_count, exit_code, dying, limits, credentials, umask, names */
	struct list threads;
	uint32_t thread_count;
	uint32_t thread_max; /* from the definition; 0: no bound */
	int32_t pid, ppid, pgid, sid;
	bool dying;
	struct thread *exec_thread; /* becomes another program: all other threads shall leave, and none come */
	int32_t exit_code; /* as wait() reports it */
	uint32_t umask;
	struct credentials cred;
	struct rlimit limits[RLIM_NLIMITS_KERNEL];
	bool quick; /* identity DEF_FLAG_QUICK: host files, host environment */
	bool login; /* identity DEF_FLAG_LOGIN, until the first execve: may attest a login */
	uint64_t start_ns; /* monotonic */
	uint32_t dumpable, no_new_privs, personality;
	int32_t parent_death_signal;
	uint32_t child_subreaper, thp_disable, io_flusher;
	uint64_t timer_slack_ns;
	char nodename[65], domainname[65];
	int32_t tid_last; /* the last one given out */

	struct lock signal_lock; /* actions, shared_pending, every thread's pending */
	struct sigaction actions[65];
	uint64_t shared_pending;
	struct list shared_info;
	uint32_t info_count; /* queued siginfo, all threads: bounded by RLIMIT_SIGPENDING */
	uint64_t host_signals; /* atomic: signals the host reported, not yet taken in */

	struct mm *mm;
	struct fdtable *files;
	struct vfs *vfs; /* mounts, root, working directory */

	char exe[4096];     /* absolute path of the program that runs */
	/* on the program's stack, for /proc/self/cmdline and environ */
	uint64_t arg_start, arg_end, env_start, env_end;
	uint64_t auxv_start, auxv_end;
	uint64_t brk_start;
};

extern struct process init_process;

#endif
