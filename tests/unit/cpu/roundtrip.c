/*
 * The software processor as a whole, with a tiny enclave: enter, exit, exceptions, signals, every register across
 * AEX and ERESUME, dynamic memory. A static program, because Syscall User Dispatch allows calls from one range only.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "cpu/soft/backing.h"
#include "cpu/soft/memory.h"
#include "cpu/soft/soft.h"

#define SYS_CLOCK_GETTIME 228
#define BLOCK 0x10000UL
#define STUB KERNEL_BASE
#define CODE (KERNEL_BASE + 0x1000)
/* Of the calling thread */
#define DATA (here + 0x2000)
#define TCS (here + 0x3000)
#define SSA (here + 0x4000)
#define STACK (here + 0x6000)
#define THREADS 4U
#define THREAD_STRIDE 0x10000UL
#define FREE (KERNEL_BASE + 0x10000000UL - 0x100000)
#define HEAP 0x40000000UL

extern const uint8_t tiny_code[4096];
extern const char tiny_ud2_site[];

enum { ECHO, STATE, LEAF, READ, WRITE, SPIN, CALL, STATE_SPIN, BREAKPOINT, DIVIDE, LEAVES, SYSCALL };

static int failures;
static enum cpu_memory memory_mode = CPU_MEMORY_ORDINARY;
static bool strict;
static volatile int host_signals;
static __thread struct cpu_run run;
static __thread uint64_t here = KERNEL_BASE;

#define CHECK(condition) check(condition, #condition, __LINE__)
static void check(bool ok, const char *what, int line)
{
	if (ok)
		return;
	printf("FAIL line %d: %s (exit %u vector %u error %x address %llx signal %u rdi %llx rsi %llx rdx %llx)\n",
	       line, what, run.exit, run.vector, run.error_code, (unsigned long long)run.address, run.signal,
	       (unsigned long long)run.regs.rdi, (unsigned long long)run.regs.rsi, (unsigned long long)run.regs.rdx);
	if (__atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED) > 10)
		sys_exit_group(1);
}

/* Without thread-local variables: it can come while FS is the enclave's. */
static void on_host_signal(int signal, void *siginfo, void *ucontext)
{
	uintptr_t block = (uintptr_t)ucontext & ~(BLOCK - 1);
	struct cpu_run *current = ((struct soft_thread *)block)->run;

	(void)siginfo;
	if (signal == SIGSEGV || signal == SIGILL || signal == SIGSYS || signal == SIGBUS || signal == SIGTRAP) {
		static const char text[] = "fault in the host\n";

		(void)sys_write(1, text, sizeof(text) - 1);
		sys_exit_group(9);
	}
	host_signals = host_signals + 1;
	if (current)
		current->interrupt = 1;
}

static int enter(uint32_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx)
{
	int ret;

	run.tcs = TCS;
	do {
		run.function = function;
		run.regs.rdi = rdi;
		run.regs.rsi = rsi;
		run.regs.rdx = rdx;
		run.interrupt = 0;
		ret = cpu_soft.enter(&run);
	} while (ret == -LINUX_EINTR);
	return ret;
}

static uint64_t leaf(uint32_t number, uint64_t rbx, uint64_t rcx, uint64_t rdx)
{
	run.regs.r8 = rcx;
	run.regs.r9 = rdx;
	CHECK(enter(ENCLU_EENTER, LEAF, number, rbx) == 0);
	return run.exit == CPU_EXIT_EEXIT ? run.regs.rsi : UINT64_MAX;
}

/* After an exception: let the enclave look (and step over the instruction), then resume. */
static void resume(uint64_t step)
{
	CHECK(enter(ENCLU_EENTER, step ? 1 : 2, 0, step) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rdi == 0xe0);
	CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
}

/* Forget an exception: what an enclave would do by editing its state; here the SSA is stepped back by hand. */
static void forget(void)
{
	tcs_find(TCS)->cssa = 0;
}

static uint64_t secinfo(uint64_t flags)
{
	struct sgx_secinfo *s = (struct sgx_secinfo *)(DATA + 0x400);

	memset(s, 0, sizeof(*s));
	s->flags = flags;
	return (uint64_t)s;
}

