/*
 * The program's vDSO: the clocks of kernel/time without a system call. It runs as part of the program, in its memory
 * and on its stack, and does what any other code would do when it cannot answer: a system call.
 */
#include "abi/linux/errno.h"
#include "kernel/task/thread.h"
#include "kernel/time/vdso/data.h"

#define NR_gettimeofday 96
#define NR_clock_gettime 228
#define NR_clock_getres 229
#define EXPORTED __attribute__((visibility("default")))

EXPORTED int __vdso_clock_gettime(int clock, struct timespec *ts);
EXPORTED int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz);
EXPORTED long __vdso_time(long *t);
EXPORTED int __vdso_clock_getres(int clock, struct timespec *res);
EXPORTED int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused);

static inline const struct vdso_data *vdso_data(void)
{
	const struct vdso_data *d;

	__asm__("mov %%gs:%c1, %0" : "=r"(d) : "i"(T_VDSO));
	return d;
}

static inline long vdso_syscall(long nr, long a, const void *b)
{
	long result;

	/* The number is loaded right before, by five bytes: so the site can be patched like libc's. */
	__asm__ volatile("mov %1, %%eax; syscall" : "=&a"(result) : "i"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* Which clock a program's clock is read as; -1: the kernel's business. */
static inline int vdso_clock(int clock)
{
	static const int8_t as[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, -1, -1, CLOCK_MONOTONIC, CLOCK_REALTIME,
				     CLOCK_MONOTONIC, CLOCK_BOOTTIME };

	return (unsigned)clock < sizeof(as) ? as[clock] : -1;
}

static inline void vdso_split(int64_t ns, struct timespec *ts)
{
	ts->tv_sec = ns / NSEC_PER_SEC;
	ts->tv_nsec = ns % NSEC_PER_SEC;
}

int __vdso_clock_gettime(int clock, struct timespec *ts)
{
	int as = vdso_clock(clock);
	int64_t ns;

	if (as < 0 || !vdso_read(vdso_data(), as, &ns))
		return (int)vdso_syscall(NR_clock_gettime, clock, ts);
	vdso_split(ns, ts);
	return 0;
}

int __vdso_gettimeofday(struct timeval *tv, struct timezone *tz)
{
	int64_t ns;

	if (!vdso_read(vdso_data(), CLOCK_REALTIME, &ns))
		return (int)vdso_syscall(NR_gettimeofday, (long)tv, tz);
	if (tv) {
		tv->tv_sec = ns / NSEC_PER_SEC;
		tv->tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
	}
	if (tz)
		*tz = (struct timezone){ 0 };
	return 0;
}

long __vdso_time(long *t)
{
	struct timespec now = { 0 };

	(void)__vdso_clock_gettime(CLOCK_REALTIME, &now);
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}

int __vdso_clock_getres(int clock, struct timespec *res)
{
	return (int)vdso_syscall(NR_clock_getres, clock, res);
}

/* Linux keeps node << 12 | cpu where RDTSCP finds it. */
int __vdso_getcpu(uint32_t *cpu, uint32_t *node, void *unused)
{
	uint32_t aux;

	(void)unused;
	__asm__ volatile("rdtscp" : "=c"(aux) : : "eax", "edx");
	if (cpu)
		*cpu = aux & 0xfff;
	if (node)
		*node = aux >> 12;
	return 0;
}
