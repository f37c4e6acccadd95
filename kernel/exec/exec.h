/* From a path to a program that is ready to run: the ELF file, its interpreter, its stack. */
#ifndef ADYTON_KERNEL_EXEC_EXEC_H
#define ADYTON_KERNEL_EXEC_EXEC_H

#include "abi/hostcall.h"
#include "kernel/fs/file.h"
#include "kernel/task/regs.h"

#define EXEC_STRINGS_MAX (512U * 1024) /* arguments, or variables */
#define EXEC_SCRIPT_ROOM 16U           /* what interpreters add */
#define EXEC_BYTES_MAX (2 * MIB)

/* Argument and environment strings, in kernel memory. */
struct exec_strings {
	uint32_t count, room;
	const char *list[];
};

struct exec_strings *exec_strings_new(uint32_t room); /* heap; NULL: no memory */

/* What the loader found out about a file that it mapped. */
struct elf_image {
	uint64_t base;    /* added to the file's addresses */
	uint64_t entry;   /* address of its first instruction */
	uint64_t phdr;    /* address of its program headers in memory, 0: not mapped */
	uint16_t phnum;
	uint64_t end;     /* behind its last segment */
	bool executable_stack;
	char interpreter[256];
};

/*
 * Map an ELF file. `dynamic_at` is where a position independent one goes (0: anywhere). -ENOEXEC and friends as
 * execve(2).
 */
int elf_map(struct file *f, uint64_t dynamic_at, struct elf_image *image) must_check;

/* Everything that goes onto the program's stack; *sp is where it starts. */
struct stack_plan {
	const struct exec_strings *argv, *envp;
	const struct elf_image *program;
	uint64_t interpreter_base; /* 0: none */
	uint64_t vdso;             /* 0: none */
	const char *path;          /* AT_EXECFN */
	const struct host_start *start;
};
int stack_build(const struct stack_plan *plan, uint64_t *sp) must_check;

/* A random number of pages below 2 to the `bits`, in bytes; 0 where the personality has ADDR_NO_RANDOMIZE. */
uint64_t exec_random_pages(unsigned int bits);

/* Load `path` (following #!) and set the registers for its first instruction. */
int exec_program(const char *path, struct exec_strings *argv, const struct exec_strings *envp,
		 const struct host_start *start, struct regs *regs) must_check;

#endif
