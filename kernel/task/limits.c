/* Limits and usage. */
#include "abi/linux/resource.h"
#include "abi/linux/capability.h"
#include "abi/linux/sysinfo.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/cred.h"
#include "kernel/time/clock.h"

#define LIMIT_NR_OPEN 1048576UL /* /proc/sys/fs/nr_open */
#define TICKS_PER_SEC 100

static int limits_check(uint32_t which, const struct rlimit *new, const struct rlimit *old)
{
	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->rlim_max > LIMIT_NR_OPEN)
		return -EPERM;
	return new->rlim_max > old->rlim_max && !cred_capable(CAP_SYS_RESOURCE) ? -EPERM : 0;
}

static long limits_exchange(uint32_t which, const struct rlimit *new, struct rlimit *old)
{
	struct process *p = &init_process;
	int error = 0;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	LOCKED(&p->lock);
	*old = p->limits[which];
	if (new)
		error = limits_check(which, new, old);
	if (new && !error)
		p->limits[which] = *new;
	return error;
}

SYSCALL2(getrlimit, uint32_t, which, uint64_t, addr)
{
	struct rlimit old;
	long error = limits_exchange(which, NULL, &old);

	return error ? error : copy_to_user(addr, &old, sizeof(old));
}

SYSCALL2(setrlimit, uint32_t, which, uint64_t, addr)
{
	struct rlimit new, old;

	return copy_from_user(&new, addr, sizeof(new)) ? -EFAULT : limits_exchange(which, &new, &old);
}

SYSCALL4(prlimit64, int, pid, uint32_t, which, uint64_t, new_addr, uint64_t, old_addr)
{
	struct rlimit new, old;
	long error;

	if (new_addr && copy_from_user(&new, new_addr, sizeof(new)))
		return -EFAULT;
	if (pid && !task_is_thread(pid))
		return -ESRCH;
	error = limits_exchange(which, new_addr ? &new : NULL, &old);
	return !error && old_addr ? copy_to_user(old_addr, &old, sizeof(old)) : error;
}

SYSCALL2(getrusage, int, who, uint64_t, addr)
{
	struct rusage usage = { 0 };
	long error = 0;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	if (who != RUSAGE_CHILDREN) /* there are no children */
		error = host_getrusage(who, &usage);
	return error ? error : copy_to_user(addr, &usage, sizeof(usage));
}

static long limits_ticks(const struct timeval *tv)
{
	return tv->tv_sec * TICKS_PER_SEC + tv->tv_usec * TICKS_PER_SEC / USEC_PER_SEC;
}

SYSCALL1(times, uint64_t, addr)
{
	struct rusage usage = { 0 };
	struct tms tms = { 0 };

	if (addr && !host_getrusage(RUSAGE_SELF, &usage)) {
		tms.tms_utime = limits_ticks(&usage.ru_utime);
		tms.tms_stime = limits_ticks(&usage.ru_stime);
	}
	if (addr && copy_to_user(addr, &tms, sizeof(tms)))
		return -EFAULT;
	return clock_read(CLOCK_BOOTTIME) / (NSEC_PER_SEC / TICKS_PER_SEC);
}

SYSCALL1(sysinfo, uint64_t, addr)
{
	struct sysinfo info = { 0 };
	long error = host_sysinfo(&info);

	return error ? error : copy_to_user(addr, &info, sizeof(info));
}
