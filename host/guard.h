/*
 * adyton-guard: two processes, guard and watcher, that keep an enclave process from being traced by anybody else.
 * Linux gives a process one tracer only: the guard is the enclave process's, the watcher the guard's, the guard the
 * watcher's. A lone guard could be attached to and told to do what it may. Each is killed with its tracer
 * (PTRACE_O_EXITKILL), so all three end together.
 *
 * A traced process stops at every signal until its tracer lets it go on. Guard and watcher block all signals; SIGSTOP,
 * which cannot be blocked, stops the one until the other, which does nothing else, resumes it. The enclave process
 * traces nobody: no signal to it, or to it and one of them, makes two wait for each other. Only SIGSTOP to guard and
 * watcher in the same instant does.
 *
 *     enclave process                          guard
 *     guard_start():  fork, exec           ->  blocks signals, leaves session and descriptors, hardens itself,
 *     hardens itself, loads the image          makes the watcher; they trace each other
 *     guard_link(): request                ->  PTRACE_SEIZE(enclave process)
 *     is its tracer the guard?             <-  GUARD_ATTACHED, and from now on only waits for tracees
 *     becomes undumpable; the first secret may come
 */
#ifndef ADYTON_HOST_GUARD_H
#define ADYTON_HOST_GUARD_H

#include "abi/types.h"

#define GUARD_FD 3 /* the guard's end of the socket */

enum guard_stage { GUARD_HARDEN = 1, GUARD_WATCHER, GUARD_ATTACH, GUARD_ATTACHED };

/* What the guard says: ATTACHED, or where it failed and with which error of Linux. */
struct guard_report {
	int32_t stage;
	int32_t error;
};

struct guard_request {
	int32_t pid; /* whom to attach to: single-threaded until the answer */
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
