#include "tests/unit/kernel_task/host_threads.h"

#include <asm/prctl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

void system_set_gs(void *base)
{
	if (syscall(SYS_arch_prctl, ARCH_SET_GS, base))
		abort();
}

void *system_low_memory(uint64_t address, uint64_t size)
{
	void *p = mmap((void *)address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		       -1, 0);

	if (p != (void *)address)
		abort();
	return p;
}

long system_futex_wait(uint32_t *word, uint32_t value, int64_t deadline_ns)
{
	struct timespec ts = { deadline_ns / 1000000000, deadline_ns % 1000000000 };

	return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value, deadline_ns == INT64_MAX ? NULL : &ts, NULL,
		       FUTEX_BITSET_MATCH_ANY);
}

void system_futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

int64_t system_clock(int clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

void system_yield(void)
{
	sched_yield();
}

struct start {
	pthread_t thread;
	void (*fn)(void *);
	void *arg;
};

static void *run(void *arg)
{
	struct start *s = arg;

	s->fn(s->arg);
	return NULL;
}

void *system_thread(void (*fn)(void *), void *arg)
{
	struct start *s = malloc(sizeof(*s));

	s->fn = fn;
	s->arg = arg;
	if (pthread_create(&s->thread, NULL, run, s))
		abort();
	return s;
}

void system_join(void *handle)
{
	struct start *s = handle;

	pthread_join(s->thread, NULL);
	free(s);
}

_Noreturn void system_thread_exit(void)
{
	pthread_exit(NULL);
}

/* The handler is entered with rdx = ucontext, rsi = siginfo; glibc's ucontext_t ends where the kernel's does not. */
const unsigned long system_frame_offsets[] = {
	offsetof(ucontext_t, uc_flags),
	offsetof(ucontext_t, uc_stack),
	offsetof(ucontext_t, uc_stack.ss_flags),
	offsetof(ucontext_t, uc_stack.ss_size),
	offsetof(ucontext_t, uc_mcontext),
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_R8,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_RDI,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_RBX,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_RAX,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_RSP,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_RIP,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_EFL,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_ERR,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_TRAPNO,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_OLDMASK,
	offsetof(ucontext_t, uc_mcontext) + sizeof(greg_t) * REG_CR2,
	offsetof(ucontext_t, uc_mcontext.fpregs),
	offsetof(ucontext_t, uc_sigmask),
	sizeof(siginfo_t),
	offsetof(siginfo_t, si_code),
	offsetof(siginfo_t, si_pid),
	offsetof(siginfo_t, si_uid),
	offsetof(siginfo_t, si_addr),
	offsetof(siginfo_t, si_value),
	offsetof(struct _libc_fpstate, mxcsr),
	offsetof(struct _libc_fpstate, _xmm),
};
const unsigned system_frame_offset_count = sizeof(system_frame_offsets) / sizeof(system_frame_offsets[0]);
