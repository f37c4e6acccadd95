/* Futex queues, locks and wait queues, with real threads under a fake host. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi/linux/futex.h"
#include "tests/unit/kernel_task/fake.h"
#include "kernel/sync/wait.h"
#include "kernel/syscall.h"
#include "kernel/task/internal.h"
#include "kernel/time/clock.h"

static uint32_t *word, *word2;
static uint64_t timeout_at;

static long futex(uint32_t *addr, uint32_t op, uint32_t value, uint64_t timeout, uint32_t *addr2, uint32_t value3)
{
	struct regs r = { .rdi = (uint64_t)addr, .rsi = op, .rdx = value, .r10 = timeout, .r8 = (uint64_t)addr2,
			  .r9 = value3 };

	return sys_futex(&r);
}

static int reset(void **state)
{
	(void)state;
	fake_reset();
	clock_start();
	word = user(0);
	word2 = user(64);
	timeout_at = FAKE_USER + 128;
	*(struct timespec *)user(128) = (struct timespec){ .tv_nsec = 5000000 };
	return 0;
}

static long results[FAKE_THREADS];
static uint32_t returned;

static void wait_on(void *arg)
{
	long *result = arg;

	*result = futex(word, FUTEX_WAIT, 0, 0, NULL, 0);
	__atomic_fetch_add(&returned, 1, __ATOMIC_SEQ_CST);
}

/* n threads sleep on word; returns when all of them are parked. */
static void start_waiters(int n)
{
	struct thread *t[FAKE_THREADS];

	returned = 0;
	for (int i = 0; i < n; i++) {
		results[i] = -1;
		t[i] = fake_thread(wait_on, &results[i]);
	}
	for (int i = 0; i < n; i++)
		while (__atomic_load_n(&t[i]->park_state, __ATOMIC_SEQ_CST) != PARK_PARKED)
			system_yield();
}

