/*
 * Priority-inheritance locks: the word is the owner's thread number and FUTEX_WAITERS. Ownership passes to the first
 * waiter at the unlock. Priorities are the host's affair, so nothing is inherited.
 */
#include "abi/linux/futex.h"
#include "abi/linux/errno.h"
#include "kernel/task/futex.h"
#include "kernel/task/internal.h"

/* The first waiter for addr, or NULL. Bucket locked. */
static struct futex_waiter *pi_first(struct futex_bucket *b, uint64_t addr, const struct futex_waiter *after)
{
	bool past = !after;

	list_for_each(at, &b->waiters) {
		struct futex_waiter *w = container_of(at, struct futex_waiter, link);

		if (past && w->pi && w->addr == addr)
			return w;
		past |= w == after;
	}
	return NULL;
}

/* Make w the owner of a word whose owner died; retried by nobody: a page that went away has no waiters to care for. */
void futex_pi_died(uint64_t addr)
{
	struct futex_bucket *b = futex_bucket(addr);
	struct futex_batch batch = { .count = 0 };
	struct futex_waiter *w;
	uint32_t word, found = 0;

	futex_lock_two(b, b);
	w = pi_first(b, addr, NULL);
	if (w && !futex_read(&word, addr) && !(word & FUTEX_TID_MASK) &&
	    !futex_cmpxchg(addr, word, (uint32_t)w->thread->tid | FUTEX_OWNER_DIED |
					       (pi_first(b, addr, w) ? FUTEX_WAITERS : 0), &found) && found == word)
		futex_take_one(w, &batch);
	futex_unlock_two(b, b);
	futex_unpark(&batch);
}

#define PI_TAKEN 1 /* the lock is ours */
#define PI_WAIT 2  /* FUTEX_WAITERS is set */

/* One attempt under the bucket's lock: PI_TAKEN, PI_WAIT, or a negative errno (-EAGAIN: fault the word in). */
static int pi_attempt(struct futex_bucket *b, uint64_t addr, bool try)
{
	uint32_t tid = (uint32_t)current->tid, word, found, want;
	int error = futex_read(&word, addr);

	while (!error) {
		uint32_t owner = word & FUTEX_TID_MASK;

		if (owner == tid)
			return -EDEADLK;
		if (owner && try)
			return -EWOULDBLOCK;
		/* An owner that died left FUTEX_OWNER_DIED: the next one keeps it, and its libc sees it. */
		want = owner ? word | FUTEX_WAITERS :
			       tid | (word & FUTEX_OWNER_DIED) | (pi_first(b, addr, NULL) ? FUTEX_WAITERS : 0);
		error = futex_cmpxchg(addr, word, want, &found);
		if (!error && found == word)
			return owner ? PI_WAIT : PI_TAKEN;
		word = found;
	}
	return error;
}

static bool pi_owner_lives(uint64_t addr)
{
	uint32_t word;

	return futex_read(&word, addr) || !(word & FUTEX_TID_MASK) ||
	       task_is_thread((int32_t)(word & FUTEX_TID_MASK));
}

long futex_lock_pi(uint64_t addr, int64_t deadline, bool try)
{
	struct futex_bucket *b = futex_bucket(addr);
	struct futex_waiter w = { .thread = current, .addr = addr, .bitset = FUTEX_BITSET_MATCH_ANY, .pi = true };
	int result, error;

	for (;;) {
		futex_lock_two(b, b);
		result = pi_attempt(b, addr, try);
		if (result == PI_WAIT)
			futex_enter(b, &w);
		futex_unlock_two(b, b);
		if (result != -EAGAIN || try)
			break;
		if (futex_fault_in(addr, true))
			return -EFAULT;
	}
	if (result == PI_TAKEN)
		return 0;
	if (result != PI_WAIT)
		return result;
	if (!pi_owner_lives(addr) && !futex_leave(&w))
		return -ESRCH;
	error = futex_sleep(&w, deadline);
	return error == -ERESTARTSYS ? -ERESTARTNOINTR : error;
}

/* Pass the word on to w (or to nobody) if we own it. 0, -EPERM, -EAGAIN. Bucket locked. */
static int pi_pass(uint64_t addr, const struct futex_waiter *w, bool more)
{
	uint32_t tid = (uint32_t)current->tid, word, found;
	uint32_t next = w ? (uint32_t)w->thread->tid | (more ? FUTEX_WAITERS : 0) : 0;
	int error = futex_read(&word, addr);

	while (!error) {
		if ((word & FUTEX_TID_MASK) != tid)
			return -EPERM;
		error = futex_cmpxchg(addr, word, next, &found);
		if (!error && found == word)
			return 0;
		word = found;
	}
	return error;
}

long futex_unlock_pi(uint64_t addr)
{
	struct futex_bucket *b = futex_bucket(addr);
	struct futex_batch batch = { .count = 0 };
	int error;

	for (;;) {
		struct futex_waiter *w;

		futex_lock_two(b, b);
		w = pi_first(b, addr, NULL);
		error = pi_pass(addr, w, w && pi_first(b, addr, w));
		if (!error && w)
			futex_take_one(w, &batch);
		futex_unlock_two(b, b);
		futex_unpark(&batch);
		if (error != -EAGAIN)
			return error;
		if (futex_fault_in(addr, true))
			return -EFAULT;
	}
}
