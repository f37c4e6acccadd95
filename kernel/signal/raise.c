/* Signals that the kernel raises itself: what the host reports, faults of the program, broken pipes. */
#include "kernel/signal/queue.h"
#include "kernel/task/process.h"

/* What a host may send. Never a synchronous one: the program would take it for a fault of its own. */
#define SIGNALS_FROM_HOST \
	(SIGBIT(SIGHUP) | SIGBIT(SIGINT) | SIGBIT(SIGQUIT) | SIGBIT(SIGABRT) | SIGBIT(SIGUSR1) | SIGBIT(SIGUSR2) | \
	 SIGBIT(SIGPIPE) | SIGBIT(SIGALRM) | SIGBIT(SIGTERM) | SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGTSTP) | \
	 SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU) | SIGBIT(SIGURG) | SIGBIT(SIGXCPU) | SIGBIT(SIGXFSZ) | \
	 SIGBIT(SIGVTALRM) | SIGBIT(SIGPROF) | SIGBIT(SIGWINCH) | SIGBIT(SIGIO) | SIGBIT(SIGPWR))

void signal_from_host(int sig)
{
	if (sig < 1 || sig > SIGNAL_MAX || !(SIGBIT(sig) & SIGNALS_FROM_HOST))
		return;
	__atomic_or_fetch(&init_process.host_signals, SIGBIT(sig), __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&current->work, WORK_HOST, __ATOMIC_SEQ_CST);
}

void signal_take_host(void)
{
	uint64_t set = __atomic_exchange_n(&init_process.host_signals, 0, __ATOMIC_SEQ_CST);

	for (; set; set &= set - 1) {
		struct siginfo info = { .si_code = SI_USER };

		(void)signal_send_process(__builtin_ctzl(set) + 1, &info);
	}
}

void signal_settle_work(void)
{
	struct thread *t = current;

	__atomic_and_fetch(&t->work, ~WORK_HOST, __ATOMIC_SEQ_CST);
	signal_take_host();
	LOCKED(&init_process.signal_lock);
	if (!signal_pending(t))
		__atomic_and_fetch(&t->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_own(int sig)
{
	struct siginfo info = { .si_code = SI_USER };

	info.kill.pid = init_process.pid;
	info.kill.uid = init_process.cred.uid;
	(void)signal_send_thread(current, sig, &info);
}

void signal_fault(int sig, int code, uint64_t address, uint32_t trapno, uint32_t error, uint64_t cr2)
{
	struct thread *t = current;
	struct siginfo info = { .si_signo = sig, .si_code = code };
	struct sigaction *a = &init_process.actions[sig];

	info.fault.addr = address;
	t->signal_trapno = trapno;
	t->signal_error = error;
	if (trapno == X86_PF)
		t->signal_cr2 = cr2;
	LOCKED(&init_process.signal_lock);
	/* A fault that nobody catches must not be retried for ever: force_sig's rule. */
	if ((t->blocked & SIGBIT(sig)) || a->sa_handler == (uint64_t)SIG_IGN) {
		a->sa_handler = (uint64_t)SIG_DFL;
		__atomic_and_fetch(&t->blocked, ~SIGBIT(sig), __ATOMIC_SEQ_CST);
	}
	(void)signal_enqueue(&t->pending, &t->pending_info, sig, &info);
	signal_kick(t);
}

void signal_start(uint64_t blocked_by_host, uint64_t ignored_by_host)
{
	signal_set_blocked(current, blocked_by_host);
	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		if ((ignored_by_host & SIGBIT(sig)) && sig != SIGKILL && sig != SIGSTOP)
			init_process.actions[sig].sa_handler = (uint64_t)SIG_IGN;
}
