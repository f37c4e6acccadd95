/*
 * The host as it might be: it makes the calls and then lies about them, by a seed (ADYTON_EVIL_SEED in the environment
 * of the launch), so that every run can be had again. What it lies about is what a host could: results, contents,
 * signals, and everything in a thread's window while the thread looks at it.
 *
 * Its lies contain addresses of a canary page. If the enclave ever touches one, the host sees the fault and says so.
 */
#include "abi/linux/errno.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "abi/linux/time.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "host/host.h"

#define CANARY 0x200000000000UL
#define CANARY_SIZE (64 * KIB)
#define EVIL_EXIT 99

static uint64_t evil_state;
static uint64_t evil_patience, evil_rate; /* calls that are served truthfully first; then one lie in so many */

static uint64_t evil_random(void)
{
	evil_state ^= evil_state << 13;
	evil_state ^= evil_state >> 7;
	evil_state ^= evil_state << 17;
	return evil_state;
}

static bool evil_one_in(uint64_t n)
{
	return evil_random() % n == 0;
}

/* A number that a careless reader could take for a length, an index or a pointer. */
static uint64_t evil_number(void)
{
	switch (evil_random() % 8) {
	case 0:
		return evil_random();
	case 1:
		return CANARY + evil_random() % CANARY_SIZE;
	case 2:
		return 0xfc00000000UL + evil_random() % GIB; /* in the kernel */
	case 3:
		return evil_random() % (2 * BORDER_SIZE);
	case 4:
		return (uint64_t)-(int64_t)(evil_random() % 5000);
	case 5:
		return UINT64_MAX >> evil_random() % 64;
	case 6:
		return 1UL << evil_random() % 64;
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
	b->slot = (uint32_t)evil_number();
}

/* Calls after which a lie would only make the run hang: it proves nothing. */
static bool evil_spares(uint64_t nr)
{
#define R(name, service, result, kinds) #name,
	static const char *const names[] = {
#include "hostcall_rows.h"
	};
#undef R
	static const char *const spared[] = { "park", "thread_create", "thread_exit", "exit", "log", "unpark" };

	for (size_t i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
		if (nr < sizeof(names) / sizeof(names[0]) && !strcmp(names[nr], spared[i]))
			return true;
	return false;
}

static void evil_lie(struct border *b)
{
	switch (evil_random() % 6) {
	case 0:
	case 1:
		b->result = (int64_t)evil_number();
		break;
	case 2:
		b->result = -(int64_t)(evil_random() % 4200);
		break;
	case 3:
		evil_scribble(b);
		break;
	case 4:
		evil_scribble(b);
		b->result = (int64_t)evil_number();
		break;
	default:
		b->signals = evil_random() & evil_random() & evil_random();
	}
	if (evil_one_in(2))
		evil_head(b);
}

/* A second thread that changes the first one's window all the time, between any two of its looks. */
static _Noreturn void evil_flip(uint8_t *buffer)
{
	for (uint64_t i = 1;; i = i * 6364136223846793005UL + 1442695040888963407UL)
		__atomic_fetch_xor((uint64_t *)(void *)(buffer + (i >> 40) % 512 * 8), i, __ATOMIC_RELAXED);
}

/* The signal handler finds a thread's state by masking its stack pointer: this one blocks every signal. */
static void evil_flipper(const struct host_thread *t)
{
	static uint8_t stack[8192] __attribute__((aligned(16)));
	const long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	register const void *buffer __asm__("r12") = (const uint8_t *)t->border + BORDER_BUFFER;
	register void (*entry)(uint8_t *) __asm__("r13") = evil_flip;
	uint64_t all = UINT64_MAX, before;
	long id = __NR_clone;

	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tmov %%r12, %%rdi\n\tcall *%%r13\n1:"
			 : "+a"(id)
			 : "D"(flags), "S"(stack + sizeof(stack)), "d"(0L), "r"(buffer), "r"(entry)
			 : "rcx", "r11", "r8", "r9", "r10", "memory");
	(void)sys_raw6(__NR_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
}

static void evil_alarm(void)
{
	struct { struct timeval interval, value; } every = { { 0, 150 }, { 0, 150 } };

	(void)sys_raw3(__NR_setitimer, 0, (long)&every, 0);
}

static const char *evil_setting(const char *name)
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

static void evil_start(const struct host_thread *t)
{
	const char *s = evil_setting("ADYTON_EVIL_SEED");

	evil_state = 88172645463325252UL;
	for (; s && *s >= '0' && *s <= '9'; s++)
		evil_state = evil_state * 10 + (uint64_t)(*s - '0') + 1;
	for (int i = 0; i < 8; i++)
		(void)evil_random();
	(void)sys_mmap(CANARY, CANARY_SIZE, 0, LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED, -1, 0);
	evil_patience = evil_random() % 4 ? evil_random() % 400 : evil_random() % 30;
	evil_rate = 2UL << evil_random() % 9;
	if (evil_one_in(4))
		evil_alarm();
	if (evil_one_in(8))
		evil_flipper(t);
}

/* Did the last exit touch the canary? The processor tells the page. */
static void evil_look(const struct host_thread *t)
{
	const char text[] = "evil host: the enclave touched an address that the host named\n";

	if (!t->run || t->run->exit != CPU_EXIT_EXCEPTION || t->run->address - CANARY >= CANARY_SIZE)
		return;
	(void)sys_write(2, text, sizeof(text) - 1);
	sys_exit_group(EVIL_EXIT);
}

void call_serve(struct host_thread *t)
{
	struct border *b = t->border;
	uint64_t nr = b->nr;

	if (!evil_state)
		evil_start(t);
	evil_look(t);
	call_make(t);
	if (evil_patience)
		evil_patience--;
	else if (!evil_spares(nr) && evil_one_in(evil_rate))
		evil_lie(b);
}
