/* Threads, waiting, time, pages, messages. */
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/prctl.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/time.h"
#include "cpu/linux/sys.h"
#include "host/blocking.h"
#include "host/own.h"

static struct host_thread *own_slot(uint64_t slot)
{
	return slot < HOST_THREADS_MAX ? __atomic_load_n(&host.threads[slot], __ATOMIC_ACQUIRE) : NULL;
}

/* Sleep until unparked or until the deadline (ns of CLOCK_MONOTONIC); a wake-up that came first is taken at once. */
long own_park(struct host_thread *t, const uint64_t *slots)
{
	int64_t deadline = (int64_t)slots[0];
	struct timespec at = { .tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000 };
	uint64_t timeout = deadline == INT64_MAX ? 0 : (uint64_t)&at;
	long error;

	if (__atomic_exchange_n(&t->parked, 0, __ATOMIC_ACQUIRE))
		return 0;
	error = blocking(t, __NR_futex, (uint64_t)&t->parked, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, timeout, 0,
			 FUTEX_BITSET_MATCH_ANY);
	if (__atomic_exchange_n(&t->parked, 0, __ATOMIC_ACQUIRE))
		return 0;
	return error == -EAGAIN ? 0 : error;
}

long own_unpark(struct host_thread *t, const uint64_t *slots)
{
	struct host_thread *other = own_slot(slots[0]);

	(void)t;
	if (!other)
		return -ESRCH;
	if (!__atomic_exchange_n(&other->parked, 1, __ATOMIC_RELEASE))
		(void)sys_futex(&other->parked, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
	return 0;
}

long own_interrupt(struct host_thread *t, const uint64_t *slots)
{
	struct host_thread *other = own_slot(slots[0]);

	(void)t;
	if (!other || !other->tid)
		return -ESRCH;
	return sys_tgkill((int)sys_getpid(), other->tid, HOST_SIGNAL_INTERRUPT);
}

long own_thread_create(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return thread_start(slots[0]);
}

long own_thread_exit(struct host_thread *t, const uint64_t *slots)
{
	(void)slots;
	t->leaving = 1;
	return 0;
}

long own_exit(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	host_exit((int)slots[0]);
}

long own_sched_getaffinity(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_sched_getaffinity, 0, (long)slots[1], (long)slots[0]);
}

/* Linux wants the size before the mask. */
long own_sched_setaffinity(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_sched_setaffinity, (long)slots[0], (long)slots[2], (long)slots[1]);
}

long own_set_name(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_prctl(PR_SET_NAME, slots[0], 0, 0, 0);
}

long own_clock_gettime(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return sys_raw3(__NR_clock_gettime, (long)slots[0], (long)slots[1], 0);
}

long own_restrict_permissions(struct host_thread *t, const uint64_t *slots)
{
	int error = host.cpu->restrict_permissions(slots[0], slots[1], slots[2]);

	(void)t;
	return error > 0 ? -EINVAL : error;
}

long own_modify_type(struct host_thread *t, const uint64_t *slots)
{
	int error = host.cpu->modify_type(slots[0], slots[1], slots[2]);

	(void)t;
	return error > 0 ? -EINVAL : error;
}

long own_remove_pages(struct host_thread *t, const uint64_t *slots)
{
	int error = host.cpu->remove(slots[0], slots[1]);

	(void)t;
	return error > 0 ? -EINVAL : error;
}

long own_cpuid(struct host_thread *t, const uint64_t *slots)
{
	struct host_cpuid *c = (struct host_cpuid *)slots[2];

	(void)t;
	__asm__ volatile("cpuid" : "=a"(c->eax), "=b"(c->ebx), "=c"(c->ecx), "=d"(c->edx)
			 : "a"((uint32_t)slots[0]), "c"((uint32_t)slots[1]));
	return 0;
}

static long own_stderr(const uint64_t *slots)
{
	long n = sys_write(2, (const void *)slots[0], slots[1]);

	return n < 0 ? n : 0;
}

long own_log(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return own_stderr(slots);
}

long own_trace(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	return own_stderr(slots);
}

long own_stats(struct host_thread *t, const uint64_t *slots)
{
	(void)t;
	host.kernel_stats = *(const struct host_stats *)slots[0];
	return 0;
}
