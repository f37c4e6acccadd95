/* Signals, as the rest of the kernel sees them. Bit n-1 of a set is signal n. */
#ifndef ADYTON_KERNEL_SIGNAL_SIGNAL_H
#define ADYTON_KERNEL_SIGNAL_SIGNAL_H

#include "abi/linux/signal.h"
#include "kernel/sync/wait.h"
#include "kernel/task/thread.h"

#define SIGBIT(sig) (1UL << ((sig) - 1))

/* Queue a signal to one thread or to the process; wakes whom it must. info may be NULL (SI_KERNEL). 0 or -EAGAIN. */
int signal_send_thread(struct thread *t, int sig, const struct siginfo *info);
int signal_send_process(int sig, const struct siginfo *info);
/*
 * A synchronous fault of the running thread: if blocked or ignored, the default action ends the process, as on Linux.
 */
void signal_fault(int sig, int code, uint64_t address, uint32_t trapno, uint32_t error, uint64_t cr2);

/* Is an unblocked, not ignored signal waiting for this thread? (cheap; for loops that sleep) */
bool signal_pending(const struct thread *t);

/* Is one waiting that will end the process, or this thread? Takes in host signals; for waits that no other ends. */
bool signal_fatal(void);

/* Work is set though nothing is deliverable: take in host signals, and clear it if that is still so. For parking. */
void signal_settle_work(void);

/*
 * Take one pending signal of `set` (for signalfd): its number, or 0. Readiness is told through signal_queue (POLLIN).
 */
int signal_dequeue(uint64_t set, struct siginfo *info);
uint64_t signal_pending_set(void); /* of the running thread, shared ones included, blocked ones too */
extern struct waitq signal_queue;

/* Bytes that a signal frame needs on the program's stack, at most: AT_MINSIGSTKSZ. */
uint64_t signal_frame_size(void);

/*
 * At the exit to the program, with current->work set (the dispatcher sets it when a call returned -ERESTART*): take in
 * host signals, deliver, restart or end system calls.
 */
void signal_exit_work(struct regs *regs);
/* To the running thread, for what it just tried: SIGPIPE, SIGXFSZ. */
void signal_own(int sig);

/*
 * For sigsuspend, ppoll, pselect, epoll_pwait: swap the mask for the time of one call; the old one comes back by
 * itself.
 */
int signal_set_temporary_mask(uint64_t set_addr, uint64_t set_size) must_check; /* set_addr 0: nothing */
void signal_restore_mask_now(void); /* the call was not interrupted */

/*
 * The host says that a signal came for the process: lock-free, may run on the exception stack. Others than the host may
 * send are dropped.
 */
void signal_from_host(int sig);

/* exec: handlers become defaults, what is ignored stays so; the alternate stack is forgotten. */
void signal_exec(void);

void signal_start(uint64_t blocked_by_host, uint64_t ignored_by_host);

#endif
