/*
 * The host as it might be: it makes the calls and then lies about them, by a seed (ADYTON_EVIL_SEED in the environment
 * of the launch), so that every run can be had again. What it lies about is what a host could: results, contents,
 * signals, and everything in a thread's window while the thread looks at it (here); entries, the start block and what
 * became of pages (evil_enter.c).
 *
 * Its lies contain addresses of a canary page outside the enclave: if the enclave ever touches one, the host sees the
 * fault and says so. They also contain addresses of memory that the victim never uses: it looks at its end.
 */
#include "tests/evil/evil.h"
#include "abi/linux/errno.h"
#include "abi/linux/futex.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/time.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"

enum evil_service { SYS, SYSB, OWN, OWNB, OWNI };
enum evil_result { ZERO, FD, LEN, U31, POS, NEVER };

#define R(name_, service_, result_, kinds_) { .name = #name_, .result = result_, .kinds = kinds_ },
static const struct evil_row {
	const char *name;
	uint8_t result;
	char kinds[7];
} evil_rows[] = {
#include "hostcall_rows.h"
};
#undef R
#define EVIL_ROWS (sizeof(evil_rows) / sizeof(evil_rows[0]))

static uint64_t evil_state;
static uint64_t evil_patience, evil_rate; /* calls that are served truthfully first; then one lie in so many */
static uint64_t evil_topics;
static bool evil_excused; /* of turning for ever: the host itself may */

uint64_t evil_random(void)
{
	evil_state ^= evil_state << 13;
	evil_state ^= evil_state >> 7;
	evil_state ^= evil_state << 17;
	return evil_state;
}

bool evil_one_in(uint64_t n)
{
	return evil_random() % n == 0;
}

bool evil_about(enum evil_topic topic)
{
	return evil_topics & topic;
}

bool evil_now(void)
{
	return !evil_patience && evil_one_in(evil_rate);
}

uint64_t evil_number(void)
{
	switch (evil_random() % 9) {
	case 0:
		return evil_random();
	case 1:
		return EVIL_CANARY + evil_random() % EVIL_CANARY_SIZE;
	case 2:
		return KERNEL_BASE + evil_random() % GIB;
	case 3:
		return evil_random() % (2 * BORDER_SIZE);
	case 4:
		return (uint64_t)-(int64_t)(evil_random() % 5000);
	case 5:
		return UINT64_MAX >> evil_random() % 64;
	case 6:
		return 1UL << evil_random() % 64;
	case 7:
		return EVIL_POISON + evil_random() % EVIL_POISON_SIZE;
	default:
		return evil_random() % 16;
	}
}

static void evil_scribble(struct border *b)
{
	uint64_t room = BORDER_SIZE - BORDER_BUFFER, at = evil_random() % 4096, count = evil_random() % 64;
	uint8_t *buffer = (uint8_t *)b + BORDER_BUFFER;

	for (; count && at + 8 <= room; count--, at += 8 * (1 + evil_random() % 8)) {
		uint64_t lie = evil_number();

		memcpy(buffer + at, &lie, at + 8 <= room ? 8 : 0);
	}
}

static void evil_head(struct border *b)
{
	b->nr = evil_number();
	for (int i = 0; i < 6; i++)
		b->slots[i] = evil_number();
	b->slot = evil_number();
}

/* Calls after which a lie would only end the run at once, again and again: it proves nothing. */
static bool evil_spares(const struct evil_row *row)
{
	static const char *const spared[] = { "thread_exit", "exit", "log" };
	static const char *const pages[] = { "restrict_permissions", "modify_type", "remove_pages" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(row->name, spared[i]) || (!evil_about(EVIL_PAGES) && !strcmp(row->name, pages[i])))
			return true;
	return false;
}

/* The size of the row's buffer, as the kernel wrote it: what bounds a LEN. */
static uint64_t evil_bound(const struct evil_row *row, const uint64_t *slots)
{
	uint64_t bound = 0;

	for (const char *kind = row->kinds; *kind; kind++, slots++)
		if (strchr("IOBGC", *kind))
			bound = *++slots;
	return bound;
}

