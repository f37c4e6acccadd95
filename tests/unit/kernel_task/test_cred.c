/* Ids, capabilities and limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi/linux/capability.h"
#include "tests/unit/kernel_task/fake.h"
#include "kernel/syscall.h"
#include "kernel/task/cred.h"

#define SAME UINT32_MAX
#define CAP_ALL ((1UL << (CAP_LAST_CAP + 1)) - 1)

static struct credentials *const c = &init_process.cred;

static void be(uint32_t uid)
{
	*c = (struct credentials){ .uid = uid, .euid = uid, .suid = uid, .fsuid = uid, .gid = uid, .egid = uid,
				   .sgid = uid, .fsgid = uid, .cap_bounding = CAP_ALL,
				   .cap_permitted = uid ? 0 : CAP_ALL, .cap_effective = uid ? 0 : CAP_ALL };
}

static int reset(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

#define CALL(name, ...) sys_##name(&(struct regs){ __VA_ARGS__ })

static void root_becomes_anybody(void **state)
{
	(void)state;
	be(0);
	assert_int_equal(CALL(setuid, .rdi = SAME), -EINVAL);
	assert_int_equal(CALL(setuid, .rdi = 7), 0);
	assert_true(c->uid == 7 && c->euid == 7 && c->suid == 7 && c->fsuid == 7);
	assert_int_equal(c->cap_effective | c->cap_permitted, 0);
	assert_int_equal(CALL(setuid, .rdi = 0), -EPERM);
	assert_int_equal(CALL(setgid, .rdi = 0), 0); /* it is its group still */
	assert_int_equal(CALL(setgid, .rdi = 5), -EPERM);
}

static void a_daemon_comes_back(void **state)
{
	(void)state;
	be(0);
	assert_int_equal(CALL(setresuid, .rdi = SAME, .rsi = 7, .rdx = SAME), 0);
	assert_int_equal(c->euid, 7);
	assert_int_equal(c->cap_effective, 0);
	assert_int_equal(c->cap_permitted, CAP_ALL);
	assert_int_equal(CALL(setresuid, .rdi = 9, .rsi = SAME, .rdx = SAME), -EPERM);
	assert_int_equal(CALL(setresuid, .rdi = SAME, .rsi = 0, .rdx = SAME), 0);
	assert_int_equal(c->cap_effective, CAP_ALL);
	c->securebits = SECBIT_KEEP_CAPS;
	assert_int_equal(CALL(setresuid, .rdi = 7, .rsi = 7, .rdx = 7), 0);
	assert_int_equal(c->cap_permitted, CAP_ALL);
	assert_int_equal(c->cap_effective, 0);
}

static void setreuid_keeps_the_saved_id(void **state)
{
	(void)state;
	be(100);
	c->suid = 200;
	assert_int_equal(CALL(setreuid, .rdi = 200, .rsi = SAME), -EPERM); /* real only from real or effective */
	assert_int_equal(CALL(setreuid, .rdi = SAME, .rsi = 200), 0);
	assert_int_equal(c->suid, 200); /* effective became other than real: saved follows */
	assert_int_equal(CALL(setreuid, .rdi = 200, .rsi = 100), 0);
	assert_true(c->uid == 200 && c->euid == 100 && c->suid == 100);
}

static void fsuid_answers_the_old_one(void **state)
{
	(void)state;
	be(100);
	assert_int_equal(CALL(setfsuid, .rdi = 5), 100);
	assert_int_equal(CALL(setfsuid, .rdi = SAME), 100);
	be(0);
	assert_int_equal(CALL(setfsuid, .rdi = 5), 0);
	assert_int_equal(CALL(setfsuid, .rdi = SAME), 5);
}

