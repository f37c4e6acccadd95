/*
 * A system call whose site the kernel rewrites over the CMP behind it, interrupted and restarted again and again: it
 * has to give the same answers, and afterwards calls from there must not trap any more (restart_test.sh counts).
 */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define INTERRUPTIONS 40

long call3(long nr, long a, long b, long c);

__asm__(".text\n.globl call3\ncall3:\n\t"
	"mov %rdi, %rax\n\tmov %rsi, %rdi\n\tmov %rdx, %rsi\n\tmov %rcx, %rdx\n\t"
	"syscall\n\tcmp $-4095, %rax\n\tjae 1f\n\tret\n1:\tmov $-1, %rax\n\tret");

static int ends[2];
static volatile sig_atomic_t interruptions;

static void interrupted(int signal)
{
	(void)signal;
	if (++interruptions == INTERRUPTIONS && write(ends[1], "x", 1) != 1)
		_exit(2);
}

int main(void)
{
	struct sigaction action = { .sa_handler = interrupted, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	const long pid = getpid();
	char byte = 0;
	long n;

	for (int i = 0; i < 100; i++) /* rewritten from here on */
		if (call3(SYS_getpid, 0, 0, 0) != pid)
			return 1;
	if (pipe(ends) || sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &often, NULL))
		return 1;
	n = call3(SYS_read, ends[0], (long)&byte, 1);
	if (setitimer(ITIMER_REAL, &never, NULL))
		return 1;
	for (int i = 0; i < 100000; i++)
		if (call3(SYS_getpid, 0, 0, 0) != pid)
			return 1;
	printf("read %ld %c, interrupted %s, then %ld\n", n, byte,
	       interruptions >= INTERRUPTIONS ? "often" : "too little", call3(SYS_read, -1, 0, 0));
	return 0;
}