/*
 * A result at the edge of what the row allows: the largest, one more, one less; or an errno at the edge of its range.
 */
static int64_t evil_edge(const struct evil_row *row, const uint64_t *slots)
{
	static const int64_t most[] = { [FD] = 1048575, [U31] = INT32_MAX, [POS] = INT64_MAX, [NEVER] = 0 };
	static const int64_t errors[] = { -1, -4, -11, -133, -134, -512, -514, -516, -4095, -4096, INT64_MIN };
	int64_t edge = row->result == LEN ? (int64_t)evil_bound(row, slots) : most[row->result];

	if (evil_one_in(3))
		return errors[evil_random() % (sizeof(errors) / sizeof(errors[0]))];
	return (int64_t)((uint64_t)edge + evil_random() % 3 - 1);
}

/* Who came would stop by its own default, and sleep until the end of the test. */
#define EVIL_STOPS (1UL << (SIGTSTP - 1) | 1UL << (SIGTTIN - 1) | 1UL << (SIGTTOU - 1))

uint64_t evil_signals(void)
{
	return evil_random() & evil_random() & evil_random() & ~EVIL_STOPS;
}

/* Wake every thread that waits and interrupt every one that does not, again and again. */
static void evil_storm(void)
{
	for (uint64_t i = 1 + evil_random() % 200; i; i--) {
		uint32_t count = host.thread_count < HOST_THREADS_MAX ? host.thread_count : HOST_THREADS_MAX;
		struct host_thread *t = host.threads[evil_random() % count];

		if (!t || !t->tid)
			continue;
		t->parked = 1;
		(void)sys_futex(&t->parked, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
		if (evil_one_in(4))
			(void)sys_tgkill((int)sys_getpid(), t->tid, HOST_SIGNAL_INTERRUPT);
	}
}

static void evil_lie(struct border *b, const struct evil_row *row, const uint64_t *slots)
{
	if (evil_about(EVIL_CONTENTS) && evil_one_in(2))
		evil_scribble(b);
	if (evil_about(EVIL_RESULTS) && evil_one_in(2))
		b->result = evil_one_in(2) ? (int64_t)evil_number() : evil_edge(row, slots);
	if (evil_about(EVIL_SIGNALS) && evil_one_in(4))
		b->signals = evil_signals();
	if (evil_about(EVIL_STORMS) && evil_one_in(4))
		evil_storm();
	if (evil_about(EVIL_HEADS) && evil_one_in(2))
		evil_head(b);
}

/* A second thread that changes the first one's window all the time, between any two of its looks. */
static _Noreturn void evil_flip(uint8_t *buffer)
{
	for (uint64_t i = 1;; i = i * 6364136223846793005UL + 1442695040888963407UL)
		__atomic_fetch_xor((uint64_t *)(void *)(buffer + (i >> 40) % 512 * 8), i, __ATOMIC_RELAXED);
}

/* The signal handler finds a thread's state by masking its stack pointer: these block every signal. */
static void evil_thread(const struct host_thread *t, uint8_t *stack, void (*run)(uint8_t *))
{
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	register const void *buffer __asm__("r12") = (const uint8_t *)t->border + BORDER_BUFFER;
	register void (*entry)(uint8_t *) __asm__("r13") = run;
	uint64_t all = UINT64_MAX, before;
	long id = __NR_clone;

	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov %%r12, %%rdi\n\tcall *%%r13\n1:"
			 : "+a"(id)
			 : "D"(flags), "S"(stack), "d"(0L), "r"(buffer), "r"(entry)
			 : "rcx", "r11", "r8", "r9", "r10", "memory");
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
}

/* Interrupted every 150 microseconds, by a signal that programs ignore. */
static void evil_alarm(void)
{
	struct itimerspec every = { { 0, 150000 }, { 0, 150000 } };
	struct { uint64_t value; int32_t signal, notify; uint64_t rest[6]; } event = { .signal = SIGURG };
	int32_t timer = 0;

	if (!sys_raw3(__NR_timer_create, CLOCK_MONOTONIC, (long)&event, (long)&timer))
		(void)sys_raw6(__NR_timer_settime, timer, 0, (long)&every, 0, 0, 0);
}

