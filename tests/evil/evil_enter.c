/*
 * Entries at wrong moments and with wrong registers, a start block of lies, pages that are not what the host says: the
 * processor as the evil host uses it.
 */
#include "abi/linux/errno.h"
#include "base/mem.h"
#include "cpu/linux/sys.h"
#include "tests/evil/evil.h"

#define EVIL_TCS_MAX 16

static const struct cpu_ops *evil_honest;
static uint64_t evil_tcs[EVIL_TCS_MAX]; /* that were ever entered */

/* --- the first entry --- */

static void evil_strings(struct launch *l, uint32_t offset, uint32_t count)
{
	uint32_t *list = (uint32_t *)((uint8_t *)l + offset);

	if (count)
		list[evil_random() % count] = (uint32_t)evil_number();
}

/* The launch block as the enclave will see it: a copy, so that the host's own stays whole. */
static void evil_launch(struct host_start *start)
{
	const struct launch *honest = host.launch;
	long at = sys_mmap(0, PAGE_UP(honest->size), LINUX_PROT_READ | LINUX_PROT_WRITE,
			   LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, -1, 0);
	struct launch *l = (struct launch *)at;
	uint32_t *fields = &l->version;

	memcpy(l, honest, honest->size);
	start->launch = (uint64_t)at;
	switch (evil_random() % 6) {
	case 0:
		evil_strings(l, l->envp, l->envc);
		break;
	case 1:
		evil_strings(l, l->argv, l->argc);
		break;
	case 2: /* no string ends */
		for (uint32_t i = (uint32_t)sizeof(*l) + 4 * (l->argc + l->envc); i < l->size; i++)
			((uint8_t *)l)[i] |= 1;
		break;
	case 3:
		start->launch_size = evil_number();
		break;
	default:
		fields[evil_random() % 20] = (uint32_t)evil_number();
	}
}

static void evil_start_block(struct cpu_regs *regs)
{
	uint64_t *words = (uint64_t *)host.start;

	switch (evil_random() % 6) {
	case 0:
		for (uint64_t i = 1 + evil_random() % 8; i; i--)
			words[2 + evil_random() % (sizeof(*host.start) / 8 - 2)] = evil_number();
		break;
	case 1:
		host.start->launch = evil_random() % ELRANGE_SIZE;
		break;
	case 2:
		regs->r8 = evil_random() % 2 ? KERNEL_BASE + evil_random() % GIB : EVIL_POISON;
		break;
	case 3:
		regs->r9 = evil_random() % 2 ? evil_number() : sizeof(*host.start) - 1;
		break;
	default:
		evil_launch(host.start);
	}
}

/* A window inside the enclave, at its edge, unaligned, too small, another thread's. */
static void evil_window(struct host_thread *t, struct cpu_regs *regs)
{
	switch (evil_random() % 6) {
	case 0:
		regs->rsi = evil_random() % ELRANGE_SIZE & ~PAGE_MASK;
		break;
	case 1:
		regs->rsi = ELRANGE_SIZE - PAGE_SIZE;
		break;
	case 2:
		regs->rsi += 8;
		break;
	case 3:
		regs->rdx = evil_number();
		break;
	case 4:
		regs->rsi = 0x7ffffffff000UL;
		break;
	default:
		t->border = host.threads[0]->border;
		regs->rsi = (uint64_t)t->border;
	}
}

static void evil_first(struct host_thread *t, struct cpu_run *run)
{
	switch (evil_random() % 4) {
	case 0:
		run->regs.rdi = evil_one_in(2) ? 3 - run->regs.rdi : evil_number();
		break;
	case 1:
		evil_window(t, &run->regs);
		break;
	default:
		if (run->regs.rdi == ENTER_PROCESS)
			evil_start_block(&run->regs);
	}
}

/* --- later ones --- */

static void evil_remember(uint64_t tcs)
{
	for (int i = 0; i < EVIL_TCS_MAX; i++)
		if (!evil_tcs[i] || evil_tcs[i] == tcs) {
			evil_tcs[i] = tcs;
			return;
		}
}

static bool evil_left_with(const struct cpu_run *run, int error, uint64_t why)
{
	return !error && run->exit == CPU_EXIT_EEXIT && run->regs.rdi == why;
}

/* What the next entry of a thread is after an exit: serve its call, tell it of its exception, resume it. */
static void evil_next(struct host_thread *t, struct cpu_run *run)
{
	bool call = run->exit == CPU_EXIT_EEXIT && run->regs.rdi == EXIT_HOSTCALL;

	if (call)
		call_make(t);
	run->function = run->exit == CPU_EXIT_EEXIT && !call ? ENCLU_ERESUME : ENCLU_EENTER;
	run->regs = (struct cpu_regs){ .rdi = call ? ENTER_RETURN : 0 };
}

/*
 * A thread that runs elsewhere, that waits, that has ended: entered from here and served for a while. It is left where
 * it is out with a call (or has not begun to run): its own host thread then enters it with a stack of its own. Resumed
 * there it would leave to the stack of this thread, and no host means to do that to itself.
 */
