/*
 * System calls over a thread's own signals: actions, masks, waiting, the alternate stack, the way back from a handler.
 */
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/signal/frame.h"
#include "kernel/signal/queue.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"
#include "kernel/time/clock.h"

#define SA_KNOWN \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND | \
	 SA_RESTORER | SA_EXPOSE_TAGBITS)

static bool action_ignores(const struct sigaction *a, int sig)
{
	return a->sa_handler == (uint64_t)SIG_IGN ||
	       (a->sa_handler == (uint64_t)SIG_DFL && (SIGBIT(sig) & SIGNALS_IGNORED_BY_DEFAULT));
}

SYSCALL4(rt_sigaction, int, sig, uint64_t, act, uint64_t, oldact, uint64_t, size)
{
	struct sigaction new = { 0 }, old;

	if (size != sizeof(linux_sigset_t))
		return -EINVAL;
	if (act && copy_from_user(&new, act, sizeof(new)))
		return -EFAULT;
	if (sig < 1 || sig > SIGNAL_MAX || (act && (SIGBIT(sig) & SIGNALS_UNBLOCKABLE)))
		return -EINVAL;
	{
		LOCKED(&init_process.signal_lock);
		old = init_process.actions[sig];
		if (act) {
			new.sa_flags &= SA_KNOWN;
			new.sa_mask &= ~SIGNALS_UNBLOCKABLE;
			init_process.actions[sig] = new;
			if (action_ignores(&new, sig))
				signal_flush(SIGBIT(sig));
		}
	}
	return oldact && copy_to_user(oldact, &old, sizeof(old)) ? -EFAULT : 0;
}

static int action_change_mask(int how, uint64_t set)
{
	struct thread *t = current;

	LOCKED(&init_process.signal_lock);
	switch (how) {
	case SIG_BLOCK:
		signal_set_blocked(t, t->blocked | set);
		return 0;
	case SIG_UNBLOCK:
		signal_set_blocked(t, t->blocked & ~set);
		return 0;
	case SIG_SETMASK:
		signal_set_blocked(t, set);
		return 0;
	}
	return -EINVAL;
}

SYSCALL4(rt_sigprocmask, int, how, uint64_t, set_addr, uint64_t, old_addr, uint64_t, size)
{
	uint64_t old = current->blocked, set;
	int error = 0;

	if (size != sizeof(linux_sigset_t))
		return -EINVAL;
	if (set_addr) {
		if (get_user_u64(&set, set_addr))
			return -EFAULT;
		error = action_change_mask(how, set);
	}
	if (!error && old_addr)
		error = put_user_u64(old_addr, old);
	return error;
}

SYSCALL2(rt_sigpending, uint64_t, set_addr, uint64_t, size)
{
	uint64_t set = signal_pending_set() & current->blocked;

	if (size > sizeof(linux_sigset_t))
		return -EINVAL;
	return copy_to_user(set_addr, &set, size);
}

int signal_set_temporary_mask(uint64_t set_addr, uint64_t set_size)
{
	struct thread *t = current;
	uint64_t set;

	if (!set_addr)
		return 0;
	if (set_size != sizeof(linux_sigset_t))
		return -EINVAL;
	if (get_user_u64(&set, set_addr))
		return -EFAULT;
	t->saved_blocked = t->blocked;
	t->restore_blocked = true;
	LOCKED(&init_process.signal_lock);
	signal_set_blocked(t, set);
	return 0;
}

SYSCALL2(rt_sigsuspend, uint64_t, set_addr, uint64_t, size)
{
	int error = size != sizeof(linux_sigset_t) ? -EINVAL : !set_addr ? -EFAULT : 0;

	if (!error)
		error = signal_set_temporary_mask(set_addr, size);
	while (!error)
		error = thread_park(NO_DEADLINE);
	return error == -EINTR ? -ERESTARTNOHAND : error;
}

SYSCALL0(pause)
{
	int error = 0;

	while (!error)
		error = thread_park(NO_DEADLINE);
	return -ERESTARTNOHAND;
}

/*
 * While it waits, the set counts as unblocked, so that senders wake this thread; what comes is taken here, not
 * delivered.
 */
static int action_wait_for(uint64_t set, int64_t deadline, struct siginfo *info)
{
	struct thread *t = current;
	uint64_t blocked = t->blocked;
	int sig, error = 0;

	lock_acquire(&init_process.signal_lock);
	sig = signal_take(t, set, info);
	while (!sig && !error) {
		t->waiting_for = set;
		__atomic_store_n(&t->blocked, blocked & ~set, __ATOMIC_SEQ_CST);
		lock_release(&init_process.signal_lock);
		error = thread_park(deadline);
		lock_acquire(&init_process.signal_lock);
		t->waiting_for = 0;
		signal_set_blocked(t, blocked);
		sig = signal_take(t, set, info);
	}
	lock_release(&init_process.signal_lock);
	return sig ? sig : error == -ETIMEDOUT ? -EAGAIN : error;
}

SYSCALL4(rt_sigtimedwait, uint64_t, set_addr, uint64_t, info_addr, uint64_t, timeout, uint64_t, size)
{
	struct siginfo info;
	int64_t deadline;
	uint64_t set;
	int sig;

	if (size != sizeof(linux_sigset_t))
		return -EINVAL;
	if (get_user_u64(&set, set_addr))
		return -EFAULT;
	sig = clock_deadline_from_user(timeout, false, CLOCK_MONOTONIC, &deadline);
	if (sig)
		return sig;
	sig = action_wait_for(set & ~SIGNALS_UNBLOCKABLE, deadline, &info);
	if (sig > 0 && info_addr && copy_to_user(info_addr, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

SYSCALL2(sigaltstack, uint64_t, new_addr, uint64_t, old_addr)
{
	struct thread *t = current;
	uint64_t sp = thread_regs(t)->rsp;
	struct sigaltstack new, old = t->altstack;
	int error;

	old.ss_flags = frame_altstack_flags(t, sp) | (int32_t)((uint32_t)old.ss_flags & SS_AUTODISARM);
	if (new_addr) {
		if (copy_from_user(&new, new_addr, sizeof(new)))
			return -EFAULT;
		error = frame_altstack_set(t, &new, sp);
		if (error)
			return error;
	}
	return old_addr ? copy_to_user(old_addr, &old, sizeof(old)) : 0;
}

SYSCALL0(rt_sigreturn)
{
	struct regs *regs = thread_regs(current);

	if (frame_pop(regs)) {
		regs->orig_rax = UINT64_MAX;
		signal_fault(SIGSEGV, SI_KERNEL, 0, current->signal_trapno, current->signal_error, current->signal_cr2);
	}
	return (long)regs->rax; /* the dispatcher stores it there again */
}

void signal_exec(void)
{
	struct thread *t = current;

	LOCKED(&init_process.signal_lock);
	for (int sig = 1; sig <= SIGNAL_MAX; sig++) {
		struct sigaction *a = &init_process.actions[sig];

		*a = (struct sigaction){ .sa_handler = a->sa_handler == (uint64_t)SIG_IGN ? a->sa_handler :
											    (uint64_t)SIG_DFL };
	}
	t->altstack = (struct sigaltstack){ .ss_flags = SS_DISABLE };
	t->restore_blocked = false;
}