static void add(uint64_t address, const void *content, uint64_t flags)
{
	int ret = cpu_soft.add(address, content, flags, true);

	if (ret) {
		printf("add %lx: %d\n", address, ret);
		exit(1);
	}
}

static void build_thread(uint64_t base)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	const uint64_t rw = SGX_SECINFO_PT(SGX_PT_REG) | SGX_SECINFO_R | SGX_SECINFO_W;
	struct sgx_tcs *tcs = (struct sgx_tcs *)page;
	uint64_t *data = (uint64_t *)page;

	here = base;
	memset(page, 0, sizeof(page));
	data[32 / 8] = STACK + 0x1000;
	data[40 / 8] = STUB;
	data[304 / 8] = SSA + 0x1000 - sizeof(struct sgx_gpr) + offsetof(struct sgx_gpr, rip);
	for (int i = 128; i < 176; i++)
		page[i] = (uint8_t)(i * 7);
	add(DATA, page, rw);
	memset(page, 0, sizeof(page));
	tcs->ossa = SSA;
	tcs->nssa = 2;
	tcs->oentry = CODE;
	tcs->ogs_base = DATA;
	tcs->ofs_base = DATA + 0x800;
	add(TCS, page, SGX_SECINFO_PT(SGX_PT_TCS));
	memset(page, 0, sizeof(page));
	add(SSA, page, rw);
	add(SSA + 0x1000, page, rw);
	add(STACK, page, rw);
}

static void build(void)
{
	static uint8_t page[4096] __attribute__((aligned(4096)));
	struct cpu_options options = { STUB, memory_mode, strict, -1, on_host_signal };
	struct sgx_secs secs = { .size = ELRANGE_SIZE,
				 .ssa_frame_size = SSA_FRAME_PAGES,
				 .misc_select = SGX_MISC_EXINFO,
				 .attributes = { SGX_ATTR_MODE64BIT, 7 } };
	const uint64_t rx = SGX_SECINFO_PT(SGX_PT_REG) | SGX_SECINFO_R | SGX_SECINFO_X;
	int ret = cpu_soft.create(&options, &secs);

	if (ret) {
		printf("create: %d\n", ret);
		exit(ret == -LINUX_ENOSYS || ret == -LINUX_EAGAIN ? 77 : 1);
	}
	memset(page, 0xcc, sizeof(page));
	memcpy(page, "\x0f\x01\xd7\xc3", 4);
	add(STUB, page, rx);
	add(CODE, tiny_code, rx);
	for (uint64_t i = THREADS; i--;)
		build_thread(KERNEL_BASE + i * THREAD_STRIDE);
	memory_flush();
	/* EINIT has tests of its own. */
	soft.secs.attributes.flags |= SGX_ATTR_INIT;
}

static void test_echo(void)
{
	run.regs.r8 = 10;
	run.regs.r9 = 20;
	run.regs.r10 = 30;
	CHECK(enter(ENCLU_EENTER, ECHO, 5, 6) == 0);
	CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 6 && run.regs.rdx == 7 && run.regs.r8 == 11);
	CHECK(run.regs.r9 == 21 && run.regs.r10 == 31);
}

static void check_state(uint64_t flags)
{
	const uint8_t *data = (const uint8_t *)DATA;
	const double *d = (const double *)(DATA + 272);

	CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 0);
	CHECK(!flags || (run.regs.rdx & 0xcd5) == flags);
	CHECK(!memcmp(data + 128, data + 208, 48));
	CHECK(!memcmp(data + 128, data + 256, 16));
	CHECK(d[0] == 1.0 && d[1] > 3.14159 && d[1] < 3.1416);
	CHECK(*(uint64_t *)(DATA + 288) == DATA && *(uint64_t *)(DATA + 296) == DATA + 0x800);
}