const char *evil_setting(const char *name)
{
	const struct launch *l = host.launch;
	size_t length = strlen(name);

	for (uint32_t i = 0; i < l->envc; i++) {
		const char *s = (const char *)l + ((const uint32_t *)((const char *)l + l->envp))[i];

		if (!strncmp(s, name, length) && s[length] == '=')
			return s + length + 1;
	}
	return NULL;
}

/* Waiting for ever is a host's right; turning for ever is the kernel's fault. */
static _Noreturn void evil_watch(uint8_t *unused)
{
	const struct timespec second = { .tv_sec = 1 };
	struct timespec used = { 0 };

	(void)unused;
	(void)sys_raw3(__NR_nanosleep, (long)&second, 0, 0);
	(void)sys_raw3(__NR_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, (long)&used, 0);
	sys_exit_group(!evil_excused && (used.tv_sec || used.tv_nsec > 500000000) ? EVIL_SPINS : EVIL_SLEEPS);
}

static void evil_begin(const struct host_thread *t)
{
	static uint8_t stacks[2][8192] __attribute__((aligned(16)));
	const char *s = evil_setting("ADYTON_EVIL_SEED");

	evil_state = 88172645463325252UL;
	for (; s && *s >= '0' && *s <= '9'; s++)
		evil_state = evil_state * 10 + (uint64_t)(*s - '0') + 1;
	for (int i = 0; i < 8; i++)
		(void)evil_random();
	(void)sys_mmap(EVIL_CANARY, EVIL_CANARY_SIZE, 0, LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED, -1,
		       0);
	evil_patience = evil_random() % 4 ? evil_random() % 400 : evil_random() % 30;
	evil_rate = 2UL << evil_random() % 9;
	evil_thread(t, stacks[0] + sizeof(stacks[0]), evil_watch);
	evil_topics = evil_random() & (evil_one_in(4) ? UINT64_MAX : ~(uint64_t)(EVIL_START | EVIL_PAGES));
	if (evil_one_in(4))
		evil_alarm();
	evil_excused = evil_one_in(8);
	if (evil_excused)
		evil_thread(t, stacks[1] + sizeof(stacks[1]), evil_flip);
}

/*
 * Did the kernel touch the canary? The processor tells the page; who it was stands in the SSA frame, which this host
 * can see. A program out of an unmeasured file may do so: the host has written it.
 */
static void evil_look(const struct cpu_run *run)
{
	const char text[] = "evil host: the kernel touched an address that the host named\n";
	const struct sgx_gpr *gpr = (const struct sgx_gpr *)(run->tcs + THREAD_BLOCK_SSA + PAGE_SIZE) - 1;

	if (run->exit != CPU_EXIT_EXCEPTION || run->address - EVIL_CANARY >= EVIL_CANARY_SIZE || gpr->rip < KERNEL_BASE)
		return;
	(void)sys_write(2, text, sizeof(text) - 1);
	sys_exit_group(EVIL_TOUCHED);
}

void evil_entered(const struct cpu_run *run)
{
	evil_look(run);
	if (evil_patience)
		evil_patience--;
}

void evil_entering(const struct host_thread *t)
{
	if (!evil_state)
		evil_begin(t);
}

bool call_serve(struct host_thread *t)
{
	struct border *b = t->border;
	uint64_t nr = b->nr, slots[6];
	bool stays;

	memcpy(slots, b->slots, sizeof(slots));
	stays = call_make(t);
	if (nr < EVIL_ROWS && !evil_spares(&evil_rows[nr]) && evil_now())
		evil_lie(b, &evil_rows[nr], slots);
	/*
	 * Told that there is no thread, the kernel may ask for one to the same TCS: two of the host's wait for each
	 * other.
	 */
	if (nr < EVIL_ROWS && !strcmp(evil_rows[nr].name, "thread_create"))
		evil_excused = true;
	return stays;
}
