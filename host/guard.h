/*
 * The enclave process and its guard (adyton-guard) trace each other. Linux gives a process one tracer only, so nobody
 * else can attach to either; a guard that is not traced itself could be taken over and told to do what it may. Each is
 * killed with the other (PTRACE_O_EXITKILL).
 *
 * A tracer is a thread. In the enclave process it is one of its own, the watcher, that does nothing else: so the guard
 * cannot be stopped (SIGSTOP cannot be blocked, but its tracer decides), whatever the program's threads do.
 *
 *     enclave process                          guard
 *     guard_start():  fork, exec           ->  blocks signals, leaves session and descriptors, hardens itself
 *     watcher                              <-  GUARD_READY
 *     watcher: PTRACE_SEIZE(guard), request ->  has it a tracer? PTRACE_SEIZE(leader), PTRACE_SEIZE(watcher)
 *     has every thread a tracer?           <-  GUARD_ATTACHED, and from now on only waits for tracees
 *     becomes undumpable; the first secret may come
 */
#ifndef ADYTON_HOST_GUARD_H
#define ADYTON_HOST_GUARD_H

#include "abi/types.h"

#define GUARD_FD 3 /* the guard's end of the socket */

enum guard_stage { GUARD_READY, GUARD_HARDEN, GUARD_UNTRACED, GUARD_ATTACH, GUARD_ATTACHED };

/* What the guard says: READY and ATTACHED, or where it failed and with which error of Linux. */
struct guard_report {
	int32_t stage;
	int32_t error;
};

/* What the watcher asks of the guard. */
struct guard_request {
	int32_t leader, watcher;
};

/* guard_tracer.c: who traces this thread ("TracerPid" of /proc/thread-self/status): 0 nobody, or a negative errno. */
long must_check guard_tracer(void);

/* guard_link.c: the enclave process's side. Start before the first stack goes, link before the first secret. */
struct guard {
	int32_t pid, fd;
};
struct guard guard_start(const char *path);
void guard_link(struct guard guard);

#endif
