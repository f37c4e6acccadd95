/* The first line of a script, as fs/binfmt_script.c of Linux understands it. */
#ifndef ADYTON_KERNEL_EXEC_SCRIPT_H
#define ADYTON_KERNEL_EXEC_SCRIPT_H

#include "kernel/fs/file.h"
#include "kernel/kernel.h"

#define SCRIPT_LINE 256

/* "#!interpreter argument": its words, inside `line`; *argument may be NULL. -ENOEXEC when it is no script. */
int script_line(struct file *f, char line[SCRIPT_LINE], char **interpreter, char **argument) must_check;

#endif