static void test_state(void)
{
	CHECK(enter(ENCLU_EENTER, STATE, 0, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_UD);
	CHECK(*(uint64_t *)*(uint64_t *)(DATA + 304) == CODE + (uint64_t)(tiny_ud2_site - (const char *)tiny_code));
	resume(2);
	check_state(0xcd5);
}

static void test_exceptions(void)
{
	/*
	 * `syscall` never reaches Linux: #UD, RIP at the instruction (RCX and R11 are lost to it, as the ABI has it).
	 */
	CHECK(enter(ENCLU_EENTER, SYSCALL, SYS_GETPID, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_UD);
	resume(2);
	CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rsi == SYS_GETPID);
	CHECK(enter(ENCLU_EENTER, BREAKPOINT, 0, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_BP);
	resume(0);
	CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 77);
	CHECK(enter(ENCLU_EENTER, DIVIDE, 0, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_DE);
	forget();
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x123, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_PF && run.address == HEAP);
	CHECK(*(uint64_t *)(SSA + 0x1000 - sizeof(struct sgx_gpr) - 16) == HEAP + 0x123);
	forget();
	CHECK(enter(ENCLU_EENTER, READ, 0x8000000000000000UL, 0) == 0);
	CHECK(run.exit == CPU_EXIT_EXCEPTION && run.vector == X86_GP);
	forget();
	/* ENTER from inside, and a leaf that does not exist */
	CHECK(leaf(ENCLU_EENTER, TCS, 0, 0) == UINT64_MAX && run.vector == X86_GP);
	CHECK(*(uint64_t *)*(uint64_t *)(DATA + 304) == STUB);
	forget();
	CHECK(leaf(99, 0, 0, 0) == UINT64_MAX && run.vector == X86_GP);
	forget();
}

static void test_memory(void)
{
	const uint64_t rw = SGX_SECINFO_R | SGX_SECINFO_W, reg = SGX_SECINFO_PT(SGX_PT_REG);
	struct cpu_counters c;

	/* New pages: zero, writable, one mprotect for all of them. */
	for (uint64_t i = 0; i < 16; i++)
		CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), HEAP + i * 4096, 0) == 0);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), HEAP, 0) == SGX_PAGE_ATTRIBUTES_MISMATCH);
	CHECK(enter(ENCLU_EENTER, WRITE, HEAP + 0x5008, 0x1234) == 0 && run.exit == CPU_EXIT_EEXIT);
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x5008, 0) == 0 && run.regs.rsi == 0x1234);
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x6008, 0) == 0 && run.regs.rsi == 0);
	/* Restrict, and it cannot be written any more; accept the restriction. */
	CHECK(cpu_soft.restrict_permissions(HEAP + 0x5000, 0x1000, SGX_SECINFO_R) == 0);
	CHECK(enter(ENCLU_EENTER, WRITE, HEAP + 0x5008, 1) == 0 && run.vector == X86_PF && run.error_code & 2);
	forget();
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | SGX_SECINFO_R | SGX_SECINFO_PR), HEAP + 0x5000, 0) == 0);
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x5008, 0) == 0 && run.regs.rsi == 0x1234);
	/* Extend again. */
	CHECK(leaf(ENCLU_EMODPE, secinfo(reg | rw), HEAP + 0x5000, 0) != UINT64_MAX);
	CHECK(enter(ENCLU_EENTER, WRITE, HEAP + 0x5008, 0x4321) == 0 && run.exit == CPU_EXIT_EEXIT);
	/* Remove: TRIM, EACCEPT, EREMOVE; then it faults; then it can be had again, zero. */
	CHECK(cpu_soft.remove(HEAP + 0x5000, 0x1000) == -LINUX_EPERM);
	CHECK(cpu_soft.modify_type(HEAP + 0x5000, 0x1000, SGX_PT_TRIM) == 0);
	CHECK(cpu_soft.remove(HEAP + 0x5000, 0x1000) == -LINUX_EPERM);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED), HEAP + 0x5000, 0) == 0);
	CHECK(cpu_soft.remove(HEAP + 0x5000, 0x1000) == 0);
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x5008, 0) == 0 && run.vector == X86_PF);
	forget();
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), HEAP + 0x5000, 0) == 0);
	CHECK(enter(ENCLU_EENTER, READ, HEAP + 0x5008, 0) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 0);
	cpu_soft.counters(&c);
	CHECK(c.pages_added == 2 + 5 * THREADS + 17 && c.pages_removed == 1 && c.pages_live == c.pages_added - 1);
	/* Everything removed: the extent goes back to the system. */
	CHECK(cpu_soft.modify_type(HEAP, 0x10000, SGX_PT_TRIM) == 0);
	for (uint64_t i = 0; i < 16; i++)
		CHECK(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED), HEAP + i * 4096,
			   0) == 0);
	CHECK(cpu_soft.remove(HEAP, 0x10000) == 0);
	CHECK(epcm_extent(HEAP)->backed == 0);
	/* Lowest pages cannot be had. */
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), 0, 0) == UINT64_MAX && run.vector == X86_PF);
	forget();
}

