/* Robust lists, and futex_waitv(2). */
#include "abi/linux/futex.h"
#include "abi/linux/errno.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/futex.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"

/* If the leaving thread holds the lock: mark it, and wake one who waits. A bad address ends the walk. */
static int robust_died(const struct thread *t, uint64_t addr, bool pi)
{
	uint32_t word, found;

	if ((addr & 3) || get_user_u32(&word, addr))
		return -EFAULT;
	while ((word & FUTEX_TID_MASK) == (uint32_t)t->tid) {
		if (cmpxchg_user_u32(addr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &found))
			return -EFAULT;
		if (found != word) {
			word = found;
			continue;
		}
		if (pi)
			futex_pi_died(addr);
		else if (word & FUTEX_WAITERS)
			futex_wake_address(addr, 1);
		break;
	}
	return 0;
}

void futex_exit_robust(struct thread *t)
{
	struct robust_list_head head;
	uint64_t entry, next, pending;

	if (!t->robust_list || copy_from_user(&head, t->robust_list, sizeof(head)))
		return;
	entry = head.list.next;
	pending = head.list_op_pending;
	for (int n = 0; (entry & ~1UL) != t->robust_list && n < ROBUST_LIST_LIMIT; n++) {
		/* The link is read first: once the lock is let go, its memory may be another's. */
		if (get_user_u64(&next, entry & ~1UL))
			return;
		if ((entry & ~1UL) != (pending & ~1UL) &&
		    robust_died(t, (entry & ~1UL) + (uint64_t)head.futex_offset, entry & 1))
			return;
		entry = next;
	}
	if (pending)
		(void)robust_died(t, (pending & ~1UL) + (uint64_t)head.futex_offset, pending & 1);
}

SYSCALL2(set_robust_list, uint64_t, head, uint64_t, size)
{
	if (size != sizeof(struct robust_list_head))
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

static void robust_get(struct thread *t, void *data)
{
	*(uint64_t *)data = t->robust_list;
}

SYSCALL3(get_robust_list, int, tid, uint64_t, head_addr, uint64_t, size_addr)
{
	uint64_t head = current->robust_list;

	if (tid && !task_with_thread(tid, robust_get, &head))
		return -ESRCH;
	if (put_user_u64(size_addr, sizeof(struct robust_list_head)))
		return -EFAULT;
	return put_user_u64(head_addr, head);
}

/* --- futex_waitv --- */

struct waitv {
	uint32_t count;
	uint32_t woken; /* 1 + index of the first that was taken off */
	struct futex_waiter waiters[FUTEX_WAITV_MAX];
	uint32_t values[FUTEX_WAITV_MAX];
};

static int waitv_read(struct waitv *v, uint64_t from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct futex_waitv one;

		if (copy_from_user(&one, from + i * sizeof(one), sizeof(one)))
			return -EFAULT;
		if ((one.flags & ~(uint32_t)FUTEX_PRIVATE_FLAG) != FUTEX_32 || one.reserved || (one.uaddr & 3) ||
		    one.val > UINT32_MAX)
			return -EINVAL;
		v->values[i] = (uint32_t)one.val;
		v->waiters[i] = (struct futex_waiter){ .thread = current, .addr = one.uaddr, .woken = &v->woken,
						       .bitset = FUTEX_BITSET_MATCH_ANY, .mark = i + 1 };
	}
	return 0;
}

/* Off all queues. The index of one that was taken off already, or -1. */
static int waitv_leave(struct waitv *v)
{
	int woken = -1;

	for (uint32_t i = 0; i < v->count; i++)
		if (futex_leave(&v->waiters[i]))
			woken = (int)i;
	return woken;
}

static long waitv_wait(struct waitv *v, uint32_t count, int64_t deadline)
{
	int error = 0, index;

	for (v->count = 0; v->count < count && !error; v->count += !error)
		error = futex_enter_if(&v->waiters[v->count], v->values[v->count]);
	while (!error && !__atomic_load_n(&v->woken, __ATOMIC_ACQUIRE))
		error = thread_park(deadline);
	index = waitv_leave(v);
	if (index >= 0)
		return index;
	return error == -EINTR ? -ERESTARTSYS : error;
}

SYSCALL5(futex_waitv, uint64_t, addr, uint32_t, count, uint32_t, flags, uint64_t, timeout, int, clock)
{
	struct waitv *v;
	int64_t deadline;
	long result;

	if (flags || !count || count > FUTEX_WAITV_MAX || !addr)
		return -EINVAL;
	if (timeout && clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	result = clock_deadline_from_user(timeout, true, clock, &deadline);
	if (result)
		return result;
	v = heap_alloc(sizeof(*v));
	if (!v)
		return -ENOMEM;
	result = waitv_read(v, addr, count);
	if (!result)
		result = waitv_wait(v, count, deadline);
	heap_free(v);
	return result;
}
