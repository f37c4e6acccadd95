/*
 * execve(2): the process becomes another program. Everything that can be refused is checked first; from task_alone()
 * on there is no way back, and what fails then ends the process, as on Linux.
 */
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "kernel/attest/attest.h"
#include "kernel/exec/exec.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/user.h"
#include "kernel/patch/patch.h"
#include "kernel/signal/signal.h"
#include "kernel/signal/xstate.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"
#include "kernel/time/timer.h"

#define EXECVE_STRING_MAX (128 * KIB) /* MAX_ARG_STRLEN */

/* Count a NULL-terminated list of the program's; NULL itself counts as an empty one, as Linux has it. */
static long execve_count(uint64_t list)
{
	uint64_t at;

	for (long n = 0; list; n++) {
		if (n > (long)EXEC_STRINGS_MAX)
			return -E2BIG;
		if (get_user_u64(&at, list + (uint64_t)n * 8))
			return -EFAULT;
		if (!at)
			return n;
	}
	return 0;
}

static int execve_copy_string(struct exec_strings *s, uint64_t from, char *scratch, uint64_t *left)
{
	long size = copy_string_from_user(scratch, from, EXECVE_STRING_MAX);
	char *kept;

	if (size < 0)
		return size == -ENAMETOOLONG ? -E2BIG : (int)size;
	if ((uint64_t)++size > *left)
		return -E2BIG;
	*left -= (uint64_t)size;
	kept = exec_strings_keep(s, (size_t)size);
	if (!kept)
		return -ENOMEM;
	memcpy(kept, scratch, (size_t)size);
	s->list[s->count++] = kept;
	return 0;
}

/* `left`: bytes that may still be copied, of arguments and environment together. */
static int execve_copy(uint64_t list, char *scratch, uint64_t *left, struct exec_strings **out)
{
	long count = execve_count(list);
	int error = 0;

	if (count < 0)
		return (int)count;
	*out = exec_strings_new((uint32_t)count + 1 + EXEC_SCRIPT_ROOM);
	if (!*out)
		return -ENOMEM;
	for (long i = 0; i < count && !error; i++) {
		uint64_t at = 0;

		error = get_user_u64(&at, list + (uint64_t)i * 8);
		if (!error)
			error = execve_copy_string(*out, at, scratch, left);
	}
	return error;
}

/* A program is named as it was asked for; one that was given by descriptor alone has no other name than that: 1. */
static int execve_name(int dirfd, uint64_t path, char *name, size_t size)
{
	long length = copy_string_from_user(name, path, size);

	if (length < 0)
		return (int)length;
	if (length)
		return 0;
	(void)format(name, size, "/dev/fd/%d", dirfd);
	return 1;
}

static int execve_open(struct exec_binary *b, int dirfd, uint64_t path, uint32_t flags, struct exec_strings *argv,
		       char *scratch)
{
	struct file *f;
	int error = vfs_open_exec(dirfd, path, flags, &f), unnamed;

	if (error)
		return error;
	unnamed = execve_name(dirfd, path, scratch, EXECVE_STRING_MAX);
	if (unnamed < 0) {
		file_put(f);
		return unnamed;
	}
	error = exec_open(b, f, scratch, argv);
	b->unnamed = unnamed;
	return error;
}

/* The old program goes, with everything that it was told and that it set up for itself. */
static int execve_forget(void)
{
	struct thread *t = current;

	futex_exit_robust(t);
	t->clear_child_tid = t->robust_list = t->rseq = 0;
	t->restart = (struct thread_restart){ 0 };
	attest_exec();
	fd_close_on_exec();
	signal_exec();
	timer_exec();
	patch_exec();
	xstate_reset();
	__asm__ volatile("wrfsbase %0" : : "r"(0UL));
	return mm_unmap(PAGE_DOWN(USER_BOTTOM), USER_TOP - PAGE_DOWN(USER_BOTTOM));
}

static long execve_go(int dirfd, uint64_t path, uint32_t flags, struct exec_strings *argv,
		      const struct exec_strings *envp, char *scratch)
{
	struct exec_binary b;
	struct regs *regs = thread_regs(current);
	int error = execve_open(&b, dirfd, path, flags, argv, scratch);

	if (error)
		return error;
	error = task_alone();
	if (error) {
		exec_close(&b);
		return error;
	}
	error = execve_forget();
	if (!error)
		error = exec_load(&b, argv, envp, regs);
	if (error) {
		kernel_log("%s: cannot be loaded (error %d), and the program before it is gone", b.path, -error);
		process_exit(SIGKILL);
	}
	exec_close(&b);
	return (long)regs->rax;
}

static long execve_at(int dirfd, uint64_t path, uint64_t argv_list, uint64_t envp_list, uint32_t flags)
{
	_cleanup_exec_strings_ struct exec_strings *argv = NULL, *envp = NULL;
	char *scratch = heap_alloc(EXECVE_STRING_MAX);
	uint64_t left = EXEC_BYTES_MAX;
	long result;

	if (!scratch)
		return -ENOMEM;
	result = execve_copy(argv_list, scratch, &left, &argv);
	if (!result)
		result = execve_copy(envp_list, scratch, &left, &envp);
	if (!result && !argv->count)
		argv->list[argv->count++] = ""; /* Linux 5.18 and later */
	if (!result)
		result = execve_go(dirfd, path, flags, argv, envp, scratch);
	heap_free(scratch);
	return result;
}

SYSCALL3(execve, uint64_t, path, uint64_t, argv, uint64_t, envp)
{
	return execve_at(AT_FDCWD, path, argv, envp, 0);
}

SYSCALL5(execveat, int, dirfd, uint64_t, path, uint64_t, argv, uint64_t, envp, uint32_t, flags)
{
	if (flags & ~(uint32_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return execve_at(dirfd, path, argv, envp, flags);
}
