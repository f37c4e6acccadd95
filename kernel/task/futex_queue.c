#include "abi/linux/errno.h"
#include "kernel/mm/user.h"
#include "kernel/task/futex.h"
#include "kernel/task/internal.h"

#define FUTEX_BUCKETS 256
#define FUTEX_SPINS_MAX 200 /* some microseconds: about what going to sleep and being woken costs */
#define FUTEX_SPINS_MIN 4

static struct futex_bucket futex_buckets[FUTEX_BUCKETS];

struct futex_bucket *futex_bucket(uint64_t addr)
{
	return &futex_buckets[((addr >> 2) * 0x9e3779b97f4a7c15UL >> 32) % FUTEX_BUCKETS];
}

static void futex_lock(struct futex_bucket *b)
{
	lock_acquire(&b->lock);
	if (!b->waiters.next)
		list_init(&b->waiters);
}

void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	futex_lock(a < b ? a : b);
	if (a != b)
		futex_lock(a < b ? b : a);
}

void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	lock_release(&a->lock);
	if (a != b)
		lock_release(&b->lock);
}

int futex_read(uint32_t *value, uint64_t addr)
{
	struct thread *t = current;
	int error;

	t->no_fault = 1;
	error = get_user_u32(value, addr);
	t->no_fault = 0;
	return error ? -EAGAIN : 0;
}

int futex_cmpxchg(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *found)
{
	struct thread *t = current;
	int error;

	t->no_fault = 1;
	error = cmpxchg_user_u32(addr, expected, desired, found);
	t->no_fault = 0;
	return error ? -EAGAIN : 0;
}

int futex_fault_in(uint64_t addr, bool write)
{
	uint32_t value;

	return write ? cmpxchg_user_u32(addr, 0, 0, &value) : get_user_u32(&value, addr);
}

void futex_enter(struct futex_bucket *b, struct futex_waiter *w)
{
	__atomic_store_n(&w->bucket, b, __ATOMIC_RELEASE);
	list_add_tail(&b->waiters, &w->link);
}

int futex_enter_if(struct futex_waiter *w, uint32_t value)
{
	struct futex_bucket *b = futex_bucket(w->addr);

	for (;;) {
		uint32_t found;
		int error;

		futex_lock_two(b, b);
		error = futex_read(&found, w->addr);
		if (!error && found == value)
			futex_enter(b, w);
		futex_unlock_two(b, b);
		if (!error)
			return found == value ? 0 : -EAGAIN;
		if (futex_fault_in(w->addr, false))
			return -EFAULT;
	}
}

/* The waiter may move to another bucket while we go for the lock of the one that we saw. */
bool futex_leave(struct futex_waiter *w)
{
	for (;;) {
		struct futex_bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);

		if (!b)
			return true;
		LOCKED(&b->lock);
		if (__atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE) != b)
			continue;
		list_del(&w->link);
		w->bucket = NULL;
		return false;
	}
}

/*
 * `bucket` is the last thing written: who sees it NULL without the lock may return, and the waiter's frame is gone. Who
 * sees only the mark goes through futex_leave(), which waits for our lock.
 */
void futex_take_one(struct futex_waiter *w, struct futex_batch *batch)
{
	batch->threads[batch->count++] = w->thread;
	list_del(&w->link);
	if (w->woken)
		__atomic_store_n(w->woken, w->mark, __ATOMIC_RELEASE);
	__atomic_store_n(&w->bucket, NULL, __ATOMIC_RELEASE);
}

int futex_take(struct futex_bucket *b, uint64_t addr, uint32_t bitset, int count, struct futex_batch *batch)
{
	int taken = 0;

	list_for_each_safe(at, &b->waiters) {
		struct futex_waiter *w = container_of(at, struct futex_waiter, link);

		if (taken >= count || batch->count == FUTEX_WAKE_BATCH)
			break;
		if (w->addr != addr || !(w->bitset & bitset) || w->pi)
			continue;
		futex_take_one(w, batch);
		taken++;
	}
	return taken;
}

void futex_unpark(struct futex_batch *batch)
{
	for (int i = 0; i < batch->count; i++)
		thread_unpark(batch->threads[i]);
	batch->count = 0;
}

static bool futex_taken(const struct futex_waiter *w)
{
	return !__atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
}

/*
 * A waker on another processor is often quicker than the way to the host and back; where processors are short it has to
 * wait for us to give up. So each thread spins as long as that paid off lately.
 */
static void futex_spin(const struct futex_waiter *w)
{
	struct thread *t = w->thread;

	for (uint32_t i = 0; i < t->futex_spins; i++) {
		if (futex_taken(w)) {
			t->futex_spins = t->futex_spins * 2 < FUTEX_SPINS_MAX ? t->futex_spins * 2 : FUTEX_SPINS_MAX;
			return;
		}
		__builtin_ia32_pause();
	}
	t->futex_spins = t->futex_spins / 2 > FUTEX_SPINS_MIN ? t->futex_spins / 2 : FUTEX_SPINS_MIN;
}

int futex_sleep(struct futex_waiter *w, int64_t deadline)
{
	int error = 0;

	futex_spin(w);
	while (!error && !futex_taken(w))
		error = thread_park(deadline);
	if (!error || futex_leave(w))
		return 0;
	return error == -EINTR ? -ERESTARTSYS : error;
}
