/* Pending signals: queueing and taking. process->signal_lock guards all of it. */
#ifndef ADYTON_KERNEL_SIGNAL_QUEUE_H
#define ADYTON_KERNEL_SIGNAL_QUEUE_H

#include "kernel/signal/signal.h"

#define SIGNALS_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))
#define SIGNALS_STOP (SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))
#define SIGNALS_IGNORED_BY_DEFAULT (SIGBIT(SIGCHLD) | SIGBIT(SIGCONT) | SIGBIT(SIGWINCH) | SIGBIT(SIGURG))
#define SIGNALS_SYNCHRONOUS \
	(SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | SIGBIT(SIGFPE) | SIGBIT(SIGSYS))

/* With signal_lock held: the next of `set` for t, synchronous ones first, then its own, then the shared. 0: none. */
int signal_take(struct thread *t, uint64_t set, struct siginfo *info);
/* With signal_lock held: add to a set and its list. 0 or -EAGAIN (a real-time signal, and the queue is full). */
int signal_enqueue(uint64_t *pending, struct list *infos, int sig, const struct siginfo *info);
/* With signal_lock held: sig is no longer wanted anywhere (it became ignored). */
void signal_flush(uint64_t set);
/* With signal_lock held: t must look at its signals soon. */
void signal_kick(struct thread *t);
/* With signal_lock held: t's mask becomes `blocked`; signals that it no longer takes go to somebody else. */
void signal_set_blocked(struct thread *t, uint64_t blocked);
/* With signal_lock held: t leaves; what is queued to it alone is forgotten, what is shared is offered to the others. */
void signal_thread_leave(struct thread *t);
/* Turn what the host reported into pending signals. */
void signal_take_host(void);

#endif