static void test_code(void)
{
	static const uint8_t ret42[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	static const uint8_t ret43[] = { 0xb8, 43, 0, 0, 0, 0xc3 };
	const uint64_t rw = SGX_SECINFO_R | SGX_SECINFO_W, reg = SGX_SECINFO_PT(SGX_PT_REG);
	const uint64_t rx = SGX_SECINFO_R | SGX_SECINFO_X, text = HEAP + 0x200000;

	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), HEAP, 0) == 0);
	CHECK(enter(ENCLU_EENTER, WRITE, HEAP, 0) == 0);
	memcpy((void *)HEAP, ret42, sizeof(ret42));
	CHECK(leaf(ENCLU_EACCEPTCOPY, secinfo(reg | rx), text, HEAP) == 0);
	memcpy((void *)HEAP, ret43, sizeof(ret43));
	CHECK(leaf(ENCLU_EACCEPTCOPY, secinfo(reg | rx), text + 0x1000, HEAP) == 0);
	CHECK(leaf(ENCLU_EACCEPTCOPY, secinfo(reg | SGX_SECINFO_R), text + 0x2000, HEAP) == 0);
	CHECK(leaf(ENCLU_EACCEPTCOPY, secinfo(reg | rw), text + 0x3000, HEAP) == 0);
	CHECK(enter(ENCLU_EENTER, CALL, text, 0) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 42);
	CHECK(enter(ENCLU_EENTER, CALL, text + 0x1000, 0) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 43);
	CHECK(enter(ENCLU_EENTER, CALL, text + 0x2000, 0) == 0 && run.vector == X86_PF && run.error_code & 0x10);
	forget();
	CHECK(enter(ENCLU_EENTER, WRITE, text + 0x2000, 0) == 0 && run.vector == X86_PF && run.error_code & 2);
	forget();
	CHECK(enter(ENCLU_EENTER, WRITE, text + 0x3000, 7) == 0 && run.exit == CPU_EXIT_EEXIT);
	CHECK(enter(ENCLU_EENTER, WRITE, text, 0) == 0 && run.vector == X86_PF);
	forget();
	/* A JIT's page: executable, then writable too; its content stays. */
	CHECK(leaf(ENCLU_EMODPE, secinfo(reg | rw), text, 0) != UINT64_MAX);
	CHECK(enter(ENCLU_EENTER, CALL, text, 0) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 42);
	CHECK(backing_exposed() == 1);
	CHECK(enter(ENCLU_EENTER, WRITE, text, 0xc3) == 0 && run.exit == CPU_EXIT_EEXIT);
	CHECK(enter(ENCLU_EENTER, CALL, text, 0) == 0 && run.exit == CPU_EXIT_EEXIT);
	/* A writable page becomes executable, then loses W: stays what it is. */
	CHECK(leaf(ENCLU_EMODPE, secinfo(reg | rx), HEAP, 0) != UINT64_MAX);
	CHECK(cpu_soft.restrict_permissions(HEAP, 0x1000, rx) == 0);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rx | SGX_SECINFO_PR), HEAP, 0) == 0);
	CHECK(enter(ENCLU_EENTER, CALL, HEAP, 0) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 43);
	/* Text made readable only, then writable: from a sealed file to writable memory. */
	CHECK(cpu_soft.restrict_permissions(text + 0x1000, 0x1000, SGX_SECINFO_R) == 0);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | SGX_SECINFO_R | SGX_SECINFO_PR), text + 0x1000, 0) == 0);
	CHECK(enter(ENCLU_EENTER, CALL, text + 0x1000, 0) == 0 && run.vector == X86_PF);
	forget();
	CHECK(leaf(ENCLU_EMODPE, secinfo(reg | rw), text + 0x1000, 0) != UINT64_MAX);
	CHECK(enter(ENCLU_EENTER, WRITE, text + 0x1008, 1) == 0 && run.exit == CPU_EXIT_EEXIT);
	CHECK(enter(ENCLU_EENTER, READ, text + 0x1000, 0) == 0 && (uint8_t)run.regs.rsi == 0xb8);
}

