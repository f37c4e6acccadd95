/* futex(2). The queues are in futex_queue.c, priority-inheritance locks in futex_pi.c. */
#include "abi/linux/futex.h"
#include "kernel/task/futex.h"
#include "abi/linux/errno.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/user.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"

static bool futex_addr_ok(uint64_t addr)
{
	return !(addr & 3);
}

static long futex_wait_on(const struct thread_restart *r);

/* Interrupted, one with a deadline is never begun anew: it keeps what it had, or a handler ends it. */
static long futex_wait(uint64_t addr, uint32_t value, uint32_t bitset, int64_t deadline)
{
	struct futex_waiter w = { .thread = current, .addr = addr, .bitset = bitset };
	int error;

	if (!bitset)
		return -EINVAL;
	error = futex_enter_if(&w, value);
	if (!error)
		error = futex_sleep(&w, deadline);
	if (error != -ERESTARTSYS || deadline == NO_DEADLINE)
		return error;
	current->restart = (struct thread_restart){ .again = futex_wait_on, .deadline_ns = deadline,
						    .args = { addr, value, bitset } };
	return -ERESTART_RESTARTBLOCK;
}

static long futex_wait_on(const struct thread_restart *r)
{
	return futex_wait(r->args[0], (uint32_t)r->args[1], (uint32_t)r->args[2], r->deadline_ns);
}

static long futex_wake(uint64_t addr, int count, uint32_t bitset)
{
	struct futex_bucket *b = futex_bucket(addr);
	struct futex_batch batch = { .count = 0 };
	int total = 0, taken;

	if (!bitset)
		return -EINVAL;
	if (!user_range_ok(addr, 4))
		return -EFAULT;
	do {
		futex_lock_two(b, b);
		taken = futex_take(b, addr, bitset, count - total, &batch);
		futex_unlock_two(b, b);
		futex_unpark(&batch);
		total += taken;
	} while (taken == FUTEX_WAKE_BATCH);
	return total;
}

void futex_wake_address(uint64_t addr, int count)
{
	if (futex_addr_ok(addr))
		(void)futex_wake(addr, count, FUTEX_BITSET_MATCH_ANY);
}

/* Move up to `count` waiters from one address to another. Both buckets are locked. */
static int futex_move(struct futex_bucket *from, uint64_t addr, struct futex_bucket *to, uint64_t addr2, int count)
{
	int moved = 0;

	list_for_each_safe(at, &from->waiters) {
		struct futex_waiter *w = container_of(at, struct futex_waiter, link);

		if (moved >= count)
			break;
		if (w->addr != addr || w->pi)
			continue;
		moved++;
		if (addr == addr2)
			continue;
		list_del(&w->link);
		w->addr = addr2;
		futex_enter(to, w);
	}
	return moved;
}

static long futex_requeue(uint64_t addr, uint64_t addr2, int wake, int move, const uint32_t *expected)
{
	struct futex_bucket *a = futex_bucket(addr), *b = futex_bucket(addr2);
	struct futex_batch batch = { .count = 0 };
	int total = 0, taken, error;

	if (wake < 0 || move < 0)
		return -EINVAL;
	if (!user_range_ok(addr, 4) || !user_range_ok(addr2, 4))
		return -EFAULT;
	do {
		uint32_t found = expected ? *expected : 0;

		futex_lock_two(a, b);
		taken = 0;
		error = expected ? futex_read(&found, addr) : 0;
		if (!error && expected && found != *expected) {
			futex_unlock_two(a, b);
			return total ? total : -EAGAIN;
		}
		if (!error) {
			taken = futex_take(a, addr, FUTEX_BITSET_MATCH_ANY, wake - total, &batch);
			total += taken;
			if (taken < FUTEX_WAKE_BATCH)
				total += futex_move(a, addr, b, addr2, move);
		}
		futex_unlock_two(a, b);
		futex_unpark(&batch);
		if (error && futex_fault_in(addr, false))
			return -EFAULT;
	} while (error || taken == FUTEX_WAKE_BATCH);
	return total;
}

static uint32_t futex_apply(uint32_t op, uint32_t old, uint32_t arg)
{
	switch (op) {
	case FUTEX_OP_SET:
		return arg;
	case FUTEX_OP_ADD:
		return old + arg;
	case FUTEX_OP_OR:
		return old | arg;
	case FUTEX_OP_ANDN:
		return old & ~arg;
	default:
		return old ^ arg;
	}
}

static bool futex_compare(uint32_t cmp, int32_t old, int32_t arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	default:
		return old >= arg;
	}
}

