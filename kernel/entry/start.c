/* The first entries: of the process, and of each further thread. */
#include "abi/launch.h"
#include "abi/linux/errno.h"
#include "abi/linux/prctl.h"
#include "base/mem.h"
#include "crypto/nettle_freestanding.h"
#include "kernel/border/border.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/entry.h"
#include "kernel/entry/launch.h"
#include "kernel/entry/inherit.h"
#include "kernel/entry/trace.h"
#include "kernel/exec/definition.h"
#include "kernel/exec/exec.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/xstate.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"

static bool start_same_name(const char *variable, const char *name, size_t length)
{
	return !strncmp(variable, name, length) && (variable[length] == '=' || variable[length] == '\0');
}

static bool start_env_allowed(const struct definition *d, const char *variable)
{
	const char *equals = strchr(variable, '=');
	size_t length = equals ? (size_t)(equals - variable) : 0;

	if (!length)
		return false;
	for (uint32_t i = 0; i < d->allow_envc; i++)
		if (!strcmp(d->allow_env[i], "*") || (strlen(d->allow_env[i]) == length &&
						      start_same_name(variable, d->allow_env[i], length)))
			return true;
	return false;
}

static bool start_env_has(const struct exec_strings *to, const char *variable)
{
	const char *equals = strchr(variable, '=');

	for (uint32_t i = 0; i < to->count; i++)
		if (equals && start_same_name(to->list[i], variable, (size_t)(equals - variable)))
			return true;
	return false;
}

/* The definition's variables, then those of the host that it allows and does not set itself. */
static void start_environment(const struct definition *d, const struct exec_strings *host, struct exec_strings *to)
{
	for (uint32_t i = 0; i < d->envc; i++)
		to->list[to->count++] = d->envp[i];
	for (uint32_t i = 0; i < host->count; i++)
		if (start_env_allowed(d, host->list[i]) && !start_env_has(to, host->list[i]))
			to->list[to->count++] = host->list[i];
}

static void start_arguments(const struct definition *d, const struct exec_strings *host, struct exec_strings *to)
{
	if (host->count && !(d->flags & DEF_FLAG_ALLOW_ARGUMENTS))
		kernel_die("arguments were given, and the image's definition does not allow any "
			   "(allow { arguments = true })");
	for (uint32_t i = 0; i < d->argc; i++)
		to->list[to->count++] = d->argv[i];
	for (uint32_t i = 0; i < host->count; i++)
		to->list[to->count++] = host->list[i];
	if (!to->count)
		kernel_die("no program to run: the definition has no entrypoint");
}

static void start_process_state(const struct definition *d, const struct host_start *start)
{
	struct process *p = &init_process;

	p->pid = start->pid > 0 ? start->pid : 1;
	p->ppid = start->ppid;
	p->pgid = start->pgid;
	p->sid = start->sid;
	p->umask = start->umask & 0777;
	p->cred = (struct credentials){ .uid = start->uid,
					.euid = start->euid,
					.suid = start->euid,
					.fsuid = start->euid,
					.gid = start->gid,
					.egid = start->egid,
					.sgid = start->egid,
					.fsgid = start->egid };
	p->cred.group_count = start->group_count <= 64 ? start->group_count : 64;
	memcpy(p->cred.groups, start->groups, p->cred.group_count * sizeof(uint32_t));
	memcpy(p->limits, start->limits, sizeof(p->limits));
	p->quick = d->flags & DEF_FLAG_QUICK;
	p->login = d->flags & DEF_FLAG_LOGIN;
	p->thread_max = (uint32_t)d->threads;
}

/* The program cannot start: what a shell would say, and its exit status. */
static _Noreturn void start_refuse(const char *path, int error, bool told)
{
	bool missing = error == -ENOENT || error == -ENOTDIR;
	const char *why = missing ? "no such file, or its interpreter or one of its folders is missing" :
			  error == -EACCES ? "it is not a regular file that may be executed and read" :
			  error == -ENOEXEC ? "it is neither an ELF program for x86-64 nor a script with #!" :
			  error == -EIO ? "a block of it does not match the root hash" :
			  error == -ENOMEM ? "it does not fit into the image's memory" :
			  error == -ELOOP ? "too many symbolic links or interpreters" : "it cannot be loaded";

	if (!told)
		kernel_log("%s: %s (error %d)", path, why, -error);
	process_exit((missing ? 127 : 126) << 8);
}