static void groups(void **state)
{
	(void)state;
	be(0);
	for (uint32_t i = 0; i < 65; i++)
		((uint32_t *)user(0))[i] = 500 + i;
	assert_int_equal(CALL(setgroups, .rdi = 65, .rsi = FAKE_USER), -EINVAL);
	assert_int_equal(CALL(setgroups, .rdi = 3, .rsi = FAKE_USER), 0);
	assert_int_equal(CALL(getgroups, .rdi = 0), 3);
	assert_int_equal(CALL(getgroups, .rdi = 2, .rsi = FAKE_USER), -EINVAL);
	assert_int_equal(CALL(getgroups, .rdi = 9, .rsi = FAKE_USER + 4096), 3);
	assert_int_equal(*(uint32_t *)user(4096 + 8), 502);
	be(9);
	assert_int_equal(CALL(setgroups, .rdi = 0, .rsi = 0), -EPERM);
}

static void capabilities(void **state)
{
	struct cap_user_header *h = user(0);
	struct cap_user_data *d = user(64);

	(void)state;
	be(0);
	*h = (struct cap_user_header){ .version = 1 };
	assert_int_equal(CALL(capget, .rdi = FAKE_USER, .rsi = 0), 0);
	assert_int_equal(h->version, _LINUX_CAPABILITY_VERSION_3);
	assert_int_equal(CALL(capget, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), 0);
	assert_int_equal(d[0].effective, UINT32_MAX);
	assert_int_equal(d[1].permitted, CAP_ALL >> 32);
	d[0].effective = 0;
	d[0].permitted = 1U << CAP_NET_BIND_SERVICE;
	d[1] = (struct cap_user_data){ 0 };
	assert_int_equal(CALL(capset, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), 0);
	assert_false(cred_capable(CAP_SETUID));
	d[0].permitted = UINT32_MAX;
	assert_int_equal(CALL(capset, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), -EPERM);
	d[0] = (struct cap_user_data){ .effective = 1 };
	assert_int_equal(CALL(capset, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), -EPERM);
	h->pid = 4242;
	assert_int_equal(CALL(capget, .rdi = FAKE_USER, .rsi = FAKE_USER + 64), -ESRCH);
}

static long limit(int which, uint64_t cur, uint64_t max)
{
	*(struct rlimit *)user(0) = (struct rlimit){ cur, max };
	return CALL(prlimit64, .rsi = (uint64_t)which, .rdx = FAKE_USER, .r10 = FAKE_USER + 64);
}

static void limits(void **state)
{
	(void)state;
	be(100);
	init_process.limits[RLIMIT_NOFILE] = (struct rlimit){ 10, 20 };
	assert_int_equal(limit(RLIMIT_NOFILE, 20, 20), 0);
	assert_int_equal(((struct rlimit *)user(64))->rlim_cur, 10);
	assert_int_equal(limit(RLIMIT_NOFILE, 21, 20), -EINVAL);
	assert_int_equal(limit(RLIMIT_NOFILE, 20, 21), -EPERM);
	assert_int_equal(limit(RLIMIT_NOFILE, 5, 5), 0);
	assert_int_equal(limit(RLIMIT_NOFILE, 5, 20), -EPERM);
	assert_int_equal(limit(16, 1, 1), -EINVAL);
	assert_int_equal(CALL(prlimit64, .rdi = 4242, .rsi = RLIMIT_CORE), -ESRCH);
	be(0);
	assert_int_equal(limit(RLIMIT_NOFILE, 5, 20), 0);
	assert_int_equal(limit(RLIMIT_NOFILE, 5, RLIM_INFINITY), -EPERM);
	assert_int_equal(limit(RLIMIT_CORE, 5, RLIM_INFINITY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(root_becomes_anybody, reset),
		cmocka_unit_test_setup(a_daemon_comes_back, reset),
		cmocka_unit_test_setup(setreuid_keeps_the_saved_id, reset),
		cmocka_unit_test_setup(fsuid_answers_the_old_one, reset),
		cmocka_unit_test_setup(groups, reset),
		cmocka_unit_test_setup(capabilities, reset),
		cmocka_unit_test_setup(limits, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
