/*
 * A host that single-steps the enclave's kernel (silicon hides TF from an enclave; an interrupt at every instruction
 * is what a host can have there). Now and then, by a seed (ADYTON_STEP_SEED), a step becomes a signal: an asynchronous
 * exit at exactly that instruction, most often in the entry code (ADYTON_STEP_RANGE: its addresses, hexadecimal
 * "from-to").
 *
 * The program begins and ends it by sched_yield(). What TF would show to the enclave is put right behind its back:
 * PUSHF sees none, state that is saved holds none.
 */
#include "abi/layout.h"
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/syscall_nr.h"
#include "base/mem.h"
#include "cpu/linux/signal.h"
#include "cpu/linux/sys.h"
#include "cpu/soft/soft.h"
#include "host/host.h"

#define TF 0x100UL
#define TRAP_TRACE_CODE 2
#define PUSHF 0x9c
#define STEP_PAUSE 300 /* more entry code than a handler's run needs: else the program would only run its handler */
#define STEP_ELSEWHERE_ODDS 30000

static const struct cpu_ops *step_honest;
static struct linux_sigaction step_inner;
static bool step_on, step_entering;
static uint64_t step_state, step_from, step_to, step_last, step_count, step_fired, step_pause;

/* How often a signal came at each byte of the entry code: the report says which instructions were never met. */
#define STEP_HITS 4096
static uint32_t step_hits[STEP_HITS]; /* [0]: the stub page */

static const char *step_setting(const char *name)
{
	const struct launch *l = host.launch;
	size_t length = strlen(name);

	for (uint32_t i = 0; i < l->envc; i++) {
		const char *s = (const char *)l + ((const uint32_t *)((const char *)l + l->envp))[i];

		if (!strncmp(s, name, length) && s[length] == '=')
			return s + length + 1;
	}
	return "";
}

static uint64_t step_number(const char **s)
{
	uint64_t n = 0;

	for (; (**s >= '0' && **s <= '9') || (**s >= 'a' && **s <= 'f'); ++*s)
		n = n * 16 + (uint64_t)(**s <= '9' ? **s - '0' : **s - 'a' + 10);
	if (**s)
		++*s;
	return n;
}

static bool step_one_in(uint64_t n)
{
	step_state ^= step_state << 13;
	step_state ^= step_state >> 7;
	step_state ^= step_state << 17;
	return step_state % n == 0;
}

static struct sgx_gpr *step_frame(uint64_t tcs, uint32_t frame)
{
	return (struct sgx_gpr *)(tcs + THREAD_BLOCK_SSA + (frame + 1) * SSA_FRAME_PAGES * PAGE_SIZE) - 1;
}

/* Entry code: each of its instructions in turn, those that were seldom met first. */
static bool step_fires_in_entry(uint64_t rip)
{
	uint32_t *hits = &step_hits[rip == stub_address ? 0 : 1 + rip - step_from];

	if (step_pause && *hits) {
		step_pause--;
		return false;
	}
	if (!step_one_in(4 + 32 * (uint64_t)*hits))
		return false;
	++*hits;
	step_pause = STEP_PAUSE;
	return true;
}

/* Does this step become a signal? Behind the stub's first instruction ENCLU has not begun, and has in silicon. */
static bool step_fires(uint64_t rip)
{
	bool fires;

	if (rip < KERNEL_BASE || (rip > stub_address && rip < stub_address + PAGE_SIZE))
		return false;
	if (rip == stub_address || (rip >= step_from && rip < step_to && rip - step_from < STEP_HITS - 1))
		fires = step_fires_in_entry(rip);
	else
		fires = step_one_in(STEP_ELSEWHERE_ODDS);
	step_fired += fires;
	return fires;
}

/* A step inside the enclave. */
static void step_inside(struct linux_siginfo *info, struct linux_ucontext *uc)
{
	struct linux_mcontext *m = &uc->m;

	step_entering = false;
	step_count++;
	if (step_last && *(const uint8_t *)step_last == PUSHF)
		*(uint64_t *)m->rsp &= ~TF;
	step_last = m->rip;
	if (!step_fires(m->rip)) {
		m->rflags |= TF;
		return;
	}
	m->rflags &= ~TF;
	info->code = -6; /* SI_TKILL */
	step_inner.handler(SIGUSR1, info, uc);
}

