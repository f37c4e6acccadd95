/* The clock inside, over the real TSC and a host that may lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/kernel_task/fake.h"
#include "kernel/sync/wait.h"
#include "kernel/syscall.h"
#include "kernel/time/clock.h"
#include "kernel/time/vdso.h"

static int reset(void **state)
{
	(void)state;
	fake_reset();
	memset(&clock_vdso, 0, sizeof(clock_vdso));
	fake_clock_shift = 0;
	clock_start();
	return 0;
}

/* Ask until the clock stands on its own; it must not run backwards on the way. */
static int64_t settle(void)
{
	int64_t last = clock_monotonic_ns();

	while (!clock_vdso.mult) {
		int64_t now = clock_monotonic_ns();

		assert_true(now >= last);
		last = now;
	}
	return last;
}

static void learns_the_speed(void **state)
{
	uint32_t calls;
	int64_t ours, host;

	(void)state;
	(void)settle();
	calls = fake_clock_calls;
	for (int i = 0; i < 200000; i++) /* a few resynchronisations, each twice as long as the one before */
		(void)clock_monotonic_ns();
	assert_true(fake_clock_calls - calls < 1000);
	ours = clock_monotonic_ns();
	host = system_clock(CLOCK_MONOTONIC);
	assert_true(host - ours < NSEC_PER_SEC && ours - host < NSEC_PER_SEC);
	ours = clock_realtime_ns();
	host = system_clock(CLOCK_REALTIME);
	assert_true(host - ours < NSEC_PER_SEC && ours - host < NSEC_PER_SEC);
}

static void goes_forward_under_lies(void **state)
{
	int64_t last = settle();

	(void)state;
	for (int i = 0; i < 40; i++) {
		fake_clock_shift = (i % 2 ? 1 : -1) * i * NSEC_PER_SEC; /* the host's clock jumps to and fro */
		for (int n = 0; n < 1000; n++) {
			int64_t now;

			if (n % 100 == 0)
				clock_vdso.limit_tsc = 0; /* make it ask */
			now = clock_monotonic_ns();
			assert_true(now >= last);
			last = now;
		}
	}
	fake_clock_shift = 0;
}

static void reads_deadlines(void **state)
{
	int64_t deadline, now = settle();

	(void)state;
	*(struct timespec *)user(0) = (struct timespec){ .tv_sec = 2, .tv_nsec = 5 };
	assert_int_equal(clock_deadline_from_user(0, false, CLOCK_MONOTONIC, &deadline), 0);
	assert_int_equal(deadline, NO_DEADLINE);
	assert_int_equal(clock_deadline_from_user(64, false, CLOCK_MONOTONIC, &deadline), -EFAULT);
	assert_int_equal(clock_deadline_from_user(FAKE_USER, false, CLOCK_MONOTONIC, &deadline), 0);
	assert_in_range(deadline, now + 2 * NSEC_PER_SEC, now + 200 * NSEC_PER_SEC);
	assert_int_equal(clock_deadline_from_user(FAKE_USER, true, CLOCK_MONOTONIC, &deadline), 0);
	assert_in_range(deadline, 2 * NSEC_PER_SEC, 2 * NSEC_PER_SEC + 5000);
	((struct timespec *)user(0))->tv_sec = INT64_MAX; /* for ever, without an overflow */
	assert_int_equal(clock_deadline_from_user(FAKE_USER, false, CLOCK_REALTIME, &deadline), 0);
	assert_true(deadline > now + (1L << 31) * NSEC_PER_SEC);
	((struct timespec *)user(0))->tv_sec = -1;
	assert_int_equal(clock_deadline_from_user(FAKE_USER, false, CLOCK_REALTIME, &deadline), -EINVAL);
}

#define CALL(name, ...) sys_##name(&(struct regs){ __VA_ARGS__ })

static void clocks_by_number(void **state)
{
	(void)state;
	assert_int_equal(CALL(clock_gettime, .rdi = CLOCK_MONOTONIC_COARSE, .rsi = FAKE_USER), 0);
	assert_true(((struct timespec *)user(0))->tv_sec > 0);
	assert_int_equal(CALL(clock_gettime, .rdi = 10, .rsi = FAKE_USER), -EINVAL);
	assert_int_equal(CALL(clock_gettime, .rdi = 12, .rsi = FAKE_USER), -EINVAL);
	assert_int_equal(CALL(clock_gettime, .rdi = CLOCK_MONOTONIC, .rsi = 64), -EFAULT);
	assert_int_equal(CALL(clock_gettime, .rdi = (uint64_t)(~1000L * 8 | 2), .rsi = FAKE_USER), 0);
	assert_int_equal(CALL(clock_gettime, .rdi = (uint64_t)(~4242L * 8 | 2), .rsi = FAKE_USER), -EINVAL);
	assert_int_equal(CALL(clock_getres, .rdi = CLOCK_REALTIME_COARSE, .rsi = FAKE_USER), 0);
	assert_int_equal(((struct timespec *)user(0))->tv_nsec, 4000000);
	assert_int_equal(CALL(clock_settime, .rdi = CLOCK_REALTIME, .rsi = FAKE_USER), -EPERM);
	assert_int_equal(CALL(clock_settime, .rdi = CLOCK_MONOTONIC, .rsi = FAKE_USER), -EINVAL);
}

static void sleeps_at_least_so_long(void **state)
{
	int64_t start = settle();
	const struct timespec *left = user(64);

	(void)state;
	*(struct timespec *)user(0) = (struct timespec){ .tv_nsec = 3000000 };
	assert_int_equal(CALL(nanosleep, .rdi = FAKE_USER), 0);
	assert_true(clock_monotonic_ns() - start >= 3000000);
	current->pending = 1;
	assert_int_equal(CALL(nanosleep, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), -ERESTART_RESTARTBLOCK);
	assert_in_range(left->tv_nsec, 1, 3000000);
	current->pending = 0;
	assert_int_equal(CALL(restart_syscall), 0);
	assert_int_equal(CALL(restart_syscall), -EINTR);
	assert_int_equal(CALL(nanosleep, .rdi = 0), -EFAULT);
	assert_int_equal(CALL(clock_nanosleep, .rdi = CLOCK_THREAD_CPUTIME_ID, .rdx = FAKE_USER), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(learns_the_speed, reset),
		cmocka_unit_test_setup(goes_forward_under_lies, reset),
		cmocka_unit_test_setup(reads_deadlines, reset),
		cmocka_unit_test_setup(clocks_by_number, reset),
		cmocka_unit_test_setup(sleeps_at_least_so_long, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
