/* cpu/hw against a fake of the driver and of the vDSO: there is no SGX here to run it on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include <cmocka.h>

#include "cpu/hw/driver.h"
#include "cpu/hw/signal.h"
#include "cpu/hw/vdso.h"
#include "cpu/linux/sys.h"

#define BASE 0xfff0000000UL
#define SIZE (1UL << 40)
#define RW (SGX_SECINFO_R | SGX_SECINFO_W)
#define RX (SGX_SECINFO_R | SGX_SECINFO_X)
#define REG SGX_SECINFO_PT(SGX_PT_REG)

int fake_vdso_enter(void);
extern uint64_t fake_seen[8];
extern const char hw_enter_abort[], hw_signal_landing[], hw_enter_window[];

static struct {
	unsigned long requests[64];
	int count;
	long answers[8]; /* one by one, then 0 */
	int answer;
	uint64_t progress; /* bytes that one ranged ioctl does; 0: all */
	uint64_t result;
	struct sgx_ioc_add_pages add;
	uint64_t add_secinfo;
	struct {
		uint64_t start, end;
		int prot;
	} maps[64];
	int map_count;
	int opened;
} fake;

static long fake_open(const char *path)
{
	fake.opened++;
	return !strcmp(path, "/dev/sgx_enclave") ? 1000 : !strcmp(path, "/dev/sgx_provision") ? 1001 : -2;
}

static long fake_ioctl(int fd, unsigned long request, void *argument)
{
	long ret = fake.answers[fake.answer];
	uint64_t *words = argument;

	assert_int_equal(fd, 1000);
	fake.requests[fake.count++] = request;
	if (fake.answer < 7)
		fake.answer++;
	if (request == SGX_IOC_ADD_PAGES) {
		struct sgx_ioc_add_pages *add = argument;

		add->count = ret ? 0 : add->length;
		fake.add = *add;
		fake.add_secinfo = ((struct sgx_secinfo *)add->secinfo)->flags;
		assert_int_equal(add->src & PAGE_MASK, 0);
	}
	if (request == SGX_IOC_RESTRICT || request == SGX_IOC_MODIFY_TYPES || request == SGX_IOC_REMOVE) {
		uint64_t done = fake.progress && fake.progress < words[1] ? fake.progress : words[1];

		words[request == SGX_IOC_REMOVE ? 2 : 4] = ret && ret != -LINUX_EAGAIN ? 0 : done;
		if (request != SGX_IOC_REMOVE)
			words[3] = fake.result;
	}
	return ret;
}

static long fake_mmap(uint64_t address, uint64_t length, int prot, int flags, int fd, uint64_t offset)
{
	assert_int_equal(fd, 1000);
	assert_int_equal(flags, LINUX_MAP_SHARED | LINUX_MAP_FIXED);
	assert_int_equal(offset, address);
	fake.maps[fake.map_count].start = address;
	fake.maps[fake.map_count].end = address + length;
	fake.maps[fake.map_count++].prot = prot;
	return (long)address;
}

static void begin(uint64_t extra_attributes)
{
	struct sgx_secs secs = { .size = SIZE, .ssa_frame_size = 1,
				 .attributes = { SGX_ATTR_MODE64BIT | extra_attributes, 3 } };
	struct cpu_options options = { .enclu_page = BASE };

	memset(&fake, 0, sizeof(fake));
	hw_forget();
	hw_linux = (struct hw_linux){ fake_open, fake_ioctl, fake_mmap };
	assert_int_equal(hw_create(&options, &secs), 0);
	assert_int_equal(fake.requests[0], SGX_IOC_CREATE);
}