static void evil_elsewhere(struct host_thread *t)
{
	struct cpu_run *mine = t->run,
		       run = { .tcs = evil_tcs[evil_random() % EVIL_TCS_MAX], .function = ENCLU_EENTER };
	uint64_t calls = evil_one_in(4) ? 2 : 1;

	if (!run.tcs || run.tcs == t->tcs)
		return;
	run.regs = (struct cpu_regs){ .rdi = ENTER_THREAD, .rsi = (uint64_t)t->border, .rdx = BORDER_SIZE };
	t->run = &run;
	for (int i = 0; i < 1000; i++) {
		int error = evil_honest->enter(&run);

		if (error == -EINTR && run.function == ENCLU_ERESUME) {
			run.interrupt = 0;
			continue;
		}
		if (error && i)
			break;
		/* It had been interrupted over there: its own thread resumes it, for its calls leave to that stack. */
		bool interrupted = !i && evil_left_with(&run, error, EXIT_RESUME);

		if (error || interrupted || (evil_left_with(&run, error, EXIT_HOSTCALL) && !--calls)) {
			t->run = mine;
			return;
		}
		evil_entered(&run);
		evil_next(t, &run);
	}
	sys_exit_group(EVIL_SLEEPS);
}

/* Between an exception and its ERESUME: exceptions that were none, with signals that nobody sent. */
static void evil_again(struct cpu_run *run)
{
	bool (*served)(struct cpu_run *run) = run->served;
	int error = 0;

	run->served = NULL;
	for (uint64_t i = 1 + evil_random() % 3; i && !error; i--) {
		run->function = ENCLU_EENTER;
		run->regs = (struct cpu_regs){ .rdi = evil_one_in(2) ? evil_number() : evil_random() % 70,
					       .rsi = evil_number(), .r8 = evil_number() };
		if (run->regs.rdi >= 20 && run->regs.rdi <= 22)
			run->regs.rdi = 0; /* the program would stop */
		error = evil_honest->enter(run);
		for (int calls = 0; calls < 4 && evil_left_with(run, error, EXIT_HOSTCALL); calls++) { /* it dies */
			call_make(thread_here());
			run->regs = (struct cpu_regs){ .rdi = ENTER_RETURN };
			error = evil_honest->enter(run);
		}
	}
	run->served = served;
	run->function = ENCLU_ERESUME;
}

/* One entry and exit, so that every entry passes here: the host's own way would stay inside the processor for many. */
static int evil_enter_once(struct cpu_run *run)
{
	bool (*served)(struct cpu_run *run) = run->served;
	int error;

	run->served = NULL;
	error = evil_honest->enter(run);
	run->served = served;
	if (!error)
		evil_entered(run);
	if (!error && run->exit == CPU_EXIT_EEXIT && served && served(run))
		run->exit = CPU_EXIT_SERVED;
	return error;
}

static int evil_enter(struct cpu_run *run)
{
	struct host_thread *t = thread_here();
	bool first = run->function == ENCLU_EENTER && run->regs.rdi != ENTER_RETURN && run->tcs && !t->in_handler;

	evil_entering(t);
	evil_remember(run->tcs);
	if (first && evil_about(EVIL_START) && evil_one_in(2))
		evil_first(t, run);
	else if (run->function == ENCLU_ERESUME && evil_about(EVIL_ENTRIES) && evil_now())
		evil_again(run);
	else if (run->function == ENCLU_EENTER && evil_about(EVIL_ENTRIES) && evil_now() && evil_one_in(4))
		evil_elsewhere(t);
	return evil_enter_once(run);
}

/* --- pages --- */

/* Done, half done or not done; and told as it was or not. */
static int evil_pages(uint64_t address, uint64_t length, uint64_t what,
		      int (*honest)(uint64_t address, uint64_t length, uint64_t what))
{
	uint64_t part = evil_random() % (length / PAGE_SIZE + 1) * PAGE_SIZE;
	int error;

	if (!evil_about(EVIL_PAGES) || !evil_now())
		return honest(address, length, what);
	switch (evil_random() % 4) {
	case 0:
		return 0;
	case 1:
		return -EBUSY;
	case 2:
		error = honest(address, length, what);
		return error ? error : -ENOMEM;
	default:
		return part ? honest(address, part, what) : 0;
	}
}

static int evil_restrict(uint64_t address, uint64_t length, uint64_t rwx)
{
	return evil_pages(address, length, rwx, evil_honest->restrict_permissions);
}

static int evil_modify(uint64_t address, uint64_t length, uint64_t page_type)
{
	return evil_pages(address, length, page_type, evil_honest->modify_type);
}

static int evil_remove_honestly(uint64_t address, uint64_t length, uint64_t unused)
{
	(void)unused;
	return evil_honest->remove(address, length);
}

static int evil_remove(uint64_t address, uint64_t length)
{
	return evil_pages(address, length, 0, evil_remove_honestly);
}

const struct cpu_ops *serve_processor(const struct cpu_ops *cpu)
{
	static struct cpu_ops evil;

	evil_honest = cpu;
	evil = *cpu;
	evil.enter = evil_enter;
	evil.restrict_permissions = evil_restrict;
	evil.modify_type = evil_modify;
	evil.remove = evil_remove;
	return &evil;
}
