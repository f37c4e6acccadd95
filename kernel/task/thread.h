/*
 * A thread of the program. GS points at its struct thread, FS belongs to the program. `current` is the running thread.
 */
#ifndef ADYTON_KERNEL_TASK_THREAD_H
#define ADYTON_KERNEL_TASK_THREAD_H

/* What entry.S reaches through GS. */
#define T_SELF 0
#define T_KSTACK 8       /* top of the kernel stack; the frame of struct regs ends there */
#define T_USER_RSP 16    /* scratch of the system call entry */
#define T_HOST_RSP 24    /* the host's stack while we are inside */
#define T_HOST_RET 32    /* where EEXIT goes */
#define T_CALL_RSP 40    /* kernel stack while a host call is out; 0: none is */
#define T_XSTACK 48      /* top of the exception stack */
#define T_X_HOST_RSP 56  /* as T_HOST_RSP, for the entry that serves an exception */
#define T_X_HOST_RET 64
#define T_RESUME_RIP 72  /* where the exit path jumps to */
#define T_WORK 80        /* u32: something to do before the program runs again (signals, exit) */
#define T_STARTED 84     /* u32: 0 before the thread's first entry */
#define T_FS 104         /* the program's FS base while a host call is out */
#define T_INTERRUPTIBLE 88 /* u32: the host call that is going out may be given up */
#define T_VDSO 96        /* what the program's vDSO reads, through GS: struct vdso_data */

#define WORK_SIGNAL 1U /* a signal may be deliverable: recalculate */
#define WORK_HOST 2U   /* the host reported signals */

#ifndef __ASSEMBLER__
#include "abi/layout.h"
#include "abi/linux/signal.h"
#include "abi/sgx.h"
#include "base/list.h"
#include "kernel/task/regs.h"

struct border;
struct process;
struct vdso_data;
struct waiter;

/* park_state: see sync/wait.c. */
#define PARK_IDLE 0U
#define PARK_PARKED 1U
#define PARK_WOKEN 2U

/* How the host shall schedule this thread; inherited by those that it makes. See task/sched.c. */
#define AFFINITY_BYTES 128 /* 1024 processors */
struct thread_sched {
	uint8_t mask[AFFINITY_BYTES];
	uint32_t mask_size; /* 0: never set */
	int32_t policy, priority;
};

/*
 * What restart_syscall(2) goes on with, when a signal without a handler interrupted a call: until the deadline that it
 * had, where the program's own arguments would have it begin anew. A handler that runs ends the call for good.
 */
struct thread_restart {
	long (*again)(const struct thread_restart *r); /* NULL: nothing */
	int64_t deadline_ns; /* monotonic */
	uint64_t args[5];
};

struct thread {
	struct thread *self;
	uint64_t kstack;
	uint64_t user_rsp, host_rsp, host_ret, call_rsp;
	uint64_t xstack, x_host_rsp, x_host_ret;
	uint64_t resume_rip;
	uint32_t work;
	uint32_t started;
	uint32_t interruptible;
	uint32_t no_fault; /* faults of kernel code at program addresses go to the fix-up at once */
	const struct vdso_data *vdso;
	uint64_t fs_out;

	/* Set before the thread first runs, constant afterwards. */
	struct process *process;
	struct border *border; /* host memory: only kernel/border/ looks inside */
	/* bytes of the buffer that calls in progress hold (a fault can nest one call in another) */
	uint64_t border_used;
	bool border_exposes; /* the host finds the program's vector registers: constant as border (border.c) */
	uint32_t dying;    /* kernel_die() has begun: no second message, and this many attempts to leave */
	uint32_t launched; /* atomic: thread_launch() asked for it, its first entry takes it */
	uint32_t slot; /* the host's name for this thread: park, unpark, interrupt */
	int32_t tid;

	/* The trap being served; only the thread itself. */
	uint32_t trap_vector, trap_error;
	uint64_t trap_address;

	/* clone, exit, futex: owned by kernel/task. */
	struct list process_link; /* process->lock */
	uint64_t fs_base_start;   /* FS base at the first run of the program */
	uint64_t clear_child_tid, robust_list, rseq;
	uint32_t park_state;      /* atomic: see sync/wait.c */
	bool exiting;
	struct thread_sched sched;
	uint32_t futex_spins; /* how long to spin before parking: see futex_queue.c */
	char comm[16];
	uint64_t start_ns;
	void (*kernel_main)(void); /* a thread of the kernel's own: not in process->threads, runs no program */
	uint32_t mxcsr_start;     /* vector and x87 control words at the first run, as the parent had them */
	uint16_t fcw_start;
	struct thread_restart restart;

	/* Signals: owned by kernel/signal; process->signal_lock where another thread may write. */
	uint64_t blocked, pending, saved_blocked;
	uint64_t waiting_for; /* sigtimedwait: never dropped as ignored, though not in `blocked` at the moment */
	bool restore_blocked; /* sigsuspend, ppoll...: put saved_blocked back after the handler was set up */
	struct sigaltstack altstack;
	struct list pending_info; /* queued siginfo of `pending` */
	uint32_t signal_trapno, signal_error; /* of the last fault, for sigcontext */
	uint64_t signal_cr2;

	/* The crypto bracket (kernel/lib/fpu.h): the program's vector state while Nettle runs. */
	void *fpu_area;
};

_Static_assert(offsetof(struct thread, kstack) == T_KSTACK, "thread");
_Static_assert(offsetof(struct thread, call_rsp) == T_CALL_RSP, "thread");
_Static_assert(offsetof(struct thread, resume_rip) == T_RESUME_RIP, "thread");
_Static_assert(offsetof(struct thread, work) == T_WORK, "thread");
_Static_assert(offsetof(struct thread, interruptible) == T_INTERRUPTIBLE, "thread");
_Static_assert(offsetof(struct thread, fs_out) == T_FS, "thread");
_Static_assert(offsetof(struct thread, vdso) == T_VDSO, "thread");
_Static_assert(offsetof(struct thread, started) == T_STARTED, "thread");
_Static_assert(sizeof(struct thread) <= PAGE_SIZE, "thread"); /* its second page: thread_vectors() */

static inline struct thread *thread_current(void)
{
	struct thread *t;

	__asm__("mov %%gs:0, %0" : "=r"(t));
	return t;
}
#define current thread_current()

static inline struct regs *thread_regs(struct thread *t)
{
	return (struct regs *)(t->kstack - sizeof(struct regs));
}

/* The block (abi/layout.h) in which this thread's TCS, SSA and stacks lie. */
static inline uint64_t thread_block(const struct thread *t)
{
	return (uint64_t)t - THREAD_BLOCK_STRUCT;
}

/* The interrupted state of this thread, SSA frame 0: XSAVE area at the start, GPRSGX at the end. */
static inline uint8_t *thread_ssa(const struct thread *t)
{
	return (uint8_t *)(thread_block(t) + THREAD_BLOCK_SSA);
}

/* Where the program's vector state lies while the thread is out (XSAVE area; the header's reserved bytes stay zero). */
static inline void *thread_vectors(const struct thread *t)
{
	return (void *)(thread_block(t) + THREAD_BLOCK_STRUCT + PAGE_SIZE);
}

static inline bool thread_has_work(const struct thread *t)
{
	return __atomic_load_n(&t->work, __ATOMIC_ACQUIRE) != 0;
}
#endif

#endif