static void refuses(void **state)
{
	(void)state;
	assert_int_equal(futex(word, FUTEX_WAIT, 1, 0, NULL, 0), -EAGAIN);
	assert_int_equal(futex((uint32_t *)(FAKE_USER + 2), FUTEX_WAIT, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(futex((uint32_t *)64, FUTEX_WAIT, 0, 0, NULL, 0), -EFAULT);
	assert_int_equal(futex(word, FUTEX_WAIT_BITSET, 0, 0, NULL, 0), -EINVAL);
	assert_int_equal(futex(word, FUTEX_FD, 0, 0, NULL, 0), -ENOSYS);
	assert_int_equal(futex(word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, 0, NULL, 0), -ENOSYS);
	assert_int_equal(futex(word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 0, NULL, 0), -ENOSYS);
	assert_int_equal(futex(word, FUTEX_WAIT, 0, timeout_at, NULL, 0), -ETIMEDOUT);
	((struct timespec *)user(128))->tv_nsec = NSEC_PER_SEC;
	assert_int_equal(futex(word, FUTEX_WAIT, 0, timeout_at, NULL, 0), -EINVAL);
	current->pending = 1;
	assert_int_equal(futex(word, FUTEX_WAIT, 0, 0, NULL, 0), -ERESTARTSYS);
	current->pending = 0;
	assert_int_equal(futex(word, FUTEX_WAKE, 1, 0, NULL, 0), 0);
}

static void wakes_so_many(void **state)
{
	(void)state;
	start_waiters(5);
	assert_int_equal(futex(word2, FUTEX_WAKE, 9, 0, NULL, 0), 0);
	assert_int_equal(futex(word, FUTEX_WAKE, 2, 0, NULL, 0), 2);
	while (__atomic_load_n(&returned, __ATOMIC_SEQ_CST) < 2)
		system_yield();
	assert_int_equal(futex(word, FUTEX_WAKE_BITSET, 9, 0, NULL, 1), 3);
	fake_join();
	for (int i = 0; i < 5; i++)
		assert_int_equal(results[i], 0);
}

static void requeues(void **state)
{
	(void)state;
	start_waiters(4);
	assert_int_equal(futex(word, FUTEX_CMP_REQUEUE, 1, 2, word2, 7), -EAGAIN);
	assert_int_equal(futex(word, FUTEX_CMP_REQUEUE, 1, 2, word2, 0), 3);
	assert_int_equal(futex(word, FUTEX_WAKE, 9, 0, NULL, 0), 1);
	assert_int_equal(futex(word2, FUTEX_WAKE, 9, 0, NULL, 0), 2);
	fake_join();
	assert_int_equal(futex(word, FUTEX_REQUEUE, (uint32_t)-1, 1, word2, 0), -EINVAL);
}

static void operates(void **state)
{
	(void)state;
	*word2 = 5;
	start_waiters(2);
	/* word2 += 3; was it less than 5? no: nobody of word2 would be woken */
	assert_int_equal(futex(word, FUTEX_WAKE_OP, 1, 9, word2, 1u << 28 | 2u << 24 | 3 << 12 | 5), 1);
	assert_int_equal(*word2, 8);
	assert_int_equal(futex(word2, FUTEX_WAKE_OP, 1, 9, word, 0u << 28 | 0u << 24 | 9 << 12 | 0), 1);
	assert_int_equal(*word, 9);
	assert_int_equal(futex(word, FUTEX_WAKE_OP, 1, 9, word2, 7u << 28), -ENOSYS);
	fake_join();
}

#define ROUNDS 3000
static uint32_t *locked;
static uint64_t counter;

/* A mutex as libc makes it: 0 free, 1 held, 2 held and waited for. */
static void hammer(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t zero = 0;

		if (!__atomic_compare_exchange_n(locked, &zero, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			while (__atomic_exchange_n(locked, 2, __ATOMIC_SEQ_CST))
				(void)futex(locked, FUTEX_WAIT, 2, 0, NULL, 0);
		counter++;
		if (__atomic_exchange_n(locked, 0, __ATOMIC_SEQ_CST) == 2)
			(void)futex(locked, FUTEX_WAKE, 1, 0, NULL, 0);
	}
}

static void carries_a_mutex(void **state)
{
	(void)state;
	locked = word;
	counter = 0;
	for (int i = 0; i < 4; i++)
		fake_thread(hammer, NULL);
	fake_join();
	assert_int_equal(counter, 4 * ROUNDS);
}

static void hammer_pi(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t zero = 0, mine = (uint32_t)current->tid;

		if (!__atomic_compare_exchange_n(locked, &zero, mine, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			assert_int_equal(futex(locked, FUTEX_LOCK_PI, 0, 0, NULL, 0), 0);
		assert_int_equal(*locked & FUTEX_TID_MASK, mine);
		counter++;
		if (!__atomic_compare_exchange_n(locked, &mine, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			assert_int_equal(futex(locked, FUTEX_UNLOCK_PI, 0, 0, NULL, 0), 0);
	}
}

static void inherits(void **state)
{
	(void)state;
	locked = word;
	counter = 0;
	for (int i = 0; i < 3; i++)
		fake_thread(hammer_pi, NULL);
	fake_join();
	assert_int_equal(counter, 3 * ROUNDS);
	assert_int_equal(*word, 0);
	*word = 4999;
	assert_int_equal(futex(word, FUTEX_LOCK_PI, 0, 0, NULL, 0), -ESRCH);
	assert_int_equal(futex(word, FUTEX_UNLOCK_PI, 0, 0, NULL, 0), -EPERM);
	*word = (uint32_t)current->tid;
	assert_int_equal(futex(word, FUTEX_LOCK_PI, 0, 0, NULL, 0), -EDEADLK);
	*word = 1001;
	assert_int_equal(futex(word, FUTEX_TRYLOCK_PI, 0, 0, NULL, 0), -EAGAIN);
}

/* A robust list of two: one lock of the leaver with a waiter, one of somebody else. */
static void leaves_robustly(void **state)
{
	struct robust_list_head *head = user(512);
	struct robust_list *a = user(1024), *b = user(2048);

	(void)state;
	*head = (struct robust_list_head){ .list.next = (uint64_t)a, .futex_offset = 8 };
	a->next = (uint64_t)b;
	b->next = (uint64_t)head;
	word = user(1024 + 8);
	start_waiters(1);
	*word = (uint32_t)current->tid | FUTEX_WAITERS;
	*(uint32_t *)user(2048 + 8) = 7;
	current->robust_list = (uint64_t)head;
	futex_exit_robust(current);
	fake_join();
	assert_int_equal(*word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
	assert_int_equal(*(uint32_t *)user(2048 + 8), 7);
	b->next = (uint64_t)b; /* a ring that never comes back to the head: the walk ends all the same */
	futex_exit_robust(current);
	current->robust_list = 64;
	futex_exit_robust(current);
}

static void wait_many(void *arg)
{
	struct regs r = { .rdi = FAKE_USER + 4096, .rsi = 2 };

	*(long *)arg = sys_futex_waitv(&r);
}

static void waits_for_several(void **state)
{
	struct futex_waitv *v = user(4096);
	struct thread *t;
	long result = -1;

	(void)state;
	v[0] = (struct futex_waitv){ .uaddr = (uint64_t)word, .flags = FUTEX_32 };
	v[1] = (struct futex_waitv){ .uaddr = (uint64_t)word2, .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG };
	t = fake_thread(wait_many, &result);
	while (__atomic_load_n(&t->park_state, __ATOMIC_SEQ_CST) != PARK_PARKED)
		system_yield();
	assert_int_equal(futex(word2, FUTEX_WAKE, 1, 0, NULL, 0), 1);
	fake_join();
	assert_int_equal(result, 1);
	v[1].val = 1;
	wait_many(&result);
	assert_int_equal(result, -EAGAIN);
	v[0].flags = 0;
	wait_many(&result);
	assert_int_equal(result, -EINVAL);
}

static struct lock lock;

static void hammer_lock(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		LOCKED(&lock);
		counter++;
	}
}

static void locks(void **state)
{
	(void)state;
	counter = 0;
	for (int i = 0; i < 4; i++)
		fake_thread(hammer_lock, NULL);
	fake_join();
	assert_int_equal(counter, 80000);
	assert_int_equal(lock.state, 0);
}

static struct waitq queue;
static bool open_gate;

static void wait_for_gate(void *arg)
{
	struct waiter w;
	int error = 0;

	(void)arg;
	waitq_add(&queue, &w);
	while (!__atomic_load_n(&open_gate, __ATOMIC_SEQ_CST) && !error)
		error = thread_park(NO_DEADLINE);
	waitq_remove(&queue, &w);
	__atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST);
}

static void queues(void **state)
{
	(void)state;
	waitq_init(&queue);
	counter = 0;
	open_gate = false;
	for (int i = 0; i < 5; i++)
		fake_thread(wait_for_gate, NULL);
	waitq_wake_some(&queue, 0, 2); /* too early: they sleep again */
	__atomic_store_n(&open_gate, true, __ATOMIC_SEQ_CST);
	waitq_wake(&queue, 0);
	fake_join();
	assert_int_equal(counter, 5);
	assert_true(list_empty(&queue.waiters));
}

static void remembers_a_wake(void **state)
{
	(void)state;
	thread_unpark(current);
	assert_int_equal(thread_park(NO_DEADLINE), 0);
	assert_int_equal(thread_park(clock_monotonic_ns() + 1000000), -ETIMEDOUT);
	current->pending = 2;
	assert_int_equal(thread_park(NO_DEADLINE), -EINTR);
	current->blocked = 2;
	current->work = WORK_SIGNAL; /* work, but nothing for this thread: it sleeps */
	assert_int_equal(thread_park(clock_monotonic_ns() + 1000000), -ETIMEDOUT);
	assert_int_equal(current->work, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses, reset),		cmocka_unit_test_setup(wakes_so_many, reset),
		cmocka_unit_test_setup(requeues, reset),	cmocka_unit_test_setup(operates, reset),
		cmocka_unit_test_setup(carries_a_mutex, reset), cmocka_unit_test_setup(inherits, reset),
		cmocka_unit_test_setup(leaves_robustly, reset), cmocka_unit_test_setup(waits_for_several, reset),
		cmocka_unit_test_setup(locks, reset),		cmocka_unit_test_setup(queues, reset),
		cmocka_unit_test_setup(remembers_a_wake, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
