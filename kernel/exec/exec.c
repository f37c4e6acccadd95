#include "kernel/exec/exec.h"
#include "abi/linux/errno.h"
#include "abi/linux/mman.h"
#include "abi/linux/prctl.h"
#include "base/mem.h"
#include "crypto/random.h"
#include "kernel/exec/script.h"
#include "kernel/exec/vdso.h"
#include "kernel/fs/vfs.h"
#include "kernel/kernel.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/mm.h"
#include "kernel/task/process.h"
#include "kernel/task/thread.h"

/*
 * Where things go: each at a place of its own kind, moved by a random number of pages (as Linux does with
 * randomize_va_space=2). Ranges that Go, Java and V8 ask for by hints (from 0xc0_0000_0000) stay free: the highest
 * program ends far below, the lowest top of mappings lies above.
 */
#define PROGRAM_AT 0x5555550000UL /* a position independent program; its heap follows it */
#define PROGRAM_RANDOM_BITS 24
#define TOP_RANDOM_BITS 24
#define HEAP_RANDOM_BITS 13
#define SCRIPT_DEPTH 4

uint64_t exec_random_pages(unsigned int bits)
{
	uint64_t random;

	if (init_process.personality & ADDR_NO_RANDOMIZE)
		return 0;
	random_bytes(&random, sizeof(random));
	return (random & ((1UL << bits) - 1)) * PAGE_SIZE;
}

static int exec_check_file(struct file *f)
{
	struct stat st;
	int error = f->ops->getattr ? f->ops->getattr(f, &st) : -EACCES;

	if (error)
		return error;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : -EACCES;
}

static char *exec_keep(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = heap_alloc(size);

	if (copy)
		memcpy(copy, s, size);
	return copy;
}

/* argv becomes: interpreter, argument, script, argv[1]... The strings live as long as the process. */
static int exec_script_argv(struct exec_strings *argv, const char *interpreter, const char *argument,
			    const char *script)
{
	uint32_t extra = argument ? 2 : 1, had = argv->count ? argv->count : 1, at = 0;
	const char *added[3];

	if (had + extra > argv->room)
		return -E2BIG;
	added[at++] = exec_keep(interpreter);
	if (argument)
		added[at++] = exec_keep(argument);
	added[at++] = exec_keep(script);
	for (uint32_t i = 0; i < at; i++)
		if (!added[i])
			return -ENOMEM;
	memmove(&argv->list[extra + 1], &argv->list[1], (had - 1) * sizeof(argv->list[0]));
	memcpy(argv->list, added, at * sizeof(added[0]));
	argv->count = had + extra;
	return 0;
}

/* Open `path`; while it is a script, go on with its interpreter. */
static int exec_open(const char *path, struct exec_strings *argv, struct file **out)
{
	char line[SCRIPT_LINE], *interpreter = NULL, *argument = NULL;
	const char *script = NULL; /* whose interpreter `path` is */
	struct file *f;
	int error;

	for (int depth = 0;; depth++) {
		error = vfs_open_kernel(path, O_RDONLY, &f);
		if (error && script)
			kernel_log("%s: its interpreter %s cannot be opened (error %d)", script, path, -error);
		if (error)
			return error;
		error = exec_check_file(f);
		if (error)
			break;
		error = script_line(f, line, &interpreter, &argument);
		if (error == -ENOEXEC) {
			*out = f;
			return 0;
		}
		if (!error && depth == SCRIPT_DEPTH)
			error = -ELOOP;
		if (!error)
			error = exec_script_argv(argv, interpreter, argument, path);
		if (error)
			break;
		script = path;
		path = argv->list[0];
		file_put(f);
	}
	file_put(f);
	return error;
}

static int exec_map_interpreter(const struct elf_image *program, struct elf_image *interpreter)
{
	struct file *f;
	int error = vfs_open_kernel(program->interpreter, O_RDONLY, &f);

	if (error) {
		kernel_log("%s: its interpreter %s cannot be opened (error %d)", init_process.exe, program->interpreter,
			   -error);
		return error;
	}
	error = elf_map(f, 0, interpreter);
	file_put(f);
	return error;
}

static int exec_map(struct file *f, struct elf_image *program, struct elf_image *interpreter)
{
	int error = elf_map(f, PROGRAM_AT + exec_random_pages(PROGRAM_RANDOM_BITS), program);

	if (!error && program->interpreter[0])
		error = exec_map_interpreter(program, interpreter);
	return error;
}

static void exec_names(const struct file *f, const char *path, const char *name)
{
	const char *base = strrchr(name, '/');

	str_copy(init_process.exe, sizeof(init_process.exe), f->name ? f->name : path);
	str_copy(current->comm, sizeof(current->comm), base ? base + 1 : name);
}

int exec_program(const char *path, struct exec_strings *argv, const struct exec_strings *envp,
		 const struct host_start *start, struct regs *regs)
{
	struct elf_image program = { 0 }, interpreter = { 0 };
	struct stack_plan plan = { .argv = argv, .envp = envp, .program = &program, .path = path, .start = start };
	struct file *f;
	int error = exec_open(path, argv, &f);

	if (error)
		return error;
	exec_names(f, path, path);
	mm_set_top(exec_random_pages(TOP_RANDOM_BITS));
	error = exec_map(f, &program, &interpreter);
	file_put(f);
	if (error)
		return error;
	init_process.brk_start = PAGE_UP(program.end) + exec_random_pages(HEAP_RANDOM_BITS);
	mm_set_brk(init_process.brk_start);
	plan.interpreter_base = interpreter.base;
	plan.vdso = vdso_map();
	*regs = (struct regs){ .orig_rax = UINT64_MAX, .rflags = 0x202,
			       .rip = interpreter.entry ? interpreter.entry : program.entry };
	return stack_build(&plan, &regs->rsp);
}