static void test_build(void **state)
{
	static uint8_t page[4096 + 1];
	struct sgx_sigstruct s = { 0 };
	struct cpu_counters c;

	(void)state;
	begin(0);
	fake.answers[1] = -LINUX_EINTR;
	fake.answer = 1;
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(hw_add(BASE + i * 4096, page + 1, REG | RX, true), 0);
	assert_int_equal(fake.count, 6); /* one was interrupted and came again */
	assert_int_equal(fake.add.offset, BASE + 3 * 4096);
	assert_int_equal(fake.add.flags, SGX_IOC_PAGE_MEASURE);
	assert_int_equal(fake.add_secinfo, REG | RX);
	assert_int_equal(hw_add(BASE + 0x10000, page, SGX_SECINFO_PT(SGX_PT_TCS), true), 0);
	assert_int_equal(hw_add(BASE + 0x11000, page, REG | RW, false), 0);
	assert_int_equal(fake.add.flags, 0);
	assert_int_equal(hw_init(&s), 0);
	assert_int_equal(fake.map_count, 5);
	assert_int_equal(fake.maps[0].start, 0x10000);
	assert_int_equal(fake.maps[0].end, BASE);
	assert_int_equal(fake.maps[0].prot, 7);
	assert_int_equal(fake.maps[1].end, BASE + 0x4000);
	assert_int_equal(fake.maps[1].prot, RX);
	assert_int_equal(fake.maps[2].end, BASE + 0x10000);
	assert_int_equal(fake.maps[3].end, BASE + 0x12000); /* TCS and data: one protection */
	assert_int_equal(fake.maps[3].prot, RW);
	assert_int_equal(fake.maps[4].end, SIZE);
	hw_counters(&c);
	assert_int_equal(c.pages_added, 6);
}

static void test_refusals(void **state)
{
	struct sgx_sigstruct s = { 0 };
	struct cpu_options options = { 0 };
	struct sgx_secs secs = { .size = SIZE };
	static uint8_t page[4096];

	(void)state;
	begin(0);
	assert_int_equal(hw_create(&options, &secs), -LINUX_EBUSY);
	fake.answers[0] = -LINUX_EINVAL;
	fake.answer = 0;
	assert_int_equal(hw_add(BASE, page, REG | RX, true), -LINUX_EINVAL);
	fake.answers[0] = SGX_INVALID_SIGNATURE; /* EINIT's own code passes through, and nothing is mapped */
	fake.answer = 0;
	assert_int_equal(hw_init(&s), SGX_INVALID_SIGNATURE);
	assert_int_equal(fake.map_count, 0);
	begin(SGX_ATTR_PROVISIONKEY);
	assert_int_equal(hw_init(&s), 0);
	assert_int_equal(fake.requests[1], SGX_IOC_PROVISION);
	assert_int_equal(fake.requests[2], SGX_IOC_INIT);
	assert_int_equal(fake.opened, 2);
}

static void test_ranges(void **state)
{
	(void)state;
	begin(0);
	fake.progress = 4096; /* short counts */
	assert_int_equal(hw_modify_type(0x40000000, 3 * 4096, SGX_PT_TRIM), 0);
	assert_int_equal(fake.count, 1 + 3);
	fake.answers[0] = -LINUX_EAGAIN;
	fake.answer = 0;
	assert_int_equal(hw_remove(0x40000000, 2 * 4096), 0);
	assert_int_equal(fake.count, 1 + 3 + 2);
	fake.answers[0] = -LINUX_EPERM;
	fake.answer = 0;
	assert_int_equal(hw_remove(0x40000000, 4096), -LINUX_EPERM);
	fake.answers[0] = -LINUX_EFAULT;
	fake.answer = 0;
	fake.result = SGX_PAGE_NOT_MODIFIABLE;
	assert_int_equal(hw_restrict_permissions(0x40000000, 4096, SGX_SECINFO_R), SGX_PAGE_NOT_MODIFIABLE);
}

/* The same sequence every time. */
static uint32_t sequence(uint32_t below)
{
	static uint32_t at = 3;

	at = at * 1664525 + 1013904223;
	return (at >> 8) % below;
}

static void test_vdso(void **state)
{
	const uint8_t *image = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	int (*get_time)(int, struct timespec *);
	static uint8_t copy[0x10000];
	struct timespec t = { 0, 0 };
	size_t size;

	(void)state;
	assert_int_equal(vdso_find(), (uintptr_t)image);
	size = vdso_size(image);
	assert_in_range(size, 256, 0x10000);
	get_time = (int (*)(int, struct timespec *))vdso_symbol(image, size, "__vdso_clock_gettime");
	assert_non_null((void *)(uintptr_t)get_time);
	assert_int_equal(get_time(CLOCK_REALTIME, &t), 0);
	assert_true(t.tv_sec > 1000000000);
	assert_int_equal(vdso_symbol(image, size, "__vdso_no_such_thing"), 0);
	/* Damaged images are refused or searched within their bounds: every length, then random bytes. */
	memcpy(copy, image, size);
	for (size_t n = 0; n < 1024; n++)
		(void)vdso_symbol(copy, n, "__vdso_clock_gettime");
	for (int i = 0; i < 20000; i++) {
		size_t at = sequence(1024);

		copy[at] = (uint8_t)sequence(256);
		(void)vdso_symbol(copy, size, "__vdso_clock_gettime");
		copy[at] = image[at];
	}
}

