/*
 * Scheduling is the host's: what concerns the calling thread is passed on, for its host thread carries it. Other
 * threads cannot be named to the host, so they are refused.
 */
#include "abi/linux/sched.h"
#include "abi/linux/resource.h"
#include "base/mem.h"
#include "kernel/border/hostcall.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"

#define SCHED_ATTR_SIZE_VER0 48

/*
 * Host threads are reused. As long as nobody changed anything all are alike; from then on each is set up for the thread
 * that begins on it: what that one inherited, or what was there before the first change.
 */
static uint32_t sched_touched; /* atomic: 0 no, 1 the first change is being noted, 2 sched_first is valid */
static struct thread_sched sched_first;

static void sched_touch(void)
{
	uint32_t no = 0;
	long size;

	if (!__atomic_compare_exchange_n(&sched_touched, &no, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	size = host_sched_getaffinity(sched_first.mask, sizeof(sched_first.mask));
	sched_first.mask_size = size > 0 ? (uint32_t)size : 0;
	__atomic_store_n(&sched_touched, 2, __ATOMIC_RELEASE);
}

void sched_begin(const struct thread *t)
{
	const struct thread_sched *mask = t->sched.mask_size ? &t->sched : &sched_first;
	struct sched_param param = { .sched_priority = t->sched.priority };

	if (__atomic_load_n(&sched_touched, __ATOMIC_ACQUIRE) != 2)
		return;
	if (mask->mask_size)
		(void)host_sched_setaffinity(0, mask->mask, mask->mask_size);
	(void)host_sched_setscheduler(0, t->sched.policy, &param);
}

/* 0 for the calling thread; -ESRCH, -EPERM (another thread of ours), -EINVAL. */
static int sched_check_self(int tid)
{
	if (tid < 0)
		return -EINVAL;
	if (tid == 0 || tid == current->tid)
		return 0;
	return task_is_thread(tid) ? -EPERM : -ESRCH;
}

SYSCALL0(sched_yield)
{
	return host_sched_yield(0);
}

SYSCALL3(sched_getaffinity, int, tid, uint32_t, size, uint64_t, addr)
{
	uint8_t mask[AFFINITY_BYTES] = { 0 };
	long length;

	if ((size & 7) || !size)
		return -EINVAL;
	if (sched_check_self(tid) == -ESRCH || sched_check_self(tid) == -EINVAL)
		return -ESRCH;
	length = host_sched_getaffinity(mask, size < sizeof(mask) ? size : sizeof(mask));
	if (length < 0)
		return length;
	return copy_to_user(addr, mask, (size_t)length) ? -EFAULT : length;
}

SYSCALL3(sched_setaffinity, int, tid, uint32_t, size, uint64_t, addr)
{
	uint8_t mask[AFFINITY_BYTES] = { 0 };
	int error = sched_check_self(tid);

	if (size > sizeof(mask))
		size = sizeof(mask);
	if (copy_from_user(mask, addr, size))
		return -EFAULT;
	if (error)
		return error == -EINVAL ? -ESRCH : error;
	sched_touch();
	error = (int)host_sched_setaffinity(0, mask, size);
	if (!error) {
		memcpy(current->sched.mask, mask, sizeof(mask));
		current->sched.mask_size = size;
	}
	return error;
}

static bool sched_policy_known(int policy)
{
	return (policy >= SCHED_OTHER && policy <= SCHED_BATCH) || policy == SCHED_IDLE || policy == SCHED_DEADLINE;
}

static long sched_set(int tid, int policy, const struct sched_param *param)
{
	int error = sched_check_self(tid);

	if (error)
		return error;
	if (!sched_policy_known(policy & ~SCHED_RESET_ON_FORK))
		return -EINVAL;
	sched_touch();
	error = (int)host_sched_setscheduler(0, policy, param);
	if (!error) {
		current->sched.policy = policy & ~SCHED_RESET_ON_FORK;
		current->sched.priority = param->sched_priority;
	}
	return error;
}

SYSCALL3(sched_setscheduler, int, tid, int, policy, uint64_t, addr)
{
	struct sched_param param;

	if (policy < 0 || !addr)
		return -EINVAL;
	return copy_from_user(&param, addr, sizeof(param)) ? -EFAULT : sched_set(tid, policy, &param);
}

SYSCALL1(sched_getscheduler, int, tid)
{
	int error = sched_check_self(tid);

	if (error == -ESRCH && init_process.quick)
		return host_sched_getscheduler(tid); /* another process, which a quick run sees */
	return error == -EPERM ? SCHED_OTHER : error ? error : host_sched_getscheduler(0);
}

SYSCALL2(sched_setparam, int, tid, uint64_t, addr)
{
	struct sched_param param;
	long policy;

	if (!addr || tid < 0)
		return -EINVAL;
	if (copy_from_user(&param, addr, sizeof(param)))
		return -EFAULT;
	policy = host_sched_getscheduler(0);
	return policy < 0 ? policy : sched_set(tid, (int)policy, &param);
}

SYSCALL2(sched_getparam, int, tid, uint64_t, addr)
{
	struct sched_param param = { 0 };
	long error = sched_check_self(tid);

	if (!addr)
		return -EINVAL;
	if (!error)
		error = host_sched_getparam(0, &param);
	else if (error == -EPERM)
		error = 0;
	else if (error == -ESRCH && init_process.quick)
		error = host_sched_getparam(tid, &param);
	return error ? error : copy_to_user(addr, &param, sizeof(param));
}

SYSCALL1(sched_get_priority_max, int, policy)
{
	if (!sched_policy_known(policy))
		return -EINVAL;
	return policy == SCHED_FIFO || policy == SCHED_RR ? 99 : 0;
}

SYSCALL1(sched_get_priority_min, int, policy)
{
	if (!sched_policy_known(policy))
		return -EINVAL;
	return policy == SCHED_FIFO || policy == SCHED_RR ? 1 : 0;
}

SYSCALL2(sched_rr_get_interval, int, tid, uint64_t, addr)
{
	struct timespec ts = { 0 };
	long error = sched_check_self(tid);

	if (error && error != -EPERM)
		return error;
	error = host_sched_rr_get_interval(0, &ts);
	return error ? error : copy_to_user(addr, &ts, sizeof(ts));
}

SYSCALL3(sched_setattr, int, tid, uint64_t, addr, uint32_t, flags)
{
	struct sched_attr a = { 0 };
	struct sched_param param;
	uint32_t size;
	long error;

	if (!addr || flags || tid < 0)
		return -EINVAL;
	if (get_user_u32(&size, addr))
		return -EFAULT;
	size = size ? size : SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > sizeof(a))
		return -E2BIG;
	if (copy_from_user(&a, addr, size))
		return -EFAULT;
	if (a.sched_policy == SCHED_DEADLINE)
		return -EPERM; /* the host's struct has no room for it in sched_setscheduler */
	param.sched_priority = (int32_t)a.sched_priority;
	error = sched_set(tid,
			  (int)a.sched_policy | (a.sched_flags & SCHED_FLAG_RESET_ON_FORK ? SCHED_RESET_ON_FORK : 0),
			  &param);
	if (!error && (a.sched_policy == SCHED_OTHER || a.sched_policy == SCHED_BATCH))
		error = host_setpriority(PRIO_PROCESS, 0, a.sched_nice);
	return error;
}

SYSCALL4(sched_getattr, int, tid, uint64_t, addr, uint32_t, size, uint32_t, flags)
{
	struct sched_attr a = { .size = sizeof(a) };
	struct sched_param param = { 0 };
	long policy = sched_check_self(tid);

	if (!addr || flags || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -EINVAL;
	if (policy)
		return policy;
	policy = host_sched_getscheduler(0);
	if (policy < 0 || host_sched_getparam(0, &param))
		return -ESRCH;
	if (size < a.size)
		a.size = size;
	a.sched_policy = (uint32_t)policy & ~(uint32_t)SCHED_RESET_ON_FORK;
	a.sched_flags = (uint64_t)policy & SCHED_RESET_ON_FORK ? SCHED_FLAG_RESET_ON_FORK : 0;
	a.sched_priority = (uint32_t)param.sched_priority;
	a.sched_nice = 20 - (int32_t)host_getpriority(PRIO_PROCESS, 0);
	return copy_to_user(addr, &a, a.size);
}

/* A process is only ever ours; a group or a user has members outside, which the host answers for. */
static int sched_check_priority(int which, int who)
{
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which != PRIO_PROCESS || who == 0 || who == init_process.pid)
		return 0;
	return who > 0 && task_is_thread(who) ? 0 : -ESRCH;
}

SYSCALL2(getpriority, int, which, int, who)
{
	int error = sched_check_priority(which, who);

	return error ? error : host_getpriority(which, which == PRIO_PROCESS ? 0 : who);
}

SYSCALL3(setpriority, int, which, int, who, int, priority)
{
	int error = sched_check_priority(which, who);

	return error ? error : host_setpriority(which, which == PRIO_PROCESS ? 0 : who, priority);
}

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_WHO_USER 3

SYSCALL2(ioprio_get, int, which, int, who)
{
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	return which != IOPRIO_WHO_PROCESS || sched_check_self(who) ? -ESRCH : host_ioprio_get(which, 0);
}

SYSCALL3(ioprio_set, int, which, int, who, int, priority)
{
	if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER)
		return -EINVAL;
	return which != IOPRIO_WHO_PROCESS || sched_check_self(who) ? -ESRCH : host_ioprio_set(which, 0, priority);
}

/* Linux keeps node << 12 | cpu where RDTSCP finds it. */
SYSCALL2(getcpu, uint64_t, cpu_addr, uint64_t, node_addr)
{
	uint32_t aux;

	__asm__ volatile("rdtscp" : "=c"(aux) : : "eax", "edx");
	if (cpu_addr && put_user_u32(cpu_addr, aux & 0xfff))
		return -EFAULT;
	return node_addr ? put_user_u32(node_addr, aux >> 12) : 0;
}
