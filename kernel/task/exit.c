/* Leaving: one thread, or all. */
#include "abi/linux/wait.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/mm/user.h"
#include "kernel/signal/queue.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"

/* True for the last one. Before the word of clear_child_tid is cleared: who joins may count threads. */
static bool exit_delist(struct thread *t, int code)
{
	struct process *p = &init_process;

	LOCKED(&p->lock);
	LOCKED(&p->signal_lock);
	signal_thread_leave(t);
	list_del(&t->process_link);
	/* The process's status is what its first thread left with, whoever goes last. */
	if (p->exec_thread)
		thread_unpark(p->exec_thread);
	else if (t->tid == p->pid)
		p->exit_code = WAIT_EXITED(code);
	return --p->thread_count == 0;
}

_Noreturn void thread_exit(int code)
{
	struct thread *t = current;
	long slot = (long)t->slot;

	if (!task_unwanted())
		futex_exit_robust(t);
	if (exit_delist(t, code))
		process_exit(init_process.exit_code);
	/* Whoever waits for that word leaves as well, and soon the memory may be another program's. */
	if (!task_unwanted() && t->clear_child_tid && !put_user_u32(t->clear_child_tid, 0))
		futex_wake_address(t->clear_child_tid, 1);
	pool_give(t); /* from here on the block is somebody else's: nothing but leaving */
	host_thread_exit(slot);
	kernel_die("the host did not end the thread");
}

SYSCALL1(exit, int, code)
{
	thread_exit(code & 0xff);
}

SYSCALL1(exit_group, int, code)
{
	process_exit(WAIT_EXITED(code));
}

SYSCALL1(set_tid_address, uint64_t, addr)
{
	current->clear_child_tid = addr;
	return current->tid;
}

SYSCALL4(wait4, int, pid, uint64_t, status, int, options, uint64_t, usage)
{
	(void)status;
	(void)usage;
	if ((uint32_t)options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	return pid == INT32_MIN ? -ESRCH : -ECHILD;
}

static int exit_check_waitid(int which, int id, int options)
{
	if ((uint32_t)options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) || which < P_ALL || which > P_PIDFD)
		return -EINVAL;
	if (which == P_PIDFD)
		return id < 0 ? -EINVAL : -EBADF;
	return (which == P_PID && id <= 0) || (which == P_PGID && id < 0) ? -EINVAL : -ECHILD;
}

/* What there is nothing to tell about is written all the same: zeros. */
SYSCALL4(waitid, int, which, int, id, uint64_t, info, int, options)
{
	int error = exit_check_waitid(which, id, options);

	return info && clear_user(info, offsetof(struct siginfo, child.utime)) ? -EFAULT : error;
}
