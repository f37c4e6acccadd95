/*
 * Further programs of ours, started only when they are needed, when this process is already hardened and all of its
 * memory would be shared with a child of fork. So the child shares the address space on purpose, on a stack of its own,
 * and the thread waits until it executes its program: none of our memory is in that. The guard lets go of it there.
 */
#include "abi/linux/errno.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/socket.h"
#include "abi/linux/syscall_nr.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

#define PROGRAM_STACK 4096

struct program {
	const char *path;
	const char *const *argv, *const *envp;
	int fd;
};

/* One start at a time: the stack is the child's until it executes. */
static uint32_t program_lock;
static uint8_t program_stack[PROGRAM_STACK] __attribute__((aligned(16)));

/* Descriptors of the program in the enclave must not live on elsewhere: a pipe would never end. */
static _Noreturn void program_child(const struct program *p)
{
	if (p->fd != PROGRAM_FD)
		(void)sys_raw3(__NR_dup2, p->fd, PROGRAM_FD, 0);
	(void)sys_fcntl(PROGRAM_FD, F_SETFD, 0);
	(void)sys_raw3(__NR_close_range, 0, 1, 0);
	(void)sys_raw3(__NR_close_range, PROGRAM_FD + 1, 0xffffffffL, 0);
	(void)sys_raw3(__NR_setsid, 0, 0, 0);
	(void)sys_raw3(__NR_execve, (long)p->path, (long)p->argv, (long)p->envp);
	sys_exit_group(127);
}

/* The child gets program_child(p) on program_stack; no exit signal, so the program hears nothing of it. */
static long program_clone(const struct program *p)
{
	register uint64_t function __asm__("r12") = (uint64_t)program_child;
	register uint64_t argument __asm__("r13") = (uint64_t)p;
	register uint64_t none __asm__("r10") = 0;
	register uint64_t tls __asm__("r8") = 0;
	long pid;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\tmov %%r13, %%rdi\n\tcall *%%r12\n\thlt\n1:"
			 : "=a"(pid) : "a"(__NR_clone), "D"(CLONE_VM | CLONE_VFORK),
			   "S"(program_stack + PROGRAM_STACK), "d"(0), "r"(none), "r"(tls), "r"(function), "r"(argument)
			 : "rcx", "r11", "memory");
	return pid;
}

static long program_clone_quietly(const struct program *p)
{
	const uint64_t all = ~0UL;
	uint64_t before;
	long pid;

	/* Handlers are the processor's: none may run in the child. */
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	while (__atomic_exchange_n(&program_lock, 1, __ATOMIC_ACQUIRE))
		(void)sys_raw3(__NR_sched_yield, 0, 0, 0);
	pid = program_clone(p);
	__atomic_store_n(&program_lock, 0, __ATOMIC_RELEASE);
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return pid;
}

long program_start(const char *path, const char *const argv[], const char *const envp[], int32_t *pid)
{
	int32_t ends[2];
	struct program p = { .path = path, .argv = argv, .envp = envp };
	long error = sys_raw6(__NR_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, (long)ends, 0, 0);

	if (error)
		return error;
	p.fd = ends[1];
	error = program_clone_quietly(&p);
	(void)sys_close(ends[1]);
	*pid = (int32_t)error;
	if (!sys_is_error(error))
		return ends[0];
	(void)sys_close(ends[0]);
	return error;
}