static void step_handler(int signal, void *siginfo, void *ucontext)
{
	struct linux_siginfo *info = siginfo;
	struct linux_ucontext *uc = ucontext;
	const uintptr_t block = (uintptr_t)ucontext & ~(uintptr_t)THREAD_BLOCK_MASK;
	const struct soft_thread *thread = (const struct soft_thread *)block;
	bool step = signal == SIGTRAP && info->code == TRAP_TRACE_CODE, inside = uc->m.rip < ELRANGE_SIZE;

	if (step && inside) {
		step_inside(info, uc);
		return;
	}
	if (step) { /* the processor's own code, on the way in or for a leaf; the host's is let go */
		uc->m.rflags &= ~TF;
		if (step_on && (step_entering || thread->inside))
			uc->m.rflags |= TF;
		step_last = 0;
		return;
	}
	if (inside)
		uc->m.rflags &= ~TF;
	step_inner.handler(signal, siginfo, ucontext);
	if (inside && step_on && uc->m.rip < ELRANGE_SIZE) /* the page is there now: go on */
		uc->m.rflags |= TF;
}

static int step_thread_init(void *base)
{
	int error = step_honest->thread_init(base);

	for (int signal = 1; signal <= LINUX_SIGMAX && !error; signal++) {
		struct linux_sigaction action;

		if (signal == SIGKILL || signal == SIGSTOP)
			continue;
		error = (int)sys_raw6(__NR_rt_sigaction, signal, 0, (long)&action, 8, 0, 0);
		if (!error && action.handler != step_handler) {
			step_inner = action;
			action.handler = step_handler;
			error = (int)sys_sigaction(signal, &action);
		}
	}
	return error;
}

static int step_enter(struct cpu_run *run)
{
	bool (*served)(struct cpu_run *run) = run->served;
	bool handler = thread_here()->in_handler && run->function == ENCLU_EENTER;
	int error;

	run->served = NULL;
	step_last = 0;
	if (step_on && run->function == ENCLU_ERESUME && !handler) {
		step_frame(run->tcs, 0)->rflags |= TF;
	} else if (step_on && !handler) {
		step_entering = true;
		__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" : : : "memory", "cc");
	}
	error = step_honest->enter(run);
	step_entering = false;
	run->served = served;
	if (!error && run->exit == CPU_EXIT_EEXIT && served && served(run))
		run->exit = CPU_EXIT_SERVED;
	return error;
}

static void step_report(void)
{
	char line[128];

	for (uint64_t i = 0; i < STEP_HITS; i++)
		if (step_hits[i])
			(void)sys_write(2, line, host_format(line, sizeof(line), "hit %lx %u\n",
							     i ? step_from + i - 1 : stub_address, step_hits[i]));
	(void)sys_write(2, line, host_format(line, sizeof(line), "steps %lu signals %lu\n", step_count, step_fired));
}

const struct cpu_ops *serve_processor(const struct cpu_ops *cpu)
{
	static struct cpu_ops step;
	const char *seed = step_setting("ADYTON_STEP_SEED"), *range = step_setting("ADYTON_STEP_RANGE");

	step_state = 88172645463325252UL + step_number(&seed);
	step_from = step_number(&range);
	step_to = step_number(&range);
	step_honest = cpu;
	step = *cpu;
	step.thread_init = step_thread_init;
	step.enter = step_enter;
	return &step;
}

#define R(name, service, result, kinds) STEP_##name,
enum step_row {
#include "hostcall_rows.h"
};
#undef R

bool call_serve(struct host_thread *t)
{
	uint64_t nr = t->border->nr;
	bool stays = call_make(t);

	if (nr != STEP_sched_yield)
		return stays;
	step_on = !step_on;
	if (!step_on)
		step_report();
	return stays;
}