static void test_threads(void)
{
	const uint64_t rw = SGX_SECINFO_R | SGX_SECINFO_W, reg = SGX_SECINFO_PT(SGX_PT_REG), page = FREE;
	struct sgx_tcs tcs = { .ossa = SSA, .nssa = 2, .oentry = CODE, .ogs_base = DATA, .ofs_base = DATA };

	CHECK(leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), page, 0) == 0);
	memcpy((void *)page, &tcs, sizeof(tcs));
	CHECK(cpu_soft.modify_type(page, 0x1000, SGX_PT_TCS) == 0);
	run.tcs = page;
	run.function = ENCLU_EENTER;
	CHECK(cpu_soft.enter(&run) == -LINUX_EFAULT);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_TCS) | SGX_SECINFO_MODIFIED), page, 0) == 0);
	run.tcs = page;
	run.function = ENCLU_EENTER;
	run.regs.rdi = ECHO;
	run.regs.rsi = 1;
	CHECK(cpu_soft.enter(&run) == 0 && run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 2);
	run.function = ENCLU_ERESUME;
	CHECK(cpu_soft.enter(&run) == -LINUX_EINVAL); /* CSSA is 0 */
	tcs_find(page)->busy = 1;
	run.function = ENCLU_EENTER;
	CHECK(cpu_soft.enter(&run) == -LINUX_EBUSY);
	CHECK(cpu_soft.modify_type(page, 0x1000, SGX_PT_TRIM) == 0);
	CHECK(leaf(ENCLU_EACCEPT, secinfo(SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED), page, 0) == 0);
	CHECK(cpu_soft.remove(page, 0x1000) == SGX_ENCLAVE_ACT);
	tcs_find(page)->busy = 0;
	CHECK(cpu_soft.remove(page, 0x1000) == 0 && !tcs_find(page));
	run.tcs = page;
	CHECK(cpu_soft.enter(&run) == -LINUX_EFAULT);
}

static pid_t signaller(int signal, int rounds, useconds_t pause)
{
	pid_t parent = getpid(), child = fork();

	if (child)
		return child;
	for (int i = 0; i < rounds; i++) {
		usleep(pause);
		kill(parent, signal);
	}
	_exit(0);
}

/* A signal that interrupts waiting does not end it. */
static void wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) != child)
		;
}

static void test_signal(void)
{
	uint32_t *flag = (uint32_t *)(DATA + 0x600);
	pid_t child;

	*flag = 0;
	child = signaller(SIGUSR1, 1, 20000);
	CHECK(enter(ENCLU_EENTER, STATE_SPIN, 0, (uint64_t)flag) == 0);
	CHECK(run.exit == CPU_EXIT_SIGNAL && run.signal == SIGUSR1);
	wait_for(child);
	while (run.exit == CPU_EXIT_SIGNAL && run.signal == SIGCHLD)
		CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
	*flag = 1;
	resume(0);
	while (run.exit == CPU_EXIT_SIGNAL)
		CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
	check_state(0);
}

/* Signals at any instruction: entry, exit, leaf functions, resume. Nothing is lost and no register changes. */
static void test_storm(void)
{
	const uint64_t reg = SGX_SECINFO_PT(SGX_PT_REG), rw = SGX_SECINFO_R | SGX_SECINFO_W;
	pid_t child = signaller(SIGUSR1, 3000, 50);
	uint64_t exits = 0, rounds = 0;
	int status = 0;

	host_signals = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		run.regs.r8 = HEAP;
		CHECK(enter(ENCLU_EENTER, LEAVES, 100, secinfo(reg | rw | SGX_SECINFO_PENDING)) == 0);
		while (run.exit == CPU_EXIT_SIGNAL) {
			exits++;
			CHECK(run.signal == SIGUSR1 || run.signal == SIGCHLD);
			CHECK(enter(ENCLU_EENTER, 2, 0, 0) == 0);
			while (run.exit == CPU_EXIT_SIGNAL) { /* CSSA 2 is the end: resume the handler itself */
				exits++;
				CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
			}
			CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rdi == 0xe0);
			CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
		}
		CHECK(run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 0);
		rounds++;
		if (failures > 5)
			break;
	}
	printf("storm: %lu rounds, %lu exits inside, %d in the host\n", rounds, exits, host_signals);
	CHECK(exits > 10 && tcs_find(TCS)->cssa == 0);
}

