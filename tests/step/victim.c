/*
 * Makes system calls of every kind again and again while signals come at any instruction of the kernel, and sees that
 * each call's result, each register and each handler's run is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define VICTIM_ROUNDS 8

static volatile sig_atomic_t victim_signals;
static sigjmp_buf victim_back;

#define CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "victim.c:%d: %s does not hold (errno %d)\n", __LINE__, #what, errno); \
			exit(1); \
		} \
	} while (0)

static void victim_handler(int signal)
{
	(void)signal;
	victim_signals++;
}

static void victim_fault(int signal)
{
	siglongjmp(victim_back, signal);
}

struct victim_registers {
	uint64_t rdi, rsi, rdx, r8, r9, r10, rbx, rbp, r12, r13, r14, r15, xmm[2], rsp;
};

/* One system call, with all that it must keep filled before and looked at after. */
static long victim_call(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	struct victim_registers in = { a, b, c, 8, 9, 10, 11, 12, 13, 14, 15, 16, { 17, 18 }, 0 }, out;
	struct victim_registers *from = &in, *to = &out;
	long result = nr;

	__asm__ volatile("push %%rbx; push %%rbp; push %[out]; push %[in]\n\t"
			 "mov %%rsp, %%r11; mov %%r11, 112(%[in])\n\t"
			 "movdqu 96(%[in]), %%xmm7\n\t"
			 "mov %[in], %%r11\n\t"
			 "mov (%%r11), %%rdi; mov 8(%%r11), %%rsi; mov 16(%%r11), %%rdx; mov 24(%%r11), %%r8\n\t"
			 "mov 32(%%r11), %%r9; mov 40(%%r11), %%r10; mov 48(%%r11), %%rbx; mov 56(%%r11), %%rbp\n\t"
			 "mov 64(%%r11), %%r12; mov 72(%%r11), %%r13; mov 80(%%r11), %%r14; mov 88(%%r11), %%r15\n\t"
			 "syscall\n\t"
			 "mov 8(%%rsp), %%r11\n\t"
			 "mov %%rdi, (%%r11); mov %%rsi, 8(%%r11); mov %%rdx, 16(%%r11); mov %%r8, 24(%%r11)\n\t"
			 "mov %%r9, 32(%%r11); mov %%r10, 40(%%r11); mov %%rbx, 48(%%r11); mov %%rbp, 56(%%r11)\n\t"
			 "mov %%r12, 64(%%r11); mov %%r13, 72(%%r11); mov %%r14, 80(%%r11); mov %%r15, 88(%%r11)\n\t"
			 "movdqu %%xmm7, 96(%%r11); mov %%rsp, 112(%%r11)\n\t"
			 "add $16, %%rsp; pop %%rbp; pop %%rbx"
			 : "+a"(result), [in] "+S"(from), [out] "+D"(to)
			 :
			 : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm7", "memory", "cc");
	CHECK(!memcmp(&in, &out, sizeof(in)));
	return result;
}

static void victim_calls(int null, int zero, const int *pipes)
{
	struct pollfd nothing = { .fd = pipes[0], .events = POLLIN };
	struct timespec brief = { 0, 50000 };
	char byte = 0;
	long n;

	CHECK(victim_call(SYS_getpid, 1, 2, 3) == getpid());
	CHECK(victim_call(SYS_write, (uint64_t)null, (uint64_t)&brief, 16) == 16);
	CHECK(victim_call(SYS_read, (uint64_t)zero, (uint64_t)&byte, 1) == 1);
	CHECK(victim_call(SYS_read, (uint64_t)null, 8, 0) == 0);
	CHECK(victim_call(SYS_read, (uint64_t)zero, 8, 1) == -EFAULT);
	CHECK(victim_call(SYS_write, (uint64_t)pipes[1], (uint64_t)"x", 1) == 1);
	CHECK(victim_call(SYS_read, (uint64_t)pipes[0], (uint64_t)&byte, 1) == 1 && byte == 'x');
	n = victim_call(SYS_poll, (uint64_t)&nothing, 1, 1);
	CHECK(n == 0 || n == -EINTR);
	n = victim_call(SYS_nanosleep, (uint64_t)&brief, 0, 0);
	CHECK(n == 0 || n == -EINTR);
	CHECK(victim_call(9999, 1, 2, 3) == -ENOSYS);
}

static void victim_traps(void)
{
	volatile int after = 0;
	int signal = sigsetjmp(victim_back, 1);

	if (!signal)
		__asm__ volatile("movl $1, 16");
	CHECK(signal == SIGSEGV);
	if (!sigsetjmp(victim_back, 1))
		__asm__ volatile("ud2");
	else
		after = 1;
	CHECK(after == 1);
}

int main(void)
{
	struct sigaction count = { .sa_handler = victim_handler, .sa_flags = SA_RESTART },
			 fault = { .sa_handler = victim_fault, .sa_flags = SA_NODEFER };
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY), pipes[2];

	CHECK(null >= 0 && zero >= 0 && !pipe(pipes));
	sigaction(SIGUSR1, &count, NULL);
	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGILL, &fault, NULL);
	sched_yield();
	for (int i = 0; i < VICTIM_ROUNDS; i++) {
		victim_calls(null, zero, pipes);
		victim_traps();
	}
	sched_yield();
	printf("handled %d\n", (int)victim_signals);
	return 0;
}