static void test_enter(void **state)
{
	struct hw_thread *thread = aligned_alloc(0x10000, 0x20000);
	char *stack = (char *)thread + 0x10000;
	struct cpu_run run = { .tcs = BASE, .function = ENCLU_EENTER, .regs = { 1, 2, 3, 4, 5, 6 } };
	struct hw_vdso_run v = { .tcs = BASE };
	long ret;

	(void)state;
	memset(thread, 0, sizeof(*thread));
	/* On the thread's own stack, as the host does. */
#define ON_STACK() \
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %5, %%rsp\n\tcall hw_asm_enter\n\tmov %%rbx, %%rsp" \
			 : "=a"(ret) \
			 : "D"(thread), "S"(&run), "d"(&v), "c"(fake_vdso_enter), "r"(stack) \
			 : "rbx", "r8", "r9", "r10", "r11", "memory", "cc")
	ON_STACK();
	assert_int_equal(ret, 0);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(fake_seen[i], i + 1);
	assert_int_equal(fake_seen[3], ENCLU_EENTER);
	assert_int_equal(fake_seen[4], 4);
	assert_int_equal(fake_seen[5], 5);
	assert_int_equal(fake_seen[6], 6);
	assert_int_equal(fake_seen[7], (uintptr_t)&v);
	assert_int_equal(v.function, ENCLU_EEXIT);
	assert_int_equal(run.regs.rdi, 101);
	assert_int_equal(run.regs.r10, 106);
	assert_int_equal(thread->host_rsp, 0);
	run.interrupt = 1;
	run.regs.rdi = 7;
	ON_STACK();
	assert_int_equal(ret, -LINUX_EINTR);
	assert_int_equal(run.regs.rdi, 7);
	assert_int_equal(thread->host_rsp, 0);
	free(thread);
}

static void test_signals(void **state)
{
	struct cpu_run run = { .exit = 99 };
	struct hw_thread thread = { .host_rsp = 0x1000, .run = &run };
	struct linux_siginfo info = { .code = 0 };
	struct linux_mcontext m = { .rip = 0x5010, .rax = ENCLU_ERESUME };

	(void)state;
	hw_vdso = (struct hw_vdso){ 0x5000, 0x5010 };
	/* In the enclave: AEX is done, the call returns. */
	assert_false(hw_signal_redirect(&thread, 10, &info, &m));
	assert_int_equal(m.rip, (uintptr_t)hw_signal_landing);
	assert_int_equal(m.rsp, 0x1000);
	assert_int_equal(run.exit, CPU_EXIT_SIGNAL);
	assert_int_equal(run.signal, 10);
	/* #BP of the enclave */
	m = (struct linux_mcontext){ .rip = 0x5010, .rax = ENCLU_ERESUME, .trap = X86_BP };
	info.code = 0x80;
	assert_false(hw_signal_redirect(&thread, LINUX_SIGTRAP, &info, &m));
	assert_int_equal(run.exit, CPU_EXIT_EXCEPTION);
	assert_int_equal(run.vector, X86_BP);
	/* On the way in: turn back, and the host hears of it. */
	for (int i = 0; i < 3; i++) {
		const uint64_t rips[] = { 0x5000, 0x5010, (uintptr_t)hw_enter_window };

		m = (struct linux_mcontext){ .rip = rips[i], .rax = ENCLU_EENTER };
		assert_true(hw_signal_redirect(&thread, 10, &info, &m));
		assert_int_equal(m.rip, (uintptr_t)hw_enter_abort);
	}
	/* On the way out, and not entering at all: nothing changes. */
	m = (struct linux_mcontext){ .rip = 0x5013, .rax = ENCLU_EEXIT };
	assert_true(hw_signal_redirect(&thread, 10, &info, &m));
	assert_int_equal(m.rip, 0x5013);
	thread.host_rsp = 0;
	m = (struct linux_mcontext){ .rip = 0x5010, .rax = ENCLU_ERESUME };
	assert_true(hw_signal_redirect(&thread, 10, &info, &m));
	assert_int_equal(m.rip, 0x5010);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build), cmocka_unit_test(test_refusals), cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_vdso),  cmocka_unit_test(test_enter),    cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
