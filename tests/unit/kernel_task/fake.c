#include <stdarg.h>

#include "tests/unit/kernel_task/fake.h"

#include "abi/linux/errno.h"
#include "abi/linux/time.h"
#include "base/mem.h"
#include "kernel/entry/trace.h"
#include "kernel/border/hostcall.h"
#include "kernel/entry/stats.h"
#include "kernel/entry/trace.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/task/internal.h"

void *calloc(size_t count, size_t size);
/* The tests make threads without thread_launch(). */
__attribute__((constructor)) static void share_locks(void)
{
	lock_shared = 1;
}

void free(void *p);
_Noreturn void abort(void);
int vprintf(const char *how, va_list list);
int printf(const char *how, ...);

/* What a process holds when it ends is the host's to take back: no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static int exit_status;
uint32_t fake_interrupts, fake_kills, fake_clock_calls;
int64_t fake_clock_shift;

/* A thread's struct, with room below for thread_regs() to point into. */
struct fake_block {
	struct thread thread;
	uint8_t stack[4096] __attribute__((aligned(64)));
	uint32_t parked;
	void *handle;
	void (*fn)(void *);
	void *arg;
};
static struct fake_block blocks[FAKE_THREADS];
static uint32_t block_count;

static struct thread *block_new(void)
{
	struct fake_block *b = &blocks[block_count];
	struct thread *t = &b->thread;

	kernel_assert(block_count < FAKE_THREADS);
	memset(b, 0, sizeof(*b));
	t->self = t;
	t->kstack = (uint64_t)b->stack + sizeof(b->stack);
	thread_prepare(t);
	t->slot = block_count++;
	t->tid = 1000 + (int32_t)t->slot;
	list_add_tail(&init_process.threads, &t->process_link);
	init_process.thread_count++;
	return t;
}

void fake_reset(void)
{
	static bool mapped;

	if (!mapped)
		system_low_memory(FAKE_USER, FAKE_USER_SIZE);
	mapped = true;
	memset((void *)FAKE_USER, 0, FAKE_USER_SIZE);
	memset(&init_process, 0, sizeof(init_process));
	list_init(&init_process.threads);
	list_init(&init_process.shared_info);
	init_process.pid = 1000;
	init_process.limits[RLIMIT_SIGPENDING] = (struct rlimit){ 100, 100 };
	fake_interrupts = fake_kills = block_count = 0;
	system_set_gs(block_new());
}

static void block_run(void *arg)
{
	struct fake_block *b = arg;

	system_set_gs(&b->thread);
	b->fn(b->arg);
}

struct thread *fake_thread(void (*fn)(void *), void *arg)
{
	struct thread *t = block_new();
	struct fake_block *b = &blocks[t->slot];

	b->fn = fn;
	b->arg = arg;
	b->handle = system_thread(block_run, b);
	return t;
}

static void run_plain(void *arg)
{
	((void (*)(void))arg)();
}

int fake_exit_status(void (*fn)(void))
{
	exit_status = -1;
	(void)fake_thread(run_plain, (void *)fn);
	fake_join();
	return exit_status;
}

struct thread *fake_thread_idle(void)
{
	return block_new();
}

void fake_join(void)
{
	for (uint32_t i = 0; i < block_count; i++) {
		if (blocks[i].handle)
			system_join(blocks[i].handle);
		blocks[i].handle = NULL;
	}
}

/* --- the host --- */

static long host_side_park(int64_t deadline)
{
	uint32_t *parked = &blocks[current->slot].parked;
	long error = 0;

	if (!__atomic_exchange_n(parked, 0, __ATOMIC_ACQUIRE))
		error = system_futex_wait(parked, 0, deadline);
	__atomic_store_n(parked, 0, __ATOMIC_RELEASE);
	return error ? -ETIMEDOUT : 0;
}

static long host_side_unpark(uint64_t slot)
{
	__atomic_store_n(&blocks[slot].parked, 1, __ATOMIC_RELEASE);
	system_futex_wake(&blocks[slot].parked);
	return 0;
}

static long host_side_clock(int clock, struct timespec *ts)
{
	int64_t ns = system_clock(clock) + fake_clock_shift;

	fake_clock_calls++;
	*ts = (struct timespec){ .tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC };
	return 0;
}

long border_call(enum hostcall nr, const struct border_arg *args)
{
	switch (nr) {
	case HOSTCALL_park:
		return host_side_park((int64_t)args[0].value);
	case HOSTCALL_unpark:
		return host_side_unpark(args[0].value);
	case HOSTCALL_interrupt:
		__atomic_fetch_add(&fake_interrupts, 1, __ATOMIC_RELAXED);
		return 0;
	case HOSTCALL_clock_gettime:
		return host_side_clock((int)args[0].value, (struct timespec *)args[1].value);
	case HOSTCALL_sched_yield:
		system_yield();
		return 0;
	case HOSTCALL_kill:
		fake_kills++;
		return 0;
	case HOSTCALL_exit:
		exit_status = (int)args[0].value;
		system_thread_exit();
	default:
		kernel_die("the fake host has no call %u", nr);
	}
}

/* --- the kernel's other parts --- */

_Noreturn void thread_exit(int code)
{
	(void)code;
	system_thread_exit();
}

size_t str_copy(char *to, size_t size, const char *from)
{
	(void)size;
	(void)from;
	*to = '\0';
	return 0;
}

void mm_flush(void)
{
}

void stats_report(void)
{
}

void trace_signal(int signal, uint64_t handler)
{
	(void)signal;
	(void)handler;
}

struct thread *pool_take(void)
{
	return NULL;
}

void pool_give(struct thread *t)
{
	(void)t;
}

void sched_begin(const struct thread *t)
{
	(void)t;
}

_Noreturn void entry_run_program(void)
{
	abort();
}

void *heap_alloc(size_t size)
{
	return calloc(1, size);
}

void heap_free(void *p)
{
	free(p);
}

void kernel_log(const char *how, ...)
{
	(void)how;
}

void kernel_die(const char *how, ...)
{
	va_list list;

	va_start(list, how);
	vprintf(how, list);
	printf("\n");
	va_end(list);
	abort();
}

static bool mine(uint64_t addr, size_t size)
{
	return addr >= FAKE_USER && size <= FAKE_USER_SIZE && addr <= FAKE_USER + FAKE_USER_SIZE - size;
}

int copy_from_user(void *to, uint64_t from, size_t size)
{
	if (!mine(from, size))
		return -EFAULT;
	memcpy(to, (const void *)from, size);
	return 0;
}

int copy_to_user(uint64_t to, const void *from, size_t size)
{
	if (!mine(to, size))
		return -EFAULT;
	memcpy((void *)to, from, size);
	return 0;
}

int get_user_u32(uint32_t *value, uint64_t from)
{
	if (!mine(from, sizeof(*value)))
		return -EFAULT;
	*value = __atomic_load_n((uint32_t *)from, __ATOMIC_SEQ_CST);
	return 0;
}

int put_user_u32(uint64_t to, uint32_t value)
{
	return copy_to_user(to, &value, sizeof(value));
}

int get_user_u64(uint64_t *value, uint64_t from)
{
	return copy_from_user(value, from, sizeof(*value));
}

int put_user_u64(uint64_t to, uint64_t value)
{
	return copy_to_user(to, &value, sizeof(value));
}

int cmpxchg_user_u32(uint64_t addr, uint32_t expected, uint32_t desired, uint32_t *old)
{
	if (!mine(addr, sizeof(*old)))
		return -EFAULT;
	__atomic_compare_exchange_n((uint32_t *)addr, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	*old = expected;
	return 0;
}