/* Figures, not promises: printed, never asserted. */
static double now(void)
{
	struct timespec t;

	/* CPU time, as others may be busy here; not through the vDSO, whose text may make no system calls. */
	(void)sys_raw3(SYS_CLOCK_GETTIME, CLOCK_THREAD_CPUTIME_ID, (long)&t, 0);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void report_entry(int rounds)
{
	double start = now();

	run.tcs = TCS;
	run.function = ENCLU_EENTER;
	for (int i = 0; i < rounds; i++) {
		run.interrupt = 0;
		run.regs.rdi = ECHO;
		(void)cpu_soft.enter(&run);
	}
	printf("EENTER, EEXIT: %.1f ns\n", (now() - start) / rounds);
	start = now();
	for (int i = 0; i < rounds / 100; i++) {
		(void)enter(ENCLU_EENTER, BREAKPOINT, 0, 0);
		resume(0);
	}
	printf("exception, EENTER, EEXIT, ERESUME: %.0f ns\n", (now() - start) / (rounds / 100));
}

static void trim(uint64_t address, uint64_t pages)
{
	const uint64_t flags = SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED;

	CHECK(cpu_soft.modify_type(address, pages * 4096, SGX_PT_TRIM) == 0);
	for (uint64_t i = 0; i < pages; i++)
		CHECK(leaf(ENCLU_EACCEPT, secinfo(flags), address + i * 4096, 0) == 0);
	CHECK(cpu_soft.remove(address, pages * 4096) == 0);
}

static void report_pages(int rounds)
{
	const uint64_t rw = SGX_SECINFO_R | SGX_SECINFO_W, reg = SGX_SECINFO_PT(SGX_PT_REG), at = HEAP + 0x10000000;
	double start = now();

	for (int i = 0; i < rounds; i++)
		(void)leaf(ENCLU_EACCEPT, secinfo(reg | rw | SGX_SECINFO_PENDING), at, 0);
	printf("EACCEPT that finds nothing to do, with entry: %.0f ns\n", (now() - start) / rounds);
	CHECK(enter(ENCLU_EENTER, WRITE, at, 1) == 0 && run.exit == CPU_EXIT_EEXIT);
	start = now();
	for (int i = 0; i < rounds / 20; i++) {
		trim(at, 1);
		CHECK(leaf(ENCLU_EACCEPTCOPY, secinfo(reg | SGX_SECINFO_R | SGX_SECINFO_X), at, DATA) == 0);
		CHECK(enter(ENCLU_EENTER, READ, at, 0) == 0 && run.exit == CPU_EXIT_EEXIT);
	}
	printf("replacing a page of text: %.0f ns\n", (now() - start) / (rounds / 20));
	trim(at, 1);
}

/* Signals are the enclave's business here: look at none, resume. */
static void calmly(uint32_t function, uint64_t rdi, uint64_t rsi, uint64_t rdx, uint64_t r8, uint64_t r9)
{
	run.regs.r8 = r8;
	run.regs.r9 = r9;
	CHECK(enter(function, rdi, rsi, rdx) == 0);
	while (run.exit == CPU_EXIT_SIGNAL)
		CHECK(enter(ENCLU_ERESUME, 0, 0, 0) == 0);
}

static bool touch(uint32_t how, uint64_t address, uint64_t value)
{
	calmly(ENCLU_EENTER, how, address, value, 0, 0);
	if (run.exit == CPU_EXIT_EEXIT)
		return true;
	CHECK(run.vector == X86_PF && run.address == PAGE_DOWN(address));
	forget();
	return false;
}

static bool accept_page(uint64_t flags, uint64_t address)
{
	calmly(ENCLU_EENTER, LEAF, ENCLU_EACCEPT, secinfo(flags), address, 0);
	return run.exit == CPU_EXIT_EEXIT && run.regs.rsi == 0;
}

/* Each thread has every fourth page of one range: neighbours in every table and every deferred run. */
static void crowd_round(uint64_t me, uint64_t round)
{
	const uint64_t reg = SGX_SECINFO_PT(SGX_PT_REG), rw = SGX_SECINFO_R | SGX_SECINFO_W, base = HEAP + 0x5fe000;

	for (uint64_t i = 0; i < 8; i++) {
		uint64_t at = base + (i * THREADS + me) * 4096;

		CHECK(accept_page(reg | rw | SGX_SECINFO_PENDING, at));
		if (round % 2)
			CHECK(touch(READ, at, 0) && run.regs.rsi == 0);
		CHECK(touch(WRITE, at, at ^ round));
	}
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t at = base + (i * THREADS + me) * 4096;

		CHECK(touch(READ, at, 0) && run.regs.rsi == (at ^ round));
		CHECK(cpu_soft.restrict_permissions(at, 4096, SGX_SECINFO_R) == 0);
		CHECK(!touch(WRITE, at, 1));
		CHECK(cpu_soft.modify_type(at, 4096, SGX_PT_TRIM) == 0);
		CHECK(!touch(READ, at, 1));
		CHECK(accept_page(SGX_SECINFO_PT(SGX_PT_TRIM) | SGX_SECINFO_MODIFIED, at));
		CHECK(cpu_soft.remove(at, 4096) == 0);
	}
}

