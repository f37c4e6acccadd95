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

/* What the host said of the machine at the start: the auxiliary vector repeats it for every program. */
static const struct host_start *exec_start;

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

static char *exec_keep(struct exec_strings *argv, const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = exec_strings_keep(argv, size);

	if (copy)
		memcpy(copy, s, size);
	return copy;
}

/* argv becomes: interpreter, argument, script, argv[1]... */
static int exec_script_argv(struct exec_strings *argv, const char *interpreter, const char *argument,
			    const char *script)
{
	uint32_t extra = argument ? 2 : 1, had = argv->count ? argv->count : 1, at = 0;
	const char *added[3];

	if (had + extra > argv->room)
		return -E2BIG;
	added[at++] = exec_keep(argv, interpreter);
	if (argument)
		added[at++] = exec_keep(argv, argument);
	added[at++] = exec_keep(argv, script);
	for (uint32_t i = 0; i < at; i++)
		if (!added[i])
			return -ENOMEM;
	memmove(&argv->list[extra + 1], &argv->list[1], (had - 1) * sizeof(argv->list[0]));
	memcpy(argv->list, added, at * sizeof(added[0]));
	argv->count = had + extra;
	return 0;
}

/* *f is `path`; while it is a script, go on with its interpreter. The reference is let go of where it fails. */
static int exec_follow_scripts(struct file **f, const char *path, struct exec_strings *argv)
{
	char line[SCRIPT_LINE], *interpreter = NULL, *argument = NULL;
	int error;

	for (int depth = 0;; depth++) {
		error = exec_check_file(*f);
		if (!error)
			error = script_line(*f, line, &interpreter, &argument);
		if (error == -ENOEXEC)
			return 0;
		if (!error && depth == SCRIPT_DEPTH)
			error = -ELOOP;
		if (!error)
			error = exec_script_argv(argv, interpreter, argument, path);
		file_put(*f);
		if (error)
			return error;
		error = vfs_open_kernel(argv->list[0], O_RDONLY, f);
		if (error)
			kernel_log("%s: its interpreter %s cannot be opened (error %d)", path, argv->list[0], -error);
		if (error)
			return error;
		path = argv->list[0];
	}
}

static int exec_open_interpreter(struct exec_binary *b)
{
	struct elf_image *image = heap_alloc(sizeof(*image));
	int error;

	if (!image)
		return -ENOMEM;
	*image = (struct elf_image){ 0 };
	error = elf_probe(b->program, image);
	if (!error && image->interpreter[0]) {
		error = vfs_open_kernel(image->interpreter, O_RDONLY, &b->interpreter);
		if (error)
			kernel_log("%s: its interpreter %s cannot be opened (error %d)", b->path, image->interpreter,
				   -error);
	}
	heap_free(image);
	return error;
}

int exec_open(struct exec_binary *b, struct file *f, const char *path, struct exec_strings *argv)
{
	int error = exec_follow_scripts(&f, path, argv);

	*b = (struct exec_binary){ 0 };
	if (error)
		return error;
	b->program = f;
	b->path = exec_keep(argv, path);
	error = b->path ? exec_open_interpreter(b) : -ENOMEM;
	if (error)
		exec_close(b);
	return error;
}

void exec_close(struct exec_binary *b)
{
	if (b->interpreter)
		file_put(b->interpreter);
	if (b->program)
		file_put(b->program);
	*b = (struct exec_binary){ 0 };
}

static int exec_map(const struct exec_binary *b, struct elf_image *program, struct elf_image *interpreter)
{
	int error;

	mm_set_top(exec_random_pages(TOP_RANDOM_BITS));
	error = elf_map(b->program, PROGRAM_AT + exec_random_pages(PROGRAM_RANDOM_BITS), program);
	if (!error && b->interpreter)
		error = elf_map(b->interpreter, 0, interpreter);
	return error;
}

static void exec_names(const struct exec_binary *b)
{
	const char *file = b->program->name ? b->program->name : b->path;
	const char *name = b->unnamed ? file : b->path, *base = strrchr(name, '/');

	str_copy(init_process.exe, sizeof(init_process.exe), file);
	str_copy(current->comm, sizeof(current->comm), base ? base + 1 : name);
}

int exec_load(const struct exec_binary *b, const struct exec_strings *argv, const struct exec_strings *envp,
	      struct regs *regs)
{
	struct elf_image program = { 0 }, interpreter = { 0 };
	struct stack_plan plan = { .argv = argv, .envp = envp, .program = &program, .path = b->path,
				   .start = exec_start };
	int error;

	exec_names(b);
	error = exec_map(b, &program, &interpreter);
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

int exec_program(const char *path, struct exec_strings *argv, const struct exec_strings *envp,
		 const struct host_start *start, struct regs *regs)
{
	struct exec_binary b;
	struct file *f;
	int error = vfs_open_kernel(path, O_RDONLY, &f);

	exec_start = start;
	if (!error)
		error = exec_open(&b, f, path, argv);
	if (error)
		return error;
	error = exec_load(&b, argv, envp, regs);
	exec_close(&b);
	return error;
}
