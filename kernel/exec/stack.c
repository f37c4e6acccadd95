/*
 * The first bytes that a program sees: strings, auxiliary vector, environment, arguments (System V ABI, AMD64, 3.4.1).
 */
#include "abi/linux/elf.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "kernel/exec/exec.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"

#define STACK_DEFAULT (8 * MIB)
#define STACK_MAX (64 * MIB)
#define STACK_GAP (16 * PAGE_SIZE) /* nothing of ours directly below USER_TOP */
#define STACK_RANDOM_BITS 22 /* of pages: 16 GiB; MM_TOP lies below all that */
#define AUX_MAX 24

struct stack_writer {
	uint64_t sp;
	int error;
	uint64_t *words; /* argc, argv, NULL, envp, NULL, auxv */
	size_t count;
};

static uint64_t stack_push(struct stack_writer *w, const void *bytes, size_t size)
{
	w->sp -= size;
	if (!w->error)
		w->error = copy_to_user(w->sp, bytes, size);
	return w->sp;
}

static uint64_t stack_push_string(struct stack_writer *w, const char *s)
{
	return stack_push(w, s, strlen(s) + 1);
}

static void stack_word(struct stack_writer *w, uint64_t value)
{
	w->words[w->count++] = value;
}

static void stack_aux(struct stack_writer *w, uint64_t type, uint64_t value)
{
	stack_word(w, type);
	stack_word(w, value);
}

/* Strings go in order, so that argv and environ are one run of bytes each, as /proc/self/cmdline shows them. */
static void stack_strings(struct stack_writer *w, const struct exec_strings *s, uint64_t *addresses)
{
	for (uint32_t i = s->count; i-- > 0;)
		addresses[i] = stack_push_string(w, s->list[i]);
}

static void stack_auxv(struct stack_writer *w, const struct stack_plan *plan, uint64_t execfn, uint64_t platform,
		       uint64_t random)
{
	const struct credentials *c = &init_process.cred;

	if (plan->vdso)
		stack_aux(w, AT_SYSINFO_EHDR, plan->vdso);
	stack_aux(w, AT_HWCAP, plan->start->hwcap);
	stack_aux(w, AT_PAGESZ, PAGE_SIZE);
	stack_aux(w, AT_CLKTCK, 100);
	stack_aux(w, AT_PHDR, plan->program->phdr);
	stack_aux(w, AT_PHENT, sizeof(Elf64_Phdr));
	stack_aux(w, AT_PHNUM, plan->program->phnum);
	stack_aux(w, AT_BASE, plan->interpreter_base);
	stack_aux(w, AT_FLAGS, 0);
	stack_aux(w, AT_ENTRY, plan->program->entry);
	stack_aux(w, AT_UID, c->uid);
	stack_aux(w, AT_EUID, c->euid);
	stack_aux(w, AT_GID, c->gid);
	stack_aux(w, AT_EGID, c->egid);
	stack_aux(w, AT_SECURE, 0);
	stack_aux(w, AT_RANDOM, random);
	stack_aux(w, AT_HWCAP2, plan->start->hwcap2);
	stack_aux(w, AT_EXECFN, execfn);
	stack_aux(w, AT_PLATFORM, platform);
	stack_aux(w, AT_MINSIGSTKSZ, plan->start->min_signal_stack);
	stack_aux(w, AT_NULL, 0);
}

static void stack_fill(struct stack_writer *w, const struct stack_plan *plan, uint64_t *addresses)
{
	uint32_t argc = plan->argv->count, envc = plan->envp->count;
	uint64_t execfn, platform, random;
	uint8_t seed[16];

	random_bytes(seed, sizeof(seed));
	stack_push(w, "\0\0\0\0\0\0\0", 8);
	execfn = stack_push_string(w, plan->path);
	init_process.env_end = w->sp;
	stack_strings(w, plan->envp, addresses + argc);
	init_process.env_start = init_process.arg_end = w->sp;
	stack_strings(w, plan->argv, addresses);
	init_process.arg_start = w->sp;
	platform = stack_push_string(w, "x86_64");
	w->sp &= ~15UL;
	random = stack_push(w, seed, sizeof(seed));
	mem_wipe(seed, sizeof(seed));

	stack_word(w, argc);
	for (uint32_t i = 0; i < argc; i++)
		stack_word(w, addresses[i]);
	stack_word(w, 0);
	for (uint32_t i = 0; i < envc; i++)
		stack_word(w, addresses[argc + i]);
	stack_word(w, 0);
	init_process.auxv_start = w->count;
	stack_auxv(w, plan, execfn, platform, random);
	init_process.auxv_end = w->count;
}

/* The words go below the strings, with the stack pointer 16-byte aligned at argc. */
static void stack_finish(struct stack_writer *w)
{
	size_t size = w->count * sizeof(uint64_t);

	w->sp = (w->sp - size) & ~15UL;
	if (!w->error)
		w->error = copy_to_user(w->sp, w->words, size);
	init_process.auxv_start = w->sp + init_process.auxv_start * sizeof(uint64_t);
	init_process.auxv_end = w->sp + init_process.auxv_end * sizeof(uint64_t);
}

static int stack_map(bool executable, uint64_t *top)
{
	uint64_t size = init_process.limits[RLIMIT_STACK].rlim_cur;
	int prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
	long at;

	size = size < STACK_DEFAULT / 8 ? STACK_DEFAULT / 8 : size > STACK_MAX ? STACK_DEFAULT : PAGE_UP(size);
	at = mm_map(USER_TOP - STACK_GAP - exec_random_pages(STACK_RANDOM_BITS) - size, size, prot,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_STACK | MAP_GROWSDOWN, NULL, 0);
	if (at < 0)
		return (int)at;
	*top = (uint64_t)at + size;
	return 0;
}

int stack_build(const struct stack_plan *plan, uint64_t *sp)
{
	size_t strings = plan->argv->count + plan->envp->count;
	struct stack_writer w = { 0 };
	uint64_t *space, top = 0;
	int error = stack_map(plan->program->executable_stack, &top);

	if (error)
		return error;
	space = heap_alloc((2 * strings + 3 + 2 * AUX_MAX) * sizeof(uint64_t));
	if (!space)
		return -ENOMEM;
	w.sp = top;
	w.words = space + strings;
	stack_fill(&w, plan, space);
	stack_finish(&w);
	heap_free(space);
	*sp = w.sp;
	return w.error;
}