struct crowd_member {
	pthread_t thread;
	void *block;
	uint64_t number;
};

static void *crowd_thread(void *argument)
{
	const struct crowd_member *m = argument;

	here = KERNEL_BASE + m->number * THREAD_STRIDE;
	CHECK(cpu_soft.thread_init(m->block) == 0);
	for (uint64_t round = 0; round < (strict ? 3 : 60) && !failures; round++)
		crowd_round(m->number, round);
	return NULL;
}

static void *new_block(void)
{
	char *raw = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return (void *)(((uintptr_t)raw + BLOCK - 1) & ~(BLOCK - 1));
}

/* Threads that take and give pages at the same time, under signals. */
static void test_crowd(void)
{
	struct crowd_member members[THREADS];
	pid_t child = signaller(SIGUSR1, 400, 200);
	struct cpu_counters before, after;
	pthread_attr_t attr;

	cpu_soft.counters(&before);
	pthread_attr_init(&attr);
	for (uint64_t i = 1; i < THREADS; i++) {
		members[i].block = new_block();
		members[i].number = i;
		pthread_attr_setstack(&attr, (char *)members[i].block + BLOCK / 2, BLOCK / 2);
		CHECK(pthread_create(&members[i].thread, &attr, crowd_thread, &members[i]) == 0);
	}
	for (uint64_t round = 0; round < (strict ? 3 : 60) && !failures; round++)
		crowd_round(0, round);
	for (uint64_t i = 1; i < THREADS; i++)
		pthread_join(members[i].thread, NULL);
	wait_for(child);
	cpu_soft.counters(&after);
	CHECK(after.pages_live == before.pages_live);
}

static void body(void *block)
{
	int ret = cpu_soft.thread_init(block);

	CHECK(ret == 0);
	if (ret)
		return;
	test_echo();
	test_state();
	test_exceptions();
	test_memory();
	test_code();
	test_threads();
	test_signal();
	test_storm();
	test_crowd();
	report_entry(strict ? 10000 : 1000000);
	report_pages(strict ? 2000 : 20000);
}

/* Run on the block's host stack. */
static void on_stack(void *block, void (*function)(void *))
{
	__asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tcall *%2\n\tmov %%rbx, %%rsp"
			 :
			 : "r"((char *)block + BLOCK), "D"(block), "r"(function)
			 : "rbx", "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
}

int main(int argc, char **argv)
{
	void *block = new_block();

	setvbuf(stdout, NULL, _IONBF, 0);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "secret"))
			memory_mode = CPU_MEMORY_SECRET;
		if (!strcmp(argv[i], "strict"))
			strict = true;
	}
	build();
	on_stack(block, body);
	printf("%s\n", failures ? "FAILED" : "ok");
	return failures ? 1 : 0;
}