static void start_program(const struct definition *d, const struct host_start *start)
{
	struct launch_copy *launch = launch_read(start);
	struct exec_strings *argv = exec_strings_new(d->argc + launch->argv->count + EXEC_SCRIPT_ROOM);
	struct exec_strings *envp = exec_strings_new(d->envc + launch->envp->count);
	uint32_t said = kernel_log_count();
	const char *path, *cwd;
	int error;

	if (!argv || !envp)
		kernel_die("no memory for arguments");
	if (launch->block->flags & LAUNCH_NO_RANDOMIZE && d->flags & (DEF_FLAG_QUICK | DEF_FLAG_DEBUG))
		init_process.personality |= ADDR_NO_RANDOMIZE;
	trace_start(launch->block->trace, launch_string(launch->block, launch->block->trace_names),
		    d->flags & (DEF_FLAG_QUICK | DEF_FLAG_DEBUG));
	cwd = d->flags & DEF_FLAG_QUICK ? launch_string(launch->block, launch->block->cwd) : d->workdir;
	error = vfs_start(cwd ? cwd : "/");
	if (error && said != kernel_log_count())
		kernel_stop();
	if (error)
		kernel_die("root file system: error %d", -error);
	error = inherit_descriptors(start);
	if (error)
		kernel_die("inherited descriptors: error %d", -error);
	start_arguments(d, launch->argv, argv);
	start_environment(d, launch->envp, envp);
	path = d->flags & DEF_FLAG_QUICK ? launch_string(launch->block, launch->block->program) : argv->list[0];
	said = kernel_log_count();
	error = path ? exec_program(path, argv, envp, start, thread_regs(current)) : -ENOENT;
	if (error)
		start_refuse(path ? path : "(no program)", error, said != kernel_log_count());
	exec_strings_free(envp);
	exec_strings_free(argv);
}

static void start_cpuid(uint32_t leaf, uint32_t regs[4])
{
	struct host_cpuid c = { 0 };

	if (host_cpuid(leaf, 0, &c))
		c = (struct host_cpuid){ 0 };
	regs[0] = c.eax;
	regs[1] = c.ebx;
	regs[2] = c.ecx;
	regs[3] = c.edx;
}

static _Noreturn void start_first_process(uint64_t address, uint64_t size)
{
	struct host_start *start;
	struct thread *t = current;

	heap_start();
	crypto_start(start_cpuid);
	definition_start();
	start = heap_alloc(sizeof(*start));
	if (!start || size < sizeof(*start) || border_read(start, address, sizeof(*start)))
		kernel_die("the host gave no start block");
	start_process_state(definition(), start);
	clock_start();
	task_start(t);
	signal_start(start->blocked, start->ignored);
	mm_start(definition()->memory);
	start_program(definition(), start);
	entry_run_program();
}

_Noreturn void entry_first(uint64_t why, uint64_t border, uint64_t border_size, uint64_t start, uint64_t start_size)
{
	struct thread *t = current;
	bool first = (uint64_t)t == KERNEL_THREAD0 + THREAD_BLOCK_STRUCT;

	if (border_set(t, border, border_size))
		kernel_stop(); /* nothing to say it with */
	if (why != (first ? ENTER_PROCESS : ENTER_THREAD))
		kernel_die("the host entered a thread for the wrong reason");
	xstate_reset(); /* the host's until now */
	if (first)
		start_first_process(start, start_size);
	/* One that has ended, or that is being made, holds registers of a program that must not run (again). */
	if (!__atomic_exchange_n(&t->launched, 0, __ATOMIC_ACQ_REL))
		kernel_die("the host entered a thread that was not started");
	thread_begin();
}
