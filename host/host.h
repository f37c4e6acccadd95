/*
 * The host half: the ordinary process around an enclave. It loads the enclave, lends it threads, makes its host calls.
 * It is untrusted, has no libc, and keeps all of its state in memory that root's tools cannot read (harden.c).
 *
 * A thread's block, 64 KiB and aligned to it, in host memory:
 *     base      the processor's own (cpu/): state, alternate signal stack
 *     ...       stack of the thread, growing down from
 *     top       struct host_thread
 */
#ifndef ADYTON_HOST_HOST_H
#define ADYTON_HOST_HOST_H

#include "abi/hostcall.h"
#include "abi/image.h"
#include "abi/launch.h"
#include "cpu/encls.h"

#define HOST_BLOCK_SIZE 0x10000UL
#define HOST_THREADS_MAX 4096
#define HOST_SIGNAL_INTERRUPT 33 /* ours: makes a thread leave what it waits in; never a signal of the program */

struct host_thread {
	struct border *border;
	struct cpu_run *run; /* the entry being made, for signals that come on the way in */
	uint32_t slot;
	int32_t tid;
	uint64_t tcs;          /* the TCS that it enters; 0: idle, waiting in thread_idle() */
	uint32_t work;         /* futex: bumped when tcs was set */
	uint32_t parked;       /* futex: unpark sets 1, park takes it */
	uint32_t leaving;      /* the enclave gave the thread back: next is idle */
	uint32_t in_handler;   /* between EENTER with CSSA 1 and ERESUME */
	uint64_t held_signals; /* arrived while in_handler */
	uint64_t counts[128];  /* exits by host call, where host.watched */
	uint64_t exceptions, signals;
};

struct host {
	const struct cpu_ops *cpu;
	const struct launch *launch;
	struct image_header header;
	struct image_segment segments[IMAGE_SEGMENTS_MAX];
	int image_fd;
	struct host_start *start;
	struct host_stats kernel_stats;
	bool traced;  /* --trace=hostcall */
	bool watched; /* that, or --stats: calls are counted */
	uint32_t thread_count; /* atomic: slots given out */
	struct host_thread *threads[HOST_THREADS_MAX];
};
extern struct host host;

/* messages.c: one sentence on stderr; then exit 125. Knows %s %d %u %x %lx. */
void host_say(const char *how, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void host_die(const char *how, ...) __attribute__((format(printf, 1, 2)));
size_t host_format(char *to, size_t size, const char *how, ...) __attribute__((format(printf, 3, 4)));

/* start.c */
_Noreturn void host_main(uint64_t *stack);

/* load.c: read the image, make the enclave. */
void load_image(void);

/* process.c: what the program inherits. */
void process_describe(struct host_start *to, const uint64_t *auxv);

/*
 * program.c: start a program of ours as a process of its own: signals blocked, a session of its own, stderr and, as
 * descriptor 3, one end of a stream socket, whose other end is returned; or a negative errno. argv[0] is a name.
 * *pid: for wait4 with WALL, as no exit signal comes.
 */
#define PROGRAM_FD 3
long program_start(const char *path, const char *const argv[], const char *const envp[], int32_t *pid);

/* lock.c: says which line mends it when memory cannot be locked. `program`: the path of this one. */
void lock_check(const char *program);

/* thread.c */
_Noreturn void thread_run_first(void);
long thread_start(uint64_t tcs); /* slot, or negative errno */
struct host_thread *thread_here(void);
void thread_signal(int signal, void *siginfo, void *ucontext);

/*
 * call.c: make the call border->nr. honest.c (or tests' evil.c): serve the thread, truthfully or not. Both say whether
 * the thread goes back into the enclave.
 */
bool call_make(struct host_thread *t);
bool call_serve(struct host_thread *t);
/* The processor as the host will use it, asked once before the first entry. */
const struct cpu_ops *serve_processor(const struct cpu_ops *cpu);

/* trace.c: around each call, which is a row of the table, when host.traced says so. */
void trace_before(const struct host_thread *t, uint64_t call);
void trace_after(const struct host_thread *t, uint64_t call);

/* own*.c: the rows that are not plain system calls. */
typedef long (*own_fn)(struct host_thread *t, const uint64_t *slots);

/* memory that root's tools cannot read, zeroed; for blocks, borders, state. size is rounded up to pages. */
void *secret_memory(uint64_t size, uint64_t align);

/* blocking.S: a system call that *pending != 0 prevents or, arriving as a signal, interrupts: -EINTR. */
long blocking_call(long nr, const uint64_t slots[6], const uint64_t *pending);
extern const char blocking_check[], blocking_left[], blocking_abort[];

/* exit.c */
_Noreturn void host_exit(int wait_status);

extern const char __text_start[], __text_end[];

#endif