/* Change the second word as `encoded` says, under the lock; *old is what it was. 0 or -EAGAIN. */
static int futex_modify(uint64_t addr, uint32_t encoded, uint32_t *old)
{
	uint32_t op = encoded >> 28 & 7, arg = (uint32_t)((int32_t)(encoded << 8) >> 20), found;
	int error = futex_read(old, addr);

	if (encoded >> 31 & 1) /* FUTEX_OP_OPARG_SHIFT */
		arg = 1U << (arg & 31);
	while (!error) {
		error = futex_cmpxchg(addr, *old, futex_apply(op, *old, arg), &found);
		if (error || found == *old)
			break;
		*old = found;
	}
	return error;
}

static long futex_wake_op(uint64_t addr, uint64_t addr2, int wake, int wake2, uint32_t encoded)
{
	struct futex_bucket *a = futex_bucket(addr), *b = futex_bucket(addr2);
	struct futex_batch batch = { .count = 0 };
	int total, error;
	uint32_t old;

	if ((encoded >> 28 & 7) > FUTEX_OP_XOR || (encoded >> 24 & 15) > FUTEX_OP_CMP_GE)
		return -ENOSYS;
	for (;;) {
		futex_lock_two(a, b);
		error = futex_modify(addr2, encoded, &old);
		if (!error)
			break;
		futex_unlock_two(a, b);
		if (futex_fault_in(addr2, true))
			return -EFAULT;
	}
	/*
	 * Who wakes more than a batch by this operation gets a batch; the rest is what a spurious lack of wake-ups is
	 * not.
	 */
	total = futex_take(a, addr, FUTEX_BITSET_MATCH_ANY, wake, &batch);
	if (futex_compare(encoded >> 24 & 15, (int32_t)old, (int32_t)(encoded << 20) >> 20))
		total += futex_take(b, addr2, FUTEX_BITSET_MATCH_ANY, wake2, &batch);
	futex_unlock_two(a, b);
	futex_unpark(&batch);
	return total;
}

static bool futex_has_timeout(uint32_t command)
{
	return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
	       command == FUTEX_LOCK_PI2;
}

/*
 * FUTEX_WAIT counts from now; the others name a moment: LOCK_PI by the wall clock, the rest as FUTEX_CLOCK_REALTIME
 * says.
 */
static int futex_deadline(uint32_t op, uint64_t timeout, int64_t *deadline)
{
	uint32_t command = op & (uint32_t)FUTEX_CMD_MASK;
	bool realtime = op & FUTEX_CLOCK_REALTIME || command == FUTEX_LOCK_PI;

	*deadline = NO_DEADLINE;
	if (!futex_has_timeout(command))
		return 0;
	return clock_deadline_from_user(timeout, command != FUTEX_WAIT, realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC,
					deadline);
}

SYSCALL6(futex, uint64_t, addr, uint32_t, op, uint32_t, value, uint64_t, timeout, uint64_t, addr2, uint32_t, value3)
{
	uint32_t command = op & (uint32_t)FUTEX_CMD_MASK;
	int64_t deadline;
	int error;

	if (op & FUTEX_CLOCK_REALTIME && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2)
		return -ENOSYS;
	if (!futex_addr_ok(addr))
		return -EINVAL;
	error = futex_deadline(op, timeout, &deadline);
	if (error)
		return error;
	if (!(op & FUTEX_PRIVATE_FLAG) && futex_fault_in(addr, false)) /* a shared one is known by its page */
		return -EFAULT;
	switch (command) {
	case FUTEX_WAIT:
		return futex_wait(addr, value, FUTEX_BITSET_MATCH_ANY, deadline);
	case FUTEX_WAIT_BITSET:
		return futex_wait(addr, value, value3, deadline);
	case FUTEX_WAKE:
		return futex_wake(addr, (int)value, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, (int)value, value3);
	case FUTEX_REQUEUE:
		return futex_addr_ok(addr2) ? futex_requeue(addr, addr2, (int)value, (int)timeout, NULL) : -EINVAL;
	case FUTEX_CMP_REQUEUE:
		return futex_addr_ok(addr2) ? futex_requeue(addr, addr2, (int)value, (int)timeout, &value3) : -EINVAL;
	case FUTEX_WAKE_OP:
		return futex_addr_ok(addr2) ? futex_wake_op(addr, addr2, (int)value, (int)timeout, value3) : -EINVAL;
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(addr, deadline, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(addr, NO_DEADLINE, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(addr);
	}
	return -ENOSYS;
}
