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
	struct exec_kept *kept; /* strings that are freed with it */
	const char *list[];
};

struct exec_strings *exec_strings_new(uint32_t room); /* heap; NULL: no memory */
/* Room for a string that lives as long as the list; it is not entered. NULL: no memory. */
char *exec_strings_keep(struct exec_strings *s, size_t size);
void exec_strings_free(struct exec_strings *s); /* NULL is fine */
static inline void exec_strings_free_cleanup(struct exec_strings **s)
{
	exec_strings_free(*s);
}
#define _cleanup_exec_strings_ __attribute__((cleanup(exec_strings_free_cleanup)))

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
/* Check the headers as elf_map() does and find out the interpreter (image->interpreter), mapping nothing. */
int elf_probe(struct file *f, struct elf_image *image) must_check;

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

/* What stands in the files is fit to run: everything is checked that can be before an old program goes. */
struct exec_binary {
	struct file *program, *interpreter; /* references; interpreter NULL: none */
	char *path;                         /* as it was named: AT_EXECFN, comm */
	bool unnamed;                       /* it was given by descriptor alone: comm is its file's name */
};

/* From an open file (whose reference it takes) and its name, following #!, which changes argv. Errors of execve(2). */
int exec_open(struct exec_binary *b, struct file *f, const char *path, struct exec_strings *argv) must_check;
/* Map it into an address space that holds nothing else, and set the registers for its first instruction. */
int exec_load(const struct exec_binary *b, const struct exec_strings *argv, const struct exec_strings *envp,
	      struct regs *regs) must_check;
void exec_close(struct exec_binary *b);

/* The process's first program. `start` stays, for those that it becomes later. */
int exec_program(const char *path, struct exec_strings *argv, const struct exec_strings *envp,
		 const struct host_start *start, struct regs *regs) must_check;

#endif
