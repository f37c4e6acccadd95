/* The last thing before the program runs again: which signals, which actions, and what becomes of the system call. */
#include "kernel/entry/trace.h"
#include "kernel/border/hostcall.h"
#include "kernel/kernel.h"
#include "kernel/signal/frame.h"
#include "kernel/signal/queue.h"
#include "kernel/syscall.h"
#include "kernel/task/process.h"
#include "kernel/task/task.h"

#define NR_restart_syscall 219

/* `syscall` is two bytes, patched or not. */
static void deliver_again(struct regs *r, uint64_t nr)
{
	r->rax = nr;
	r->rip -= 2;
	r->orig_rax = UINT64_MAX;
}

/* A handler runs before the interrupted call's result is seen: restart or -EINTR. */
static void deliver_end_call(struct regs *r, const struct sigaction *a)
{
	current->restart.again = NULL;
	if (r->orig_rax == UINT64_MAX)
		return;
	switch (-(long)r->rax) {
	case ERESTART_RESTARTBLOCK:
	case ERESTARTNOHAND:
		r->rax = (uint64_t)-EINTR;
		break;
	case ERESTARTSYS:
		if (!(a->sa_flags & SA_RESTART)) {
			r->rax = (uint64_t)-EINTR;
			break;
		}
		deliver_again(r, r->orig_rax);
		break;
	case ERESTARTNOINTR:
		deliver_again(r, r->orig_rax);
		break;
	}
}

static void deliver_restart_call(struct regs *r)
{
	if (r->orig_rax == UINT64_MAX)
		return;
	switch (-(long)r->rax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		deliver_again(r, r->orig_rax);
		break;
	case ERESTART_RESTARTBLOCK:
		deliver_again(r, NR_restart_syscall);
		break;
	}
}

static void deliver_default(int sig)
{
	if (SIGBIT(sig) & SIGNALS_IGNORED_BY_DEFAULT)
		return;
	if (SIGBIT(sig) & SIGNALS_STOP) {
		(void)host_kill(init_process.pid, SIGSTOP); /* the whole host process stops, as this one shall */
		return;
	}
	if (sig == SIGKILL && task_unwanted())
		thread_exit(0);
	process_exit(sig);
}

/* Take one signal that has a handler, doing what the others ask for on the way. 0: nothing is left. */
static int deliver_next(struct thread *t, struct siginfo *info, struct sigaction *a)
{
	for (;;) {
		int sig;

		{
			LOCKED(&init_process.signal_lock);
			sig = signal_take(t, ~t->blocked, info);
			if (!sig)
				return 0;
			*a = init_process.actions[sig];
			if (a->sa_handler > (uint64_t)SIG_IGN && (a->sa_flags & SA_RESETHAND))
				init_process.actions[sig].sa_handler = (uint64_t)SIG_DFL;
		}
		trace_signal(sig, a->sa_handler);
		if (a->sa_handler > (uint64_t)SIG_IGN)
			return sig;
		if (a->sa_handler == (uint64_t)SIG_DFL)
			deliver_default(sig);
	}
}

/* The frame could not be written: SIGSEGV, and if that was the signal, without its handler (Linux: force_sigsegv). */
static void deliver_failed(int sig)
{
	struct siginfo info = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };

	if (sig == SIGSEGV) {
		LOCKED(&init_process.signal_lock);
		init_process.actions[SIGSEGV].sa_handler = (uint64_t)SIG_DFL;
	}
	signal_fault(SIGSEGV, info.si_code, 0, current->signal_trapno, current->signal_error, current->signal_cr2);
}

static void deliver_handle(struct regs *r, struct thread *t, int sig, const struct siginfo *info,
			   const struct sigaction *a)
{
	uint64_t old = t->restore_blocked ? t->saved_blocked : t->blocked;

	deliver_end_call(r, a);
	if (frame_push(r, a, info, old)) {
		deliver_failed(sig);
		return;
	}
	r->orig_rax = UINT64_MAX;
	t->restore_blocked = false;
	LOCKED(&init_process.signal_lock);
	signal_set_blocked(t, t->blocked | a->sa_mask | (a->sa_flags & SA_NODEFER ? 0 : SIGBIT(sig)));
}

void signal_exit_work(struct regs *r)
{
	struct thread *t = current;
	struct siginfo info;
	struct sigaction action;
	bool handled = false;
	int sig;

	__atomic_exchange_n(&t->work, 0, __ATOMIC_SEQ_CST);
	signal_take_host();
	while ((sig = deliver_next(t, &info, &action)) != 0) {
		deliver_handle(r, t, sig, &info, &action);
		handled = true;
	}
	if (handled)
		return;
	deliver_restart_call(r);
	signal_restore_mask_now();
}

void signal_restore_mask_now(void)
{
	struct thread *t = current;

	if (!t->restore_blocked)
		return;
	t->restore_blocked = false;
	LOCKED(&init_process.signal_lock);
	signal_set_blocked(t, t->saved_blocked);
}
